//! `job_cancel`: the requester calls a job off.

use crate::{errors::RenderError, events::JobCancelled, state::*};
use anchor_lang::prelude::*;

/// Accounts of `job_cancel`.
#[derive(Accounts)]
pub struct JobCancel {
    /// The requester.
    pub requester: Signer,
    /// Changed.
    #[account(mut, constraint = job.requester == *requester.address() @ RenderError::NotRequester)]
    pub job: Account<Job>,
}

/// Before: the job is open. After: nothing new can be claimed. Leases held are finished and paid; the others' credits come back by `lease_release`.
pub fn job_cancel(ctx: &mut Context<JobCancel>) -> Result<()> {
    let job = &mut ctx.accounts.job;
    require!(job.status == JOB_OPEN, RenderError::JobNotOpen);
    job.status = JOB_CANCELLED;
    emit!(JobCancelled { job: *job.address(), leases_settled: u64::from(job.leases_settled) });
    Ok(())
}
