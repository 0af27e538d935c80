//! `audit_close`: frees a node from an audit of an attempt that is over.

use crate::{errors::*, events::AuditClosed, state::*};
use anchor_lang::prelude::*;
use market_model::MarketError;

/// Accounts of `audit_close`. Anyone may send it.
#[derive(Accounts)]
pub struct AuditClose {
    /// The audit's lease, or its empty address after the lease was closed.
    #[account(address = audit.lease @ RenderError::WrongAudit)]
    pub lease: UncheckedAccount,
    /// The auditor.
    #[account(mut, constraint = audit.node == *node.address() @ RenderError::WrongAudit)]
    pub node: Account<Node>,
    /// Closed.
    #[account(mut, close = payer)]
    pub audit: Account<Audit>,
    /// Paid the rent and receives it back.
    #[account(mut, address = audit.payer @ RenderError::WrongAudit)]
    pub payer: UncheckedAccount,
}

/// Before: the lease was opened again since, or is gone. After: the account is gone and its node free; nothing is owed or paid.
pub fn audit_close(ctx: &mut Context<AuditClose>) -> Result<()> {
    let accounts = &mut ctx.accounts;
    let audit = &accounts.audit;
    let view = accounts.lease.account();
    if view.owned_by(&crate::ID) {
        let lease = Account::<Lease>::load(*view)?;
        if lease.attempt == audit.attempt {
            return Err(refused(MarketError::AuditStillWanted));
        }
    }
    accounts.node.release(audit.penalty);
    emit!(AuditClosed { audit: *audit.address(), lease: audit.lease, node: audit.node, payer: audit.payer });
    Ok(())
}
