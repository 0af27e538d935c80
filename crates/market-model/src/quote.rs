//! Quotes: what a job would cost and when it would be done; and what a machine could expect to earn. Nothing here is charged or paid: prices
//! come from the functions that charge ([`crate::price`], [`crate::audit`], [`crate::job`], [`crate::credit`]), so that a quote at an index is what
//! `job_open` charges at that index. Times and earnings are estimates under these assumptions:
//!
//! * A job goes on as the last epochs went: a tier's places for leases are free in the share that was not busy, rounded down, each computes
//!   work at the speed that recent leases were computed with, and a job's leases run on as many free places as it has leases, in
//!   rounds. The time of one reveal and one challenge window is added. Audits are computed by others beside it and not counted.
//! * Among the tiers expected to be done in time the cheapest is quoted, the faster of two equally cheap; where none is, the fastest, and
//!   the quote says so; where nothing is known of either, the cheapest, and the quote says that too.
//! * A machine that joins takes its share, by rated compute, of the work that the nodes of a class did in the last epochs; the work does not
//!   grow by its joining. It is there all the time and passes the average number of probes at its ratings' score P; its availability
//!   grows the total that the pool is divided by, and is capped as everybody's.
//! * Estimates of earnings round down, those of time up.

use crate::amount::{self, Round, WHOLE_BPS, mul_div};
use crate::audit::AuditRules;
use crate::credit::{self, BASE_UNITS_TIMES_PRICE_PER_CREDIT, Purchase};
use crate::epoch::{availability_claim, claim_share};
use crate::error::MarketError;
use crate::hardware::days_to_break_even;
use crate::job::JobTerms;
use crate::price::{self, BandwidthTier, PriceRules};
use crate::probe::{self, ProbeRules, Ratings};
use crate::tier::Tier;

/// Seconds of a day.
const DAY: u64 = 86_400;

/// A job to be quoted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order {
    /// Units of it.
    pub units: u64,
    /// Units of a lease.
    pub units_per_lease: u64,
    /// Work measure of a unit.
    pub work_per_unit: u64,
    /// Nodes that compute each lease.
    pub replicas: u8,
    /// Bandwidth tier.
    pub bandwidth: BandwidthTier,
    /// Whether it names a region.
    pub has_region: bool,
}

/// The network's rules as far as a quote needs them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuoteRules {
    /// Prices.
    pub price: PriceRules,
    /// Premiums for audits.
    pub audit: AuditRules,
    /// Part of a purchase of credits that is burned.
    pub burn_bps: u64,
    /// From the end of the computing to the acceptance of a lease that nobody audits.
    pub settle_seconds: u64,
}

/// What is known of one tier of a class.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TierState {
    /// Floating price.
    pub index_bps: u64,
    /// Nodes that could claim the job's leases.
    pub nodes: u64,
    /// Leases that they may hold together.
    pub places: u64,
    /// Share of the places that others' work of the same or a preferred tier takes.
    pub busy_bps: u64,
    /// Work measure of recent leases.
    pub sample_work: u64,
    /// Seconds that those were worked on; with it, the speed of a place.
    pub sample_seconds: u64,
}

/// What is known of the market.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MarketState {
    /// The economy tier.
    pub economy: TierState,
    /// The priority tier.
    pub priority: TierState,
    /// The oracle's lower bound, 1e-8 USD per RENDER; `None` while there is no acceptable price.
    pub lower_price: Option<u64>,
}

impl MarketState {
    fn of(&self, tier: Tier) -> &TierState {
        match tier {
            Tier::Economy => &self.economy,
            Tier::Priority => &self.priority,
        }
    }
}

/// Why a tier is quoted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// The cheapest that is expected to be done in time.
    CheapestInTime,
    /// None is expected to be done in time; this is the fastest.
    FastestButLate,
    /// The only one that was asked for, and expected to be done in time.
    AskedInTime,
    /// The only one that was asked for, and not expected to be done in time.
    AskedButLate,
    /// There are no free places or no recent leases to tell a time from; this is the cheapest, or the one asked for.
    TimeUnknown,
}

