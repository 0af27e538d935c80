//! Events of disputes. After each one an indexer knows all that the dispute account says.

use crate::{
    constants::{CLASSES, STEP_PARTS},
    state::Dispute,
};
use anchor_lang::prelude::*;

/// A lease's root was denied.
#[event(bytemuck)]
pub struct DisputeOpened {
    /// The dispute account.
    pub dispute: Address,
    /// The lease account.
    pub lease: Address,
    /// Its job.
    pub job: Address,
    /// Who paid the rent.
    pub payer: Address,
    /// The node that revealed the root.
    pub defender: Address,
    /// The auditor's node, or the wallet with the bond.
    pub challenger: Address,
    /// Signs the defender's moves.
    pub defender_key: Address,
    /// Signs the challenger's moves.
    pub challenger_key: Address,
    /// The audit that differs; zero for a challenge with a bond.
    pub audit: Address,
    /// The program that will execute the disputed step.
    pub referee: Address,
    /// The denied root.
    pub root: [u8; 32],
    /// RENDER base units put up.
    pub bond: u64,
    /// The lease's first unit.
    pub unit: u64,
    /// Units of the lease.
    pub count: u64,
    /// Unix seconds.
    pub opened_at: i64,
    /// Latest moment of the first move.
    pub deadline: i64,
    /// Number among the lease's disputes.
    pub number: u32,
    /// Attempt of the lease.
    pub attempt: u32,
}

/// The defender divided what is under dispute.
#[event(bytemuck)]
pub struct DisputeDivided {
    /// The dispute account.
    pub dispute: Address,
    /// First leaf or step of what was divided.
    pub first: u64,
    /// Leaves or steps of what was divided.
    pub count: u64,
    /// Latest moment of the next move.
    pub deadline: i64,
    /// Code of the stage.
    pub stage: u64,
    /// Hashes posted.
    pub posted: u64,
    /// The hashes, then zeros.
    pub hashes: [[u8; 32]; STEP_PARTS - 1],
}

/// The challenger named what it denies. The numbers are those after the pick.
#[event(bytemuck)]
pub struct DisputePicked {
    /// The dispute account.
    pub dispute: Address,
    /// Root under dispute.
    pub root: [u8; 32],
    /// Hash of the agreed state.
    pub low: [u8; 32],
    /// Hash of the denied state.
    pub high: [u8; 32],
    /// What was named.
    pub picked: u64,
    /// The disputed unit.
    pub unit: u64,
    /// First leaf or step under dispute.
    pub first: u64,
    /// Leaves or steps under dispute.
    pub count: u64,
    /// The disputed segment.
    pub segment: u64,
    /// Latest moment of the next move.
    pub deadline: i64,
    /// Code of the stage.
    pub stage: u64,
}

/// The defender opened the leaf of the disputed unit.
#[event(bytemuck)]
pub struct UnitShown {
    /// The dispute account.
    pub dispute: Address,
    /// The unit's output.
    pub output: [u8; 32],
    /// Root of the unit's trace.
    pub trace: [u8; 32],
    /// Hash of the unit's first state, as the referee says.
    pub low: [u8; 32],
    /// Hash of its last state with this output, as the referee says.
    pub high: [u8; 32],
    /// The unit.
    pub unit: u64,
    /// Segments of its trace, as the referee says.
    pub segments: u64,
    /// Steps of a segment, as the referee says.
    pub segment_steps: u64,
    /// Latest moment of the next move.
    pub deadline: i64,
    /// Code of the stage.
    pub stage: u64,
}

/// The defender showed the state at the disputed segment's beginning.
#[event(bytemuck)]
pub struct SegmentShown {
    /// The dispute account.
    pub dispute: Address,
    /// Hash of the state.
    pub low: [u8; 32],
    /// The segment.
    pub segment: u64,
    /// Latest moment of the next move.
    pub deadline: i64,
    /// Code of the stage.
    pub stage: u64,
}

/// The referee executed the disputed step.
#[event(bytemuck)]
pub struct StepExecuted {
    /// The dispute account.
    pub dispute: Address,
    /// Hash of the state before, which both sides agreed on.
    pub before: [u8; 32],
    /// Hash of the state after, as the defender claimed it.
    pub claimed: [u8; 32],
    /// Hash of the state after, as the referee computed it; zero for a fault.
    pub computed: [u8; 32],
    /// 1 where the step could not be executed at all.
    pub is_fault: u64,
}

