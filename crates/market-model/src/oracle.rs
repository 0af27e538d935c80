//! The price of RENDER: from publishers or from Pyth to the one number that a credit purchase uses.
//!
//! * Unit of price and confidence: 1e-8 USD per whole RENDER. Time: unix seconds.
//! * A publisher set gives the median of its fresh reports; `n/2 + 1` of the `n` publishers must be fresh (Helium's price
//!   oracle). A report that is stale, dated in the future, or zero does not count, so that one bad publisher cannot halt
//!   purchases. The median rounds down. Its confidence is the larger of the median confidence and the median absolute
//!   deviation of the prices, both rounded up: publishers that disagree widen the interval even if each claims to be sure.
//!   Its time is the oldest fresh report's, so that age is never understated.
//! * A price is accepted when it is at most `max_age_seconds` old (design: 60), its confidence is at most
//!   `max_confidence_bps` of it (AEP-79: 150), and it is not dated more than [`FUTURE_TOLERANCE_SECONDS`] ahead. What is
//!   used is the lower bound, price - k x confidence (Helium: k = 2), rounded down: the requester bears the uncertainty,
//!   since a price that is too high would mint credits for too little RENDER.

use crate::amount::{self, Round, WHOLE_BPS, mul_div};
use crate::error::MarketError;

/// How far a report may be dated ahead of the chain's clock, which may lag real time.
pub const FUTURE_TOLERANCE_SECONDS: i64 = 5;

/// Most publishers of one set.
pub const MAX_PUBLISHERS: usize = 16;

/// Decimals of a price: 1e-8 USD.
pub const PRICE_DECIMALS: i32 = 8;

/// What one publisher says, or what a set of them says together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// 1e-8 USD per whole RENDER.
    pub price: u64,
    /// Half-width of the interval around the price, in the same unit.
    pub confidence: u64,
    /// Unix seconds.
    pub published_at: i64,
}

/// What a price must satisfy to be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OracleRules {
    /// Oldest age in seconds that is accepted, inclusive.
    pub max_age_seconds: i64,
    /// Widest confidence, as bps of the price, inclusive.
    pub max_confidence_bps: u64,
    /// k, in hundredths: how many confidences are taken off the price.
    pub confidence_multiple_hundredths: u64,
}

fn check_time(published_at: i64, now: i64, max_age_seconds: i64) -> Result<(), MarketError> {
    if published_at > amount::later(now, FUTURE_TOLERANCE_SECONDS)? {
        return Err(MarketError::PriceFromTheFuture);
    }
    // A report dated slightly ahead has a negative age, which is fresh.
    if now.checked_sub(published_at).ok_or(MarketError::Overflow)? > max_age_seconds {
        return Err(MarketError::PriceStale);
    }
    Ok(())
}

/// The middle of the first `count` values after sorting them; of two middles their mean, rounded as asked.
fn middle(values: &mut [u64; MAX_PUBLISHERS], count: usize, round: Round) -> Option<u64> {
    let values = values.get_mut(..count)?;
    values.sort_unstable();
    let upper = *values.get(count >> 1)?;
    if count & 1 == 1 {
        return Some(upper);
    }
    let lower = *values.get((count >> 1).checked_sub(1)?)?;
    // lower + (upper - lower) / 2 cannot overflow, unlike the sum.
    let gap = upper.checked_sub(lower)?;
    let half = match round {
        Round::Down => gap >> 1,
        Round::Up => gap.checked_add(1)? >> 1,
    };
    lower.checked_add(half)
}

/// The set's price: the median of the fresh reports of `set_size` registered publishers, at most one report each.
pub fn median(reports: &[Report], now: i64, max_age_seconds: i64, set_size: usize) -> Result<Report, MarketError> {
    if set_size == 0 || set_size > MAX_PUBLISHERS || reports.len() > set_size {
        return Err(MarketError::PublisherSetInvalid);
    }
    let fresh = || {
        reports
            .iter()
            .filter(|report| report.price > 0 && check_time(report.published_at, now, max_age_seconds).is_ok())
    };
    let mut prices = [0_u64; MAX_PUBLISHERS];
    let mut confidences = [0_u64; MAX_PUBLISHERS];
    let mut oldest = i64::MAX;
    let mut count = 0_usize;
    for ((report, price), confidence) in fresh().zip(prices.iter_mut()).zip(confidences.iter_mut()) {
        *price = report.price;
        *confidence = report.confidence;
        oldest = oldest.min(report.published_at);
        count = count.wrapping_add(1); // at most 16
    }
    if count <= set_size >> 1 {
        return Err(MarketError::TooFewReports);
    }
    let price = middle(&mut prices, count, Round::Down).ok_or(MarketError::TooFewReports)?;
    let confidence = middle(&mut confidences, count, Round::Up).ok_or(MarketError::TooFewReports)?;
    let mut deviations = [0_u64; MAX_PUBLISHERS];
    for (report, deviation) in fresh().zip(deviations.iter_mut()) {
        *deviation = report.price.abs_diff(price);
    }
    let spread = middle(&mut deviations, count, Round::Up).ok_or(MarketError::TooFewReports)?;
    Ok(Report { price, confidence: confidence.max(spread), published_at: oldest })
}

/// Checks a price and gives the lower bound that credit purchases use, in 1e-8 USD per RENDER.
pub fn accept(report: Report, now: i64, rules: &OracleRules) -> Result<u64, MarketError> {
    if report.price == 0 {
        return Err(MarketError::PriceNotPositive);
    }
    check_time(report.published_at, now, rules.max_age_seconds)?;
    let widest = mul_div(report.price, rules.max_confidence_bps, WHOLE_BPS, Round::Down)?;
    if report.confidence > widest {
        return Err(MarketError::PriceConfidenceTooWide);
    }
    let margin = mul_div(report.confidence, rules.confidence_multiple_hundredths, 100, Round::Up)?;
    match report.price.checked_sub(margin) {
        Some(lower) if lower > 0 => Ok(lower),
        _ => Err(MarketError::PriceNotPositive),
    }
}

/// A Pyth price (`price x 10^exponent` USD per RENDER, confidence in the same scale) in this crate's unit. The price rounds
/// down and the confidence up, so that the lower bound never rises by the conversion.
pub fn from_pyth(price: i64, confidence: u64, exponent: i32, published_at: i64) -> Result<Report, MarketError> {
    let price = u64::try_from(price).map_err(|_| MarketError::PriceNotPositive)?;
    let shift = exponent.checked_add(PRICE_DECIMALS).ok_or(MarketError::Overflow)?;
    let scale = 10_u64.checked_pow(shift.unsigned_abs());
    let (price, confidence) = if shift >= 0 {
        let scale = scale.ok_or(MarketError::Overflow)?;
        (amount::mul(price, scale)?, amount::mul(confidence, scale)?)
    } else {
        // A divisor past 10^19 leaves nothing of any u64 price.
        let scale = scale.ok_or(MarketError::PriceNotPositive)?;
        (mul_div(price, 1, scale, Round::Down)?, mul_div(confidence, 1, scale, Round::Up)?)
    };
    if price == 0 {
        return Err(MarketError::PriceNotPositive);
    }
    Ok(Report { price, confidence, published_at })
}
