//! `epoch_claim_operations`: mints an epoch's operations share.

use crate::{errors::*, events::OperationsClaimed, state::*, token};
use anchor_lang::prelude::*;

/// Accounts of `epoch_claim_operations`. Anyone may send it.
#[derive(Accounts)]
pub struct EpochClaimOperations {
    /// Mint authority; names the operations account.
    pub network: Account<Network>,
    /// Remembers the mint.
    #[account(mut)]
    pub limiter: Account<MintLimiter>,
    /// Marked as claimed.
    #[account(mut, constraint = epoch.state == EPOCH_FINALIZED @ RenderError::EpochNotFinalized)]
    pub epoch: Account<Epoch>,
    /// RENDER.
    #[account(mut, address = network.mint @ RenderError::WrongMint)]
    pub mint: UncheckedAccount,
    /// Receives it.
    #[account(mut, address = network.operations @ RenderError::WrongTokenAccount)]
    pub operations: UncheckedAccount,
    /// SPL Token.
    pub token_program: Program<Token>,
}

/// Before: the epoch is finalized and its operations share not minted. After: it is minted.
pub fn epoch_claim_operations(ctx: &mut Context<EpochClaimOperations>) -> Result<()> {
    let now = Clock::get()?.unix_timestamp;
    let accounts = &mut ctx.accounts;
    require!(accounts.epoch.operations_claimed == 0, RenderError::AlreadyClaimed);
    accounts.epoch.operations_claimed = 1;
    let amount = accounts.epoch.operations_pool;
    let (mint, operations) = (accounts.mint.account(), accounts.operations.account());
    token::mint_to(&accounts.network, &mut accounts.limiter, mint, operations, amount, now)?;
    emit!(OperationsClaimed { number: accounts.epoch.number, amount });
    Ok(())
}
