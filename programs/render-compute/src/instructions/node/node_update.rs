//! `node_update`: changes what a node offers.

use super::node_register::{NodeOffer, registered, set_offer};
use crate::{errors::RenderError, state::*};
use anchor_lang::prelude::*;

/// Accounts of `node_update`.
#[derive(Accounts)]
pub struct NodeUpdate {
    /// The operator.
    pub wallet: Signer,
    /// Changed.
    #[account(mut, constraint = node.operator == *wallet.address() @ RenderError::NotOperator)]
    pub node: Account<Node>,
}

/// Before: the signer is the operator. After: new leases follow the new offer; leases held keep their price.
pub fn node_update(ctx: &mut Context<NodeUpdate>, offer: NodeOffer) -> Result<()> {
    set_offer(&mut ctx.accounts.node, &offer)?;
    emit!(registered(&ctx.accounts.node));
    Ok(())
}
