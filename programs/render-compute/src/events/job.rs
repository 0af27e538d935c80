//! Events of jobs.

use crate::constants::STATEMENT_BYTES;
use anchor_lang::prelude::*;

/// Credits were escrowed for work.
#[event(bytemuck)]
pub struct JobOpened {
    /// The job account.
    pub job: Address,
    /// Who pays.
    pub requester: Address,
    /// Digest of the manifest.
    pub manifest: [u8; 32],
    /// The engine account.
    pub engine: Address,
    /// Compute client, or zero.
    pub client: Address,
    /// What exactly is to be computed, as the engine's referee reads it.
    pub statement: [u8; STATEMENT_BYTES],
    /// The requester's number for it.
    pub nonce: u64,
    /// Units.
    pub units: u64,
    /// Credits per unit.
    pub price_per_unit: u64,
    /// Credits per unit for audits.
    pub premium_per_unit: u64,
    /// Credits per unit by the network's price of this tier, `u64::MAX` for more; what is paid where `at_network_price` says so.
    pub network_price_per_unit: u64,
    /// Index that this price comes from, basis points.
    pub price_index_bps: u64,
    /// Work measure per unit.
    pub work_per_unit: u64,
    /// Credits escrowed.
    pub escrow: u64,
    /// Requester's available credits before.
    pub available_before: u64,
    /// Requester's available credits after.
    pub available_after: u64,
    /// Slot of opening.
    pub opened_slot: u64,
    /// Unix seconds.
    pub opened_at: i64,
    /// Last moment a lease can be claimed.
    pub deadline: i64,
    /// Units per lease.
    pub units_per_lease: u32,
    /// Leases.
    pub leases: u32,
    /// Seconds a lease lasts.
    pub lease_seconds: u32,
    /// Least accelerator memory, MiB.
    pub minimum_memory_mib: u32,
    /// Least node reputation, basis points.
    pub minimum_reputation: u16,
    /// Preferred region.
    pub region: u16,
    /// Chance of a lease to be audited, basis points.
    pub audit_probability_bps: u16,
    /// The requester's reputation at the opening, basis points.
    pub requester_reputation: u16,
    /// Nodes that compute each lease.
    pub replicas: u8,
    /// One of the `CLASS_*` constants.
    pub class: u8,
    /// One of the `TIER_*` constants.
    pub tier: u8,
    /// Bandwidth tier, see `market_model::price`.
    pub bandwidth_tier: u8,
    /// 1 when the job pays the network's price, 0 when it pays its own.
    pub at_network_price: u8,
    /// Zero.
    pub padding: [u8; 3],
}

/// The seed of a job's race is fixed.
#[event(bytemuck)]
pub struct JobSeeded {
    /// The job account.
    pub job: Address,
    /// The seed.
    pub seed: [u8; 32],
    /// Slot whose hash it comes from.
    pub slot: u64,
}

/// The requester called a job off.
#[event(bytemuck)]
pub struct JobCancelled {
    /// The job account.
    pub job: Address,
    /// Leases settled so far.
    pub leases_settled: u64,
}

/// A lease nobody holds was taken out of a job that is over, and its credits went back.
#[event(bytemuck)]
pub struct LeaseReleased {
    /// The job account.
    pub job: Address,
    /// Position of the lease.
    pub index: u64,
    /// Credits given back.
    pub refund: u64,
    /// The job's escrow after.
    pub escrow_after: u64,
    /// Requester's available credits after.
    pub available_after: u64,
}

/// A job account was closed; its rent went to its payer.
#[event(bytemuck)]
pub struct JobClosed {
    /// The job account.
    pub job: Address,
    /// Credits paid out.
    pub spent: u64,
    /// Credits given back.
    pub refunded: u64,
    /// The requester's reputation before, basis points with 16 fraction bits.
    pub reputation_before: u32,
    /// The requester's reputation after.
    pub reputation_after: u32,
    /// When it was judged, unix seconds.
    pub closed_at: i64,
    /// Leases that were given back for their inputs and never finished.
    pub input_faults: u32,
    /// Code of `market_model::reputation::Reason`.
    pub reason: u8,
    /// Zero.
    pub padding: [u8; 3],
}
