//! `proposal_close`: removes a proposal that is over.

use crate::{errors::*, events::ProposalClosed, state::*};
use anchor_lang::prelude::*;

/// Accounts of `proposal_close`. Anyone may send it.
#[derive(Accounts)]
pub struct ProposalClose {
    /// Closed.
    #[account(mut, close = proposer)]
    pub proposal: Account<Proposal>,
    /// Paid the rent and receives it back.
    #[account(mut, address = proposal.proposer @ RenderError::NotProposer)]
    pub proposer: UncheckedAccount,
}

/// Before: the proposal was executed, rejected or cancelled, or has expired. After: the account is gone; its number is never used again.
pub fn proposal_close(ctx: &mut Context<ProposalClose>) -> Result<()> {
    let proposal = &ctx.accounts.proposal;
    require!(proposal.model()?.stage.is_over(), RenderError::ProposalNeeded);
    emit!(ProposalClosed { proposal: *proposal.address(), proposer: proposal.proposer });
    Ok(())
}
