//! What a job would cost and what a machine could earn, from the chain as it is now. The rules are `market_model::quote`; here is what they are
//! asked with. Answers serialise as they are, for command lines and for HTTP; amounts are integers whose names end in their unit.
//!
//! * A tier's nodes are those that `lease_claim` would admit to the job at the tier's price, were they free.
//! * Its busy share is the larger of two: the places of those nodes that hold leases now (for priority, leases of priority jobs, which
//!   are served first), and, for economy, the utilisation of the class in the latest finalized epochs.
//! * The speed of a place is that of the leases on the chain that were committed: their work over the seconds from claim to commitment.
//! * A node without a rating by probes counts in estimates of earnings as the model that its hardware is called, else as the reference node.

use crate::{account, chain::Chain, error::ClientError, price::lower_bound};
use bytemuck::Zeroable;
use market_model::{
    MarketError, Parameters,
    hardware::{self, BREAKEVEN_DAYS, GpuModel},
    lease::LeaseState,
    price,
    probe::Ratings,
    quote::{self, ClassEpochs, Epochs, Machine, MarketState, Order, Quote, QuoteRules, TierState, Why},
    tier::Tier,
};
use render_compute::{
    constants::{CLASS_COMPUTE, CLASS_RENDER, ORACLE_PUBLISHERS},
    race,
    state::{EPOCH_FINALIZED, Epoch, Job, Lease, Network, Node},
};
use serde::Serialize;
use solana_address::Address;
use std::collections::{BTreeMap, BTreeSet};

/// Finalized epochs that estimates look back on.
pub const EPOCHS_BACK: u64 = 4;

fn refused(error: MarketError) -> ClientError {
    ClientError::Refused(error)
}

/// A job to be quoted, and what it asks of its nodes.
#[derive(Clone, Copy, Debug)]
pub struct QuoteRequest {
    /// Its size.
    pub order: Order,
    /// One of the `CLASS_*` constants.
    pub class: u8,
    /// Least accelerator memory, MiB.
    pub minimum_memory_mib: u32,
    /// Least node reputation, basis points.
    pub minimum_reputation: u16,
    /// When it should be done.
    pub hours: u32,
    /// The only tier to quote.
    pub tier: Option<Tier>,
}

/// What a job costs in one tier.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TierQuote {
    /// `economy` or `priority`.
    pub tier: &'static str,
    /// Floating price as a share of the tier's base price.
    pub price_index_bps: u64,
    /// To the node, for each unit: what `job_open` charges at the network's price.
    pub price_per_unit_credit_units: u64,
    /// For audits, for each unit.
    pub premium_per_unit_credit_units: u64,
    /// Escrowed for all units, audits included.
    pub credit_units: u64,
    /// Of those, for audits.
    pub premium_credit_units: u64,
    /// RENDER that those credits cost now, operations share included; absent without an acceptable price.
    pub render_base_units: Option<u64>,
    /// Of that, burned.
    pub burned_render_base_units: Option<u64>,
    /// Nodes that would take it.
    pub nodes: u64,
    /// Until its last lease is accepted; absent where that cannot be told.
    pub expected_seconds: Option<u64>,
}

impl From<&Quote> for TierQuote {
    fn from(quote: &Quote) -> Self {
        Self {
            tier: quote.tier.name(),
            price_index_bps: quote.index_bps,
            price_per_unit_credit_units: quote.price_per_unit,
            premium_per_unit_credit_units: quote.premium_per_unit,
            credit_units: quote.credits,
            premium_credit_units: quote.premium,
            render_base_units: quote.purchase.map(|purchase| purchase.total),
            burned_render_base_units: quote.purchase.map(|purchase| purchase.burned),
            nodes: quote.nodes,
            expected_seconds: quote.expected_seconds,
        }
    }
}

