//! `evidence_close`: gives back the rent of evidence.

use crate::{errors::*, events::EvidenceClosed, state::*};
use anchor_lang::prelude::*;

/// Accounts of `evidence_close`. Its author may send it at any time, anyone once the dispute is gone.
#[derive(Accounts)]
pub struct EvidenceClose {
    /// Sends it.
    pub closer: Signer,
    /// What the evidence is for, or its empty address after the dispute was closed.
    #[account(address = evidence.dispute @ RenderError::WrongDispute)]
    pub dispute: UncheckedAccount,
    /// Paid the rent and receives it back. May be the sender: no data of either is read.
    #[account(mut, unsafe(dup), address = evidence.author @ RenderError::NotAuthor)]
    pub author: UncheckedAccount,
    /// Closed.
    #[account(mut, close = author)]
    pub evidence: Account<Evidence>,
}

/// Before: the signer is the author, or the dispute's account is gone. After: the account is gone.
pub fn evidence_close(ctx: &mut Context<EvidenceClose>) -> Result<()> {
    let accounts = &ctx.accounts;
    let is_author = *accounts.closer.address() == accounts.evidence.author;
    require!(is_author || !accounts.dispute.account().owned_by(&crate::ID), RenderError::EvidenceNeeded);
    emit!(EvidenceClosed {
        evidence: *accounts.evidence.address(),
        dispute: accounts.evidence.dispute,
        author: accounts.evidence.author,
    });
    Ok(())
}
