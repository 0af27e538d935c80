//! `dispute_segment`: the defender shows the state at the disputed segment's beginning.

use crate::{errors::*, events::SegmentShown, state::*};
use alloc::vec::Vec;
use anchor_lang::prelude::*;

/// Accounts of `dispute_segment`.
#[derive(Accounts)]
pub struct DisputeSegment {
    /// The defender's key.
    pub signer: Signer,
    /// Changed.
    #[account(mut)]
    pub dispute: Account<Dispute>,
}

/// Before: one segment other than the first is under dispute and it is the defender's turn; `state` is in the trace where the segment begins.
/// After: that state is agreed, since the challenger denied none before the segment's end, and the segment's steps are under dispute.
pub fn dispute_segment(ctx: &mut Context<DisputeSegment>, state: [u8; 32], proof: Vec<[u8; 32]>) -> Result<()> {
    let now = Clock::get()?.unix_timestamp;
    let accounts = &mut ctx.accounts;
    let dispute = &mut accounts.dispute;
    dispute.require_defender(accounts.signer.address())?;
    let next = dispute.game()?.segment(now, &dispute.rules()).map_err(refused)?;
    // Segment s begins at boundary s, which is leaf s - 1: boundary 0 is no leaf.
    let leaf = dispute.segment.checked_sub(1).ok_or(Error::ArithmeticOverflow)?;
    let boundaries = dispute.segments.checked_sub(1).ok_or(Error::ArithmeticOverflow)?;
    require!(kernels::merkle::verify(&dispute.trace, leaf, boundaries, &state, &proof), RenderError::WrongProof);
    dispute.low = state;
    dispute.moved(&next);
    emit!(SegmentShown {
        dispute: *dispute.address(),
        low: state,
        segment: dispute.segment,
        deadline: dispute.deadline,
        stage: u64::from(dispute.stage),
    });
    Ok(())
}
