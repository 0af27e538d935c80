//! Owns the symbols that the compiler calls, in LLVM 23's convention: low word, high word, in and out.

#![allow(improper_ctypes_definitions)] // a pair of words is exactly what the caller expects in the two return registers

use solana_compiler_builtins as _;

use crate::wide::{Wide, div_rem, div_rem_signed, mul};

fn wide(lo: u64, hi: u64) -> Wide {
    Wide { lo, hi }
}

fn words(value: Wide) -> (u64, u64) {
    (value.lo, value.hi)
}

#[unsafe(no_mangle)]
extern "unadjusted" fn __multi3(a_lo: u64, a_hi: u64, b_lo: u64, b_hi: u64) -> (u64, u64) {
    words(mul(wide(a_lo, a_hi), wide(b_lo, b_hi)))
}

#[unsafe(no_mangle)]
extern "unadjusted" fn __udivti3(n_lo: u64, n_hi: u64, d_lo: u64, d_hi: u64) -> (u64, u64) {
    words(div_rem(wide(n_lo, n_hi), wide(d_lo, d_hi)).0)
}

#[unsafe(no_mangle)]
extern "unadjusted" fn __umodti3(n_lo: u64, n_hi: u64, d_lo: u64, d_hi: u64) -> (u64, u64) {
    words(div_rem(wide(n_lo, n_hi), wide(d_lo, d_hi)).1)
}

#[unsafe(no_mangle)]
extern "unadjusted" fn __divti3(n_lo: u64, n_hi: u64, d_lo: u64, d_hi: u64) -> (u64, u64) {
    words(div_rem_signed(wide(n_lo, n_hi), wide(d_lo, d_hi)).0)
}

#[unsafe(no_mangle)]
extern "unadjusted" fn __modti3(n_lo: u64, n_hi: u64, d_lo: u64, d_hi: u64) -> (u64, u64) {
    words(div_rem_signed(wide(n_lo, n_hi), wide(d_lo, d_hi)).1)
}
