//! `dispute_prove`: the chain executes the disputed step.

use crate::{errors::*, events::*, referee, state::*};
use anchor_lang::prelude::*;
use kernels::referee::Outcome;
use market_model::dispute::Stage;

/// Accounts of `dispute_prove`. Anyone may send it.
#[derive(Accounts)]
pub struct DisputeProve {
    /// Changed.
    #[account(mut)]
    pub dispute: Account<Dispute>,
    /// Holds the evidence. Anyone's, of any program: the referee checks every byte against the agreed state and the job's statement.
    pub evidence: UncheckedAccount,
    /// Executes the step.
    #[account(address = dispute.referee @ RenderError::WrongDispute)]
    pub referee: UncheckedAccount,
}

/// Before: one step is under dispute and the challenger's time has not run out; bytes `offset..offset + length` of the evidence account
/// are what the referee needs. After: the defender has won where the step gives what it claimed, else the challenger. Evidence that the referee refuses changes
/// nothing.
pub fn dispute_prove(ctx: &mut Context<DisputeProve>, offset: u32, length: u32) -> Result<()> {
    let now = Clock::get()?.unix_timestamp;
    let accounts = &mut ctx.accounts;
    let dispute = &mut accounts.dispute;
    let game = dispute.game()?;
    game.check(Stage::Step, now).map_err(refused)?;
    let outcome =
        referee::step(&dispute.referee, accounts.evidence.account(), &dispute.low, offset, length, &dispute.statement)?;
    let next = game.prove(outcome == Outcome::State(dispute.high), now).map_err(refused)?;
    dispute.moved(&next);
    let (computed, is_fault) = match outcome {
        Outcome::State(hash) => (hash, 0),
        Outcome::Fault => ([0; 32], 1),
    };
    emit!(StepExecuted { dispute: *dispute.address(), before: dispute.low, claimed: dispute.high, computed, is_fault });
    emit!(DisputeDecided { dispute: *dispute.address(), verdict: u64::from(dispute.verdict) });
    Ok(())
}
