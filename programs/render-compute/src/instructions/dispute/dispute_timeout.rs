//! `dispute_timeout`: ends a dispute whose next move is overdue.

use crate::{errors::*, events::DisputeDecided, state::*};
use anchor_lang::prelude::*;

/// Accounts of `dispute_timeout`. Anyone may send it.
#[derive(Accounts)]
pub struct DisputeTimeout {
    /// Changed.
    #[account(mut)]
    pub dispute: Account<Dispute>,
}

/// Before: the deadline of the next move has passed. After: whose move it was has lost. Where a step was to be proved, that is the challenger.
pub fn dispute_timeout(ctx: &mut Context<DisputeTimeout>) -> Result<()> {
    let now = Clock::get()?.unix_timestamp;
    let dispute = &mut ctx.accounts.dispute;
    let next = dispute.game()?.timeout(now).map_err(refused)?;
    dispute.set_game(&next);
    emit!(DisputeDecided { dispute: *dispute.address(), verdict: u64::from(dispute.verdict) });
    Ok(())
}
