//! The race's inputs taken from accounts; its mathematics is `market_model::race`. Workers call the same functions.

use crate::{
    constants::{CLASS_COMPUTE, CLASS_PROBE, CLASS_RENDER},
    errors::*,
    state::*,
};
use anchor_lang::prelude::*;
use market_model::{
    Parameters,
    amount::WHOLE_BPS,
    audit::AuditRules,
    price::BandwidthTier,
    race::{self, Factors},
    region,
    reputation::Reputation,
    tier::{Tier, head_start_ms},
};

/// A node's place in the race for a lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Weight, Q32.
    pub weight: u64,
    /// Delay after the lease became claimable, milliseconds.
    pub delay_ms: u64,
}

/// The node's entry for attempt `attempt` at lease `index`. Anyone can recompute it from accounts.
#[allow(clippy::too_many_arguments)]
pub fn entry(
    network: &Network,
    job_address: &Address,
    job: &Job,
    node_address: &Address,
    node: &Node,
    index: u32,
    attempt: u16,
    replica: u8,
    reputation: &Reputation,
) -> Result<Entry> {
    let hash = kernels::merkle::sha256(&[
        &job.seed,
        job_address.as_ref(),
        &index.to_le_bytes(),
        &attempt.to_le_bytes(),
        &[replica],
        node_address.as_ref(),
    ]);
    let parameters = network.parameters();
    let put_back = put_back_ms(&parameters, job, node)?;
    let price_bps = race::price_delta_bps(ask(job, node)?, job.price_per_unit).map_err(refused)?;
    run(network, &parameters, job, node, &hash, job.opened_slot, reputation, price_bps, put_back)
}

/// The node's entry for audit `audit` of a lease that was picked. The race counts from the lease's `entered_at`.
#[allow(clippy::too_many_arguments)]
pub fn audit_entry(
    network: &Network,
    job_address: &Address,
    job: &Job,
    lease: &Lease,
    audit: u8,
    node_address: &Address,
    node: &Node,
    reputation: &Reputation,
) -> Result<Entry> {
    let hash = kernels::merkle::sha256(&[
        &lease.audit_seed,
        job_address.as_ref(),
        &lease.index.to_le_bytes(),
        &lease.audit_attempt.to_le_bytes(),
        &[audit.saturating_add(1)],
        node_address.as_ref(),
    ]);
    // Price, class and tier order what requesters ask for; an audit is nobody's order, and should be done soon.
    run(network, &network.parameters(), job, node, &hash, lease.committed_slot, reputation, WHOLE_BPS, 0)
}

/// Milliseconds that class and tier put the node back in the race for the job's leases: render before compute, priority before economy.
fn put_back_ms(parameters: &Parameters, job: &Job, node: &Node) -> Result<u64> {
    let job_tier = Tier::try_from(job.tier).map_err(refused)?;
    let node_tier = Tier::try_from(node.tier).map_err(refused)?;
    let serves_both = node.serves(CLASS_RENDER) && node.serves(CLASS_COMPUTE);
    let yields = race::yield_ms(job.class == CLASS_COMPUTE, serves_both, parameters.race_compute_yield_ms);
    Ok(yields.saturating_add(head_start_ms(job_tier, node_tier, parameters.tier_spill_seconds)))
}

/// Weight and delay of a node, by a hash that was unknown until after slot `start`.
#[allow(clippy::too_many_arguments)]
fn run(
    network: &Network,
    parameters: &Parameters,
    job: &Job,
    node: &Node,
    hash: &[u8; 32],
    start: u64,
    reputation: &Reputation,
    price_bps: u64,
    put_back_ms: u64,
) -> Result<Entry> {
    let rules = parameters.race_rules(race::stake_reference(parameters.min_stake, network.active_stake));
    let factors = Factors {
        region_bps: region::fit_bps(job.region, node.region, parameters.race_region_near_bps),
        price_bps,
        uptime_bps: u64::from(node.uptime_bps),
        reputation_bps: reputation.bps(),
        capacity_bps: race::free_capacity_bps(node.capacity.saturating_sub(node.leases_held), node.capacity),
        history_bps: race::clean_history_bps(blemishes(node)),
        stake: node.stake,
    };
    let weight = race::weight(&factors, &rules).map_err(refused)?;
    // Who came after the start could have chosen its key or its stake by the seed: it waits as long as anyone may have to.
    let delay_ms = match node.staked_slot > start {
        true => rules.delay_cap_ms,
        false => race::put_back_ms(race::delay_ms(race::uniform(hash), weight, &rules), put_back_ms, &rules),
    };
    Ok(Entry { weight, delay_ms })
}

