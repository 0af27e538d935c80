//! Emission: the published figures, the cap and law L5.

mod support;

use market_model::MarketError;
use market_model::emission::{
    CAP, DEFAULT_SCHEDULE, RENDER, Schedule, YEAR_SECONDS, YEARS, amount, check_schedule, cumulative,
};
use proptest::prelude::*;
use support::{Verdict, holds, is_broken};

/// 2023-12-20, the start of BME year 1.
const START: i64 = 1_703_030_400;
const YEAR: i64 = YEAR_SECONDS as i64;

#[test]
fn the_schedule_gives_the_published_amounts_per_month() {
    let monthly = |year: usize| (DEFAULT_SCHEDULE[year - 1] + 6 * RENDER) / (12 * RENDER);
    assert_eq!(monthly(1), 760_567);
    for year in 2..=5 {
        assert_eq!(monthly(year), 492_132);
    }
    assert_eq!(monthly(6), 357_914);
}

#[test]
fn the_schedule_gives_the_yearly_amounts_of_the_reconstruction() {
    let whole = |year: usize| (DEFAULT_SCHEDULE[year - 1] + RENDER / 2) / RENDER;
    for (year, render) in [
        (1, 9_126_804),
        (2, 5_905_580),
        (5, 5_905_580),
        (6, 4_294_967),
        (7, 4_058_744),
        (8, 3_835_513),
        (9, 3_624_560),
        (10, 3_425_209),
        (15, 2_581_345),
        (20, 1_945_383),
        (30, 1_104_901),
        (40, 627_540),
        (50, 356_418),
        (60, 202_431),
    ] {
        assert_eq!(whole(year), render, "year {year}");
    }
}

#[test]
fn the_schedule_ends_below_the_cap_and_a_sixty_first_year_would_pass_it() {
    assert_eq!(CAP, 107_374_182 * RENDER);
    let total = check_schedule(&DEFAULT_SCHEDULE).unwrap();
    assert_eq!(total, 10_736_129_668_799_275);
    assert!(total + DEFAULT_SCHEDULE[YEARS - 1] / 200 * 189 > CAP);
}

#[test]
fn a_schedule_above_the_cap_is_refused() {
    let mut schedule = DEFAULT_SCHEDULE;
    let room = CAP - check_schedule(&schedule).unwrap();
    schedule[59] += room;
    assert_eq!(check_schedule(&schedule), Ok(CAP));
    schedule[59] += 1;
    assert_eq!(check_schedule(&schedule), Err(MarketError::ScheduleAboveCap));
    schedule[0] = u64::MAX;
    assert_eq!(check_schedule(&schedule), Err(MarketError::Overflow));
}

#[test]
fn emission_begins_at_the_start_and_ends_with_the_last_year() {
    let total = check_schedule(&DEFAULT_SCHEDULE).unwrap();
    let at = |time| cumulative(&DEFAULT_SCHEDULE, START, time).unwrap();
    assert_eq!((at(i64::MIN / 2), at(START - 1), at(START)), (0, 0, 0));
    assert_eq!(at(START + YEAR), DEFAULT_SCHEDULE[0]);
    assert_eq!(at(START + YEAR / 2), DEFAULT_SCHEDULE[0] / 2);
    assert_eq!(at(START + 2 * YEAR), DEFAULT_SCHEDULE[0] + DEFAULT_SCHEDULE[1]);
    assert!(at(START + 60 * YEAR - 1) < total);
    assert_eq!((at(START + 60 * YEAR), at(START + 61 * YEAR), at(i64::MAX)), (total, total, total));
    assert_eq!(cumulative(&DEFAULT_SCHEDULE, START, i64::MIN), Err(MarketError::Overflow));
}

#[test]
fn a_period_that_ends_before_it_begins_is_refused() {
    assert_eq!(amount(&DEFAULT_SCHEDULE, START, START + 1, START), Err(MarketError::PeriodInvalid));
    assert_eq!(amount(&DEFAULT_SCHEDULE, START, START + 1, START + 1), Ok(0));
}

type Amount = fn(&Schedule, i64, i64, i64) -> Result<u64, MarketError>;

fn telescoping_law(rule: Amount) -> impl Fn(Vec<i64>) -> Verdict {
    move |lengths| {
        let (mut now, mut minted) = (START, 0);
        for length in lengths {
            let next = now + length;
            minted += rule(&DEFAULT_SCHEDULE, START, now, next).unwrap();
            now = next;
            prop_assert_eq!(minted, cumulative(&DEFAULT_SCHEDULE, START, now).unwrap());
        }
        prop_assert!(minted <= CAP);
        Ok(())
    }
}

fn lengths() -> impl Strategy<Value = Vec<i64>> {
    prop::collection::vec(prop_oneof![Just(604_800), 1..3_000_000_i64, 0..3 * YEAR], 0..60)
}

#[test]
fn epochs_of_any_lengths_sum_to_the_schedule_exactly() {
    holds(lengths(), telescoping_law(amount));
}

#[test]
fn an_epoch_paid_at_the_rate_of_its_first_second_breaks_the_law() {
    is_broken(
        lengths(),
        telescoping_law(|schedule, start, from, to| {
            let Some(year) = schedule.get(usize::try_from((from - start) / YEAR).unwrap()) else { return Ok(0) };
            Ok(u64::try_from(u128::from(*year) * (to - from) as u128 / u128::from(YEAR_SECONDS)).unwrap())
        }),
    );
}

#[test]
fn sixty_years_of_weeks_mint_the_whole_schedule() {
    let mut minted = 0;
    let mut now = START;
    while now < START + 60 * YEAR {
        minted += amount(&DEFAULT_SCHEDULE, START, now, now + 604_800).unwrap();
        now += 604_800;
    }
    assert_eq!(Ok(minted), check_schedule(&DEFAULT_SCHEDULE));
}

#[test]
fn what_may_be_minted_never_falls() {
    holds((0..61 * YEAR, 0..YEAR), |(at, more)| {
        let of = |time| cumulative(&DEFAULT_SCHEDULE, START, START + time).unwrap();
        prop_assert!(of(at) <= of(at + more));
        Ok(())
    });
}
