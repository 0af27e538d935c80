//! The concentration penalty: RNP-015's published figures, and its error against an exact computation at every n until it is 0.

mod support;

use market_model::concentration::{ConcentrationRules, ONE_Q32, penalised, penalty_q32};
use market_model::parameters::Parameters;
use proptest::prelude::*;
use support::{Verdict, holds, is_broken};

type Penalty = fn(u64, &ConcentrationRules) -> u64;

fn rules() -> ConcentrationRules {
    Parameters::DEFAULT.concentration_rules()
}

/// floor(a b / 2^120), exact: the product in four parts of 64 bits.
fn mul_q120(a: u128, b: u128) -> u128 {
    let low = u128::from(u64::MAX);
    let (a1, a0, b1, b0) = (a >> 64, a & low, b >> 64, b & low);
    let (mid, carry) = (a1 * b0).overflowing_add(a0 * b1);
    let (bottom, overflow) = (a0 * b0).overflowing_add(mid << 64);
    let top = a1 * b1 + (mid >> 64) + (u128::from(carry) << 64) + u128::from(overflow);
    (top << 8) | (bottom >> 120)
}

/// exp(-1/10,000) in Q120: its series, whose eleventh term is below 2^-150.
fn base_q120() -> u128 {
    let one = 1_u128 << 120;
    let (mut positive, mut negative, mut term) = (one, 0_u128, one);
    for k in 1..=10_u128 {
        term /= 10_000 * k;
        if k % 2 == 0 { positive += term } else { negative += term }
    }
    positive - negative
}

/// exp(-m/10,000) in Q120 by repeated squaring: another way than the rule's, off by less than m x 2^-118 < 2^-100.
fn exact_q120(mut m: u64) -> u128 {
    let (mut result, mut square) = (1_u128 << 120, base_q120());
    while m > 0 {
        if m & 1 == 1 {
            result = mul_q120(result, square);
        }
        square = mul_q120(square, square);
        m >>= 1;
    }
    result
}

/// Distance to the real value in units of 2^-32, rounded up to a millionth of one.
fn is_within_one_unit(penalty: Penalty, nodes: u64, rules: &ConcentrationRules) -> bool {
    let found = u128::from(penalty(nodes, rules)) << 88;
    let exponent = nodes.saturating_sub(rules.free).saturating_mul(rules.rate);
    let exact = if exponent > 1_000_000 { 0 } else { exact_q120(exponent) };
    // The unit, less what the exact value itself may be off by.
    found.abs_diff(exact) <= (1_u128 << 88) - (1_u128 << 24)
}

#[test]
fn the_published_penalties_come_out() {
    // RNP-015: nodes of a wallet, penalty to four digits.
    for (nodes, published) in [(1, 10_000), (3, 10_000), (4, 5_220), (5, 2_725), (6, 1_423), (10, 106)] {
        let exact = u128::from(penalty_q32(nodes, &rules())) * 10_000;
        assert_eq!((exact + (1 << 31)) >> 32, published, "{nodes}");
    }
}

#[test]
fn the_penalty_is_within_one_unit_of_the_real_value_at_every_number_of_nodes() {
    let grid = [
        1, 2, 3, 7, 10, 50, 99, 100, 693, 1_000, 3_333, 6_499, 6_500, 6_501, 6_931, 6_932, 10_000, 50_000, 99_999,
        100_000,
    ];
    for rate in grid {
        let rules = ConcentrationRules { free: 3, rate };
        // Until it is 0, and beyond.
        let last = 3 + 230_000 / rate + 3;
        for nodes in 0..=last {
            assert!(is_within_one_unit(penalty_q32, nodes, &rules), "{nodes} nodes at rate {rate}");
        }
        assert_eq!(penalty_q32(last, &rules), 0);
    }
}

#[test]
fn a_penalty_that_truncates_its_series_is_noticed() {
    fn mutated(nodes: u64, rules: &ConcentrationRules) -> u64 {
        penalty_q32(nodes, rules).saturating_sub(2)
    }
    assert!((4..40).any(|nodes| !is_within_one_unit(mutated, nodes, &rules())));
}

fn monotone_law(penalty: Penalty) -> impl Fn((u64, u64, u64)) -> Verdict {
    move |(nodes, free, rate)| {
        let rules = ConcentrationRules { free, rate };
        prop_assert!(penalty(nodes, &rules) <= ONE_Q32);
        prop_assert!(penalty(nodes + 1, &rules) <= penalty(nodes, &rules));
        prop_assert_eq!(penalty(nodes.min(free), &rules), ONE_Q32);
        let steeper = ConcentrationRules { rate: rate + 1, ..rules };
        prop_assert!(penalty(nodes, &steeper) <= penalty(nodes, &rules));
        Ok(())
    }
}

fn cases() -> impl Strategy<Value = (u64, u64, u64)> {
    (0..10_000_u64, 1..1_000_u64, 0..100_000_u64)
}

#[test]
fn one_node_more_never_counts_for_more() {
    holds(cases(), monotone_law(penalty_q32));
    is_broken(cases(), monotone_law(|nodes, rules| penalty_q32(nodes % 64, rules)));
}

#[test]
fn an_absurd_number_of_nodes_counts_for_nothing_and_does_not_overflow() {
    assert_eq!(penalty_q32(u64::MAX, &ConcentrationRules { free: 0, rate: u64::MAX }), 0);
    assert_eq!(penalty_q32(u64::MAX, &ConcentrationRules { free: 0, rate: 0 }), ONE_Q32);
}

#[test]
fn penalised_points_round_down() {
    assert_eq!(penalised(3, ONE_Q32 / 2), Ok(1));
    assert_eq!(penalised(u64::MAX, ONE_Q32), Ok(u64::MAX));
    assert_eq!(penalised(u64::MAX, u64::MAX), Ok(u64::MAX));
    assert_eq!(penalised(1, ONE_Q32 - 1), Ok(0));
}
