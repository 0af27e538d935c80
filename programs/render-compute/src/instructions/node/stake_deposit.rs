//! `stake_deposit`: puts RENDER at stake for a node.

use crate::{constants::PAUSE_STAKES, errors::*, events::stake_changed, state::*, token};
use anchor_lang::prelude::*;

/// Accounts of `stake_deposit`.
#[derive(Accounts)]
pub struct StakeDeposit {
    /// Anyone; pays RENDER. It belongs to the node's operator afterwards.
    pub depositor: Signer,
    /// Names the vault.
    pub network: Account<Network>,
    /// Receives the stake.
    #[account(mut)]
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

/// Before: deposits are not paused. After: the vault holds `amount` more and the node's stake says so.
pub fn stake_deposit(ctx: &mut Context<StakeDeposit>, amount: u64) -> Result<()> {
    let accounts = &mut ctx.accounts;
    require!(!accounts.network.is_paused(PAUSE_STAKES), RenderError::Paused);
    let before = accounts.node.stake_model();
    let after = before.deposit(amount).map_err(refused)?;
    accounts.node.set_stake(&after);
    token::transfer(
        accounts.source.account(),
        accounts.vault.account(),
        accounts.depositor.account(),
        amount,
    )?;
    emit!(stake_changed(accounts.node.address(), &before, &after));
    Ok(())
}
