//! `node_drain`: a node stops or resumes taking leases.

use super::node_register::registered;
use crate::{errors::RenderError, state::*};
use anchor_lang::prelude::*;

/// Accounts of `node_drain`.
#[derive(Accounts)]
pub struct NodeDrain {
    /// The operator's wallet or the machine itself.
    pub signer: Signer,
    /// Changed.
    #[account(mut, constraint = node.operator == *signer.address() || node.identity == *signer.address() @ RenderError::NotOperator)]
    pub node: Account<Node>,
}

/// Before: the signer is the operator or the node. After: the node claims nothing while draining; what it holds is finished and paid.
pub fn node_drain(ctx: &mut Context<NodeDrain>, draining: bool) -> Result<()> {
    ctx.accounts.node.draining = u8::from(draining);
    emit!(registered(&ctx.accounts.node));
    Ok(())
}
