//! How long a machine that failed takes no new work: every lease it has to give back costs its node reputation.

const FIRST_SECONDS: i64 = 30;
const LONGEST_SECONDS: i64 = 3_600;

/// Rests after failures: 30 seconds of chain time, then twice as long each time, an hour at the most. One success ends it.
#[derive(Debug, Default)]
pub(super) struct Rest {
    seconds: i64,
    until: Option<i64>,
}

impl Rest {
    /// Notes a failure and gives the moment at which new work may be taken.
    pub(super) fn failed(&mut self, now: i64) -> i64 {
        self.seconds = self.seconds.saturating_mul(2).clamp(FIRST_SECONDS, LONGEST_SECONDS);
        let until = now.saturating_add(self.seconds);
        self.until = Some(until);
        until
    }

    /// Notes that the machine works.
    pub(super) fn worked(&mut self) {
        *self = Self::default();
    }

    /// The moment at which new work may be taken, while it has not come.
    pub(super) fn waits(&self, now: i64) -> Option<i64> {
        self.until.filter(|until| *until > now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rest_doubles_up_to_an_hour_and_ends_with_success() {
        let mut rest = Rest::default();
        assert_eq!(rest.waits(0), None);
        let rests: Vec<i64> = (0..9).map(|_| rest.failed(100) - 100).collect();
        assert_eq!(rests, [30, 60, 120, 240, 480, 960, 1_920, 3_600, 3_600]);
        assert_eq!((rest.waits(3_699), rest.waits(3_700)), (Some(3_700), None));
        rest.worked();
        assert_eq!((rest.waits(3_699), rest.failed(200)), (None, 230));
    }
}
