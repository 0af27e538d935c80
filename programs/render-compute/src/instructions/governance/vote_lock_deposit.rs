//! `vote_lock_deposit`: locks RENDER to vote with.

use crate::{constants::*, errors::*, events::VoteLockChanged, state::*, token};
use anchor_lang::prelude::*;

/// Accounts of `vote_lock_deposit`.
#[derive(Accounts)]
pub struct VoteLockDeposit {
    /// Votes; pays RENDER and the lock's rent.
    #[account(mut)]
    pub wallet: Signer,
    /// The wallet's; created with its first deposit.
    #[account(init_if_needed, payer = wallet, seeds = [SEED_VOTE_LOCK, wallet.address().as_ref()], bump)]
    pub lock: Account<VoteLock>,
    /// The wallet's RENDER; the token program checks mint and owner.
    #[account(mut)]
    pub source: UncheckedAccount,
    /// All voting RENDER. The token program refuses it while it does not exist: `vote_vault_open`.
    #[account(mut, seeds = [SEED_VOTE_VAULT], bump)]
    pub vault: UncheckedAccount,
    /// SPL Token.
    pub token_program: Program<Token>,
    /// System program.
    pub system_program: Program<System>,
}

/// Before: the wallet has `amount` RENDER. After: the vote vault holds it and the wallet's lock says so. Votes that were cast keep their weight
/// until they are cast again. Never paused: the guardian cannot keep anyone from voting.
pub fn vote_lock_deposit(ctx: &mut Context<VoteLockDeposit>, amount: u64) -> Result<()> {
    let bump = ctx.bumps.lock;
    let accounts = &mut ctx.accounts;
    let wallet = *accounts.wallet.address();
    let lock = &mut accounts.lock;
    let before = lock.model();
    let after = before.deposit(amount).map_err(refused)?;
    lock.wallet = wallet;
    lock.version = LAYOUT_VERSION;
    lock.bump = bump;
    lock.set_model(&after);
    token::transfer(accounts.source.account(), accounts.vault.account(), accounts.wallet.account(), amount)?;
    emit!(VoteLockChanged {
        wallet,
        amount_before: before.amount,
        amount_after: after.amount,
        locked_until: after.locked_until,
    });
    Ok(())
}
