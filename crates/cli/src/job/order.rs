//! Owns what an order is and what it comes to, before anything is sent.

use kernels::render::Frame;
use market_model::MarketError;
use market_model::audit::{AuditRules, MAX_REPLICAS};
use market_model::job::{JobTerms, MAX_LEASES};
use market_model::price::{self, BandwidthTier};
use market_model::tier::Tier;
use render_compute::constants::CLASS_RENDER;
use render_compute::state::Network;
use serde::Serialize;

use crate::CliError;
use crate::amount::Usd;

/// Leases that a job is cut into unless the caller says otherwise: enough for many nodes, few enough that transactions cost
/// little beside the work.
const USUAL_LEASES: u64 = 64;

/// An order for one picture of a scene.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RenderOrder {
    /// The picture.
    pub frame: Frame,
    /// Most credits for all of it.
    pub max_price: Usd,
    /// Tiles in a lease; `None` for the usual cut.
    pub lease_tiles: Option<u32>,
    /// Seconds a node has for a lease.
    pub lease_seconds: u32,
    /// Seconds during which leases may be taken.
    pub open_seconds: u32,
    /// Least accelerator memory, MiB.
    pub minimum_memory_mib: u32,
    /// Least reputation, basis points.
    pub minimum_reputation: u16,
    /// Preferred region; 0 for any.
    pub region: u16,
    /// Nodes that compute each lease: 1, or up to 3 to have every lease audited by the others.
    pub replicas: u8,
    /// How the job is served.
    pub tier: Tier,
    /// Least bandwidth of its nodes.
    pub bandwidth: BandwidthTier,
    /// Whether the network's price is paid, and `max_price` is only the most that it may come to.
    pub at_network_price: bool,
}

impl RenderOrder {
    /// An order that any node may work on, with the command line's usual times.
    pub fn new(frame: Frame, max_price: Usd) -> Self {
        Self {
            frame,
            max_price,
            lease_tiles: None,
            lease_seconds: 600,
            open_seconds: 86_400,
            minimum_memory_mib: 0,
            minimum_reputation: 0,
            region: 0,
            replicas: 1,
            tier: Tier::Economy,
            bandwidth: BandwidthTier::LowI,
            at_network_price: false,
        }
    }
}

/// What an order comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Quote {
    /// Tiles.
    pub units: u64,
    /// Leases.
    pub leases: u64,
    /// Tiles in a lease.
    pub units_per_lease: u32,
    /// Work measure of a tile: its pixels times the samples.
    pub work_per_unit: u64,
    /// For each tile, to the node that renders it.
    pub price_per_unit_credit_units: u64,
    /// For each tile, for audits.
    pub premium_per_unit_credit_units: u64,
    /// Nodes that compute each lease.
    pub replicas: u8,
    /// Escrowed for all of them, audits included.
    pub escrow_credit_units: u64,
}

/// How a picture is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut {
    /// Tiles.
    pub units: u64,
    /// Leases.
    pub leases: u64,
    /// Tiles in a lease.
    pub units_per_lease: u32,
    /// Work measure of a tile. The first one's, which is the largest: the edges may cut others.
    pub work_per_unit: u64,
}

/// Cuts a picture into leases of so many tiles, or as usual.
pub fn cut(frame: &Frame, lease_tiles: Option<u32>) -> Result<Cut, CliError> {
    frame
        .validate()
        .map_err(|error| CliError::usage(format!("--{}: {}", error.field.replace('_', "-"), error.reason)))?;
    let units = frame.units();
    let usual = u32::try_from(units.div_ceil(USUAL_LEASES)).unwrap_or(u32::MAX);
    let units_per_lease = lease_tiles.unwrap_or(usual);
    if units_per_lease == 0 {
        return Err(CliError::usage("--lease-tiles: a lease has at least one tile"));
    }
    let leases = units.div_ceil(u64::from(units_per_lease));
    if leases > MAX_LEASES {
        return Err(CliError::usage(format!(
            "--lease-tiles: {units} tiles would make {leases} leases, a job has at most {MAX_LEASES}; give at least {}",
            units.div_ceil(MAX_LEASES)
        )));
    }
    Ok(Cut { units, leases, units_per_lease, work_per_unit: frame.unit_work(0) })
}

