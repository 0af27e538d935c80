//! `proposal_open`: asks the holders of RENDER to change something.

use super::{changed_parameters, changed_years, fixed_until, require_action_fits};
use crate::{constants::*, errors::*, events::ProposalOpened, state::*};
use alloc::vec::Vec;
use anchor_lang::prelude::*;
use market_model::{MarketError, governance};

/// What is asked.
#[derive(Clone, Copy, IdlType, AnchorSerialize, AnchorDeserialize)]
pub struct ProposalOrder {
    /// One of the `ACTION_*` constants.
    pub action: u8,
    /// Skips the initial vote and needs the higher quorum.
    pub is_emergency: bool,
    /// The guardian that it names, zero for other actions.
    pub key: Address,
    /// The pause bits that it sets, zero for other actions.
    pub pause: u64,
    /// What it is called: zero-padded UTF-8.
    pub title: [u8; TITLE_BYTES],
    /// Where its reasons stand: zero-padded UTF-8.
    pub link: [u8; LINK_BYTES],
}

/// One change of a parameter or of a year.
#[derive(Clone, Copy, IdlType, AnchorSerialize, AnchorDeserialize)]
pub struct ChangeOrder {
    /// Position in `market_model::parameters::SPECS`, or the year from 1.
    pub subject: u64,
    /// The parameter's value, or the year's RENDER base units.
    pub value: u64,
    /// Share of operations in the year, basis points; 0 for a parameter.
    pub operations_bps: u16,
    /// Share of creators in the year, basis points; 0 for a parameter.
    pub creators_bps: u16,
}

/// Accounts of `proposal_open`.
#[derive(Accounts)]
#[instruction(number: u64)]
pub struct ProposalOpen {
    /// Pays the rent.
    #[account(mut)]
    pub proposer: Signer,
    /// Rules, and the next proposal's number.
    #[account(mut)]
    pub network: Account<Network>,
    /// The proposer's; held while the votes can run.
    #[account(mut, constraint = lock.wallet == *proposer.address() @ RenderError::WrongVoteLock)]
    pub lock: Account<VoteLock>,
    /// What a change of years is checked against. There is only one account of this type.
    pub schedule: Account<Schedule>,
    /// The latest epoch, for a change of years; none before the first. Its number is checked in the handler.
    pub epoch: Option<Account<Epoch>>,
    /// Created.
    #[account(init, payer = proposer, seeds = [SEED_PROPOSAL, number.to_le_bytes()], bump)]
    pub proposal: Account<Proposal>,
    /// System program.
    pub system_program: Program<System>,
}

/// Before: `number` is the next one; the proposer has `gov_proposer_lock` locked and no proposal whose votes may still run; the change would be
/// valid now. After: the proposal can be voted on, and the proposer's lock is held for as long as its votes can take.
pub fn proposal_open(
    ctx: &mut Context<ProposalOpen>,
    number: u64,
    order: ProposalOrder,
    changes: Vec<ChangeOrder>,
) -> Result<()> {
    let now = Clock::get()?.unix_timestamp;
    let bump = ctx.bumps.proposal;
    let accounts = &mut ctx.accounts;
    require!(number == accounts.network.proposals, RenderError::WrongProposal);
    write_order(&mut accounts.proposal, &order, &changes)?;
    accounts.proposal.number = number;
    accounts.proposal.proposer = *accounts.proposer.address();
    accounts.proposal.opened_at = now;
    accounts.proposal.version = LAYOUT_VERSION;
    accounts.proposal.bump = bump;
    check_order(accounts)?;
    start(accounts, order.is_emergency, now)?;
    accounts.network.proposals = number.checked_add(1).ok_or(Error::ArithmeticOverflow)?;
    announce(accounts);
    Ok(())
}

// Each part has a frame of its own: together they would not fit the 4 KiB of one.

#[inline(never)]
fn write_order(proposal: &mut Proposal, order: &ProposalOrder, changes: &[ChangeOrder]) -> Result<()> {
    if changes.len() > MAX_CHANGES {
        return Err(refused(MarketError::TooManyChanges));
    }
    proposal.action = order.action;
    proposal.key = order.key;
    proposal.pause = order.pause;
    proposal.title = order.title;
    proposal.link = order.link;
    proposal.count = u8::try_from(changes.len()).map_err(|_| Error::ArithmeticOverflow)?;
    for (slot, change) in proposal.changes.iter_mut().zip(changes) {
        let ChangeOrder { subject, value, operations_bps, creators_bps } = *change;
        *slot = ProposedChange { subject, value, operations_bps, creators_bps, reserved: [0; 4] };
    }
    Ok(())
}

#[inline(never)]
fn check_order(accounts: &ProposalOpen) -> Result<()> {
    let proposal = &accounts.proposal;
    require_action_fits(proposal)?;
    match proposal.action {
        ACTION_PARAMETERS => {
            changed_parameters(&accounts.network, proposal)?;
        }
        ACTION_YEARS => {
            let until = fixed_until(&accounts.network, &accounts.epoch)?;
            changed_years(&accounts.network, &accounts.schedule, until, proposal)?;
        }
        _ => {}
    }
    Ok(())
}

#[inline(never)]
fn start(accounts: &mut ProposalOpen, is_emergency: bool, now: i64) -> Result<()> {
    let rules = accounts.network.parameters().governance_rules();
    let (proposal, lock) =
        governance::Proposal::open(accounts.lock.model(), is_emergency, now, &rules).map_err(refused)?;
    accounts.proposal.set_model(&proposal);
    accounts.lock.set_model(&lock);
    Ok(())
}

#[inline(never)]
fn announce(accounts: &ProposalOpen) {
    let proposal = &accounts.proposal;
    emit!(ProposalOpened {
        proposal: *proposal.address(),
        number: proposal.number,
        proposer: proposal.proposer,
        opened_at: proposal.opened_at,
        ends_at: proposal.ends_at,
        final_seconds: proposal.final_seconds,
        timelock_seconds: proposal.timelock_seconds,
        execution_seconds: proposal.execution_seconds,
        quorum_bps: proposal.quorum_bps,
        proposing_until: accounts.lock.proposing_until,
        key: proposal.key,
        pause: proposal.pause,
        changes: proposal.changes,
        title: proposal.title,
        link: proposal.link,
        action: proposal.action,
        count: proposal.count,
        stage: proposal.stage,
        is_emergency: proposal.is_emergency,
        padding: [0; 4],
    });
}
