//! `lease_return`: a node gives back a lease it cannot finish, before it has committed to anything.

use crate::{constants::CLASS_PROBE, errors::*, events::LeaseReturned, state::*};
use anchor_lang::prelude::*;
use market_model::reputation::Outcome;

/// Accounts of `lease_return`.
#[derive(Accounts)]
pub struct LeaseReturn {
    /// The node's identity.
    pub identity: Signer,
    /// Rules.
    pub network: Account<Network>,
    /// The holder.
    #[account(mut, constraint = node.identity == *identity.address() @ RenderError::NotIdentity)]
    pub node: Account<Node>,
    /// Changed.
    #[account(mut, constraint = lease.node == *node.address() @ RenderError::WrongLease, constraint = lease.class != CLASS_PROBE @ RenderError::IsProbe)]
    pub lease: Account<Lease>,
}

/// Before: the node holds the lease and its deadline has not passed. After: it can be claimed again at once, under the next attempt.
pub fn lease_return(ctx: &mut Context<LeaseReturn>) -> Result<()> {
    let now = Clock::get()?.unix_timestamp;
    let accounts = &mut ctx.accounts;
    let lease = &mut accounts.lease;
    let next = lease.model()?.give_back(now).map_err(refused)?;
    let penalty = lease.penalty;
    lease.reopen(&next);
    let node = &mut accounts.node;
    let reputation_before = node.reputation;
    node.judge(Outcome::Returned, lease.value, now, &accounts.network.parameters().reputation_rules())?;
    node.release(penalty);
    node.leases_returned = node.leases_returned.saturating_add(1);
    emit!(LeaseReturned {
        lease: *accounts.lease.address(),
        node: *accounts.node.address(),
        claimable_at: accounts.lease.claimable_at,
        reputation_before,
        reputation_after: accounts.node.reputation,
    });
    Ok(())
}