/// What an order comes to under a network's rules when it pays all that it may; refuses what the market would refuse, by the name of the
/// option.
pub fn quote(order: &RenderOrder, rules: &AuditRules) -> Result<Quote, CliError> {
    let Cut { units, units_per_lease, work_per_unit, .. } = cut(&order.frame, order.lease_tiles)?;
    if !(1..=MAX_REPLICAS).contains(&order.replicas) {
        let (given, most) = (order.replicas, MAX_REPLICAS);
        return Err(CliError::usage(format!(
            "--replicas: {given} is outside 1..={most}, the nodes that compute each lease"
        )));
    }
    let budget = order.max_price.0.checked_div(units).unwrap_or(0);
    let (price_per_unit, premium_per_unit) = share(budget, order.replicas, rules)
        .map_err(|error| CliError::usage(format!("--max-price: {error}")))?
        .ok_or_else(|| {
            CliError::usage(format!(
                "--max-price: {} is less than 0.000001 USD and its audits for each of the {units} tiles; raise it, or enlarge --tile",
                order.max_price
            ))
        })?;
    let terms = JobTerms { units, units_per_lease: u64::from(units_per_lease), price_per_unit, premium_per_unit };
    let plan = terms.plan().map_err(|error| CliError::usage(format!("--max-price: {error}")))?;
    Ok(Quote {
        units,
        leases: plan.leases,
        units_per_lease,
        work_per_unit,
        price_per_unit_credit_units: price_per_unit,
        premium_per_unit_credit_units: premium_per_unit,
        replicas: order.replicas,
        escrow_credit_units: plan.escrow,
    })
}

/// What the order comes to at the network's price, which must not be above that of `most`, the quote of [`quote`].
pub fn at_network_price(order: &RenderOrder, most: &Quote, network: &Network) -> Result<Quote, CliError> {
    let rule = |error: MarketError| CliError::operation(format!("the network's price: {error}"));
    let parameters = network.parameters();
    let index = network
        .price_index(CLASS_RENDER, order.tier.into())
        .map_err(|_| CliError::operation("the network has no price for this tier"))?;
    let has_region = order.region != 0;
    let rules = parameters.price_rules();
    let price = price::price_per_unit(most.work_per_unit, order.tier, order.bandwidth, has_region, index, &rules)
        .map_err(rule)?;
    let premium = parameters.audit_rules().premium_per_unit(price, order.replicas).map_err(rule)?;
    let terms = JobTerms {
        units: most.units,
        units_per_lease: u64::from(most.units_per_lease),
        price_per_unit: price,
        premium_per_unit: premium,
    };
    let escrow = terms.plan().map_err(rule)?.escrow;
    if price::charged(most.price_per_unit_credit_units, price, true).is_err() {
        return Err(CliError::operation(format!(
            "--max-price: at the network's price the picture costs {}, above {}; raise it, or leave --at-network-price out and              see whether a node takes it for less",
            Usd(escrow),
            order.max_price
        )));
    }
    Ok(Quote {
        price_per_unit_credit_units: price,
        premium_per_unit_credit_units: premium,
        escrow_credit_units: escrow,
        ..*most
    })
}

