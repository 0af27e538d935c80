//! The price of RENDER.

mod support;

use market_model::MarketError;
use market_model::oracle::{OracleRules, Report, accept, from_pyth, median};
use proptest::prelude::*;
use support::{Verdict, holds, is_broken};

const NOW: i64 = 1_800_000_000;
const AGE: i64 = 60;
const RULES: OracleRules =
    OracleRules { max_age_seconds: AGE, max_confidence_bps: 150, confidence_multiple_hundredths: 200 };

fn report(price: u64, confidence: u64, age: i64) -> Report {
    Report { price, confidence, published_at: NOW - age }
}

/// An honest majority around one price and a minority that says anything.
fn publishers() -> impl Strategy<Value = (Vec<u64>, Vec<u64>)> {
    (1_usize..=16).prop_flat_map(|all| {
        let liars = 0..=(all - 1) / 2;
        liars.prop_flat_map(move |liars| {
            (
                prop::collection::vec(900_000_000_u64..1_000_000_000, all - liars),
                prop::collection::vec(1..=u64::MAX, liars),
            )
        })
    })
}

type Median = fn(&[Report], i64, i64, usize) -> Result<Report, MarketError>;

fn honest_law(rule: Median) -> impl Fn((Vec<u64>, Vec<u64>)) -> Verdict {
    move |(honest, lies)| {
        let reports: Vec<_> = honest.iter().chain(&lies).map(|price| report(*price, 1, 0)).collect();
        let price = rule(&reports, NOW, AGE, reports.len()).unwrap().price;
        prop_assert!(honest.iter().min() <= Some(&price) && Some(&price) <= honest.iter().max());
        Ok(())
    }
}

#[test]
fn a_minority_of_liars_cannot_move_the_median_out_of_the_honest_range() {
    holds(publishers(), honest_law(median));
}

#[test]
fn a_mean_would_be_moved_out_of_the_honest_range() {
    fn mean(reports: &[Report], now: i64, age: i64, size: usize) -> Result<Report, MarketError> {
        let sum: u128 = reports.iter().map(|report| u128::from(report.price)).sum();
        let price = u64::try_from(sum / reports.len() as u128).unwrap();
        Ok(Report { price, ..median(reports, now, age, size)? })
    }
    is_broken(publishers(), honest_law(mean));
}

#[test]
fn the_order_of_reports_does_not_matter() {
    let strategy = prop::collection::vec((1_u64.., any::<u64>(), 0_i64..=AGE), 1..=16).prop_flat_map(|reports| {
        let reports: Vec<_> = reports.iter().map(|(price, width, age)| report(*price, *width, *age)).collect();
        (Just(reports.clone()), Just(reports).prop_shuffle())
    });
    holds(strategy, |(reports, shuffled)| {
        prop_assert_eq!(median(&reports, NOW, AGE, reports.len()), median(&shuffled, NOW, AGE, shuffled.len()));
        Ok(())
    });
}

#[test]
fn the_median_of_two_middles_rounds_down_and_its_confidence_up() {
    let reports = [report(100, 1, 3), report(103, 4, 9)];
    // Prices 100, 103 -> 101; confidences 1, 4 -> 3; deviations 1, 2 -> 2.
    assert_eq!(median(&reports, NOW, AGE, 2), Ok(report(101, 3, 9)));
}

#[test]
fn publishers_who_disagree_widen_the_confidence() {
    let reports = [report(100, 1, 0), report(200, 1, 0), report(320, 1, 0)];
    assert_eq!(median(&reports, NOW, AGE, 3), Ok(report(200, 100, 0)));
}

#[test]
fn the_median_is_as_old_as_its_oldest_fresh_report() {
    let reports = [report(100, 1, 0), report(100, 1, 60), report(100, 1, 61)];
    assert_eq!(median(&reports, NOW, AGE, 3).unwrap().published_at, NOW - 60);
}

#[test]
fn half_of_the_publishers_are_too_few_and_one_more_is_enough() {
    let reports = [report(100, 1, 0), report(100, 1, 0), report(100, 1, 0)];
    assert_eq!(median(&reports[..2], NOW, AGE, 4), Err(MarketError::TooFewReports));
    assert!(median(&reports, NOW, AGE, 4).is_ok());
    assert_eq!(median(&reports[..1], NOW, AGE, 3), Err(MarketError::TooFewReports));
    assert!(median(&reports[..2], NOW, AGE, 3).is_ok());
    assert_eq!(median(&[], NOW, AGE, 1), Err(MarketError::TooFewReports));
}

#[test]
fn stale_future_and_zero_reports_do_not_count() {
    let good = report(100, 1, 0);
    for bad in [report(100, 1, AGE + 1), report(100, 1, -6), report(0, 1, 0)] {
        assert_eq!(median(&[good, bad], NOW, AGE, 2), Err(MarketError::TooFewReports));
        assert_eq!(median(&[good, good, bad], NOW, AGE, 3).unwrap().price, 100);
    }
    for edge in [report(100, 1, AGE), report(100, 1, -5)] {
        assert!(median(&[good, edge], NOW, AGE, 2).is_ok());
    }
}

