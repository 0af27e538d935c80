//! Emission: how much RENDER may have been minted by any moment.
//!
//! * The schedule is a table of 60 yearly amounts in base units. The default (RNP-001, RNP-003, RNP-006, RNP-018, RNP-022):
//!   year 1 9,126,804; years 2 to 5 5,905,580 each; year 6 4,294,967; then 189/200 of the year before, rounded down to the base
//!   unit. Years 1 to 3 are published; 4 and later are a reconstruction (8.5 %, 5.5 % x 4, 4.0 % x 0.945^(y - 6) of
//!   the cap) that gives the published 760,567 and 492,132 per month and ends below the cap at year 60.
//! * The cap is 107,374,182 RENDER (RNP-001). What the default leaves below it, about 12,900 RENDER, is never minted.
//!   No year emits more than a tenth of it: "the increase in supply is released in small batches (never more than 10% in a
//!   given year)" (RNP-001; the increase is the cap, of which year 1 is 8.5 %).
//! * Each year has its own split (RNP-003, RNP-006, RNP-018, RNP-022): operations and creators in bps, nodes the rest. The
//!   default is RNP-022's half, quarter and quarter for every year. An epoch is split by the year in which it starts.
//! * A change ([`change_schedule`]) leaves every year alone that has begun by the end of the latest opened epoch, so that
//!   C(t) of the past does not move and epochs go on telescoping. A later year may be pulled forward (RNP-023), because that
//!   is a change within the cap.
//! * A year of the schedule is 365 days. C(t) is linear within a year, rounded down, and constant after year 60. An
//!   epoch's amount is C(end) - C(start), so that epochs telescope to C with no dust whatever their length (law L5).

use crate::amount::{self, Round, WHOLE_BPS, mul_div};
use crate::error::MarketError;

/// Years of the schedule.
pub const YEARS: usize = 60;

/// Seconds of one year of the schedule: 365 days.
pub const YEAR_SECONDS: u64 = 31_536_000;

/// Base units of one RENDER.
pub const RENDER: u64 = 100_000_000;

/// The most that all years together may emit, in base units.
pub const CAP: u64 = 10_737_418_200_000_000;

/// The most that one year may emit, in base units.
pub const YEAR_CAP: u64 = CAP / 10;

/// Yearly amounts in base units; governance may replace it within the cap.
pub type Schedule = [u64; YEARS];

/// How a year's emission is divided between operations and creators; nodes have the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct YearSplit {
    /// Share of network operations, in bps.
    pub operations_bps: u16,
    /// Share of creators, in bps.
    pub creators_bps: u16,
}

/// The split of every year by default: operations 50 %, creators 25 %, nodes 25 % (RNP-018, RNP-022).
pub const DEFAULT_SPLIT: YearSplit = YearSplit { operations_bps: 5_000, creators_bps: 2_500 };

impl YearSplit {
    /// Checks that the two shares are not more than the whole.
    pub fn validate(self) -> Result<(), MarketError> {
        // Cannot wrap: both are below 2^16.
        let sum = u64::from(self.operations_bps).wrapping_add(u64::from(self.creators_bps));
        if sum > WHOLE_BPS { Err(MarketError::SplitsInvalid) } else { Ok(()) }
    }
}

/// A year's amount and split, to replace what the schedule has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct YearChange {
    /// The year, from 1.
    pub year: u8,
    /// What it emits, in base units.
    pub amount: u64,
    /// How that is divided.
    pub split: YearSplit,
}

/// The default schedule.
pub const DEFAULT_SCHEDULE: Schedule = default_schedule();

const fn default_schedule() -> Schedule {
    let mut schedule = [0; YEARS];
    let mut rest: &mut [u64] = &mut schedule;
    let mut year = 1_u64;
    let mut amount = 912_680_400_000_000;
    while let Some((slot, later)) = rest.split_first_mut() {
        amount = match year {
            1 => 912_680_400_000_000,
            2..=5 => 590_558_000_000_000,
            6 => 429_496_700_000_000,
            // Below 2^49 x 2^8.
            _ => u64::wrapping_mul(amount, 189) / 200,
        };
        *slot = amount;
        rest = later;
        year = year.wrapping_add(1);
    }
    schedule
}

/// The sum of all years, or an error if it is above the cap.
pub fn check_schedule(schedule: &Schedule) -> Result<u64, MarketError> {
    let mut total = 0;
    for year in schedule {
        total = amount::add(total, *year)?;
    }
    if total > CAP { Err(MarketError::ScheduleAboveCap) } else { Ok(total) }
}

