//! The host's side of `gpu`: devices, their memory, launches, and each engine on a device.
//!
//! Owns everything between the NVIDIA driver and an engine's results: which cards there are ([`devices`]), one card
//! with its warm context ([`Device`]), its memory ([`Buffer`], [`Pinned`]), several cards at once ([`pool`]), and for
//! each engine of `kernels` the launches that compute it. The driver is found when a program runs, so a binary that
//! holds this crate starts on a machine without one and is told so by an error ([`GpuError::NoDriver`]); nothing here
//! panics because a driver is old, missing or gone.
//!
//! It knows nothing of leases, jobs and the chain, and defines no result: what a kernel computes is `kernels`'.

mod context;
mod device;
mod driver;
mod error;
mod info;
pub mod measure;
mod memory;
pub mod merkle;
pub mod pool;
pub mod probe;
pub mod render;
pub mod tensor;

pub use device::{Device, Resources};
pub use error::GpuError;
pub use info::{DeviceInfo, devices};
pub use memory::{Buffer, Pinned, Plain, Transfer};
