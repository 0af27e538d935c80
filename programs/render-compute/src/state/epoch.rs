//! The emission period: its totals, its pools, and each node's share of them.

use crate::{
    constants::{CLASSES, TIERS},
    errors::{RenderError, refused},
    model::{difference, sum},
};
use anchor_lang::prelude::*;
use market_model::probe::{Outcome, Record};

/// An epoch. Written when opened, while its shards are summed, and when finalized; claims only read it.
#[account]
pub struct Epoch {
    /// Number, from 1.
    pub number: u64,
    /// Who paid the rent and receives it back.
    pub payer: Address,
    /// Start, unix seconds.
    pub starts_at: i64,
    /// End, unix seconds; work accepted at or after it counts in a later epoch.
    pub ends_at: i64,
    /// Credits of accepted work by class, summed over the shards.
    pub work: [u64; CLASSES],
    /// The same, smoothed over epochs.
    pub smoothed_work: [u64; CLASSES],
    /// Sum of the nodes' availability and service points.
    pub availability: u64,
    /// Nodes that qualified for availability.
    pub qualified: u64,
    /// Credits that requesters spent on accepted work, premiums included: what creators' rebates are shares of.
    pub spent: u64,
    /// Stake of the nodes that have a record.
    pub stake: u64,
    /// Seconds that accepted leases were worked on, by class.
    pub busy_seconds: [u64; CLASSES],
    /// Seconds that nodes' places for leases were there to be used, as far as probes show, by class.
    pub capacity_seconds: [u64; CLASSES],
    /// Average of RENDER burned, with this epoch in it.
    pub smoothed_burned: u64,
    /// RENDER minted again on top of the emission.
    pub recycled: u64,
    /// RENDER burned for credits in this epoch and all before it, and not minted again.
    pub unrecycled: u64,
    /// Most availability reward of one node.
    pub availability_cap: u64,
    /// Floating prices after this epoch, see `Network::price_index_bps`.
    pub price_index_bps: [u64; CLASSES * TIERS],
    /// RENDER burned for credits in this epoch.
    pub burned: u64,
    /// Credits bought in this epoch.
    pub bought: u64,
    /// RENDER burned for and credits bought by the purchases the reward bound is computed from: this epoch's, or the last epoch's that had any.
    pub rate_burned: u64,
    /// See `rate_burned`.
    pub rate_bought: u64,
    /// RENDER that the schedule emits in this epoch.
    pub emission: u64,
    /// RENDER for network operations.
    pub operations_pool: u64,
    /// RENDER for creators: what requesters' rebates are paid from.
    pub creators_pool: u64,
    /// RENDER for availability.
    pub availability_pool: u64,
    /// RENDER for work by class.
    pub work_pools: [u64; CLASSES],
    /// RENDER that this epoch did not give out and the next one may, by purpose: creators, availability, render, compute.
    pub carry: [u64; 4],
    /// Bit per shard that has been summed.
    pub shards_summed: u32,
    /// One of the `EPOCH_*` constants.
    pub state: u8,
    /// 1 once the operations pool has been minted.
    pub operations_claimed: u8,
    /// Layout version.
    pub version: u8,
    /// PDA bump.
    pub bump: u8,
    /// Zero.
    pub reserved: [u8; 48],
}

/// Work is being accepted into it, or its shards are being summed after its end.
pub const EPOCH_OPEN: u8 = 0;
/// Its pools are fixed and can be claimed.
pub const EPOCH_FINALIZED: u8 = 1;

impl Epoch {
    /// Refuses unless work and purchases at `now` count in this epoch.
    pub fn require_running(&self, now: i64) -> Result<()> {
        require!(now >= self.starts_at && now < self.ends_at, RenderError::OutsideEpoch);
        Ok(())
    }
}

/// Running totals of the nodes and buyers whose keys fall into one shard.
#[account]
pub struct EpochShard {
    /// Epoch.
    pub epoch: u64,
    /// Who paid the rent and receives it back.
    pub payer: Address,
    /// Credits of accepted work by class.
    pub work: [u64; CLASSES],
    /// Sum of the nodes' availability and service points.
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
    /// RENDER burned for credits.
    pub burned: u64,
    /// Credits bought.
    pub bought: u64,
    /// Shard number.
    pub shard: u8,
    /// Layout version.
    pub version: u8,
    /// PDA bump.
    pub bump: u8,
    /// Zero.
    pub reserved: [u8; 21],
}

