//! `stake_deposit`: puts RENDER at stake for a node.

use crate::{constants::PAUSE_STAKES, errors::*, events::stake_changed, state::*, token};
use anchor_lang::prelude::*;

/// Accounts of `stake_deposit`.
#[derive(Accounts)]
pub struct StakeDeposit {
    /// The node's operator; pays RENDER. Nobody else may: a deposit sets the node back in races that are open.
    pub depositor: Signer,
    /// Names the vault.
    pub network: Account<Network>,
    /// Receives the stake.
    #[account(mut, constraint = node.operator == *depositor.address() @ RenderError::NotOperator)]
    pub node: Account<Node>,
    /// The depositor's RENDER; the token program checks mint and owner.
    #[account(mut)]
    pub source: UncheckedAccount,
    /// All stake.
    #[account(mut, address = network.stake_vault @ RenderError::WrongTokenAccount)]
    pub vault: UncheckedAccount,
    /// SPL Token.
    pub token_program: Program<Token>,
}

/// Before: the signer is the operator and deposits are not paused. After: the vault holds `amount` more and the node's stake says so;
/// in races of jobs that are open already the node comes last.
pub fn stake_deposit(ctx: &mut Context<StakeDeposit>, amount: u64) -> Result<()> {
    let accounts = &mut ctx.accounts;
    require!(!accounts.network.is_paused(PAUSE_STAKES), RenderError::Paused);
    let before = accounts.node.stake_model();
    let after = before.deposit(amount).map_err(refused)?;
    accounts.node.set_stake(&after);
    accounts.node.staked_slot = Clock::get()?.slot;
    token::transfer(accounts.source.account(), accounts.vault.account(), accounts.depositor.account(), amount)?;
    emit!(stake_changed(accounts.node.address(), &before, &after));
    Ok(())
}
