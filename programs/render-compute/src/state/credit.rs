//! A requester's credits (10^-6 USD, non-transferable).

use super::Remembered;
use crate::constants::OUTCOMES;
use anchor_lang::prelude::*;

/// Credits of one wallet. Escrowed credits live in the jobs; `available + sum(jobs.escrow) = bought - spent` (law L1).
#[account]
pub struct CreditAccount {
    /// The requester.
    pub owner: Address,
    /// Who paid the rent and receives it back.
    pub payer: Address,
    /// Credits that can be escrowed.
    pub available: u64,
    /// Credits ever moved into jobs.
    pub escrowed_total: u64,
    /// Credits that came back from jobs.
    pub refunded_total: u64,
    /// Credits ever bought.
    pub bought_total: u64,
    /// RENDER ever burned for them.
    pub burned_total: u64,
    /// Jobs opened so far; the next job's nonce.
    pub jobs: u64,
    /// When reputation was last updated, unix seconds; 0 before the first outcome.
    pub reputation_at: i64,
    /// Its last outcomes, the latest first.
    pub outcomes: [Remembered; OUTCOMES],
    /// Standing of the requester, basis points with 16 fraction bits; 5,000 is neutral.
    pub reputation: u32,
    /// Layout version.
    pub version: u8,
    /// PDA bump.
    pub bump: u8,
    /// Zero.
    pub reserved: [u8; 34],
}
