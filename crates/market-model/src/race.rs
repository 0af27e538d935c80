//! The race: which node may claim a lease, and when.
//!
//! For lease l of a job, node i may claim once `now >= opened_at + tau x (-ln u) / w`, where u in (0, 1] comes from
//! `hash(seed, job, lease, attempt, node)` and w is the node's weight. The delays are exponential, so the chance that i is
//! first is w_i / sum of w: a weighted random choice that anyone can recompute in O(1) and that nobody has to run.
//!
//! The factors are Spheron's eight. Randomness is u; the weight is the product of the other seven:
//! region fit, price delta to the job's cap, uptime, reputation, free capacity and slash history are shares in bps, clamped
//! to bounds and raised to an exponent (counted in halves: 1 is a square root, 2 is linear); **stake is strictly linear**,
//! so that splitting a stake over identities gains nothing. All factors but stake are at most one: scaling every weight
//! is the same as scaling tau.
//!
//! * Fixed point: w is Q32, -ln u is Q32 with an error below [`NEG_LN_ERROR`]; everything rounds down, so the weights of the
//!   parts of a stake never sum to more than the weight of the whole.
//! * The stake whose factor is one is the active stake of the latest finalized epoch, and at least the least stake ([`stake_reference`]): then
//!   the first claim comes after about tau whatever the network's size. With the least stake there, delays would sink below the clock's second
//!   as the network grows, and weight would count no more.
//! * Class and tier put a node back by a fixed time on top of its delay ([`yield_ms`], [`crate::tier::head_start_ms`]): the same for every
//!   identity of a tier and a choice of classes, so that splitting a stake over identities gains nothing by them either.
//! * A delay saturates at `delay_cap_ms`: after that everyone who may work may claim, so no lease waits for a weak node for ever.
//!   Past the cap the order is the block leader's and weight counts no more; the cap should be many tau.
//! * The chain's clock ticks in seconds: delays round up to a whole second, and nodes of the same second are ordered by
//!   the block's leader. tau should be several seconds for that to matter little.
//! * Products here are kept below 2^64 by the stated bounds and use the plain machine multiplication: on chain a checked one
//!   costs a library call, and this is the hot path.

use crate::amount::{self, WHOLE_BPS};
use crate::error::MarketError;

/// One in Q32.
pub const ONE_Q32: u64 = 1 << 32;

/// Bound on the error of [`neg_ln`] in units of 2^-32, tested against the exact logarithm.
pub const NEG_LN_ERROR: u64 = 8;

/// Largest tau: tau x (-ln u) in Q32 stays below 2^64.
pub const MAX_TAU_MS: u64 = 1 << 26;

const ONE_Q31: u64 = 1 << 31;
/// ln 2 in Q56.
const LN_2_Q56: u64 = 49_946_518_145_322_874;
/// 1/(2k+1) in Q32 for k = 9 down to 0: the series of the inverse hyperbolic tangent.
const ODD_RECIPROCALS_Q32: [u64; 10] = [
    226_050_910,
    252_645_135,
    286_331_153,
    330_382_100,
    390_451_572,
    477_218_588,
    613_566_757,
    858_993_459,
    1_431_655_765,
    4_294_967_296,
];

/// u of a hash: its first eight bytes, little-endian, as `x`, standing for u = (x + 1) / 2^64 in (0, 1].
pub fn uniform(hash: &[u8; 32]) -> u64 {
    let [a, b, c, d, e, f, g, h, ..] = *hash;
    u64::from_le_bytes([a, b, c, d, e, f, g, h])
}

