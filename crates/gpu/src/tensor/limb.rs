//! The exact fp32-grade product of two f32 matrices through int8 tensor cores.
//!
//! Each row of an operand becomes integers of 24 bits under one power of two, each integer three limbs of 8 bits: three
//! int8 matrices ([`Split`]). The nine products of limbs fall into five groups of equal weight, whose sums are exact in
//! 32 bits over [`DEPTH_AT_ONCE`]; weighed and added they are the exact 64-bit sum, which is rounded once
//! ([`GemmExact`]). A greater depth is taken in several launches, with the 64-bit sums kept between them.
//!
//! A block of four warps computes 64 x 64 results, each warp 32 x 32: five groups take 160 registers of each lane. With
//! tensor cores, nine products of six limb fragments use each byte from the block's memory half as often again as
//! [`int8`](super::int8) does, and a stage lasts so long (144 products in each warp) that two stages hide the copies.
//! Cards before 8.0 multiply four bytes at a time on the plain cores.

use super::{Matrix, STAGE_BYTES, Shape, Tile};
use crate::abi::{Kernel, Pointer};
use kernels::tensor::exact::LARGEST_DEPTH_OF_32_BITS;

/// Limbs of an integer: planes of a split matrix.
pub const LIMBS: u32 = 3;

/// Greatest depth of one launch of [`GemmExact`]: what 32-bit sums hold, in whole stages.
pub const DEPTH_AT_ONCE: u32 = LARGEST_DEPTH_OF_32_BITS / STAGE_BYTES * STAGE_BYTES;

/// Finds the exponent of each row of an f32 matrix and splits the row into limbs.
pub struct Split;

/// Multiplies split matrices.
pub struct GemmExact;

/// Of [`Split`]: one block for each row.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct SplitArguments {
    /// rows x depth.
    pub values: Matrix<f32>,
    /// Three planes of rows x depth, each `plane` bytes after the one before.
    pub limbs: Matrix<i8>,
    /// Bytes from a plane to the next.
    pub plane: u64,
    /// The exponents, one for each row.
    pub exponents: Pointer<u32>,
    /// Lowered to the least index (row depth + place) of a value that is not finite.
    pub unfit: Pointer<u64>,
    /// Values in a row.
    pub depth: u32,
    /// Nothing; makes the size a multiple of 8.
    pub reserved: u32,
}

/// Of [`GemmExact`].
#[derive(Clone, Copy)]
#[repr(C)]
pub struct ExactArguments {
    /// Three planes of rows x depth.
    pub left: Matrix<i8>,
    /// Three planes of columns x depth.
    pub right: Matrix<i8>,
    /// Bytes from a plane of the left operand to the next.
    pub left_plane: u64,
    /// Bytes from a plane of the right operand to the next.
    pub right_plane: u64,
    /// One for each row.
    pub left_exponents: Pointer<u32>,
    /// One for each column.
    pub right_exponents: Pointer<u32>,
    /// rows x columns.
    pub result: Matrix<f32>,
    /// rows x columns: what the launches before added up; unused if this launch is both first and last.
    pub sums: Matrix<i64>,
    /// Extents; the depth is at most [`DEPTH_AT_ONCE`].
    pub shape: Shape,
    /// Whether no launch came before for these results: 1 or 0.
    pub is_first: u32,
    /// Whether the results are complete with this launch: 1 or 0.
    pub is_last: u32,
}

impl Kernel for Split {
    type Arguments = SplitArguments;
    const NAME: &'static core::ffi::CStr = c"split_f32";
    const THREADS: u32 = 256;
}

/// Block memory of [`Split`]: a word for each thread.
pub const SPLIT_BLOCK_MEMORY: u32 = 4 * Split::THREADS;

impl Kernel for GemmExact {
    type Arguments = ExactArguments;
    const NAME: &'static core::ffi::CStr = c"gemm_f32_exact";
    const THREADS: u32 = THREADS;
}

/// Threads of a block of [`GemmExact`].
pub(super) const THREADS: u32 = 128;

/// Rows and columns of a block's tile.
pub(super) const SIDE: u32 = 64;

