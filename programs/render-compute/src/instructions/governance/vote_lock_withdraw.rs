//! `vote_lock_withdraw`: takes RENDER out of a lock that no vote counts.

use crate::{constants::*, errors::*, events::VoteLockChanged, state::*, token};
use anchor_lang::prelude::*;

/// Accounts of `vote_lock_withdraw`.
#[derive(Accounts)]
pub struct VoteLockWithdraw {
    /// The lock's wallet.
    pub wallet: Signer,
    /// Owns the vault.
    pub network: Account<Network>,
    /// Changed.
    #[account(mut, constraint = lock.wallet == *wallet.address() @ RenderError::WrongVoteLock)]
    pub lock: Account<VoteLock>,
    /// All voting RENDER.
    #[account(mut, seeds = [SEED_VOTE_VAULT], bump)]
    pub vault: UncheckedAccount,
    /// Receives the RENDER; the token program checks its mint. Not the vault itself: what stays there must be someone's lock.
    #[account(mut, constraint = destination.address() != vault.address() @ RenderError::WrongTokenAccount)]
    pub destination: UncheckedAccount,
    /// SPL Token.
    pub token_program: Program<Token>,
}

/// Before: the lock's time is over and it holds `amount`. After: `amount` has left the vault. Never paused.
pub fn vote_lock_withdraw(ctx: &mut Context<VoteLockWithdraw>, amount: u64) -> Result<()> {
    let now = Clock::get()?.unix_timestamp;
    let accounts = &mut ctx.accounts;
    let before = accounts.lock.model();
    let after = before.withdraw(amount, now).map_err(refused)?;
    accounts.lock.set_model(&after);
    token::transfer_from_network(&accounts.network, accounts.vault.account(), accounts.destination.account(), amount)?;
    emit!(VoteLockChanged {
        wallet: accounts.lock.wallet,
        amount_before: before.amount,
        amount_after: after.amount,
        locked_until: after.locked_until,
    });
    Ok(())
}
