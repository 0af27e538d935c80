//! Audits: how often a lease is computed a second time, what that costs, and what a cheater loses.
//!
//! **Deterrence.** With p the chance of an audit, s the share of stake that may collude with the cheater (the auditors' race is
//! linear in stake), f the finder's fee and m the penalty multiple, a faked lease of value v
//! * gains at most v, and only where no honest node audits it: with chance 1 - q, q = p (1 - s);
//! * costs m v where one does, of which at most f m v come back to the cheater that reports itself through another node;
//! * costs m v as well where it is picked and the result is hidden instead, which is why hiding is no way out.
//!
//! The gain is below v (1 - q) and the loss at least q (1 - f) m v, so a fake loses whatever v is as soon as
//!
//! ```text
//! p (1 - s) (1 - f) m >= 1
//! ```
//!
//! [`AuditRules::check_deterrence`] refuses parameters that break it. That m v can be taken is made sure at the claim: the penalty
//! is fixed there in RENDER at the cautious `stake_valuation`, and a node's stake must cover the penalties of all that it holds.
//!
//! **Who pays.** A job escrows a premium beside its price: the price times the chance of an audit, or times the further nodes that
//! shall compute each lease. Rounded up.

use crate::amount::{self, Round, WHOLE_BPS};
use crate::error::MarketError;

/// RENDER base units times the valuation (1e-8 USD per RENDER) that one credit (1e-6 USD) is worth: 10^8 x 10^8 / 10^6.
pub const BASE_UNITS_TIMES_VALUATION_PER_CREDIT: u64 = 10_000_000_000;

/// Nodes that can compute one lease: its holder and two auditors.
pub const MAX_REPLICAS: u8 = 3;

/// Where an audit stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuditState {
    /// A node computes.
    Claimed,
    /// The node committed to its root.
    Committed,
    /// The root is public.
    Revealed,
    /// The root differs from the lease's, and the two are in a dispute.
    Disputed,
}

impl From<AuditState> for u8 {
    fn from(state: AuditState) -> u8 {
        match state {
            AuditState::Claimed => 0,
            AuditState::Committed => 1,
            AuditState::Revealed => 2,
            AuditState::Disputed => 3,
        }
    }
}

impl TryFrom<u8> for AuditState {
    type Error = MarketError;

    fn try_from(code: u8) -> Result<Self, MarketError> {
        match code {
            0 => Ok(AuditState::Claimed),
            1 => Ok(AuditState::Committed),
            2 => Ok(AuditState::Revealed),
            3 => Ok(AuditState::Disputed),
            _ => Err(MarketError::UnknownState),
        }
    }
}

/// State and deadline of one audit. What it means for its lease: [`crate::lease`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Audit {
    /// Where it stands.
    pub state: AuditState,
    /// Last second of the commitment. The reveal's is the lease's, which all its audits share.
    pub deadline: i64,
}

impl Audit {
    /// A node has claimed it; it has as long as the lease's holder had.
    pub fn claim(now: i64, lease_seconds: i64) -> Result<Self, MarketError> {
        Ok(Self { state: AuditState::Claimed, deadline: amount::later(now, lease_seconds)? })
    }

    /// The node commits to its root.
    pub fn commit(self, now: i64) -> Result<Self, MarketError> {
        if self.state != AuditState::Claimed {
            return Err(MarketError::AuditNotClaimed);
        }
        if now > self.deadline {
            return Err(MarketError::AuditDeadlinePassed);
        }
        Ok(Self { state: AuditState::Committed, ..self })
    }

    /// The node reveals the root that it committed to.
    pub fn reveal(self) -> Result<Self, MarketError> {
        if self.state != AuditState::Committed {
            return Err(MarketError::AuditNotCommitted);
        }
        Ok(Self { state: AuditState::Revealed, ..self })
    }
}

/// The parameters of audits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditRules {
    /// p: chance of a lease to be audited. A job keeps the one it was opened with.
    pub probability_bps: u64,
    /// s: share of the stake that may belong to the cheater.
    pub collusion_bps: u64,
    /// m: least penalty for faking or hiding, in values of the lease.
    pub penalty_multiple: u64,
    /// What stake is taken to be worth, 1e-8 USD per RENDER.
    pub stake_valuation: u64,
    /// Least share of its stake that the loser of a dispute loses.
    pub fraud_slash_bps: u64,
    /// f: the winner's part of a slash.
    pub finder_fee_bps: u64,
}

