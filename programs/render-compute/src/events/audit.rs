//! Events of audits.

use anchor_lang::prelude::*;

/// The lottery of a committed lease was drawn.
#[event(bytemuck)]
pub struct AuditDrawn {
    /// The lease account.
    pub lease: Address,
    /// The job account.
    pub job: Address,
    /// Seeds the race for the audits; zero when it was not picked.
    pub seed: [u8; 32],
    /// Slot whose hash decided.
    pub slot: u64,
    /// The uniform number drawn.
    pub draw: u64,
    /// Numbers below this are picked; the largest number when all are.
    pub threshold: u64,
    /// 1 when the lease was picked.
    pub picked: u64,
    /// Audits owed.
    pub audits: u64,
    /// Unix seconds; the race for audits counts from here.
    pub drawn_at: i64,
    /// Latest moment of a claim of an audit when it was picked, else of the reveal.
    pub deadline: i64,
}

/// A node took an audit.
#[event(bytemuck)]
pub struct AuditClaimed {
    /// The audit account.
    pub audit: Address,
    /// The lease account.
    pub lease: Address,
    /// The auditing node's account.
    pub node: Address,
    /// Its operator's wallet.
    pub operator: Address,
    /// Credits it is worth when it agrees.
    pub value: u64,
    /// RENDER base units that the auditor loses at most.
    pub penalty: u64,
    /// The node's weight in the race (Q32).
    pub weight: u64,
    /// The node's delay in the race, milliseconds.
    pub delay_ms: u64,
    /// Unix seconds.
    pub claimed_at: i64,
    /// Latest moment of the commitment.
    pub deadline: i64,
    /// Which audit of the attempt.
    pub index: u32,
    /// Attempt of the lease.
    pub attempt: u32,
}

/// An auditor committed to a root it has not shown.
#[event(bytemuck)]
pub struct AuditCommitted {
    /// The audit account.
    pub audit: Address,
    /// The lease account.
    pub lease: Address,
    /// The auditing node's account.
    pub node: Address,
    /// Salted digest of the root.
    pub commitment: [u8; 32],
    /// Slot of the commitment.
    pub slot: u64,
    /// Audits of the lease that are not committed yet.
    pub missing: u64,
    /// With none missing, the latest moment of the auditors' reveals; else of further claims.
    pub deadline: i64,
}

/// An auditor showed the root it had committed to.
#[event(bytemuck)]
pub struct AuditRevealed {
    /// The audit account.
    pub audit: Address,
    /// The lease account.
    pub lease: Address,
    /// The auditing node's account.
    pub node: Address,
    /// Merkle root over the units' results.
    pub root: [u8; 32],
    /// Audits of the lease that are not revealed yet.
    pub missing: u64,
    /// With none missing, the latest moment of the holder's reveal; else of the auditors'.
    pub deadline: i64,
}

/// An audit agreed with its lease and became work of its node; its account is closed.
#[event(bytemuck)]
pub struct AuditAccepted {
    /// The audit account.
    pub audit: Address,
    /// The lease account.
    pub lease: Address,
    /// The auditing node's account.
    pub node: Address,
    /// Credits earned.
    pub value: u64,
    /// Epoch it counts in.
    pub epoch: u64,
    /// The node's work of its class in that epoch, after.
    pub node_work_after: u64,
    /// Audits of the lease that are not paid yet.
    pub unpaid: u64,
    /// The node's reputation before, basis points with 16 fraction bits.
    pub reputation_before: u32,
    /// The node's reputation after.
    pub reputation_after: u32,
}

/// An audit ran past its deadline; its account is closed.
#[event(bytemuck)]
pub struct AuditExpired {
    /// The audit account.
    pub audit: Address,
    /// The lease account.
    pub lease: Address,
    /// The auditing node's account.
    pub node: Address,
    /// The deadline that passed.
    pub missed: i64,
    /// When the lease's state began that it is in now; the race for audits counts from here where it can be claimed again.
    pub entered_at: i64,
    /// The lease's deadline now.
    pub deadline: i64,
    /// Audits that the lease owes now.
    pub audits: u64,
    /// State of the lease now.
    pub status: u64,
    /// The node's reputation before, basis points with 16 fraction bits.
    pub reputation_before: u32,
    /// The node's reputation after.
    pub reputation_after: u32,
}

/// Nobody claimed audits that a lease owed; it goes on without them.
#[event(bytemuck)]
pub struct AuditLapsed {
    /// The lease account.
    pub lease: Address,
    /// Audits owed before.
    pub before: u64,
    /// Audits owed after.
    pub after: u64,
    /// State of the lease now.
    pub status: u64,
    /// The lease's deadline now.
    pub deadline: i64,
}

/// A node hid a result that had been audited: it lost the lease's penalty, of which the auditor received the finder's fee.
#[event(bytemuck)]
pub struct AuditForfeited {
    /// The audit account, closed.
    pub audit: Address,
    /// The lease account.
    pub lease: Address,
    /// The account of the node that hid its result.
    pub node: Address,
    /// The auditing node's account.
    pub auditor: Address,
    /// RENDER taken from the node.
    pub taken: u64,
    /// Of that, RENDER that became stake of the auditor.
    pub fee: u64,
    /// The auditor's stake after.
    pub auditor_stake_after: u64,
}

/// An audit that nobody needs any more was closed; its node is free.
#[event(bytemuck)]
pub struct AuditClosed {
    /// The audit account.
    pub audit: Address,
    /// The lease account.
    pub lease: Address,
    /// The auditing node's account.
    pub node: Address,
    /// Who received the rent.
    pub payer: Address,
}
