//! Governance by locked RENDER: locks, proposals, votes.

pub mod proposal_advance;
pub mod proposal_cancel;
pub mod proposal_close;
pub mod proposal_execute;
pub mod proposal_open;
pub mod proposal_vote;
pub mod vote_close;
pub mod vote_lock_close;
pub mod vote_lock_deposit;
pub mod vote_lock_withdraw;
pub mod vote_vault_open;

use crate::{constants::*, errors::*, state::*};
use anchor_lang::prelude::*;
use market_model::{
    MarketError,
    emission::{DEFAULT_SPLIT, YearChange, YearSplit},
    governance::{self, ParameterChange, Years},
};

/// All parameters as they would be with a proposal's changes now; refuses what is not valid.
#[inline(never)]
fn changed_parameters(network: &Network, proposal: &Proposal) -> Result<[u64; PARAMETERS]> {
    let mut values = network.parameters;
    let mut changes = [ParameterChange::default(); MAX_CHANGES];
    let used = changes.get_mut(..usize::from(proposal.count)).ok_or(RenderError::UnknownAction)?;
    for (slot, change) in used.iter_mut().zip(proposal.used_changes()) {
        *slot = ParameterChange { index: change.subject, value: change.value };
    }
    governance::change_parameters(&mut values, used).map_err(refused)?;
    Ok(values)
}

/// The schedule as it would be with a proposal's changes now; refuses changes of years that have begun.
#[inline(never)]
fn changed_years(network: &Network, schedule: &Schedule, fixed_until: i64, proposal: &Proposal) -> Result<Years> {
    let mut years =
        Years { yearly: schedule.yearly, operations_bps: schedule.operations_bps, creators_bps: schedule.creators_bps };
    let mut changes = [YearChange { year: 0, amount: 0, split: DEFAULT_SPLIT }; MAX_CHANGES];
    let used = changes.get_mut(..usize::from(proposal.count)).ok_or(RenderError::UnknownAction)?;
    for (slot, change) in used.iter_mut().zip(proposal.used_changes()) {
        let ProposedChange { subject, value, operations_bps, creators_bps, .. } = *change;
        let year = u8::try_from(subject).map_err(|_| refused(MarketError::NoSuchYear))?;
        *slot = YearChange { year, amount: value, split: YearSplit { operations_bps, creators_bps } };
    }
    governance::change_years(&mut years, used, network.genesis_at, fixed_until).map_err(refused)?;
    Ok(years)
}

/// The end of the latest epoch opened: what the schedule emits before is or may be given out already.
fn fixed_until(network: &Network, epoch: &Option<Account<Epoch>>) -> Result<i64> {
    match epoch {
        None => {
            require!(network.epoch == 0, RenderError::WrongEpoch);
            Ok(network.genesis_at)
        }
        Some(epoch) => {
            require!(epoch.number == network.epoch, RenderError::WrongEpoch);
            Ok(epoch.ends_at)
        }
    }
}

/// Refuses pause bits and guardians that cannot be.
fn require_action_fits(proposal: &Proposal) -> Result<()> {
    let names_key = proposal.key != Address::default();
    let changes = matches!(proposal.action, ACTION_PARAMETERS | ACTION_YEARS);
    require!(proposal.action <= ACTION_AUTHORITY, RenderError::UnknownAction);
    require!(changes || proposal.count == 0, RenderError::UnknownAction);
    require!(names_key == (proposal.action == ACTION_AUTHORITY), RenderError::WrongGuardian);
    require!(proposal.action == ACTION_PAUSE || proposal.pause == 0, RenderError::UnknownAction);
    require!(proposal.pause & !PAUSE_ALL == 0, RenderError::UnknownPauseBit);
    Ok(())
}
