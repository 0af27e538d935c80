//! When to try again what the chain refused: after 1, 2, 4, ... 64 seconds of chain time.

use solana_address::Address;
use std::collections::HashMap;

const LONGEST_EXPONENT: u32 = 6;
/// Entries that are dropped first when there are more: those whose time has come.
const MOST: usize = 4_096;

#[derive(Default)]
pub(super) struct Backoff {
    refused: HashMap<(&'static str, Address), Refusal>,
}

struct Refusal {
    times: u32,
    until: i64,
}

impl Backoff {
    /// Notes a refusal and gives the moment to try again.
    pub(super) fn failed(&mut self, what: &'static str, about: Address, now: i64) -> i64 {
        if self.refused.len() >= MOST {
            self.refused.retain(|_, refusal| refusal.until > now);
        }
        let refusal = self.refused.entry((what, about)).or_insert(Refusal { times: 0, until: now });
        refusal.until = now.saturating_add(1 << refusal.times.min(LONGEST_EXPONENT));
        refusal.times = refusal.times.saturating_add(1);
        refusal.until
    }

    /// Forgets the refusals of something that worked.
    pub(super) fn worked(&mut self, what: &'static str, about: Address) {
        self.refused.remove(&(what, about));
    }

    /// The moment to try again, while it has not come.
    pub(super) fn waits(&self, what: &'static str, about: Address, now: i64) -> Option<i64> {
        self.refused.get(&(what, about)).map(|refusal| refusal.until).filter(|until| *until > now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_up_to_a_minute_and_ends_with_success() {
        let (mut backoff, about) = (Backoff::default(), Address::default());
        let waits: Vec<i64> = (0..9).map(|_| backoff.failed("claim", about, 100) - 100).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 64, 64, 64]);
        assert_eq!(backoff.waits("claim", about, 163), Some(164));
        assert_eq!(backoff.waits("claim", about, 164), None);
        assert_eq!(backoff.waits("reveal", about, 163), None);
        backoff.worked("claim", about);
        assert_eq!(backoff.failed("claim", about, 200), 201);
    }
}
