//! Emission: how much RENDER may have been minted by any moment.
//!
//! * The schedule is a table of 60 yearly amounts in base units. The default (RNP-001, RNP-003, RNP-006, RNP-018, RNP-022):
//!   year 1 9,126,804; years 2 to 5 5,905,580 each; year 6 4,294,967; then 189/200 of the year before, rounded down to the base
//!   unit. Years 1 to 3 are published; 4 and later are a reconstruction (8.5 %, 5.5 % x 4, 4.0 % x 0.945^(y - 6) of
//!   the cap) that gives the published 760,567 and 492,132 per month and ends below the cap at year 60.
//! * The cap is 107,374,182 RENDER (RNP-001). What the default leaves below it, about 12,900 RENDER, is never minted.
//! * A year of the schedule is 365 days. C(t) is linear within a year, rounded down, and constant after year 60. An
//!   epoch's amount is C(end) - C(start), so that epochs telescope to C with no dust whatever their length (law L5).

use crate::amount::{self, Round, mul_div};
use crate::error::MarketError;

/// Years of the schedule.
pub const YEARS: usize = 60;

/// Seconds of one year of the schedule: 365 days.
pub const YEAR_SECONDS: u64 = 31_536_000;

/// Base units of one RENDER.
pub const RENDER: u64 = 100_000_000;

/// The most that all years together may emit, in base units.
pub const CAP: u64 = 10_737_418_200_000_000;

/// Yearly amounts in base units; governance may replace it within the cap.
pub type Schedule = [u64; YEARS];

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

/// The most that one year may emit after a change, in base units: a tenth of the cap.
pub const YEAR_CAP: u64 = CAP / 10;

/// Checks a changed schedule that begins at `start`: years that have begun by `fixed_until` are as they were, no changed year emits more than
/// [`YEAR_CAP`], and all together stay within the cap. Gives their sum.
pub fn check_change(before: &Schedule, after: &Schedule, start: i64, fixed_until: i64) -> Result<u64, MarketError> {
    let mut begins = start;
    for (was, is) in before.iter().zip(after) {
        if was != is {
            if begins < fixed_until {
                return Err(MarketError::YearHasBegun);
            }
            if *is > YEAR_CAP {
                return Err(MarketError::YearTooLarge);
            }
        }
        begins = begins.checked_add_unsigned(YEAR_SECONDS).ok_or(MarketError::Overflow)?;
    }
    check_schedule(after)
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
