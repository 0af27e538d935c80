//! Events of operators, nodes and stakes.

use crate::state::Node;
use anchor_lang::prelude::*;
use market_model::stake::Stake;

/// A wallet became an operator.
#[event(bytemuck)]
pub struct OperatorRegistered {
    /// The wallet.
    pub wallet: Address,
    /// Token account that claims are minted to.
    pub payout: Address,
}

/// An operator is gone.
#[event(bytemuck)]
pub struct OperatorClosed {
    /// The wallet.
    pub wallet: Address,
}

/// An operator is paid to another token account from now.
#[event(bytemuck)]
pub struct PayoutChanged {
    /// The wallet.
    pub wallet: Address,
    /// Account until now.
    pub before: Address,
    /// Account from now.
    pub after: Address,
}

/// A node was registered, or its operator changed what it offers.
#[event(bytemuck)]
pub struct NodeRegistered {
    /// The node account.
    pub node: Address,
    /// Its identity key.
    pub identity: Address,
    /// Its operator's wallet.
    pub operator: Address,
    /// Accelerator, zero-padded.
    pub hardware: [u8; 32],
    /// Asks per class, credits per work measure.
    pub asks: [u64; 2],
    /// Slot of registration.
    pub registered_slot: u64,
    /// Leases that may be held at once.
    pub capacity: u32,
    /// Accelerator memory, MiB.
    pub memory_mib: u32,
    /// Region code.
    pub region: u16,
    /// Least requester's reputation it works for, basis points.
    pub minimum_requester_reputation: u16,
    /// Bit per class served.
    pub classes: u8,
    /// 1 while it takes no new leases.
    pub draining: u8,
    /// Zero.
    pub padding: [u8; 2],
}

/// A node's tier was reviewed by an epoch.
#[event(bytemuck)]
pub struct NodeReviewed {
    /// The node account.
    pub node: Address,
    /// The epoch.
    pub epoch: u64,
    /// The node's reputation at the review, basis points.
    pub reputation_bps: u16,
    /// The node's uptime at the review, basis points.
    pub uptime_bps: u16,
    /// 1 where the node worked or was probed in the epoch.
    pub is_active: u8,
    /// What the epoch counted as: code of `market_model::tier::Verdict`.
    pub verdict: u8,
    /// Tier before.
    pub tier_before: u8,
    /// Tier after.
    pub tier_after: u8,
    /// Good epochs in a row after.
    pub good_epochs: u8,
    /// Bad epochs in a row after.
    pub bad_epochs: u8,
    /// 1 where a later epoch was reviewed before, so that this one changed nothing.
    pub is_late: u8,
    /// Zero.
    pub padding: [u8; 5],
}

/// A node is gone.
#[event(bytemuck)]
pub struct NodeClosed {
    /// The node account.
    pub node: Address,
    /// Its operator's wallet.
    pub operator: Address,
}

/// Stake moved: deposited, set to unbond, or withdrawn.
#[event(bytemuck)]
pub struct StakeChanged {
    /// The node account.
    pub node: Address,
    /// RENDER at stake before.
    pub stake_before: u64,
    /// RENDER at stake after.
    pub stake_after: u64,
    /// RENDER unbonding before.
    pub unbonding_before: u64,
    /// RENDER unbonding after.
    pub unbonding_after: u64,
    /// When it can be withdrawn, unix seconds.
    pub unbonding_until: i64,
}

/// Stake was slashed. Nothing is slashed without this event (law L8).
#[event(bytemuck)]
pub struct StakeSlashed {
    /// The node account.
    pub node: Address,
    /// Evidence: the lease or audit whose deadline was missed, or the dispute that was lost.
    pub evidence: Address,
    /// RENDER taken from the stake.
    pub from_stake: u64,
    /// RENDER taken from what was unbonding.
    pub from_unbonding: u64,
    /// One of the `SLASH_*` codes.
    pub reason: u64,
}

/// Reason code: the lease's deadline passed without a result.
pub const SLASH_LEASE_EXPIRED: u64 = 1;
/// Reason code: a commitment that nobody audited was not revealed in time.
pub const SLASH_REVEAL_MISSED: u64 = 2;
/// Reason code: a commitment was not revealed in time although the lottery had picked it, or was not drawn while it could be.
pub const SLASH_AUDITED_REVEAL_MISSED: u64 = 3;
/// Reason code: an audit was claimed and not committed in time.
pub const SLASH_AUDIT_EXPIRED: u64 = 4;
/// Reason code: an audit was committed and not revealed in time.
pub const SLASH_AUDIT_REVEAL_MISSED: u64 = 5;
/// Reason code: a dispute was lost by the step that the chain executed.
pub const SLASH_DISPUTE_LOST: u64 = 6;
/// Reason code: a dispute was lost by silence.
pub const SLASH_TURN_MISSED: u64 = 7;
/// Reason code: a probe was not answered in time.
pub const SLASH_PROBE_MISSED: u64 = 8;

/// Slashed RENDER left the vault and was burned.
#[event(bytemuck)]
pub struct SlashBurned {
    /// The node account.
    pub node: Address,
    /// RENDER burned.
    pub amount: u64,
}

/// The event of a slash that turned `before` into what the node's stake is now.
pub fn stake_slashed(node: &Account<Node>, before: &Stake, evidence: &Address, reason: u64) -> StakeSlashed {
    StakeSlashed {
        node: *node.address(),
        evidence: *evidence,
        from_stake: before.staked.saturating_sub(node.stake),
        from_unbonding: before.unbonding.saturating_sub(node.unbonding),
        reason,
    }
}

/// The event of a movement of stake.
pub fn stake_changed(node: &Address, before: &Stake, after: &Stake) -> StakeChanged {
    StakeChanged {
        node: *node,
        stake_before: before.staked,
        stake_after: after.staked,
        unbonding_before: before.unbonding,
        unbonding_after: after.unbonding,
        unbonding_until: after.unbonding_until,
    }
}
