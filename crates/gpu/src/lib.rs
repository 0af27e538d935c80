//! The kernels as NVIDIA GPUs run them.
//!
//! What a kernel computes is defined in `kernels` and compiled from there; this crate owns how the work is divided among
//! threads, blocks and launches. One source has two compilations: for nvptx64 (`cargo xtask ptx`) it is the entry points,
//! for every other machine what a host needs to launch them: [`abi`], the arguments and shapes of each kernel, and the
//! committed PTX in [`ptx`]. It knows nothing of drivers, devices and leases.

#![no_std]
#![cfg_attr(target_arch = "nvptx64", allow(internal_features))]
#![cfg_attr(target_arch = "nvptx64", feature(abi_ptx, asm_experimental_arch, link_llvm_intrinsics, stdarch_nvptx))]

#[cfg(test)]
extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod abi;
#[cfg(target_arch = "nvptx64")]
mod device;
pub mod merkle;
pub mod probe;
#[cfg(not(target_arch = "nvptx64"))]
pub mod ptx;
pub mod render;
pub mod tensor;
pub mod unary;

pub use abi::{Kernel, Pointer};
