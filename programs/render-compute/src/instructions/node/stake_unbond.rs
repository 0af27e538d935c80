//! `stake_unbond`: starts taking stake back.

use crate::{errors::*, events::stake_changed, state::*};
use anchor_lang::prelude::*;

/// Accounts of `stake_unbond`.
#[derive(Accounts)]
pub struct StakeUnbond {
    /// The operator.
    pub wallet: Signer,
    /// Rules.
    pub network: Account<Network>,
    /// Changed.
    #[account(mut, constraint = node.operator == *wallet.address() @ RenderError::NotOperator)]
    pub node: Account<Node>,
}

/// Before: the node has `amount` at stake. After: it unbonds, stays slashable, and can be withdrawn after the unbonding time.
pub fn stake_unbond(ctx: &mut Context<StakeUnbond>, amount: u64) -> Result<()> {
    let now = Clock::get()?.unix_timestamp;
    let rules = ctx.accounts.network.parameters().stake_rules();
    let node = &mut ctx.accounts.node;
    let before = node.stake_model();
    let after = before.begin_unbonding(amount, now, &rules).map_err(refused)?;
    node.set_stake(&after);
    emit!(stake_changed(node.address(), &before, &after));
    Ok(())
}
