//! Reputation of a node or a requester: a moving average of outcomes that forgets, and says why it moved.
//!
//! * A score lies in [0, 10,000] bps and starts at the neutral 5,000. It is kept with 16 fraction bits, so that small outcomes
//!   are not lost to rounding.
//! * Decay: the distance to neutral halves every `half_life_seconds` (2^-t computed by its series in Q31, rounded towards
//!   neutral), so good and bad names both fade.
//! * Update: first decay, then score += (target - score) x weight with weight = credits / (credits + credit_scale), at most
//!   `max_weight_bps`: a reputation is bought with work of value, and no single outcome makes or breaks it. The step rounds
//!   towards the old score. An outcome of no credits is remembered and moves nothing, not even the decay's clock.
//! * Each outcome has a [`Reason`]; the last eight stand in the account that it judges, so that any client can read them by its address.
//!
//! | code | reason | of | target, bps | weight by |
//! |---|---|---|---|---|
//! | 1 | lease accepted | node | 10,000 | its value |
//! | 2 | lease returned | node | `returned_target_bps` | its value |
//! | 3 | lease expired | node | 0 | its value |
//! | 4 | audit accepted | node | 10,000 | the lease's value |
//! | 5 | audit expired | node | 0 | the lease's value |
//! | 6 | result hidden after an audit | node | 0 | its value |
//! | 7 | dispute won | node | none | nothing: remembered only |
//! | 8 | dispute lost | node | 0 | the lease's value |
//! | 9 | probe passed | node | 10,000 | the probe's value |
//! | 10 | probe missed | node | 0 | the probe's value |
//! | 11 | probe disproved | node | 0 | the probe's value |
//! | 12 | job finished | requester | 10,000 | credits spent |
//! | 13 | job called off or run out | requester | share of credits spent | see [`of_job`] |
//! | 14 | inputs unusable | requester; a node that says so | share of leases without the fault; none of the node | see [`of_job`]; nothing |
//! | 15 | challenge lost | requester | 0 | the lease's value |
//! | 16 | challenge won | requester | 10,000 | the lease's value |
//!
//! A won dispute moves nothing, because a score that rose by it could be bought by losing disputes to oneself; the finder's fee is its reward.
//!
//! **Requesters** are judged once for each job, when it is closed ([`of_job`]). A score rises by the credits that the job *spent*, which were
//! bought with burned RENDER: opening jobs and calling them off washes nothing. For inputs that nobody could use it falls by the credits that the
//! job *ordered*, since such a job spends little or nothing.
//!
//! **Against slander.** A lease counts as faulty while a node has given it back for its inputs and no node has finished it since: whoever
//! finishes it proves that the inputs were usable. Nothing counts before two operators have said so of leases of the job. So one operator
//! alone ruins nobody; two wallets of one person must also keep every honest node from finishing what they gave back until the
//! job is over, that is, win the race for it again and again; and one job moves a score by at most `max_weight_bps`.
//!
//! Sources: design section 4; RNP-004 and Render's FAQ (creators have a reputation too, history damps swings); numbers are this project's.

use crate::amount::{Round, WHOLE_BPS, add, mul_div};
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

macro_rules! reasons {
    ($($name:ident = $code:literal, $message:literal;)+) => {
        /// Why a reputation moved. Each variant's text is its [`Reason::message`].
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Reason {
            $(#[doc = $message] $name,)+
        }

        impl Reason {
            /// Every reason, in the order of the codes.
            pub const ALL: &'static [Reason] = &[$(Reason::$name),+];

            /// The stable code; 0 is none.
            pub const fn code(self) -> u8 {
                match self { $(Reason::$name => $code,)+ }
            }

            /// The reason in plain words.
            pub const fn message(self) -> &'static str {
                match self { $(Reason::$name => $message,)+ }
            }
        }

        impl TryFrom<u8> for Reason {
            type Error = MarketError;

            fn try_from(code: u8) -> Result<Self, MarketError> {
                match code {
                    $($code => Ok(Reason::$name),)+
                    _ => Err(MarketError::UnknownReason),
                }
            }
        }
    };
}

reasons! {
    LeaseAccepted = 1, "a lease was accepted";
    LeaseReturned = 2, "a lease was given back";
    LeaseExpired = 3, "a lease ran past its deadline";
    AuditAccepted = 4, "an audit agreed and was accepted";
    AuditExpired = 5, "an audit ran past its deadline";
    ResultHidden = 6, "a result was hidden after it had been audited";
    DisputeWon = 7, "a dispute was won";
    DisputeLost = 8, "a dispute was lost";
    ProbePassed = 9, "a probe was passed";
    ProbeMissed = 10, "a probe was missed";
    ProbeDisproved = 11, "the answer to a probe was disproved";
    JobFinished = 12, "a job was finished";
    JobCancelled = 13, "a job was called off or ran out before all its leases were worked on";
    InputsUnusable = 14, "the inputs of a job could not be used";
    ChallengeLost = 15, "a challenge was lost";
    ChallengeWon = 16, "a challenge was won";
}

