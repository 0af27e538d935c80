//! `dispute_open_audit`: an audit found another root.

use super::{Opening, begin, require_referee};
use crate::{constants::*, errors::*, events::dispute_opened, state::*};
use anchor_lang::prelude::*;
use market_model::audit::{self, AuditState};

/// Accounts of `dispute_open_audit`. Anyone may send it.
#[derive(Accounts)]
pub struct DisputeOpenAudit {
    /// Pays the rent.
    #[account(mut)]
    pub payer: Signer,
    /// Rules.
    pub network: Account<Network>,
    /// The lease's job; its statement is what the root is about.
    #[account(constraint = lease.job == *job.address() @ RenderError::WrongLease)]
    pub job: Account<Job>,
    /// Names the referee.
    #[account(constraint = job.engine == *engine.address() @ RenderError::WrongDispute)]
    pub engine: Account<Engine>,
    /// The defender; its identity signs its moves.
    #[account(constraint = lease.node == *node.address() @ RenderError::WrongLease)]
    pub node: Account<Node>,
    /// The auditor, who challenges; its identity signs its moves.
    #[account(constraint = audit.node == *auditor.address() @ RenderError::WrongAudit)]
    pub auditor: Account<Node>,
    /// Changed.
    #[account(mut)]
    pub lease: Account<Lease>,
    /// Changed.
    #[account(mut, constraint = audit.belongs_to(lease.address(), &lease) @ RenderError::WrongAudit)]
    pub audit: Account<Audit>,
    /// Created.
    #[account(
        init,
        payer = payer,
        seeds = [SEED_DISPUTE, lease.address().as_ref(), lease.disputes.to_le_bytes()],
        bump
    )]
    pub dispute: Account<Dispute>,
    /// System program.
    pub system_program: Program<System>,
}

/// Before: lease and audit are revealed and their roots differ; the engine has a referee. After: the lease is under dispute and it is the
/// defender's turn. The window does not matter: a lease with such an audit cannot be accepted.
pub fn dispute_open_audit(ctx: &mut Context<DisputeOpenAudit>) -> Result<()> {
    let bump = ctx.bumps.dispute;
    let accounts = &mut ctx.accounts;
    let now = Clock::get()?.unix_timestamp;
    let referee = require_referee(&accounts.engine, &accounts.job)?;
    let next = accounts.lease.model()?.contradict(now).map_err(refused)?;
    accounts.lease.enter(&next);
    let state = accounts.audit.model()?;
    require!(state.state == AuditState::Revealed, RenderError::AuditNotRevealed);
    require!(accounts.audit.root != accounts.lease.root, RenderError::RootsAgree);
    accounts.audit.enter(&audit::Audit { state: AuditState::Disputed, ..state }, now);
    let opening = Opening {
        referee,
        defender_key: accounts.node.identity,
        challenger: *accounts.auditor.address(),
        challenger_key: accounts.auditor.identity,
        audit: *accounts.audit.address(),
        bond: 0,
        payer: *accounts.payer.address(),
        bump,
    };
    begin(
        &mut accounts.dispute,
        &mut accounts.lease,
        &accounts.job,
        &opening,
        now,
        &accounts.network.parameters().dispute_rules(),
    )?;
    emit!(dispute_opened(accounts.dispute.address(), &accounts.dispute, accounts.lease.units));
    Ok(())
}
