//! `job_epoch_close`: removes a job's record of an epoch whose rebate was claimed.

use crate::{errors::RenderError, events::JobEpochClosed, state::*};
use anchor_lang::prelude::*;

/// Accounts of `job_epoch_close`. Anyone may send it.
#[derive(Accounts)]
pub struct JobEpochClose {
    /// Closed.
    #[account(mut, close = payer, constraint = job_epoch.is_claimed == 1 @ RenderError::RebateUnclaimed)]
    pub job_epoch: Account<JobEpoch>,
    /// Paid the rent and receives it back.
    #[account(mut, address = job_epoch.payer @ RenderError::WrongJobEpoch)]
    pub payer: UncheckedAccount,
}

/// Before: the rebate was claimed. After: the account is gone. It cannot come back: records open only while their epoch runs.
pub fn job_epoch_close(ctx: &mut Context<JobEpochClose>) -> Result<()> {
    let record = &ctx.accounts.job_epoch;
    emit!(JobEpochClosed { epoch: record.epoch, job: record.job, payer: record.payer });
    Ok(())
}
