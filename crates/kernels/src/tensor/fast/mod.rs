//! The products as a processor computes them fast: operands packed into panels, tiles of the result in registers, tiles
//! over all cores. Bits are those of the definitions beside this module, whatever the processor has.
//!
//! - int8: with VNNI four products and their sum are one instruction of unsigned by signed bytes, so A is packed with 128
//!   added and the sums begin with -128 times the sums of B's rows; with AVX2 pairs of 16 bits are multiplied and added,
//!   which unlike the instructions for bytes there cannot saturate. All of it is exact modulo 2^32.
//! - strict f32: lanes are columns, and each lane takes in k one by one.
//! - exact f32: f64 holds the sum of 128 products of quantised elements exactly; then it is added to 64
//!   bits. On a processor this is faster than nine products of limbs.

mod blocks;
pub mod peak;
mod portable;
#[cfg(target_arch = "x86_64")]
mod x86;

use super::exact::{LARGEST_DEPTH, exponents, result};
use super::int8::{Channel, Limits, check_requantisation, requantise};
use super::shape::{LARGEST_DIMENSION, Shape, TensorError};
use alloc::vec::Vec;
#[cfg(target_arch = "x86_64")]
use blocks::Quads;
use blocks::{Finish, Floats, Operands, Pairs, Quantised, product};

/// What a processor may have for multiplying matrices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Instructions {
    /// AVX-512 (F, BW, DQ) with VNNI.
    Avx512,
    /// AVX2 and FMA with VNNI in 256 bits.
    AvxVnni,
    /// AVX2 and FMA.
    Avx2,
    /// What Rust compiles to without being asked for more.
    Portable,
}

impl Instructions {
    /// All, best first.
    pub const ALL: [Instructions; 4] =
        [Instructions::Avx512, Instructions::AvxVnni, Instructions::Avx2, Instructions::Portable];

    /// Whether this processor has them.
    pub fn are_available(self) -> bool {
        #[cfg(target_arch = "x86_64")]
        {
            use std::is_x86_feature_detected as has;
            let avx2 = has!("avx2") && has!("fma");
            match self {
                Instructions::Avx512 => {
                    has!("avx512f") && has!("avx512bw") && has!("avx512dq") && has!("avx512vnni") && avx2
                }
                Instructions::AvxVnni => has!("avxvnni") && avx2,
                Instructions::Avx2 => avx2,
                Instructions::Portable => true,
            }
        }
        #[cfg(not(target_arch = "x86_64"))]
        {
            self == Instructions::Portable
        }
    }

    /// The best that this processor has.
    pub fn best() -> Instructions {
        Instructions::ALL.into_iter().find(|set| set.are_available()).unwrap_or(Instructions::Portable)
    }

    /// Itself, or what is portable where the processor lacks it.
    fn or_portable(self) -> Instructions {
        if self.are_available() { self } else { Instructions::Portable }
    }
}

/// Sums as they are.
struct Sums;

impl Finish<i32, i32> for Sums {
    #[inline(always)]
    fn finish(&self, _: u32, _: u32, sums: &[i32], values: &mut [i32]) {
        values.copy_from_slice(sums);
    }
}

/// int8 by the channel of the column; channels are taken apart, so that consecutive columns are read as vectors.
struct Requantised {
    biases: Vec<i32>,
    multipliers: Vec<i32>,
    shifts: Vec<u32>,
    limits: Limits,
}

impl Requantised {
    fn new(channels: &[Channel], limits: Limits) -> Self {
        Requantised {
            biases: channels.iter().map(|channel| channel.bias).collect(),
            multipliers: channels.iter().map(|channel| channel.multiplier).collect(),
            shifts: channels.iter().map(|channel| channel.shift).collect(),
            limits,
        }
    }
}

impl Finish<i32, i8> for Requantised {
    #[inline(always)]
    fn finish(&self, _: u32, first_column: u32, sums: &[i32], values: &mut [i8]) {
        let columns = first_column as usize..first_column as usize + sums.len();
        let (biases, multipliers) = (&self.biases[columns.clone()], &self.multipliers[columns.clone()]);
        let channels = biases.iter().zip(multipliers).zip(&self.shifts[columns]);
        for ((value, sum), ((bias, multiplier), shift)) in values.iter_mut().zip(sums).zip(channels) {
            let channel = Channel { bias: *bias, multiplier: *multiplier, shift: *shift };
            *value = requantise(*sum, channel, self.limits);
        }
    }
}

/// f32 with one pattern for NaN.
struct Canonical;

impl Finish<f32, f32> for Canonical {
    #[inline(always)]
    fn finish(&self, _: u32, _: u32, sums: &[f32], values: &mut [f32]) {
        values.iter_mut().zip(sums).for_each(|(value, sum)| *value = super::strict::finish(*sum));
    }
}

/// f32 by the exponents of the row of A and the row of B.
struct Scaled<'a> {
    of_a: &'a [u32],
    of_b: &'a [u32],
}

