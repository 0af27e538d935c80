//! Leases: one node's hold on a range of units, from claim to acceptance, with the audits by other nodes in between.
//!
//! ```text
//! Open -> Claimed -> Committed ------------------------> Revealed -> Accepted
//!            |  \     |  |   ^                             |   ^
//!            |   \    |  |   |  all revealed, or lapsed     v   |  the holder won
//!            |    \   |  |   +---- Opening <--- Auditing   Disputed
//!            |     \  |  |  picked                ^           |  the holder lost
//!            |      \ |  +------------------------+           |
//!            |       \+-> Expired  -> (Open again, next attempt) <-+
//!            \---------> Returned -> (Open again, next attempt)
//! ```
//!
//! After the commitment the lottery is drawn. A lease that is not picked is revealed at once. One that is picked waits until
//! other nodes have computed it too and have committed (`Auditing`), then have revealed (`Opening`); only then the holder reveals, so
//! that nobody ever sees a root that he could copy.
//!
//! Boundaries: a deadline `d` is met at `t <= d` and missed at `t > d`. Deadlines are fixed when a state begins.
//! * commit until claimed_at + lease_seconds; reveal until committed_at + reveal_seconds, or, when audited, until
//!   audit_reveal_seconds after the last audit's reveal;
//! * audits are claimed until audit_wait_seconds after the draw and revealed until audit_reveal_seconds after their last commitment;
//! * a challenge until revealed_at + challenge_seconds, so acceptance needs `t >` that;
//! * a revealed lease never expires: anyone may accept it when the window has closed and every audit owed has agreed.
//!
//! A returned lease is claimable from the second of the return. An expired one is claimable from the second after the missed
//! deadline, whenever it is marked: whoever marks it cannot move the next race. Each reopening raises the attempt, which enters the
//! race's hash, so that the node that failed is not first again. Audits that were given up follow the same rule with an attempt of their own.

use crate::amount;
use crate::audit::{Audit, AuditState};
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
    /// A deadline was missed, or a dispute was lost; claimable again.
    Expired,
    /// Picked by the lottery; audits wait for claims and commitments.
    Auditing,
    /// Every audit is committed; they are being revealed.
    Opening,
    /// The root is under dispute.
    Disputed,
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
            LeaseState::Auditing => 7,
            LeaseState::Opening => 8,
            LeaseState::Disputed => 9,
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
            7 => Ok(LeaseState::Auditing),
            8 => Ok(LeaseState::Opening),
            9 => Ok(LeaseState::Disputed),
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
        !self.is_claimable() && self != LeaseState::Accepted
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
    /// From the draw, or from an audit that was given up, to the last claim of an audit.
    pub audit_wait_seconds: i64,
    /// From the last audit's commitment to the audits' reveals, and from the last of those to the holder's.
    pub audit_reveal_seconds: i64,
}

/// The audits of one attempt at a lease, in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Audits {
    /// Whether the lottery has been drawn.
    pub is_drawn: bool,
    /// Audits that must agree before the lease is accepted.
    pub owed: u8,
    /// Of those, claimed and not given up.
    pub claimed: u8,
    /// Of those, committed.
    pub committed: u8,
    /// Of those, revealed.
    pub revealed: u8,
    /// Of those, agreed and paid.
    pub paid: u8,
    /// How often an audit was given up; enters the race for audits.
    pub attempt: u16,
}

/// What somebody failed to do in time; decides the penalty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missed {
    /// To commit.
    Commitment,
    /// To reveal what nobody audited.
    Reveal,
    /// To reveal what was picked, or to have the lottery drawn while its number could be proved, which counts as picked: a node that
    /// knows that it was picked must not get away with less than for a wrong result.
    PickedReveal,
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
    /// When the present state was entered: the claim, the commitment, the reveal, or the acceptance. For `Auditing` the race for
    /// audits counts from here.
    pub entered_at: i64,
    /// The last second of the next step: the holder's, or the auditors'; for a revealed lease, of the challenge window. Without
    /// meaning while nobody holds it, after acceptance, and under dispute.
    pub deadline: i64,
    /// Its audits.
    pub audits: Audits,
}

/// One less of what must be there.
fn one_less(count: u8) -> Result<u8, MarketError> {
    count.checked_sub(1).ok_or(MarketError::Underflow)
}

