//! Concentration: how much the availability of one operator's nodes counts, by their number (RNP-015).
//!
//! With n nodes, of which `free` count whole, and a rate of a (in 1/10,000):
//!
//! ```text
//! penalty(n) = 1                             for n <= free
//!            = exp(-a / 10,000 x (n - free)) for n >  free      (RNP-015: free 3, a 6,500: exp(-0.65 (n - 3)))
//! ```
//!
//! Every node of the operator is counted with it, so that an operator's sum n x penalty(n) is largest at its free nodes and falls after.
//! An operator that splits into several wallets is not seen here; what each identity costs is its own least stake, which answers for
//! its probes.
//!
//! **Fixed point.** The result is Q32, rounded to the nearest. With x = a (n - free) / 10,000 = k ln 2 + r, 0 <= r < ln 2:
//! exp(-x) = 2^-k exp(-r), and exp(-r) by 20 terms of its series in Q60, by Horner's rule.
//!
//! **Error** in units of 2^-60: x rounds down by less than 1; k ln 2 (k <= 33) is off by less than 17, so r by less than 18, and exp(-r) by as
//! much, its slope being at most 1; the rest of the series is below 0.7^20 / 20!, less than 2^-70; each of the 20 steps rounds a product and
//! a quotient down, each time by less than 1, and weighs what came before with r / j < 0.7, which sums to less than 7. Together less than 26 units, 2^-55.
//! Rounding to Q32 adds at most half a unit there. So the result is within 0.5 + 2^-23 units of 2^-32 of the real value, and the stated bound of one
//! unit holds; from x = 23 on the real value is below half a unit and the result 0. Tested at every n against an exact computation.

use crate::amount;
use crate::error::MarketError;

/// One in Q32.
pub const ONE_Q32: u64 = 1 << 32;

const ONE_Q60: u64 = 1 << 60;
/// ln 2 in Q60, rounded to the nearest.
const LN_2_Q60: u128 = 799_144_290_325_165_979;
/// Denominator of the rate.
const RATE_ONE: u128 = 10_000;
/// x from which the result is 0, in 1/10,000.
const VANISHED: u64 = 230_000;
const TERMS: u64 = 20;

/// The parameters of the penalty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConcentrationRules {
    /// Nodes of an operator that count whole.
    pub free: u64,
    /// Rate in 1/10,000 per further node.
    pub rate: u64,
}

/// What each node of an operator with `nodes` nodes counts for, Q32: between 0 and one.
pub fn penalty_q32(nodes: u64, rules: &ConcentrationRules) -> u64 {
    let above = nodes.saturating_sub(rules.free);
    let exponent = above.saturating_mul(rules.rate);
    if exponent >= VANISHED {
        return 0;
    }
    // exponent < 230,000, so x < 23 x 2^60: it needs more than 64 bits.
    let x = (u128::from(exponent) << 60) / RATE_ONE;
    let halvings = x / LN_2_Q60;
    let rest = x.wrapping_sub(halvings.wrapping_mul(LN_2_Q60));
    // At most 33, and below ln 2.
    let halvings = u32::try_from(halvings).unwrap_or(u32::MAX);
    let value = exp_minus_q60(u64::try_from(rest).unwrap_or(u64::MAX));
    let shift = halvings.saturating_add(28);
    let half = 1_u64.checked_shl(shift.saturating_sub(1)).unwrap_or(0);
    value.saturating_add(half).checked_shr(shift).unwrap_or(0)
}

/// exp(-r) in Q60 for r in [0, ln 2) in Q60: 1 - r (1 - r/2 (1 - r/3 (...))).
fn exp_minus_q60(r: u64) -> u64 {
    let mut bracket = ONE_Q60;
    for divisor in (1..=TERMS).rev() {
        // r < 2^60 and the bracket is at most 2^60.
        let product = u128::from(r).wrapping_mul(u128::from(bracket)) >> 60;
        let step = u64::try_from(product).unwrap_or(u64::MAX).checked_div(divisor).unwrap_or(0);
        bracket = ONE_Q60.saturating_sub(step);
    }
    bracket
}

/// An amount of points with a penalty, rounded down.
pub fn penalised(points: u64, penalty_q32: u64) -> Result<u64, MarketError> {
    amount::mul_div(points, penalty_q32.min(ONE_Q32), ONE_Q32, amount::Round::Down)
}