impl AuditRules {
    /// The least penalty multiple that deters: the least whole m with p (1 - s) (1 - f) m >= 1. An error where no multiple does.
    pub fn deterring_multiple(&self) -> Result<u64, MarketError> {
        let honest = WHOLE_BPS.checked_sub(self.collusion_bps).ok_or(MarketError::RateAboveWhole)?;
        let burned = WHOLE_BPS.checked_sub(self.finder_fee_bps).ok_or(MarketError::RateAboveWhole)?;
        if self.probability_bps > WHOLE_BPS {
            return Err(MarketError::RateAboveWhole);
        }
        // Three shares of at most 10^4 each: at most 10^12.
        let product = self.probability_bps.wrapping_mul(honest).wrapping_mul(burned);
        amount::mul_div(WHOLE_BPS.wrapping_mul(WHOLE_BPS), WHOLE_BPS, product, Round::Up)
            .map_err(|_| MarketError::PenaltyDoesNotDeter)
    }

    /// Refuses parameters under which faking results pays; see the header.
    pub fn check_deterrence(&self) -> Result<(), MarketError> {
        if self.penalty_multiple < self.deterring_multiple()? { Err(MarketError::PenaltyDoesNotDeter) } else { Ok(()) }
    }

    /// What a node loses at least for faking or hiding a lease worth `value` credits, in RENDER base units, rounded up. The multiple
    /// is never below the one that deters at this probability, so that a job opened under other parameters is not worth faking either.
    pub fn penalty(&self, value: u64) -> Result<u64, MarketError> {
        let multiple = self.penalty_multiple.max(self.deterring_multiple()?);
        let whole = amount::mul(BASE_UNITS_TIMES_VALUATION_PER_CREDIT, multiple)?;
        amount::mul_div(value, whole, self.stake_valuation, Round::Up)
    }

    /// What the loser of a dispute loses, in RENDER base units: the lease's penalty or a share of all it has, whichever is more, and
    /// never more than it has.
    pub fn fraud_penalty(&self, stake: u64, unbonding: u64, lease_penalty: u64) -> Result<u64, MarketError> {
        let all = amount::add(stake, unbonding)?;
        let share = amount::bps_of(all, self.fraud_slash_bps, Round::Up)?;
        Ok(share.max(lease_penalty).min(all))
    }

    /// Credits per unit that a job pays for audits on top of its price, rounded up: the price times the chance of an audit, or
    /// times the nodes beside the first where each lease is computed by `replicas` nodes.
    pub fn premium_per_unit(&self, price_per_unit: u64, replicas: u8) -> Result<u64, MarketError> {
        match audits_owed(replicas)? {
            _ if replicas == 1 => amount::bps_of(price_per_unit, self.probability_bps, Round::Up),
            audits => amount::mul(price_per_unit, u64::from(audits)),
        }
    }
}

/// Audits of a lease that is picked: by all the nodes beside the holder that the job asks for, at least by one.
pub fn audits_owed(replicas: u8) -> Result<u8, MarketError> {
    match replicas {
        1 => Ok(1),
        2..=MAX_REPLICAS => replicas.checked_sub(1).ok_or(MarketError::ReplicasInvalid),
        _ => Err(MarketError::ReplicasInvalid),
    }
}

/// Numbers of the lottery below this are picked: floor(2^64 x probability). At 10,000 bps all are.
pub fn lottery_threshold(probability_bps: u64) -> u128 {
    // 2^64 x 10^4 is far below 2^128.
    (u128::from(probability_bps.min(WHOLE_BPS)) << 64).checked_div(u128::from(WHOLE_BPS)).unwrap_or(0)
}

/// Whether a lease is audited, by the uniform number that its lottery drew. A job with replicas has each lease audited.
pub fn is_picked(draw: u64, probability_bps: u64, replicas: u8) -> bool {
    replicas > 1 || u128::from(draw) < lottery_threshold(probability_bps)
}

/// Refuses a claim that the stake does not cover: it must be worth the penalties of what the node holds and this one together.
/// Gives the new sum. Stake that is unbonding does not count.
pub fn cover(stake: u64, exposure: u64, penalty: u64) -> Result<u64, MarketError> {
    let after = amount::add(exposure, penalty)?;
    if stake < after { Err(MarketError::StakeDoesNotCover) } else { Ok(after) }
}
