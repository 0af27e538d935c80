//! `node_close`: removes a node that owes and holds nothing.

use crate::{errors::RenderError, events::NodeClosed, state::*};
use anchor_lang::prelude::*;

/// Accounts of `node_close`.
#[derive(Accounts)]
pub struct NodeClose {
    /// The operator; paid the rent and receives it back.
    #[account(mut)]
    pub wallet: Signer,
    /// Counts its nodes.
    #[account(mut, constraint = operator.wallet == *wallet.address() @ RenderError::NotOperator)]
    pub operator: Account<Operator>,
    /// Closed.
    #[account(mut, close = wallet, constraint = node.operator == *wallet.address() @ RenderError::NotOperator)]
    pub node: Account<Node>,
}

/// Before: no stake, nothing unbonding, nothing slashed and unburned, no lease held, no probe open. After: the account is gone.
/// Shares of epochs that are not claimed yet can only be claimed while the node exists: claim first.
pub fn node_close(ctx: &mut Context<NodeClose>) -> Result<()> {
    let accounts = &mut ctx.accounts;
    let node = &accounts.node;
    require!(
        node.stake == 0 && node.unbonding == 0 && node.slashed == 0 && node.leases_held == 0 && node.is_probed == 0,
        RenderError::NodeBusy
    );
    emit!(NodeClosed { node: *node.address(), operator: node.operator });
    accounts.operator.nodes = accounts.operator.nodes.saturating_sub(1);
    Ok(())
}
