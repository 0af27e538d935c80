//! Real workers on the in-process chain with the real programs, on processors and on GPUs.

mod audited;
mod earning;
mod failing;
mod gpu;
mod market;
mod probed;
