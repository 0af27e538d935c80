//! The product of two int8 matrices, exact in integers, and its requantisation to int8.
//!
//! Element (i, j) is the sum of A\[i\]\[k\] B\[j\]\[k\] over k, modulo 2^32, taken as a signed number. Addition modulo 2^32 is
//! associative and commutative, so every tiling, every order and every machine gives the same bits. The sum is the true
//! one up to a depth of [`EXACT_DEPTH`] for any values, and of [`EXACT_DEPTH_SYMMETRIC`] where no value is -128.

use super::shape::{LARGEST_DIMENSION, Shape, TensorError, fill, row};

/// Greatest depth at which no sum of any values wraps: floor((2^31 - 1) / 128^2).
pub const EXACT_DEPTH: u32 = 131_071;

/// Greatest depth at which no sum wraps where every value is in -127..=127: floor((2^31 - 1) / 127^2).
pub const EXACT_DEPTH_SYMMETRIC: u32 = 133_144;

/// Most bits that a requantisation shifts by: what is shifted has 63 bits and a sign.
pub const LARGEST_SHIFT: u32 = 62;

/// How the sums of one column become int8: (sum + bias) multiplier / 2^shift.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Channel {
    /// Added to the sum, in the unit of the sum.
    pub bias: i32,
    /// Not negative. With a shift of 31 it is a factor in 0..1 of 31 bits.
    pub multiplier: i32,
    /// At most [`LARGEST_SHIFT`].
    pub shift: u32,
}

/// The range that requantised values are limited to; with a `low` of zero it is a rectifier (ReLU).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Limits {
    /// Lowest value.
    pub low: i8,
    /// Highest value.
    pub high: i8,
}

impl Limits {
    /// All of int8 but -128, so that a value can be negated and products stay below 2^14: what weights and activations
    /// have unless there is a reason against it.
    pub const SYMMETRIC: Limits = Limits { low: -127, high: 127 };
    /// All of int8.
    pub const FULL: Limits = Limits { low: -128, high: 127 };
    /// Nothing below zero.
    pub const RECTIFIED: Limits = Limits { low: 0, high: 127 };
}

/// One element: the sum of the products of two rows, modulo 2^32.
#[inline(always)]
pub fn dot(a: &[i8], b: &[i8]) -> i32 {
    a.iter().zip(b).fold(0, |sum, (a, b)| i32::wrapping_add(sum, i32::from(*a) * i32::from(*b)))
}

/// floor((accumulator + bias) multiplier / 2^shift + 1/2), limited to `limits`.
///
/// The sum with the bias and the product are exact in 64 bits. Halves go up, which is one shift and one bit on every
/// machine; the shifts of a real network are above 30, so that a tie is one case in 2^30.
#[inline(always)]
pub fn requantise(accumulator: i32, channel: Channel, limits: Limits) -> i8 {
    let product = (i64::from(accumulator) + i64::from(channel.bias)).wrapping_mul(i64::from(channel.multiplier));
    // Twice the product would not always fit: the bit below the point is looked at where it is.
    let below = if channel.shift == 0 { 0 } else { (product >> (channel.shift.wrapping_sub(1) & 63)) & 1 };
    let rounded = (product >> (channel.shift & 63)).wrapping_add(below);
    let (low, high) = (i64::from(limits.low), i64::from(limits.high));
    (if rounded < low {
        low
    } else if rounded > high {
        high
    } else {
        rounded
    }) as i8
}

/// C = A B^T: the definition, element by element.
///
/// # Errors
/// As [`Shape::check`], with a depth of at most [`LARGEST_DIMENSION`].
pub fn gemm_i8(shape: &Shape, a: &[i8], b: &[i8], c: &mut [i32]) -> Result<(), TensorError> {
    shape.check(LARGEST_DIMENSION, a.len(), b.len(), c.len())?;
    fill(shape, c, |i, j| dot(row(a, shape.stride_a, i, shape.depth), row(b, shape.stride_b, j, shape.depth)));
    Ok(())
}

/// C = A B^T, requantised: the definition, element by element. `channels` has one entry for each column.
///
/// # Errors
/// As [`gemm_i8`] and [`check_requantisation`].
pub fn gemm_i8_requantised(
    shape: &Shape,
    a: &[i8],
    b: &[i8],
    channels: &[Channel],
    limits: Limits,
    c: &mut [i8],
) -> Result<(), TensorError> {
    shape.check(LARGEST_DIMENSION, a.len(), b.len(), c.len())?;
    check_requantisation(shape, channels, limits)?;
    fill(shape, c, |i, j| {
        let sum = dot(row(a, shape.stride_a, i, shape.depth), row(b, shape.stride_b, j, shape.depth));
        requantise(sum, channels[j as usize], limits)
    });
    Ok(())
}

/// Whether there is one channel in range for each column, and the limits are in order.
///
/// # Errors
/// [`TensorError::Length`] of `channels`, [`TensorError::Channel`] or [`TensorError::Limits`].
pub fn check_requantisation(shape: &Shape, channels: &[Channel], limits: Limits) -> Result<(), TensorError> {
    let (has, needs) = (channels.len() as u64, u64::from(shape.columns));
    if has != needs {
        return Err(TensorError::Length { field: "channels", has, needs });
    }
    for (column, channel) in (0..).zip(channels) {
        if channel.multiplier < 0 {
            return Err(TensorError::Channel { field: "multiplier", column, value: i64::from(channel.multiplier) });
        }
        if channel.shift > LARGEST_SHIFT {
            return Err(TensorError::Channel { field: "shift", column, value: i64::from(channel.shift) });
        }
    }
    if limits.low > limits.high {
        return Err(TensorError::Limits { low: limits.low, high: limits.high });
    }
    Ok(())
}
