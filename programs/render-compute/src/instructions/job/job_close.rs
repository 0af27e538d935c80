//! `job_close`: removes a job whose leases are all settled, and judges its requester by it.

use crate::{constants::CLASS_PROBE, errors::RenderError, events::JobClosed, state::*};
use anchor_lang::prelude::*;

/// Accounts of `job_close`.
#[derive(Accounts)]
pub struct JobClose {
    /// The requester at any time; anyone after the job's deadline.
    pub signer: Signer,
    /// Rules.
    pub network: Account<Network>,
    /// Closed.
    #[account(mut, close = payer, constraint = job.class != CLASS_PROBE @ RenderError::IsProbe)]
    pub job: Account<Job>,
    /// The requester's account; carries its reputation.
    #[account(mut, constraint = credit.owner == job.requester @ RenderError::WrongCreditAccount)]
    pub credit: Account<CreditAccount>,
    /// Paid the rent and receives it back. May be the signer: it only gains lamports here.
    #[account(mut, unsafe(dup), address = job.payer @ RenderError::NotRequester)]
    pub payer: UncheckedAccount,
}

/// Before: every lease is settled. After: the account is gone; no credit is left in it (law L3). The requester's reputation has moved by what
/// the job spent, and by the inputs that nodes of at least two operators could not use and nobody has used since.
pub fn job_close(ctx: &mut Context<JobClose>) -> Result<()> {
    let now = Clock::get()?.unix_timestamp;
    let accounts = &mut ctx.accounts;
    let job = &accounts.job;
    require!(job.status == JOB_DONE && job.escrow == 0, RenderError::JobNotSettled);
    require!(job.requester == *accounts.signer.address() || now > job.deadline, RenderError::NotRequester);
    let reputation_before = accounts.credit.reputation;
    let reason = accounts.credit.judge(&job.record(), now, &accounts.network.parameters().reputation_rules())?;
    emit!(JobClosed {
        job: *job.address(),
        spent: job.spent,
        refunded: job.refunded,
        reputation_before,
        reputation_after: accounts.credit.reputation,
        closed_at: now,
        input_faults: job.input_faults,
        reason: reason.code(),
        padding: [0; 3],
    });
    Ok(())
}
