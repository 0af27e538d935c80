//! `stake_withdraw`: pays out stake whose unbonding is over. Never paused.

use crate::{errors::*, events::stake_changed, state::*, token};
use anchor_lang::prelude::*;

/// Accounts of `stake_withdraw`.
#[derive(Accounts)]
pub struct StakeWithdraw {
    /// The operator.
    pub wallet: Signer,
    /// Owns the vault.
    pub network: Account<Network>,
    /// Changed.
    #[account(mut, constraint = node.operator == *wallet.address() @ RenderError::NotOperator)]
    pub node: Account<Node>,
    /// All stake.
    #[account(mut, address = network.stake_vault @ RenderError::WrongTokenAccount)]
    pub vault: UncheckedAccount,
    /// Receives the RENDER; the token program checks its mint. Not the vault itself: what stays there must be someone's stake.
    #[account(mut, constraint = *destination.address() != network.stake_vault @ RenderError::WrongTokenAccount)]
    pub destination: UncheckedAccount,
    /// SPL Token.
    pub token_program: Program<Token>,
}

/// Before: something has finished unbonding and no lease is held, whose deadline the stake answers for. After: all of it has left the vault.
pub fn stake_withdraw(ctx: &mut Context<StakeWithdraw>) -> Result<()> {
    let now = Clock::get()?.unix_timestamp;
    let accounts = &mut ctx.accounts;
    require!(accounts.node.leases_held == 0, RenderError::NodeBusy);
    let before = accounts.node.stake_model();
    let (after, amount) = before.withdraw(now).map_err(refused)?;
    accounts.node.set_stake(&after);
    token::transfer_from_network(&accounts.network, accounts.vault.account(), accounts.destination.account(), amount)?;
    emit!(stake_changed(accounts.node.address(), &before, &after));
    Ok(())
}
