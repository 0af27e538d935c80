//! Prices: what the network asks for a unit of work, and how that floats with the use that is made of it.
//!
//! Prices are credit units (1e-6 USD) per unit of a job; work is the job's work measure, for `render` the camera samples of a unit;
//! surcharges, utilisation and indices are bps.
//!
//! ```text
//! price = ceil( work / work_per_obh / obh_per_dollar(tier) x 1e6 x (1 + bandwidth + region) x index )
//! ```
//!
//! * Tiers (Render's knowledge base, "How much does RNDR cost"): a dollar buys 100 OctaneBench hours (OBh) in tier 2, here
//!   [`Tier::Priority`], and 200 in tier 3, here [`Tier::Economy`].
//! * `work_per_obh` is a convention of the network and no measurement: this path tracer's samples are not OctaneBench's, and an engine that
//!   counts other work has to state it in the same unit. What a node asks for is per work measure too, so that a wrong convention moves the
//!   network's price and forces it on nobody.
//! * Bandwidth (RNP-004, image 5): eight tiers with surcharges from nothing to 50 %, see [`BandwidthTier`]. Region: one surcharge for a job that
//!   names a region (RNP-004 prices by location, without a figure). RNP-004 does not say how surcharges combine; here they add.
//! * Rounding: once, at the end, up: the protocol receives it.
//!
//! The index of a class and tier moves once per epoch by the utilisation u = busy seconds / capacity seconds of the class, rounded down, at most 1:
//!
//! ```text
//! index' = clamp( index +- ceil( index x min(|u - target|, step) ), min, max )
//! ```
//!
//! so it stays where u is the target (RNP-019 and RNP-021: scale above 80 %), moves in proportion to the distance, and by no more than
//! `step` (RNP-020: 10 %), rounded up to a whole basis point so that a low price is not stuck. Without capacity nothing was observed and nothing
//! moves. The tiers of a class share its counters, hence its direction.

use crate::amount::{self, Round, WHOLE_BPS, bps_of, mul_div};
use crate::error::MarketError;
use crate::tier::Tier;

/// Credits in a dollar over the bps of surcharges and of the index together: 1e6 / (1e4 x 1e4).
const BPS_PRODUCT_PER_CREDIT: u128 = 100;

/// Least bandwidth of the nodes of a job, up and down (RNP-004, image 5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum BandwidthTier {
    /// 25 MB/s, in the base price; not required of nodes.
    LowI,
    /// 50 MB/s.
    LowII,
    /// 100 MB/s.
    MediumI,
    /// 200 MB/s.
    MediumII,
    /// 300 MB/s.
    MediumIII,
    /// 400 MB/s.
    HighI,
    /// 500 MB/s.
    HighII,
    /// 1 GB/s.
    UltraHigh,
}

impl BandwidthTier {
    /// Every tier, in the order of the codes.
    pub const ALL: [BandwidthTier; 8] = [
        BandwidthTier::LowI,
        BandwidthTier::LowII,
        BandwidthTier::MediumI,
        BandwidthTier::MediumII,
        BandwidthTier::MediumIII,
        BandwidthTier::HighI,
        BandwidthTier::HighII,
        BandwidthTier::UltraHigh,
    ];

    /// What it is called.
    pub const fn name(self) -> &'static str {
        match self {
            BandwidthTier::LowI => "low-1",
            BandwidthTier::LowII => "low-2",
            BandwidthTier::MediumI => "medium-1",
            BandwidthTier::MediumII => "medium-2",
            BandwidthTier::MediumIII => "medium-3",
            BandwidthTier::HighI => "high-1",
            BandwidthTier::HighII => "high-2",
            BandwidthTier::UltraHigh => "ultra-high",
        }
    }

    /// MB/s of the published table.
    pub const fn megabytes_per_second(self) -> u64 {
        match self {
            BandwidthTier::LowI => 25,
            BandwidthTier::LowII => 50,
            BandwidthTier::MediumI => 100,
            BandwidthTier::MediumII => 200,
            BandwidthTier::MediumIII => 300,
            BandwidthTier::HighI => 400,
            BandwidthTier::HighII => 500,
            BandwidthTier::UltraHigh => 1_000,
        }
    }

    /// On top of the base price.
    pub const fn surcharge_bps(self) -> u64 {
        match self {
            BandwidthTier::LowI => 0,
            BandwidthTier::LowII => 500,
            BandwidthTier::MediumI => 1_000,
            BandwidthTier::MediumII => 1_500,
            BandwidthTier::MediumIII => 2_000,
            BandwidthTier::HighI => 2_250,
            BandwidthTier::HighII => 2_550,
            BandwidthTier::UltraHigh => 5_000,
        }
    }

    /// Mbit/s that peers must have measured of a node of the job; nothing in the base tier, which is not paid for.
    pub const fn required_mbit(self) -> u64 {
        match self {
            BandwidthTier::LowI => 0,
            // At most 8,000.
            paid => paid.megabytes_per_second().wrapping_mul(8),
        }
    }
}

