//! `audit_draw`: decides by a slot's hash whether a committed lease is audited. Hot path.

use crate::{
    errors::*,
    events::AuditDrawn,
    lottery::{self, Lottery},
    state::*,
};
use anchor_lang::prelude::*;
use market_model::audit::{audits_owed, is_picked, lottery_threshold};

/// Accounts of `audit_draw`. Anyone may send it.
#[derive(Accounts)]
pub struct AuditDraw {
    /// Rules.
    pub network: Account<Network>,
    /// Holds the chance of an audit.
    #[account(constraint = lease.job == *job.address() @ RenderError::WrongLease)]
    pub job: Account<Job>,
    /// Changed.
    #[account(mut)]
    pub lease: Account<Lease>,
}

/// Before: a commitment stands that was not drawn yet, the deciding slot has come, and its hash can be proved to be the first. After: the
/// lease can be revealed, or owes audits and waits for them.
pub fn audit_draw(ctx: &mut Context<AuditDraw>) -> Result<()> {
    let now = Clock::get()?.unix_timestamp;
    let accounts = &mut ctx.accounts;
    let (job, lease) = (&accounts.job, &mut accounts.lease);
    let address = *lease.address();
    let state = lease.model()?;
    // Asks the state machine first, so that a lease in another state is told so.
    let unpicked = state.draw(false, 0, now, &accounts.network.parameters().lease_rules()).map_err(refused)?;
    let found = match lottery::look(lease.committed_slot)? {
        Lottery::Early => return Err(RenderError::TooEarlyToDraw.into()),
        Lottery::Lost => return Err(RenderError::LotteryLost.into()),
        Lottery::Ready(found) => found,
    };
    let probability = u64::from(job.audit_probability_bps);
    let draw = lottery::draw(&found.hash, &address, &lease.commitment);
    let picked = is_picked(draw, probability, job.replicas);
    if picked {
        let owed = audits_owed(job.replicas).map_err(refused)?;
        let next = state.draw(true, owed, now, &accounts.network.parameters().lease_rules()).map_err(refused)?;
        lease.enter(&next);
        lease.audit_seed = lottery::audit_seed(&found.hash, &address);
    } else {
        lease.enter(&unpicked);
    }
    emit!(AuditDrawn {
        lease: address,
        job: lease.job,
        seed: lease.audit_seed,
        slot: found.slot,
        draw,
        threshold: u64::try_from(lottery_threshold(probability)).unwrap_or(u64::MAX),
        picked: u64::from(picked),
        audits: u64::from(lease.audits_owed),
        drawn_at: now,
        deadline: lease.deadline,
    });
    Ok(())
}
