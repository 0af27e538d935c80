//! `proposal_advance`: counts a vote that has ended, or lets a proposal expire.

use crate::{errors::*, events::ProposalAdvanced, state::*, token};
use anchor_lang::prelude::*;
use market_model::governance::Stage;

/// Accounts of `proposal_advance`. Anyone may send it.
#[derive(Accounts)]
pub struct ProposalAdvance {
    /// Names the mint.
    pub network: Account<Network>,
    /// RENDER; its supply decides the quorum.
    #[account(address = network.mint @ RenderError::WrongMint)]
    pub mint: UncheckedAccount,
    /// Changed.
    #[account(mut)]
    pub proposal: Account<Proposal>,
}

/// Before: the vote of the proposal's stage has ended, or its next step was not made in time. After: the final vote runs, the timelock runs, or
/// the proposal is rejected or expired.
pub fn proposal_advance(ctx: &mut Context<ProposalAdvance>) -> Result<()> {
    let now = Clock::get()?.unix_timestamp;
    let accounts = &mut ctx.accounts;
    let supply = token::supply(accounts.mint.account())?;
    let before = accounts.proposal.model()?;
    let after = before.advance(supply, now).map_err(refused)?;
    accounts.proposal.set_model(&after);
    accounts.proposal.supply = supply;
    let tally = if before.stage == Stage::Initial { before.initial_tally } else { before.final_tally };
    emit!(ProposalAdvanced {
        proposal: *accounts.proposal.address(),
        yes: tally.yes,
        no: tally.no,
        supply,
        quorum: after.quorum(supply).map_err(refused)?,
        ends_at: after.ends_at,
        before: before.stage.into(),
        after: after.stage.into(),
        padding: [0; 6],
    });
    Ok(())
}
