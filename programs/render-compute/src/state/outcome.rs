//! What a node or a requester is remembered by: why its reputation moved.

use anchor_lang::prelude::*;

/// One outcome. All zero where there is none yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, IdlType, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C)]
pub struct Remembered {
    /// When it happened, unix seconds.
    pub at: i64,
    /// Reputation after it, basis points with 16 fraction bits.
    pub reputation: u32,
    /// Code of `market_model::reputation::Reason`.
    pub reason: u8,
    /// Zero.
    pub reserved: [u8; 3],
}