impl From<BandwidthTier> for u8 {
    fn from(tier: BandwidthTier) -> u8 {
        match tier {
            BandwidthTier::LowI => 0,
            BandwidthTier::LowII => 1,
            BandwidthTier::MediumI => 2,
            BandwidthTier::MediumII => 3,
            BandwidthTier::MediumIII => 4,
            BandwidthTier::HighI => 5,
            BandwidthTier::HighII => 6,
            BandwidthTier::UltraHigh => 7,
        }
    }
}

impl TryFrom<u8> for BandwidthTier {
    type Error = MarketError;

    fn try_from(code: u8) -> Result<Self, MarketError> {
        BandwidthTier::ALL.get(usize::from(code)).copied().ok_or(MarketError::BandwidthTierUnknown)
    }
}

/// What prices depend on beside the index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PriceRules {
    /// OBh that a dollar buys in the economy tier.
    pub obh_per_dollar_economy: u64,
    /// OBh that a dollar buys in the priority tier.
    pub obh_per_dollar_priority: u64,
    /// Work measure of an OBh.
    pub work_per_obh: u64,
    /// Surcharge of a job that names a region.
    pub region_surcharge_bps: u64,
    /// Utilisation at which an index stays.
    pub target_utilisation_bps: u64,
    /// Most change of an index in an epoch, as a share of it.
    pub step_bps: u64,
    /// Least index.
    pub min_bps: u64,
    /// Largest index.
    pub max_bps: u64,
}

/// The index of a new network: base prices.
pub const BASE_INDEX_BPS: u64 = WHOLE_BPS;

fn product(a: u128, b: u64) -> Result<u128, MarketError> {
    a.checked_mul(u128::from(b)).ok_or(MarketError::Overflow)
}

/// The network's price of a unit, in credit units, rounded up; see the header.
pub fn price_per_unit(
    work_per_unit: u64,
    tier: Tier,
    bandwidth: BandwidthTier,
    has_region: bool,
    index_bps: u64,
    rules: &PriceRules,
) -> Result<u64, MarketError> {
    let obh_per_dollar = match tier {
        Tier::Economy => rules.obh_per_dollar_economy,
        Tier::Priority => rules.obh_per_dollar_priority,
    };
    let region = if has_region { rules.region_surcharge_bps } else { 0 };
    let rate_bps = amount::add(amount::add(WHOLE_BPS, bandwidth.surcharge_bps())?, region)?;
    let dividend = product(product(u128::from(work_per_unit), rate_bps)?, index_bps)?;
    let divisor = product(product(BPS_PRODUCT_PER_CREDIT, rules.work_per_obh)?, obh_per_dollar)?;
    let quotient = dividend.checked_div(divisor).ok_or(MarketError::DivisionByZero)?;
    let price = u64::try_from(quotient).map_err(|_| MarketError::Overflow)?;
    // Cannot wrap: quotient x divisor <= dividend.
    if quotient.wrapping_mul(divisor) == dividend { Ok(price) } else { amount::add(price, 1) }
}

/// What a job pays for a unit: the network's price where it asked for that, refused above `stated`; else what it stated itself, which nodes
/// take or leave.
pub fn charged(stated: u64, network: u64, at_network_price: bool) -> Result<u64, MarketError> {
    match at_network_price {
        true if network > stated => Err(MarketError::NetworkPriceAboveCap),
        true => Ok(network),
        false => Ok(stated),
    }
}

/// Busy seconds as a share of capacity seconds, rounded down, at most the whole; `None` without capacity.
pub fn utilisation_bps(busy_seconds: u64, capacity_seconds: u64) -> Option<u64> {
    mul_div(busy_seconds.min(capacity_seconds), WHOLE_BPS, capacity_seconds, Round::Down).ok()
}

/// The index after an epoch; see the header.
pub fn next_index(
    index_bps: u64,
    busy_seconds: u64,
    capacity_seconds: u64,
    rules: &PriceRules,
) -> Result<u64, MarketError> {
    let Some(utilisation) = utilisation_bps(busy_seconds, capacity_seconds) else { return Ok(index_bps) };
    let distance = utilisation.abs_diff(rules.target_utilisation_bps).min(rules.step_bps);
    let change = bps_of(index_bps, distance, Round::Up)?;
    let next = match utilisation > rules.target_utilisation_bps {
        true => amount::add(index_bps, change)?,
        false => amount::sub(index_bps, change)?,
    };
    Ok(next.min(rules.max_bps).max(rules.min_bps))
}
