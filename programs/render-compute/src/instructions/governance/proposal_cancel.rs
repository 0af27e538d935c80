//! `proposal_cancel`: the proposer calls its proposal off.

use crate::{errors::*, events::ProposalCancelled, state::*};
use anchor_lang::prelude::*;

/// Accounts of `proposal_cancel`.
#[derive(Accounts)]
pub struct ProposalCancel {
    /// Opened it.
    pub proposer: Signer,
    /// Changed.
    #[account(mut, constraint = proposal.proposer == *proposer.address() @ RenderError::NotProposer)]
    pub proposal: Account<Proposal>,
}

/// Before: the first vote on the proposal runs. After: it is over. The proposer's lock stays held, so that cancelling opens no way to spam.
pub fn proposal_cancel(ctx: &mut Context<ProposalCancel>) -> Result<()> {
    let now = Clock::get()?.unix_timestamp;
    let proposal = &mut ctx.accounts.proposal;
    let after = proposal.model()?.cancel(now).map_err(refused)?;
    proposal.set_model(&after);
    emit!(ProposalCancelled { proposal: *proposal.address() });
    Ok(())
}
