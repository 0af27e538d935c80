//! `operator_register`: makes a wallet an operator.

use crate::{constants::*, events::OperatorRegistered, state::*, token};
use anchor_lang::prelude::*;

/// Accounts of `operator_register`.
#[derive(Accounts)]
pub struct OperatorRegister {
    /// The operator; pays the rent.
    #[account(mut)]
    pub wallet: Signer,
    /// Names the mint.
    pub network: Account<Network>,
    /// Token account of the wallet that claims are minted to. Checked in the handler.
    pub payout: UncheckedAccount,
    /// Created.
    #[account(init, payer = wallet, seeds = [SEED_OPERATOR, wallet.address().as_ref()], bump)]
    pub operator: Account<Operator>,
    /// System program.
    pub system_program: Program<System>,
}

/// Before: the wallet is no operator and owns the payout account. After: it is one.
pub fn operator_register(ctx: &mut Context<OperatorRegister>) -> Result<()> {
    let bump = ctx.bumps.operator;
    let accounts = &mut ctx.accounts;
    let (wallet, payout) = (*accounts.wallet.address(), *accounts.payout.address());
    token::require_token_account(accounts.payout.account(), &accounts.network.mint, &wallet)?;
    let operator = &mut accounts.operator;
    operator.wallet = wallet;
    operator.payout = payout;
    operator.version = LAYOUT_VERSION;
    operator.bump = bump;
    emit!(OperatorRegistered { wallet, payout });
    Ok(())
}
