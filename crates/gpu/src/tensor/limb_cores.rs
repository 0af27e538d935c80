//! Nine int8 products in five groups of one weight each: 64 x 64 exact sums by four warps.

use super::instructions::*;
use super::layout::{EXACT_PITCH, tile_of};
use super::limb::{ExactArguments, OPERAND, SIDE, STAGES, THREADS};
use super::panel::{Panel, end_stage, meet};
use super::{STAGE_BYTES, Shape};
use crate::device::{block, block_memory_address, thread};
use kernels::tensor::exact::{combine, group};

/// Rows and columns of a warp's tile: two warps down, two across.
const WARP: u32 = 32;

/// Bytes of one limb of an operand in a stage.
const PLANE: u32 = SIDE * STAGE_BYTES;

/// The sums of a warp, and where in the result they begin.
pub struct Sums {
    lane: Lane,
    first: (u32, u32),
}

/// The block's tile of a product.
#[inline(always)]
pub fn product(arguments: &ExactArguments) -> Sums {
    let ExactArguments { left, right, left_plane, right_plane, shape, .. } = *arguments;
    let (tile_row, tile_column) = tile_of(block().0, shape.rows.div_ceil(SIDE), shape.columns.div_ceil(SIDE));
    let (first_row, first_column) = (tile_row * SIDE, tile_column * SIDE);
    let thread = thread();
    let mut left = Panel::<3, 2>::new(left, left_plane, first_row, shape.rows, shape.depth, thread, THREADS);
    let mut right = Panel::<3, 2>::new(right, right_plane, first_column, shape.columns, shape.depth, thread, THREADS);

    let (lane, warp) = (thread & 31, thread >> 5);
    let (warp_row, warp_column) = ((warp & 1) * WARP, (warp >> 1) * WARP);
    let mut lane = Lane::new(lane, warp_row, warp_column);

    const { assert!(STAGES == 2) };
    let mut read = block_memory_address();
    let mut write = read + 2 * OPERAND;
    left.begin(read);
    right.begin(read + OPERAND);
    left.end(read);
    right.end(read + OPERAND);
    end_stage();
    meet::<0>();
    // Not a loop that may have no passes: it would keep a second, wider set of sums for that.
    let mut stages = shape.depth.div_ceil(STAGE_BYTES);
    loop {
        left.begin(write);
        right.begin(write + OPERAND);
        lane.multiply(read);
        left.end(write);
        right.end(write + OPERAND);
        end_stage();
        core::mem::swap(&mut read, &mut write);
        meet::<0>();
        if stages <= 1 {
            break;
        }
        stages -= 1;
    }
    Sums { lane, first: (first_row + warp_row, first_column + warp_column) }
}

impl Sums {
    /// Gives each exact sum that the matrix has, with its row and column and what belongs to the column, a warp's of a
    /// row at once. `channel` is asked for what belongs to a column.
    ///
    /// The sums go through the block's memory: what follows runs on few registers and writes whole rows.
    #[inline(always)]
    pub fn by_rows<C: Copy>(&self, shape: Shape, channel: impl Fn(u32) -> C, mut put: impl FnMut(u32, u32, i64, C)) {
        let (lane, warp) = (thread() & 31, thread() >> 5);
        let memory = block_memory_address() + warp * WARP * EXACT_PITCH;
        self.lane.lay_down(memory);
        synchronize_warp();
        let column = self.first.1 + lane;
        let channel = channel(column.min(shape.columns - 1));
        let mut from = memory + lane * 8;
        for row in self.first.0..(self.first.0 + WARP).min(shape.rows) {
            let [low, high] = load_block_pair(from);
            if column < shape.columns {
                put(row, column, (u64::from(low) | u64::from(high) << 32) as i64, channel);
            }
            from += EXACT_PITCH;
            // Rounding takes some lanes longer; a row is read and written by all together.
            synchronize_warp();
        }
    }
}

#[inline(always)]
fn words(sum: i64) -> [u32; 2] {
    [sum as u32, (sum >> 32) as u32]
}

/// What a lane holds on tensor cores.
#[cfg(feature = "sm_80")]
struct Lane {
    /// `[rows / 16][columns / 8][group]`
    groups: [[[[i32; 4]; 5]; 4]; 2],
    left: u32,
    right: u32,
}

#[cfg(feature = "sm_80")]
impl Lane {
    #[inline(always)]
    fn new(lane: u32, warp_row: u32, warp_column: u32) -> Self {
        use super::layout::{left_source, place, right_source};
        let (row, chunk) = left_source(lane);
        let left = place(warp_row + row, chunk);
        let (row, chunk) = right_source(lane);
        Lane { groups: [[[[0; 4]; 5]; 4]; 2], left, right: OPERAND + place(warp_column + row, chunk) }
    }

