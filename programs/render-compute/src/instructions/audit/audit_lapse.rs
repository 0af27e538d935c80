//! `audit_lapse`: ends the wait for audits that nobody claimed, so that an honest node does not starve where nobody audits.

use crate::{errors::*, events::AuditLapsed, state::*};
use anchor_lang::prelude::*;

/// Accounts of `audit_lapse`. Anyone may send it.
#[derive(Accounts)]
pub struct AuditLapse {
    /// Rules.
    pub network: Account<Network>,
    /// Changed.
    #[account(mut)]
    pub lease: Account<Lease>,
}

/// Before: the time to claim audits has passed and every claimed one is committed. After: the lease owes only those, and they, or the holder
/// where there is none, have their time to reveal.
pub fn audit_lapse(ctx: &mut Context<AuditLapse>) -> Result<()> {
    let now = Clock::get()?.unix_timestamp;
    let rules = ctx.accounts.network.parameters().lease_rules();
    let lease = &mut ctx.accounts.lease;
    let state = lease.model()?;
    let next = state.lapse(now, &rules).map_err(refused)?;
    lease.enter(&next);
    emit!(AuditLapsed {
        lease: *lease.address(),
        before: u64::from(state.audits.owed),
        after: u64::from(next.audits.owed),
        status: u64::from(lease.status),
        deadline: lease.deadline,
    });
    Ok(())
}