/// What a job costs, where, and when it is expected to be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct QuoteAnswer {
    /// Units quoted.
    pub units: u64,
    /// Leases that they are cut into.
    pub leases: u64,
    /// Work measure of a unit.
    pub work_per_unit: u64,
    /// Least bandwidth of its nodes.
    pub bandwidth_tier: &'static str,
    /// The wish.
    pub wished_seconds: u64,
    /// The tier that fits it.
    pub chosen: TierQuote,
    /// Why that one, in a sentence.
    pub why: &'static str,
    /// Whether it is expected to be done in time.
    pub in_time: bool,
    /// Every tier.
    pub tiers: Vec<TierQuote>,
    /// The price that RENDER amounts are computed with; absent without an acceptable one.
    pub price_e8_usd: Option<u64>,
}

fn sentence(why: Why) -> &'static str {
    match why {
        Why::CheapestInTime => "the cheapest tier that is expected to be done in time",
        Why::FastestButLate => "no tier is expected to be done in time; this is the fastest",
        Why::AskedInTime => "the tier that was asked for; it is expected to be done in time",
        Why::AskedButLate => "the tier that was asked for; it is not expected to be done in time",
        Why::TimeUnknown => {
            "nodes have no free places, or no leases on the chain show their speed: no time can be told"
        }
    }
}

/// Quotes a job.
pub async fn quote(chain: &(impl Chain + ?Sized), request: &QuoteRequest) -> Result<QuoteAnswer, ClientError> {
    let network = account::network(chain).await?;
    let rules = quote_rules(&network.parameters());
    let market = state(chain, &network, request).await?;
    let wished_seconds = u64::from(request.hours).saturating_mul(3_600);
    let (chosen, why) = quote::quote(&request.order, wished_seconds, request.tier, &rules, &market).map_err(refused)?;
    let offers = Tier::ALL.map(|tier| quote::offer(&request.order, tier, &rules, &market));
    let tiers = offers.iter().flatten().map(TierQuote::from).collect();
    Ok(QuoteAnswer {
        units: request.order.units,
        leases: chosen.leases,
        work_per_unit: request.order.work_per_unit,
        bandwidth_tier: request.order.bandwidth.name(),
        wished_seconds,
        chosen: TierQuote::from(&chosen),
        why: sentence(why),
        in_time: matches!(why, Why::CheapestInTime | Why::AskedInTime),
        tiers,
        price_e8_usd: market.lower_price,
    })
}

/// The rules of a network as quotes need them.
pub fn quote_rules(parameters: &Parameters) -> QuoteRules {
    QuoteRules {
        price: parameters.price_rules(),
        audit: parameters.audit_rules(),
        burn_bps: parameters.burn_bps,
        settle_seconds: parameters.reveal_seconds.saturating_add(parameters.challenge_seconds),
    }
}

/// The lower bound of the price where it can be read; a Pyth update comes with each purchase and is not known before.
async fn known_price(chain: &(impl Chain + ?Sized), network: &Network, now: i64) -> Result<Option<u64>, ClientError> {
    if network.oracle_kind != ORACLE_PUBLISHERS {
        return Ok(None);
    }
    Ok(lower_bound(network, &account::oracle(chain).await?, now).ok())
}

/// The market as it is for a job.
pub async fn state(
    chain: &(impl Chain + ?Sized),
    network: &Network,
    request: &QuoteRequest,
) -> Result<MarketState, ClientError> {
    let now = chain.clock().await?.unix_timestamp;
    let nodes = account::nodes(chain).await?;
    let jobs: BTreeMap<Address, Job> = account::jobs(chain).await?.into_iter().collect();
    let leases: Vec<(Address, Lease)> = account::list(chain, &[]).await?;
    let epochs = finalized(chain, network, EPOCHS_BACK).await?;
    let place = Places { network, request, nodes: &nodes, jobs: &jobs, leases: &leases, epochs: &epochs, now };
    Ok(MarketState {
        economy: place.tier(Tier::Economy)?,
        priority: place.tier(Tier::Priority)?,
        lower_price: known_price(chain, network, now).await?,
    })
}