/// What a job costs in a tier, and when it is expected to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quote {
    /// The tier.
    pub tier: Tier,
    /// Its index.
    pub index_bps: u64,
    /// Credits per unit to its node: what `job_open` charges at the network's price.
    pub price_per_unit: u64,
    /// Credits per unit for audits.
    pub premium_per_unit: u64,
    /// Leases.
    pub leases: u64,
    /// Credits of the whole job that are escrowed, premiums included.
    pub credits: u64,
    /// Of those, premiums.
    pub premium: u64,
    /// What those credits cost in RENDER; `None` without an acceptable price.
    pub purchase: Option<Purchase>,
    /// Nodes that could claim its leases.
    pub nodes: u64,
    /// Until its last lease is accepted; `None` where that cannot be told.
    pub expected_seconds: Option<u64>,
}

/// The quote of one tier.
pub fn offer(order: &Order, tier: Tier, rules: &QuoteRules, market: &MarketState) -> Result<Quote, MarketError> {
    let state = market.of(tier);
    let price_per_unit = price::price_per_unit(
        order.work_per_unit,
        tier,
        order.bandwidth,
        order.has_region,
        state.index_bps,
        &rules.price,
    )?;
    let premium_per_unit = rules.audit.premium_per_unit(price_per_unit, order.replicas)?;
    let terms =
        JobTerms { units: order.units, units_per_lease: order.units_per_lease, price_per_unit, premium_per_unit };
    let plan = terms.plan()?;
    let purchase =
        market.lower_price.map(|price| credit::purchase(plan.escrow, price, rules.burn_bps, u64::MAX)).transpose()?;
    Ok(Quote {
        tier,
        index_bps: state.index_bps,
        price_per_unit,
        premium_per_unit,
        leases: plan.leases,
        credits: plan.escrow,
        premium: amount::mul(order.units, premium_per_unit)?,
        purchase,
        nodes: state.nodes,
        expected_seconds: expected_seconds(order, plan.leases, rules, state)?,
    })
}

/// Rounds of leases on the free places, then the settlement.
fn expected_seconds(
    order: &Order,
    leases: u64,
    rules: &QuoteRules,
    state: &TierState,
) -> Result<Option<u64>, MarketError> {
    let free_bps = WHOLE_BPS.saturating_sub(state.busy_bps);
    let free = amount::bps_of(state.places, free_bps, Round::Down)?;
    if free == 0 || state.sample_work == 0 || state.sample_seconds == 0 {
        return Ok(None);
    }
    let lease_work = amount::mul(order.units_per_lease.min(order.units), order.work_per_unit)?;
    let lease_seconds = mul_div(lease_work, state.sample_seconds, state.sample_work, Round::Up)?;
    let rounds = leases.div_ceil(free);
    amount::add(amount::mul(rounds, lease_seconds)?, rules.settle_seconds).map(Some)
}

/// The quote for a job that should be done in `wish_seconds`: of `asked` alone, or of the tier that the header's rule chooses.
pub fn quote(
    order: &Order,
    wish_seconds: u64,
    asked: Option<Tier>,
    rules: &QuoteRules,
    market: &MarketState,
) -> Result<(Quote, Why), MarketError> {
    let in_time = |quote: &Quote| quote.expected_seconds.is_some_and(|seconds| seconds <= wish_seconds);
    if let Some(tier) = asked {
        let quote = offer(order, tier, rules, market)?;
        let why = match quote.expected_seconds {
            None => Why::TimeUnknown,
            Some(_) if in_time(&quote) => Why::AskedInTime,
            Some(_) => Why::AskedButLate,
        };
        return Ok((quote, why));
    }
    let economy = offer(order, Tier::Economy, rules, market)?;
    let priority = offer(order, Tier::Priority, rules, market)?;
    let time = |quote: &Quote| quote.expected_seconds.unwrap_or(u64::MAX);
    let cheaper =
        if (priority.credits, time(&priority)) < (economy.credits, time(&economy)) { priority } else { economy };
    let faster =
        if (time(&priority), priority.credits) < (time(&economy), economy.credits) { priority } else { economy };
    Ok(match (in_time(&cheaper), in_time(&faster)) {
        (true, _) => (cheaper, Why::CheapestInTime),
        (false, true) => (faster, Why::CheapestInTime),
        (false, false) if faster.expected_seconds.is_some() => (faster, Why::FastestButLate),
        (false, false) => (cheaper, Why::TimeUnknown),
    })
}

