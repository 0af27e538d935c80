//! `lease_expire`: takes a lease from a node that missed a deadline, at a penalty.

use crate::{constants::CLASS_PROBE, errors::*, events::*, lottery, state::*};
use anchor_lang::prelude::*;
use market_model::{
    lease::{LeaseState, Missed},
    reputation::Reason,
};

/// Accounts of `lease_expire`. Anyone may send it.
#[derive(Accounts)]
pub struct LeaseExpire {
    /// Rules.
    pub network: Account<Network>,
    /// The holder.
    #[account(mut)]
    pub node: Account<Node>,
    /// Changed.
    #[account(mut, constraint = lease.node == *node.address() @ RenderError::WrongLease)]
    pub lease: Account<Lease>,
}

/// Before: the deadline to commit, or to reveal what nobody audited, has passed (law L8); the lottery of a commitment has been drawn, or is
/// lost. After: the lease can be claimed again, the penalty has left the stake for the burn, and the node's record says so. The penalty is a
/// share of the least stake, but the lease's own when the lottery is lost: a node that knows it was picked gains nothing by letting it pass.
pub fn lease_expire(ctx: &mut Context<LeaseExpire>) -> Result<()> {
    let now = Clock::get()?.unix_timestamp;
    let accounts = &mut ctx.accounts;
    let parameters = accounts.network.parameters();
    let lease = &mut accounts.lease;
    let state = lease.model()?;
    // A probe that was not answered costs another penalty, and somebody else receives it.
    require!(lease.class != CLASS_PROBE || state.state != LeaseState::Claimed, RenderError::IsProbe);
    let is_lottery_lost = state.state == LeaseState::Committed && !state.audits.is_drawn && lottery::is_lost(lease)?;
    let (next, missed) = state.expire(now, is_lottery_lost).map_err(refused)?;
    let penalty_held = lease.penalty;
    lease.reopen(&next);

    let node = &mut accounts.node;
    let before = node.stake_model();
    let expiry_penalty = before.expiry_penalty(&parameters.stake_rules()).map_err(refused)?;
    let (penalty, reason) = match missed {
        Missed::Commitment => (expiry_penalty, SLASH_LEASE_EXPIRED),
        Missed::Reveal => (expiry_penalty, SLASH_REVEAL_MISSED),
        Missed::PickedReveal => (penalty_held, SLASH_AUDITED_REVEAL_MISSED),
    };
    node.punish(penalty, 0)?;
    let reputation_before = node.reputation;
    node.remember(Reason::LeaseExpired, lease.value, now, &parameters.reputation_rules())?;
    node.release(penalty_held);
    node.leases_expired = node.leases_expired.saturating_add(1);
    emit!(LeaseExpired {
        lease: *lease.address(),
        node: *node.address(),
        deadline: state.deadline,
        claimable_at: lease.claimable_at,
        reputation_before,
        reputation_after: node.reputation,
    });
    emit!(stake_slashed(node, &before, lease.address(), reason));
    Ok(())
}
