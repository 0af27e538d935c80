//! `node_review`: moves a node between the tiers by what an epoch says of it.

use crate::{errors::*, events::NodeReviewed, state::*};
use anchor_lang::prelude::*;
use market_model::tier::{self, EpochFacts};

/// Accounts of `node_review`. Anyone may send it, so that no node can put its review off.
#[derive(Accounts)]
pub struct NodeReview {
    /// Rules.
    pub network: Account<Network>,
    /// The finalized epoch.
    #[account(constraint = epoch.state == EPOCH_FINALIZED @ RenderError::EpochNotFinalized)]
    pub epoch: Account<Epoch>,
    /// Reviewed.
    #[account(mut, constraint = node_epoch.node == *node.address() @ RenderError::WrongNode)]
    pub node: Account<Node>,
    /// What the node did in the epoch; marked as reviewed.
    #[account(mut, constraint = node_epoch.epoch == epoch.number @ RenderError::WrongEpoch)]
    pub node_epoch: Account<NodeEpoch>,
}

/// Before: the epoch is finalized and the node's record of it is not reviewed. After: it is; the node's tier and the rows of good and bad epochs that
/// lead out of it have moved by `market_model::tier`, unless a later epoch was reviewed before.
pub fn node_review(ctx: &mut Context<NodeReview>) -> Result<()> {
    let now = Clock::get()?.unix_timestamp;
    let accounts = &mut ctx.accounts;
    let (record, node, number) = (&mut accounts.node_epoch, &mut accounts.node, accounts.epoch.number);
    require!(record.is_reviewed == 0, RenderError::AlreadyReviewed);
    let parameters = accounts.network.parameters();
    let reputation = node.reputation_model().decayed(now, &parameters.reputation_rules()).map_err(refused)?;
    let facts = EpochFacts {
        reputation_bps: reputation.bps(),
        uptime_bps: u64::from(node.uptime_bps),
        is_active: record.is_active(),
        is_next: node.reviewed_epoch.checked_add(1) == Some(number),
    };
    let before = node.standing()?;
    let (mut after, verdict) = tier::review(before, &facts, &parameters.tier_rules());
    let is_late = number <= node.reviewed_epoch;
    if is_late {
        after = before;
    } else {
        node.reviewed_epoch = number;
        node.set_standing(&after);
    }
    record.is_reviewed = 1;
    emit!(NodeReviewed {
        node: *accounts.node.address(),
        epoch: number,
        reputation_bps: u16::try_from(facts.reputation_bps).map_err(|_| Error::ArithmeticOverflow)?,
        uptime_bps: accounts.node.uptime_bps,
        is_active: u8::from(facts.is_active),
        verdict: verdict.code(),
        tier_before: before.tier.code(),
        tier_after: after.tier.code(),
        good_epochs: after.good,
        bad_epochs: after.bad,
        is_late: u8::from(is_late),
        padding: [0; 5],
    });
    Ok(())
}
