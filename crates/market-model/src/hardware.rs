//! Hardware: what models of accelerators are taken to be worth beside each other, and when one has paid for itself.
//!
//! * Compound multiplier (RNP-019, appendix 3): CM = 0.36 GPU + 0.26 VRAM + 0.15 network + 0.08 clock + 0.08 memory bandwidth + 0.04 CPU, each factor
//!   a score of which 1 is the reference machine: RTX 4090, 24 GB, 400/300 Mbit/s, 2.5 GHz boost, 8 cores at 3 GHz. The proposal says that its
//!   weights sum to 1; they sum to 0.97, and so the reference machine has 0.97, as in the proposal's own examples. Kept as published.
//!   Scores and multipliers are 1/10,000; the sum rounds down.
//! * Price of an hour: the reference machine's price (RNP-019: 0.35 USD for an RTX 4090) times CM over the reference machine's CM, rounded up. It is for
//!   comparing offers; jobs are priced by work, see [`crate::price`].
//! * Scores of models: RNP-019 (consumer) and RNP-021 (data centre). They are the proposals' estimates, some of which contradict
//!   themselves (the 5080 has 1.35 and "90-95 % of 4090").
//! * Breakeven (RNP-004, image 6): a machine should earn its price in 180 days, so a day is price / 180. Prices are those that the
//!   published daily and hourly figures follow from; where RNP-004 has no figure, the maker's launch price, or none.

use crate::amount::{self, Round, WHOLE_BPS, mul_div};
use crate::error::MarketError;

/// Weights of the six factors in 1/100: GPU, VRAM, network, clock, memory bandwidth, CPU. Their sum is 97.
pub const WEIGHTS: [u64; 6] = [36, 26, 15, 8, 8, 4];
/// The reference machine's multiplier: its weights' sum.
pub const REFERENCE_MULTIPLIER: u64 = 9_700;
/// Price of an hour of the reference machine, credit units (RNP-019: RTX 4090, 0.35 USD).
pub const REFERENCE_CREDITS_PER_HOUR: u64 = 350_000;
/// Memory of the reference machine, MiB.
pub const REFERENCE_MEMORY_MIB: u64 = 24_576;
/// Download rate of the reference machine, Mbit/s.
pub const REFERENCE_NETWORK_MBIT: u64 = 400;
/// Days in which a machine should have earned its price (RNP-004).
pub const BREAKEVEN_DAYS: u64 = 180;
/// Credit units of a US cent.
pub const CREDITS_PER_CENT: u64 = 10_000;

/// The factors of the compound multiplier as scores in 1/10,000; [`WHOLE_BPS`] is the reference machine's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Factors {
    /// Model of the accelerator.
    pub gpu: u64,
    /// Its memory.
    pub memory: u64,
    /// Download and upload rate.
    pub network: u64,
    /// Its clock.
    pub clock: u64,
    /// Bandwidth of its memory.
    pub memory_bandwidth: u64,
    /// The processor beside it.
    pub cpu: u64,
}

impl Factors {
    /// The reference machine.
    pub const REFERENCE: Factors = Factors {
        gpu: WHOLE_BPS,
        memory: WHOLE_BPS,
        network: WHOLE_BPS,
        clock: WHOLE_BPS,
        memory_bandwidth: WHOLE_BPS,
        cpu: WHOLE_BPS,
    };

    /// CM in 1/10,000, rounded down.
    pub fn multiplier(&self) -> Result<u64, MarketError> {
        let scores = [self.gpu, self.memory, self.network, self.clock, self.memory_bandwidth, self.cpu];
        let mut sum = 0_u64;
        for (weight, score) in WEIGHTS.into_iter().zip(scores) {
            sum = amount::add(sum, amount::mul(weight, score)?)?;
        }
        Ok(sum.wrapping_div(100))
    }
}

