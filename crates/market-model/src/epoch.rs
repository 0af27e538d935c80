//! Epochs: how the emission of a period becomes pools, and a pool becomes claims.
//!
//! Amounts are RENDER base units, usage and work are credit units of work accepted in the epoch.
//!
//! 1. Recycling (RNP-001, RNP-004 image 4: net emissions, "capped at small percentage of epochal burn"; off by default). On
//!    top of the emission an epoch gives out R = min(`recycle_bps` x A, B) again, rounded down. A is the exponential average
//!    of RENDER burned for credits, begun at zero, with this epoch in it (Helium's net emissions take an average too). B is
//!    what has been burned for credits so far and not been recycled; it is carried from epoch to epoch, so that the sum of
//!    all R never passes the sum of all burns, whatever the parameters were on the way.
//! 2. Split, by the year in which the epoch starts (RNP-018, RNP-022: operations 50 %, creators 25 %, nodes 25 %). Operations
//!    and creators round down; the nodes own the dust. Of the nodes' part 2,800/17,800 (RNP-022) is for availability, rounded
//!    down; the work pool owns the dust.
//! 3. Classes (RNP-004, dollar-weighted): C_t = E_work x U_compute / (U_compute + U_render), rounded down, with each U
//!    smoothed by an exponential average against last-minute work; render owns the dust, and all of it while no class
//!    has been used.
//! 4. Carry: what an earlier epoch left for the same purpose is added to it.
//! 5. Bound: a class is paid at most `work_bound_bps` of the RENDER that was burned for its accepted credits, creators at most
//!    `creators_bound_bps` of that of the credits that requesters spent on accepted work; with both together below what was
//!    paid, a requester who is its own node loses by it. The rate of RENDER per credit is that of the epoch's purchases, else
//!    the last known one; the value rounds down. A purpose with nobody to pay has a zero pool.
//!    Credits bought at an older price are valued at that rate too, so the bound is one of value: it holds in RENDER for
//!    purchases of the same price, and in USD across prices.
//!    Availability is bounded by `availability_cap` x qualified nodes (RNP-006: the pool is at most 75 x nodes; RNP-013: at
//!    most 10 RENDER per node and month).
//! 6. What is above the bound, or has nobody to pay, is carried to the next epoch for the same purpose. Operations carry
//!    nothing. So emission + recycled + carry in = pools + carry out, exactly.
//!
//! A claim is N_i / sum N x pool (RNP-004), rounded down; for availability N_i are points, and a node has at most the cap. What
//! all claims leave is never minted: nobody owns it, and what is minted stays below C(t) + the sum of R (laws L5 and L6).
//!
//! A rebate (RNP-001: creators receive a percentage of what they spent back) is spent_i / sum spent x the creators' pool, rounded down. Where
//! the job came through a compute client, the client has its share of it, rounded down; the requester owns the dust.

use crate::amount::{self, Round, WHOLE_BPS, bps_of, mul_div};
use crate::error::MarketError;

/// How the emission of an epoch is divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Splits {
    /// Share of network operations.
    pub operations_bps: u64,
    /// Share of creators; nodes have the rest.
    pub creators_bps: u64,
    /// Availability's part of the nodes' share, numerator.
    pub availability_numerator: u64,
    /// Availability's part of the nodes' share, denominator, at least the numerator and not zero.
    pub availability_denominator: u64,
}

impl Splits {
    /// Checks that no share is more than the whole it is part of.
    pub fn validate(&self) -> Result<(), MarketError> {
        if amount::add(self.operations_bps, self.creators_bps)? > WHOLE_BPS
            || self.availability_denominator == 0
            || self.availability_numerator > self.availability_denominator
        {
            return Err(MarketError::SplitsInvalid);
        }
        Ok(())
    }
}

/// Smoothing and bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EpochRules {
    /// Weight of the new epoch in the average of usage, in bps.
    pub usage_weight_bps: u64,
    /// Most reward of a class, as bps of the RENDER burned for its accepted credits.
    pub work_bound_bps: u64,
    /// Most reward of creators, as bps of the RENDER burned for the credits spent on accepted work.
    pub creators_bound_bps: u64,
    /// Weight of the new epoch in the average of RENDER burned, in bps.
    pub burn_weight_bps: u64,
    /// Most RENDER given out again, as bps of that average.
    pub recycle_bps: u64,
    /// Most availability reward of one node.
    pub availability_cap: u64,
}

/// Credits of each class, or an average of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Credits of accepted render work.
    pub render: u64,
    /// Credits of accepted compute work.
    pub compute: u64,
}

