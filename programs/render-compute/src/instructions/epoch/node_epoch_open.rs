//! `node_epoch_open`: creates a node's record in a running epoch.

use crate::{constants::*, errors::RenderError, events::NodeEpochOpened, model::sum, state::*};
use anchor_lang::prelude::*;

/// Accounts of `node_epoch_open`. Anyone may send it.
#[derive(Accounts)]
pub struct NodeEpochOpen {
    /// Pays the rent.
    #[account(mut)]
    pub payer: Signer,
    /// The running epoch.
    pub epoch: Account<Epoch>,
    /// The node.
    pub node: Account<Node>,
    /// The node's shard of the epoch.
    #[account(mut, constraint = shard.epoch == epoch.number && shard.shard == shard_of(&node.identity.to_bytes()) @ RenderError::WrongShard)]
    pub shard: Account<EpochShard>,
    /// Created.
    #[account(init, payer = payer, seeds = [SEED_NODE_EPOCH, node.address().as_ref(), epoch.number.to_le_bytes()], bump)]
    pub node_epoch: Account<NodeEpoch>,
    /// System program.
    pub system_program: Program<System>,
}

/// Before: the epoch runs. After: the record exists and is empty, and the node's stake counts in its shard of the epoch.
pub fn node_epoch_open(ctx: &mut Context<NodeEpochOpen>) -> Result<()> {
    let now = Clock::get()?.unix_timestamp;
    let bump = ctx.bumps.node_epoch;
    let accounts = &mut ctx.accounts;
    accounts.epoch.require_running(now)?;
    let (number, node, payer) = (accounts.epoch.number, *accounts.node.address(), *accounts.payer.address());
    let stake = accounts.node.stake;
    accounts.shard.stake = sum(accounts.shard.stake, stake)?;
    let account = &mut accounts.node_epoch;
    account.node = node;
    account.payer = payer;
    account.epoch = number;
    account.version = LAYOUT_VERSION;
    account.bump = bump;
    emit!(NodeEpochOpened { number, node, payer, stake });
    Ok(())
}
