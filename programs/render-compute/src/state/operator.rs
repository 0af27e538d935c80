//! The wallet that owns nodes' stake and is paid for their work.

use anchor_lang::prelude::*;

/// An operator.
#[account]
pub struct Operator {
    /// The wallet.
    pub wallet: Address,
    /// RENDER token account that claims are minted to.
    pub payout: Address,
    /// Nodes registered and not closed.
    pub nodes: u32,
    /// Layout version.
    pub version: u8,
    /// PDA bump.
    pub bump: u8,
    /// Zero.
    pub reserved: [u8; 34],
}