/// A dispute has a verdict.
#[event(bytemuck)]
pub struct DisputeDecided {
    /// The dispute account.
    pub dispute: Address,
    /// Code of `market_model::dispute::Verdict`.
    pub verdict: u64,
}

/// A node lost the work that it had not been paid for yet.
#[event(bytemuck)]
pub struct WorkForfeited {
    /// The node account.
    pub node: Address,
    /// Evidence: the dispute that it lost.
    pub dispute: Address,
    /// The epoch.
    pub epoch: u64,
    /// Credits of work by class.
    pub work: [u64; CLASSES],
}

/// The loser of a dispute paid.
#[event(bytemuck)]
pub struct DisputeSettled {
    /// The dispute account.
    pub dispute: Address,
    /// The lease account.
    pub lease: Address,
    /// The node or wallet that won.
    pub winner: Address,
    /// The node or wallet that lost.
    pub loser: Address,
    /// RENDER base units taken from the loser's stake or bond.
    pub taken: u64,
    /// Of these, what the winner receives.
    pub fee: u64,
    /// RENDER base units that the vault owes the challenger's wallet from now.
    pub owed: u64,
    /// RENDER base units of the bond that wait to be burned.
    pub forfeited: u64,
    /// One of the `SLASH_*` codes.
    pub reason: u64,
    /// When the lease can be claimed again, or 0 where it stays with the defender.
    pub claimable_at: i64,
    /// End of the lease's new challenge window, or 0 where the defender lost it.
    pub challenge_until: i64,
    /// The losing node's reputation before; 0 for a wallet.
    pub reputation_before: u32,
    /// The losing node's reputation after; 0 for a wallet.
    pub reputation_after: u32,
}

/// A dispute account was closed; its rent went to its payer.
#[event(bytemuck)]
pub struct DisputeClosed {
    /// The dispute account.
    pub dispute: Address,
    /// Who received the rent.
    pub payer: Address,
    /// RENDER base units paid to the challenger's wallet.
    pub paid: u64,
    /// RENDER base units burned.
    pub burned: u64,
}

/// Somebody has an account for evidence.
#[event(bytemuck)]
pub struct EvidenceOpened {
    /// The evidence account.
    pub evidence: Address,
    /// The dispute account.
    pub dispute: Address,
    /// Who writes it and paid the rent.
    pub author: Address,
    /// Bytes of evidence that the rent is paid for.
    pub size: u64,
}

/// An account for evidence was closed; its rent went to its author.
#[event(bytemuck)]
pub struct EvidenceClosed {
    /// The evidence account.
    pub evidence: Address,
    /// The dispute account.
    pub dispute: Address,
    /// Who received the rent.
    pub author: Address,
}

/// The event of a dispute's beginning.
pub fn dispute_opened(address: &Address, dispute: &Dispute, units: u32) -> DisputeOpened {
    DisputeOpened {
        dispute: *address,
        lease: dispute.lease,
        job: dispute.job,
        payer: dispute.payer,
        defender: dispute.defender,
        challenger: dispute.challenger,
        defender_key: dispute.defender_key,
        challenger_key: dispute.challenger_key,
        audit: dispute.audit,
        referee: dispute.referee,
        root: dispute.root,
        bond: dispute.bond,
        unit: dispute.unit,
        count: u64::from(units),
        opened_at: dispute.opened_at,
        deadline: dispute.deadline,
        number: dispute.number,
        attempt: u32::from(dispute.attempt),
    }
}

/// The event of a pick.
pub fn dispute_picked(address: &Address, dispute: &Dispute, picked: u8) -> DisputePicked {
    DisputePicked {
        dispute: *address,
        root: dispute.root,
        low: dispute.low,
        high: dispute.high,
        picked: u64::from(picked),
        unit: dispute.unit,
        first: dispute.first,
        count: dispute.count,
        segment: dispute.segment,
        deadline: dispute.deadline,
        stage: u64::from(dispute.stage),
    }
}
