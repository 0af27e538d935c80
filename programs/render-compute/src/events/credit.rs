//! Events of credits.

use anchor_lang::prelude::*;

/// A requester has an account for credits.
#[event(bytemuck)]
pub struct CreditAccountOpened {
    /// The requester.
    pub owner: Address,
    /// Who paid the rent.
    pub payer: Address,
}

/// RENDER was burned for credits.
#[event(bytemuck)]
pub struct CreditsBought {
    /// The requester.
    pub owner: Address,
    /// Credits bought.
    pub credits: u64,
    /// Lower bound of the price they were sold at, 10^-8 USD per RENDER.
    pub price: u64,
    /// RENDER burned.
    pub burned: u64,
    /// RENDER paid to network operations.
    pub fee: u64,
    /// Credits available before.
    pub available_before: u64,
    /// Credits available after.
    pub available_after: u64,
    /// Epoch it counts in.
    pub epoch: u64,
    /// Shard it counts in.
    pub shard: u64,
}
