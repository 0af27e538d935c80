//! The exact engines as step machines, with strict math and Merkle commitments.
//!
//! One Rust source is compiled for three machines (host CPU, PTX, SBF). What a result *is* is defined here by step
//! machines ([`machine::Machine`]) over read-only, Merkle-committed memory; fast paths stand beside them and are
//! compared bit for bit by the tests. The crate knows nothing of chains, money, files or image formats.

#![no_std]
// Correctly rounded square root and fused multiply-add are instructions there, and core has no names for them.
#![cfg_attr(target_arch = "nvptx64", feature(asm_experimental_arch))]
// rustc's list of targets does not know the chain's operating system name. There a function's frame has 4 KiB, so big
// functions are kept from being inlined into each other.
#![allow(unexpected_cfgs)]

extern crate alloc;
#[cfg(any(feature = "std", test))]
extern crate std;

pub mod attestation;
pub mod machine;
pub mod merkle;
pub mod probe;
pub mod referee;
pub mod render;
pub mod rng;
pub mod sha256;
pub mod strict;
pub mod tensor;
