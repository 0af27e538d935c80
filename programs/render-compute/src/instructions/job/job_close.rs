//! `job_close`: removes a job whose leases are all settled.

use crate::{constants::CLASS_PROBE, errors::RenderError, events::JobClosed, state::*};
use anchor_lang::prelude::*;

/// Accounts of `job_close`.
#[derive(Accounts)]
pub struct JobClose {
    /// The requester at any time; anyone after the job's deadline.
    pub signer: Signer,
    /// Closed.
    #[account(mut, close = payer, constraint = job.class != CLASS_PROBE @ RenderError::IsProbe)]
    pub job: Account<Job>,
    /// Paid the rent and receives it back. May be the signer: it only gains lamports here.
    #[account(mut, unsafe(dup), address = job.payer @ RenderError::NotRequester)]
    pub payer: UncheckedAccount,
}

/// Before: every lease is settled. After: the account is gone; no credit is left in it (law L3).
pub fn job_close(ctx: &mut Context<JobClose>) -> Result<()> {
    let now = Clock::get()?.unix_timestamp;
    let accounts = &ctx.accounts;
    let job = &accounts.job;
    require!(job.status == JOB_DONE && job.escrow == 0, RenderError::JobNotSettled);
    require!(job.requester == *accounts.signer.address() || now > job.deadline, RenderError::NotRequester);
    emit!(JobClosed { job: *job.address(), spent: job.spent, refunded: job.refunded });
    Ok(())
}
