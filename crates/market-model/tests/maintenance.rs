//! Maintenance: notice, the most of an epoch, and when it lasts.

use market_model::MarketError;
use market_model::maintenance::{Maintenance, MaintenanceRules, announce};
use market_model::parameters::Parameters;

const RULES: MaintenanceRules = MaintenanceRules { notice_seconds: 900, most_seconds: 86_400 };

fn period(from: i64, until: i64) -> Maintenance {
    Maintenance { from, until }
}

#[test]
fn the_rules_are_the_parameters() {
    assert_eq!(Parameters::DEFAULT.maintenance_rules(), RULES);
}

#[test]
fn maintenance_begins_after_the_notice() {
    assert_eq!(announce(period(1_899, 2_000), 1_000, 0, &RULES), Err(MarketError::MaintenanceTooSoon));
    assert_eq!(announce(period(1_900, 2_000), 1_000, 0, &RULES), Ok(100));
}

#[test]
fn an_epoch_has_only_so_much_of_it() {
    assert_eq!(announce(period(2_000, 88_400), 1_000, 0, &RULES), Ok(86_400));
    assert_eq!(announce(period(2_000, 88_401), 1_000, 0, &RULES), Err(MarketError::MaintenanceTooLong));
    assert_eq!(announce(period(2_000, 2_001), 1_000, 86_399, &RULES), Ok(86_400));
    assert_eq!(announce(period(2_000, 2_001), 1_000, 86_400, &RULES), Err(MarketError::MaintenanceTooLong));
}

#[test]
fn an_empty_or_endless_period_is_refused() {
    assert_eq!(announce(period(2_000, 2_000), 1_000, 0, &RULES), Err(MarketError::MaintenanceEmpty));
    assert_eq!(announce(period(2_000, 1_999), 1_000, 0, &RULES), Err(MarketError::MaintenanceEmpty));
    assert_eq!(announce(period(2_000, i64::MAX), 1_000, i64::MAX, &RULES), Err(MarketError::Overflow));
    assert_eq!(announce(period(-1, i64::MAX), i64::MIN, 0, &RULES), Err(MarketError::Overflow));
}

#[test]
fn it_lasts_from_its_first_second_to_the_one_before_its_end() {
    let period = period(2_000, 3_000);
    assert_eq!([1_999, 2_000, 2_999, 3_000].map(|now| period.lasts(now)), [false, true, true, false]);
    assert!(!Maintenance::default().lasts(0));
}
