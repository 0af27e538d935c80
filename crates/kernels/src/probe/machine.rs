//! The probes as a step machine.

/// Hashes that one step of the clock makes.
pub const HASHES: u64 = 1_024;
/// Rows of a chain's matrices at most: a row is evidence for one step.
pub const MOST_SIZE: u32 = 8_192;
/// Slices of a walk at most: their roots are part of the state.
pub const SLICES: u32 = 16;
