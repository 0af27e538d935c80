//! `trace_begin`: where the trace of a unit begins.

use crate::errors::refused;
use anchor_lang::{pinocchio::cpi::set_return_data, prelude::*};
use kernels::referee::{self, STATEMENT_BYTES, Statement};

/// `trace_begin` needs no account: all it knows is in its arguments.
#[derive(Accounts)]
pub struct TraceBegin {}

/// Before: the job has this unit. After: the return data are those of [`referee::Begin::to_bytes`].
pub fn trace_begin(_ctx: &mut Context<TraceBegin>, unit: u64, statement: [u8; STATEMENT_BYTES]) -> Result<()> {
    let statement = Statement::from_bytes(&statement).map_err(refused)?;
    let begin = referee::begin(&statement, unit).map_err(refused)?;
    set_return_data(&begin.to_bytes());
    Ok(())
}
