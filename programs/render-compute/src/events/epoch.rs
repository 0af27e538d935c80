//! Events of epochs.

use crate::constants::{CLASSES, TIERS};
use anchor_lang::prelude::*;

/// An epoch began.
#[event(bytemuck)]
pub struct EpochOpened {
    /// Number.
    pub number: u64,
    /// Who paid the rent.
    pub payer: Address,
    /// Start, unix seconds.
    pub starts_at: i64,
    /// End, unix seconds.
    pub ends_at: i64,
}

/// A shard of a running epoch exists.
#[event(bytemuck)]
pub struct EpochShardOpened {
    /// Epoch.
    pub number: u64,
    /// Shard.
    pub shard: u64,
    /// Who paid the rent.
    pub payer: Address,
}

/// A shard was closed; its rent went to its payer.
#[event(bytemuck)]
pub struct EpochShardClosed {
    /// Epoch.
    pub number: u64,
    /// Shard.
    pub shard: u64,
    /// Who received the rent.
    pub payer: Address,
}

/// A node has a record in a running epoch.
#[event(bytemuck)]
pub struct NodeEpochOpened {
    /// Epoch.
    pub number: u64,
    /// The node account.
    pub node: Address,
    /// Who paid the rent.
    pub payer: Address,
    /// RENDER at stake, which counts in the epoch.
    pub stake: u64,
}

/// A node's record of an epoch was closed; its rent went to its payer.
#[event(bytemuck)]
pub struct NodeEpochClosed {
    /// Epoch.
    pub number: u64,
    /// The node account.
    pub node: Address,
    /// Who received the rent.
    pub payer: Address,
}

/// A shard's totals were added to its epoch's.
#[event(bytemuck)]
pub struct EpochShardSummed {
    /// Epoch.
    pub number: u64,
    /// Shard.
    pub shard: u64,
    /// Credits of accepted work by class.
    pub work: [u64; CLASSES],
    /// Availability and service points.
    pub availability: u64,
    /// Nodes that qualified for availability.
    pub qualified: u64,
    /// Credits that requesters spent on accepted work.
    pub spent: u64,
    /// Stake of the nodes that have a record.
    pub stake: u64,
    /// Seconds that accepted leases were worked on, by class.
    pub busy_seconds: [u64; CLASSES],
    /// Seconds that places for leases were there to be used, by class.
    pub capacity_seconds: [u64; CLASSES],
    /// RENDER burned.
    pub burned: u64,
    /// Credits bought.
    pub bought: u64,
}

/// An epoch's pools are fixed.
#[event(bytemuck)]
pub struct EpochFinalized {
    /// Number.
    pub number: u64,
    /// RENDER the schedule emits.
    pub emission: u64,
    /// Credits of accepted work by class.
    pub work: [u64; CLASSES],
    /// The same, smoothed.
    pub smoothed_work: [u64; CLASSES],
    /// Availability and service points of all nodes.
    pub availability: u64,
    /// Nodes that qualified for availability.
    pub qualified: u64,
    /// Credits that requesters spent on accepted work.
    pub spent: u64,
    /// Stake of the nodes that had a record; the network's active stake from now.
    pub stake: u64,
    /// Seconds that accepted leases were worked on, by class.
    pub busy_seconds: [u64; CLASSES],
    /// Seconds that places for leases were there to be used, by class.
    pub capacity_seconds: [u64; CLASSES],
    /// RENDER given out again on top of the emission.
    pub recycled: u64,
    /// RENDER burned up to now and not given out again.
    pub unrecycled: u64,
    /// Average of RENDER burned.
    pub smoothed_burned: u64,
    /// RENDER of the purchases that bounded the pools.
    pub rate_burned: u64,
    /// Credits of these purchases.
    pub rate_bought: u64,
    /// Most availability reward of one node.
    pub availability_cap: u64,
    /// RENDER burned in the epoch.
    pub burned: u64,
    /// Credits bought in the epoch.
    pub bought: u64,
    /// RENDER for network operations.
    pub operations_pool: u64,
    /// RENDER for creators.
    pub creators_pool: u64,
    /// RENDER for availability.
    pub availability_pool: u64,
    /// RENDER for work by class.
    pub work_pools: [u64; CLASSES],
    /// RENDER left for the next epoch: creators, availability, render, compute.
    pub carry: [u64; 4],
    /// Floating prices from now on, basis points, by class and tier.
    pub price_index_bps: [u64; CLASSES * TIERS],
}

/// A node's share of an epoch was minted to its operator.
#[event(bytemuck)]
pub struct EpochClaimed {
    /// Epoch.
    pub number: u64,
    /// The node account.
    pub node: Address,
    /// The operator's wallet.
    pub operator: Address,
    /// Token account paid.
    pub payout: Address,
    /// The node's work by class, credits.
    pub work: [u64; CLASSES],
    /// The node's availability and service points.
    pub points: u64,
    /// RENDER for work by class.
    pub amounts: [u64; CLASSES],
    /// RENDER for availability.
    pub availability_amount: u64,
}

/// The operations share of an epoch was minted.
#[event(bytemuck)]
pub struct OperationsClaimed {
    /// Epoch.
    pub number: u64,
    /// RENDER minted.
    pub amount: u64,
}

/// A job has a record in a running epoch.
#[event(bytemuck)]
pub struct JobEpochOpened {
    /// Epoch.
    pub epoch: u64,
    /// The job account.
    pub job: Address,
    /// Who receives the rebate.
    pub requester: Address,
    /// Compute client that has a share of it, or zero.
    pub client: Address,
    /// Who paid the rent.
    pub payer: Address,
}

/// A job's record of an epoch was closed; its rent went to its payer.
#[event(bytemuck)]
pub struct JobEpochClosed {
    /// Epoch.
    pub epoch: u64,
    /// The job account.
    pub job: Address,
    /// Who received the rent.
    pub payer: Address,
}

/// A requester's rebate for a job and an epoch was minted.
#[event(bytemuck)]
pub struct RebateClaimed {
    /// Epoch.
    pub epoch: u64,
    /// The job account.
    pub job: Address,
    /// The requester.
    pub requester: Address,
    /// Token account paid.
    pub rebate: Address,
    /// Compute client, or zero.
    pub client: Address,
    /// Credits that the job spent in the epoch.
    pub spent: u64,
    /// RENDER minted to the requester.
    pub amount: u64,
    /// RENDER minted to the client.
    pub client_amount: u64,
}
