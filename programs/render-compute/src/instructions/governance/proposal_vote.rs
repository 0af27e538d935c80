//! `proposal_vote`: a wallet says yes or no with all that it has locked.

use crate::{constants::*, errors::*, events::VoteCast, state::*};
use anchor_lang::prelude::*;
use market_model::governance::Stage;

/// Accounts of `proposal_vote`.
#[derive(Accounts)]
pub struct ProposalVote {
    /// Votes; pays the vote's rent.
    #[account(mut)]
    pub wallet: Signer,
    /// Counts the vote.
    #[account(mut)]
    pub proposal: Account<Proposal>,
    /// The wallet's; held until the vote's end and one timelock longer.
    #[account(mut, constraint = lock.wallet == *wallet.address() @ RenderError::WrongVoteLock)]
    pub lock: Account<VoteLock>,
    /// What the wallet says; created when it says something first.
    #[account(
        init_if_needed,
        payer = wallet,
        seeds = [SEED_VOTE, proposal.address().as_ref(), wallet.address().as_ref()],
        bump
    )]
    pub vote: Account<Vote>,
    /// System program.
    pub system_program: Program<System>,
}

/// Before: a vote on the proposal runs and the wallet has RENDER locked. After: all of it counts for one side, and what the wallet said before in
/// this vote does not. The lock cannot be lowered while it counts (law L12).
pub fn proposal_vote(ctx: &mut Context<ProposalVote>, is_yes: bool) -> Result<()> {
    let now = Clock::get()?.unix_timestamp;
    let bump = ctx.bumps.vote;
    let accounts = &mut ctx.accounts;
    let (wallet, proposal) = (*accounts.wallet.address(), *accounts.proposal.address());
    let stage = accounts.proposal.stage;
    let said = accounts.vote.model();
    let (after, ballot, lock) =
        accounts.proposal.model()?.vote(said, accounts.lock.model(), is_yes, now).map_err(refused)?;
    accounts.proposal.set_model(&after);
    accounts.lock.set_model(&lock);
    let vote = &mut accounts.vote;
    vote.proposal = proposal;
    vote.wallet = wallet;
    vote.version = LAYOUT_VERSION;
    vote.bump = bump;
    vote.set_model(&ballot);
    let (before, tally) = match after.stage {
        Stage::Initial => (said.initial_mark, after.initial_tally),
        _ => (said.final_mark, after.final_tally),
    };
    emit!(VoteCast {
        proposal,
        wallet,
        weight_before: before.weight,
        weight_after: lock.amount,
        yes: tally.yes,
        no: tally.no,
        locked_until: lock.locked_until,
        stage,
        is_yes: u8::from(is_yes),
        padding: [0; 6],
    });
    Ok(())
}
