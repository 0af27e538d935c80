//! One file per instruction: its accounts and its handler.

mod step;
mod trace_begin;
mod trace_end;

pub use step::*;
pub use trace_begin::*;
pub use trace_end::*;

use crate::errors::refused;
use anchor_lang::prelude::*;
use kernels::{probe::machine::Job, referee::STATEMENT_BYTES};

/// The probe that a statement describes.
#[inline(never)]
fn job(statement: &[u8; STATEMENT_BYTES]) -> Result<Job> {
    Job::from_statement(statement).map_err(|error| refused(error.into()))
}
