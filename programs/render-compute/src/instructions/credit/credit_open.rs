//! `credit_open`: gives a wallet an account for credits.

use crate::{constants::*, events::CreditAccountOpened, state::*};
use anchor_lang::prelude::*;

/// Accounts of `credit_open`.
#[derive(Accounts)]
pub struct CreditOpen {
    /// Pays the rent.
    #[account(mut)]
    pub payer: Signer,
    /// The requester. Need not sign: an empty account gives nobody anything.
    pub owner: UncheckedAccount,
    /// Created.
    #[account(init, payer = payer, seeds = [SEED_CREDIT, owner.address().as_ref()], bump)]
    pub credit: Account<CreditAccount>,
    /// System program.
    pub system_program: Program<System>,
}

/// Before: the wallet has no account. After: it has an empty one.
pub fn credit_open(ctx: &mut Context<CreditOpen>) -> Result<()> {
    let bump = ctx.bumps.credit;
    let (owner, payer) = (*ctx.accounts.owner.address(), *ctx.accounts.payer.address());
    let credit = &mut ctx.accounts.credit;
    credit.owner = owner;
    credit.payer = payer;
    credit.reputation = NEUTRAL_REPUTATION;
    credit.version = LAYOUT_VERSION;
    credit.bump = bump;
    emit!(CreditAccountOpened { owner, payer });
    Ok(())
}
