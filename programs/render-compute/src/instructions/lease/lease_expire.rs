//! `lease_expire`: takes a lease from a node that missed a deadline, at a bounded penalty.

use crate::{errors::*, events::*, state::*};
use anchor_lang::prelude::*;
use market_model::{lease::LeaseState, reputation::Outcome};

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

/// Before: the deadline to commit, or after a commitment to reveal, has passed (law L8). After: the lease can be claimed again,
/// the penalty has left the stake for the burn, and the node's record says so.
pub fn lease_expire(ctx: &mut Context<LeaseExpire>) -> Result<()> {
    let now = Clock::get()?.unix_timestamp;
    let accounts = &mut ctx.accounts;
    let parameters = accounts.network.parameters();
    let lease = &mut accounts.lease;
    let (state, rules) = lease.model()?;
    let deadline = lease.deadline;
    let next = state.expire(now, &rules).map_err(refused)?;
    lease.reopen(next)?;

    let node = &mut accounts.node;
    let before = node.stake_model();
    let penalty = before.expiry_penalty(&parameters.stake_rules()).map_err(refused)?;
    let (after, taken) = before.slash(penalty).map_err(refused)?;
    node.set_stake(&after);
    node.slashed_total = node.slashed_total.saturating_add(taken);
    let reputation_before = node.reputation;
    node.judge(Outcome::Expired, lease.value, now, &parameters.reputation_rules())?;
    node.leases_held = node.leases_held.saturating_sub(1);
    node.leases_expired = node.leases_expired.saturating_add(1);

    let (lease, node) = (*accounts.lease.address(), *accounts.node.address());
    emit!(LeaseExpired {
        lease,
        node,
        deadline,
        claimable_at: accounts.lease.claimable_at,
        reputation_before,
        reputation_after: accounts.node.reputation,
    });
    emit!(StakeSlashed {
        node,
        evidence: lease,
        from_stake: before.staked.saturating_sub(after.staked),
        from_unbonding: before.unbonding.saturating_sub(after.unbonding),
        reason: if state.state == LeaseState::Claimed { SLASH_LEASE_EXPIRED } else { SLASH_REVEAL_MISSED },
    });
    Ok(())
}