impl Finish<i64, f32> for Scaled<'_> {
    #[inline(always)]
    fn finish(&self, row: u32, first_column: u32, sums: &[i64], values: &mut [f32]) {
        let of_a = self.of_a[row as usize];
        let of_b = &self.of_b[first_column as usize..][..sums.len()];
        // Field of the scale's exponent. Where it is that of a normal number, the result is no subnormal (a sum is zero or
        // at least one), so it is the sum, rounded by the conversion, times the scale, which is exact or infinite.
        let field = |of_b: &u32| (of_a + *of_b).wrapping_sub(298 - 127);
        if of_b.iter().all(|of_b| (1..=254).contains(&field(of_b))) {
            for ((value, sum), of_b) in values.iter_mut().zip(sums).zip(of_b) {
                *value = *sum as f32 * f32::from_bits(field(of_b) << 23);
            }
        } else {
            for ((value, sum), of_b) in values.iter_mut().zip(sums).zip(of_b) {
                *value = result(*sum, of_a, *of_b);
            }
        }
    }
}

/// Chooses tiles by instructions that the processor was seen to have.
macro_rules! dispatch {
    ($instructions:expr, $tile:ident, |$chosen:ident, $packing:ident| $run:expr, $wide:expr, $narrow:expr) => {
        match $instructions.or_portable() {
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx512 => {
                type $chosen = x86::avx512::$tile;
                let $packing = $wide;
                $run
            }
            #[cfg(target_arch = "x86_64")]
            Instructions::AvxVnni => {
                type $chosen = x86::avx_vnni::$tile;
                let $packing = $wide;
                $run
            }
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx2 => {
                type $chosen = x86::avx2::$tile;
                let $packing = $narrow;
                $run
            }
            _ => {
                type $chosen = portable::$tile;
                let $packing = $narrow;
                $run
            }
        }
    };
}

fn int8<O: Send>(
    instructions: Instructions,
    shape: &Shape,
    a: &[i8],
    b: &[i8],
    c: &mut [O],
    finish: &impl Finish<i32, O>,
) {
    let operands = Operands { shape, a, b };
    dispatch!(instructions, Int8, |Tile, packing| product::<Tile, _, _>(&operands, &packing, c, finish), Quads, Pairs);
}

/// [`gemm_i8`](super::gemm_i8), fast.
///
/// # Errors
/// As there.
pub fn gemm_i8(
    instructions: Instructions,
    shape: &Shape,
    a: &[i8],
    b: &[i8],
    c: &mut [i32],
) -> Result<(), TensorError> {
    shape.check(LARGEST_DIMENSION, a.len(), b.len(), c.len())?;
    int8(instructions, shape, a, b, c, &Sums);
    Ok(())
}

/// [`gemm_i8_requantised`](super::gemm_i8_requantised), fast; the sums never reach memory as a matrix.
///
/// # Errors
/// As there.
pub fn gemm_i8_requantised(
    instructions: Instructions,
    shape: &Shape,
    a: &[i8],
    b: &[i8],
    channels: &[Channel],
    limits: Limits,
    c: &mut [i8],
) -> Result<(), TensorError> {
    shape.check(LARGEST_DIMENSION, a.len(), b.len(), c.len())?;
    check_requantisation(shape, channels, limits)?;
    int8(instructions, shape, a, b, c, &Requantised::new(channels, limits));
    Ok(())
}

/// [`gemm_f32_strict`](super::gemm_f32_strict), fast.
///
/// # Errors
/// As there.
pub fn gemm_f32_strict(
    instructions: Instructions,
    shape: &Shape,
    a: &[f32],
    b: &[f32],
    c: &mut [f32],
) -> Result<(), TensorError> {
    shape.check(LARGEST_DIMENSION, a.len(), b.len(), c.len())?;
    let operands = Operands { shape, a, b };
    dispatch!(
        instructions,
        Strict,
        |Tile, packing| product::<Tile, _, _>(&operands, &packing, c, &Canonical),
        Floats,
        Floats
    );
    Ok(())
}

/// [`gemm_f32_exact`](super::gemm_f32_exact), fast.
///
/// # Errors
/// As there.
pub fn gemm_f32_exact(
    instructions: Instructions,
    shape: &Shape,
    a: &[f32],
    b: &[f32],
    c: &mut [f32],
) -> Result<(), TensorError> {
    shape.check(LARGEST_DEPTH, a.len(), b.len(), c.len())?;
    let of_a = exponents("a", a, shape.stride_a, shape.rows, shape.depth)?;
    let of_b = exponents("b", b, shape.stride_b, shape.columns, shape.depth)?;
    let operands = Operands { shape, a, b };
    let quantised = Quantised::new(&of_a, &of_b);
    let finish = Scaled { of_a: &of_a, of_b: &of_b };
    dispatch!(
        instructions,
        Exact,
        |Tile, packing| product::<Tile, _, _>(&operands, &packing, c, &finish),
        quantised,
        quantised
    );
    Ok(())
}
