//! The referee of the `probe` engine: executes one step of a trace on chain and returns the hash of the state after it.
//!
//! Stateless: it owns no account, moves no tokens, and answers everyone. All rules stand in `kernels::probe::referee`, the same source that
//! clients and tests run; SPEC.md beside this crate describes the wire format for programs that ask.
#![cfg_attr(not(feature = "idl-build"), no_std)]
// Anchor's macros test for cfgs that only its own toolchain declares, and generate undocumented items and bindings.
#![allow(unexpected_cfgs, missing_docs, unused_variables)]
extern crate alloc;

pub mod errors;
pub mod instructions;

use anchor_lang::prelude::*;
use instructions::*;
use kernels::referee::STATEMENT_BYTES;
#[cfg(target_arch = "bpf")]
use sbf_builtins as _;

declare_id!("GtYorNDwhN4Xyr4FiLWJa58xd5nhnW9KPGSABEJ8efQZ");

/// The instructions. Each one's comment is its specification.
#[program]
pub mod probe_referee {
    use super::*;

    /// Executes the step after the state with the hash `before`.
    ///
    /// Nobody signs. Before: the account's data hold the evidence for that state at `offset..offset + length`. After: the return data
    /// are 0 and the hash of the state after, or 1 and zeros where no step follows.
    pub fn step(
        ctx: &mut Context<Step>,
        before: [u8; 32],
        offset: u32,
        length: u32,
        statement: [u8; STATEMENT_BYTES],
    ) -> Result<()> {
        instructions::step(ctx, before, offset, length, statement)
    }

    /// Says where the trace of a unit begins.
    ///
    /// Nobody signs. Before: the job has this unit. After: the return data are the hash of the first state, the number of segments and
    /// the steps of a segment, both u64 little-endian.
    pub fn trace_begin(ctx: &mut Context<TraceBegin>, unit: u64, statement: [u8; STATEMENT_BYTES]) -> Result<()> {
        instructions::trace_begin(ctx, unit, statement)
    }

    /// Says where the trace of a unit ends, if `output` is its result's digest.
    ///
    /// Nobody signs. Before: the job has this unit. After: the return data are the hash of the final state.
    pub fn trace_end(
        ctx: &mut Context<TraceEnd>,
        unit: u64,
        output: [u8; 32],
        statement: [u8; STATEMENT_BYTES],
    ) -> Result<()> {
        instructions::trace_end(ctx, unit, output, statement)
    }
}
