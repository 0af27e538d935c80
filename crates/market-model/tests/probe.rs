//! Probes: the score against an exact rational, dueness, the record and the median.

mod support;

use market_model::MarketError;
use market_model::parameters::Parameters;
use market_model::probe::{
    ONE_Q20, Outcome, ProbeRules, Ratings, Record, capacity_seconds, check_slot, first_slot, is_due, median,
    opener_points, ratio_bps, score, uptime_after,
};
use market_model::reputation::Reason;
use proptest::prelude::*;
use support::{Verdict, holds, is_broken};

fn rules() -> ProbeRules {
    Parameters::DEFAULT.probe_rules()
}

/// The ratings of a node with these ratios to the reference, bps: compute, memory, clock, bandwidth.
fn ratings_of([compute, memory, clock, bandwidth]: [u64; 4]) -> Ratings {
    Ratings { compute, memory_mib: memory, clock, bandwidth }
}

/// Rules whose reference has 10,000 of everything, so that a rating is its ratio.
fn unit_rules() -> ProbeRules {
    ProbeRules {
        reference: Ratings { compute: 10_000, memory_mib: 10_000, clock: 10_000, bandwidth: 10_000 },
        ..rules()
    }
}

#[test]
fn the_reference_node_scores_one() {
    assert_eq!(score(&rules().reference, &rules()), Ok(ONE_Q20));
}

#[test]
fn each_rating_counts_with_its_exponent() {
    // Twice the reference in one of them: t^3, m^2, c, b^4.
    for (place, exponent) in [3, 2, 1, 4].into_iter().enumerate() {
        let mut ratios = [10_000; 4];
        ratios[place] = 20_000;
        assert_eq!(score(&ratings_of(ratios), &unit_rules()), Ok(ONE_Q20 << exponent));
        ratios[place] = 5_000;
        assert_eq!(score(&ratings_of(ratios), &unit_rules()), Ok(ONE_Q20 >> exponent));
    }
}

#[test]
fn the_score_lies_between_the_clamps_whatever_is_declared() {
    assert_eq!(score(&Ratings::default(), &rules()), Ok(1));
    let most = Ratings { compute: u64::MAX, memory_mib: u64::MAX, clock: u64::MAX, bandwidth: u64::MAX };
    assert_eq!(score(&most, &rules()), Ok(1 << 40));
    // Also where the parameters ask for more than the arithmetic holds.
    assert_eq!(score(&most, &ProbeRules { rating_max_bps: u64::MAX, ..rules() }), Ok(1 << 40));
}

#[test]
fn a_reference_of_zero_is_an_error() {
    let rules = ProbeRules { reference: Ratings::default(), ..rules() };
    assert_eq!(score(&Ratings::default(), &rules), Err(MarketError::DivisionByZero));
}

#[test]
fn a_ratio_rounds_down() {
    assert_eq!(ratio_bps(20_001, 30_000, &rules()), Ok(6_667));
    assert_eq!(ratio_bps(20_000, 30_000, &rules()), Ok(6_666));
    assert_eq!(ratio_bps(1, 1_000_000, &rules()), Ok(2_500));
}

type Score = fn(&Ratings, &ProbeRules) -> Result<u64, MarketError>;

/// P x 10^40 as base 2^32 digits, so that the exact value can be compared with the rule's.
fn exact_times_ten_to_the_40(ratios: [u64; 4]) -> [u64; 8] {
    let [t, m, c, b] = ratios;
    let mut digits = [1, 0, 0, 0, 0, 0, 0, 0];
    for factor in [b, b, b, b, t, t, t, m, m, c, ONE_Q20] {
        multiply(&mut digits, factor);
    }
    digits
}

fn multiply(digits: &mut [u64; 8], factor: u64) {
    let mut carry = 0_u128;
    for digit in digits {
        let value = u128::from(*digit) * u128::from(factor) + carry;
        *digit = u64::try_from(value & 0xffff_ffff).unwrap();
        carry = value >> 32;
    }
    assert_eq!(carry, 0);
}

fn scaled(value: u64) -> [u64; 8] {
    let mut digits = [value & 0xffff_ffff, value >> 32, 0, 0, 0, 0, 0, 0];
    for _ in 0..10 {
        multiply(&mut digits, 10_000);
    }
    digits
}

fn at_most(a: &[u64; 8], b: &[u64; 8]) -> bool {
    a.iter().rev().cmp(b.iter().rev()).is_le()
}

