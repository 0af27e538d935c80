//! Credits: what a purchase costs in RENDER, and where a requester's credits are.
//!
//! * A credit unit is 1e-6 USD and cannot be transferred; RENDER is counted in base units of 1e-8; the price is the oracle's
//!   lower bound in 1e-8 USD per RENDER. So `credits x 1e10 / price` base units are worth `credits`.
//! * Burn and fee (RNP-006, RNP-021): that worth is burned, rounded up; on top the requester pays the operations fee, so
//!   that the burn is `burn_bps` of what is paid: fee = burned x (10,000 - burn_bps) / burn_bps, rounded up. At 9,500 bps a
//!   requester pays ask x (1 + 5/95).
//! * Law L2: credits x 1e10 <= burned x price, for every purchase.
//! * Law L1: available + escrowed + spent = bought, for every balance. Credits never expire and never become RENDER again.

use crate::amount::{self, Round, WHOLE_BPS, mul_div};
use crate::error::MarketError;

/// RENDER base units x price units per credit unit: 1e8 x 1e8 / 1e6.
pub const BASE_UNITS_TIMES_PRICE_PER_CREDIT: u64 = 10_000_000_000;

/// What a purchase takes from the requester, in RENDER base units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Purchase {
    /// Credit units that are minted.
    pub credits: u64,
    /// RENDER burned.
    pub burned: u64,
    /// RENDER to the network-operations account.
    pub fee: u64,
    /// Both together, at most the requester's stated maximum.
    pub total: u64,
}

/// Prices a purchase of `credits` at the oracle's lower bound and refuses it above `max_render`.
pub fn purchase(credits: u64, lower_price: u64, burn_bps: u64, max_render: u64) -> Result<Purchase, MarketError> {
    if credits == 0 {
        return Err(MarketError::NoCredits);
    }
    if lower_price == 0 {
        return Err(MarketError::PriceNotPositive);
    }
    let fee_bps = WHOLE_BPS.checked_sub(burn_bps).ok_or(MarketError::RateAboveWhole)?;
    let burned = mul_div(credits, BASE_UNITS_TIMES_PRICE_PER_CREDIT, lower_price, Round::Up)?;
    let fee = mul_div(burned, fee_bps, burn_bps, Round::Up)?;
    let total = amount::add(burned, fee)?;
    if total > max_render {
        return Err(MarketError::SlippageExceeded);
    }
    Ok(Purchase { credits, burned, fee, total })
}

/// Where the credits of one requester are, in credit units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CreditBalance {
    /// Free to escrow.
    pub available: u64,
    /// Held for jobs.
    pub escrowed: u64,
    /// Ever bought.
    pub bought: u64,
    /// Ever spent on accepted work.
    pub spent: u64,
}

impl CreditBalance {
    /// Adds bought credits to `available`.
    pub fn buy(self, credits: u64) -> Result<Self, MarketError> {
        if credits == 0 {
            return Err(MarketError::NoCredits);
        }
        let bought = amount::add(self.bought, credits)?;
        Ok(Self { available: amount::add(self.available, credits)?, bought, ..self })
    }

    /// Holds credits for a job.
    pub fn escrow(self, credits: u64) -> Result<Self, MarketError> {
        let available = self.available.checked_sub(credits).ok_or(MarketError::CreditsUnavailable)?;
        Ok(Self { available, escrowed: amount::add(self.escrowed, credits)?, ..self })
    }

    /// Returns escrowed credits to `available`.
    pub fn refund(self, credits: u64) -> Result<Self, MarketError> {
        let escrowed = self.escrowed.checked_sub(credits).ok_or(MarketError::EscrowTooSmall)?;
        Ok(Self { escrowed, available: amount::add(self.available, credits)?, ..self })
    }

    /// Spends escrowed credits on accepted work: they leave the balance for good.
    pub fn spend(self, credits: u64) -> Result<Self, MarketError> {
        let escrowed = self.escrowed.checked_sub(credits).ok_or(MarketError::EscrowTooSmall)?;
        Ok(Self { escrowed, spent: amount::add(self.spent, credits)?, ..self })
    }

    /// Law L1 for one requester.
    pub fn is_conserved(&self) -> bool {
        self.available.checked_add(self.escrowed).and_then(|held| held.checked_add(self.spent)) == Some(self.bought)
    }
}
