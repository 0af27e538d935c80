//! Leases: one node's hold on a range of units, from claim to acceptance.
//!
//! ```text
//! Open -> Claimed -> Committed -> Revealed -> Accepted
//!            |  \        |
//!            |   \-------+-> Expired  -> (Open again, next attempt)
//!            \-------------> Returned -> (Open again, next attempt)
//! ```
//!
//! Boundaries: a deadline `d` is met at `t <= d` and missed at `t > d`.
//! * commit until claimed_at + lease_seconds; reveal until committed_at + reveal_seconds;
//! * a challenge until revealed_at + challenge_seconds, so acceptance needs `t >` that;
//! * a revealed lease never expires: anyone may accept it when the window has closed.
//!
//! A returned lease is claimable from the second of the return. An expired one is claimable from the second after the missed
//! deadline, whenever it is marked: whoever marks it cannot move the next race. Each reopening raises the attempt, which enters the
//! race's hash, so that the node that failed is not first again.

use crate::amount;
use crate::error::MarketError;

/// Where a lease stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeaseState {
    /// Never claimed.
    Open,
    /// A node works on it.
    Claimed,
    /// The node committed to a root.
    Committed,
    /// The root is public; the challenge window runs.
    Revealed,
    /// Paid. Final.
    Accepted,
    /// Given back; claimable again.
    Returned,
    /// A deadline was missed; claimable again.
    Expired,
}

impl From<LeaseState> for u8 {
    fn from(state: LeaseState) -> u8 {
        match state {
            LeaseState::Open => 0,
            LeaseState::Claimed => 1,
            LeaseState::Committed => 2,
            LeaseState::Revealed => 3,
            LeaseState::Accepted => 4,
            LeaseState::Returned => 5,
            LeaseState::Expired => 6,
        }
    }
}

impl TryFrom<u8> for LeaseState {
    type Error = MarketError;

    fn try_from(code: u8) -> Result<Self, MarketError> {
        match code {
            0 => Ok(LeaseState::Open),
            1 => Ok(LeaseState::Claimed),
            2 => Ok(LeaseState::Committed),
            3 => Ok(LeaseState::Revealed),
            4 => Ok(LeaseState::Accepted),
            5 => Ok(LeaseState::Returned),
            6 => Ok(LeaseState::Expired),
            _ => Err(MarketError::UnknownState),
        }
    }
}

impl LeaseState {
    /// Whether a node may claim it.
    pub fn is_claimable(self) -> bool {
        matches!(self, LeaseState::Open | LeaseState::Returned | LeaseState::Expired)
    }

    /// Whether a node holds it and it is not decided.
    pub fn is_in_flight(self) -> bool {
        matches!(self, LeaseState::Claimed | LeaseState::Committed | LeaseState::Revealed)
    }
}

/// How long each stage may take, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeaseRules {
    /// From claim to commitment.
    pub lease_seconds: i64,
    /// From commitment to reveal.
    pub reveal_seconds: i64,
    /// From reveal to acceptance.
    pub challenge_seconds: i64,
}

/// State and times of one lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    /// Where it stands.
    pub state: LeaseState,
    /// How often it was handed out and came back before the present attempt.
    pub attempt: u16,
    /// From when the present attempt may be claimed: the race counts from here.
    pub opened_at: i64,
    /// When the present state was entered: the claim, the commitment, the reveal, or the acceptance.
    pub entered_at: i64,
}

impl Lease {
    /// A lease that nobody has claimed, of a job opened at this time.
    pub fn open(opened_at: i64) -> Self {
        Self { state: LeaseState::Open, attempt: 0, opened_at, entered_at: opened_at }
    }

