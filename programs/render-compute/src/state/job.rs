//! An escrowed order for work.

use super::Lease;
use crate::constants::STATEMENT_BYTES;
use anchor_lang::prelude::*;
use market_model::{job::JobTerms, reputation::JobRecord};

/// A job. Its leases are the fixed ranges `[index * units_per_lease, ...)`, so that claiming one needs no write lock here.
#[account]
pub struct Job {
    /// Who pays.
    pub requester: Address,
    /// Who paid the rent and receives it back.
    pub payer: Address,
    /// SHA-256 of the canonical manifest.
    pub manifest: [u8; 32],
    /// The [`Engine`](super::Engine) that runs it.
    pub engine: Address,
    /// Compute client it came through; zero when none.
    pub client: Address,
    /// Fixed by the first slot hash after `opened_slot`; zero until then.
    pub seed: [u8; 32],
    /// What exactly is to be computed, as the engine's referee reads it. Begins with the engine's format number.
    pub statement: [u8; STATEMENT_BYTES],
    /// Distinguishes the requester's jobs.
    pub nonce: u64,
    /// Units of work.
    pub units: u64,
    /// Credits per unit.
    pub price_per_unit: u64,
    /// Credits per unit for audits, on top of the price.
    pub premium_per_unit: u64,
    /// Work measure of one unit (for `render`: camera samples), what nodes' asks are compared with.
    pub work_per_unit: u64,
    /// Credits still held for units that are not accepted or refunded.
    pub escrow: u64,
    /// Units accepted.
    pub units_accepted: u64,
    /// Credits paid out for accepted units.
    pub spent: u64,
    /// Credits given back.
    pub refunded: u64,
    /// Slot of opening.
    pub opened_slot: u64,
    /// When it was opened, unix seconds.
    pub opened_at: i64,
    /// After this moment no lease can be claimed, unix seconds.
    pub deadline: i64,
    /// Units in a lease; the last one may have fewer.
    pub units_per_lease: u32,
    /// Number of leases.
    pub leases: u32,
    /// Leases accepted or released.
    pub leases_settled: u32,
    /// Seconds a lease lasts.
    pub lease_seconds: u32,
    /// Leases that were given back because the job's inputs could not be used and that nobody has finished since.
    pub input_faults: u32,
    /// Least accelerator memory, MiB.
    pub minimum_memory_mib: u32,
    /// Least node reputation, basis points.
    pub minimum_reputation: u16,
    /// Preferred region, see `market_model::region`; 0 for any.
    pub region: u16,
    /// Chance of a lease to be audited, basis points, as the network had it when the job was opened.
    pub audit_probability_bps: u16,
    /// Requester's reputation at the opening, basis points.
    pub requester_reputation: u16,
    /// One of the `TIER_*` constants.
    pub tier: u8,
    /// Bandwidth tier that was asked and paid for, see `market_model::price`.
    pub bandwidth_tier: u8,
    /// Nodes that compute each lease: 1, or more for an audit of every lease by the others.
    pub replicas: u8,
    /// One of the `CLASS_*` constants.
    pub class: u8,
    /// One of the `VERIFICATION_*` constants.
    pub verification: u8,
    /// One of the `JOB_*` constants.
    pub status: u8,
    /// 1 once `seed` is fixed.
    pub seeded: u8,
    /// Layout version.
    pub version: u8,
    /// PDA bump.
    pub bump: u8,
    /// Operators that found its inputs unusable: none, one, or 2 for more.
    pub fault_operators: u8,
    /// The first of them; zero when none.
    pub fault_operator: Address,
    /// Zero.
    pub reserved: [u8; 22],
    /// A bit per lease: set once when its units are accepted or refunded (law L7).
    pub settled: [u8; 128],
}

/// Leases can be claimed.
pub const JOB_OPEN: u8 = 0;
/// The requester called it off: nothing new is claimed, what is leased is finished and paid.
pub const JOB_CANCELLED: u8 = 1;
/// Every lease is settled.
pub const JOB_DONE: u8 = 2;

impl Job {
    /// The terms that leases are cut from.
    pub fn terms(&self) -> JobTerms {
        JobTerms {
            units: self.units,
            units_per_lease: u64::from(self.units_per_lease),
            price_per_unit: self.price_per_unit,
            premium_per_unit: self.premium_per_unit,
        }
    }

    /// Whether lease `index` has been accepted or refunded.
    pub fn is_settled(&self, index: u32) -> bool {
        let byte = self.settled.get((index / 8) as usize).copied().unwrap_or(0);
        byte >> (index % 8) & 1 == 1
    }

    /// Notes that a node of `operator` could not use the inputs of a lease. A lease counts once.
    pub fn find_fault(&mut self, lease: &mut Lease, operator: &Address) {
        if lease.input_fault == 0 {
            lease.input_fault = 1;
            self.input_faults = self.input_faults.saturating_add(1);
        }
        match self.fault_operators {
            0 => {
                self.fault_operator = *operator;
                self.fault_operators = 1;
            }
            1 if self.fault_operator != *operator => self.fault_operators = 2,
            _ => {}
        }
    }

    /// Notes that a lease was finished after all, which proves that its inputs could be used.
    pub fn disprove_fault(&mut self, lease: &mut Lease) {
        if lease.input_fault != 0 {
            lease.input_fault = 0;
            self.input_faults = self.input_faults.saturating_sub(1);
        }
    }

    /// What the job says of its requester once it is over.
    pub fn record(&self) -> JobRecord {
        JobRecord {
            spent: self.spent,
            refunded: self.refunded,
            leases: self.leases,
            faults: self.input_faults,
            is_corroborated: self.fault_operators > 1,
        }
    }

    /// Marks lease `index`; false when it was marked already or is out of range.
    pub fn settle(&mut self, index: u32) -> bool {
        if index >= self.leases || self.is_settled(index) {
            return false;
        }
        let Some(byte) = self.settled.get_mut((index / 8) as usize) else { return false };
        *byte |= 1 << (index % 8);
        self.leases_settled = self.leases_settled.saturating_add(1);
        if self.leases_settled == self.leases {
            self.status = JOB_DONE;
        }
        true
    }
}
