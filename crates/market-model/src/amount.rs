//! Arithmetic on amounts: nothing here wraps, and every division says which way it rounds.

use crate::error::MarketError;

/// 10,000 bps, the whole.
pub const WHOLE_BPS: u64 = 10_000;

/// Which way a division rounds. There is no default: the caller says who owns the fraction of a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Round {
    /// Towards zero: what the protocol pays.
    Down,
    /// Away from zero: what the protocol receives.
    Up,
}

/// `a x b / c`, exact in between. `c = 0` and a result above `u64::MAX` are errors.
pub fn mul_div(a: u64, b: u64, c: u64, round: Round) -> Result<u64, MarketError> {
    // Cannot wrap: (2^64 - 1)^2 < 2^128.
    let product = u128::from(a).wrapping_mul(u128::from(b));
    // A product that fits 64 bits takes one machine division; the 128-bit one is a library call on chain.
    let (quotient, exact) = match u64::try_from(product) {
        Ok(small) => {
            let quotient = small.checked_div(c).ok_or(MarketError::DivisionByZero)?;
            (quotient, quotient.wrapping_mul(c) == small)
        }
        Err(_) => {
            let quotient = product.checked_div(u128::from(c)).ok_or(MarketError::DivisionByZero)?;
            let exact = quotient.wrapping_mul(u128::from(c)) == product;
            (u64::try_from(quotient).map_err(|_| MarketError::Overflow)?, exact)
        }
    };
    match round {
        Round::Up if !exact => add(quotient, 1),
        _ => Ok(quotient),
    }
}

/// The part `bps / 10,000` of an amount. More than 10,000 bps is an error: a part is never more than the whole.
pub fn bps_of(amount: u64, bps: u64, round: Round) -> Result<u64, MarketError> {
    if bps > WHOLE_BPS {
        return Err(MarketError::RateAboveWhole);
    }
    mul_div(amount, bps, WHOLE_BPS, round)
}

/// Sum, or [`MarketError::Overflow`].
pub fn add(a: u64, b: u64) -> Result<u64, MarketError> {
    a.checked_add(b).ok_or(MarketError::Overflow)
}

/// Difference, or [`MarketError::Underflow`].
pub fn sub(a: u64, b: u64) -> Result<u64, MarketError> {
    a.checked_sub(b).ok_or(MarketError::Underflow)
}

/// Product, or [`MarketError::Overflow`].
pub fn mul(a: u64, b: u64) -> Result<u64, MarketError> {
    a.checked_mul(b).ok_or(MarketError::Overflow)
}

/// A moment some seconds later, or [`MarketError::Overflow`].
pub fn later(time: i64, seconds: i64) -> Result<i64, MarketError> {
    time.checked_add(seconds).ok_or(MarketError::Overflow)
}