/// Checks a change of the schedule: no year changes that has begun before `fixed_until` (the end of the latest opened epoch,
/// or the start before there is one), no year emits more than [`YEAR_CAP`], and all together not more than [`CAP`]. Gives the
/// new sum.
pub fn check_change(before: &Schedule, after: &Schedule, start: i64, fixed_until: i64) -> Result<u64, MarketError> {
    let mut begins_at = Some(start);
    for (old, new) in before.iter().zip(after) {
        if old != new && has_begun(begins_at, fixed_until) {
            return Err(MarketError::YearBegun);
        }
        if *new > YEAR_CAP {
            return Err(MarketError::YearAboveCap);
        }
        begins_at = next_year(begins_at);
    }
    check_schedule(after)
}

/// When the year after begins; nothing when that is later than any time.
fn next_year(begins_at: Option<i64>) -> Option<i64> {
    begins_at?.checked_add_unsigned(YEAR_SECONDS)
}

fn has_begun(begins_at: Option<i64>, fixed_until: i64) -> bool {
    begins_at.is_some_and(|begins_at| begins_at < fixed_until)
}

/// Replaces the amounts and splits of some years, all or none: see [`check_change`]; a split does not change either once its
/// year has begun. On an error nothing is changed. Gives the new sum.
pub fn change_schedule(
    amounts: &mut Schedule,
    operations_bps: &mut [u16; YEARS],
    creators_bps: &mut [u16; YEARS],
    changes: &[YearChange],
    start: i64,
    fixed_until: i64,
) -> Result<u64, MarketError> {
    let mut after = *amounts;
    for change in changes {
        let index = index_of(change.year)?;
        *after.get_mut(index).ok_or(MarketError::NoSuchYear)? = change.amount;
        change.split.validate()?;
        let present = split_at(operations_bps, creators_bps, index)?;
        let elapsed =
            YEAR_SECONDS.checked_mul(u64::from(change.year).saturating_sub(1)).ok_or(MarketError::Overflow)?;
        if present != change.split && has_begun(start.checked_add_unsigned(elapsed), fixed_until) {
            return Err(MarketError::YearBegun);
        }
    }
    let total = check_change(amounts, &after, start, fixed_until)?;
    *amounts = after;
    for change in changes {
        let index = index_of(change.year)?;
        if let (Some(operations), Some(creators)) = (operations_bps.get_mut(index), creators_bps.get_mut(index)) {
            *operations = change.split.operations_bps;
            *creators = change.split.creators_bps;
        }
    }
    Ok(total)
}

fn index_of(year: u8) -> Result<usize, MarketError> {
    let index = usize::from(year).checked_sub(1).ok_or(MarketError::NoSuchYear)?;
    if index < YEARS { Ok(index) } else { Err(MarketError::NoSuchYear) }
}

fn split_at(
    operations_bps: &[u16; YEARS],
    creators_bps: &[u16; YEARS],
    index: usize,
) -> Result<YearSplit, MarketError> {
    match (operations_bps.get(index), creators_bps.get(index)) {
        (Some(operations_bps), Some(creators_bps)) => {
            Ok(YearSplit { operations_bps: *operations_bps, creators_bps: *creators_bps })
        }
        _ => Err(MarketError::NoSuchYear),
    }
}

/// The split that is in force at `time`: that of the year it lies in, of year 1 before the start, of year 60 after the end.
pub fn split_of(
    operations_bps: &[u16; YEARS],
    creators_bps: &[u16; YEARS],
    start: i64,
    time: i64,
) -> Result<YearSplit, MarketError> {
    let elapsed = time.checked_sub(start).ok_or(MarketError::Overflow)?;
    let year = u64::try_from(elapsed).unwrap_or(0) / YEAR_SECONDS;
    let index = usize::try_from(year).unwrap_or(usize::MAX).min(YEARS.wrapping_sub(1));
    split_at(operations_bps, creators_bps, index)
}

/// C(t): base units that may have been emitted by `time`, for a schedule that begins at `start`. Rounded down.
pub fn cumulative(schedule: &Schedule, start: i64, time: i64) -> Result<u64, MarketError> {
    let elapsed = time.checked_sub(start).ok_or(MarketError::Overflow)?;
    // Nothing is emitted before the start.
    let Ok(mut left) = u64::try_from(elapsed) else {
        return Ok(0);
    };
    let mut total = 0;
    for year in schedule {
        match left.checked_sub(YEAR_SECONDS) {
            Some(after) => {
                total = amount::add(total, *year)?;
                left = after;
            }
            None => return amount::add(total, mul_div(*year, left, YEAR_SECONDS, Round::Down)?),
        }
    }
    Ok(total)
}

/// The emission of a period, C(to) - C(from), in base units.
pub fn amount(schedule: &Schedule, start: i64, from: i64, to: i64) -> Result<u64, MarketError> {
    if to < from {
        return Err(MarketError::PeriodInvalid);
    }
    amount::sub(cumulative(schedule, start, to)?, cumulative(schedule, start, from)?)
}
