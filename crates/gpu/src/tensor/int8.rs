//! The exact product of two int8 matrices, as 32-bit sums or requantised to int8 on the way out.
//!
//! With tensor cores that multiply 16 x 32 by 32 x 8 bytes (8.0 and above) a block of eight warps computes 128 x 256
//! results, each warp 64 x 64 in 128 registers of each lane: every byte that it reads from the block's memory is used
//! 64 times. A stage takes that memory 704 clocks, 512 of them to read, while the tensor cores of an A100 take 1024 and
//! those of an H100, at all of their rate, 512. Four stages are on their way or in use, and while one half stage is
//! multiplied the next is read into registers. Older cards multiply four bytes at a time (`dp4a`) on the plain cores.
//!
//! `mma.sync` does not reach the whole rate of a Hopper card: that takes `wgmma`, in a PTX for 9.0a that no other card
//! takes, with a pipeline that can only be tuned on such a card. The bits would be the same.

use super::{Matrix, Shape, Tile};
use crate::abi::{Kernel, Pointer};
use kernels::tensor::{Channel, Limits};

/// Multiplies int8 matrices to 32-bit sums, which wrap.
pub struct GemmInt8;

/// Multiplies int8 matrices and requantises each sum by its column's [`Channel`].
pub struct GemmInt8Requantised;

/// Of [`GemmInt8`].
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Int8Arguments {
    /// rows x depth.
    pub left: Matrix<i8>,
    /// columns x depth.
    pub right: Matrix<i8>,
    /// rows x columns.
    pub result: Matrix<i32>,
    /// Extents; the depth is at most 2^31 - 64.
    pub shape: Shape,
}

/// Of [`GemmInt8Requantised`].
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Int8RequantisedArguments {
    /// rows x depth.
    pub left: Matrix<i8>,
    /// columns x depth.
    pub right: Matrix<i8>,
    /// rows x columns.
    pub result: Matrix<i8>,
    /// Extents; the depth is at most 2^31 - 64.
    pub shape: Shape,
    /// How sums become int8, one for each column.
    pub channels: Pointer<Channel>,
    /// The range of the results.
    pub limits: Limits,
    /// Nothing; makes the size a multiple of 8.
    pub reserved: [u16; 3],
}

impl Kernel for GemmInt8 {
    type Arguments = Int8Arguments;
    const NAME: &'static core::ffi::CStr = c"gemm_i8";
    const THREADS: u32 = THREADS;
}

impl Kernel for GemmInt8Requantised {
    type Arguments = Int8RequantisedArguments;
    const NAME: &'static core::ffi::CStr = c"gemm_i8_requantised";
    const THREADS: u32 = THREADS;
}

/// Threads of a block in every family.
pub(super) const THREADS: u32 = 256;

/// Stages in the block's memory on cards with asynchronous copies.
pub(super) const STAGES: u32 = 4;

/// What a block of either kernel computes on a card of so much compute capability.
pub const fn tile(capability: u32) -> Tile {
    if capability >= 80 {
        Tile { rows: 128, columns: 256, block_memory: STAGES * (128 + 256) * super::STAGE_BYTES }
    } else {
        super::outer_tile(capability)
    }
}

#[cfg(target_arch = "nvptx64")]
mod entry {
    use super::{Channel, Int8Arguments, Int8RequantisedArguments, Pointer};
    use crate::tensor::instructions::*;
    use kernels::tensor::int8::requantise;

    /// A column's channel.
    #[inline(always)]
    fn channel(channels: Pointer<Channel>, column: u32) -> Channel {
        let from = channels.offset(u64::from(column)).address();
        Channel {
            bias: load_global_word(from) as i32,
            multiplier: load_global_word(from + 4) as i32,
            shift: load_global_word(from + 8),
        }
    }

    #[cfg(feature = "sm_80")]
    #[unsafe(no_mangle)]
    unsafe extern "ptx-kernel" fn gemm_i8(arguments: Int8Arguments) {
        let Int8Arguments { left, right, result, shape } = arguments;
        crate::tensor::cores::product(left, right, shape).each(shape, |row, column, [first, second]| {
            let to = result.address(row, column);
            if column + 1 < shape.columns {
                store_global_pair(to, [first as u32, second as u32]);
            } else {
                store_global(to, first as u32);
            }
        });
    }

    #[cfg(feature = "sm_80")]
    #[unsafe(no_mangle)]
    unsafe extern "ptx-kernel" fn gemm_i8_requantised(arguments: Int8RequantisedArguments) {
        let Int8RequantisedArguments { left, right, result, shape, channels, limits, .. } = arguments;
        crate::tensor::cores::product(left, right, shape).by_rows(
            shape,
            |column| channel(channels, column),
            |row, column, sums, channels| {
                let to = result.address(row, column);
                let first = requantise(sums[0], channels[0], limits) as u8;
                let second = requantise(sums[1], channels[1], limits) as u8;
                if column + 1 < shape.columns {
                    store_global_half(to, u16::from_le_bytes([first, second]));
                } else {
                    store_global_byte(to, first);
                }
            },
        );
    }

    #[cfg(not(feature = "sm_80"))]
    struct Dot;

    #[cfg(not(feature = "sm_80"))]
    impl crate::tensor::outer::Step for Dot {
        #[inline(always)]
        fn step(left: u32, right: u32, sum: u32) -> u32 {
            dot(left, right, sum)
        }
    }

    #[cfg(not(feature = "sm_80"))]
    #[unsafe(no_mangle)]
    unsafe extern "ptx-kernel" fn gemm_i8(arguments: Int8Arguments) {
        let Int8Arguments { left, right, result, shape } = arguments;
        crate::tensor::outer::product::<Dot, i8>(left, right, shape, shape.depth)
            .each(shape, |row, column, sum| store_global(result.address(row, column), sum));
    }

    #[cfg(not(feature = "sm_80"))]
    #[unsafe(no_mangle)]
    unsafe extern "ptx-kernel" fn gemm_i8_requantised(arguments: Int8RequantisedArguments) {
        let Int8RequantisedArguments { left, right, result, shape, channels, limits, .. } = arguments;
        crate::tensor::outer::product::<Dot, i8>(left, right, shape, shape.depth).each(shape, |row, column, sum| {
            let value = requantise(sum as i32, channel(channels, column), limits);
            store_global_byte(result.address(row, column), value as u8);
        });
    }
}
