//! The product of two f32 matrices in block fixed point: as precise as f32, with a sum that is exact.
//!
//! Each row of A and each row of B has one exponent E ([`exponent`]), from its largest magnitude, and each element x
//! becomes the integer q nearest to x 2^(149 - E), ties to even ([`quantise`]); |q| <= [`LARGEST`]. Element (i, j) is the f32
//! nearest to S 2^(E_i + E_j - 298), where S is the sum of q q' over k ([`result`]), which is exact in 64 bits up to a depth
//! of [`LARGEST_DEPTH`]. The sum being exact, every order and every way to form it gives the same bits: f64 arithmetic on a
//! processor, or three int8 limbs for each integer ([`limbs`]) on tensor cores, whose nine products fall into five groups
//! of equal weight ([`combine`]). Infinite and undefined inputs are refused; a result beyond the largest f32 is infinite,
//! as IEEE rounding has it; the sign of a zero is plus.
//!
//! **Error.** Let m and m' be the largest magnitudes of the two rows and u = 1 / 8,322,815 (2^-22.99). Then
//! |C - sum a b| <= depth m m' (2 u + u^2) + 2^-24 |S 2^(E_i + E_j - 298)| + 2^-150.
//! Proof. q is off by at most 1/2, hence x by 2^(E - 150). E >= 2 says that m exceeds 0xfefefe 2^(E - 151), so that
//! 2^(E - 150) < m / 8,355,711; E = 1 says that m >= 0x7efeff 2^-149, so that 2^-149 <= m u; E = 0 says that every x is q
//! 2^-149 itself. So each factor is off by at most u m, and |q q' - x x'| in the unit of x x' by at most
//! (1 + u) m u m' + u m m'. The rest is the one rounding of the result, normal or subnormal.

use super::shape::{Shape, TensorError, fill, row};
use crate::strict::round_scaled;
use alloc::vec::Vec;

/// Greatest magnitude of a quantised element: 127 (2^16 + 2^8 + 1), the largest whose three limbs are in -128..=127.
pub const LARGEST: i32 = 0x007f_7f7f;

/// Greatest depth: 2^17 products below 2^46 stay below 2^63.
pub const LARGEST_DEPTH: u32 = 1 << 17;

/// Depth up to which each group of limb products fits 32 bits. The middle group has three products for each k,
/// of magnitudes up to 128 127, 128 128 and 127 128: floor((2^31 - 1) / 48,896). Deeper sums are moved to 64 bits on the way.
pub const LARGEST_DEPTH_OF_32_BITS: u32 = 43_919;

/// Bits of the magnitude of the least f32 that is not finite; [`magnitude`] at or above it is to be refused.
pub const NOT_FINITE: u32 = 0x7f80_0000;

/// Bits of |x|; as integers they are in the order of the magnitudes, so a row's largest is found by integer maximum.
#[inline(always)]
pub fn magnitude(x: f32) -> u32 {
    x.to_bits() & 0x7fff_ffff
}

/// Exponent of a row whose largest [`magnitude`] is given, in 0..=255.
///
/// The field of f32's exponent, one more where the mantissa exceeds 2 [`LARGEST`] and would round beyond it.
#[inline(always)]
pub fn exponent(largest_magnitude: u32) -> u32 {
    (largest_magnitude + 0x0001_0101) >> 23
}

/// x 2^(149 - exponent), to the nearest integer, ties to even, for an exponent not below that of x alone.
#[inline(always)]
pub fn quantise(x: f32, exponent: u32) -> i32 {
    let field = (magnitude(x) >> 23).max(1);
    let fraction = magnitude(x) & 0x007f_ffff;
    let mantissa = if magnitude(x) < 0x0080_0000 { fraction } else { fraction | 0x0080_0000 };
    // |x| is mantissa 2^(field - 150). Shifting by 25 leaves nothing, rounded or not.
    let shift = (exponent + 1).wrapping_sub(field).min(25);
    let kept = mantissa >> shift;
    let half_less_one_if_even = ((1 << shift) >> 1) + (kept & 1);
    let rounded = if shift == 0 { mantissa } else { (mantissa + half_less_one_if_even - 1) >> shift };
    if x.to_bits() >> 31 == 0 { rounded as i32 } else { -(rounded as i32) }
}