/// The latest finalized epochs, the latest first.
async fn finalized(chain: &(impl Chain + ?Sized), network: &Network, most: u64) -> Result<Vec<Epoch>, ClientError> {
    let mut found = Vec::new();
    // The running epoch and one whose end nobody has settled stand before them.
    for number in (1..=network.epoch).rev() {
        if let Some(epoch) = account::epoch(chain, number).await?.filter(|epoch| epoch.state == EPOCH_FINALIZED) {
            found.push(epoch);
        }
        if found.len() as u64 >= most || network.epoch - number > most.saturating_mul(2) {
            break;
        }
    }
    Ok(found)
}

struct Places<'a> {
    network: &'a Network,
    request: &'a QuoteRequest,
    nodes: &'a [(Address, Node)],
    jobs: &'a BTreeMap<Address, Job>,
    leases: &'a [(Address, Lease)],
    epochs: &'a [Epoch],
    now: i64,
}

impl Places<'_> {
    fn tier(&self, tier: Tier) -> Result<TierState, ClientError> {
        let QuoteRequest { order, class, .. } = self.request;
        let index_bps = self
            .network
            .price_index(*class, tier.into())
            .map_err(|_| ClientError::NotYet(format!("there is no class {class} of work")))?;
        let rules = self.network.parameters().price_rules();
        let price =
            price::price_per_unit(order.work_per_unit, tier, order.bandwidth, order.has_region, index_bps, &rules)
                .map_err(refused)?;
        let job = self.job(price);
        let able: Vec<&(Address, Node)> = self.nodes.iter().filter(|(_, node)| self.would_take(&job, node)).collect();
        let places = able.iter().fold(0_u64, |sum, (_, node)| sum.saturating_add(u64::from(node.capacity)));
        let addresses: BTreeSet<&Address> = able.iter().map(|(address, _)| address).collect();
        let held = self.leases.iter().filter(|(_, lease)| {
            let is_held = LeaseState::try_from(lease.status).is_ok_and(LeaseState::is_in_flight);
            let is_before = self.jobs.get(&lease.job).is_some_and(|job| job.tier >= u8::from(tier));
            is_held && is_before && addresses.contains(&lease.node)
        });
        let now_bps = price::utilisation_bps(held.count() as u64, places).unwrap_or(0);
        let before_bps = match tier {
            Tier::Economy => self.utilisation(),
            Tier::Priority => 0,
        };
        let (sample_work, sample_seconds) = self.sample();
        Ok(TierState {
            index_bps,
            nodes: able.len() as u64,
            places,
            busy_bps: now_bps.max(before_bps),
            sample_work,
            sample_seconds,
        })
    }

    /// The job as `lease_claim` would see it.
    fn job(&self, price_per_unit: u64) -> Job {
        let QuoteRequest { order, class, minimum_memory_mib, minimum_reputation, .. } = *self.request;
        let mut job = Job::zeroed();
        job.class = class;
        job.units = order.units;
        job.price_per_unit = price_per_unit;
        job.work_per_unit = order.work_per_unit;
        job.minimum_memory_mib = minimum_memory_mib;
        job.minimum_reputation = minimum_reputation;
        job.bandwidth_tier = order.bandwidth.into();
        job
    }

    fn would_take(&self, job: &Job, node: &Node) -> bool {
        let free = Node { leases_held: 0, ..*node };
        race::require_requirements(self.network, job, &free, self.now).is_ok()
    }

    fn utilisation(&self) -> u64 {
        let class = usize::from(self.request.class);
        let sum = |of: fn(&Epoch) -> [u64; 2]| {
            self.epochs.iter().fold(0_u64, |sum, epoch| sum.saturating_add(of(epoch).get(class).copied().unwrap_or(0)))
        };
        price::utilisation_bps(sum(|epoch| epoch.busy_seconds), sum(|epoch| epoch.capacity_seconds)).unwrap_or(0)
    }

    /// Work and seconds of the committed leases of the class.
    fn sample(&self) -> (u64, u64) {
        let committed =
            self.leases.iter().filter(|(_, lease)| lease.class == self.request.class && lease.busy_seconds > 0);
        committed.fold((0, 0), |(work, seconds), (_, lease)| {
            let Some(job) = self.jobs.get(&lease.job) else { return (work, seconds) };
            let done = job.work_per_unit.saturating_mul(u64::from(lease.units));
            (work.saturating_add(done), seconds.saturating_add(u64::from(lease.busy_seconds)))
        })
    }
}

