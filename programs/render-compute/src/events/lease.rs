//! Events of leases and attestations.

use anchor_lang::prelude::*;

/// A node won a lease.
#[event(bytemuck)]
pub struct LeaseClaimed {
    /// The lease account.
    pub lease: Address,
    /// The job account.
    pub job: Address,
    /// The node account.
    pub node: Address,
    /// First unit.
    pub first_unit: u64,
    /// Credits it is worth.
    pub value: u64,
    /// Credits that its acceptance spends for audits.
    pub premium: u64,
    /// RENDER base units that the node loses at most for hiding or faking its result.
    pub penalty: u64,
    /// The node's weight in the race (Q32).
    pub weight: u64,
    /// The node's delay in the race, milliseconds.
    pub delay_ms: u64,
    /// Unix seconds.
    pub claimed_at: i64,
    /// Latest moment of the commitment.
    pub deadline: i64,
    /// Position in the job.
    pub index: u32,
    /// Units.
    pub units: u32,
    /// Attempt number.
    pub attempt: u32,
    /// Copy number.
    pub replica: u32,
}

/// A node gave a lease back.
#[event(bytemuck)]
pub struct LeaseReturned {
    /// The lease account.
    pub lease: Address,
    /// The node account.
    pub node: Address,
    /// When it can be claimed again.
    pub claimable_at: i64,
    /// The node's reputation before, basis points with 16 fraction bits.
    pub reputation_before: u32,
    /// The node's reputation after.
    pub reputation_after: u32,
    /// The job's leases that were given back for their inputs and not finished since.
    pub input_faults: u32,
    /// Operators that found the job's inputs unusable: none, one, or 2 for more.
    pub fault_operators: u8,
    /// Code of `market_model::reputation::Reason`: the node's own reasons, or unusable inputs.
    pub reason: u8,
    /// Zero.
    pub padding: [u8; 2],
}

/// A lease ran past its deadline.
#[event(bytemuck)]
pub struct LeaseExpired {
    /// The lease account.
    pub lease: Address,
    /// The node account.
    pub node: Address,
    /// The deadline that passed.
    pub deadline: i64,
    /// When it can be claimed again.
    pub claimable_at: i64,
    /// The node's reputation before, basis points.
    pub reputation_before: u32,
    /// The node's reputation after.
    pub reputation_after: u32,
}

/// A node committed to a result it has not shown.
#[event(bytemuck)]
pub struct AttestationCommitted {
    /// The lease account.
    pub lease: Address,
    /// The node account.
    pub node: Address,
    /// Salted digest of the root.
    pub commitment: [u8; 32],
    /// Slot of the commitment.
    pub slot: u64,
    /// Latest moment of the reveal.
    pub reveal_by: i64,
}

/// A node showed the root it had committed to.
#[event(bytemuck)]
pub struct AttestationRevealed {
    /// The lease account.
    pub lease: Address,
    /// The node account.
    pub node: Address,
    /// Merkle root over the units' results.
    pub root: [u8; 32],
    /// SHA-256 of the blob with the results.
    pub result: [u8; 32],
    /// End of the challenge window.
    pub challenge_until: i64,
}

/// A lease's units were accepted; their credits left the escrow and became the node's work of the epoch.
#[event(bytemuck)]
pub struct LeaseAccepted {
    /// The lease account.
    pub lease: Address,
    /// The job account.
    pub job: Address,
    /// The node account.
    pub node: Address,
    /// Merkle root over the units' results.
    pub root: [u8; 32],
    /// SHA-256 of the blob with the results.
    pub result: [u8; 32],
    /// Credits earned.
    pub value: u64,
    /// Credits spent for audits on top.
    pub premium: u64,
    /// The job's escrow after.
    pub escrow_after: u64,
    /// Epoch it counts in.
    pub epoch: u64,
    /// The node's work of its class in that epoch, after.
    pub node_work_after: u64,
    /// Seconds from the claim to the commitment, which count as use of the network's capacity.
    pub busy_seconds: u64,
    /// Position in the job.
    pub index: u32,
    /// Units.
    pub units: u32,
    /// The node's reputation before, basis points.
    pub reputation_before: u32,
    /// The node's reputation after.
    pub reputation_after: u32,
}

/// A lease account was closed; its rent went to its payer.
#[event(bytemuck)]
pub struct LeaseClosed {
    /// The lease account.
    pub lease: Address,
    /// Who received the rent.
    pub payer: Address,
}