    /// The last second at which the holder may take its next step; for a revealed lease, the last second of the challenge
    /// window. `None` while nobody holds it and after acceptance.
    pub fn deadline(&self, rules: &LeaseRules) -> Result<Option<i64>, MarketError> {
        let seconds = match self.state {
            LeaseState::Claimed => rules.lease_seconds,
            LeaseState::Committed => rules.reveal_seconds,
            LeaseState::Revealed => rules.challenge_seconds,
            LeaseState::Open | LeaseState::Accepted | LeaseState::Returned | LeaseState::Expired => return Ok(None),
        };
        amount::later(self.entered_at, seconds).map(Some)
    }

    /// A node takes the lease; `eligible_at` is what the race gives it.
    pub fn claim(self, eligible_at: i64, now: i64) -> Result<Self, MarketError> {
        if !self.state.is_claimable() {
            return Err(MarketError::LeaseNotClaimable);
        }
        if now < eligible_at {
            return Err(MarketError::NotYetEligible);
        }
        Ok(Self { state: LeaseState::Claimed, entered_at: now, ..self })
    }

    /// The node commits to its root.
    pub fn commit(self, now: i64, rules: &LeaseRules) -> Result<Self, MarketError> {
        if self.state != LeaseState::Claimed {
            return Err(MarketError::LeaseNotClaimed);
        }
        if now > amount::later(self.entered_at, rules.lease_seconds)? {
            return Err(MarketError::LeaseDeadlinePassed);
        }
        Ok(Self { state: LeaseState::Committed, entered_at: now, ..self })
    }

    /// The node reveals the root that it committed to.
    pub fn reveal(self, now: i64, rules: &LeaseRules) -> Result<Self, MarketError> {
        if self.state != LeaseState::Committed {
            return Err(MarketError::LeaseNotCommitted);
        }
        if now > amount::later(self.entered_at, rules.reveal_seconds)? {
            return Err(MarketError::RevealDeadlinePassed);
        }
        Ok(Self { state: LeaseState::Revealed, entered_at: now, ..self })
    }

    /// Anyone accepts the lease once its challenge window has closed. Final: a unit is accepted at most once (law L7).
    pub fn accept(self, now: i64, rules: &LeaseRules) -> Result<Self, MarketError> {
        if self.state != LeaseState::Revealed {
            return Err(MarketError::LeaseNotRevealed);
        }
        if now <= amount::later(self.entered_at, rules.challenge_seconds)? {
            return Err(MarketError::ChallengeWindowOpen);
        }
        Ok(Self { state: LeaseState::Accepted, entered_at: now, ..self })
    }

    /// The node gives the lease back before it committed, while its deadline has not passed.
    pub fn give_back(self, now: i64, rules: &LeaseRules) -> Result<Self, MarketError> {
        if self.state != LeaseState::Claimed {
            return Err(MarketError::LeaseNotClaimed);
        }
        if now > amount::later(self.entered_at, rules.lease_seconds)? {
            return Err(MarketError::LeaseDeadlinePassed);
        }
        self.reopen(LeaseState::Returned, now)
    }

    /// Anyone marks a lease whose holder missed the deadline to commit or to reveal.
    pub fn expire(self, now: i64, rules: &LeaseRules) -> Result<Self, MarketError> {
        let missed = match self.state {
            LeaseState::Claimed => amount::later(self.entered_at, rules.lease_seconds)?,
            LeaseState::Committed => amount::later(self.entered_at, rules.reveal_seconds)?,
            LeaseState::Open
            | LeaseState::Revealed
            | LeaseState::Accepted
            | LeaseState::Returned
            | LeaseState::Expired => return Err(MarketError::LeaseNotExpired),
        };
        if now <= missed {
            return Err(MarketError::LeaseNotExpired);
        }
        self.reopen(LeaseState::Expired, amount::later(missed, 1)?)
    }

    fn reopen(self, state: LeaseState, opened_at: i64) -> Result<Self, MarketError> {
        let attempt = self.attempt.checked_add(1).ok_or(MarketError::AttemptsExhausted)?;
        Ok(Self { state, attempt, opened_at, entered_at: opened_at })
    }
}
