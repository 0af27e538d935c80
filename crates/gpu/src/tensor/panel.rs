//! An operand on its way from the device's memory to the block's: which chunks a thread copies, stage after stage.
//!
//! A stage has [`STAGE_BYTES`] of each row. [`Panel::begin`] starts a stage's copies, [`Panel::end`] is called by all
//! threads after their reads of the stage's slot are over; what lies between them hides the copies' latency. Cards of
//! 8.0 and above copy to the block's memory by themselves; older ones hold the stage in registers meanwhile.

use super::instructions::*;
use super::layout::{CHUNK, CHUNKS, copied, place};
use super::{Matrix, STAGE_BYTES};

/// `PLANES` matrices of one shape, of which each thread copies `PASSES` chunks in every stage.
pub struct Panel<const PLANES: usize, const PASSES: usize> {
    sources: [u64; PASSES],
    plane: u64,
    rows_of_a_pass: u32,
    /// Bytes that are left of this thread's rows, from its chunk on.
    left: i32,
    to: u32,
    #[cfg(not(feature = "sm_80"))]
    held: [[u32; 4]; PASSES],
}

impl<const PLANES: usize, const PASSES: usize> Panel<PLANES, PASSES> {
    /// The rows from `first` on of a matrix of `rows` rows of `bytes` bytes; the planes are `plane` bytes apart. Rows
    /// beyond the last are read as the last: the results that they belong to are never written.
    #[inline(always)]
    pub fn new<T>(matrix: Matrix<T>, plane: u64, first: u32, rows: u32, bytes: u32, thread: u32, threads: u32) -> Self {
        let (row, chunk) = copied(thread);
        let rows_of_a_pass = threads / CHUNKS;
        let mut sources = [0; PASSES];
        unroll!(PASS in [0 1 2 3] {
            if PASS < PASSES {
                let row = (first + row + PASS as u32 * rows_of_a_pass).min(rows - 1);
                sources[PASS] =
                    matrix.values.address() + u64::from(row) * matrix.pitch + u64::from(chunk * CHUNK);
            }
        });
        Panel {
            sources,
            plane,
            rows_of_a_pass,
            left: bytes as i32 - (chunk * CHUNK) as i32,
            to: place(row, chunk),
            #[cfg(not(feature = "sm_80"))]
            held: [[0; 4]; PASSES],
        }
    }

    /// Begins the copy of the next stage to `slot`; beyond the last it is of zeros.
    #[cfg(feature = "sm_80")]
    #[inline(always)]
    pub fn begin(&mut self, slot: u32) {
        let valid = self.valid();
        unroll!(PLANE in [0 1 2] {
            if PLANE < PLANES {
                unroll!(PASS in [0 1 2 3] {
                    if PASS < PASSES {
                        copy_begin(slot + self.place(PLANE, PASS), self.source(PLANE, PASS), valid);
                    }
                });
            }
        });
        self.advance();
    }

    /// Begins the copy of the next stage; beyond the last it is of zeros. Several planes would take too many registers:
    /// they are copied when the stage ends, and what hides their latency is the other block of the multiprocessor.
    #[cfg(not(feature = "sm_80"))]
    #[inline(always)]
    pub fn begin(&mut self, _slot: u32) {
        if PLANES == 1 {
            unroll!(PASS in [0 1 2 3] {
                if PASS < PASSES {
                    self.held[PASS] = load_some(self.source(0, PASS), self.valid());
                }
            });
        }
    }

    /// Ends the copy that was begun last, to the same slot.
    #[cfg(feature = "sm_80")]
    #[inline(always)]
    pub fn end(&mut self, _slot: u32) {}

    /// Ends the copy that was begun last, to the same slot.
    #[cfg(not(feature = "sm_80"))]
    #[inline(always)]
    pub fn end(&mut self, slot: u32) {
        unroll!(PLANE in [0 1 2] {
            if PLANE < PLANES {
                unroll!(PASS in [0 1 2 3] {
                    if PASS < PASSES {
                        let words = if PLANES == 1 {
                            self.held[PASS]
                        } else {
                            load_some(self.source(PLANE, PASS), self.valid())
                        };
                        store_block(slot + self.place(PLANE, PASS), words);
                    }
                });
            }
        });
        self.advance();
    }

    /// How many of a chunk's bytes the row still has.
    #[inline(always)]
    fn valid(&self) -> u32 {
        self.left.clamp(0, CHUNK as i32) as u32
    }

    #[inline(always)]
    fn source(&self, plane: usize, pass: usize) -> u64 {
        self.sources[pass] + plane as u64 * self.plane
    }

    #[inline(always)]
    fn advance(&mut self) {
        self.left -= STAGE_BYTES as i32;
        unroll!(PASS in [0 1 2 3] {
            if PASS < PASSES {
                self.sources[PASS] += u64::from(STAGE_BYTES);
            }
        });
    }

    /// Offset in the slot of what this thread copies.
    #[inline(always)]
    fn place(&self, plane: usize, pass: usize) -> u32 {
        // A pass is a multiple of eight rows, so that `layout::place` repeats.
        let rows = PASSES as u32 * self.rows_of_a_pass;
        self.to + (plane as u32 * rows + pass as u32 * self.rows_of_a_pass) * STAGE_BYTES
    }
}

/// The first `valid` of 16 bytes, the rest zero.
#[cfg(not(feature = "sm_80"))]
#[inline(always)]
fn load_some(from: u64, valid: u32) -> [u32; 4] {
    if valid == 0 {
        return [0; 4];
    }
    let mut words = load_global(from);
    if valid < CHUNK {
        unroll!(WORD in [0 1 2 3] {
            let bits = valid.saturating_sub(WORD as u32 * 4).min(4) * 8;
            words[WORD] &= ((1_u64 << bits) - 1) as u32;
        });
    }
    words
}

/// Ends a stage of all panels: with this, `PENDING` stages may still be on their way, and all older ones are in the
/// block's memory for all its threads.
#[inline(always)]
pub fn meet<const PENDING: u32>() {
    #[cfg(feature = "sm_80")]
    wait_for_copies::<PENDING>();
    crate::device::synchronize_block();
}

/// Ends the group of copies of one stage.
#[inline(always)]
pub fn end_stage() {
    #[cfg(feature = "sm_80")]
    copies_end_group();
}