/// The rule is below the exact value by less than a unit and a part in 2^19.
fn exact_law(rule: Score) -> impl Fn([u64; 4]) -> Verdict {
    move |ratios| {
        let found = rule(&ratings_of(ratios), &unit_rules()).unwrap();
        let exact = exact_times_ten_to_the_40(ratios);
        prop_assert!(at_most(&scaled(found), &exact), "{found} is above the exact score");
        let highest = found + 1 + (found >> 19) + 1;
        prop_assert!(at_most(&exact, &scaled(highest)), "{found} is too far below the exact score");
        Ok(())
    }
}

fn monotone_law(rule: Score) -> impl Fn(([u64; 4], usize)) -> Verdict {
    move |(ratios, place)| {
        let mut more = ratios;
        more[place] += 1;
        let scores = [ratios, more].map(|ratios| rule(&ratings_of(ratios), &unit_rules()).unwrap());
        prop_assert!(scores[0] <= scores[1]);
        Ok(())
    }
}

fn ratios() -> impl Strategy<Value = [u64; 4]> {
    prop::array::uniform4(2_500..=40_000_u64)
}

#[test]
fn the_score_is_the_exact_product_rounded_down() {
    holds(ratios(), exact_law(score));
    is_broken(ratios(), exact_law(|ratings, rules| score(ratings, rules).map(|score| score + 2)));
    is_broken(ratios(), exact_law(|ratings, rules| score(&Ratings { clock: ratings.memory_mib, ..*ratings }, rules)));
}

#[test]
fn the_score_never_falls_when_a_rating_rises() {
    holds((ratios(), 0..4_usize), monotone_law(score));
    is_broken((ratios(), 0..4_usize), monotone_law(|ratings, rules| score(ratings, rules).map(|score| score ^ 1)));
}

#[test]
fn a_probe_is_due_once_in_an_interval_of_slots() {
    assert!(is_due(0, 54_000));
    let threshold = (u64::MAX / 8) + 1;
    assert!(is_due(threshold - 1, 8));
    assert!(!is_due(threshold, 8));
    assert!(is_due(u64::MAX, 1));
    assert!(!is_due(0, 0));
    // A stream of numbers whose share of due ones must be 1 / interval.
    let (mut state, mut due) = (1_u64, 0);
    for _ in 0..100_000 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        due += u32::from(is_due(state, 50));
    }
    assert!((1_900..2_100).contains(&due), "{due} of 2,000");
}

#[test]
fn a_slot_counts_once_and_not_for_long() {
    let rules = rules();
    assert_eq!(check_slot(100, 100, 101, &rules), Err(MarketError::ProbeSlotPast));
    assert_eq!(check_slot(101, 100, 102, &rules), Ok(()));
    assert_eq!(check_slot(101, 100, 101 + rules.open_slots, &rules), Ok(()));
    assert_eq!(check_slot(101, 100, 102 + rules.open_slots, &rules), Err(MarketError::ProbeSlotTooOld));
    assert_eq!(first_slot(7, &rules), 7 + rules.interval_slots);
}

#[test]
fn half_of_the_probes_must_be_passed() {
    let record = |passed, missed| Record { points: 9, passed, missed };
    assert_eq!(record(1, 1).availability(5_000), 9);
    assert_eq!(record(1, 2).availability(5_000), 0);
    assert_eq!(record(0, 0).availability(5_000), 0);
    assert_eq!(record(0, 0).availability(0), 0);
    assert_eq!(record(u32::MAX, u32::MAX).availability(5_000), 9);
    assert_eq!(record(2, 1).availability(6_667), 0);
    assert_eq!(record(2, 1).availability(6_666), 9);
}

#[test]
fn a_record_counts_each_outcome() {
    let record = Record { points: 10, passed: 1, missed: 1 };
    assert_eq!(record.with(Outcome::Passed, 5), Ok(Record { points: 15, passed: 2, missed: 1 }));
    for outcome in [Outcome::NotAnswered, Outcome::Hidden] {
        assert_eq!(record.with(outcome, 5), Ok(Record { points: 10, passed: 1, missed: 2 }));
    }
    assert_eq!(record.with(Outcome::Disproved, 5), Ok(Record { points: 0, passed: 1, missed: 2 }));
    assert_eq!(Record { points: u64::MAX, ..record }.with(Outcome::Passed, 1), Err(MarketError::Overflow));
    assert_eq!(Record { passed: u32::MAX, ..record }.with(Outcome::Passed, 1), Err(MarketError::Overflow));
    assert_eq!(Record { missed: u32::MAX, ..record }.with(Outcome::Hidden, 1), Err(MarketError::Overflow));
}

