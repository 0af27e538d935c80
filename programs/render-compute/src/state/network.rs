//! The network: who governs it, which mint it burns and mints, its parameters and its epoch clock.

use crate::{
    constants::{CLASSES, TIERS},
    errors::RenderError,
};
use anchor_lang::prelude::*;
use market_model::{Parameters, limiter::LimiterRules};

/// Number of parameters.
pub const PARAMETERS: usize = market_model::parameters::COUNT;

/// The one root account. Changes only by governance and once per epoch, so hot instructions read it without a lock.
#[account]
pub struct Network {
    /// Key that may change parameters, engines, publishers and pause bits.
    pub authority: Address,
    /// Key that has been offered the authority and has not accepted it yet; zero when none.
    pub pending_authority: Address,
    /// The RENDER mint (8 decimals). This account's address is its mint authority.
    pub mint: Address,
    /// Token account that holds all stake; owned by this account.
    pub stake_vault: Address,
    /// Token account that receives the network-operations share of purchases and emissions.
    pub operations: Address,
    /// Account a price is read from: the [`Oracle`](super::Oracle), or a Pyth price update when `oracle_kind` says so.
    pub oracle: Address,
    /// Program that must own a Pyth price update.
    pub pyth_program: Address,
    /// Pyth feed that a price update must carry.
    pub pyth_feed: [u8; 32],
    /// Start of epoch 1 and of the emission schedule, unix seconds.
    pub genesis_at: i64,
    /// Number of the latest epoch opened; 0 before the first.
    pub epoch: u64,
    /// Pause bits, see [`constants`](crate::constants).
    pub paused: u64,
    /// Stake of the nodes that had a record in the latest finalized epoch, RENDER base units: the stake whose factor in the race is one.
    pub active_stake: u64,
    /// Floating prices as shares of the tiers' base prices, basis points, by class and tier: see `market_model::price`.
    pub price_index_bps: [u64; CLASSES * TIERS],
    /// Proposals opened so far; the next one's number.
    pub proposals: u64,
    /// Everything governance can tune, in the order of `market_model::parameters::SPECS`.
    pub parameters: [u64; PARAMETERS],
    /// One of the `ORACLE_*` constants.
    pub oracle_kind: u8,
    /// Layout version.
    pub version: u8,
    /// PDA bump.
    pub bump: u8,
    /// PDA bump of the stake vault.
    pub stake_vault_bump: u8,
    /// 1 once parameters, schedule and authority change by proposals only.
    pub governed: u8,
    /// Room for later versions; zero.
    pub reserved: [u8; 59],
}

/// Yearly emission amounts in RENDER base units; year 1 first. Read only when an epoch is finalized.
#[account]
pub struct Schedule {
    /// Amount of each BME year.
    pub yearly: [u64; 60],
    /// Share of operations in each year's emission, basis points.
    pub operations_bps: [u16; 60],
    /// Share of creators in each year's emission, basis points; nodes have the rest.
    pub creators_bps: [u16; 60],
    /// Layout version.
    pub version: u8,
    /// PDA bump.
    pub bump: u8,
    /// Zero.
    pub reserved: [u8; 14],
}

impl Network {
    /// The rules of the mint limiter.
    pub fn limiter_rules(&self) -> LimiterRules {
        self.parameters().limiter_rules()
    }

    /// The parameters by name.
    pub fn parameters(&self) -> Parameters {
        Parameters::from_values(self.parameters)
    }

    /// The floating price of a class and tier as a share of the tier's base price, basis points.
    pub fn price_index(&self, class: u8, tier: u8) -> Result<u64> {
        let (class, tier) = (usize::from(class), usize::from(tier));
        require!(class < CLASSES && tier < TIERS, RenderError::UnknownKind);
        Ok(self.price_index_bps[class * TIERS + tier])
    }

    /// Whether any of `bits` is paused.
    pub fn is_paused(&self, bits: u64) -> bool {
        self.paused & bits != 0
    }
}
