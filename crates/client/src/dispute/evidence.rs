//! From a move to transactions. Evidence is larger than a transaction: it is written into an account of its author piece by
//! piece, and given its rent back in the transaction that uses it.

use super::player::Move;
use crate::{
    account::{self, DISCRIMINATOR_LENGTH},
    address,
    chain::RawAccount,
    instruction::{self, ComputeBudgetInstruction},
};
use render_compute::state::{Dispute, Evidence};
use solana_address::Address;
use solana_instruction::Instruction;

/// Bytes before the evidence in its account.
pub const EVIDENCE_HEADER: usize = DISCRIMINATOR_LENGTH + size_of::<Evidence>();
/// Bytes written in one transaction; with the rest of it they stay below 1,232.
const PIECE: usize = 900;
/// The most that a transaction may ask for: the referee executes one step of the engine.
const MOST_COMPUTE_UNITS: u32 = 1_400_000;

/// The transactions of a move, in order; `signer` is the party's key. `evidence` is the account at
/// [`address::evidence`] as it is now, so that what was written before an interruption is not written again.
pub fn instructions_for(
    dispute: &Address,
    state: &Dispute,
    next: &Move,
    signer: &Address,
    evidence: Option<&RawAccount>,
) -> Vec<Vec<Instruction>> {
    let one = |instruction| vec![vec![instruction]];
    match next {
        Move::Divide(hashes) => one(instruction::dispute_divide(signer, dispute, hashes)),
        Move::Pick(part) => one(instruction::dispute_pick(signer, dispute, *part)),
        Move::Unit { output, trace } => {
            vec![vec![generous(), instruction::dispute_unit(signer, dispute, state, *output, *trace)]]
        }
        Move::Segment { hash, proof } => one(instruction::dispute_segment(signer, dispute, *hash, proof)),
        Move::Prove(bytes) => prove(dispute, state, bytes, signer, evidence),
    }
}

fn generous() -> Instruction {
    ComputeBudgetInstruction::set_compute_unit_limit(MOST_COMPUTE_UNITS)
}

fn prove(
    dispute: &Address,
    state: &Dispute,
    bytes: &[u8],
    author: &Address,
    account: Option<&RawAccount>,
) -> Vec<Vec<Instruction>> {
    let number = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    let length = number(bytes.len());
    let mut transactions = Vec::new();
    // What an interrupted attempt left behind is written over where it differs.
    let written = match account.and_then(account::evidence) {
        Some((_, written)) => written,
        None => {
            transactions.push(vec![instruction::evidence_open(author, dispute, length)]);
            &[]
        }
    };
    for (piece, offset) in bytes.chunks(PIECE).zip((0..).step_by(PIECE)) {
        if written.get(offset..offset + piece.len()) != Some(piece) {
            transactions.push(vec![instruction::evidence_write(author, dispute, number(offset), piece)]);
        }
    }
    let evidence = address::evidence(dispute, author);
    transactions.push(vec![
        generous(),
        instruction::dispute_prove(dispute, state, &evidence, number(EVIDENCE_HEADER), length),
        instruction::evidence_close(author, author, dispute),
    ]);
    transactions
}