#[test]
fn a_set_that_is_empty_too_large_or_smaller_than_its_reports_is_refused() {
    let reports = [report(100, 1, 0); 17];
    for (count, size) in [(0, 0), (17, 17), (2, 1)] {
        assert_eq!(median(&reports[..count], NOW, AGE, size), Err(MarketError::PublisherSetInvalid));
    }
    assert!(median(&reports[..16], NOW, AGE, 16).is_ok());
}

#[test]
fn a_price_is_accepted_up_to_its_age_limit() {
    for (age, expected) in [
        (59, Ok(98)),
        (60, Ok(98)),
        (61, Err(MarketError::PriceStale)),
        (-5, Ok(98)),
        (-6, Err(MarketError::PriceFromTheFuture)),
    ] {
        assert_eq!(accept(report(100, 1, age), NOW, &RULES), expected, "age {age}");
    }
}

#[test]
fn a_price_is_accepted_up_to_its_confidence_limit() {
    assert_eq!(accept(report(10_000, 150, 0), NOW, &RULES), Ok(9_700));
    assert_eq!(accept(report(10_000, 151, 0), NOW, &RULES), Err(MarketError::PriceConfidenceTooWide));
    // 1.5 % of 9,999 is 149.985.
    assert_eq!(accept(report(9_999, 150, 0), NOW, &RULES), Err(MarketError::PriceConfidenceTooWide));
}

#[test]
fn a_price_of_zero_or_with_nothing_left_below_its_confidence_is_refused() {
    assert_eq!(accept(report(0, 0, 0), NOW, &RULES), Err(MarketError::PriceNotPositive));
    let wide = OracleRules { max_confidence_bps: 10_000, ..RULES };
    assert_eq!(accept(report(100, 50, 0), NOW, &wide), Err(MarketError::PriceNotPositive));
    assert_eq!(accept(report(100, 49, 0), NOW, &wide), Ok(2));
}

fn lower_bound_law(
    rule: fn(Report, i64, &OracleRules) -> Result<u64, MarketError>,
) -> impl Fn((u64, u64, u64)) -> Verdict {
    move |(price, bps, multiple)| {
        let confidence = u64::try_from(u128::from(price) * u128::from(bps) / 10_000).unwrap();
        let rules = OracleRules { confidence_multiple_hundredths: multiple, ..RULES };
        let Ok(lower) = rule(report(price, confidence, 0), NOW, &rules) else { return Ok(()) };
        // lower <= price - k x confidence < lower + 1, in hundredths.
        let exact = i128::from(price) * 100 - i128::from(confidence) * i128::from(multiple);
        prop_assert!(i128::from(lower) * 100 <= exact && exact < (i128::from(lower) + 1) * 100);
        Ok(())
    }
}

fn prices() -> impl Strategy<Value = (u64, u64, u64)> {
    (1..=u64::MAX / 10_000, 0_u64..=150, 0_u64..=1_000)
}

#[test]
fn the_lower_bound_is_the_price_less_k_confidences_rounded_down() {
    holds(prices(), lower_bound_law(accept));
}

#[test]
fn a_lower_bound_rounded_up_breaks_the_law() {
    is_broken(prices(), lower_bound_law(|report, now, rules| accept(report, now, rules).map(|lower| lower + 1)));
}

#[test]
fn a_pyth_price_is_converted_exactly_where_it_can_be() {
    // 1.90 USD with a confidence of 0.0019, at the exponents that Pyth uses.
    for (price, confidence, exponent) in
        [(190_000_000, 190_000, -8), (1_900_000, 1_900, -6), (19_000, 19, -4), (1_900_000_000_000, 1_900_000_000, -12)]
    {
        assert_eq!(from_pyth(price, confidence, exponent, NOW), Ok(report(190_000_000, 190_000, 0)));
    }
    assert_eq!(from_pyth(2, 1, 0, NOW), Ok(report(200_000_000, 100_000_000, 0)));
}

#[test]
fn a_pyth_price_rounds_down_and_its_confidence_up() {
    assert_eq!(from_pyth(199, 101, -10, NOW), Ok(report(1, 2, 0)));
}

#[test]
fn a_pyth_price_that_is_negative_zero_or_out_of_range_is_refused() {
    assert_eq!(from_pyth(-1, 1, -8, NOW), Err(MarketError::PriceNotPositive));
    assert_eq!(from_pyth(0, 1, -8, NOW), Err(MarketError::PriceNotPositive));
    assert_eq!(from_pyth(99, 1, -10, NOW), Err(MarketError::PriceNotPositive));
    assert_eq!(from_pyth(1, 1, -40, NOW), Err(MarketError::PriceNotPositive));
    assert_eq!(from_pyth(1, 1, i32::MIN, NOW), Err(MarketError::PriceNotPositive));
    assert_eq!(from_pyth(i64::MAX, 1, 0, NOW), Err(MarketError::Overflow));
    assert_eq!(from_pyth(1, 1, 12, NOW), Err(MarketError::Overflow));
    assert_eq!(from_pyth(1, 1, i32::MAX, NOW), Err(MarketError::Overflow));
}