impl Usage {
    /// The average with a new epoch in it, rounded down; the first usage ever seen is taken as it is.
    pub fn smoothed(self, seen: Usage, weight_bps: u64) -> Result<Usage, MarketError> {
        if self == Usage::default() {
            return Ok(seen);
        }
        Ok(Usage {
            render: average(self.render, seen.render, weight_bps)?,
            compute: average(self.compute, seen.compute, weight_bps)?,
        })
    }
}

fn average(old: u64, new: u64, weight_bps: u64) -> Result<u64, MarketError> {
    // Moves from old to new without the sum of two products: rounding down on both sides keeps it between the two.
    if new >= old {
        amount::add(old, bps_of(amount::sub(new, old)?, weight_bps, Round::Down)?)
    } else {
        amount::sub(old, bps_of(amount::sub(old, new)?, weight_bps, Round::Up)?)
    }
}

/// RENDER burned for credits: base units over credit units. No purchase yet is zero credits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BurnRate {
    /// Base units burned.
    pub burned: u64,
    /// Credit units bought with them.
    pub credits: u64,
}

impl BurnRate {
    /// The RENDER that was burned for this many credits, rounded down; zero while nothing was ever bought.
    pub fn value_of(&self, credits: u64) -> Result<u64, MarketError> {
        if self.credits == 0 {
            return Ok(0);
        }
        mul_div(credits, self.burned, self.credits, Round::Down)
    }
}

/// What is left for later epochs, by purpose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Carry {
    /// For creators.
    pub creators: u64,
    /// For availability.
    pub availability: u64,
    /// For render work.
    pub render: u64,
    /// For compute work.
    pub compute: u64,
}

/// What an epoch pays out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pools {
    /// To network operations, at once.
    pub operations: u64,
    /// To creators, by credits spent on accepted work.
    pub creators: u64,
    /// To nodes, by availability.
    pub availability: u64,
    /// To nodes, by render work units.
    pub render: u64,
    /// To nodes, by compute work units.
    pub compute: u64,
}

impl Pools {
    /// All pools together.
    pub fn total(&self) -> Result<u64, MarketError> {
        let work = amount::add(self.render, self.compute)?;
        let nodes = amount::add(work, self.availability)?;
        amount::add(nodes, amount::add(self.creators, self.operations)?)
    }
}

impl Carry {
    /// All carries together.
    pub fn total(&self) -> Result<u64, MarketError> {
        let work = amount::add(self.render, self.compute)?;
        amount::add(amount::add(work, self.availability)?, self.creators)
    }
}

/// All that the end of an epoch depends on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FinalizeInput {
    /// The period's emission by the schedule.
    pub emission: u64,
    /// What earlier epochs left.
    pub carry: Carry,
    /// Credits of work accepted in this epoch; also the sums of N of the two classes.
    pub usage: Usage,
    /// Credits that requesters spent on work accepted in this epoch, premiums for audits included.
    pub spent: u64,
    /// Sum of the nodes' availability and service points.
    pub availability_total: u64,
    /// Nodes that qualified for availability.
    pub qualified: u64,
    /// The average of usage before this epoch.
    pub smoothed_usage: Usage,
    /// The average of RENDER burned before this epoch.
    pub smoothed_burned: u64,
    /// RENDER burned for credits before this epoch and not recycled.
    pub unrecycled: u64,
    /// RENDER burned and credits bought in this epoch.
    pub purchases: BurnRate,
    /// The last known rate before this epoch.
    pub last_rate: BurnRate,
}

/// The outcome of an epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Finalized {
    /// What is paid.
    pub pools: Pools,
    /// What is left for later.
    pub carry: Carry,
    /// The average of usage with this epoch in it.
    pub smoothed_usage: Usage,
    /// What is given out again on top of the emission.
    pub recycled: u64,
    /// The average of RENDER burned with this epoch in it.
    pub smoothed_burned: u64,
    /// RENDER burned for credits up to now and not recycled.
    pub unrecycled: u64,
    /// The rate that bounded this epoch, kept for one without purchases.
    pub rate: BurnRate,
}

/// Pays what is at hand up to the bound and carries the rest.
fn bounded(at_hand: u64, bound: u64) -> Result<(u64, u64), MarketError> {
    let paid = at_hand.min(bound);
    Ok((paid, amount::sub(at_hand, paid)?))
}

