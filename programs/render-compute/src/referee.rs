//! Calls to an engine's referee program: what it is asked and how its answers are read. `kernels::referee::wire` has the bytes.
//!
//! A referee gets no account that could sign or be written, so the worst a bad one can do is to answer wrongly or not at all.

use crate::{constants::STATEMENT_BYTES, errors::RenderError};
use anchor_lang::{
    pinocchio::{
        cpi::invoke,
        instruction::{InstructionAccount, InstructionView},
    },
    prelude::*,
};
use kernels::referee::{Begin, Outcome, wire};

/// Where the trace of `unit` begins, and its size.
#[inline(never)]
pub fn trace_begin(referee: &Address, unit: u64, statement: &[u8; STATEMENT_BYTES]) -> Result<Begin> {
    let data = wire::trace_begin(unit, statement);
    invoke::<0, &AccountView>(&InstructionView { program_id: referee, accounts: &[], data: &data }, &[])?;
    Ok(Begin::from_bytes(&answer(referee)?))
}

/// The hash of the last state of `unit`, if this were its output.
#[inline(never)]
pub fn trace_end(
    referee: &Address,
    unit: u64,
    output: &[u8; 32],
    statement: &[u8; STATEMENT_BYTES],
) -> Result<[u8; 32]> {
    let data = wire::trace_end(unit, output, statement);
    invoke::<0, &AccountView>(&InstructionView { program_id: referee, accounts: &[], data: &data }, &[])?;
    answer(referee)
}

/// What follows the state with the hash `before`, by the evidence that lies at `offset..offset + length` of an account.
#[inline(never)]
pub fn step(
    referee: &Address,
    evidence: &AccountView,
    before: &[u8; 32],
    offset: u32,
    length: u32,
    statement: &[u8; STATEMENT_BYTES],
) -> Result<Outcome> {
    let data = wire::step(before, offset, length, statement);
    let accounts = [InstructionAccount::readonly(evidence.address())];
    invoke(&InstructionView { program_id: referee, accounts: &accounts, data: &data }, &[evidence])?;
    Outcome::from_bytes(&answer(referee)?).ok_or_else(|| RenderError::BadReferee.into())
}

/// What the referee returned, which must be exactly this long.
#[inline(never)]
fn answer<const N: usize>(referee: &Address) -> Result<[u8; N]> {
    // The runtime clears the buffer before each call: what is there now was set by the referee, or by a program that it called.
    let mut answer = [0; N];
    let mut program = [0; 32];
    let length = return_data(&mut answer, &mut program);
    require!(length == answer.len() && program == referee.to_bytes(), RenderError::BadReferee);
    Ok(answer)
}

/// Bytes of return data there are, as many of them as `data` holds, and the program that set them.
///
/// The library's own function moves a kilobyte by value, which no frame of 4 KiB holds often enough.
#[cfg(any(target_os = "solana", target_arch = "bpf"))]
fn return_data(data: &mut [u8], program: &mut [u8; 32]) -> usize {
    unsafe extern "C" {
        fn sol_get_return_data(data: *mut u8, length: u64, program: *mut u8) -> u64;
    }
    // SAFETY: the runtime writes at most `length` bytes to `data`, which has as many, and 32 to `program`.
    let length = unsafe { sol_get_return_data(data.as_mut_ptr(), data.len() as u64, program.as_mut_ptr()) };
    usize::try_from(length).unwrap_or(usize::MAX)
}

/// Outside the chain nobody returns anything.
#[cfg(not(any(target_os = "solana", target_arch = "bpf")))]
fn return_data(_: &mut [u8], _: &mut [u8; 32]) -> usize {
    0
}
