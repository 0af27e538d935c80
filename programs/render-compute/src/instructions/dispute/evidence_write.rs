//! `evidence_write`: writes a piece of evidence.

use crate::{constants::*, errors::*, state::*};
use alloc::vec::Vec;
use anchor_lang::{cpi::realloc_account, prelude::*};

/// Accounts of `evidence_write`.
#[derive(Accounts)]
pub struct EvidenceWrite {
    /// The author; pays the rent of what the evidence grows by.
    #[account(mut)]
    pub author: Signer,
    /// Changed. Its type and author are checked in the handler, which writes behind the typed part.
    #[account(mut)]
    pub evidence: UncheckedAccount,
    /// System program.
    pub system_program: Program<System>,
}

/// Before: the signer is the author and the piece ends within 20,000 bytes. After: the piece stands at `offset`, counted from the evidence's first byte; an
/// account that ended before has grown.
pub fn evidence_write(ctx: &mut Context<EvidenceWrite>, offset: u32, bytes: Vec<u8>) -> Result<()> {
    let accounts = &ctx.accounts;
    let mut view = *accounts.evidence.account();
    let author = Account::<Evidence>::load(view)?.author;
    require!(author == *accounts.author.address(), RenderError::NotAuthor);
    let length = u32::try_from(bytes.len()).map_err(|_| Error::ArithmeticOverflow)?;
    let end = offset.checked_add(length).filter(|end| *end <= MAX_EVIDENCE).ok_or(RenderError::EvidenceOutOfBounds)?;
    let (start, end) = (evidence_place(offset), evidence_place(end));
    if end > view.data_len() {
        realloc_account(&mut view, end, accounts.author.account(), true)?;
    }
    let mut data = view.try_borrow_mut()?;
    data.get_mut(start..end).ok_or(RenderError::EvidenceOutOfBounds)?.copy_from_slice(&bytes);
    Ok(())
}