/// Score of a memory size: linear, 1 at 24 GiB, rounded down (RNP-019).
pub fn memory_score(memory_mib: u64) -> Result<u64, MarketError> {
    mul_div(memory_mib, WHOLE_BPS, REFERENCE_MEMORY_MIB, Round::Down)
}

/// Score of a download rate: linear, 1 at 400 Mbit/s, nothing below 100 and no more than at 1,600, rounded down (RNP-019).
pub fn network_score(mbit: u64) -> Result<u64, MarketError> {
    match mbit {
        0..=99 => Ok(0),
        _ => mul_div(mbit.min(1_600), WHOLE_BPS, REFERENCE_NETWORK_MBIT, Round::Down),
    }
}

/// Credit units for an hour of a machine, rounded up; see the header.
pub fn credits_per_hour(multiplier: u64) -> Result<u64, MarketError> {
    mul_div(REFERENCE_CREDITS_PER_HOUR, multiplier, REFERENCE_MULTIPLIER, Round::Up)
}

/// A figure of RNP-004's breakeven table: dollars an hour as a decimal of so many places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Published {
    /// The digits.
    pub digits: u64,
    /// One of the last place in credit units: 10,000 for two places, 100 for four.
    pub unit: u64,
}

/// A model of accelerator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GpuModel {
    /// As the proposals call it.
    pub name: &'static str,
    /// RNP-019's or RNP-021's score in 1/10,000, where it has one.
    pub score: Option<u64>,
    /// Memory, MiB.
    pub memory_mib: u64,
    /// Price when new, US cents, where there is a public one.
    pub price_cents: Option<u64>,
    /// What RNP-004 says that an hour of it must earn.
    pub published_hour: Option<Published>,
}

const fn model(
    name: &'static str,
    score: u64,
    memory_gib: u64,
    price_dollars: u64,
    published: Option<Published>,
) -> GpuModel {
    GpuModel {
        name,
        score: if score == 0 { None } else { Some(score) },
        // Constants of the table below: at most 192 and 5,000.
        memory_mib: memory_gib.wrapping_mul(1_024),
        price_cents: if price_dollars == 0 { None } else { Some(price_dollars.wrapping_mul(100)) },
        published_hour: published,
    }
}

const fn cents(digits: u64) -> Option<Published> {
    Some(Published { digits, unit: CREDITS_PER_CENT })
}

const fn fourth_place(digits: u64) -> Option<Published> {
    Some(Published { digits, unit: 100 })
}

/// Name, score (0: none), GiB, USD (0: none), RNP-004's hourly figure.
pub const MODELS: [GpuModel; 40] = [
    model("RTX 5090", 17_000, 32, 1_999, None),
    model("RTX 5090D", 16_500, 32, 0, None),
    model("RTX 5080", 13_500, 16, 999, None),
    model("RTX 5070 Ti", 11_000, 16, 749, None),
    model("RTX 5070", 10_500, 12, 549, None),
    model("RTX 4090", 10_000, 24, 1_599, cents(37)),
    model("RTX 4090D", 9_500, 24, 0, None),
    model("RTX 4080", 8_500, 16, 1_199, cents(28)),
    model("RTX 4070 Ti", 7_500, 12, 799, cents(18)),
    model("RTX 4070", 6_500, 12, 599, None),
    model("RTX 4060 Ti", 5_500, 8, 399, None),
    model("RTX 4060", 5_000, 8, 299, None),
    model("RTX 3090 Ti", 9_000, 24, 1_999, cents(46)),
    model("RTX 3090", 8_500, 24, 1_499, cents(35)),
    model("RTX 3080 Ti", 8_000, 12, 1_199, cents(28)),
    model("RTX 3080-12G", 7_500, 12, 0, None),
    model("RTX 3080", 7_000, 10, 699, cents(16)),
    model("RTX 3070 Ti", 6_500, 8, 599, cents(14)),
    model("RTX 3070", 6_000, 8, 499, cents(12)),
    model("RTX 3060 Ti", 5_500, 8, 399, cents(9)),
    model("RTX 3060", 5_000, 12, 329, None),
    model("RTX 3060M", 4_500, 6, 0, None),
    model("RTX 3050", 4_000, 8, 249, None),
    model("RTX 2080 Ti", 0, 11, 999, fourth_place(2_313)),
    model("RTX 2080 SUPER", 0, 8, 699, fourth_place(1_618)),
    model("RTX 2080", 0, 8, 699, fourth_place(1_618)),
    model("RTX 2070 SUPER", 0, 8, 499, fourth_place(1_155)),
    model("RTX 2070", 0, 8, 499, fourth_place(1_155)),
    model("RTX 2060 SUPER", 0, 8, 399, fourth_place(924)),
    model("GTX 1660 Ti", 0, 6, 279, fourth_place(646)),
    model("GTX 1660 SUPER", 0, 6, 229, fourth_place(530)),
    model("GTX 1660", 0, 6, 219, fourth_place(507)),
    model("H200", 50_000, 141, 0, None),
    model("H100", 40_000, 80, 0, None),
    model("MI300X", 40_000, 192, 0, None),
    model("A100", 35_000, 80, 0, None),
    model("L40", 25_000, 48, 0, None),
    model("Data Center GPU Max", 20_000, 128, 0, None),
    model("L4", 15_000, 24, 0, None),
    model("T4", 12_000, 16, 0, None),
];

