//! Epochs: how the emission of a period becomes pools, and a pool becomes claims.
//!
//! Amounts are RENDER base units, usage and work are credit units of work accepted in the epoch.
//!
//! 1. Split (RNP-018, RNP-022): operations 50 %, creators 25 %, nodes 25 %. Operations and creators round down; the nodes own
//!    the dust. Of the nodes' part 2,800/17,800 (RNP-022) is for availability, rounded down; the work pool owns the dust.
//! 2. Classes (RNP-004, dollar-weighted): C_t = E_work x U_compute / (U_compute + U_render), rounded down, with each U
//!    smoothed by an exponential average against last-minute work; render owns the dust, and all of it while no class
//!    has been used.
//! 3. Carry: what an earlier epoch left for the same purpose is added to it.
//! 4. Bound: a class is paid at most `work_bound_bps` of the RENDER that was burned for its accepted credits, creators at most
//!    `creators_bound_bps` of that of all accepted credits; with both together below what was paid, a requester who is its own
//!    node loses by it. The rate of RENDER per credit is that of the epoch's purchases, else the last known one;
//!    the value rounds down. A purpose with nobody to pay has a zero pool.
//!    Credits bought at an older price are valued at that rate too, so the bound is one of value: it holds in RENDER for
//!    purchases of the same price, and in USD across prices.
//! 5. What is above the bound, or has nobody to pay, is carried to the next epoch for the same purpose. Operations carry
//!    nothing. So emission + carry in = pools + carry out, exactly.
//!
//! A claim is N_i / sum N x pool (RNP-004), rounded down. What all claims leave is never minted: nobody owns it, and emission
//! stays below the schedule (laws L5 and L6).

use crate::amount::{self, Round, WHOLE_BPS, bps_of, mul_div};
use crate::error::MarketError;

/// How the emission of an epoch is divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Splits {
    /// Share of network operations.
    pub operations_bps: u64,
    /// Share of creators.
    pub creators_bps: u64,
    /// Share of nodes; the three sum to 10,000.
    pub nodes_bps: u64,
    /// Availability's part of the nodes' share, numerator.
    pub availability_numerator: u64,
    /// Availability's part of the nodes' share, denominator, at least the numerator and not zero.
    pub availability_denominator: u64,
}

impl Splits {
    /// Checks that the shares make a whole.
    pub fn validate(&self) -> Result<(), MarketError> {
        let sum = amount::add(amount::add(self.operations_bps, self.creators_bps)?, self.nodes_bps)?;
        if sum != WHOLE_BPS
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
    /// Most reward of creators, as bps of the RENDER burned for all accepted credits.
    pub creators_bound_bps: u64,
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FinalizeInput {
    /// The period's emission by the schedule.
    pub emission: u64,
    /// What earlier epochs left.
    pub carry: Carry,
    /// Credits of work accepted in this epoch; also the sums of N of the two classes.
    pub usage: Usage,
    /// Sum of availability scores of qualified nodes.
    pub availability_total: u64,
    /// The average of usage before this epoch.
    pub smoothed_usage: Usage,
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
    let operations = bps_of(input.emission, splits.operations_bps, Round::Down)?;
    let creators = bps_of(input.emission, splits.creators_bps, Round::Down)?;
    let nodes = amount::sub(amount::sub(input.emission, operations)?, creators)?;
    let availability = mul_div(nodes, splits.availability_numerator, splits.availability_denominator, Round::Down)?;
    let work = amount::sub(nodes, availability)?;

    let smoothed_usage = input.smoothed_usage.smoothed(input.usage, rules.usage_weight_bps)?;
    let compute = compute_slice(work, smoothed_usage)?;
    let render = amount::sub(work, compute)?;

    let rate = if input.purchases.credits > 0 { input.purchases } else { input.last_rate };
    let render_bound = mul_div(rate.value_of(input.usage.render)?, rules.work_bound_bps, WHOLE_BPS, Round::Down)?;
    let compute_bound = mul_div(rate.value_of(input.usage.compute)?, rules.work_bound_bps, WHOLE_BPS, Round::Down)?;
    let all = rate.value_of(amount::add(input.usage.render, input.usage.compute)?)?;
    let creators_bound = mul_div(all, rules.creators_bound_bps, WHOLE_BPS, Round::Down)?;
    let availability_bound = if input.availability_total > 0 { u64::MAX } else { 0 };

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

/// An epoch may be finalized at `now >= ends_at`; work accepted at that second belongs to the next one.
pub fn check_over(ends_at: i64, now: i64) -> Result<(), MarketError> {
    if now < ends_at { Err(MarketError::EpochNotOver) } else { Ok(()) }
}
