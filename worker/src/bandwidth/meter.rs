//! What a transfer says about a line: bits after its beginning over the time they took.
//!
//! A connection starts slowly (TCP opens its window from a few packets), so its beginning is left out: the first
//! [`SETTLE`], or the first quarter of the bytes where those come sooner. After [`WINDOW`] the measure is over, whatever
//! has come. Time counts from the first byte; the result is in Mbit/s, which is bits per microsecond, rounded down.

use std::time::Duration;

/// Longest beginning that is left out.
pub const SETTLE: Duration = Duration::from_secs(1);
/// How long a transfer is watched, its beginning included.
pub const WINDOW: Duration = Duration::from_secs(5);

/// A transfer under measure.
#[derive(Clone, Copy, Debug)]
pub struct Meter {
    whole: u64,
    /// Time and bytes at the end of the beginning.
    settled: Option<(Duration, u64)>,
    last: (Duration, u64),
}

impl Meter {
    /// Of a transfer of so many bytes.
    pub fn new(whole: u64) -> Self {
        Self { whole, settled: None, last: (Duration::ZERO, 0) }
    }

    /// Notes that `bytes` have come in all, `at` after the first of them. True while there is more to watch.
    pub fn note(&mut self, at: Duration, bytes: u64) -> bool {
        self.last = (at, bytes);
        if self.settled.is_none() && (at >= SETTLE || bytes >= self.whole / 4) {
            self.settled = Some(self.last);
        }
        bytes < self.whole && at < WINDOW
    }

    /// Bytes that have come.
    pub fn bytes(&self) -> u64 {
        self.last.1
    }

    /// Mbit/s so far, rounded down. What came in no time at all is taken as come in a microsecond.
    pub fn mbps(&self) -> u64 {
        let Some((from, before)) = self.settled else { return 0 };
        let (until, bytes) = self.last;
        let bits = u128::from(bytes.saturating_sub(before)).saturating_mul(8);
        let rate = bits / until.saturating_sub(from).as_micros().max(1);
        u64::try_from(rate).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A line that gives nothing for its first `idle` microseconds and then `mbps` bits a microsecond, read in `chunk`s.
    fn measured(whole: u64, idle: u64, mbps: u64, chunk: u64) -> (u64, u64) {
        let mut meter = Meter::new(whole);
        let (mut bytes, mut micros) = (0_u64, idle);
        loop {
            bytes = (bytes + chunk).min(whole);
            micros += (chunk * 8).div_ceil(mbps);
            if !meter.note(Duration::from_micros(micros), bytes) {
                return (meter.mbps(), bytes);
            }
        }
    }

    #[test]
    fn a_steady_line_is_measured_within_a_hundredth() {
        for mbps in [1, 7, 100, 400, 1_000, 1_600] {
            let (found, _) = measured(1 << 30, 0, mbps, 1 << 14);
            assert!(found <= mbps && found * 100 >= (mbps * 99).saturating_sub(100), "{mbps}: {found}");
        }
    }

    #[test]
    fn a_slow_start_does_not_count() {
        let (found, _) = measured(1 << 30, 900_000, 400, 1 << 14);
        assert!((396..=400).contains(&found), "{found}");
    }

    #[test]
    fn a_short_transfer_is_measured_by_its_last_three_quarters() {
        let (found, bytes) = measured(1 << 20, 50_000, 1_000, 1 << 14);
        assert_eq!(bytes, 1 << 20);
        assert!((980..=1_000).contains(&found), "{found}");
    }

    #[test]
    fn a_line_that_stops_in_the_middle_is_slow() {
        let mut meter = Meter::new(1 << 30);
        assert!(meter.note(Duration::from_secs(1), 50_000_000));
        assert!(!meter.note(WINDOW, 50_000_001));
        assert_eq!(meter.mbps(), 0);
    }

    #[test]
    fn nothing_that_came_in_no_time_overflows() {
        let mut meter = Meter::new(u64::MAX);
        assert_eq!(meter.mbps(), 0);
        assert!(meter.note(Duration::ZERO, u64::MAX / 4));
        assert!(!meter.note(Duration::ZERO, u64::MAX));
        assert_eq!(meter.mbps(), u64::MAX);
    }

    #[test]
    fn the_measure_ends_with_its_window() {
        let mut meter = Meter::new(1 << 30);
        assert!(meter.note(WINDOW - Duration::from_micros(1), 2));
        assert!(!meter.note(WINDOW, 3));
    }
}
