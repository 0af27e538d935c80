//! The strict product of two f32 matrices: every result is a fused multiply-add chain over ascending depth, the one
//! place where fused operations are, because the definition names them.

use super::{Matrix, Shape, Tile};
use crate::abi::Kernel;

/// Multiplies f32 matrices in the order of the depth.
pub struct GemmStrict;

/// Of [`GemmStrict`].
#[derive(Clone, Copy)]
#[repr(C)]
pub struct StrictArguments {
    /// rows x depth.
    pub left: Matrix<f32>,
    /// columns x depth.
    pub right: Matrix<f32>,
    /// rows x columns.
    pub result: Matrix<f32>,
    /// Extents; the depth is at most 2^29 - 16.
    pub shape: Shape,
}

impl Kernel for GemmStrict {
    type Arguments = StrictArguments;
    const NAME: &'static core::ffi::CStr = c"gemm_f32_strict";
    const THREADS: u32 = super::OUTER_THREADS;
}

/// What a block computes on a card of so much compute capability.
pub const fn tile(capability: u32) -> Tile {
    super::outer_tile(capability)
}

#[cfg(target_arch = "nvptx64")]
mod entry {
    use super::StrictArguments;
    use crate::tensor::instructions::store_global;
    use crate::tensor::outer::{Step, product};
    use kernels::tensor::strict::{accumulate, finish};

    struct Fused;

    impl Step for Fused {
        #[inline(always)]
        fn step(left: u32, right: u32, sum: u32) -> u32 {
            accumulate(f32::from_bits(sum), f32::from_bits(left), f32::from_bits(right)).to_bits()
        }
    }

    #[unsafe(no_mangle)]
    unsafe extern "ptx-kernel" fn gemm_f32_strict(arguments: StrictArguments) {
        let StrictArguments { left, right, result, shape } = arguments;
        product::<Fused, f32>(left, right, shape, shape.depth * 4).each(shape, |row, column, sum| {
            store_global(result.address(row, column), finish(f32::from_bits(sum)).to_bits());
        });
    }
}
