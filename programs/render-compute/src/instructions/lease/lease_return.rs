//! `lease_return`: a node gives back a lease it cannot finish, before it has committed to anything.

use crate::{constants::CLASS_PROBE, errors::*, events::LeaseReturned, state::*};
use anchor_lang::prelude::*;
use market_model::reputation::Reason;

/// Accounts of `lease_return`.
#[derive(Accounts)]
pub struct LeaseReturn {
    /// The node's identity.
    pub identity: Signer,
    /// Rules.
    pub network: Account<Network>,
    /// The job; learns of inputs that cannot be used.
    #[account(mut, constraint = lease.job == *job.address() @ RenderError::WrongLease)]
    pub job: Account<Job>,
    /// The holder.
    #[account(mut, constraint = node.identity == *identity.address() @ RenderError::NotIdentity)]
    pub node: Account<Node>,
    /// Changed.
    #[account(mut, constraint = lease.node == *node.address() @ RenderError::WrongLease, constraint = lease.class != CLASS_PROBE @ RenderError::IsProbe)]
    pub lease: Account<Lease>,
}

/// Before: the node holds the lease and its deadline has not passed; `reason` is the code of `LeaseReturned` or of `InputsUnusable`. After: it can
/// be claimed again at once, under the next attempt. For a reason of its own the node has lost some reputation; for unusable inputs it has lost none,
/// and the job counts the lease as faulty until a node finishes it.
pub fn lease_return(ctx: &mut Context<LeaseReturn>, reason: u8) -> Result<()> {
    let now = Clock::get()?.unix_timestamp;
    let accounts = &mut ctx.accounts;
    let reason = Reason::try_from(reason).map_err(|_| RenderError::BadReturnReason)?;
    let is_fault = match reason {
        Reason::LeaseReturned => false,
        Reason::InputsUnusable => true,
        _ => return Err(RenderError::BadReturnReason.into()),
    };
    let lease = &mut accounts.lease;
    let next = lease.model()?.give_back(now).map_err(refused)?;
    let penalty = lease.penalty;
    lease.reopen(&next);
    let node = &mut accounts.node;
    if is_fault {
        accounts.job.find_fault(lease, &node.operator);
    }
    let reputation_before = node.reputation;
    let credits = if is_fault { 0 } else { lease.value };
    node.remember(reason, credits, now, &accounts.network.parameters().reputation_rules())?;
    node.release(penalty);
    node.leases_returned = node.leases_returned.saturating_add(1);
    emit!(LeaseReturned {
        lease: *accounts.lease.address(),
        node: *accounts.node.address(),
        claimable_at: accounts.lease.claimable_at,
        reputation_before,
        reputation_after: accounts.node.reputation,
        input_faults: accounts.job.input_faults,
        fault_operators: accounts.job.fault_operators,
        reason: reason.code(),
        padding: [0; 2],
    });
    Ok(())
}
