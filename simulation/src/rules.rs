//! Owns which of the market's rules the simulation calls where the call needs more than one of them. Every rule is
//! [`market_model`]'s; nothing here decides an amount by itself.

use crate::population::{GPUS, Node};
use market_model::{
    MarketError, Parameters,
    amount::WHOLE_BPS,
    concentration::{penalised, penalty_q32},
    emission::RENDER,
    probe::{self, Outcome, Ratings, Record},
    race::{self, Factors, RaceRules},
    tier::{Tier, head_start_ms},
};

/// Milliseconds of a slot.
const SLOT_MS: u64 = 400;

/// The race's rules in a network with this much stake at work: the reference is the active stake of the epoch before.
pub fn race_rules(parameters: &Parameters, active_stake: u64) -> RaceRules {
    parameters.race_rules(race::stake_reference(parameters.min_stake, active_stake))
}

/// Weight of a node in the race for a lease of this price, or for an audit, which has none; none where it may not or would not claim it.
pub fn weight(
    node: &Node,
    price_bps: Option<u64>,
    free: u32,
    parameters: &Parameters,
    rules: &RaceRules,
) -> Result<Option<u64>, MarketError> {
    let may_work = node.stake.check_may_work(&parameters.stake_rules()).is_ok();
    if !node.is_present || !may_work || free == 0 || price_bps.is_some_and(|price| node.ask_bps > price) {
        return Ok(None);
    }
    let factors = Factors {
        region_bps: 10_000,
        price_bps: price_bps.map_or(Ok(WHOLE_BPS), |price| race::price_delta_bps(node.ask_bps, price))?,
        uptime_bps: node.uptime_bps,
        reputation_bps: node.reputation.bps(),
        capacity_bps: race::free_capacity_bps(free, node.capacity),
        history_bps: race::clean_history_bps(node.blemishes),
        stake: node.stake.staked,
    };
    race::weight(&factors, rules).map(Some)
}

/// Milliseconds that class and tier put a node back that serves both classes.
pub fn put_back_ms(parameters: &Parameters, is_compute: bool, job: Tier, node: Tier) -> u64 {
    let yields = race::yield_ms(is_compute, true, parameters.race_compute_yield_ms);
    yields.saturating_add(head_start_ms(job, node, parameters.tier_spill_seconds))
}

/// Probes of a node that become due in an epoch, on average.
pub fn probes_due(parameters: &Parameters) -> u64 {
    parameters.epoch_seconds.saturating_mul(1_000) / parameters.probe_interval_slots.saturating_mul(SLOT_MS).max(1)
}

/// Probes that a rig can answer in an epoch, one after the other.
pub fn probes_answerable(parameters: &Parameters) -> u64 {
    parameters.epoch_seconds / parameters.probe_work_seconds.max(1)
}

/// The record of a node that passed these probes of an epoch and missed the others that were due: a node with the reference's ratings, one of
/// `siblings` nodes of its operator.
pub fn probed(passed: u64, missed: u64, siblings: u64, parameters: &Parameters) -> Result<Record, MarketError> {
    let rules = parameters.probe_rules();
    let ratings: Ratings = rules.reference;
    let penalty = penalty_q32(siblings, &parameters.concentration_rules());
    let points = penalised(probe::score(&ratings, &rules)?, penalty)?;
    let mut record = Record::default();
    for _ in 0..passed {
        record = record.with(Outcome::Passed, points)?;
    }
    for _ in 0..missed {
        record = record.with(Outcome::NotAnswered, 0)?;
    }
    Ok(record)
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
