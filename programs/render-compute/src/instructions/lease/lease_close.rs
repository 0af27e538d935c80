//! `lease_close`: removes a lease account that nobody needs any more.

use crate::{constants::CLASS_PROBE, errors::RenderError, events::LeaseClosed, state::*};
use anchor_lang::prelude::*;

/// Accounts of `lease_close`. Anyone may send it.
#[derive(Accounts)]
pub struct LeaseClose {
    /// The lease's job, or its empty address after the job was closed.
    #[account(address = lease.job @ RenderError::WrongLease)]
    pub job: UncheckedAccount,
    /// Closed.
    #[account(mut, close = payer, constraint = lease.class != CLASS_PROBE @ RenderError::IsProbe)]
    pub lease: Account<Lease>,
    /// Paid the rent and receives it back.
    #[account(mut, address = lease.payer @ RenderError::WrongLease)]
    pub payer: UncheckedAccount,
}

/// Before: the job is closed, or all its leases are settled and its deadline has passed, so that the requester had time to fetch results
/// by this account. After: the account is gone (its events stay).
pub fn lease_close(ctx: &mut Context<LeaseClose>) -> Result<()> {
    let now = Clock::get()?.unix_timestamp;
    let view = ctx.accounts.job.account();
    if view.owned_by(&crate::ID) {
        let job = Account::<Job>::load(*view)?;
        require!(job.status == JOB_DONE && now > job.deadline, RenderError::LeaseNeeded);
    }
    let lease = &ctx.accounts.lease;
    emit!(LeaseClosed { lease: *lease.address(), payer: lease.payer });
    Ok(())
}
