//! `lease_accept`: pays a lease whose challenge window has closed. Hot path.

use crate::{constants::*, errors::*, events::LeaseAccepted, model::*, state::*};
use anchor_lang::prelude::*;
use market_model::reputation::Reason;

/// Accounts of `lease_accept`. Anyone may send it.
#[derive(Accounts)]
pub struct LeaseAccept {
    /// Rules.
    pub network: Account<Network>,
    /// The job that pays.
    #[account(mut, constraint = lease.job == *job.address() @ RenderError::WrongLease)]
    pub job: Account<Job>,
    /// The node that earns.
    #[account(mut, constraint = lease.node == *node.address() @ RenderError::WrongLease)]
    pub node: Account<Node>,
    /// Accepted.
    #[account(mut, constraint = lease.class != CLASS_PROBE @ RenderError::IsProbe)]
    pub lease: Account<Lease>,
    /// The running epoch.
    pub epoch: Account<Epoch>,
    /// The node's shard of it.
    #[account(mut, constraint = shard.epoch == epoch.number && shard.shard == shard_of(&node.identity.to_bytes()) @ RenderError::WrongShard)]
    pub shard: Account<EpochShard>,
    /// What the job spends in it.
    #[account(mut, constraint = job_epoch.epoch == epoch.number && job_epoch.job == *job.address() @ RenderError::WrongJobEpoch)]
    pub job_epoch: Account<JobEpoch>,
    /// The node's work in it.
    #[account(mut, constraint = node_epoch.epoch == epoch.number && node_epoch.node == *node.address() @ RenderError::WrongEpoch)]
    pub node_epoch: Account<NodeEpoch>,
}

/// Before: the root is revealed, its challenge window has closed and its audits are paid; the epoch runs. After: the lease's value and
/// premium have left the escrow once (laws L3, L7) and count as spent by the job, and its value and the seconds it was worked on count as the node's of
/// the epoch.
pub fn lease_accept(ctx: &mut Context<LeaseAccept>) -> Result<()> {
    let now = Clock::get()?.unix_timestamp;
    let accounts = &mut ctx.accounts;
    accounts.epoch.require_running(now)?;
    let lease = &mut accounts.lease;
    let next = lease.model()?.accept(now).map_err(refused)?;
    lease.enter(&next);
    let (value, premium, penalty) = (lease.value, lease.premium, lease.penalty);

    let job = &mut accounts.job;
    require!(job.settle(lease.index), RenderError::AlreadySettled);
    let spent = sum(value, premium)?;
    job.escrow = difference(job.escrow, spent)?;
    job.spent = sum(job.spent, spent)?;
    job.units_accepted = sum(job.units_accepted, u64::from(lease.units))?;
    job.disprove_fault(lease);

    accounts.job_epoch.spent = sum(accounts.job_epoch.spent, spent)?;
    accounts.shard.spent = sum(accounts.shard.spent, spent)?;
    let node_work_after = accounts.node_epoch.credit(&mut accounts.shard, lease.class, value)?;
    accounts.node_epoch.record_busy(&mut accounts.shard, lease.class, u64::from(lease.busy_seconds))?;

    let node = &mut accounts.node;
    let reputation_before = node.reputation;
    node.remember(Reason::LeaseAccepted, value, now, &accounts.network.parameters().reputation_rules())?;
    node.release(penalty);
    node.leases_accepted = sum(node.leases_accepted, 1)?;
    node.credits_accepted = sum(node.credits_accepted, value)?;

    let lease = &accounts.lease;
    emit!(LeaseAccepted {
        lease: *lease.address(),
        job: lease.job,
        node: lease.node,
        root: lease.root,
        result: lease.result,
        value,
        premium,
        escrow_after: accounts.job.escrow,
        epoch: accounts.epoch.number,
        node_work_after,
        busy_seconds: u64::from(lease.busy_seconds),
        index: lease.index,
        units: lease.units,
        reputation_before,
        reputation_after: accounts.node.reputation,
    });
    Ok(())
}
