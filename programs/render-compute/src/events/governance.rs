//! Events of proposals and votes.

use crate::{constants::*, state::ProposedChange};
use anchor_lang::prelude::*;

/// The vault of voting RENDER exists.
#[event(bytemuck)]
pub struct VoteVaultOpened {
    /// The token account.
    pub vault: Address,
    /// Who paid the rent.
    pub payer: Address,
}

/// A wallet locked or took out RENDER.
#[event(bytemuck)]
pub struct VoteLockChanged {
    /// Who.
    pub wallet: Address,
    /// RENDER base units until now.
    pub amount_before: u64,
    /// RENDER base units from now.
    pub amount_after: u64,
    /// Nothing is paid out before, unix seconds.
    pub locked_until: i64,
}

/// An empty lock is gone.
#[event(bytemuck)]
pub struct VoteLockClosed {
    /// Whose it was.
    pub wallet: Address,
}

/// A proposal can be voted on.
#[event(bytemuck)]
pub struct ProposalOpened {
    /// The proposal account.
    pub proposal: Address,
    /// Its number.
    pub number: u64,
    /// Who opened it.
    pub proposer: Address,
    /// When, unix seconds.
    pub opened_at: i64,
    /// End of its first vote.
    pub ends_at: i64,
    /// Length of the final vote, seconds.
    pub final_seconds: i64,
    /// Length of the timelock, seconds.
    pub timelock_seconds: i64,
    /// How long each step can be made, seconds.
    pub execution_seconds: i64,
    /// Least votes of the final vote, basis points of the supply.
    pub quorum_bps: u64,
    /// The proposer's lock is held until then.
    pub proposing_until: i64,
    /// The guardian that it names.
    pub key: Address,
    /// The pause bits that it sets.
    pub pause: u64,
    /// What it changes; the first `count` are in use.
    pub changes: [ProposedChange; MAX_CHANGES],
    /// What it is called.
    pub title: [u8; TITLE_BYTES],
    /// Where its reasons stand.
    pub link: [u8; LINK_BYTES],
    /// One of the `ACTION_*` constants.
    pub action: u8,
    /// Number of changes.
    pub count: u8,
    /// Code of `market_model::governance::Stage`.
    pub stage: u8,
    /// 1 when it skipped the initial vote.
    pub is_emergency: u8,
    /// Zero.
    pub padding: [u8; 4],
}

/// A wallet voted, or changed its vote.
#[event(bytemuck)]
pub struct VoteCast {
    /// The proposal.
    pub proposal: Address,
    /// Who.
    pub wallet: Address,
    /// RENDER base units of the wallet that counted until now.
    pub weight_before: u64,
    /// RENDER base units of the wallet that count from now.
    pub weight_after: u64,
    /// All for it in this stage.
    pub yes: u64,
    /// All against it in this stage.
    pub no: u64,
    /// The wallet's lock is held until then, unix seconds.
    pub locked_until: i64,
    /// Code of the stage that was voted in.
    pub stage: u8,
    /// 1 for it, 0 against it.
    pub is_yes: u8,
    /// Zero.
    pub padding: [u8; 6],
}

/// A vote was counted, or nobody made the next step in time.
#[event(bytemuck)]
pub struct ProposalAdvanced {
    /// The proposal.
    pub proposal: Address,
    /// Votes for it in the stage that ended.
    pub yes: u64,
    /// Votes against it in the stage that ended.
    pub no: u64,
    /// The mint's supply now.
    pub supply: u64,
    /// Votes that a final vote needs of this supply.
    pub quorum: u64,
    /// End of the vote or the timelock that began; now, when it is over.
    pub ends_at: i64,
    /// Code of the stage until now.
    pub before: u8,
    /// Code of the stage from now.
    pub after: u8,
    /// Zero.
    pub padding: [u8; 6],
}

/// A proposal is in force; another event says what changed.
#[event(bytemuck)]
pub struct ProposalExecuted {
    /// The proposal.
    pub proposal: Address,
    /// Its number.
    pub number: u64,
    /// One of the `ACTION_*` constants.
    pub action: u64,
}

/// A proposer called its proposal off.
#[event(bytemuck)]
pub struct ProposalCancelled {
    /// The proposal.
    pub proposal: Address,
}

/// A proposal's account is gone.
#[event(bytemuck)]
pub struct ProposalClosed {
    /// The proposal.
    pub proposal: Address,
    /// Who received the rent.
    pub proposer: Address,
}

/// A vote's account is gone.
#[event(bytemuck)]
pub struct VoteClosed {
    /// The proposal.
    pub proposal: Address,
    /// Whose it was.
    pub wallet: Address,
}

/// Years of the emission schedule were replaced.
#[event(bytemuck)]
pub struct ScheduleChanged {
    /// Years with what they emit from now; the first `count` are in use.
    pub changes: [ProposedChange; MAX_CHANGES],
    /// Number of changes.
    pub count: u64,
}

/// Parameters, schedule and authority change by proposals only from now.
#[event(bytemuck)]
pub struct NetworkGoverned {
    /// Who remains as guardian.
    pub authority: Address,
}
