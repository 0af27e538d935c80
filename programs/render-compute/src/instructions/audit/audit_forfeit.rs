//! `audit_forfeit`: takes a lease from a node that hid its result after it had been audited.

use crate::{errors::*, events::*, model::sum, state::*};
use anchor_lang::prelude::*;
use market_model::{audit::AuditState, reputation::Reason};

/// Accounts of `audit_forfeit`. Anyone may send it.
#[derive(Accounts)]
pub struct AuditForfeit {
    /// Rules.
    pub network: Account<Network>,
    /// The holder.
    #[account(mut, constraint = lease.node == *node.address() @ RenderError::WrongLease)]
    pub node: Account<Node>,
    /// Changed.
    #[account(mut)]
    pub lease: Account<Lease>,
    /// Closed. Which of the lease's audits it is, the sender chooses.
    #[account(mut, close = payer, constraint = audit.belongs_to(lease.address(), &lease) @ RenderError::WrongAudit)]
    pub audit: Account<Audit>,
    /// The auditor; receives the finder's fee as stake.
    #[account(mut, constraint = audit.node == *auditor.address() @ RenderError::WrongAudit)]
    pub auditor: Account<Node>,
    /// Paid the audit's rent and receives it back.
    #[account(mut, address = audit.payer @ RenderError::WrongAudit)]
    pub payer: UncheckedAccount,
}

/// Before: every audit of the lease is revealed and the holder's time to reveal has passed (law L8). After: the lease can be claimed again; its
/// whole penalty has left the holder's stake, the finder's fee of it to the auditor's, the rest for the burn.
pub fn audit_forfeit(ctx: &mut Context<AuditForfeit>) -> Result<()> {
    let now = Clock::get()?.unix_timestamp;
    let accounts = &mut ctx.accounts;
    let parameters = accounts.network.parameters();
    let (lease, audit) = (&mut accounts.lease, &accounts.audit);
    let (deadline, penalty) = (lease.deadline, lease.penalty);
    let next = lease.model()?.forfeit(now).map_err(refused)?;
    require!(audit.model()?.state == AuditState::Revealed, RenderError::AuditNotRevealed);
    lease.reopen(&next);

    let node = &mut accounts.node;
    let before = node.stake_model();
    let (taken, fee) = node.punish(penalty, parameters.finder_fee_bps)?;
    let reputation_before = node.reputation;
    node.remember(Reason::ResultHidden, lease.value, now, &parameters.reputation_rules())?;
    node.release(penalty);
    node.leases_expired = node.leases_expired.saturating_add(1);

    let auditor = &mut accounts.auditor;
    auditor.stake = sum(auditor.stake, fee)?;
    auditor.release(audit.penalty);
    emit!(LeaseExpired {
        lease: *lease.address(),
        node: *node.address(),
        deadline,
        claimable_at: lease.claimable_at,
        reputation_before,
        reputation_after: node.reputation,
    });
    emit!(stake_slashed(node, &before, lease.address(), SLASH_AUDITED_REVEAL_MISSED));
    emit!(AuditForfeited {
        audit: *audit.address(),
        lease: *lease.address(),
        node: *node.address(),
        auditor: *auditor.address(),
        taken,
        fee,
        auditor_stake_after: auditor.stake,
    });
    Ok(())
}
