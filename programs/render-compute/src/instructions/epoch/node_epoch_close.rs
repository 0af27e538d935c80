//! `node_epoch_close`: removes a node's record of an epoch it has claimed.

use crate::{errors::RenderError, events::NodeEpochClosed, state::*};
use anchor_lang::prelude::*;

/// Accounts of `node_epoch_close`. Anyone may send it.
#[derive(Accounts)]
pub struct NodeEpochClose {
    /// Closed.
    #[account(mut, close = payer, constraint = node_epoch.is_claimed == 1 @ RenderError::EpochNotFinalized)]
    pub node_epoch: Account<NodeEpoch>,
    /// The node, or its empty address once it is gone: only then the record is closed without a review.
    #[account(
        address = node_epoch.node @ RenderError::WrongNode,
        constraint = node_epoch.is_reviewed == 1 || !node.account().owned_by(&crate::ID) @ RenderError::NotReviewed
    )]
    pub node: UncheckedAccount,
    /// Paid the rent and receives it back.
    #[account(mut, address = node_epoch.payer @ RenderError::WrongNode)]
    pub payer: UncheckedAccount,
}

/// Before: the share was claimed and the node's tier reviewed by the record, or the node is gone. After: the account is gone. It cannot come back: records open only while their epoch runs.
pub fn node_epoch_close(ctx: &mut Context<NodeEpochClose>) -> Result<()> {
    let record = &ctx.accounts.node_epoch;
    emit!(NodeEpochClosed { number: record.epoch, node: record.node, payer: record.payer });
    Ok(())
}
