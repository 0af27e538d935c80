//! A range of a job's units in the hands of one node, and what the node has attested about it.

use crate::errors::refused;
use anchor_lang::prelude::*;
use market_model::lease::{LeaseRules, LeaseState};

/// A lease. After it is returned or expires it stays, claimable again under the next attempt number.
#[account]
pub struct Lease {
    /// The job.
    pub job: Address,
    /// The [`Node`](super::Node) that holds it.
    pub node: Address,
    /// Who paid the rent and receives it back.
    pub payer: Address,
    /// Salted commitment to the root; zero before.
    pub commitment: [u8; 32],
    /// Merkle root over the units' results; zero before the reveal.
    pub root: [u8; 32],
    /// SHA-256 of the blob that holds the results; zero before the reveal.
    pub result: [u8; 32],
    /// First unit.
    pub first_unit: u64,
    /// Credits the node earns for it.
    pub value: u64,
    /// When it could first be claimed under this attempt, unix seconds.
    pub claimable_at: i64,
    /// When its present state began: the claim, the commitment, the reveal or the acceptance.
    pub entered_at: i64,
    /// Latest moment of the commitment; after a commit, of the reveal; after a reveal, end of the challenge window.
    /// Fixed when the state begins, so that a change of parameters moves no deadline.
    pub deadline: i64,
    /// Slot of the commitment; the audit lottery draws from a later slot's hash.
    pub committed_slot: u64,
    /// Position in the job.
    pub index: u32,
    /// Units in it.
    pub units: u32,
    /// How often it has been given up before.
    pub attempt: u16,
    /// Which copy of the work this is; 0 for the first.
    pub replica: u8,
    /// Code of `market_model::lease::LeaseState`.
    pub status: u8,
    /// Class of the job.
    pub class: u8,
    /// Layout version.
    pub version: u8,
    /// PDA bump.
    pub bump: u8,
    /// Zero.
    pub reserved: [u8; 41],
}

impl Lease {
    /// The state machine of `market_model::lease` at this lease's state, and rules that give its fixed deadline.
    pub fn model(&self) -> Result<(market_model::lease::Lease, LeaseRules)> {
        let state = LeaseState::try_from(self.status).map_err(refused)?;
        let seconds = self.deadline.checked_sub(self.entered_at).ok_or(Error::ArithmeticOverflow)?;
        let lease = market_model::lease::Lease {
            state,
            attempt: self.attempt,
            opened_at: self.claimable_at,
            entered_at: self.entered_at,
        };
        Ok((lease, LeaseRules { lease_seconds: seconds, reveal_seconds: seconds, challenge_seconds: seconds }))
    }

    /// Takes over what a transition gave, with the seconds until the next deadline.
    pub fn enter(&mut self, next: market_model::lease::Lease, seconds: u64) -> Result<()> {
        let seconds = i64::try_from(seconds).map_err(|_| Error::ArithmeticOverflow)?;
        self.status = next.state.into();
        self.attempt = next.attempt;
        self.claimable_at = next.opened_at;
        self.entered_at = next.entered_at;
        self.deadline = next.entered_at.checked_add(seconds).ok_or(Error::ArithmeticOverflow)?;
        Ok(())
    }

    /// Forgets the node and what it attested; the lease can be claimed again.
    pub fn reopen(&mut self, next: market_model::lease::Lease) -> Result<()> {
        self.enter(next, 0)?;
        self.node = Address::default();
        self.commitment = [0; 32];
        self.root = [0; 32];
        self.result = [0; 32];
        self.committed_slot = 0;
        Ok(())
    }
}
