//! Governance: how locked RENDER changes the network's numbers.
//!
//! A proposal passes two votes and a timelock (RNP-000: an initial vote of 72 hours by simple majority without a quorum; a final
//! vote of six days with a quorum of 15 % of the total supply; an emergency skips the initial vote and needs 20 %; the timelock
//! of 48 hours is this project's).
//!
//! ```text
//!              ordinary             initial vote won         final vote won           timelock over
//! proposal_open --------> Initial ------------------> Final ----------------> Queued ---------------> Executed
//!       |                    | lost                     ^ | lost, or no quorum   |
//!       |                    +--> Rejected              | +--> Rejected          +--> Expired, when nobody executes it in time
//!       +----------------------- emergency -------------+
//! ```
//!
//! * Votes are RENDER base units, times are unix seconds. A vote runs in `[from, ends_at)`: it is cast at `t < ends_at` and counted
//!   at `t >= ends_at`. Each step can be made for `execution_seconds` from the moment it can be made at all; after that the
//!   proposal expires, so that nothing accepted long ago comes into force when everybody has forgotten it.
//! * A vote is won with `yes > no`: RNP-000 asks for at least one half, here a tie loses. The final vote needs
//!   `yes + no >= quorum_bps / 10,000 x supply`, rounded up; the supply is the mint's when the vote is counted.
//! * A vote weighs what its wallet has locked. It may be changed while its stage runs, and takes the weight of the moment in which it is
//!   cast: the weight before is taken back first. A lock that voted cannot be lowered before the end of the stage **and one timelock
//!   longer**, so that no RENDER counts twice in a stage and who borrows RENDER to vote holds it while others see the result (law L12).
//! * Lengths and quorum are fixed when a proposal is opened: what others change later moves none of them.
//! * A proposer has `proposer_lock` locked, keeps it locked for as long as the votes can take, and opens the next proposal only then.
//!   It may cancel while the first vote on the proposal runs, and not later: what others have voted for is not its to veto.

use crate::amount::{self, Round, bps_of, later};
use crate::emission::{self, Schedule, YEARS, YearChange};
use crate::error::MarketError;
use crate::parameters::{COUNT, Parameters};

/// Changes that one proposal makes at most.
pub const MAX_CHANGES: usize = 8;

/// The parameters of governance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GovernanceRules {
    /// Length of the initial vote, seconds.
    pub initial_seconds: i64,
    /// Length of the final vote, seconds.
    pub final_seconds: i64,
    /// Least votes of a final vote, as bps of the supply.
    pub quorum_bps: u64,
    /// The same for an emergency.
    pub emergency_quorum_bps: u64,
    /// From acceptance to execution, seconds.
    pub timelock_seconds: i64,
    /// How long a step can be made, seconds.
    pub execution_seconds: i64,
    /// Least RENDER that a proposer has locked, base units.
    pub proposer_lock: u64,
}

/// Where a proposal stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The initial vote runs, or waits to be counted.
    Initial,
    /// The final vote runs, or waits to be counted.
    Final,
    /// Accepted: waits for its timelock, or for somebody to execute it.
    Queued,
    /// In force.
    Executed,
    /// A vote was lost or had no quorum.
    Rejected,
    /// Nobody made its next step in time.
    Expired,
    /// Called off by its proposer.
    Cancelled,
}

impl From<Stage> for u8 {
    fn from(stage: Stage) -> Self {
        match stage {
            Stage::Initial => 0,
            Stage::Final => 1,
            Stage::Queued => 2,
            Stage::Executed => 3,
            Stage::Rejected => 4,
            Stage::Expired => 5,
            Stage::Cancelled => 6,
        }
    }
}

impl TryFrom<u8> for Stage {
    type Error = MarketError;

    fn try_from(code: u8) -> Result<Self, MarketError> {
        Ok(match code {
            0 => Stage::Initial,
            1 => Stage::Final,
            2 => Stage::Queued,
            3 => Stage::Executed,
            4 => Stage::Rejected,
            5 => Stage::Expired,
            6 => Stage::Cancelled,
            _ => return Err(MarketError::UnknownState),
        })
    }
}

impl Stage {
    /// Whether nothing can happen to the proposal any more.
    pub fn is_over(self) -> bool {
        matches!(self, Stage::Executed | Stage::Rejected | Stage::Expired | Stage::Cancelled)
    }

    /// Whether votes of the stage still count.
    pub fn is_vote(self) -> bool {
        matches!(self, Stage::Initial | Stage::Final)
    }
}

/// Votes of one stage, in RENDER base units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// For it.
    pub yes: u64,
    /// Against it.
    pub no: u64,
}

impl Tally {
    /// All votes.
    pub fn votes(&self) -> Result<u64, MarketError> {
        amount::add(self.yes, self.no)
    }

    /// Whether more are for it than against it. A tie loses.
    pub fn is_won(&self) -> bool {
        self.yes > self.no
    }

