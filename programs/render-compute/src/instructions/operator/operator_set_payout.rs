//! `operator_set_payout`: changes where claims are minted to.

use crate::{errors::RenderError, events::PayoutChanged, state::*, token};
use anchor_lang::prelude::*;

/// Accounts of `operator_set_payout`.
#[derive(Accounts)]
pub struct OperatorSetPayout {
    /// The operator.
    pub wallet: Signer,
    /// Names the mint.
    pub network: Account<Network>,
    /// Token account of the wallet. Checked in the handler.
    pub payout: UncheckedAccount,
    /// Changed.
    #[account(mut, constraint = operator.wallet == *wallet.address() @ RenderError::NotOperator)]
    pub operator: Account<Operator>,
}

/// Before: the wallet owns the payout account. After: claims, also of past epochs, are minted to it.
pub fn operator_set_payout(ctx: &mut Context<OperatorSetPayout>) -> Result<()> {
    let accounts = &mut ctx.accounts;
    let (wallet, after) = (*accounts.wallet.address(), *accounts.payout.address());
    token::require_token_account(accounts.payout.account(), &accounts.network.mint, &wallet)?;
    let before = core::mem::replace(&mut accounts.operator.payout, after);
    emit!(PayoutChanged { wallet, before, after });
    Ok(())
}