/// The three limbs of a quantised element, lowest first: q = l0 + 2^8 l1 + 2^16 l2, each in -128..=127.
#[inline(always)]
pub fn limbs(quantised: i32) -> [i8; 3] {
    let low = quantised as i8;
    let rest = (quantised - i32::from(low)) >> 8;
    let middle = rest as i8;
    let high = (rest - i32::from(middle)) >> 8;
    [low, middle, high as i8]
}

/// Group of the product of limb `i` of one factor and limb `j` of the other: its weight is 2^(8 group).
#[inline(always)]
pub const fn group(i: usize, j: usize) -> usize {
    i + j
}

/// The exact sum, from the sums of the limb products of each group.
#[inline(always)]
pub fn combine(groups: [i64; 5]) -> i64 {
    // Modulo 2^64 no intermediate value matters: the sum itself fits.
    let mut sum = groups[4];
    sum = sum.wrapping_mul(256).wrapping_add(groups[3]);
    sum = sum.wrapping_mul(256).wrapping_add(groups[2]);
    sum = sum.wrapping_mul(256).wrapping_add(groups[1]);
    sum.wrapping_mul(256).wrapping_add(groups[0])
}

/// The element with the exact sum `sum`, of rows with these exponents: the one rounding.
#[inline(always)]
pub fn result(sum: i64, exponent_a: u32, exponent_b: u32) -> f32 {
    round_scaled(sum < 0, sum.unsigned_abs(), exponent_a as i32 + exponent_b as i32 - 298)
}

/// Exponent of a row.
///
/// # Errors
/// The place of the first element that is not finite.
pub fn exponent_of_row(values: &[f32]) -> Result<u32, u32> {
    let largest = values.iter().fold(0, |largest, value| magnitude(*value).max(largest));
    if largest < NOT_FINITE {
        return Ok(exponent(largest));
    }
    Err(values.iter().position(|value| magnitude(*value) >= NOT_FINITE).unwrap_or(0) as u32)
}

/// The exact sum of two rows with these exponents.
#[inline(always)]
pub fn dot(a: &[f32], exponent_a: u32, b: &[f32], exponent_b: u32) -> i64 {
    a.iter()
        .zip(b)
        .fold(0, |sum, (a, b)| sum + i64::from(quantise(*a, exponent_a)) * i64::from(quantise(*b, exponent_b)))
}

/// Exponents of all rows of a matrix.
///
/// # Errors
/// [`TensorError::NotFinite`] of `field`.
pub fn exponents(
    field: &'static str,
    values: &[f32],
    stride: u32,
    rows: u32,
    length: u32,
) -> Result<Vec<u32>, TensorError> {
    let of = |index| {
        let place = |place| TensorError::NotFinite { field, row: index, index: place };
        exponent_of_row(row(values, stride, index, length)).map_err(place)
    };
    (0..rows).map(of).collect()
}

/// C = A B^T: the definition, element by element.
///
/// # Errors
/// As [`Shape::check`], with a depth of at most [`LARGEST_DEPTH`]; [`TensorError::NotFinite`].
pub fn gemm_f32_exact(shape: &Shape, a: &[f32], b: &[f32], c: &mut [f32]) -> Result<(), TensorError> {
    shape.check(LARGEST_DEPTH, a.len(), b.len(), c.len())?;
    let of_a = exponents("a", a, shape.stride_a, shape.rows, shape.depth)?;
    let of_b = exponents("b", b, shape.stride_b, shape.columns, shape.depth)?;
    fill(shape, c, |i, j| {
        let (exponent_a, exponent_b) = (of_a[i as usize], of_b[j as usize]);
        let (a, b) = (row(a, shape.stride_a, i, shape.depth), row(b, shape.stride_b, j, shape.depth));
        result(dot(a, exponent_a, b, exponent_b), exponent_a, exponent_b)
    });
    Ok(())
}
