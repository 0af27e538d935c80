//! A requester's credits (10^-6 USD, non-transferable).

use super::{Remembered, outcome::remember};
use crate::{constants::OUTCOMES, errors::refused};
use anchor_lang::prelude::*;
use market_model::reputation::{JobRecord, Reason, Reputation, ReputationRules, of_job};

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

impl CreditAccount {
    /// The requester's reputation by the rules' names.
    pub fn reputation_model(&self) -> Reputation {
        Reputation { score: u64::from(self.reputation), updated_at: self.reputation_at }
    }

    /// Moves the requester's reputation by a job that is closed, and remembers why.
    pub fn judge(&mut self, job: &JobRecord, now: i64, rules: &ReputationRules) -> Result<Reason> {
        let (after, reason) = of_job(self.reputation_model(), job, now, rules).map_err(refused)?;
        self.reputation = u32::try_from(after.score).map_err(|_| Error::ArithmeticOverflow)?;
        self.reputation_at = after.updated_at;
        remember(&mut self.outcomes, reason, self.reputation, now);
        Ok(reason)
    }
}
