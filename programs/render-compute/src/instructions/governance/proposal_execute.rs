//! `proposal_execute`: puts an accepted proposal into force.

use super::{changed_parameters, changed_years, fixed_until, require_action_fits};
use crate::{
    constants::*,
    errors::*,
    events::{AuthorityAccepted, PauseChanged, ProposalExecuted, ScheduleChanged},
    instructions::network::network_set_parameters::replace_parameters,
    state::*,
};
use anchor_lang::prelude::*;

/// Accounts of `proposal_execute`. Anyone may send it.
#[derive(Accounts)]
pub struct ProposalExecute {
    /// Changed.
    #[account(mut)]
    pub network: Account<Network>,
    /// Changed by a change of years. There is only one account of this type.
    #[account(mut)]
    pub schedule: Account<Schedule>,
    /// The latest epoch, for a change of years; none before the first. Its number is checked in the handler.
    pub epoch: Option<Account<Epoch>>,
    /// Changed.
    #[account(mut)]
    pub proposal: Account<Proposal>,
}

/// Before: the proposal is accepted, its timelock has passed, its window is open, and what it changes is valid beside what else has changed since.
/// After: it is in force. What is refused now may be executed later in the window, when its neighbours allow it.
pub fn proposal_execute(ctx: &mut Context<ProposalExecute>) -> Result<()> {
    let now = Clock::get()?.unix_timestamp;
    let accounts = &mut ctx.accounts;
    let after = accounts.proposal.model()?.execute(now).map_err(refused)?;
    require_action_fits(&accounts.proposal)?;
    accounts.proposal.set_model(&after);
    match accounts.proposal.action {
        ACTION_PARAMETERS => set_parameters(accounts)?,
        ACTION_YEARS => set_years(accounts)?,
        ACTION_PAUSE => set_pause(accounts),
        _ => set_authority(accounts),
    }
    let proposal = &accounts.proposal;
    emit!(ProposalExecuted {
        proposal: *proposal.address(),
        number: proposal.number,
        action: u64::from(proposal.action)
    });
    Ok(())
}

// Each part has a frame of its own: together they would not fit the 4 KiB of one.

#[inline(never)]
fn set_parameters(accounts: &mut ProposalExecute) -> Result<()> {
    let after = changed_parameters(&accounts.network, &accounts.proposal)?;
    replace_parameters(&mut accounts.network, &after);
    Ok(())
}

#[inline(never)]
fn set_years(accounts: &mut ProposalExecute) -> Result<()> {
    let until = fixed_until(&accounts.network, &accounts.epoch)?;
    let after = changed_years(&accounts.network, &accounts.schedule, until, &accounts.proposal)?;
    accounts.schedule.yearly = after.yearly;
    accounts.schedule.operations_bps = after.operations_bps;
    accounts.schedule.creators_bps = after.creators_bps;
    let proposal = &accounts.proposal;
    emit!(ScheduleChanged { changes: proposal.changes, count: u64::from(proposal.count) });
    Ok(())
}

#[inline(never)]
fn set_pause(accounts: &mut ProposalExecute) {
    let after = accounts.proposal.pause;
    let before = core::mem::replace(&mut accounts.network.paused, after);
    emit!(PauseChanged { before, after });
}

/// The old guardian loses all at once, also what it has offered: it may be the reason for the proposal.
#[inline(never)]
fn set_authority(accounts: &mut ProposalExecute) {
    let after = accounts.proposal.key;
    let before = core::mem::replace(&mut accounts.network.authority, after);
    accounts.network.pending_authority = Address::default();
    emit!(AuthorityAccepted { before, after });
}
