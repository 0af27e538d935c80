//! `credit_open`: gives a wallet an account for credits.

use crate::{constants::*, events::CreditAccountOpened, state::*};
use anchor_lang::prelude::*;

/// Accounts of `credit_open`.
#[derive(Accounts)]
#[instruction(owner: Address)]
pub struct CreditOpen {
    /// Pays the rent.
    #[account(mut)]
    pub payer: Signer,
    /// Created.
    #[account(init, payer = payer, seeds = [SEED_CREDIT, owner], bump)]
    pub credit: Account<CreditAccount>,
    /// System program.
    pub system_program: Program<System>,
}

/// Before: the wallet `owner` has no account. After: it has an empty one. The owner need not sign: it gives nobody anything.
pub fn credit_open(ctx: &mut Context<CreditOpen>, owner: Address) -> Result<()> {
    let bump = ctx.bumps.credit;
    let payer = *ctx.accounts.payer.address();
    let credit = &mut ctx.accounts.credit;
    credit.owner = owner;
    credit.payer = payer;
    credit.reputation = NEUTRAL_REPUTATION;
    credit.version = LAYOUT_VERSION;
    credit.bump = bump;
    emit!(CreditAccountOpened { owner, payer });
    Ok(())
}
