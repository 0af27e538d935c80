//! What this machine can prove in probes: measured with the probes' own work on the backend that will answer them.
//!
//! Ratings are rounded down and kept below what was measured by a margin, because a probe that ends late earns nothing and costs
//! its penalty, while a rating that is a little low costs a little. A rehearsal answers a whole probe as the network would ask it.

use crate::backend::{Backend, BackendError, Cancel};
use kernels::probe::{Plan, Ratings, clock, machine};
use std::time::{Duration, Instant};

/// Least time over which a rate is measured.
const LEAST: Duration = Duration::from_secs(1);
/// Hashes between two looks at the time.
const HASHES: u64 = 1 << 16;
/// Compute ratings are tried up to here: a hundred times the fastest card of today.
const MOST_COMPUTE: u64 = 1 << 28;

/// A rating from an amount of work and the time that it took, less a margin in percent; at least 1.
fn rating(work: u128, unit: u128, took: Duration, margin: u64) -> u64 {
    let per_second = work.saturating_mul(1_000_000_000) / took.as_nanos().max(1) / unit.max(1);
    let kept = per_second.saturating_mul(u128::from(100_u64.saturating_sub(margin))) / 100;
    u64::try_from(kept).unwrap_or(u64::MAX).max(1)
}

/// Hashes of one core, 10^3 a second.
pub fn clock(margin: u64) -> u64 {
    let begun = Instant::now();
    let (mut value, mut hashes) = ([0; 32], 0_u64);
    while begun.elapsed() < LEAST {
        value = std::hint::black_box(clock::advance(value, HASHES));
        hashes = hashes.saturating_add(HASHES);
    }
    rating(u128::from(hashes), 1_000, begun.elapsed(), margin)
}

/// Exact int8 operations of the chain, 10^9 a second.
///
/// # Errors
/// The backend's.
pub fn compute(backend: &dyn Backend, margin: u64) -> Result<u64, BackendError> {
    let mut tried = 1;
    loop {
        let plan = Plan::of(&Ratings { compute: tried, memory_mib: 1, clock: 1 }, 1);
        let begun = Instant::now();
        backend.probe(&machine::Job { plan, seed: [7; 32] }, &Cancel::default())?;
        let took = begun.elapsed();
        if took >= LEAST || tried >= MOST_COMPUTE {
            return Ok(rating(u128::from(plan.chain.operations()), 1_000_000_000, took, margin));
        }
        tried *= 4;
    }
}

/// How long a whole probe of these ratings takes here.
///
/// # Errors
/// The backend's.
pub fn rehearse(backend: &dyn Backend, ratings: &Ratings, work_seconds: u64) -> Result<Duration, BackendError> {
    let plan = Plan::of(ratings, work_seconds);
    let begun = Instant::now();
    backend.probe(&machine::Job { plan, seed: [9; 32] }, &Cancel::default())?;
    Ok(begun.elapsed())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rating_is_work_over_time_rounded_down_less_the_margin() {
        assert_eq!(rating(2_000, 1_000, Duration::from_secs(1), 0), 2);
        assert_eq!(rating(2_999, 1_000, Duration::from_secs(1), 0), 2);
        assert_eq!(rating(3_000_000, 1_000, Duration::from_millis(500), 0), 6_000);
        assert_eq!(rating(10_000_000, 1_000, Duration::from_secs(1), 20), 8_000);
    }

    #[test]
    fn a_rating_is_never_zero_and_never_overflows() {
        assert_eq!(rating(0, 1_000, Duration::from_secs(1), 0), 1);
        assert_eq!(rating(5, 1, Duration::from_secs(1), 100), 1);
        assert_eq!(rating(u128::MAX, 1, Duration::ZERO, 0), u64::MAX);
    }
}