/// The largest price that leaves enough of a tile's budget for the premium on it, with that premium; `None` where no price does.
fn share(budget: u64, replicas: u8, rules: &AuditRules) -> Result<Option<(u64, u64)>, MarketError> {
    let fits = |price: u64| -> Result<Option<u64>, MarketError> {
        let premium = rules.premium_per_unit(price, replicas)?;
        Ok(price.checked_add(premium).is_some_and(|sum| sum <= budget).then_some(premium))
    };
    // Both price and premium grow with the price, so that the largest one that fits is found by bisection.
    let (mut low, mut high) = (0, budget);
    while low < high {
        let middle = high - (high - low) / 2;
        if fits(middle)?.is_some() { low = middle } else { high = middle - 1 }
    }
    if low == 0 {
        return Ok(None);
    }
    Ok(fits(low)?.map(|premium| (low, premium)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use market_model::Parameters;

    /// An audit of every tenth lease.
    fn rules() -> AuditRules {
        Parameters::DEFAULT.audit_rules()
    }

    fn order(width: u32, tile: u32, max_price: u64) -> RenderOrder {
        RenderOrder::new(Frame { width, height: width, tile, samples: 4, max_bounces: 4, seed: 0 }, Usd(max_price))
    }

    #[test]
    fn the_escrow_never_exceeds_the_stated_price() {
        let quote = quote(&order(100, 32, 1_000_003), &rules()).expect("valid");
        // 62,500 credits a tile: 56,818 and a tenth of it, rounded up.
        assert_eq!((quote.units, quote.price_per_unit_credit_units), (16, 56_818));
        assert_eq!(quote.premium_per_unit_credit_units, 5_682);
        assert_eq!(quote.escrow_credit_units, 1_000_000);
        assert_eq!(quote.work_per_unit, 32 * 32 * 4);
    }

    #[test]
    fn replicas_are_paid_out_of_the_stated_price() {
        for (replicas, price, premium) in [(2, 31_250, 31_250), (3, 20_833, 41_666)] {
            let order = RenderOrder { replicas, ..order(100, 32, 1_000_000) };
            let quote = quote(&order, &rules()).expect("valid");
            assert_eq!((quote.price_per_unit_credit_units, quote.premium_per_unit_credit_units), (price, premium));
            assert!(quote.escrow_credit_units <= 1_000_000);
        }
        for replicas in [0, 4] {
            let order = RenderOrder { replicas, ..order(100, 32, 1_000_000) };
            let message = quote(&order, &rules()).expect_err("out of range").to_string();
            assert!(message.starts_with(&format!("--replicas: {replicas} is outside 1..=3")), "{message}");
        }
    }

    #[test]
    fn no_credit_of_a_tile_s_budget_is_left_that_would_raise_the_price() {
        for budget in 2..300 {
            let (price, premium) = share(budget, 1, &rules()).expect("no overflow").expect("enough");
            assert!(price + premium <= budget);
            let next = price + 1 + rules().premium_per_unit(price + 1, 1).expect("no overflow");
            assert!(next > budget, "{budget}");
        }
        assert_eq!(share(1, 1, &rules()), Ok(None));
    }

    #[test]
    fn a_large_job_is_cut_into_at_most_the_usual_leases() {
        let quote = quote(&order(4096, 32, 100_000_000), &rules()).expect("valid");
        assert_eq!((quote.units, quote.units_per_lease, quote.leases), (16_384, 256, 64));
    }

    #[test]
    fn too_many_leases_are_refused_with_the_least_that_fits() {
        let order = RenderOrder { lease_tiles: Some(1), ..order(4096, 32, 100_000_000) };
        let message = quote(&order, &rules()).expect_err("16,384 leases").to_string();
        assert!(message.starts_with("--lease-tiles:") && message.ends_with("give at least 16"), "{message}");
    }

    #[test]
    fn a_price_below_one_credit_per_tile_is_refused() {
        let message = quote(&order(128, 32, 15), &rules()).expect_err("15 credits for 16 tiles").to_string();
        assert!(message.starts_with("--max-price: 0.000015 USD is less than"), "{message}");
    }

    #[test]
    fn a_frame_is_refused_by_the_name_of_its_option() {
        let mut order = order(128, 32, 1_000_000);
        order.frame.max_bounces = 65;
        assert_eq!(quote(&order, &rules()).expect_err("65").to_string(), "--max-bounces: 65 is outside 0..=64");
    }
}
