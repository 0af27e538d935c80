//! `job_epoch_open`: creates a job's record in a running epoch.

use crate::{constants::*, events::JobEpochOpened, state::*};
use anchor_lang::prelude::*;

/// Accounts of `job_epoch_open`. Anyone may send it.
#[derive(Accounts)]
pub struct JobEpochOpen {
    /// Pays the rent.
    #[account(mut)]
    pub payer: Signer,
    /// The running epoch.
    pub epoch: Account<Epoch>,
    /// The job.
    pub job: Account<Job>,
    /// Created.
    #[account(init, payer = payer, seeds = [SEED_JOB_EPOCH, job.address().as_ref(), epoch.number.to_le_bytes()], bump)]
    pub job_epoch: Account<JobEpoch>,
    /// System program.
    pub system_program: Program<System>,
}

/// Before: the epoch runs. After: the record exists, names the job's requester and client, and has nothing spent.
pub fn job_epoch_open(ctx: &mut Context<JobEpochOpen>) -> Result<()> {
    let now = Clock::get()?.unix_timestamp;
    let bump = ctx.bumps.job_epoch;
    let accounts = &mut ctx.accounts;
    accounts.epoch.require_running(now)?;
    let (epoch, payer, job) = (accounts.epoch.number, *accounts.payer.address(), &accounts.job);
    let (address, requester, client) = (*job.address(), job.requester, job.client);
    let record = &mut accounts.job_epoch;
    record.job = address;
    record.requester = requester;
    record.client = client;
    record.payer = payer;
    record.epoch = epoch;
    record.version = LAYOUT_VERSION;
    record.bump = bump;
    emit!(JobEpochOpened { epoch, job: address, requester, client, payer });
    Ok(())
}