    fn with(self, mark: Mark) -> Result<Self, MarketError> {
        Ok(match mark.is_yes {
            true => Self { yes: amount::add(self.yes, mark.weight)?, ..self },
            false => Self { no: amount::add(self.no, mark.weight)?, ..self },
        })
    }

    fn without(self, mark: Mark) -> Result<Self, MarketError> {
        Ok(match mark.is_yes {
            true => Self { yes: amount::sub(self.yes, mark.weight)?, ..self },
            false => Self { no: amount::sub(self.no, mark.weight)?, ..self },
        })
    }
}

/// What one wallet said in one stage. Weight 0: nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mark {
    /// RENDER base units behind it.
    pub weight: u64,
    /// For it, or against it.
    pub is_yes: bool,
}

/// What one wallet said to one proposal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ballot {
    /// In the initial vote.
    pub initial_mark: Mark,
    /// In the final vote.
    pub final_mark: Mark,
}

/// A wallet's RENDER that votes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lock {
    /// RENDER base units locked.
    pub amount: u64,
    /// Nothing can be taken out before.
    pub locked_until: i64,
    /// No other proposal can be opened with it before.
    pub proposing_until: i64,
}

impl Lock {
    /// Locks more. Counts in votes that are cast from now.
    pub fn deposit(self, more: u64) -> Result<Self, MarketError> {
        if more == 0 {
            return Err(MarketError::NoAmount);
        }
        Ok(Self { amount: amount::add(self.amount, more)?, ..self })
    }

    /// Takes some out, when no vote counts it any more.
    pub fn withdraw(self, less: u64, now: i64) -> Result<Self, MarketError> {
        if less == 0 {
            return Err(MarketError::NoAmount);
        }
        if now < self.locked_until {
            return Err(MarketError::StillLocked);
        }
        Ok(Self { amount: self.amount.checked_sub(less).ok_or(MarketError::LockTooSmall)?, ..self })
    }
}

/// A proposal's votes and times, without what it would do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// Where it stands.
    pub stage: Stage,
    /// Whether it skipped the initial vote.
    pub is_emergency: bool,
    /// When the vote or the timelock of its stage ends; when it was over, once it is.
    pub ends_at: i64,
    /// Length of the final vote, fixed at the opening.
    pub final_seconds: i64,
    /// Length of the timelock, fixed at the opening.
    pub timelock_seconds: i64,
    /// How long each step can be made, fixed at the opening.
    pub execution_seconds: i64,
    /// Least votes of the final vote as bps of the supply, fixed at the opening.
    pub quorum_bps: u64,
    /// Votes of the initial vote.
    pub initial_tally: Tally,
    /// Votes of the final vote.
    pub final_tally: Tally,
}

impl Proposal {
    /// Opens a proposal with a wallet's lock. Gives the lock as it is held for it.
    pub fn open(
        lock: Lock,
        is_emergency: bool,
        now: i64,
        rules: &GovernanceRules,
    ) -> Result<(Self, Lock), MarketError> {
        if lock.amount < rules.proposer_lock {
            return Err(MarketError::ProposerLockTooSmall);
        }
        if now < lock.proposing_until {
            return Err(MarketError::ProposerBusy);
        }
        let (stage, seconds, quorum_bps) = match is_emergency {
            true => (Stage::Final, rules.final_seconds, rules.emergency_quorum_bps),
            false => (Stage::Initial, rules.initial_seconds, rules.quorum_bps),
        };
        let ends_at = later(now, seconds)?;
        let votes_end = if is_emergency { ends_at } else { later(ends_at, rules.final_seconds)? };
        let proposal = Self {
            stage,
            is_emergency,
            ends_at,
            final_seconds: rules.final_seconds,
            timelock_seconds: rules.timelock_seconds,
            execution_seconds: rules.execution_seconds,
            quorum_bps,
            initial_tally: Tally::default(),
            final_tally: Tally::default(),
        };
        let lock = Lock { locked_until: lock.locked_until.max(votes_end), proposing_until: votes_end, ..lock };
        Ok((proposal, lock))
    }

    /// Casts or changes a wallet's vote of the stage that runs, with all that it has locked. Gives proposal, ballot and lock after it.
    pub fn vote(self, ballot: Ballot, lock: Lock, is_yes: bool, now: i64) -> Result<(Self, Ballot, Lock), MarketError> {
        if !self.stage.is_vote() || now >= self.ends_at {
            return Err(MarketError::VoteNotRunning);
        }
        if lock.amount == 0 {
            return Err(MarketError::NoVotes);
        }
        let mark = Mark { weight: lock.amount, is_yes };
        let (after, ballot) = match self.stage {
            Stage::Initial => (
                Self { initial_tally: self.initial_tally.without(ballot.initial_mark)?.with(mark)?, ..self },
                Ballot { initial_mark: mark, ..ballot },
            ),
            _ => (
                Self { final_tally: self.final_tally.without(ballot.final_mark)?.with(mark)?, ..self },
                Ballot { final_mark: mark, ..ballot },
            ),
        };
        let held_until = later(self.ends_at, self.timelock_seconds)?;
        Ok((after, ballot, Lock { locked_until: lock.locked_until.max(held_until), ..lock }))
    }

