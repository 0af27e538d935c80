//! A second computation of a lease by another operator's node.

use super::Lease;
use crate::errors::refused;
use anchor_lang::prelude::*;
use market_model::audit::{self, AuditState};

/// An audit. Its address names the lease's attempt, so that one of an earlier attempt never counts for a later one.
#[account]
pub struct Audit {
    /// The audited [`Lease`].
    pub lease: Address,
    /// The auditing [`Node`](super::Node).
    pub node: Address,
    /// Who paid the rent and receives it back.
    pub payer: Address,
    /// Salted commitment to the root; zero before.
    pub commitment: [u8; 32],
    /// The auditor's own root; zero before the reveal.
    pub root: [u8; 32],
    /// Credits it counts for when it agrees: what the lease is worth.
    pub value: u64,
    /// RENDER base units that the auditor loses at most; covered by its stake at the claim.
    pub penalty: u64,
    /// When its present state began, unix seconds.
    pub entered_at: i64,
    /// Latest moment of the commitment. The lease holds the deadline of the reveal, which all its audits share.
    pub deadline: i64,
    /// Slot of the commitment.
    pub committed_slot: u64,
    /// Attempt of the lease.
    pub attempt: u16,
    /// Which audit of the attempt, from 0.
    pub index: u8,
    /// Code of `market_model::audit::AuditState`.
    pub status: u8,
    /// Class of the job.
    pub class: u8,
    /// Layout version.
    pub version: u8,
    /// PDA bump.
    pub bump: u8,
    /// Zero.
    pub reserved: [u8; 17],
}

impl Audit {
    /// Whether it is one of this lease's present attempt.
    pub fn belongs_to(&self, address: &Address, lease: &Lease) -> bool {
        self.lease == *address && self.attempt == lease.attempt
    }

    /// The state machine of `market_model::audit` at this audit's state.
    pub fn model(&self) -> Result<audit::Audit> {
        Ok(audit::Audit { state: AuditState::try_from(self.status).map_err(refused)?, deadline: self.deadline })
    }

    /// Takes over what a transition gave.
    pub fn enter(&mut self, next: &audit::Audit, now: i64) {
        self.status = next.state.into();
        self.deadline = next.deadline;
        self.entered_at = now;
    }
}
