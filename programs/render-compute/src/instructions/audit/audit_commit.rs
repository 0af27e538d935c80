//! `audit_commit`: an auditor binds itself to its root without showing it.

use crate::{errors::*, events::AuditCommitted, state::*};
use anchor_lang::prelude::*;

/// Accounts of `audit_commit`.
#[derive(Accounts)]
pub struct AuditCommit {
    /// The auditor's identity.
    pub identity: Signer,
    /// Rules.
    pub network: Account<Network>,
    /// The auditor.
    #[account(constraint = node.identity == *identity.address() @ RenderError::NotIdentity)]
    pub node: Account<Node>,
    /// Changed.
    #[account(mut)]
    pub lease: Account<Lease>,
    /// Changed.
    #[account(mut, constraint = audit.node == *node.address() && audit.belongs_to(lease.address(), &lease) @ RenderError::WrongAudit)]
    pub audit: Account<Audit>,
}

/// Before: the node holds the audit and its deadline has not passed. After: the commitment stands; when it is the last one, the time for the
/// auditors' reveals runs.
pub fn audit_commit(ctx: &mut Context<AuditCommit>, commitment: [u8; 32]) -> Result<()> {
    require!(commitment != [0; 32], RenderError::ZeroValue);
    let clock = Clock::get()?;
    let accounts = &mut ctx.accounts;
    let (lease, audit) = (&mut accounts.lease, &mut accounts.audit);
    let next = audit.model()?.commit(clock.unix_timestamp).map_err(refused)?;
    audit.enter(&next, clock.unix_timestamp);
    audit.commitment = commitment;
    audit.committed_slot = clock.slot;
    let rules = accounts.network.parameters().lease_rules();
    let next = lease.model()?.commit_audit(clock.unix_timestamp, &rules).map_err(refused)?;
    lease.enter(&next);
    emit!(AuditCommitted {
        audit: *audit.address(),
        lease: audit.lease,
        node: audit.node,
        commitment,
        slot: clock.slot,
        missing: u64::from(lease.audits_owed.saturating_sub(lease.audits_committed)),
        deadline: lease.deadline,
    });
    Ok(())
}
