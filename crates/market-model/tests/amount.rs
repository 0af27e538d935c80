//! Arithmetic on amounts.

mod support;

use market_model::MarketError;
use market_model::amount::{Round, add, bps_of, later, mul, mul_div, sub};
use proptest::prelude::*;
use support::{Verdict, holds, is_broken};

/// Small and large numbers alike: a uniform u64 is almost never small.
fn number() -> impl Strategy<Value = u64> {
    (any::<u64>(), 0_u32..64).prop_map(|(value, shift)| value >> shift)
}

type MulDiv = fn(u64, u64, u64, Round) -> Result<u64, MarketError>;

fn quotient_law(rule: MulDiv) -> impl Fn((u64, u64, u64)) -> Verdict {
    move |(a, b, c)| {
        let product = u128::from(a) * u128::from(b);
        for (round, exact) in
            [(Round::Down, product.checked_div(c.into())), (Round::Up, (c > 0).then(|| product.div_ceil(c.into())))]
        {
            let expected = match exact {
                None => Err(MarketError::DivisionByZero),
                Some(value) => u64::try_from(value).map_err(|_| MarketError::Overflow),
            };
            prop_assert_eq!(rule(a, b, c, round), expected);
        }
        Ok(())
    }
}

#[test]
fn mul_div_is_the_exact_quotient_rounded_as_asked() {
    holds((number(), number(), number()), quotient_law(mul_div));
}

#[test]
fn a_mul_div_that_always_rounds_down_breaks_the_quotient_law() {
    is_broken((number(), number(), number()), quotient_law(|a, b, c, _| mul_div(a, b, c, Round::Down)));
}

#[test]
fn a_mul_div_that_multiplies_in_64_bits_breaks_the_quotient_law() {
    is_broken((number(), number(), number()), quotient_law(|a, b, c, round| mul_div(a.wrapping_mul(b), 1, c, round)));
}

fn parts_law(other: Round) -> impl Fn((u64, u64)) -> Verdict {
    move |(amount, bps)| {
        let part = bps_of(amount, bps, Round::Down).unwrap();
        let rest = bps_of(amount, 10_000 - bps, other).unwrap();
        prop_assert!(part <= amount);
        prop_assert_eq!(part.checked_add(rest), Some(amount));
        Ok(())
    }
}

#[test]
fn a_part_rounded_down_and_its_rest_rounded_up_make_the_whole() {
    holds((number(), 0_u64..=10_000), parts_law(Round::Up));
}

#[test]
fn two_parts_rounded_down_do_not_always_make_the_whole() {
    is_broken((number(), 0_u64..=10_000), parts_law(Round::Down));
}

#[test]
fn more_than_10_000_bps_is_refused() {
    assert_eq!(bps_of(5, 10_000, Round::Up), Ok(5));
    assert_eq!(bps_of(5, 10_001, Round::Up), Err(MarketError::RateAboveWhole));
}

#[test]
fn nothing_wraps() {
    assert_eq!(add(u64::MAX, 1), Err(MarketError::Overflow));
    assert_eq!(sub(0, 1), Err(MarketError::Underflow));
    assert_eq!(mul(u64::MAX, 2), Err(MarketError::Overflow));
    assert_eq!(later(i64::MAX, 1), Err(MarketError::Overflow));
    assert_eq!(mul_div(u64::MAX, u64::MAX, u64::MAX - 1, Round::Down), Err(MarketError::Overflow));
    // The quotient fits, the unit that rounding adds does not.
    assert_eq!(mul_div(u64::MAX, u64::MAX, u64::MAX, Round::Up), Ok(u64::MAX));
    assert_eq!(mul_div(6_700_417, 2_753_074_036_095, 1, Round::Up), Ok(u64::MAX));
    assert_eq!(mul_div(9_223_372_036_854_775_809, 3, 1, Round::Up), Err(MarketError::Overflow));
}