/// The letters and digits of a name that tell models apart: no maker, no form, no size of memory.
fn key(name: &str) -> impl Iterator<Item = u8> + '_ {
    const PASSED_OVER: [&str; 13] = [
        "nvidia", "geforce", "amd", "instinct", "intel", "tesla", "pcie", "sxm", "sxm4", "sxm5", "hbm3", "hbm3e",
        "hbm2e",
    ];
    let is_told = |word: &&str| {
        let is_size = matches!(word.as_bytes(), [b'0'..=b'9', .., b'g' | b'G', b'b' | b'B']);
        !is_size && !PASSED_OVER.iter().any(|passed| word.eq_ignore_ascii_case(passed))
    };
    name.split([' ', '-', '_', '(', ')'])
        .filter(is_told)
        .flat_map(str::bytes)
        .filter(u8::is_ascii_alphanumeric)
        .map(|byte| byte.to_ascii_lowercase())
}

/// The model of a name as people or drivers write it: `rtx4090`, `NVIDIA GeForce RTX 4090`, `NVIDIA H100 80GB HBM3`.
pub fn find(name: &str) -> Option<&'static GpuModel> {
    key(name).next()?;
    MODELS.iter().find(|model| key(model.name).eq(key(name)))
}

impl GpuModel {
    /// CM of a machine with it, everything else as in the reference machine; `None` without a score.
    pub fn multiplier(&self) -> Result<Option<u64>, MarketError> {
        let Some(gpu) = self.score else { return Ok(None) };
        let factors = Factors { gpu, memory: memory_score(self.memory_mib)?, ..Factors::REFERENCE };
        factors.multiplier().map(Some)
    }

    /// Compute rating that it is taken to have while no probe has measured one: its score times the reference node's, rounded down.
    pub fn compute(&self, reference_compute: u64) -> Result<Option<u64>, MarketError> {
        self.score.map(|score| mul_div(reference_compute, score, WHOLE_BPS, Round::Down)).transpose()
    }
}

/// Credit units that a machine must earn a day to have paid for itself in so many days, rounded up.
pub fn breakeven_per_day(price_cents: u64, days: u64) -> Result<u64, MarketError> {
    mul_div(price_cents, CREDITS_PER_CENT, days, Round::Up)
}

/// Days until a machine has paid for itself, rounded up; `None` where it earns nothing.
pub fn days_to_break_even(price_cents: u64, credits_per_day: u64) -> Result<Option<u64>, MarketError> {
    match credits_per_day {
        0 => Ok(None),
        earned => mul_div(price_cents, CREDITS_PER_CENT, earned, Round::Up).map(Some),
    }
}
