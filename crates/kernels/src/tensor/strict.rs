//! The product of two f32 matrices in IEEE arithmetic with one order of summation.
//!
//! Element (i, j) begins as +0 and takes in A\[i\]\[k\] B\[j\]\[k\] for k = 0, 1, 2, ... by one fused multiply-add each
//! ([`fma`]); at the end a NaN gets its one pattern. Which machine, how many lanes and what tiles makes no difference, as
//! long as k ascends; splitting k does. |error| <= depth 2^-24 sum |a b| / (1 - depth 2^-24), where nothing underflows.

use super::shape::{LARGEST_DIMENSION, Shape, TensorError, fill, row};
use crate::strict::{bits, fma};

/// What [`accumulate`] begins with.
pub const FIRST: f32 = 0.0;

/// The sum after one more pair of elements.
#[inline(always)]
pub fn accumulate(sum: f32, a: f32, b: f32) -> f32 {
    fma(a, b, sum)
}

/// The element that a sum over all k is.
#[inline(always)]
pub fn finish(sum: f32) -> f32 {
    f32::from_bits(bits(sum))
}

/// One element.
#[inline(always)]
pub fn dot(a: &[f32], b: &[f32]) -> f32 {
    finish(a.iter().zip(b).fold(FIRST, |sum, (a, b)| accumulate(sum, *a, *b)))
}

/// C = A B^T: the definition, element by element.
///
/// # Errors
/// As [`Shape::check`], with a depth of at most [`LARGEST_DIMENSION`].
pub fn gemm_f32_strict(shape: &Shape, a: &[f32], b: &[f32], c: &mut [f32]) -> Result<(), TensorError> {
    shape.check(LARGEST_DIMENSION, a.len(), b.len(), c.len())?;
    fill(shape, c, |i, j| dot(row(a, shape.stride_a, i, shape.depth), row(b, shape.stride_b, j, shape.depth)));
    Ok(())
}