/// -ln u in Q32 for u = (x + 1) / 2^64; between 0 and 64 ln 2.
pub fn neg_ln(x: u64) -> u64 {
    let Some(numerator) = x.checked_add(1) else {
        return 0; // u is one
    };
    // u = m x 2^(-1 - n) with m in [1, 2); then -ln u = n ln 2 + ln(2 / m), and ln(2 / m) = 2 artanh((2 - m) / (2 + m)).
    let n = numerator.leading_zeros();
    let m_q31 = numerator.wrapping_shl(n) >> 32;
    let two_q31 = ONE_Q31 << 1;
    // At most 2^31 x 2^32 over more than 2^32.
    let z = (two_q31.wrapping_sub(m_q31) << 32).checked_div(two_q31.wrapping_add(m_q31)).unwrap_or(0);
    let z_squared = z.wrapping_mul(z) >> 32;
    let mut series = 0_u64;
    for coefficient in ODD_RECIPROCALS_Q32 {
        // z^2 <= 2^32 / 9 and the series < 2^32 x 1.04.
        series = (series.wrapping_mul(z_squared) >> 32).wrapping_add(coefficient);
    }
    (u64::from(n).wrapping_mul(LN_2_Q56) >> 24).wrapping_add(z.wrapping_mul(series) >> 31)
}

/// How one share enters the weight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FactorRule {
    /// Lower clamp in bps, at least 1: no factor alone shuts a node out.
    pub min_bps: u64,
    /// Upper clamp in bps, at most 10,000.
    pub max_bps: u64,
    /// Exponent in halves: 0 leaves the factor out, 1 is a square root, 2 linear, 8 the fourth power.
    pub exponent_halves: u64,
}

/// The parameters of the race.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RaceRules {
    /// Region fit.
    pub region: FactorRule,
    /// Price delta to the job's cap.
    pub price: FactorRule,
    /// Uptime.
    pub uptime: FactorRule,
    /// Reputation.
    pub reputation: FactorRule,
    /// Free capacity.
    pub capacity: FactorRule,
    /// Slash history.
    pub history: FactorRule,
    /// Stake in base units whose factor is one; at least 1.
    pub stake_reference: u64,
    /// Mean delay of a node of weight one, in milliseconds.
    pub tau_ms: u64,
    /// Longest delay, in milliseconds.
    pub delay_cap_ms: u64,
}

/// What a node brings to the race for one lease. Shares are in bps; above 10,000 counts as 10,000.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Factors {
    /// See [`crate::region::fit_bps`].
    pub region_bps: u64,
    /// See [`price_delta_bps`].
    pub price_bps: u64,
    /// Share of time the node answered.
    pub uptime_bps: u64,
    /// See [`crate::reputation::Reputation::bps`].
    pub reputation_bps: u64,
    /// See [`free_capacity_bps`].
    pub capacity_bps: u64,
    /// See [`clean_history_bps`].
    pub history_bps: u64,
    /// Stake in RENDER base units, not counting what is unbonding.
    pub stake: u64,
}

/// How far an ask lies below the job's cap, as bps of the cap, rounded down. An ask above the cap is an error.
pub fn price_delta_bps(ask: u64, cap: u64) -> Result<u64, MarketError> {
    let below = cap.checked_sub(ask).ok_or(MarketError::AskAboveCap)?;
    amount::mul_div(below, WHOLE_BPS, cap, amount::Round::Down)
}

/// Free slots over all slots of the node, in bps, rounded down. No slots at all counts as none free.
pub fn free_capacity_bps(free: u32, total: u32) -> u64 {
    // 32 bits x 10,000 fits 64.
    u64::from(free.min(total)).wrapping_mul(WHOLE_BPS).checked_div(u64::from(total)).unwrap_or(0)
}

/// 10,000 for a node that was never slashed; each slash halves it, rounded down.
pub fn clean_history_bps(slashes: u32) -> u64 {
    WHOLE_BPS.checked_shr(slashes).unwrap_or(0)
}