impl Reason {
    /// Where an outcome for this reason moves a score, in bps; nothing where the target is a share of the job's.
    pub fn target_bps(self, rules: &ReputationRules) -> Option<u64> {
        match self {
            Reason::LeaseAccepted
            | Reason::AuditAccepted
            | Reason::ProbePassed
            | Reason::JobFinished
            | Reason::ChallengeWon => Some(WHOLE_BPS),
            Reason::LeaseReturned => Some(rules.returned_target_bps),
            Reason::LeaseExpired
            | Reason::AuditExpired
            | Reason::ResultHidden
            | Reason::DisputeLost
            | Reason::ProbeMissed
            | Reason::ProbeDisproved
            | Reason::ChallengeLost => Some(0),
            Reason::DisputeWon | Reason::JobCancelled | Reason::InputsUnusable => None,
        }
    }
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

    /// The score after an outcome that concerned this many credit units. A reason without a target of its own moves nothing.
    pub fn update(self, reason: Reason, credits: u64, now: i64, rules: &ReputationRules) -> Result<Self, MarketError> {
        match reason.target_bps(rules) {
            Some(target_bps) => self.moved(target_bps, credits, now, rules),
            None => Ok(self),
        }
    }

    /// The score after an outcome of this many credit units that pulls it to `target_bps`.
    fn moved(self, target_bps: u64, credits: u64, now: i64, rules: &ReputationRules) -> Result<Self, MarketError> {
        if target_bps > WHOLE_BPS {
            return Err(MarketError::ScoreOutOfRange);
        }
        if credits == 0 {
            return Ok(self);
        }
        let before = self.decayed(now, rules)?;
        let target = target_bps << FRACTION_BITS;
        let distance = before.score.abs_diff(target);
        let most = mul_div(distance, rules.max_weight_bps.min(WHOLE_BPS), WHOLE_BPS, Round::Down)?;
        let step = mul_div(distance, credits, credits.saturating_add(rules.credit_scale), Round::Down)?.min(most);
        let score =
            if target >= before.score { before.score.checked_add(step) } else { before.score.checked_sub(step) };
        Ok(Self { score: score.ok_or(MarketError::ScoreOutOfRange)?, ..before })
    }
}

/// What a closed job says of its requester.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JobRecord {
    /// Credits spent on accepted leases.
    pub spent: u64,
    /// Credits given back for leases that nobody finished.
    pub refunded: u64,
    /// Leases, at least 1.
    pub leases: u32,
    /// Leases that nobody finished after a node had given them back for their inputs.
    pub faults: u32,
    /// Whether at least two operators said so of leases of the job.
    pub is_corroborated: bool,
}

/// The requester's reputation after a job, and why. Call it once, when the job is closed.
///
/// * Corroborated faults: [`Reason::InputsUnusable`], target 10,000 x (1 - faults / leases).
/// * Else, credits given back: [`Reason::JobCancelled`], target 10,000 x spent / ordered, and never below neutral: what was worked on was paid,
///   and what was not worked on cost nobody anything.
/// * Else [`Reason::JobFinished`].
///
/// Targets round down. The weight is the credits spent where the score rises, and for a fault all credits ordered where it falls; a
/// job that was called off weighs what it spent either way.
pub fn of_job(
    before: Reputation,
    job: &JobRecord,
    now: i64,
    rules: &ReputationRules,
) -> Result<(Reputation, Reason), MarketError> {
    let ordered = add(job.spent, job.refunded)?;
    let sound = job.leases.checked_sub(job.faults).filter(|_| job.leases > 0).ok_or(MarketError::JobWithoutLeases)?;
    if job.faults > 0 && job.is_corroborated {
        let target_bps = mul_div(u64::from(sound), WHOLE_BPS, u64::from(job.leases), Round::Down)?;
        let falls = before.decayed(now, rules)?.score > target_bps << FRACTION_BITS;
        let credits = if falls { ordered } else { job.spent };
        return Ok((before.moved(target_bps, credits, now, rules)?, Reason::InputsUnusable));
    }
    if job.refunded > 0 {
        let target_bps = mul_div(job.spent, WHOLE_BPS, ordered, Round::Down)?.max(NEUTRAL_BPS);
        return Ok((before.moved(target_bps, job.spent, now, rules)?, Reason::JobCancelled));
    }
    Ok((before.update(Reason::JobFinished, job.spent, now, rules)?, Reason::JobFinished))
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