/// Points of passed probes are never lost to a later one that is passed, and never gained by one that is missed.
fn record_law(with: fn(Record, Outcome, u64) -> Record) -> impl Fn((u32, u32, u64, u64)) -> Verdict {
    move |(passed, missed, points, more)| {
        let record = Record { points, passed, missed };
        let after = with(record, Outcome::Passed, more);
        prop_assert!(after.availability(5_000) >= record.availability(5_000));
        prop_assert_eq!(after.points, points + more);
        for outcome in [Outcome::NotAnswered, Outcome::Hidden, Outcome::Disproved] {
            let after = with(record, outcome, more);
            prop_assert!(after.availability(5_000) <= record.availability(5_000));
            prop_assert_eq!(after.passed + after.missed, passed + missed + 1);
        }
        Ok(())
    }
}

#[test]
fn a_missed_probe_never_pays_and_a_passed_one_never_costs() {
    let cases = || (0..100_u32, 0..100_u32, 0..1_u64 << 41, 0..1_u64 << 41);
    holds(cases(), record_law(|record, outcome, points| record.with(outcome, points).unwrap()));
    is_broken(cases(), record_law(|record, _, points| record.with(Outcome::Passed, points).unwrap()));
}

#[test]
fn outcomes_have_their_codes_and_reasons() {
    let outcomes = [Outcome::Passed, Outcome::NotAnswered, Outcome::Hidden, Outcome::Disproved];
    assert_eq!(outcomes.map(u8::from), [1, 2, 3, 4]);
    assert_eq!(
        outcomes.map(Outcome::reason),
        [Reason::ProbePassed, Reason::ProbeMissed, Reason::ProbeMissed, Reason::ProbeDisproved]
    );
    assert_eq!(outcomes.map(|outcome| Outcome::try_from(u8::from(outcome))), outcomes.map(Ok));
    assert_eq!(Outcome::try_from(0), Err(MarketError::UnknownState));
    assert_eq!(Outcome::try_from(5), Err(MarketError::UnknownState));
}

#[test]
fn uptime_moves_by_its_weight_and_rounds_down() {
    assert_eq!(uptime_after(10_000, true, 1_000), Ok(10_000));
    assert_eq!(uptime_after(10_000, false, 1_000), Ok(9_000));
    assert_eq!(uptime_after(9_000, true, 1_000), Ok(9_100));
    assert_eq!(uptime_after(5, true, 1_000), Ok(1_004));
    assert_eq!(uptime_after(5, false, 1_000), Ok(4));
    assert_eq!(uptime_after(0, false, 10_000), Ok(0));
    assert_eq!(uptime_after(60_000, true, 1_000), Ok(10_000));
    assert_eq!(uptime_after(1, true, 10_001), Err(MarketError::RateAboveWhole));
}

#[test]
fn the_openers_share_rounds_down() {
    assert_eq!(opener_points(ONE_Q20, &rules()), Ok(ONE_Q20 / 50));
    assert_eq!(opener_points(49, &rules()), Ok(0));
}

#[test]
fn a_passed_probe_stands_for_an_interval_of_capacity() {
    assert_eq!(capacity_seconds(54_000, 1), Ok(21_600));
    assert_eq!(capacity_seconds(54_000, 8), Ok(172_800));
    assert_eq!(capacity_seconds(8, 1), Ok(3));
    assert_eq!(capacity_seconds(u64::MAX, 1), Err(MarketError::Overflow));
}

#[test]
fn the_median_needs_three_and_is_the_lower_one_of_two() {
    assert_eq!(median(&[]), None);
    assert_eq!(median(&[5, 6]), None);
    assert_eq!(median(&[7, 5, 6]), Some(6));
    assert_eq!(median(&[8, 5, 7, 6]), Some(6));
    assert_eq!(median(&[5, 5, 5, 9, 9]), Some(5));
    assert_eq!(median(&[9, 1, 9, 1, 9]), Some(9));
}

#[test]
fn two_liars_among_five_move_the_median_no_further_than_the_honest() {
    let honest = prop::array::uniform3(1..1_000_u64);
    let law = |median: fn(&[u64]) -> Option<u64>| {
        move |(honest, lies): ([u64; 3], [u64; 2])| -> Verdict {
            let all = [honest[0], lies[0], honest[1], lies[1], honest[2]];
            let found = median(&all).unwrap();
            prop_assert!(honest.iter().min().unwrap() <= &found && &found <= honest.iter().max().unwrap());
            Ok(())
        }
    };
    let lies = || prop::array::uniform2(0..u64::from(u32::MAX));
    holds((honest.clone(), lies()), law(median));
    is_broken((honest, lies()), law(|all| all.iter().copied().max()));
}