/// Bytes of one operand in a stage.
pub(super) const OPERAND: u32 = LIMBS * SIDE * STAGE_BYTES;

/// Stages in the block's memory.
pub(super) const STAGES: u32 = 2;

/// What a block of [`GemmExact`] computes on a card of so much compute capability.
pub const fn tile(_capability: u32) -> Tile {
    Tile { rows: SIDE, columns: SIDE, block_memory: STAGES * 2 * OPERAND }
}

#[cfg(target_arch = "nvptx64")]
mod entry {
    use super::{ExactArguments, Kernel, LIMBS, Split, SplitArguments};
    use crate::device::{block, block_memory, synchronize_block, thread};
    use crate::tensor::instructions::*;
    use crate::tensor::limb_cores::product;
    use kernels::tensor::exact;

    #[unsafe(no_mangle)]
    unsafe extern "ptx-kernel" fn gemm_f32_exact(arguments: ExactArguments) {
        let ExactArguments { left_exponents, right_exponents, result, sums, shape, is_first, is_last, .. } = arguments;
        product(&arguments).by_rows(
            shape,
            // SAFETY: one for each column.
            |column| unsafe { right_exponents.get().add(column as usize).read() },
            |row, column, mut sum, right| {
                // SAFETY: the host gives room for rows x columns sums unless the launch is both first and last, and one
                // exponent for each row.
                unsafe {
                    let place = sums.address(row, column) as *mut i64;
                    if is_first == 0 {
                        sum = sum.wrapping_add(place.read());
                    }
                    if is_last == 0 {
                        place.write(sum);
                        return;
                    }
                    let left = left_exponents.get().add(row as usize).read();
                    store_global(result.address(row, column), exact::result(sum, left, right).to_bits());
                }
            },
        );
    }

    #[unsafe(no_mangle)]
    unsafe extern "ptx-kernel" fn split_f32(arguments: SplitArguments) {
        let SplitArguments { values, limbs, plane, exponents, unfit, depth, .. } = arguments;
        let (row, thread) = (block().0, thread());
        // SAFETY: the host gives `depth` values in each of as many rows as there are blocks, with room to the next
        // multiple of 16 bytes, planes of as many rows, and one exponent for each row; the block's memory has a word
        // for each thread.
        unsafe {
            let from = values.address(row, 0) as *const f32;
            let mut largest = 0;
            let mut place = thread;
            while place < depth {
                let magnitude = exact::magnitude(from.add(place as usize).read());
                if magnitude >= exact::NOT_FINITE {
                    lower(unfit.address(), u64::from(row) * u64::from(depth) + u64::from(place));
                }
                largest = largest.max(magnitude);
                place += Split::THREADS;
            }
            let shared = block_memory() as *mut u32;
            shared.add(thread as usize).write(largest);
            let mut half = Split::THREADS / 2;
            while half > 0 {
                synchronize_block();
                if thread < half {
                    largest = largest.max(shared.add((thread + half) as usize).read());
                    shared.add(thread as usize).write(largest);
                }
                half /= 2;
            }
            synchronize_block();
            let exponent = exact::exponent(shared.read());
            if thread == 0 {
                exponents.get().add(row as usize).write(exponent);
            }
            // Four values and three words at a time; what lies beyond the last value is zero.
            let mut place = thread * 4;
            while place < depth {
                let mut words = [0_u32; 3];
                unroll!(VALUE in [0 1 2 3] {
                    if place + (VALUE as u32) < depth {
                        let value = from.add(place as usize + VALUE).read();
                        let [low, middle, high] = exact::limbs(exact::quantise(value, exponent));
                        words[0] |= u32::from(low as u8) << (8 * VALUE);
                        words[1] |= u32::from(middle as u8) << (8 * VALUE);
                        words[2] |= u32::from(high as u8) << (8 * VALUE);
                    }
                });
                let to = limbs.address(row, place);
                unroll!(LIMB in [0 1 2] {
                    const { assert!(LIMB < LIMBS as usize) };
                    store_global(to + LIMB as u64 * plane, words[LIMB]);
                });
                place += 4 * Split::THREADS;
            }
        }
    }
}