/// The weight of a node in Q32: product of the six shares, times stake over reference. Never zero for a stake at or above the
/// reference over 2^32, unless the shares are below 2^-31 together.
pub fn weight(factors: &Factors, rules: &RaceRules) -> Result<u64, MarketError> {
    let mut whole = ONE_Q31; // product of the whole powers
    let mut under_root = ONE_Q31; // product of the factors that still need a square root
    for (share, rule) in [
        (factors.region_bps, &rules.region),
        (factors.price_bps, &rules.price),
        (factors.uptime_bps, &rules.uptime),
        (factors.reputation_bps, &rules.reputation),
        (factors.capacity_bps, &rules.capacity),
        (factors.history_bps, &rules.history),
    ] {
        let share = share.min(rule.max_bps).max(rule.min_bps).min(WHOLE_BPS);
        if share == WHOLE_BPS {
            continue;
        }
        let value = (share << 31) / WHOLE_BPS;
        for _ in 0..rule.exponent_halves >> 1 {
            whole = whole.wrapping_mul(value) >> 31; // both at most 2^31
        }
        if rule.exponent_halves & 1 == 1 {
            under_root = under_root.wrapping_mul(value) >> 31;
        }
    }
    if under_root < ONE_Q31 {
        whole = whole.wrapping_mul((under_root << 31).isqrt()) >> 31;
    }
    let quality_q32 = whole << 1;

    // Both are shifted alike until the reference fits 32 bits; the quotient then keeps 32 fraction bits in one division.
    let shift = 32_u32.saturating_sub(rules.stake_reference.leading_zeros());
    let reference = rules.stake_reference.wrapping_shr(shift);
    let stake = factors.stake.wrapping_shr(shift);
    let multiple = stake.checked_div(reference).ok_or(MarketError::DivisionByZero)?;
    let rest = stake.wrapping_sub(multiple.wrapping_mul(reference));
    let fraction_q32 = (rest << 32).checked_div(reference).ok_or(MarketError::DivisionByZero)?;
    // quality <= 2^32, fraction < 2^32; a multiple past 2^31 is more than all RENDER that exists over one RENDER.
    let multiple = multiple.min(ONE_Q31);
    Ok(quality_q32.wrapping_mul(multiple).wrapping_add(quality_q32.wrapping_mul(fraction_q32) >> 32))
}

/// The delay of a node in milliseconds after the lease opened, rounded down: tau x (-ln u) / w, at most the cap.
pub fn delay_ms(x: u64, weight: u64, rules: &RaceRules) -> u64 {
    // -ln u < 45 x 2^32 and tau <= 2^26.
    let scaled = rules.tau_ms.min(MAX_TAU_MS).wrapping_mul(neg_ln(x));
    scaled.checked_div(weight).unwrap_or(u64::MAX).min(rules.delay_cap_ms)
}

/// The stake whose factor is one: that of the nodes with a record in the latest finalized epoch, and at least `min_stake`.
pub fn stake_reference(min_stake: u64, active_stake: u64) -> u64 {
    min_stake.max(active_stake)
}

/// Render before compute (RNP-004): how much later than its delay a node that serves both classes may claim a compute lease.
///
/// The nodes that serve compute alone are first for it; one that serves both keeps itself free for rendering that long. Serving rendering with one
/// identity and compute with another gains nothing: each has a part of the stake, so what the compute identity gains by not yielding, at most the
/// other part's chance, the render identity loses.
pub fn yield_ms(is_compute: bool, serves_both: bool, compute_yield_ms: u64) -> u64 {
    if is_compute && serves_both { compute_yield_ms } else { 0 }
}

/// A delay with what class and tier add to it; at most the cap, so that nothing waits for ever.
pub fn put_back_ms(delay_ms: u64, by_ms: u64, rules: &RaceRules) -> u64 {
    delay_ms.saturating_add(by_ms).min(rules.delay_cap_ms)
}

/// The first second at which a node with this delay may claim: the delay rounds up to a whole second.
pub fn eligible_at(opened_at: i64, delay_ms: u64) -> Result<i64, MarketError> {
    let seconds = i64::try_from(delay_ms.div_ceil(1_000)).map_err(|_| MarketError::Overflow)?;
    amount::later(opened_at, seconds)
}

/// Law L11: a claim at `now` is refused before the node's delay has passed.
pub fn check_eligible(opened_at: i64, delay_ms: u64, now: i64) -> Result<(), MarketError> {
    if now < eligible_at(opened_at, delay_ms)? { Err(MarketError::NotYetEligible) } else { Ok(()) }
}