// Earnings.

/// A machine whose earnings are asked for.
#[derive(Clone, Copy, Debug)]
pub struct EarningsRequest {
    /// Its model.
    pub model: &'static GpuModel,
    /// Its compute rating where it is known, 1e9 int8 operations per second; else the model's score of the reference node's.
    pub compute: Option<u64>,
    /// Sequential hash rate of a core where it is known, 1e3 per second; else the reference node's.
    pub clock: Option<u64>,
    /// Bandwidth where it is known, Mbit/s; else the reference node's.
    pub bandwidth: Option<u64>,
    /// Whether it takes rendering.
    pub serves_render: bool,
    /// Whether it takes general compute.
    pub serves_compute: bool,
}

/// What a machine can expect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EarningsAnswer {
    /// The model.
    pub gpu: &'static str,
    /// Compute rating that the estimate uses.
    pub compute_giga_operations_per_second: u64,
    /// RNP-019's compound multiplier with the rest of the machine as in its reference; absent for a model without a score.
    pub multiplier_e4: Option<u64>,
    /// Price of an hour by that multiplier and RNP-019's price of the reference.
    pub hour_credit_units: Option<u64>,
    /// Price of the model when new.
    pub price_us_cents: Option<u64>,
    /// Finalized epochs that the estimate looks back on; with none, nothing is known and nothing promised.
    pub epochs: u64,
    /// How long those lasted.
    pub epochs_seconds: u64,
    /// Nodes in the network.
    pub nodes: u64,
    /// Ratings that the score of availability comes from; what is not known is the reference node's.
    pub memory_mib: u64,
    /// Sequential hash rate of a core.
    pub clock_kilo_hashes_per_second: u64,
    /// Bandwidth.
    pub bandwidth_mbit_per_second: u64,
    /// Availability it would have earned in those epochs, present all the time: score P for each probe, Q20.
    pub availability_q20: u64,
    /// Use of the network in those epochs, by class: render, compute; absent without probes.
    pub utilisation_bps: [Option<u64>; 2],
    /// A day's RENDER for rendering.
    pub render_work_render_base_units_per_day: u64,
    /// A day's RENDER for general compute.
    pub compute_work_render_base_units_per_day: u64,
    /// A day's RENDER for availability.
    pub availability_render_base_units_per_day: u64,
    /// All three.
    pub total_render_base_units_per_day: u64,
    /// The same at the price below; absent without an acceptable price.
    pub total_credit_units_per_day: Option<u64>,
    /// The price's lower bound.
    pub price_e8_usd: Option<u64>,
    /// Until the model's price is earned; absent without both prices or where nothing is earned.
    pub days_to_break_even: Option<u64>,
    /// What RNP-004 says that a day must earn to break even in 180 days: the model's price / 180.
    pub rnp_004_credit_units_per_day: Option<u64>,
    /// What RNP-004's table says of an hour.
    pub rnp_004_credit_units_per_hour: Option<u64>,
}

/// A node's rating, or what it is taken to be.
fn rating(node: &Node, reference_compute: u64) -> Result<u64, ClientError> {
    if node.rated_compute > 0 {
        return Ok(node.rated_compute);
    }
    let model = hardware_of(node).map(|model| model.compute(reference_compute)).transpose().map_err(refused)?;
    Ok(model.flatten().unwrap_or(reference_compute))
}

fn hardware_of(node: &Node) -> Option<&'static GpuModel> {
    let name = String::from_utf8_lossy(&node.hardware);
    hardware::find(name.trim_end_matches('\0'))
}

