//! `step`: what follows a state.

use crate::errors::refused;
use anchor_lang::{pinocchio::cpi::set_return_data, prelude::*};
use kernels::referee::{self, RefereeError, STATEMENT_BYTES, Statement, wire};

/// Accounts of `step`.
#[derive(Accounts)]
pub struct Step {
    /// Holds the evidence. Any account of any program will do: what it holds is proved against the arguments.
    pub evidence: UncheckedAccount,
}

/// Before: the account's data hold the evidence at `offset..offset + length`. After: the return data are those of
/// [`referee::Outcome::to_bytes`].
pub fn step(
    ctx: &mut Context<Step>,
    before: [u8; 32],
    offset: u32,
    length: u32,
    statement: [u8; STATEMENT_BYTES],
) -> Result<()> {
    let statement = Statement::from_bytes(&statement).map_err(refused)?;
    let data = ctx.accounts.evidence.account().try_borrow()?;
    let evidence = wire::evidence(&data, offset, length).ok_or_else(|| refused(RefereeError::EvidenceShort))?;
    let outcome = referee::step(&statement, &before, evidence).map_err(refused)?;
    set_return_data(&outcome.to_bytes());
    Ok(())
}
