//! How much RENDER was minted lately.

use crate::{errors::refused, state::Network};
use anchor_lang::prelude::*;
use market_model::limiter::Limiter;

/// The one mint limiter; see `market_model::limiter`. Every mint passes it.
#[account]
pub struct MintLimiter {
    /// RENDER minted and not forgotten at `at`.
    pub used: u64,
    /// When that was, unix seconds.
    pub at: i64,
    /// Layout version.
    pub version: u8,
    /// PDA bump.
    pub bump: u8,
    /// Zero.
    pub reserved: [u8; 14],
}

impl MintLimiter {
    /// The limiter of `market_model::limiter`.
    pub fn model(&self) -> Limiter {
        Limiter { used: self.used, at: self.at }
    }

    /// Remembers a mint, or refuses it until enough is forgotten.
    pub fn pass(&mut self, network: &Network, amount: u64, now: i64) -> Result<()> {
        let Limiter { used, at } = self.model().mint(amount, now, &network.limiter_rules()).map_err(refused)?;
        self.used = used;
        self.at = at;
        Ok(())
    }
}
