//! Jobs: ranges, escrow and closing.

mod support;

use market_model::MarketError;
use market_model::job::{
    JobProgress, JobSettlement, JobStatus, JobTerms, MAX_LEASES, UnitRange, cancel, check_claimable, check_deadline,
    close,
};
use proptest::prelude::*;
use support::{Verdict, holds, is_broken};

fn terms() -> impl Strategy<Value = JobTerms> {
    (1_u64..5_000, 1_u64..5_000, 1_u64..1_000_000_000, 0_u64..1_000_000_000).prop_map(
        |(units, units_per_lease, price_per_unit, premium_per_unit)| JobTerms {
            units,
            units_per_lease,
            price_per_unit,
            premium_per_unit,
        },
    )
}

fn partition_law(range: fn(&JobTerms, u64) -> Result<UnitRange, MarketError>) -> impl Fn(JobTerms) -> Verdict {
    move |terms| {
        let Ok(plan) = terms.plan() else { return Ok(()) };
        let (mut next, mut credits) = (0, 0);
        for index in 0..plan.leases {
            let units = range(&terms, index).unwrap();
            prop_assert_eq!(units.first, next);
            prop_assert!(units.count > 0 && units.count <= terms.units_per_lease);
            next += units.count;
            let amount = terms.lease_amount(index).unwrap();
            prop_assert_eq!(terms.lease_value(index).unwrap() + terms.lease_premium(index).unwrap(), amount);
            credits += amount;
        }
        prop_assert_eq!(next, terms.units);
        prop_assert_eq!(credits, plan.escrow);
        prop_assert_eq!(terms.lease_units(plan.leases), Err(MarketError::NoSuchLease));
        Ok(())
    }
}

#[test]
fn the_leases_cut_the_job_without_gap_or_overlap_and_their_amounts_sum_to_the_escrow() {
    holds(terms(), partition_law(JobTerms::lease_units));
}

#[test]
fn leases_that_are_all_full_break_the_partition_law() {
    is_broken(
        terms(),
        partition_law(|terms, index| Ok(UnitRange { count: terms.units_per_lease, ..terms.lease_units(index)? })),
    );
}

#[test]
fn impossible_terms_are_refused() {
    let good = JobTerms { units: 1_024, units_per_lease: 1, price_per_unit: 1, premium_per_unit: 0 };
    assert_eq!(good.plan().map(|plan| plan.leases), Ok(MAX_LEASES));
    assert_eq!(JobTerms { units: 1_025, ..good }.plan(), Err(MarketError::TooManyLeases));
    assert_eq!(JobTerms { units: 0, ..good }.plan(), Err(MarketError::JobWithoutUnits));
    assert_eq!(JobTerms { units_per_lease: 0, ..good }.plan(), Err(MarketError::LeaseWithoutUnits));
    assert_eq!(JobTerms { price_per_unit: 0, ..good }.plan(), Err(MarketError::JobWithoutPrice));
    assert_eq!(JobTerms { price_per_unit: u64::MAX, ..good }.plan(), Err(MarketError::Overflow));
    assert_eq!(JobTerms { premium_per_unit: u64::MAX, ..good }.plan(), Err(MarketError::Overflow));
    assert_eq!(JobTerms { units_per_lease: 0, ..good }.lease_units(0), Err(MarketError::NoSuchLease));
    assert_eq!(good.lease_units(u64::MAX), Err(MarketError::NoSuchLease));
    let huge = JobTerms { units: u64::MAX, units_per_lease: u64::MAX, price_per_unit: 1, premium_per_unit: 0 };
    assert_eq!(huge.plan().map(|plan| (plan.leases, plan.escrow)), Ok((1, u64::MAX)));
    assert_eq!(huge.lease_units(2), Err(MarketError::NoSuchLease));
}

#[test]
fn a_deadline_lies_after_the_opening_and_within_the_longest_duration() {
    assert_eq!(check_deadline(100, 100, 50), Err(MarketError::JobDeadlineInvalid));
    assert_eq!(check_deadline(100, 101, 50), Ok(()));
    assert_eq!(check_deadline(100, 150, 50), Ok(()));
    assert_eq!(check_deadline(100, 151, 50), Err(MarketError::JobDeadlineInvalid));
}

