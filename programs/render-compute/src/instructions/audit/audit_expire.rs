//! `audit_expire`: takes an audit from a node that missed a deadline.

use crate::{errors::*, events::*, state::*};
use anchor_lang::prelude::*;
use market_model::{lease::Missed, reputation::Reason};

/// Accounts of `audit_expire`. Anyone may send it.
#[derive(Accounts)]
pub struct AuditExpire {
    /// Rules.
    pub network: Account<Network>,
    /// The auditor.
    #[account(mut, constraint = audit.node == *node.address() @ RenderError::WrongAudit)]
    pub node: Account<Node>,
    /// Changed.
    #[account(mut)]
    pub lease: Account<Lease>,
    /// Closed.
    #[account(mut, close = payer, constraint = audit.belongs_to(lease.address(), &lease) @ RenderError::WrongAudit)]
    pub audit: Account<Audit>,
    /// Paid the rent and receives it back.
    #[account(mut, address = audit.payer @ RenderError::WrongAudit)]
    pub payer: UncheckedAccount,
}

/// Before: the deadline to commit, or after all commitments to reveal, has passed (law L8). After: the audit can be claimed again, or, once
/// another auditor's root is public, is owed no more; a penalty has left the auditor's stake for the burn: the one of a missed lease for an audit
/// that was not committed, the audit's whole penalty for one that was hidden.
pub fn audit_expire(ctx: &mut Context<AuditExpire>) -> Result<()> {
    let now = Clock::get()?.unix_timestamp;
    let accounts = &mut ctx.accounts;
    let parameters = accounts.network.parameters();
    let (lease, audit, node) = (&mut accounts.lease, &accounts.audit, &mut accounts.node);
    let state = lease.model()?;
    let (next, missed) = state.expire_audit(&audit.model()?, now, &parameters.lease_rules()).map_err(refused)?;
    lease.enter(&next);
    let slot = lease.auditors.get_mut(usize::from(audit.index)).ok_or(RenderError::NoSuchAudit)?;
    *slot = Address::default();

    let before = node.stake_model();
    let (penalty, reason, deadline) = match missed {
        Missed::Commitment => {
            let penalty = before.expiry_penalty(&parameters.stake_rules()).map_err(refused)?;
            (penalty, SLASH_AUDIT_EXPIRED, audit.deadline)
        }
        Missed::Reveal | Missed::PickedReveal => (audit.penalty, SLASH_AUDIT_REVEAL_MISSED, state.deadline),
    };
    node.punish(penalty, 0)?;
    let reputation_before = node.reputation;
    node.remember(Reason::AuditExpired, audit.value, now, &parameters.reputation_rules())?;
    node.release(audit.penalty);
    node.leases_expired = node.leases_expired.saturating_add(1);
    emit!(AuditExpired {
        audit: *audit.address(),
        lease: audit.lease,
        node: audit.node,
        missed: deadline,
        entered_at: lease.entered_at,
        deadline: lease.deadline,
        audits: u64::from(lease.audits_owed),
        status: u64::from(lease.status),
        reputation_before,
        reputation_after: node.reputation,
    });
    emit!(stake_slashed(node, &before, audit.address(), reason));
    Ok(())
}
