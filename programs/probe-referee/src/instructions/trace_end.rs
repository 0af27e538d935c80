//! `trace_end`: where the trace of a unit ends, given its output.

use super::job;
use crate::errors::refused;
use anchor_lang::{pinocchio::cpi::set_return_data, prelude::*};
use kernels::{probe::referee, referee::STATEMENT_BYTES};

/// `trace_end` needs no account: all it knows is in its arguments.
#[derive(Accounts)]
pub struct TraceEnd {}

/// Before: a probe has this unit. After: the return data are the hash of the final state.
pub fn trace_end(
    _ctx: &mut Context<TraceEnd>,
    unit: u64,
    output: [u8; 32],
    statement: [u8; STATEMENT_BYTES],
) -> Result<()> {
    let hash = referee::end(&job(&statement)?, unit, output).map_err(refused)?;
    set_return_data(&hash);
    Ok(())
}