/// Estimates a machine's earnings.
pub async fn earnings(chain: &(impl Chain + ?Sized), request: &EarningsRequest) -> Result<EarningsAnswer, ClientError> {
    let network = account::network(chain).await?;
    let parameters = network.parameters();
    let now = chain.clock().await?.unix_timestamp;
    let nodes = account::nodes(chain).await?;
    let finalized = finalized(chain, &network, EPOCHS_BACK).await?;
    let price_e8_usd = known_price(chain, &network, now).await?;

    let rules = parameters.stake_rules();
    let works = |node: &Node| node.draining == 0 && node.stake_model().check_may_work(&rules).is_ok();
    let rated = |class: u8| {
        nodes.iter().filter(|(_, node)| works(node) && node.serves(class)).try_fold(0_u64, |sum, (_, node)| {
            rating(node, parameters.reference_compute).map(|rating| sum.saturating_add(rating))
        })
    };
    let total = |of: &dyn Fn(&Epoch) -> u64| finalized.iter().fold(0_u64, |sum, epoch| sum.saturating_add(of(epoch)));
    let class_of = |class: u8| -> Result<ClassEpochs, ClientError> {
        let pool = total(&|epoch| epoch.work_pools.get(usize::from(class)).copied().unwrap_or(0));
        Ok(ClassEpochs { pool, rated_compute: rated(class)? })
    };
    let epochs = Epochs {
        seconds: total(&|epoch| u64::try_from(epoch.ends_at.saturating_sub(epoch.starts_at)).unwrap_or(0)),
        render: class_of(CLASS_RENDER)?,
        compute: class_of(CLASS_COMPUTE)?,
        availability_pool: total(&|epoch| epoch.availability_pool),
        availability_total: total(&|epoch| epoch.availability),
        availability_cap: total(&|epoch| epoch.availability_cap),
    };
    let of_model = request.model.compute(parameters.reference_compute).map_err(refused)?;
    let compute = request.compute.or(of_model).ok_or_else(|| {
        ClientError::NotYet(format!(
            "{} has no score in RNP-019 or RNP-021; state its compute rating in 1e9 int8 operations per second",
            request.model.name
        ))
    })?;
    let ratings = Ratings {
        compute,
        memory_mib: request.model.memory_mib,
        clock: request.clock.unwrap_or(parameters.reference_clock),
        bandwidth: request.bandwidth.unwrap_or(parameters.reference_bandwidth),
    };
    let availability =
        quote::expected_availability(&ratings, &parameters.probe_rules(), epochs.seconds).map_err(refused)?;
    let machine =
        Machine { compute, availability, serves_render: request.serves_render, serves_compute: request.serves_compute };
    let price_us_cents = request.model.price_cents;
    let found = quote::earnings(&machine, &epochs, price_e8_usd, price_us_cents).map_err(refused)?;
    let multiplier_e4 = request.model.multiplier().map_err(refused)?;
    let use_of = |class: u8| {
        let at = |seconds: &[u64; 2]| seconds.get(usize::from(class)).copied().unwrap_or(0);
        price::utilisation_bps(total(&|epoch| at(&epoch.busy_seconds)), total(&|epoch| at(&epoch.capacity_seconds)))
    };
    Ok(EarningsAnswer {
        gpu: request.model.name,
        compute_giga_operations_per_second: compute,
        multiplier_e4,
        hour_credit_units: multiplier_e4.map(hardware::credits_per_hour).transpose().map_err(refused)?,
        price_us_cents,
        epochs: finalized.len() as u64,
        epochs_seconds: epochs.seconds,
        nodes: nodes.len() as u64,
        memory_mib: ratings.memory_mib,
        clock_kilo_hashes_per_second: ratings.clock,
        bandwidth_mbit_per_second: ratings.bandwidth,
        availability_q20: availability,
        utilisation_bps: [use_of(CLASS_RENDER), use_of(CLASS_COMPUTE)],
        render_work_render_base_units_per_day: found.render,
        compute_work_render_base_units_per_day: found.compute,
        availability_render_base_units_per_day: found.availability,
        total_render_base_units_per_day: found.total,
        total_credit_units_per_day: found.credits,
        price_e8_usd,
        days_to_break_even: found.days_to_break_even,
        rnp_004_credit_units_per_day: price_us_cents
            .map(|cents| hardware::breakeven_per_day(cents, BREAKEVEN_DAYS))
            .transpose()
            .map_err(refused)?,
        rnp_004_credit_units_per_hour: request.model.published_hour.map(|hour| hour.digits.saturating_mul(hour.unit)),
    })
}
