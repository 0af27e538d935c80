//! `lease_release`: gives back the credits of a lease that nobody holds, once its job is over. Never paused.

use crate::{
    constants::*,
    errors::*,
    events::LeaseReleased,
    model::{difference, sum},
    state::*,
};
use anchor_lang::prelude::*;

/// Accounts of `lease_release`. Anyone may send it.
#[derive(Accounts)]
#[instruction(index: u32)]
pub struct LeaseRelease {
    /// Changed.
    #[account(mut, constraint = job.class != CLASS_PROBE @ RenderError::IsProbe)]
    pub job: Account<Job>,
    /// The requester's account; receives the credits.
    #[account(mut, constraint = credit.owner == job.requester @ RenderError::WrongCreditAccount)]
    pub credit: Account<CreditAccount>,
    /// The lease's address, derived here: empty when it was never claimed. Its state is checked in the handler.
    #[account(seeds = [SEED_LEASE, job.address().as_ref(), index.to_le_bytes(), [0u8]], bump)]
    pub lease: UncheckedAccount,
}

/// Before: the job was cancelled or its deadline passed, and nobody holds the lease. After: its units are refunded and can never be claimed.
/// An address that is empty stays empty: a job that is over admits no claims.
pub fn lease_release(ctx: &mut Context<LeaseRelease>, index: u32) -> Result<()> {
    let now = Clock::get()?.unix_timestamp;
    let accounts = &mut ctx.accounts;
    let job = &mut accounts.job;
    require!(job.status == JOB_CANCELLED || (job.status == JOB_OPEN && now > job.deadline), RenderError::JobNotOver);
    require!(index < job.leases, RenderError::NoSuchLease);
    require_nobody_holds(accounts.lease.account())?;
    let refund = job.terms().lease_amount(u64::from(index)).map_err(refused)?;
    require!(job.settle(index), RenderError::AlreadySettled);
    job.escrow = difference(job.escrow, refund)?;
    job.refunded = sum(job.refunded, refund)?;
    let credit = &mut accounts.credit;
    credit.available = sum(credit.available, refund)?;
    credit.refunded_total = sum(credit.refunded_total, refund)?;
    emit!(LeaseReleased {
        job: *accounts.job.address(),
        index: u64::from(index),
        refund,
        escrow_after: accounts.job.escrow,
        available_after: accounts.credit.available,
    });
    Ok(())
}

fn require_nobody_holds(view: &AccountView) -> Result<()> {
    if !view.owned_by(&crate::ID) {
        return Ok(());
    }
    let lease = Account::<Lease>::load(*view)?;
    require!(lease.model()?.state.is_claimable(), RenderError::LeaseHeld);
    Ok(())
}
