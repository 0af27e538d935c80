//! Events of compute clients.

use anchor_lang::prelude::*;

/// An external network was admitted.
#[event(bytemuck)]
pub struct ClientRegistered {
    /// The client account.
    pub client: Address,
    /// Name.
    pub id: [u8; 16],
    /// Key that speaks for it.
    pub authority: Address,
    /// Token account that its share of rebates is minted to.
    pub payout: Address,
    /// SHA-256 of what it publishes about itself.
    pub metadata: [u8; 32],
    /// Unix seconds.
    pub registered_at: i64,
    /// Its share of rebates, basis points.
    pub share_bps: u64,
}

/// A client changed what is said about it.
#[event(bytemuck)]
pub struct ClientUpdated {
    /// The client account.
    pub client: Address,
    /// Key that speaks for it.
    pub authority: Address,
    /// Token account that its share of rebates is minted to.
    pub payout: Address,
    /// SHA-256 of what it publishes about itself.
    pub metadata: [u8; 32],
    /// Its share of rebates, basis points.
    pub share_bps: u64,
}

/// A client was switched off or on.
#[event(bytemuck)]
pub struct ClientEnabled {
    /// The client account.
    pub client: Address,
    /// 1 when jobs may be opened for it.
    pub enabled: u64,
}