impl Lease {
    /// A lease that nobody has claimed, of a job opened at this time.
    pub fn open(opened_at: i64) -> Self {
        Self {
            state: LeaseState::Open,
            attempt: 0,
            opened_at,
            entered_at: opened_at,
            deadline: opened_at,
            audits: Audits::default(),
        }
    }

    fn enter(self, state: LeaseState, now: i64, seconds: i64) -> Result<Self, MarketError> {
        Ok(Self { state, entered_at: now, deadline: amount::later(now, seconds)?, ..self })
    }

    fn require(&self, state: LeaseState, otherwise: MarketError) -> Result<(), MarketError> {
        if self.state == state { Ok(()) } else { Err(otherwise) }
    }

    /// A node takes the lease; `eligible_at` is what the race gives it.
    pub fn claim(self, eligible_at: i64, now: i64, rules: &LeaseRules) -> Result<Self, MarketError> {
        if !self.state.is_claimable() {
            return Err(MarketError::LeaseNotClaimable);
        }
        if now < eligible_at {
            return Err(MarketError::NotYetEligible);
        }
        Self { audits: Audits::default(), ..self }.enter(LeaseState::Claimed, now, rules.lease_seconds)
    }

    /// The node commits to its root.
    pub fn commit(self, now: i64, rules: &LeaseRules) -> Result<Self, MarketError> {
        self.require(LeaseState::Claimed, MarketError::LeaseNotClaimed)?;
        if now > self.deadline {
            return Err(MarketError::LeaseDeadlinePassed);
        }
        self.enter(LeaseState::Committed, now, rules.reveal_seconds)
    }

    /// Anyone draws the lottery, also after the deadline: who wants the lease to expire draws first. A lease that is not picked keeps
    /// its deadline; one that is picked owes `owed` audits.
    pub fn draw(self, is_picked: bool, owed: u8, now: i64, rules: &LeaseRules) -> Result<Self, MarketError> {
        self.require(LeaseState::Committed, MarketError::LeaseNotCommitted)?;
        if self.audits.is_drawn {
            return Err(MarketError::LotteryDrawn);
        }
        let drawn = Self { audits: Audits { is_drawn: true, ..self.audits }, ..self };
        if !is_picked {
            return Ok(drawn);
        }
        if owed == 0 {
            return Err(MarketError::ReplicasInvalid);
        }
        Self { audits: Audits { owed, ..drawn.audits }, ..drawn }.enter(
            LeaseState::Auditing,
            now,
            rules.audit_wait_seconds,
        )
    }

    /// A node of another operator takes one of the audits; `eligible_at` is what the race for audits gives it.
    pub fn claim_audit(self, eligible_at: i64, now: i64) -> Result<Self, MarketError> {
        self.require(LeaseState::Auditing, MarketError::LeaseNotAuditing)?;
        if self.audits.claimed >= self.audits.owed {
            return Err(MarketError::LeaseNotAuditing);
        }
        if now > self.deadline {
            return Err(MarketError::AuditDeadlinePassed);
        }
        if now < eligible_at {
            return Err(MarketError::NotYetEligible);
        }
        let claimed = self.audits.claimed.checked_add(1).ok_or(MarketError::Overflow)?;
        Ok(Self { audits: Audits { claimed, ..self.audits }, ..self })
    }

    /// An auditor has committed. With the last of them the reveals begin.
    pub fn commit_audit(self, now: i64, rules: &LeaseRules) -> Result<Self, MarketError> {
        self.require(LeaseState::Auditing, MarketError::LeaseNotAuditing)?;
        let committed = self.audits.committed.checked_add(1).ok_or(MarketError::Overflow)?;
        let after = Self { audits: Audits { committed, ..self.audits }, ..self };
        if committed < self.audits.owed {
            return Ok(after);
        }
        after.enter(LeaseState::Opening, now, rules.audit_reveal_seconds)
    }

    /// An auditor reveals. With the last of them it is the holder's turn.
    pub fn reveal_audit(self, now: i64, rules: &LeaseRules) -> Result<Self, MarketError> {
        self.require(LeaseState::Opening, MarketError::AuditNotCommitted)?;
        if now > self.deadline {
            return Err(MarketError::AuditDeadlinePassed);
        }
        let revealed = self.audits.revealed.checked_add(1).ok_or(MarketError::Overflow)?;
        Self { audits: Audits { revealed, ..self.audits }, ..self }.opened(now, rules)
    }

