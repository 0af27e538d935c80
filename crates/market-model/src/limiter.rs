//! The mint limiter: a bound on how much RENDER can be minted in any period, so that a mistake elsewhere cannot mint without
//! end before anybody can pause or mend it.
//!
//! Source: Helium's circuit breaker (helium-program-library, `circuit-breaker`), with HIP-77's threshold of five epochs'
//! emission; here by default 875,000 RENDER (five weeks of year 1, rounded down) in 604,800 seconds. Amounts are RENDER base units, times unix
//! seconds.
//!
//! The limiter remembers `used` base units. It forgets `limit / window` of them per second, rounded down, and a mint of m is
//! refused when used + m would pass `limit`. (Helium forgets the share elapsed / window of what is remembered at each mint, so that
//! there the time it takes depends on how often somebody mints; here it does not, but for a base unit per mint.) So
//!
//! * in any period of D seconds at most limit x (1 + D / window) is minted: what is remembered lies between 0 and the limit, so at
//!   most the limit is minted beyond what was forgotten, and no more than limit x D / window is forgotten. In one window that is twice the
//!   limit, and nothing less would do for a limiter that forgets linearly: the whole limit at the first second, and as much
//!   again while it is forgotten;
//! * a refused mint loses nothing: [`Limiter::earliest`] says when it will pass.

use crate::amount::{self, Round, mul_div};
use crate::error::MarketError;

/// How much in how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LimiterRules {
    /// Seconds in which the whole limit is forgotten; at least one.
    pub window_seconds: u64,
    /// Most that is remembered, in base units.
    pub limit: u64,
}

/// What is remembered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limiter {
    /// Base units minted and not forgotten at `at`.
    pub used: u64,
    /// When that was.
    pub at: i64,
}

impl Limiter {
    /// What is still remembered at `now`. A clock that goes backwards forgets nothing.
    pub fn used_at(self, now: i64, rules: &LimiterRules) -> Result<u64, MarketError> {
        if rules.window_seconds == 0 {
            return Err(MarketError::MintLimiterInvalid);
        }
        let elapsed = u64::try_from(now.saturating_sub(self.at)).unwrap_or(0).min(rules.window_seconds);
        let forgotten = mul_div(rules.limit, elapsed, rules.window_seconds, Round::Down)?;
        // After a whole window everything is forgotten, also what an earlier, higher limit had let through.
        Ok(if elapsed == rules.window_seconds { 0 } else { self.used.saturating_sub(forgotten) })
    }

    /// What can be minted at `now`.
    pub fn room(self, now: i64, rules: &LimiterRules) -> Result<u64, MarketError> {
        Ok(rules.limit.saturating_sub(self.used_at(now, rules)?))
    }

    /// The limiter after a mint.
    pub fn mint(self, amount: u64, now: i64, rules: &LimiterRules) -> Result<Limiter, MarketError> {
        if amount > rules.limit {
            return Err(MarketError::MintAboveLimit);
        }
        let used = amount::add(self.used_at(now, rules)?, amount)?;
        if used > rules.limit {
            return Err(MarketError::MintLimited);
        }
        Ok(Limiter { used, at: now.max(self.at) })
    }

    /// The first moment in which a mint passes, if no other comes before it.
    pub fn earliest(self, amount: u64, rules: &LimiterRules) -> Result<i64, MarketError> {
        let room = rules.limit.checked_sub(amount).ok_or(MarketError::MintAboveLimit)?;
        if rules.window_seconds == 0 {
            return Err(MarketError::MintLimiterInvalid);
        }
        let excess = self.used.saturating_sub(room);
        let seconds = match excess {
            0 => 0,
            // The seconds after which at least the excess is forgotten, and never more than the window.
            _ if excess >= rules.limit => rules.window_seconds,
            _ => mul_div(excess, rules.window_seconds, rules.limit, Round::Up)?,
        };
        amount::later(self.at, i64::try_from(seconds).map_err(|_| MarketError::Overflow)?)
    }
}
