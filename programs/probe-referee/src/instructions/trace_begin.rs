//! `trace_begin`: where the trace of a unit begins.

use super::job;
use crate::errors::refused;
use anchor_lang::{pinocchio::cpi::set_return_data, prelude::*};
use kernels::{probe::referee, referee::STATEMENT_BYTES};

/// `trace_begin` needs no account: all it knows is in its arguments.
#[derive(Accounts)]
pub struct TraceBegin {}

/// Before: a probe has this unit. After: the return data are those of [`kernels::referee::Begin::to_bytes`].
pub fn trace_begin(_ctx: &mut Context<TraceBegin>, unit: u64, statement: [u8; STATEMENT_BYTES]) -> Result<()> {
    let begin = referee::begin(&job(&statement)?, unit).map_err(refused)?;
    set_return_data(&begin.to_bytes());
    Ok(())
}
