//! Reputation of a node or a requester: a moving average of outcomes that forgets.
//!
//! * A score lies in [0, 10,000] bps and starts at the neutral 5,000. It is kept with 16 fraction bits, so that small outcomes
//!   are not lost to rounding.
//! * Decay: the distance to neutral halves every `half_life_seconds` (2^-t computed by its series in Q31, rounded towards
//!   neutral), so good and bad names both fade.
//! * Update: first decay, then score += (target - score) x weight with weight = credits / (credits + credit_scale), at most
//!   `max_weight_bps`: a reputation is bought with work of value, and no single outcome makes or breaks it. The step rounds
//!   towards the old score.
//! * Targets: an accepted lease 10,000, an expired one 0, a returned one `returned_target_bps`.

use crate::amount::{Round, WHOLE_BPS, mul_div};
use crate::error::MarketError;

/// Where every score starts and where it decays to.
pub const NEUTRAL_BPS: u64 = 5_000;

const FRACTION_BITS: u32 = 16;
const NEUTRAL: u64 = NEUTRAL_BPS << FRACTION_BITS;
const HIGHEST: u64 = WHOLE_BPS << FRACTION_BITS;
const ONE_Q31: u64 = 1 << 31;
/// (ln 2)^k / k! in Q31 for k = 1 to 10: the series of 2^-x.
const HALVING_SERIES_Q31: [u64; 10] =
    [1_488_522_236, 515_882_496, 119_194_166, 20_654_775, 2_863_360, 330_788, 32_755, 2_838, 219, 15];

/// How a lease ended for the one who is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The work was accepted.
    Accepted,
    /// The lease was given back in time.
    Returned,
    /// A deadline was missed.
    Expired,
}

/// The parameters of reputation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReputationRules {
    /// Seconds in which the distance to neutral halves, at least 1.
    pub half_life_seconds: i64,
    /// Credits of a lease at which the weight of its outcome is one half, before the bound.
    pub credit_scale: u64,
    /// Most weight of one outcome, in bps.
    pub max_weight_bps: u64,
    /// What a returned lease counts as, in bps.
    pub returned_target_bps: u64,
}

/// A score and when it was last brought up to date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reputation {
    /// bps with 16 fraction bits, 0 to 10,000 x 2^16.
    pub score: u64,
    /// Unix seconds.
    pub updated_at: i64,
}

impl Reputation {
    /// The neutral score of a newcomer.
    pub fn new(now: i64) -> Self {
        Self { score: NEUTRAL, updated_at: now }
    }

    /// The score in bps, rounded down.
    pub fn bps(&self) -> u64 {
        self.score >> FRACTION_BITS
    }

    /// The score at `now` without a new outcome. A time before the last update changes nothing.
    pub fn decayed(self, now: i64, rules: &ReputationRules) -> Result<Self, MarketError> {
        if self.score > HIGHEST {
            return Err(MarketError::ScoreOutOfRange);
        }
        let half_life = u64::try_from(rules.half_life_seconds).map_err(|_| MarketError::HalfLifeInvalid)?;
        let elapsed = match now.checked_sub(self.updated_at).ok_or(MarketError::Overflow)?.try_into() {
            Ok(elapsed) if elapsed > 0 => elapsed,
            _ => return Ok(self),
        };
        let elapsed: u64 = elapsed;
        let halvings = elapsed.checked_div(half_life).ok_or(MarketError::HalfLifeInvalid)?;
        let rest = elapsed.checked_rem(half_life).ok_or(MarketError::HalfLifeInvalid)?;
        let factor_q31 = halved_q31(mul_div(rest, ONE_Q31, half_life, Round::Down)?);
        let distance = self.score.abs_diff(NEUTRAL);
        let distance = distance.checked_shr(u32::try_from(halvings).unwrap_or(u32::MAX)).unwrap_or(0);
        // Below 2^29 x 2^31.
        let distance = distance.wrapping_mul(factor_q31) >> 31;
        let score = if self.score >= NEUTRAL { NEUTRAL.checked_add(distance) } else { NEUTRAL.checked_sub(distance) };
        Ok(Self { score: score.ok_or(MarketError::ScoreOutOfRange)?, updated_at: now })
    }

    /// The score after an outcome that concerned this many credit units.
    pub fn update(
        self,
        outcome: Outcome,
        credits: u64,
        now: i64,
        rules: &ReputationRules,
    ) -> Result<Self, MarketError> {
        let before = self.decayed(now, rules)?;
        let target_bps = match outcome {
            Outcome::Accepted => WHOLE_BPS,
            Outcome::Returned => rules.returned_target_bps,
            Outcome::Expired => 0,
        };
        if target_bps > WHOLE_BPS {
            return Err(MarketError::ScoreOutOfRange);
        }
        if credits == 0 {
            return Ok(before);
        }
        let target = target_bps << FRACTION_BITS;
        let distance = before.score.abs_diff(target);
        let most = mul_div(distance, rules.max_weight_bps.min(WHOLE_BPS), WHOLE_BPS, Round::Down)?;
        let step = mul_div(distance, credits, credits.saturating_add(rules.credit_scale), Round::Down)?.min(most);
        let score =
            if target >= before.score { before.score.checked_add(step) } else { before.score.checked_sub(step) };
        Ok(Self { score: score.ok_or(MarketError::ScoreOutOfRange)?, ..before })
    }
}

/// 2^-x in Q31 for x in [0, 1) in Q31.
fn halved_q31(x: u64) -> u64 {
    // Horner on 1 - a1 x + a2 x^2 - ...: each bracket stays between 0 and its coefficient.
    let mut bracket = 0_u64;
    for coefficient in HALVING_SERIES_Q31.iter().rev() {
        bracket = coefficient.saturating_sub(bracket.wrapping_mul(x) >> 31);
    }
    ONE_Q31.saturating_sub(bracket.wrapping_mul(x) >> 31)
}
