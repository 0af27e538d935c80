//! One int8 product on tensor cores: 128 x 256 results by eight warps.

use super::instructions::*;
use super::int8::{STAGES, THREADS};
use super::layout::{CHUNK, SUMS_PITCH, accumulated, left_source, place, right_source, tile_of};
use super::panel::{Panel, end_stage, meet};
use super::{Matrix, STAGE_BYTES, Shape};
use crate::device::{block, block_memory_address, thread};

/// Rows and columns of a block's tile.
const ROWS: u32 = 128;
const COLUMNS: u32 = 256;

/// Rows and columns of a warp's tile: two warps down, four across.
const SIDE: u32 = 64;

/// Bytes of a stage.
const STAGE: u32 = (ROWS + COLUMNS) * STAGE_BYTES;

/// The sums of a lane: `[rows / 16][columns / 8]`.
pub struct Sums {
    values: [[[i32; 4]; 8]; 4],
    first: (u32, u32),
}

/// The operands of a warp for half a stage.
#[derive(Clone, Copy)]
struct Fragments {
    left: [[u32; 4]; 4],
    right: [[u32; 4]; 4],
}

impl Fragments {
    /// Of the half stage that begins at the two addresses, which name this lane's rows.
    #[inline(always)]
    fn load(left: u32, right: u32) -> Self {
        let mut fragments = Fragments { left: [[0; 4]; 4], right: [[0; 4]; 4] };
        unroll!(PART in [0 1 2 3] {
            fragments.left[PART] = load_matrices(left + PART as u32 * 16 * STAGE_BYTES);
            fragments.right[PART] = load_matrices(right + PART as u32 * 16 * STAGE_BYTES);
        });
        fragments
    }

    #[inline(always)]
    fn multiply(&self, sums: &mut [[[i32; 4]; 8]; 4]) {
        unroll!(ROW in [0 1 2 3] {
            unroll!(COLUMN in [0 1 2 3] {
                let right = self.right[COLUMN];
                multiply(&mut sums[ROW][2 * COLUMN], self.left[ROW], [right[0], right[1]]);
                multiply(&mut sums[ROW][2 * COLUMN + 1], self.left[ROW], [right[2], right[3]]);
            });
        });
    }
}

/// The block's tile of a product.
#[inline(always)]
pub fn product(left: Matrix<i8>, right: Matrix<i8>, shape: Shape) -> Sums {
    let (tile_row, tile_column) = tile_of(block().0, shape.rows.div_ceil(ROWS), shape.columns.div_ceil(COLUMNS));
    let (first_row, first_column) = (tile_row * ROWS, tile_column * COLUMNS);
    let thread = thread();
    let mut left = Panel::<1, 2>::new(left, 0, first_row, shape.rows, shape.depth, thread, THREADS);
    let mut right = Panel::<1, 4>::new(right, 0, first_column, shape.columns, shape.depth, thread, THREADS);

    let (lane, warp) = (thread & 31, thread >> 5);
    let (warp_row, warp_column) = ((warp & 1) * SIDE, (warp >> 1) * SIDE);
    let (row, chunk) = left_source(lane);
    let left_lane = place(warp_row + row, chunk);
    let (row, chunk) = right_source(lane);
    let right_lane = ROWS * STAGE_BYTES + place(warp_column + row, chunk);
    // The second half of a stage is two chunks further on, which `place` makes a change of one bit.
    let half = 2 * CHUNK;

    let memory = block_memory_address();
    let end = memory + STAGES * STAGE;
    let mut write = memory;
    unroll!(AHEAD in [0 1 2] {
        if AHEAD as u32 + 1 < STAGES {
            left.begin(write);
            right.begin(write + ROWS * STAGE_BYTES);
            end_stage();
            write += STAGE;
        }
    });
    meet::<{ STAGES - 2 }>();

    let mut values = [[[0; 4]; 8]; 4];
    let mut read = memory;
    let mut first = Fragments::load(read + left_lane, read + right_lane);
    for _ in 0..shape.depth.div_ceil(STAGE_BYTES) {
        let second = Fragments::load(read + (left_lane ^ half), read + (right_lane ^ half));
        left.begin(write);
        right.begin(write + ROWS * STAGE_BYTES);
        end_stage();
        first.multiply(&mut values);
        read = if read + STAGE == end { memory } else { read + STAGE };
        write = if write + STAGE == end { memory } else { write + STAGE };
        // All of this stage is in registers: its slot may be overwritten after this, and the next stage be read.
        meet::<{ STAGES - 2 }>();
        first = Fragments::load(read + left_lane, read + right_lane);
        second.multiply(&mut values);
    }
    let (row, column) = accumulated(lane, 0);
    Sums { values, first: (first_row + warp_row + row, first_column + warp_column + column) }
}

impl Sums {
    /// Gives each pair of neighbouring results whose first one the matrix has, with its row and column.
    #[inline(always)]
    pub fn each(&self, shape: Shape, mut put: impl FnMut(u32, u32, [i32; 2])) {
        unroll!(COLUMN in [0 1 2 3 4 5 6 7] {
            let column = self.first.1 + 8 * COLUMN as u32;
            if column < shape.columns {
                unroll!(ROW in [0 1 2 3] {
                    let row = self.first.0 + 16 * ROW as u32;
                    let [a, b, c, d] = self.values[ROW][COLUMN];
                    if row < shape.rows {
                        put(row, column, [a, b]);
                    }
                    if row + 8 < shape.rows {
                        put(row + 8, column, [c, d]);
                    }
                });
            }
        });
    }

    /// Gives each pair of neighbouring results whose first one the matrix has, with its row and what belongs to its
    /// columns, so that a warp's pairs of a row are given at once. `channel` is asked for what belongs to a column.
    ///
    /// The sums go through the block's memory: what follows runs on few registers and writes whole rows.
    #[inline(always)]
    pub fn by_rows<C: Copy>(
        &self,
        shape: Shape,
        channel: impl Fn(u32) -> C,
        mut put: impl FnMut(u32, u32, [i32; 2], [C; 2]),
    ) {
        let (lane, warp) = (thread() & 31, thread() >> 5);
        let (row, column) = accumulated(lane, 0);
        let (first_row, first_column) = (self.first.0 - row, self.first.1 - column);
        let memory = block_memory_address() + warp * 16 * SUMS_PITCH;
        let place = memory + row * SUMS_PITCH + column * 4;
        // Two columns for each lane.
        let column = first_column + 2 * lane;
        let last = shape.columns - 1;
        let channels = [channel(column.min(last)), channel((column + 1).min(last))];
        // Until here other warps may read panels, and copies of zeros beyond the depth may still arrive.
        meet::<0>();
        unroll!(ROW in [0 1 2 3] {
            unroll!(COLUMN in [0 1 2 3 4 5 6 7] {
                let [a, b, c, d] = self.values[ROW][COLUMN].map(|sum| sum as u32);
                store_block_pair(place + COLUMN as u32 * 32, [a, b]);
                store_block_pair(place + COLUMN as u32 * 32 + 8 * SUMS_PITCH, [c, d]);
            });
            synchronize_warp();
            let mut from = memory + lane * 8;
            let first_row = first_row + 16 * ROW as u32;
            for row in first_row..first_row + 16 {
                let sums = load_block_pair(from).map(|sum| sum as i32);
                if row < shape.rows && column < shape.columns {
                    put(row, column, sums, channels);
                }
                from += SUMS_PITCH;
            }
            synchronize_warp();
        });
    }
}
