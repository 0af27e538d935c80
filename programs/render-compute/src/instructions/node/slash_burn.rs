//! `slash_burn`: burns what was slashed. Apart from slashing, so that slashing needs neither the vault's nor the mint's lock.

use crate::{errors::*, events::SlashBurned, state::*, token};
use anchor_lang::prelude::*;

/// Accounts of `slash_burn`. Anyone may send it.
#[derive(Accounts)]
pub struct SlashBurn {
    /// Owns the vault.
    pub network: Account<Network>,
    /// Changed.
    #[account(mut)]
    pub node: Account<Node>,
    /// All stake.
    #[account(mut, address = network.stake_vault @ RenderError::WrongTokenAccount)]
    pub vault: UncheckedAccount,
    /// RENDER.
    #[account(mut, address = network.mint @ RenderError::WrongMint)]
    pub mint: UncheckedAccount,
    /// SPL Token.
    pub token_program: Program<Token>,
}

/// Before: the node has slashed RENDER in the vault. After: it is burned.
pub fn slash_burn(ctx: &mut Context<SlashBurn>) -> Result<()> {
    let accounts = &mut ctx.accounts;
    let (after, amount) = accounts.node.stake_model().burn_slashed().map_err(refused)?;
    accounts.node.set_stake(&after);
    token::burn_from_network(&accounts.network, accounts.vault.account(), accounts.mint.account(), amount)?;
    emit!(SlashBurned { node: *accounts.node.address(), amount });
    Ok(())
}
