//! `vote_close`: removes a vote that counts no more.

use crate::{errors::*, events::VoteClosed, state::*};
use anchor_lang::prelude::*;

/// Accounts of `vote_close`. Anyone may send it.
#[derive(Accounts)]
pub struct VoteClose {
    /// The vote's proposal, or the empty address where it was. Its stage is checked in the handler.
    #[account(address = vote.proposal @ RenderError::WrongProposal)]
    pub proposal: UncheckedAccount,
    /// Closed.
    #[account(mut, close = wallet)]
    pub vote: Account<Vote>,
    /// Paid the rent and receives it back.
    #[account(mut, address = vote.wallet @ RenderError::WrongVoteLock)]
    pub wallet: UncheckedAccount,
}

/// Before: the proposal's votes are counted, or it is gone. After: the account is gone. An address that is empty stays empty: numbers are not
/// used twice.
pub fn vote_close(ctx: &mut Context<VoteClose>) -> Result<()> {
    let accounts = &ctx.accounts;
    require_is_counted(accounts.proposal.account())?;
    emit!(VoteClosed { proposal: accounts.vote.proposal, wallet: accounts.vote.wallet });
    Ok(())
}

fn require_is_counted(view: &AccountView) -> Result<()> {
    if !view.owned_by(&crate::ID) {
        return Ok(());
    }
    let proposal = Account::<Proposal>::load(*view)?;
    require!(!proposal.model()?.stage.is_vote(), RenderError::VoteNeeded);
    Ok(())
}