/// Accepted leases that make up for one that expired.
const LEASES_PER_PARDON: u64 = 64;

/// Expired leases that weigh on the node: each 64 accepted ones make up for one, so that no record is lost for ever.
fn blemishes(node: &Node) -> u32 {
    let pardoned = u32::try_from(node.leases_accepted / LEASES_PER_PARDON).unwrap_or(u32::MAX);
    node.leases_expired.saturating_sub(pardoned)
}

/// Work measure that asks are quoted for.
pub const ASK_WORK: u64 = 1_000_000;

/// The least credits the node takes for one unit of the job, rounded up.
pub fn ask(job: &Job, node: &Node) -> Result<u64> {
    let per_million = node.asks.get(usize::from(job.class)).copied().unwrap_or(u64::MAX);
    market_model::amount::mul_div(per_million, job.work_per_unit, ASK_WORK, market_model::Round::Up).map_err(refused)
}

/// Whether the node may claim leases of the job at all; the race decides when. Gives the node's reputation at `now`, which
/// [`entry`] needs.
pub fn require_requirements(network: &Network, job: &Job, node: &Node, now: i64) -> Result<Reputation> {
    let reputation = require_able(network, job, node, now)?;
    require!(ask(job, node)? <= job.price_per_unit, RenderError::BelowAsk);
    require!(job.requester_reputation >= node.minimum_requester_reputation, RenderError::RequesterReputationTooLow);
    Ok(reputation)
}

/// What is asked of who claims a lease and of who audits one. Price and requester are left out: were an auditor held to its ask, work that is
/// priced below every honest ask would be audited by nobody, and a fake of it paid.
pub fn require_able(network: &Network, job: &Job, node: &Node, now: i64) -> Result<Reputation> {
    let parameters = network.parameters();
    require!(node.draining == 0, RenderError::NodeDraining);
    require!(!node.maintenance().lasts(now), RenderError::NodeInMaintenance);
    require!(node.leases_held < node.capacity, RenderError::NodeFull);
    node.stake_model().check_may_work(&parameters.stake_rules()).map_err(refused)?;
    let reputation = node.reputation_model().decayed(now, &parameters.reputation_rules()).map_err(refused)?;
    require!(
        serves(job, node)
            && node.memory_mib >= job.minimum_memory_mib
            && node.measured_bandwidth >= BandwidthTier::try_from(job.bandwidth_tier).map_err(refused)?.required_mbit()
            && reputation.bps() >= u64::from(job.minimum_reputation),
        RenderError::RequirementsNotMet
    );
    Ok(reputation)
}

/// Whether the node works for the job's class. Probes are audited by nodes that are probed themselves.
fn serves(job: &Job, node: &Node) -> bool {
    if job.class == CLASS_PROBE { node.enrolled == 1 } else { node.serves(job.class) }
}

/// Whether the node may claim audits of the job's leases; gives what [`require_able`] gives. A probe is audited by hardware that is
/// rated for it: its memory is the job's, its compute rating the holder's, which does not change while it is probed.
pub fn require_to_audit(network: &Network, job: &Job, holder: &Node, node: &Node, now: i64) -> Result<Reputation> {
    let reputation = require_able(network, job, node, now)?;
    require!(job.class != CLASS_PROBE || node.rated_compute >= holder.rated_compute, RenderError::RequirementsNotMet);
    Ok(reputation)
}

/// What a node risks by claiming a lease, or the audit of one, that is worth `value` credits: RENDER base units. Its stake must cover
/// this and its present `exposure` together, see `market_model::audit::cover`.
pub fn penalty(network: &Network, job: &Job, value: u64) -> Result<u64> {
    let rules =
        AuditRules { probability_bps: u64::from(job.audit_probability_bps), ..network.parameters().audit_rules() };
    rules.penalty(value).map_err(refused)
}
