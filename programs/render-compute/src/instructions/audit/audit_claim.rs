//! `audit_claim`: a node of another operator takes an audit when its turn in the race has come.

use crate::{constants::*, errors::*, events::AuditClaimed, race, state::*};
use anchor_lang::prelude::*;
use market_model::{audit, race::eligible_at};

/// Accounts of `audit_claim`.
#[derive(Accounts)]
#[instruction(index: u8)]
pub struct AuditClaim {
    /// The auditor's identity; pays the audit's rent.
    #[account(mut)]
    pub identity: Signer,
    /// Rules.
    pub network: Account<Network>,
    /// The job, whose requirements hold for auditors too.
    #[account(constraint = lease.job == *job.address() @ RenderError::WrongLease)]
    pub job: Account<Job>,
    /// The lease's holder: read for its operator.
    #[account(constraint = lease.node == *holder.address() @ RenderError::WrongLease)]
    pub holder: Account<Node>,
    /// The auditor.
    #[account(mut, constraint = node.identity == *identity.address() @ RenderError::NotIdentity)]
    pub node: Account<Node>,
    /// Changed.
    #[account(mut)]
    pub lease: Account<Lease>,
    /// Created.
    #[account(
        init,
        payer = identity,
        seeds = [SEED_AUDIT, lease.address().as_ref(), lease.attempt.to_le_bytes(), [index]],
        bump
    )]
    pub audit: Account<Audit>,
    /// System program.
    pub system_program: Program<System>,
}

/// Never paused: else what is held already would be paid unaudited after a pause. Before: the lease waits for audits and nobody has this one; the node is of another operator than the holder and
/// the other auditors, meets the job's requirements, its stake covers the penalty, and its race delay has passed (law L11).
/// After: the node holds the audit and has as long as the holder had.
pub fn audit_claim(ctx: &mut Context<AuditClaim>, index: u8) -> Result<()> {
    let bump = ctx.bumps.audit;
    let accounts = &mut ctx.accounts;
    let now = Clock::get()?.unix_timestamp;
    let (network, job, node) = (&accounts.network, &accounts.job, &mut accounts.node);
    let lease = &mut accounts.lease;
    require!(
        node.operator != accounts.holder.operator && !lease.auditors.contains(&node.operator),
        RenderError::SameOperator
    );
    let reputation = race::require_to_audit(network, job, &accounts.holder, node, now)?;
    let node_address = *node.address();
    let entry = race::audit_entry(network, job.address(), job, lease, index, &node_address, node, &reputation)?;
    let eligible = eligible_at(lease.entered_at, entry.delay_ms).map_err(refused)?;
    let next = lease.model()?.claim_audit(eligible, now).map_err(refused)?;
    lease.enter(&next);
    require!(index < lease.audits_owed, RenderError::NoSuchAudit);
    let slot = lease.auditors.get_mut(usize::from(index)).ok_or(RenderError::NoSuchAudit)?;
    require!(*slot == Address::default(), RenderError::NoSuchAudit);
    *slot = node.operator;
    let value = lease.value;
    let penalty = race::penalty(network, job, value)?;
    node.hold(penalty)?;

    let begun = audit::Audit::claim(now, i64::from(job.lease_seconds)).map_err(refused)?;
    let (lease_address, attempt, class) = (*lease.address(), lease.attempt, lease.class);
    let payer = *accounts.identity.address();
    let account = &mut accounts.audit;
    account.lease = lease_address;
    account.node = node_address;
    account.payer = payer;
    account.value = value;
    account.penalty = penalty;
    account.attempt = attempt;
    account.index = index;
    account.class = class;
    account.version = LAYOUT_VERSION;
    account.bump = bump;
    account.enter(&begun, now);
    emit!(AuditClaimed {
        audit: *accounts.audit.address(),
        lease: lease_address,
        node: node_address,
        operator: accounts.node.operator,
        value,
        penalty,
        weight: entry.weight,
        delay_ms: entry.delay_ms,
        claimed_at: now,
        deadline: accounts.audit.deadline,
        index: u32::from(index),
        attempt: u32::from(attempt),
    });
    Ok(())
}