    /// The holder's turn, once no audit is left to be revealed.
    fn opened(self, now: i64, rules: &LeaseRules) -> Result<Self, MarketError> {
        if self.audits.revealed < self.audits.owed {
            return Ok(self);
        }
        self.enter(LeaseState::Committed, now, rules.audit_reveal_seconds)
    }

    /// Anyone marks an audit whose node missed its deadline. It can be claimed again, in a race from the second after the missed
    /// deadline; but once a root is public nobody new can be asked, and the lease goes on with the audits that are left.
    pub fn expire_audit(self, audit: &Audit, now: i64, rules: &LeaseRules) -> Result<(Self, Missed), MarketError> {
        let audits = self.audits;
        match (self.state, audit.state) {
            (LeaseState::Auditing, AuditState::Claimed) if now > audit.deadline => {
                let audits = Audits { claimed: one_less(audits.claimed)?, ..audits };
                let after = Self { audits, ..self }.audit_again(audit.deadline, now, rules)?;
                Ok((after, Missed::Commitment))
            }
            (LeaseState::Opening, AuditState::Committed) if now > self.deadline => {
                let audits =
                    Audits { claimed: one_less(audits.claimed)?, committed: one_less(audits.committed)?, ..audits };
                let after = if audits.revealed == 0 {
                    Self { audits, ..self }.audit_again(self.deadline, now, rules)?
                } else {
                    Self { audits: Audits { owed: one_less(audits.owed)?, ..audits }, ..self }.opened(now, rules)?
                };
                Ok((after, Missed::PickedReveal))
            }
            _ => Err(MarketError::AuditNotExpired),
        }
    }

    /// Claims of audits are open again. The race counts from the missed deadline, whenever that is marked; the time to claim counts
    /// from the mark, so that nobody can let both pass and then take the audit away.
    fn audit_again(self, missed: i64, now: i64, rules: &LeaseRules) -> Result<Self, MarketError> {
        let attempt = self.audits.attempt.checked_add(1).ok_or(MarketError::AttemptsExhausted)?;
        Ok(Self {
            state: LeaseState::Auditing,
            entered_at: amount::later(missed, 1)?.max(self.entered_at),
            deadline: amount::later(now, rules.audit_wait_seconds)?,
            audits: Audits { attempt, ..self.audits },
            ..self
        })
    }

    /// Anyone ends the wait for audits that nobody claimed: an honest node must not starve where nobody audits.
    pub fn lapse(self, now: i64, rules: &LeaseRules) -> Result<Self, MarketError> {
        self.require(LeaseState::Auditing, MarketError::LeaseNotAuditing)?;
        if now <= self.deadline || self.audits.claimed != self.audits.committed {
            return Err(MarketError::AuditStillWanted);
        }
        let after = Self { audits: Audits { owed: self.audits.committed, ..self.audits }, ..self };
        match after.audits.owed {
            0 => after.enter(LeaseState::Committed, now, rules.reveal_seconds),
            _ => after.enter(LeaseState::Opening, now, rules.audit_reveal_seconds),
        }
    }

    /// The node reveals the root that it committed to.
    pub fn reveal(self, now: i64, rules: &LeaseRules) -> Result<Self, MarketError> {
        match self.state {
            LeaseState::Auditing | LeaseState::Opening => return Err(MarketError::AuditsUnfinished),
            LeaseState::Committed if !self.audits.is_drawn => return Err(MarketError::LotteryNotDrawn),
            LeaseState::Committed if self.audits.revealed != self.audits.owed => {
                return Err(MarketError::AuditsUnfinished);
            }
            LeaseState::Committed => {}
            _ => return Err(MarketError::LeaseNotCommitted),
        }
        if now > self.deadline {
            return Err(MarketError::RevealDeadlinePassed);
        }
        self.enter(LeaseState::Revealed, now, rules.challenge_seconds)
    }

    fn require_undisputed(&self, now: i64) -> Result<(), MarketError> {
        self.require(LeaseState::Revealed, MarketError::LeaseNotRevealed)?;
        if now <= self.deadline { Err(MarketError::ChallengeWindowOpen) } else { Ok(()) }
    }

    /// Anyone has an audit paid that agreed with the lease, once the challenge window has closed.
    pub fn accept_audit(self, now: i64) -> Result<Self, MarketError> {
        self.require_undisputed(now)?;
        let paid = self.audits.paid.checked_add(1).ok_or(MarketError::Overflow)?;
        if paid > self.audits.owed {
            return Err(MarketError::ProgressInvalid);
        }
        Ok(Self { audits: Audits { paid, ..self.audits }, ..self })
    }

