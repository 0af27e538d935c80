//! Owns which of the market's rules the simulation calls where the call needs more than one of them. Every rule is
//! [`market_model`]'s; nothing here decides an amount by itself.

use crate::population::{GPUS, Node};
use market_model::{
    MarketError, Parameters,
    emission::RENDER,
    epoch::claim_share,
    race::{self, Factors, RaceRules},
};

/// Milliseconds of a slot.
const SLOT_MS: u64 = 400;
/// Score of the reference node, Q20.
const REFERENCE_SCORE: u64 = 1 << 20;

/// The race's rules in a network with this much stake at work: the reference is the active stake of the epoch before.
pub fn race_rules(parameters: &Parameters, active_stake: u64) -> RaceRules {
    parameters.race_rules(active_stake.max(parameters.min_stake))
}

/// Weight of a node in the race for a lease of this price; none where it may not or would not claim it.
pub fn weight(
    node: &Node,
    price_bps: u64,
    free: u32,
    parameters: &Parameters,
    rules: &RaceRules,
) -> Result<Option<u64>, MarketError> {
    let may_work = node.stake.check_may_work(&parameters.stake_rules()).is_ok();
    if !node.is_present || !may_work || free == 0 || node.ask_bps > price_bps {
        return Ok(None);
    }
    let factors = Factors {
        region_bps: 10_000,
        price_bps: race::price_delta_bps(node.ask_bps, price_bps)?,
        uptime_bps: 10_000,
        reputation_bps: node.reputation.bps(),
        capacity_bps: race::free_capacity_bps(free, node.capacity),
        history_bps: race::clean_history_bps(node.blemishes),
        stake: node.stake.staked,
    };
    race::weight(&factors, rules).map(Some)
}

/// Probes of a node that become due in an epoch, on average.
pub fn probes_due(parameters: &Parameters) -> u64 {
    parameters.epoch_seconds.saturating_mul(1_000) / parameters.probe_interval_slots.saturating_mul(SLOT_MS).max(1)
}

/// Probes that a rig can answer in an epoch, one after the other.
pub fn probes_answerable(parameters: &Parameters) -> u64 {
    parameters.epoch_seconds / parameters.probe_work_seconds.max(1)
}

/// Whether this share of passed probes qualifies.
pub fn qualifies(passed: u64, parameters: &Parameters) -> bool {
    passed > 0 && passed.saturating_mul(10_000) >= probes_due(parameters).saturating_mul(parameters.probe_qualify_bps)
}

/// Availability points of a reference node that passed this many probes.
pub fn availability_points(passed: u64) -> u64 {
    passed.saturating_mul(REFERENCE_SCORE)
}

/// What a node is paid for its availability.
pub fn availability_claim(part: u64, total: u64, pool: u64, parameters: &Parameters) -> Result<u64, MarketError> {
    Ok(claim_share(part, total, pool)?.min(parameters.availability_cap))
}

/// Places of a node that its stake covers, each for a lease with this penalty.
pub fn places(node: &Node, penalty: u64) -> u32 {
    let covered = node.stake.staked.checked_div(penalty).unwrap_or(u64::from(GPUS));
    u32::try_from(covered).unwrap_or(u32::MAX).min(node.capacity)
}

/// RENDER in whole numbers, for people.
pub fn whole(render: u64) -> f64 {
    render as f64 / RENDER as f64
}
