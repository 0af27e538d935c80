//! Products on the plain cores: each thread owns 8 x 8 results and takes one word of eight rows and of eight columns at
//! a time, 64 operations for 16 words. What a word is and what is done with it is the caller's: an f32 and a fused
//! multiply-add, or four bytes and their dot product. Words are taken in ascending order of depth.

use super::instructions::*;
use super::layout::{CHUNK as CHUNK_BYTES, place, standing, tile_of};
use super::panel::{Panel, end_stage, meet};
use super::{Matrix, OUTER_SIDE as SIDE, OUTER_THREADS as THREADS, STAGE_BYTES, Shape, Tile, outer_tile};
use crate::device::{block, block_memory_address, thread};

/// Stages in the block's memory.
const STAGES: u32 = TILE.block_memory / (2 * OPERAND);

/// What a block computes in this family: four warps down, two across, of 32 x 64 results each.
const TILE: Tile = outer_tile(if cfg!(feature = "sm_80") { 80 } else { 75 });

/// Bytes of one operand in a stage.
const OPERAND: u32 = SIDE * STAGE_BYTES;
/// The sums of a thread, `[column][row]`.
pub struct Sums {
    values: [[u32; 8]; 8],
    first: (u32, u32),
}

/// What two words add to a sum.
pub trait Step {
    /// The sum after them.
    fn step(left: u32, right: u32, sum: u32) -> u32;
}

/// The block's tile of a product over `bytes` bytes of each row.
#[inline(always)]
pub fn product<S: Step, T>(left: Matrix<T>, right: Matrix<T>, shape: Shape, bytes: u32) -> Sums {
    let (tile_row, tile_column) = tile_of(block().0, shape.rows.div_ceil(SIDE), shape.columns.div_ceil(SIDE));
    let (first_row, first_column) = (tile_row * SIDE, tile_column * SIDE);
    let thread = thread();
    let mut left = Panel::<1, 2>::new(left, 0, first_row, shape.rows, bytes, thread, THREADS);
    let mut right = Panel::<1, 2>::new(right, 0, first_column, shape.columns, bytes, thread, THREADS);

    let (lane, warp) = (thread & 31, thread >> 5);
    let (row, column) = standing(lane);
    let (row, column) = (row + (warp & 3) * 32, column + (warp >> 2) * 64);
    // A thread's rows are 4 apart and its columns 8, so that a warp's are next to each other.
    // `place` makes another chunk, and four rows further, changes of single bits.
    let (row_place, column_place) = (place(row, 0), OPERAND + place(column, 0));
    let memory = block_memory_address();

    let mut slot = memory;
    unroll!(STAGE in [0 1 2] {
        if STAGE as u32 + 1 < STAGES {
            left.begin(slot);
            right.begin(slot + OPERAND);
            left.end(slot);
            right.end(slot + OPERAND);
            end_stage();
            slot += 2 * OPERAND;
        }
    });
    meet::<{ STAGES - 2 }>();

    let mut values = [[0_u32; 8]; 8];
    let mut read = memory;
    let mut write = slot;
    for _ in 0..bytes / STAGE_BYTES {
        left.begin(write);
        right.begin(write + OPERAND);
        unroll!(CHUNK in [0 1 2 3] {
            let mut rows = [[0_u32; 4]; 8];
            unroll!(ROW in [0 1 2 3 4 5 6 7] {
                let chunk = (CHUNK as u32 ^ ((ROW as u32 & 1) << 1)) * CHUNK_BYTES;
                rows[ROW] = load_block(read + (row_place ^ chunk) + 4 * ROW as u32 * STAGE_BYTES);
            });
            unroll!(COLUMN in [0 1 2 3 4 5 6 7] {
                let chunk = CHUNK as u32 * CHUNK_BYTES;
                let words = load_block(read + (column_place ^ chunk) + 8 * COLUMN as u32 * STAGE_BYTES);
                unroll!(WORD in [0 1 2 3] {
                    unroll!(ROW in [0 1 2 3 4 5 6 7] {
                        values[COLUMN][ROW] = S::step(rows[ROW][WORD], words[WORD], values[COLUMN][ROW]);
                    });
                });
            });
        });
        left.end(write);
        right.end(write + OPERAND);
        end_stage();
        let end = memory + STAGES * 2 * OPERAND;
        read = if read + 2 * OPERAND == end { memory } else { read + 2 * OPERAND };
        write = if write + 2 * OPERAND == end { memory } else { write + 2 * OPERAND };
        meet::<{ STAGES - 2 }>();
    }
    // What is left of a stage, word by word: the zeros beyond it would be words to add, and -0 + 0 x 0 is not -0.
    for word in 0..(bytes % STAGE_BYTES).div_ceil(4) {
        let (chunk, within) = (word * 4 / CHUNK_BYTES * CHUNK_BYTES, word * 4 % CHUNK_BYTES);
        let mut rows = [0; 8];
        unroll!(ROW in [0 1 2 3 4 5 6 7] {
            let chunk = chunk ^ ((ROW as u32 & 1) * 2 * CHUNK_BYTES);
            rows[ROW] = load_block_word(read + (row_place ^ chunk) + 4 * ROW as u32 * STAGE_BYTES + within);
        });
        unroll!(COLUMN in [0 1 2 3 4 5 6 7] {
            let right = load_block_word(read + (column_place ^ chunk) + 8 * COLUMN as u32 * STAGE_BYTES + within);
            unroll!(ROW in [0 1 2 3 4 5 6 7] {
                values[COLUMN][ROW] = S::step(rows[ROW], right, values[COLUMN][ROW]);
            });
        });
    }
    Sums { values, first: (first_row + row, first_column + column) }
}

impl Sums {
    /// Gives each result that the matrix has, with its row and column.
    #[inline(always)]
    pub fn each(&self, shape: Shape, mut put: impl FnMut(u32, u32, u32)) {
        unroll!(COLUMN in [0 1 2 3 4 5 6 7] {
            let column = self.first.1 + 8 * COLUMN as u32;
            if column < shape.columns {
                unroll!(ROW in [0 1 2 3 4 5 6 7] {
                    let row = self.first.0 + 4 * ROW as u32;
                    if row < shape.rows {
                        put(row, column, self.values[COLUMN][ROW]);
                    }
                });
            }
        });
    }
}
