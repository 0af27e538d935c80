//! Owns the 128-bit multiply, divide and remainder that the compiler calls in SBF programs.
//!
//! SBF has no instruction wider than 64 bits, so the compiler emits calls (`__multi3`, `__udivti3`, ...). LLVM 23 passes
//! and returns each 128-bit value as two registers; the published builtins return through a pointer and would make the
//! program write to an operand. A program links this crate with `use sbf_builtins as _;`.
//!
//! The arithmetic is plain Rust over 64-bit halves in [`wide`], tested on the host against the host's own `u128`.
//! Only the exported symbols exist for SBF alone.

#![no_std]
// The one way to name LLVM's own convention. The compiler is pinned by `cargo xtask setup`, and tests of the built program would fail.
#![cfg_attr(target_arch = "bpf", feature(abi_unadjusted), allow(internal_features))]

pub mod wide;

#[cfg(target_arch = "bpf")]
mod symbols;
