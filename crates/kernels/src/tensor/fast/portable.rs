//! Tiles in plain Rust, for any processor; what the compiler makes of them is its affair.

use super::blocks::Tile;
use crate::tensor::strict::accumulate;

/// Products of two quantised elements whose sum f64 holds exactly: each is below 2^46, the sum of 2^7 below 2^53.
pub(super) const EXACT_TERMS: usize = 128;

const ROWS: usize = 4;
const COLUMNS: usize = 8;

/// Adds up a tile in an array, which is small enough for registers.
#[inline(always)]
fn add<Word: Copy, Part: Copy, Sum: Copy>(
    strip: &[Word],
    panel: &[Word],
    sums: &mut [Sum],
    begin: impl Fn(Sum) -> Part,
    step: impl Fn(Part, Word, Word) -> Part,
    end: impl Fn(Sum, Part) -> Sum,
) {
    let mut parts: [[Part; COLUMNS]; ROWS] =
        core::array::from_fn(|row| core::array::from_fn(|column| begin(sums[row * COLUMNS + column])));
    for (a, b) in strip.chunks_exact(ROWS).zip(panel.chunks_exact(COLUMNS)) {
        for (parts, a) in parts.iter_mut().zip(a) {
            for (part, b) in parts.iter_mut().zip(b) {
                *part = step(*part, *a, *b);
            }
        }
    }
    for (sum, part) in sums.iter_mut().zip(parts.as_flattened()) {
        *sum = end(*sum, *part);
    }
}

/// Pairs of 16 bits.
pub(super) struct Int8;

impl Tile for Int8 {
    type Word = i32;
    type Sum = i32;
    const ROWS: usize = ROWS;
    const COLUMNS: usize = COLUMNS;
    const STEPS: usize = 256;

    unsafe fn add(strip: &[i32], panel: &[i32], sums: &mut [i32]) {
        let halves = |word: i32| (i32::from(word as i16), word >> 16);
        let step = |sum: i32, a, b| {
            let ((a0, a1), (b0, b1)) = (halves(a), halves(b));
            sum.wrapping_add(a0 * b0 + a1 * b1)
        };
        add(strip, panel, sums, |sum| sum, step, |_, part| part);
    }
}

/// Fused multiply-adds.
pub(super) struct Strict;

impl Tile for Strict {
    type Word = f32;
    type Sum = f32;
    const ROWS: usize = ROWS;
    const COLUMNS: usize = COLUMNS;
    const STEPS: usize = 256;

    unsafe fn add(strip: &[f32], panel: &[f32], sums: &mut [f32]) {
        add(strip, panel, sums, |sum| sum, accumulate, |_, part| part);
    }
}

/// Exact sums of products of integers in f64.
pub(super) struct Exact;

impl Tile for Exact {
    type Word = f64;
    type Sum = i64;
    const ROWS: usize = ROWS;
    const COLUMNS: usize = COLUMNS;
    const STEPS: usize = EXACT_TERMS;

    unsafe fn add(strip: &[f64], panel: &[f64], sums: &mut [i64]) {
        add(strip, panel, sums, |_| 0.0, |part, a, b| part + a * b, |sum, part| sum + part as i64);
    }
}