    /// Anyone accepts the lease once its challenge window has closed and its audits are paid. Final: a unit is accepted at most
    /// once (law L7).
    pub fn accept(self, now: i64) -> Result<Self, MarketError> {
        self.require_undisputed(now)?;
        if self.audits.paid != self.audits.owed {
            return Err(MarketError::AuditsUnfinished);
        }
        self.enter(LeaseState::Accepted, now, 0)
    }

    /// The node gives the lease back before it committed, while its deadline has not passed.
    pub fn give_back(self, now: i64) -> Result<Self, MarketError> {
        self.require(LeaseState::Claimed, MarketError::LeaseNotClaimed)?;
        if now > self.deadline {
            return Err(MarketError::LeaseDeadlinePassed);
        }
        self.reopen(LeaseState::Returned, now)
    }

    /// Anyone marks a lease whose holder missed the deadline to commit, or to reveal what was not audited. The lottery must have been
    /// drawn, or be lost: `is_lottery_lost` says that its number can no longer be proved.
    pub fn expire(self, now: i64, is_lottery_lost: bool) -> Result<(Self, Missed), MarketError> {
        let missed = match self.state {
            LeaseState::Claimed => Missed::Commitment,
            LeaseState::Committed => Missed::Reveal,
            _ => return Err(MarketError::LeaseNotExpired),
        };
        if now <= self.deadline {
            return Err(MarketError::LeaseNotExpired);
        }
        let missed = match missed {
            Missed::Reveal if self.audits.owed > 0 => return Err(MarketError::LeaseAudited),
            Missed::Reveal if !self.audits.is_drawn && is_lottery_lost => Missed::PickedReveal,
            Missed::Reveal if !self.audits.is_drawn => return Err(MarketError::LotteryNotDrawn),
            other => other,
        };
        Ok((self.reopen(LeaseState::Expired, amount::later(self.deadline, 1)?)?, missed))
    }

    /// Anyone marks a lease whose holder did not reveal although its audits are there.
    pub fn forfeit(self, now: i64) -> Result<Self, MarketError> {
        self.require(LeaseState::Committed, MarketError::LeaseNotCommitted)?;
        if self.audits.revealed == 0 {
            return Err(MarketError::AuditsUnfinished);
        }
        if now <= self.deadline {
            return Err(MarketError::LeaseNotExpired);
        }
        self.reopen(LeaseState::Expired, amount::later(self.deadline, 1)?)
    }

    /// Anyone with a bond denies the root while the challenge window is open.
    pub fn challenge(self, now: i64) -> Result<Self, MarketError> {
        self.require(LeaseState::Revealed, MarketError::LeaseNotRevealed)?;
        if now > self.deadline {
            return Err(MarketError::ChallengeWindowClosed);
        }
        self.contradict(now)
    }

    /// An audit's root differs: there will be a dispute, whether the window is open or not.
    pub fn contradict(self, now: i64) -> Result<Self, MarketError> {
        self.require(LeaseState::Revealed, MarketError::LeaseNotRevealed)?;
        self.enter(LeaseState::Disputed, now, 0)
    }

    /// The holder won the dispute: the window runs anew, so that a sham challenge cannot use up the time of a real one.
    /// `by_audit` drops the audit that lost.
    pub fn uphold(self, by_audit: bool, now: i64, rules: &LeaseRules) -> Result<Self, MarketError> {
        self.require(LeaseState::Disputed, MarketError::LeaseNotDisputed)?;
        let mut audits = self.audits;
        if by_audit {
            audits.owed = one_less(audits.owed)?;
            audits.claimed = one_less(audits.claimed)?;
            audits.committed = one_less(audits.committed)?;
            audits.revealed = one_less(audits.revealed)?;
        }
        Self { audits, ..self }.enter(LeaseState::Revealed, now, rules.challenge_seconds)
    }

    /// The holder lost the dispute: the lease is claimable from now, under the next attempt.
    pub fn overturn(self, now: i64) -> Result<Self, MarketError> {
        self.require(LeaseState::Disputed, MarketError::LeaseNotDisputed)?;
        self.reopen(LeaseState::Expired, now)
    }

    fn reopen(self, state: LeaseState, opened_at: i64) -> Result<Self, MarketError> {
        let attempt = self.attempt.checked_add(1).ok_or(MarketError::AttemptsExhausted)?;
        Ok(Self { attempt, state, ..Self::open(opened_at) })
    }
}
