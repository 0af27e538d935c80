//! Emission: the published figures, the cap and law L5.

mod support;

use market_model::MarketError;
use market_model::emission::{
    CAP, DEFAULT_SCHEDULE, DEFAULT_SPLIT, RENDER, Schedule, YEAR_CAP, YEAR_SECONDS, YEARS, YearChange, YearSplit,
    amount, change_schedule, check_change, check_schedule, cumulative, split_of,
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

#[test]
fn no_year_emits_more_than_a_tenth_of_the_cap() {
    assert_eq!(YEAR_CAP, 1_073_741_820_000_000);
    for year in &DEFAULT_SCHEDULE {
        assert!(*year <= YEAR_CAP);
    }
    let changed = |amount| {
        let mut after = DEFAULT_SCHEDULE;
        // Room for it, taken from year 10.
        after[9] = 0;
        after[3] = 0;
        after[2] = amount;
        check_change(&DEFAULT_SCHEDULE, &after, START, START)
    };
    assert!(changed(YEAR_CAP).is_ok());
    assert_eq!(changed(YEAR_CAP + 1), Err(MarketError::YearAboveCap));
}

#[test]
fn a_year_is_fixed_from_the_second_after_it_begins() {
    let changed = |year: usize, fixed_until| {
        let mut after = DEFAULT_SCHEDULE;
        after[year - 1] -= 1;
        check_change(&DEFAULT_SCHEDULE, &after, START, fixed_until)
    };
    let total = check_schedule(&DEFAULT_SCHEDULE).unwrap();
    assert_eq!(changed(3, START + 2 * YEAR), Ok(total - 1));
    assert_eq!(changed(3, START + 2 * YEAR + 1), Err(MarketError::YearBegun));
    assert_eq!(changed(2, START + 2 * YEAR), Err(MarketError::YearBegun));
    // Before the first epoch nothing has begun.
    assert_eq!(changed(1, START), Ok(total - 1));
    assert_eq!(changed(1, START + 1), Err(MarketError::YearBegun));
    assert_eq!(changed(60, i64::MAX), Err(MarketError::YearBegun));
    // A start beyond which no year fits: those years never begin.
    let far = i64::MAX - YEAR;
    let mut after = DEFAULT_SCHEDULE;
    after[59] = 0;
    assert!(check_change(&DEFAULT_SCHEDULE, &after, far, i64::MAX).is_ok());
}

#[test]
fn emission_can_be_pulled_forward_within_the_cap() {
    // RNP-023's illustration: 88,240 RENDER more a month for a year, from the last years of the schedule.
    let mut after = DEFAULT_SCHEDULE;
    let mut more = 12 * 88_240 * RENDER;
    after[3] += more;
    for year in after.iter_mut().rev() {
        let taken = more.min(*year);
        *year -= taken;
        more -= taken;
    }
    assert_eq!(check_change(&DEFAULT_SCHEDULE, &after, START, START + 2 * YEAR), check_schedule(&DEFAULT_SCHEDULE));
    after[3] += 2_000_000 * RENDER;
    assert_eq!(check_change(&DEFAULT_SCHEDULE, &after, START, START + 2 * YEAR), Err(MarketError::ScheduleAboveCap));
}

type Check = fn(&Schedule, &Schedule, i64, i64) -> Result<u64, MarketError>;

/// Epochs before and after an accepted change: what was emitted by the end of the latest epoch does not move.
fn change_law(rule: Check) -> impl Fn((Vec<(usize, u64)>, i64)) -> Verdict {
    move |(changes, elapsed)| {
        let mut after = DEFAULT_SCHEDULE;
        for (year, amount) in changes {
            after[year] = amount;
        }
        let until = START + elapsed;
        let Ok(total) = rule(&DEFAULT_SCHEDULE, &after, START, until) else { return Ok(()) };
        prop_assert_eq!(Ok(total), check_schedule(&after));
        prop_assert!(total <= CAP);
        for time in [START, until / 2 + START / 2, until] {
            prop_assert_eq!(cumulative(&DEFAULT_SCHEDULE, START, time), cumulative(&after, START, time));
        }
        Ok(())
    }
}

fn changes() -> impl Strategy<Value = (Vec<(usize, u64)>, i64)> {
    let change = (0..YEARS, prop_oneof![0..=RENDER, 0..=YEAR_CAP, Just(0)]);
    (
        prop::collection::vec(change, 0..4),
        prop_oneof![0..=YEAR, (0..=60_i64).prop_map(|years| years * YEAR), 0..=60 * YEAR],
    )
}

#[test]
fn a_change_never_moves_what_was_emitted_by_the_end_of_the_latest_epoch() {
    holds(changes(), change_law(check_change));
}

#[test]
fn a_check_that_lets_the_running_year_change_breaks_the_law() {
    is_broken(changes(), change_law(|before, after, start, until| check_change(before, after, start, until - YEAR)));
}

fn table() -> (Schedule, [u16; YEARS], [u16; YEARS]) {
    (DEFAULT_SCHEDULE, [DEFAULT_SPLIT.operations_bps; YEARS], [DEFAULT_SPLIT.creators_bps; YEARS])
}

#[test]
fn years_are_changed_together_or_not_at_all() {
    let (mut amounts, mut operations, mut creators) = table();
    let split = YearSplit { operations_bps: 2_000, creators_bps: 3_000 };
    let change = |year, amount, split| YearChange { year, amount, split };
    let until = START + 2 * YEAR;
    let good = [change(3, 1_000, split), change(60, DEFAULT_SCHEDULE[59], split)];
    let total = check_schedule(&DEFAULT_SCHEDULE).unwrap() - DEFAULT_SCHEDULE[2] + 1_000;
    assert_eq!(change_schedule(&mut amounts, &mut operations, &mut creators, &good, START, until), Ok(total));
    assert_eq!((amounts[2], operations[2], creators[2]), (1_000, 2_000, 3_000));
    assert_eq!((amounts[59], operations[59], creators[59]), (DEFAULT_SCHEDULE[59], 2_000, 3_000));

    let before = (amounts, operations, creators);
    let more = YearSplit { operations_bps: 6_000, creators_bps: 4_001 };
    for (bad, error) in [
        (change(0, 0, split), MarketError::NoSuchYear),
        (change(61, 0, split), MarketError::NoSuchYear),
        (change(4, YEAR_CAP + 1, split), MarketError::YearAboveCap),
        (change(4, 0, more), MarketError::SplitsInvalid),
        (change(2, 0, DEFAULT_SPLIT), MarketError::YearBegun),
        (change(2, DEFAULT_SCHEDULE[1], split), MarketError::YearBegun),
    ] {
        let both = [change(5, 0, split), bad];
        assert_eq!(change_schedule(&mut amounts, &mut operations, &mut creators, &both, START, until), Err(error));
        assert_eq!((amounts, operations, creators), before);
    }
    // What stays as it is may be named.
    let same = [change(1, DEFAULT_SCHEDULE[0], DEFAULT_SPLIT)];
    assert_eq!(change_schedule(&mut amounts, &mut operations, &mut creators, &same, START, until), Ok(total));
}

#[test]
fn an_epoch_is_split_by_the_year_in_which_it_starts() {
    let (_, mut operations, mut creators) = table();
    (operations[1], creators[1]) = (1, 2);
    (operations[59], creators[59]) = (3, 4);
    let of = |time| split_of(&operations, &creators, START, time).unwrap();
    let split = |operations_bps, creators_bps| YearSplit { operations_bps, creators_bps };
    assert_eq!(of(START - 1), DEFAULT_SPLIT);
    assert_eq!((of(START), of(START + YEAR - 1)), (DEFAULT_SPLIT, DEFAULT_SPLIT));
    assert_eq!((of(START + YEAR), of(START + 2 * YEAR - 1)), (split(1, 2), split(1, 2)));
    assert_eq!((of(START + 59 * YEAR), of(i64::MAX)), (split(3, 4), split(3, 4)));
}
