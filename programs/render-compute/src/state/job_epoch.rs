//! What a job spent in an epoch: what its requester's rebate is a share of.

use anchor_lang::prelude::*;

/// A job's record of an epoch. It knows requester and client by itself, so that the rebate outlives the job's account.
#[account]
pub struct JobEpoch {
    /// The [`Job`](super::Job).
    pub job: Address,
    /// Its requester, who receives the rebate.
    pub requester: Address,
    /// The compute [`Client`](super::Client) it came through, which has a share of the rebate; zero when none.
    pub client: Address,
    /// Who paid the rent and receives it back.
    pub payer: Address,
    /// Epoch.
    pub epoch: u64,
    /// Credits spent on accepted work, premiums included.
    pub spent: u64,
    /// RENDER minted for it.
    pub claimed: u64,
    /// 1 once claimed.
    pub is_claimed: u8,
    /// Layout version.
    pub version: u8,
    /// PDA bump.
    pub bump: u8,
    /// Zero.
    pub reserved: [u8; 21],
}
