//! A range of a job's units in the hands of one node, and what the node has attested about it.

use crate::{constants::MAX_AUDITS, errors::refused};
use anchor_lang::prelude::*;
use core::ops::Range;
use market_model::lease::{self, Audits, LeaseState};

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
    /// From the lottery's slot hash when audits are owed: seeds the race for them. Zero otherwise.
    pub audit_seed: [u8; 32],
    /// Operators of the nodes that audit it, by audit index; zero where nobody does.
    pub auditors: [Address; MAX_AUDITS],
    /// First unit.
    pub first_unit: u64,
    /// Credits the node earns for it.
    pub value: u64,
    /// Credits that its acceptance spends for audits on top of `value`.
    pub premium: u64,
    /// RENDER base units that the node loses at most for hiding or faking its result; covered by its stake at the claim.
    pub penalty: u64,
    /// When it could first be claimed under this attempt, unix seconds.
    pub claimable_at: i64,
    /// When the present attempt was claimed, unix seconds.
    pub claimed_at: i64,
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
    /// Seconds from the claim to the commitment of the present attempt.
    pub busy_seconds: u32,
    /// Disputes ever opened over it; numbers their addresses.
    pub disputes: u32,
    /// How often it has been given up before.
    pub attempt: u16,
    /// How often an audit of this attempt was given up before; enters the race for audits.
    pub audit_attempt: u16,
    /// Which copy of the work this is; 0 for the first.
    pub replica: u8,
    /// Code of `market_model::lease::LeaseState`.
    pub status: u8,
    /// Class of the job.
    pub class: u8,
    /// 1 once the lottery has been drawn for this attempt.
    pub drawn: u8,
    /// Audits that must agree before it can be accepted.
    pub audits_owed: u8,
    /// Audits claimed and not given up.
    pub audits_claimed: u8,
    /// Audits committed.
    pub audits_committed: u8,
    /// Audits revealed.
    pub audits_revealed: u8,
    /// Audits that agreed and were paid.
    pub audits_paid: u8,
    /// 1 while a node has given it back for its inputs and nobody has finished it since.
    pub input_fault: u8,
    /// Layout version.
    pub version: u8,
    /// PDA bump.
    pub bump: u8,
    /// Zero.
    pub reserved: [u8; 16],
}

impl Lease {
    /// Its units.
    pub fn range(&self) -> Range<u64> {
        self.first_unit..self.first_unit.saturating_add(u64::from(self.units))
    }

    /// The state machine of `market_model::lease` at this lease's state.
    pub fn model(&self) -> Result<lease::Lease> {
        Ok(lease::Lease {
            state: LeaseState::try_from(self.status).map_err(refused)?,
            attempt: self.attempt,
            opened_at: self.claimable_at,
            entered_at: self.entered_at,
            deadline: self.deadline,
            audits: Audits {
                is_drawn: self.drawn == 1,
                owed: self.audits_owed,
                claimed: self.audits_claimed,
                committed: self.audits_committed,
                revealed: self.audits_revealed,
                paid: self.audits_paid,
                attempt: self.audit_attempt,
            },
        })
    }

    /// Takes over what a transition gave.
    pub fn enter(&mut self, next: &lease::Lease) {
        self.status = next.state.into();
        self.attempt = next.attempt;
        self.claimable_at = next.opened_at;
        self.entered_at = next.entered_at;
        self.deadline = next.deadline;
        self.drawn = u8::from(next.audits.is_drawn);
        self.audits_owed = next.audits.owed;
        self.audits_claimed = next.audits.claimed;
        self.audits_committed = next.audits.committed;
        self.audits_revealed = next.audits.revealed;
        self.audits_paid = next.audits.paid;
        self.audit_attempt = next.audits.attempt;
    }

    /// Forgets the node and what it attested; the lease can be claimed again.
    pub fn reopen(&mut self, next: &lease::Lease) {
        self.enter(next);
        self.node = Address::default();
        self.commitment = [0; 32];
        self.root = [0; 32];
        self.result = [0; 32];
        self.audit_seed = [0; 32];
        self.auditors = [Address::default(); MAX_AUDITS];
        self.penalty = 0;
        self.committed_slot = 0;
    }
}