/// One class of work in the last epochs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClassEpochs {
    /// RENDER that was paid for its work, base units.
    pub pool: u64,
    /// Ratings of the nodes that served it together, 1e9 int8 operations per second.
    pub rated_compute: u64,
}

/// The last epochs, as an estimate of earnings needs them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Epochs {
    /// How long they lasted together.
    pub seconds: u64,
    /// Rendering.
    pub render: ClassEpochs,
    /// General compute.
    pub compute: ClassEpochs,
    /// RENDER that was paid for availability.
    pub availability_pool: u64,
    /// Sum of the nodes' availability.
    pub availability_total: u64,
    /// Most availability reward of one node in all of them.
    pub availability_cap: u64,
}

/// A machine that would join.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Machine {
    /// Its rating, 1e9 int8 operations per second.
    pub compute: u64,
    /// Availability that it would have earned in the epochs.
    pub availability: u64,
    /// Whether it takes rendering.
    pub serves_render: bool,
    /// Whether it takes general compute.
    pub serves_compute: bool,
}

/// What a machine can expect, per day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Earnings {
    /// RENDER base units for rendering.
    pub render: u64,
    /// RENDER base units for general compute.
    pub compute: u64,
    /// RENDER base units for availability.
    pub availability: u64,
    /// All three.
    pub total: u64,
    /// The same in credit units at the price given; `None` without a price.
    pub credits: Option<u64>,
    /// Until its price is earned; `None` without either price, or where nothing is earned.
    pub days_to_break_even: Option<u64>,
}

/// Availability that a machine of these ratings would earn in so many seconds: its score P for each probe that it would be asked on average,
/// all of which it passes, as one of its operator's nodes that count whole. Rounded down.
pub fn expected_availability(ratings: &Ratings, rules: &ProbeRules, seconds: u64) -> Result<u64, MarketError> {
    let between = probe::capacity_seconds(rules.interval_slots, 1)?;
    mul_div(probe::score(ratings, rules)?, seconds, between, Round::Down)
}

/// A newcomer's share of what a class paid.
fn work_share(class: &ClassEpochs, compute: u64) -> Result<u64, MarketError> {
    claim_share(compute, amount::add(class.rated_compute, compute)?, class.pool)
}

/// What a machine that costs `price_cents` can expect per day at `lower_price` (1e-8 USD per RENDER); see the header.
pub fn earnings(
    machine: &Machine,
    epochs: &Epochs,
    lower_price: Option<u64>,
    price_cents: Option<u64>,
) -> Result<Earnings, MarketError> {
    let per_day = |sum: u64| mul_div(sum, DAY, epochs.seconds, Round::Down);
    let work = |serves: bool, class: &ClassEpochs| match serves {
        true => work_share(class, machine.compute).and_then(per_day),
        false => Ok(0),
    };
    if epochs.seconds == 0 {
        return Ok(Earnings::default());
    }
    let render = work(machine.serves_render, &epochs.render)?;
    let compute = work(machine.serves_compute, &epochs.compute)?;
    let total_availability = amount::add(epochs.availability_total, machine.availability)?;
    let share = availability_claim(
        machine.availability,
        total_availability,
        epochs.availability_pool,
        epochs.availability_cap,
    )?;
    let availability = per_day(share)?;
    let total = amount::add(amount::add(render, compute)?, availability)?;
    let credits =
        lower_price.map(|price| mul_div(total, price, BASE_UNITS_TIMES_PRICE_PER_CREDIT, Round::Down)).transpose()?;
    let days_to_break_even = match (price_cents, credits) {
        (Some(cents), Some(credits)) => days_to_break_even(cents, credits)?,
        _ => None,
    };
    Ok(Earnings { render, compute, availability, total, credits, days_to_break_even })
}