#[test]
fn leases_are_claimable_while_the_job_is_open_until_its_deadline() {
    assert_eq!(check_claimable(JobStatus::Open, 100, 99), Ok(()));
    assert_eq!(check_claimable(JobStatus::Open, 100, 100), Ok(()));
    assert_eq!(check_claimable(JobStatus::Open, 100, 101), Err(MarketError::JobDeadlinePassed));
    assert_eq!(check_claimable(JobStatus::Cancelled, 100, 99), Err(MarketError::JobNotOpen));
    assert_eq!(check_claimable(JobStatus::Closed, 100, 99), Err(MarketError::JobNotOpen));
}

#[test]
fn only_an_open_job_can_be_cancelled() {
    assert_eq!(cancel(JobStatus::Open), Ok(JobStatus::Cancelled));
    assert_eq!(cancel(JobStatus::Cancelled), Err(MarketError::JobNotOpen));
    assert_eq!(cancel(JobStatus::Closed), Err(MarketError::JobAlreadyClosed));
}

const PART: JobProgress = JobProgress { leases: 4, accepted: 3, in_flight: 0, escrow: 400, spent: 300 };

#[test]
fn an_unfinished_open_job_closes_only_after_its_deadline() {
    assert_eq!(close(JobStatus::Open, &PART, 100, 100), Err(MarketError::JobStillOpen));
    assert_eq!(close(JobStatus::Open, &PART, 100, 101), Ok(JobSettlement { spent: 300, refund: 100 }));
}

#[test]
fn a_finished_or_cancelled_job_closes_at_once() {
    let done = JobProgress { accepted: 4, spent: 400, ..PART };
    assert_eq!(close(JobStatus::Open, &done, 100, 1), Ok(JobSettlement { spent: 400, refund: 0 }));
    assert_eq!(close(JobStatus::Cancelled, &PART, 100, 1), Ok(JobSettlement { spent: 300, refund: 100 }));
}

#[test]
fn a_job_with_a_lease_in_flight_does_not_close() {
    let running = JobProgress { in_flight: 1, ..PART };
    for status in [JobStatus::Open, JobStatus::Cancelled] {
        assert_eq!(close(status, &running, 100, 101), Err(MarketError::LeasesInFlight));
    }
}

#[test]
fn a_closed_job_and_impossible_progress_are_refused() {
    assert_eq!(close(JobStatus::Closed, &PART, 100, 101), Err(MarketError::JobAlreadyClosed));
    let too_many = JobProgress { in_flight: 2, ..PART };
    assert_eq!(close(JobStatus::Open, &too_many, 100, 101), Err(MarketError::ProgressInvalid));
    let overspent = JobProgress { spent: 401, ..PART };
    assert_eq!(close(JobStatus::Open, &overspent, 100, 101), Err(MarketError::EscrowTooSmall));
}

#[test]
fn what_is_spent_and_refunded_makes_the_escrow() {
    let progress = (0_u64..1_024, 0_u64..1_024, any::<u64>(), any::<u64>());
    holds((progress, 0_u8..3, any::<bool>()), |((leases, accepted, escrow, spent), status, late)| {
        let progress = JobProgress { leases, accepted, in_flight: 0, escrow, spent };
        if let Ok(settled) = close(status.try_into().unwrap(), &progress, 100, if late { 101 } else { 100 }) {
            prop_assert_eq!(settled.spent.checked_add(settled.refund), Some(escrow));
        }
        Ok(())
    });
}

#[test]
fn status_codes_are_what_accounts_store() {
    for (code, status) in [(0, JobStatus::Open), (1, JobStatus::Cancelled), (2, JobStatus::Closed)] {
        assert_eq!((u8::from(status), JobStatus::try_from(code)), (code, Ok(status)));
    }
    assert_eq!(JobStatus::try_from(3), Err(MarketError::UnknownState));
}
