//! A CUDA driver library whose devices are PTX machines on the processor: as `libcuda.so.1`, for tests of programs that use
//! CUDA, on machines without a card. It is never shipped, and its devices are named "Emulated GPU" so that nobody takes
//! one for hardware.
//!
//! What a program may not count on, it cannot count on here: the commands of a stream run when somebody waits for them,
//! fresh memory is not zero, freed memory comes back with what it held, and pinned memory is read and written when the
//! copy runs. A kernel that does what hardware leaves undefined ends with its reason on stderr and leaves its context
//! lost until it is reset.
//!
//! Environment, read at `cuInit`: `EMULATED_CUDA_DEVICES` (1), `EMULATED_CUDA_CAPABILITY` (80),
//! `EMULATED_CUDA_MEMORY` (bytes of each device, 1 GiB), `EMULATED_CUDA_LOSE_AFTER` (a device is lost once, at the launch
//! after so many), `EMULATED_CUDA_LOSE_DEVICE` (which one, 0), `EMULATED_CUDA_WORKERS` (threads that run blocks),
//! `EMULATED_CUDA_DRIVER` (the version that is told, 12040), `EMULATED_CUDA_COUNT` (1: tells on stderr what each launch
//! did), `EMULATED_CUDA_UNWRITTEN` (1: a read of block memory that no thread of the block wrote is an error).

#![allow(non_snake_case)]

mod device;
mod memory;
mod module;
mod names;
mod state;
mod stream;
