//! Governance: RENDER locked to vote, proposals, and who said what to them.

use crate::{constants::*, errors::*};
use anchor_lang::prelude::*;
use market_model::governance::{self, Ballot, Lock, Mark, Stage, Tally};

/// One change that a proposal makes: a parameter's value, or a schedule year's amount and splits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, IdlType, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C)]
pub struct ProposedChange {
    /// Position in `market_model::parameters::SPECS`, or the year from 1.
    pub subject: u64,
    /// The parameter's value, or the year's RENDER base units.
    pub value: u64,
    /// Share of operations in the year, basis points; 0 for a parameter.
    pub operations_bps: u16,
    /// Share of creators in the year, basis points; 0 for a parameter.
    pub creators_bps: u16,
    /// Zero.
    pub reserved: [u8; 4],
}

/// What is voted on. Lengths and quorum are fixed at its opening.
#[account]
pub struct Proposal {
    /// Number, from 0.
    pub number: u64,
    /// Who opened it, paid the rent and receives it back.
    pub proposer: Address,
    /// When it was opened, unix seconds.
    pub opened_at: i64,
    /// End of the vote or the timelock of its stage; when it was over, once it is.
    pub ends_at: i64,
    /// Length of the final vote, seconds.
    pub final_seconds: i64,
    /// Length of the timelock, seconds.
    pub timelock_seconds: i64,
    /// How long each step can be made, seconds.
    pub execution_seconds: i64,
    /// Least votes of the final vote, basis points of the supply.
    pub quorum_bps: u64,
    /// RENDER for it, in the initial and in the final vote.
    pub yes: [u64; 2],
    /// RENDER against it, in the initial and in the final vote.
    pub no: [u64; 2],
    /// The mint's supply when a vote was last counted; 0 before.
    pub supply: u64,
    /// The guardian that it names, zero for other actions.
    pub key: Address,
    /// The pause bits that it sets, zero for other actions.
    pub pause: u64,
    /// What it changes; the first `count` are in use.
    pub changes: [ProposedChange; MAX_CHANGES],
    /// What it is called: zero-padded UTF-8.
    pub title: [u8; TITLE_BYTES],
    /// Where its reasons stand: zero-padded UTF-8.
    pub link: [u8; LINK_BYTES],
    /// One of the `ACTION_*` constants.
    pub action: u8,
    /// Number of changes.
    pub count: u8,
    /// Code of `market_model::governance::Stage`.
    pub stage: u8,
    /// 1 when it skipped the initial vote.
    pub is_emergency: u8,
    /// Layout version.
    pub version: u8,
    /// PDA bump.
    pub bump: u8,
    /// Zero.
    pub reserved: [u8; 58],
}

impl Proposal {
    /// Its votes and times, as the rules see them.
    pub fn model(&self) -> Result<governance::Proposal> {
        let [initial_yes, final_yes] = self.yes;
        let [initial_no, final_no] = self.no;
        Ok(governance::Proposal {
            stage: Stage::try_from(self.stage).map_err(refused)?,
            is_emergency: self.is_emergency == 1,
            ends_at: self.ends_at,
            final_seconds: self.final_seconds,
            timelock_seconds: self.timelock_seconds,
            execution_seconds: self.execution_seconds,
            quorum_bps: self.quorum_bps,
            initial_tally: Tally { yes: initial_yes, no: initial_no },
            final_tally: Tally { yes: final_yes, no: final_no },
        })
    }

    /// Takes over what a rule decided.
    pub fn set_model(&mut self, after: &governance::Proposal) {
        self.stage = after.stage.into();
        self.is_emergency = u8::from(after.is_emergency);
        self.ends_at = after.ends_at;
        self.final_seconds = after.final_seconds;
        self.timelock_seconds = after.timelock_seconds;
        self.execution_seconds = after.execution_seconds;
        self.quorum_bps = after.quorum_bps;
        self.yes = [after.initial_tally.yes, after.final_tally.yes];
        self.no = [after.initial_tally.no, after.final_tally.no];
    }

    /// The changes in use.
    pub fn used_changes(&self) -> impl Iterator<Item = &ProposedChange> {
        self.changes.iter().take(usize::from(self.count))
    }
}

/// RENDER that a wallet has locked to vote.
#[account]
pub struct VoteLock {
    /// Who votes with it; paid the rent and receives it back.
    pub wallet: Address,
    /// RENDER base units in the vote vault.
    pub amount: u64,
    /// Nothing is paid out before, unix seconds.
    pub locked_until: i64,
    /// No other proposal is opened with it before, unix seconds.
    pub proposing_until: i64,
    /// Layout version.
    pub version: u8,
    /// PDA bump.
    pub bump: u8,
    /// Zero.
    pub reserved: [u8; 30],
}

impl VoteLock {
    /// As the rules see it.
    pub fn model(&self) -> Lock {
        Lock { amount: self.amount, locked_until: self.locked_until, proposing_until: self.proposing_until }
    }

    /// Takes over what a rule decided.
    pub fn set_model(&mut self, after: &Lock) {
        self.amount = after.amount;
        self.locked_until = after.locked_until;
        self.proposing_until = after.proposing_until;
    }
}

/// What one wallet said to one proposal.
#[account]
pub struct Vote {
    /// The [`Proposal`].
    pub proposal: Address,
    /// Who said it; paid the rent and receives it back.
    pub wallet: Address,
    /// RENDER base units behind it, in the initial and in the final vote.
    pub weights: [u64; 2],
    /// 1 for, 0 against, in the initial and in the final vote.
    pub is_yes: [u8; 2],
    /// Layout version.
    pub version: u8,
    /// PDA bump.
    pub bump: u8,
    /// Zero.
    pub reserved: [u8; 28],
}

impl Vote {
    /// As the rules see it.
    pub fn model(&self) -> Ballot {
        let ([initial, last], [initial_is_yes, final_is_yes]) = (self.weights, self.is_yes);
        Ballot {
            initial_mark: Mark { weight: initial, is_yes: initial_is_yes == 1 },
            final_mark: Mark { weight: last, is_yes: final_is_yes == 1 },
        }
    }

    /// Takes over what a rule decided.
    pub fn set_model(&mut self, after: &Ballot) {
        self.weights = [after.initial_mark.weight, after.final_mark.weight];
        self.is_yes = [u8::from(after.initial_mark.is_yes), u8::from(after.final_mark.is_yes)];
    }
}