    /// Least votes that the final vote needs of a supply, in base units, rounded up.
    pub fn quorum(&self, supply: u64) -> Result<u64, MarketError> {
        bps_of(supply, self.quorum_bps, Round::Up)
    }

    /// From when the next step can no longer be made.
    pub fn expires_at(&self) -> Result<i64, MarketError> {
        later(self.ends_at, self.execution_seconds)
    }

    /// Counts a vote that has ended, or lets a proposal expire whose next step nobody made in time.
    pub fn advance(self, supply: u64, now: i64) -> Result<Self, MarketError> {
        if self.stage.is_over() {
            return Err(MarketError::ProposalOver);
        }
        if now >= self.expires_at()? {
            return Ok(Self { stage: Stage::Expired, ends_at: now, ..self });
        }
        match self.stage {
            Stage::Initial | Stage::Final if now < self.ends_at => Err(MarketError::VoteStillRunning),
            Stage::Initial if self.initial_tally.is_won() => {
                Ok(Self { stage: Stage::Final, ends_at: later(now, self.final_seconds)?, ..self })
            }
            Stage::Final if self.final_tally.is_won() && self.final_tally.votes()? >= self.quorum(supply)? => {
                Ok(Self { stage: Stage::Queued, ends_at: later(now, self.timelock_seconds)?, ..self })
            }
            Stage::Initial | Stage::Final => Ok(Self { stage: Stage::Rejected, ends_at: now, ..self }),
            _ => Err(MarketError::NothingToCount),
        }
    }

    /// Puts an accepted proposal into force.
    pub fn execute(self, now: i64) -> Result<Self, MarketError> {
        if self.stage != Stage::Queued {
            return Err(MarketError::ProposalNotAccepted);
        }
        if now < self.ends_at {
            return Err(MarketError::TimelockRunning);
        }
        if now >= self.expires_at()? {
            return Err(MarketError::ExecutionWindowPassed);
        }
        Ok(Self { stage: Stage::Executed, ends_at: now, ..self })
    }

    /// The proposer calls it off, while the first vote on it runs.
    pub fn cancel(self, now: i64) -> Result<Self, MarketError> {
        let first = if self.is_emergency { Stage::Final } else { Stage::Initial };
        if self.stage != first || now >= self.ends_at {
            return Err(MarketError::TooLateToCancel);
        }
        Ok(Self { stage: Stage::Cancelled, ends_at: now, ..self })
    }
}

/// A parameter's new value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ParameterChange {
    /// Position in [`crate::parameters::SPECS`].
    pub index: u64,
    /// Its value.
    pub value: u64,
}

/// The schedule's columns, year 1 first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Years {
    /// RENDER base units.
    pub yearly: Schedule,
    /// Share of operations, bps.
    pub operations_bps: [u16; YEARS],
    /// Share of creators, bps.
    pub creators_bps: [u16; YEARS],
}

/// Refuses no changes, too many, and two of the same thing, of which one would be silent.
fn check_changes(subjects: impl ExactSizeIterator<Item = u64> + Clone) -> Result<(), MarketError> {
    if subjects.len() == 0 {
        return Err(MarketError::NoChanges);
    }
    if subjects.len() > MAX_CHANGES {
        return Err(MarketError::TooManyChanges);
    }
    for (position, subject) in subjects.clone().enumerate() {
        if subjects.clone().take(position).any(|earlier| earlier == subject) {
            return Err(MarketError::ChangeRepeated);
        }
    }
    Ok(())
}

/// Makes changes to parameters, and refuses them when the whole that results is not valid: what is valid depends on neighbours, and those
/// may have changed since a proposal was opened. On an error `values` are spoiled.
pub fn change_parameters(values: &mut [u64; COUNT], changes: &[ParameterChange]) -> Result<(), MarketError> {
    check_changes(changes.iter().map(|change| change.index))?;
    for change in changes {
        let index = usize::try_from(change.index).map_err(|_| MarketError::NoSuchParameter)?;
        *values.get_mut(index).ok_or(MarketError::NoSuchParameter)? = change.value;
    }
    validate(values)
}

/// Apart, so that no caller's stack frame holds these copies beside its own.
#[inline(never)]
fn validate(values: &[u64; COUNT]) -> Result<(), MarketError> {
    Parameters::from_values(*values).validate()
}

/// Makes changes to the emission schedule that begins at `start`, and refuses them for years that have begun by `fixed_until`, the end of the
/// latest epoch opened. On an error nothing is changed.
pub fn change_years(
    years: &mut Years,
    changes: &[YearChange],
    start: i64,
    fixed_until: i64,
) -> Result<(), MarketError> {
    check_changes(changes.iter().map(|change| u64::from(change.year)))?;
    let Years { yearly, operations_bps, creators_bps } = years;
    emission::change_schedule(yearly, operations_bps, creators_bps, changes, start, fixed_until)?;
    Ok(())
}
