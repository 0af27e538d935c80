//! `dispute_close`: pays or burns what the vault still holds of a settled dispute.

use crate::{errors::*, events::DisputeClosed, state::*, token};
use anchor_lang::prelude::*;
use market_model::dispute::Stage;

/// Accounts of `dispute_close`. Anyone may send it.
#[derive(Accounts)]
pub struct DisputeClose {
    /// Owns the vault.
    pub network: Account<Network>,
    /// Closed.
    #[account(mut, close = payer)]
    pub dispute: Account<Dispute>,
    /// Paid the rent and receives it back.
    #[account(mut, address = dispute.payer @ RenderError::WrongDispute)]
    pub payer: UncheckedAccount,
    /// Holds the bond.
    #[account(mut, address = network.stake_vault @ RenderError::WrongTokenAccount)]
    pub vault: UncheckedAccount,
    /// RENDER.
    #[account(mut, address = network.mint @ RenderError::WrongMint)]
    pub mint: UncheckedAccount,
    /// A RENDER account of the challenger's wallet; none where the wallet is owed nothing.
    #[account(mut)]
    pub destination: Option<UncheckedAccount>,
    /// SPL Token.
    pub token_program: Program<Token>,
}

/// Before: the dispute is settled. After: its account is gone, the challenger's wallet has what it is owed, and a forfeited bond is burned.
pub fn dispute_close(ctx: &mut Context<DisputeClose>) -> Result<()> {
    let accounts = &mut ctx.accounts;
    let dispute = &accounts.dispute;
    require!(dispute.game()?.stage == Stage::Settled, RenderError::DisputeUnsettled);
    let vault = accounts.vault.account();
    if dispute.owed > 0 {
        let destination = accounts.destination.as_ref().ok_or(RenderError::WrongTokenAccount)?.account();
        token::require_token_account(destination, &accounts.network.mint, &dispute.challenger)?;
        token::transfer_from_network(&accounts.network, vault, destination, dispute.owed)?;
    }
    if dispute.forfeited > 0 {
        token::burn_from_network(&accounts.network, vault, accounts.mint.account(), dispute.forfeited)?;
    }
    emit!(DisputeClosed {
        dispute: *dispute.address(),
        payer: dispute.payer,
        paid: dispute.owed,
        burned: dispute.forfeited,
    });
    Ok(())
}
