//! `audit_accept`: pays an auditor whose root agrees, once nobody can deny it any more.

use crate::{
    constants::*,
    errors::*,
    events::{AuditAccepted, ProbeAudited},
    model::*,
    state::*,
};
use anchor_lang::prelude::*;
use market_model::{audit::AuditState, probe::score, reputation::Reason};

/// Accounts of `audit_accept`. Anyone may send it.
#[derive(Accounts)]
pub struct AuditAccept {
    /// Rules.
    pub network: Account<Network>,
    /// Changed.
    #[account(mut)]
    pub lease: Account<Lease>,
    /// Closed.
    #[account(mut, close = payer, constraint = audit.belongs_to(lease.address(), &lease) @ RenderError::WrongAudit)]
    pub audit: Account<Audit>,
    /// The auditor, who earns.
    #[account(mut, constraint = audit.node == *node.address() @ RenderError::WrongAudit)]
    pub node: Account<Node>,
    /// The running epoch.
    pub epoch: Account<Epoch>,
    /// The auditor's shard of it.
    #[account(mut, constraint = shard.epoch == epoch.number && shard.shard == shard_of(&node.identity.to_bytes()) @ RenderError::WrongShard)]
    pub shard: Account<EpochShard>,
    /// The auditor's work in it.
    #[account(mut, constraint = node_epoch.epoch == epoch.number && node_epoch.node == *node.address() @ RenderError::WrongEpoch)]
    pub node_epoch: Account<NodeEpoch>,
    /// Paid the rent and receives it back.
    #[account(mut, address = audit.payer @ RenderError::WrongAudit)]
    pub payer: UncheckedAccount,
    /// The probe that the lease is; none where it is none.
    #[account(constraint = probe.lease == *lease.address() @ RenderError::WrongProbe)]
    pub probe: Option<Account<Probe>>,
}

/// Before: the lease is revealed and its challenge window has closed; the audit is revealed and its root is the lease's; the epoch runs.
/// After: what the lease is worth counts as the auditor's work of the epoch. The premiums of all jobs pay for it, not this job's escrow. A probe's auditor
/// earns the points that the probe was worth when it was opened.
pub fn audit_accept(ctx: &mut Context<AuditAccept>) -> Result<()> {
    let now = Clock::get()?.unix_timestamp;
    let accounts = &mut ctx.accounts;
    accounts.epoch.require_running(now)?;
    let (lease, audit) = (&mut accounts.lease, &accounts.audit);
    let next = lease.model()?.accept_audit(now).map_err(refused)?;
    require!(audit.model()?.state == AuditState::Revealed, RenderError::AuditNotRevealed);
    require!(audit.root == lease.root, RenderError::RootsDiffer);
    lease.enter(&next);

    let (value, node_work_after) = if audit.class == CLASS_PROBE {
        serve(accounts)?;
        (0, 0)
    } else {
        (audit.value, accounts.node_epoch.credit(&mut accounts.shard, audit.class, audit.value)?)
    };
    let audit = &accounts.audit;

    let node = &mut accounts.node;
    let reputation_before = node.reputation;
    node.remember(Reason::AuditAccepted, audit.value, now, &accounts.network.parameters().reputation_rules())?;
    node.release(audit.penalty);
    node.audits_accepted = node.audits_accepted.saturating_add(1);
    node.credits_accepted = sum(node.credits_accepted, value)?;
    emit!(AuditAccepted {
        audit: *audit.address(),
        lease: audit.lease,
        node: audit.node,
        value,
        epoch: accounts.epoch.number,
        node_work_after,
        unpaid: u64::from(accounts.lease.audits_owed.saturating_sub(accounts.lease.audits_paid)),
        reputation_before,
        reputation_after: node.reputation,
    });
    Ok(())
}

/// Counts the points of a probe's audit: as much work as the probe, so as many points, whatever the auditor's own ratings and however many nodes
/// the probed operator has.
#[inline(never)]
fn serve(accounts: &mut AuditAccept) -> Result<()> {
    let probe = accounts.probe.as_ref().ok_or(RenderError::WrongProbe)?;
    let rules = accounts.network.parameters().probe_rules();
    let points = score(&probe.ratings(probe.bandwidth), &rules).map_err(refused)?;
    accounts.node_epoch.serve(&mut accounts.shard, points)?;
    emit!(ProbeAudited {
        probe: *probe.address(),
        node: *accounts.node.address(),
        epoch: accounts.epoch.number,
        points,
        service_points_after: accounts.node_epoch.service_points,
    });
    Ok(())
}
