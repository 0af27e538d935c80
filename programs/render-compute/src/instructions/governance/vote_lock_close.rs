//! `vote_lock_close`: removes an empty lock.

use crate::{errors::RenderError, events::VoteLockClosed, state::*};
use anchor_lang::prelude::*;

/// Accounts of `vote_lock_close`.
#[derive(Accounts)]
pub struct VoteLockClose {
    /// The lock's wallet; paid the rent and receives it back.
    #[account(mut)]
    pub wallet: Signer,
    /// Closed. An empty lock is held for nothing: what a vote or a proposal holds cannot have been taken out.
    #[account(
        mut,
        close = wallet,
        constraint = lock.wallet == *wallet.address() @ RenderError::WrongVoteLock,
        constraint = lock.amount == 0 @ RenderError::VoteLockNotEmpty
    )]
    pub lock: Account<VoteLock>,
}

/// Before: the lock is empty. After: the account is gone.
pub fn vote_lock_close(ctx: &mut Context<VoteLockClose>) -> Result<()> {
    emit!(VoteLockClosed { wallet: *ctx.accounts.wallet.address() });
    Ok(())
}