/// A node's work in an epoch: N_i of RNP-004, by class.
#[account]
pub struct NodeEpoch {
    /// The [`Node`](super::Node).
    pub node: Address,
    /// Who paid the rent and receives it back.
    pub payer: Address,
    /// Epoch.
    pub epoch: u64,
    /// Credits of accepted work by class.
    pub work: [u64; CLASSES],
    /// Availability that counts: `points` while the node qualifies, else 0.
    pub availability: u64,
    /// Points of the probes passed, whether they count or not.
    pub points: u64,
    /// Points earned by opening and auditing others' probes; they always count.
    pub service_points: u64,
    /// Seconds that accepted leases were worked on.
    pub busy_seconds: u64,
    /// RENDER minted for it.
    pub claimed: u64,
    /// Probes passed.
    pub probes_passed: u32,
    /// Probes missed or disproved.
    pub probes_missed: u32,
    /// 1 once claimed.
    pub is_claimed: u8,
    /// 1 once the node's tier was reviewed by it.
    pub is_reviewed: u8,
    /// 1 while it is one of the epoch's qualified nodes.
    pub is_qualified: u8,
    /// Layout version.
    pub version: u8,
    /// PDA bump.
    pub bump: u8,
    /// Zero.
    pub reserved: [u8; 19],
}

impl NodeEpoch {
    /// What the node's share of the availability pool is in proportion to.
    pub fn claim_points(&self) -> Result<u64> {
        sum(self.availability, self.service_points)
    }

    /// Whether the node's work was accepted or a probe of it was decided in the epoch.
    pub fn is_active(&self) -> bool {
        self.work != [0; CLASSES] || self.probes_passed > 0 || self.probes_missed > 0
    }

    /// Counts accepted work of the node, here and in its shard of the epoch; returns the node's work of the class after it.
    pub fn credit(&mut self, shard: &mut EpochShard, class: u8, value: u64) -> Result<u64> {
        let work = self.work.get_mut(usize::from(class)).ok_or(RenderError::UnknownKind)?;
        *work = sum(*work, value)?;
        let shard_work = shard.work.get_mut(usize::from(class)).ok_or(RenderError::UnknownKind)?;
        *shard_work = sum(*shard_work, value)?;
        Ok(*work)
    }

    /// Counts the seconds that an accepted lease of the node was worked on, here and in its shard of the epoch.
    pub fn record_busy(&mut self, shard: &mut EpochShard, class: u8, seconds: u64) -> Result<()> {
        let of_class = shard.busy_seconds.get_mut(usize::from(class)).ok_or(RenderError::UnknownKind)?;
        *of_class = sum(*of_class, seconds)?;
        self.busy_seconds = sum(self.busy_seconds, seconds)?;
        Ok(())
    }

    /// Counts a probe of the node that ended, worth `points` where it was passed; keeps the shard the sum of its nodes.
    pub fn record_probe(
        &mut self,
        shard: &mut EpochShard,
        outcome: Outcome,
        points: u64,
        qualify_bps: u64,
    ) -> Result<()> {
        let record = Record { points: self.points, passed: self.probes_passed, missed: self.probes_missed };
        let after = record.with(outcome, points).map_err(refused)?;
        let availability = after.availability(qualify_bps);
        let is_qualified = after.qualifies(qualify_bps);
        shard.availability = sum(difference(shard.availability, self.availability)?, availability)?;
        shard.qualified = sum(difference(shard.qualified, u64::from(self.is_qualified))?, u64::from(is_qualified))?;
        self.points = after.points;
        self.probes_passed = after.passed;
        self.probes_missed = after.missed;
        self.availability = availability;
        self.is_qualified = u8::from(is_qualified);
        Ok(())
    }

    /// Counts points for opening or auditing another node's probe.
    pub fn serve(&mut self, shard: &mut EpochShard, points: u64) -> Result<()> {
        self.service_points = sum(self.service_points, points)?;
        shard.availability = sum(shard.availability, points)?;
        Ok(())
    }
}
