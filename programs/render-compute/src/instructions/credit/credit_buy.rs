//! `credit_buy`: burns RENDER for credits.

use crate::{constants::*, errors::*, events::CreditsBought, model::sum, price, state::*, token};
use anchor_lang::prelude::*;
use market_model::credit;

/// Accounts of `credit_buy`.
#[derive(Accounts)]
pub struct CreditBuy {
    /// Pays RENDER.
    pub owner: Signer,
    /// Receives the credits.
    #[account(mut, constraint = credit.owner == *owner.address() @ RenderError::WrongCreditAccount)]
    pub credit: Account<CreditAccount>,
    /// Rules, mint and oracle.
    pub network: Account<Network>,
    /// Price: the oracle or a Pyth update; checked in `price`.
    pub oracle: UncheckedAccount,
    /// RENDER.
    #[account(mut, address = network.mint @ RenderError::WrongMint)]
    pub mint: UncheckedAccount,
    /// The buyer's RENDER; the token program checks mint and owner.
    #[account(mut)]
    pub payment: UncheckedAccount,
    /// Receives the operations share.
    #[account(mut, address = network.operations @ RenderError::WrongTokenAccount)]
    pub operations: UncheckedAccount,
    /// The running epoch.
    pub epoch: Account<Epoch>,
    /// The buyer's shard of it.
    #[account(mut, constraint = shard.epoch == epoch.number && shard.shard == shard_of(&owner.address().to_bytes()) @ RenderError::WrongShard)]
    pub shard: Account<EpochShard>,
    /// SPL Token.
    pub token_program: Program<Token>,
}

/// Before: credits are sold, the price is fresh and narrow, and `maximum_render` covers the cost.
/// After: `credits` more are available, their worth in RENDER at the price's lower bound is burned, and operations received its share on top.
pub fn credit_buy(ctx: &mut Context<CreditBuy>, credits: u64, maximum_render: u64) -> Result<()> {
    let accounts = &mut ctx.accounts;
    let now = Clock::get()?.unix_timestamp;
    require!(!accounts.network.is_paused(PAUSE_CREDITS), RenderError::Paused);
    accounts.epoch.require_running(now)?;
    let price = price::lower_bound(&accounts.network, accounts.oracle.account(), now)?;
    let burn_bps = accounts.network.parameters().burn_bps;
    let purchase = credit::purchase(credits, price, burn_bps, maximum_render).map_err(refused)?;

    let balance = &mut accounts.credit;
    let available_before = balance.available;
    balance.available = sum(balance.available, credits)?;
    balance.bought_total = sum(balance.bought_total, credits)?;
    balance.burned_total = sum(balance.burned_total, purchase.burned)?;
    let shard = &mut accounts.shard;
    shard.burned = sum(shard.burned, purchase.burned)?;
    shard.bought = sum(shard.bought, credits)?;

    let (owner, payment) = (accounts.owner.account(), accounts.payment.account());
    token::burn(payment, accounts.mint.account(), owner, purchase.burned)?;
    token::transfer(payment, accounts.operations.account(), owner, purchase.fee)?;
    emit!(CreditsBought {
        owner: *owner.address(),
        credits,
        price,
        burned: purchase.burned,
        fee: purchase.fee,
        available_before,
        available_after: accounts.credit.available,
        epoch: accounts.epoch.number,
        shard: u64::from(accounts.shard.shard),
    });
    Ok(())
}
