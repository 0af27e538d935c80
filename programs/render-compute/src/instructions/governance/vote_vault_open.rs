//! `vote_vault_open`: creates the token account that holds all voting RENDER.

use crate::{constants::*, errors::RenderError, events::VoteVaultOpened, state::*, token};
use anchor_lang::prelude::*;

/// Accounts of `vote_vault_open`. Anyone may send it.
#[derive(Accounts)]
pub struct VoteVaultOpen {
    /// Pays the rent, which stays in the vault.
    #[account(mut)]
    pub payer: Signer,
    /// Owns the vault.
    pub network: Account<Network>,
    /// RENDER.
    #[account(address = network.mint @ RenderError::WrongMint)]
    pub mint: UncheckedAccount,
    /// Created as a token account owned by the network. The system program refuses it when it exists.
    #[account(mut, seeds = [SEED_VOTE_VAULT], bump)]
    pub vault: UncheckedAccount,
    /// SPL Token.
    pub token_program: Program<Token>,
    /// System program.
    pub system_program: Program<System>,
}

/// Before: there is no vote vault. After: there is, empty and owned by the network.
pub fn vote_vault_open(ctx: &mut Context<VoteVaultOpen>) -> Result<()> {
    let bump = ctx.bumps.vault;
    let accounts = &ctx.accounts;
    token::create_token_account(
        accounts.payer.account(),
        accounts.vault.account(),
        accounts.mint.account(),
        accounts.network.address(),
        &[SEED_VOTE_VAULT, &[bump]],
    )?;
    emit!(VoteVaultOpened { vault: *accounts.vault.address(), payer: *accounts.payer.address() });
    Ok(())
}
