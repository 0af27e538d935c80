//! `evidence_open`: makes room for evidence.

use crate::{constants::*, errors::*, events::EvidenceOpened, state::*};
use anchor_lang::prelude::*;

/// Accounts of `evidence_open`.
#[derive(Accounts)]
#[instruction(size: u32)]
pub struct EvidenceOpen {
    /// Writes the evidence; pays the rent and receives it back.
    #[account(mut)]
    pub author: Signer,
    /// What it is for.
    pub dispute: Account<Dispute>,
    /// Created.
    #[account(
        init,
        payer = author,
        space = evidence_space(size),
        seeds = [SEED_EVIDENCE, dispute.address().as_ref(), author.address().as_ref()],
        bump
    )]
    pub evidence: Account<Evidence>,
    /// System program.
    pub system_program: Program<System>,
}

/// Before: the author has no evidence account for this dispute; `size` is at most 20,000. After: it has one of `size` zeros, at most 10,000 of them: a
/// program cannot make a larger account at once, but `evidence_write` lets it grow.
pub fn evidence_open(ctx: &mut Context<EvidenceOpen>, size: u32) -> Result<()> {
    require!(size > 0 && size <= MAX_EVIDENCE, RenderError::EvidenceOutOfBounds);
    let accounts = &mut ctx.accounts;
    let (author, dispute) = (*accounts.author.address(), *accounts.dispute.address());
    accounts.evidence.author = author;
    accounts.evidence.dispute = dispute;
    emit!(EvidenceOpened { evidence: *accounts.evidence.address(), dispute, author, size: u64::from(size) });
    Ok(())
}