    /// Adds a stage.
    #[inline(always)]
    fn multiply(&mut self, stage: u32) {
        unroll!(HALF in [0 1] {
            let half = HALF as u32 * 2 * super::layout::CHUNK;
            let (left, right) = (stage + (self.left ^ half), stage + (self.right ^ half));
            let mut rows = [[[0; 4]; 3]; 2];
            unroll!(ROW in [0 1] {
                unroll!(LIMB in [0 1 2] {
                    rows[ROW][LIMB] = load_matrices(left + LIMB as u32 * PLANE + ROW as u32 * 16 * STAGE_BYTES);
                });
            });
            unroll!(COLUMN in [0 1] {
                unroll!(RIGHT in [0 1 2] {
                    let [a, b, c, d] =
                        load_matrices(right + RIGHT as u32 * PLANE + COLUMN as u32 * 16 * STAGE_BYTES);
                    unroll!(ROW in [0 1] {
                        unroll!(LEFT in [0 1 2] {
                            multiply(
                                &mut self.groups[ROW][2 * COLUMN][group(LEFT, RIGHT)], rows[ROW][LEFT], [a, b],
                            );
                            multiply(
                                &mut self.groups[ROW][2 * COLUMN + 1][group(LEFT, RIGHT)], rows[ROW][LEFT], [c, d],
                            );
                        });
                    });
                });
            });
        });
    }

    /// Writes the exact sums to the warp's part of the block's memory.
    #[inline(always)]
    fn lay_down(&self, memory: u32) {
        let (row, column) = super::layout::accumulated(thread() & 31, 0);
        let place = memory + row * EXACT_PITCH + column * 8;
        unroll!(COLUMN in [0 1 2 3] {
            unroll!(ROW in [0 1] {
                unroll!(EIGHT in [0 1] {
                    let groups = self.groups[ROW][COLUMN];
                    let sum = |register: usize| words(combine(groups.map(|group| i64::from(group[register]))));
                    let ([a, b], [c, d]) = (sum(2 * EIGHT), sum(2 * EIGHT + 1));
                    store_block(
                        place + (16 * ROW as u32 + 8 * EIGHT as u32) * EXACT_PITCH + COLUMN as u32 * 64, [a, b, c, d],
                    );
                });
            });
        });
    }
}

/// What a thread holds on plain cores.
#[cfg(not(feature = "sm_80"))]
struct Lane {
    /// `[row][column][group]`
    groups: [[[u32; 5]; 4]; 8],
    row: u32,
    column: u32,
    standing: (u32, u32),
}

#[cfg(not(feature = "sm_80"))]
impl Lane {
    #[inline(always)]
    fn new(lane: u32, warp_row: u32, warp_column: u32) -> Self {
        let standing = super::layout::standing(lane);
        Lane { groups: [[[0; 5]; 4]; 8], row: warp_row + standing.0, column: warp_column + standing.1, standing }
    }

    /// Adds a stage.
    #[inline(always)]
    fn multiply(&mut self, stage: u32) {
        use super::layout::{CHUNK, place};
        for word in 0..STAGE_BYTES / 4 {
            let (chunk, within) = (word * 4 / CHUNK, word * 4 % CHUNK);
            let mut columns = [[0; 3]; 4];
            unroll!(COLUMN in [0 1 2 3] {
                let from = stage + OPERAND + place(self.column + 8 * COLUMN as u32, chunk) + within;
                unroll!(LIMB in [0 1 2] {
                    columns[COLUMN][LIMB] = load_block_word(from + LIMB as u32 * PLANE);
                });
            });
            unroll!(ROW in [0 1 2 3 4 5 6 7] {
                let from = stage + place(self.row + 4 * ROW as u32, chunk) + within;
                unroll!(LEFT in [0 1 2] {
                    let left = load_block_word(from + LEFT as u32 * PLANE);
                    unroll!(COLUMN in [0 1 2 3] {
                        unroll!(RIGHT in [0 1 2] {
                            let sum = &mut self.groups[ROW][COLUMN][group(LEFT, RIGHT)];
                            *sum = dot(left, columns[COLUMN][RIGHT], *sum);
                        });
                    });
                });
            });
        }
    }

    /// Writes the exact sums to the warp's part of the block's memory.
    #[inline(always)]
    fn lay_down(&self, memory: u32) {
        let place = memory + self.standing.0 * EXACT_PITCH + self.standing.1 * 8;
        unroll!(ROW in [0 1 2 3 4 5 6 7] {
            unroll!(COLUMN in [0 1 2 3] {
                let sum = combine(self.groups[ROW][COLUMN].map(|sum| i64::from(sum as i32)));
                store_block_pair(place + 4 * ROW as u32 * EXACT_PITCH + COLUMN as u32 * 64, words(sum));
            });
        });
    }
}
