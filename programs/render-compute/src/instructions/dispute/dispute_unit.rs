//! `dispute_unit`: the defender opens the leaf of the disputed unit.

use crate::{errors::*, events::UnitShown, referee, state::*};
use anchor_lang::prelude::*;
use market_model::dispute::Stage;

/// Accounts of `dispute_unit`.
#[derive(Accounts)]
pub struct DisputeUnit {
    /// The defender's key.
    pub signer: Signer,
    /// Changed.
    #[account(mut)]
    pub dispute: Account<Dispute>,
    /// Says where the unit's trace begins and ends.
    #[account(address = dispute.referee @ RenderError::WrongDispute)]
    pub referee: UncheckedAccount,
}

/// Before: one unit is under dispute and it is the defender's turn; output and trace, with as many steps as the referee says, give the unit's leaf.
/// After: the unit's first state is agreed, its last one denied, and the trace between them is under dispute.
pub fn dispute_unit(ctx: &mut Context<DisputeUnit>, output: [u8; 32], trace: [u8; 32]) -> Result<()> {
    let now = Clock::get()?.unix_timestamp;
    let accounts = &mut ctx.accounts;
    let dispute = &mut accounts.dispute;
    dispute.require_defender(accounts.signer.address())?;
    let game = dispute.game()?;
    game.check(Stage::Unit, now).map_err(refused)?;
    let begin = referee::trace_begin(&dispute.referee, dispute.unit, &dispute.statement)?;
    let next = game.unit(begin.segments, begin.segment_steps, now, &dispute.rules()).map_err(refused)?;
    let steps = begin.segments.checked_mul(begin.segment_steps).ok_or(Error::ArithmeticOverflow)?;
    let leaf = kernels::attestation::unit_leaf(dispute.unit, &output, steps, &trace);
    require!(leaf == dispute.root, RenderError::WrongLeaf);
    let end = referee::trace_end(&dispute.referee, dispute.unit, &output, &dispute.statement)?;
    dispute.output = output;
    dispute.trace = trace;
    dispute.root = trace;
    dispute.low = begin.start;
    dispute.high = end;
    dispute.moved(&next);
    emit!(UnitShown {
        dispute: *dispute.address(),
        output,
        trace,
        low: begin.start,
        high: end,
        unit: dispute.unit,
        segments: begin.segments,
        segment_steps: begin.segment_steps,
        deadline: dispute.deadline,
        stage: u64::from(dispute.stage),
    });
    Ok(())
}