/// Computes pools, carries and averages at the end of an epoch.
pub fn finalize(input: &FinalizeInput, splits: &Splits, rules: &EpochRules) -> Result<Finalized, MarketError> {
    splits.validate()?;
    let smoothed_burned = average(input.smoothed_burned, input.purchases.burned, rules.burn_weight_bps)?;
    let burned = amount::add(input.unrecycled, input.purchases.burned)?;
    let (recycled, unrecycled) = bounded(burned, bps_of(smoothed_burned, rules.recycle_bps, Round::Down)?)?;

    let emission = amount::add(input.emission, recycled)?;
    let operations = bps_of(emission, splits.operations_bps, Round::Down)?;
    let creators = bps_of(emission, splits.creators_bps, Round::Down)?;
    let nodes = amount::sub(amount::sub(emission, operations)?, creators)?;
    let availability = mul_div(nodes, splits.availability_numerator, splits.availability_denominator, Round::Down)?;
    let work = amount::sub(nodes, availability)?;

    let smoothed_usage = input.smoothed_usage.smoothed(input.usage, rules.usage_weight_bps)?;
    let compute = compute_slice(work, smoothed_usage)?;
    let render = amount::sub(work, compute)?;

    let rate = if input.purchases.credits > 0 { input.purchases } else { input.last_rate };
    let render_bound = mul_div(rate.value_of(input.usage.render)?, rules.work_bound_bps, WHOLE_BPS, Round::Down)?;
    let compute_bound = mul_div(rate.value_of(input.usage.compute)?, rules.work_bound_bps, WHOLE_BPS, Round::Down)?;
    let creators_bound = mul_div(rate.value_of(input.spent)?, rules.creators_bound_bps, WHOLE_BPS, Round::Down)?;
    // A bound above all there can be is no bound.
    let most_available = rules.availability_cap.saturating_mul(input.qualified);
    let availability_bound = if input.availability_total > 0 { most_available } else { 0 };

    let (creators, creators_carry) = bounded(amount::add(creators, input.carry.creators)?, creators_bound)?;
    let (availability, availability_carry) =
        bounded(amount::add(availability, input.carry.availability)?, availability_bound)?;
    let (render, render_carry) = bounded(amount::add(render, input.carry.render)?, render_bound)?;
    let (compute, compute_carry) = bounded(amount::add(compute, input.carry.compute)?, compute_bound)?;
    Ok(Finalized {
        pools: Pools { operations, creators, availability, render, compute },
        carry: Carry {
            creators: creators_carry,
            availability: availability_carry,
            render: render_carry,
            compute: compute_carry,
        },
        smoothed_usage,
        recycled,
        smoothed_burned,
        unrecycled,
        rate,
    })
}

/// C_t = E_work x U_compute / (U_compute + U_render), rounded down; zero while no class has been used.
pub fn compute_slice(work: u64, usage: Usage) -> Result<u64, MarketError> {
    let all = amount::add(usage.render, usage.compute)?;
    if all == 0 {
        return Ok(0);
    }
    mul_div(work, usage.compute, all, Round::Down)
}

/// CR_i = N_i / sum N x pool, rounded down. Nobody's part of nothing is nothing.
pub fn claim_share(part: u64, total: u64, pool: u64) -> Result<u64, MarketError> {
    if part > total {
        return Err(MarketError::ShareAboveTotal);
    }
    if total == 0 {
        return Ok(0);
    }
    mul_div(part, pool, total, Round::Down)
}

/// A node's availability reward: its share of the pool, rounded down, and at most `cap`. What it has above the cap is never
/// minted.
pub fn availability_claim(points: u64, total: u64, pool: u64, cap: u64) -> Result<u64, MarketError> {
    Ok(claim_share(points, total, pool)?.min(cap))
}

/// A requester's rebate and the part of it that its compute client has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rebate {
    /// What the requester has.
    pub requester: u64,
    /// What the compute client has.
    pub client: u64,
}

/// The rebate of a job's spent credits, and the client's share of it: `share_bps`, but at most `share_max_bps`. Rebate and share
/// round down; the requester has the dust of the division. A job without a client has a share of zero.
pub fn rebate(spent: u64, total: u64, pool: u64, share_bps: u64, share_max_bps: u64) -> Result<Rebate, MarketError> {
    let whole = claim_share(spent, total, pool)?;
    let client = bps_of(whole, share_bps.min(share_max_bps), Round::Down)?;
    Ok(Rebate { requester: amount::sub(whole, client)?, client })
}

/// An epoch may be finalized at `now >= ends_at`; work accepted at that second belongs to the next one.
pub fn check_over(ends_at: i64, now: i64) -> Result<(), MarketError> {
    if now < ends_at { Err(MarketError::EpochNotOver) } else { Ok(()) }
}
