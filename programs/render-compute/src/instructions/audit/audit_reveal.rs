//! `audit_reveal`: an auditor shows the root it committed to.

use crate::{errors::*, events::AuditRevealed, state::*};
use anchor_lang::prelude::*;

/// Accounts of `audit_reveal`.
#[derive(Accounts)]
pub struct AuditReveal {
    /// The auditor's identity.
    pub identity: Signer,
    /// Rules.
    pub network: Account<Network>,
    /// The auditor; its registration slot is part of the commitment.
    #[account(constraint = node.identity == *identity.address() @ RenderError::NotIdentity)]
    pub node: Account<Node>,
    /// Changed.
    #[account(mut)]
    pub lease: Account<Lease>,
    /// Changed.
    #[account(mut, constraint = audit.node == *node.address() && audit.belongs_to(lease.address(), &lease) @ RenderError::WrongAudit)]
    pub audit: Account<Audit>,
}

/// Before: every audit of the lease is committed, this one in an earlier slot, and the time to reveal has not run out; root and salt give the
/// commitment. After: the root is public; when it is the last one, it is the holder's turn.
pub fn audit_reveal(ctx: &mut Context<AuditReveal>, root: [u8; 32], salt: [u8; 32]) -> Result<()> {
    require!(root != [0; 32], RenderError::ZeroValue);
    let clock = Clock::get()?;
    let accounts = &mut ctx.accounts;
    let (lease, audit) = (&mut accounts.lease, &mut accounts.audit);
    let next_audit = audit.model()?.reveal().map_err(refused)?;
    let rules = accounts.network.parameters().lease_rules();
    let next = lease.model()?.reveal_audit(clock.unix_timestamp, &rules).map_err(refused)?;
    require!(clock.slot > audit.committed_slot, RenderError::RevealTooEarly);
    // The audit's address stands where a holder's commitment has the lease's, so that neither can be used as the other.
    let expected = kernels::attestation::commitment(
        audit.address().as_array(),
        accounts.node.address().as_array(),
        accounts.node.registered_slot,
        audit.attempt,
        &root,
        &salt,
    );
    require!(expected == audit.commitment, RenderError::CommitmentMismatch);
    audit.enter(&next_audit, clock.unix_timestamp);
    audit.root = root;
    lease.enter(&next);
    emit!(AuditRevealed {
        audit: *audit.address(),
        lease: audit.lease,
        node: audit.node,
        root,
        missing: u64::from(lease.audits_owed.saturating_sub(lease.audits_revealed)),
        deadline: lease.deadline,
    });
    Ok(())
}
