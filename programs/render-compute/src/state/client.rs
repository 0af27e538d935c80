//! External networks that bring requesters (RNP-004, RNP-010).

use anchor_lang::prelude::*;

/// A compute client.
#[account]
pub struct Client {
    /// Name, zero-padded ASCII.
    pub id: [u8; 16],
    /// Key that changes payout, metadata and share.
    pub authority: Address,
    /// RENDER token account that its share of rebates is minted to.
    pub payout: Address,
    /// SHA-256 of what it publishes about itself.
    pub metadata: [u8; 32],
    /// Credits spent on accepted work of its jobs, as far as their rebates were claimed.
    pub volume: u64,
    /// RENDER minted to it.
    pub earned: u64,
    /// When it was registered, unix seconds.
    pub registered_at: i64,
    /// Its share of its jobs' rebates, basis points.
    pub share_bps: u16,
    /// 1 when jobs may be opened for it.
    pub enabled: u8,
    /// Layout version.
    pub version: u8,
    /// PDA bump.
    pub bump: u8,
    /// Zero.
    pub reserved: [u8; 27],
}
