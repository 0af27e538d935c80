//! Evidence for a probe that does not fit is refused, each time for its own reason, and none makes the program fail without a
//! code.

use kernels::merkle::{Digest, sha256};
use kernels::probe::machine::{CHAIN, HEAD_BYTES, Job, State, WALK};
use kernels::probe::referee::RefereeError;
use kernels::referee::{Outcome, STATEMENT_BYTES, wire};
use market_tests::probe_referee::{SMALL, prover};
use market_tests::referee::Referee;
use probe_referee::errors::REFEREE_ERROR_OFFSET;
use proptest::prelude::*;
use solana_instruction_error::InstructionError;
use solana_transaction_error::TransactionError;

const JOB: Job = Job { plan: SMALL, seed: [21; 32] };
/// A byte of the second round that reads a row and appends to a leaf of which 76 bytes are written.
const BYTE: u64 = 128 * 128 + 1_100;
/// A cell of the second pass that reads three leaves and appends to a leaf of which 22 cells are written.
const CELL: u64 = 4 * 192 + 150;

fn statement() -> [u8; STATEMENT_BYTES] {
    JOB.plan.statement(&JOB.seed)
}

fn refusal(error: RefereeError) -> TransactionError {
    let code = REFEREE_ERROR_OFFSET + error.code();
    // The question is the second instruction, behind the limit of compute units.
    TransactionError::InstructionError(1, InstructionError::Custom(code))
}

/// Honest evidence for one step.
struct Honest {
    program: Referee,
    state: usize,
    before: Digest,
    evidence: Vec<u8>,
}

impl Honest {
    fn new(unit: u64, step: u64) -> Self {
        let mut prover = prover(JOB);
        let state = prover.state(unit, step).expect("a step");
        let evidence = prover.evidence(unit, step).expect("a step");
        Self { program: Referee::of_probes(), state: state.to_bytes().len(), before: state.hash(), evidence }
    }

    /// Why changed evidence is refused.
    fn refused(&mut self, change: impl FnOnce(&mut Vec<u8>)) -> TransactionError {
        let mut evidence = self.evidence.clone();
        change(&mut evidence);
        self.program.step_of(&statement(), &self.before, &evidence).expect_err("changed evidence")
    }
}

#[test]
fn a_statement_of_another_format_is_refused() {
    let mut program = Referee::of_probes();
    let mut other = statement();
    other[0] = 1;
    let error = Err(refusal(RefereeError::Format));
    assert_eq!(program.ask(&wire::trace_begin(0, &other), None), error);
    assert_eq!(program.ask(&wire::trace_end(0, &[0; 32], &other), None), error);
    assert_eq!(program.ask(&wire::step(&[0; 32], 0, 0, &other), Some(&[])), error);
}

#[test]
fn a_statement_of_no_valid_probe_is_refused() {
    let mut program = Referee::of_probes();
    let error = Err(refusal(RefereeError::Statement));
    for at in [4, 64, 72, 76, 80, 84, 88, 92, 100, STATEMENT_BYTES - 1] {
        let mut other = statement();
        other[at] ^= 0x41;
        assert_eq!(program.ask(&wire::trace_begin(0, &other), None), error, "byte {at}");
        assert_eq!(program.ask(&wire::trace_end(0, &[0; 32], &other), None), error, "byte {at}");
        assert_eq!(program.ask(&wire::step(&[0; 32], 0, 0, &other), Some(&[])), error, "byte {at}");
    }
}

#[test]
fn a_unit_that_no_probe_has_is_refused() {
    let mut program = Referee::of_probes();
    let error = refusal(RefereeError::UnitOutOfRange);
    for unit in [3, 4, 1 << 32, u64::MAX] {
        assert_eq!(program.begin_of(&statement(), unit), Err(error.clone()));
        assert_eq!(program.end_of(&statement(), unit, &[0; 32]), Err(error.clone()));
    }
}

#[test]
fn evidence_that_ends_too_early_is_refused() {
    let mut honest = Honest::new(WALK, CELL);
    let (state, whole) = (honest.state, honest.evidence.len());
    for length in [0, HEAD_BYTES - 1, HEAD_BYTES, state - 1] {
        assert_eq!(honest.refused(|bytes| bytes.truncate(length)), refusal(RefereeError::State), "{length}");
    }
    for length in [state, state + 22 * 32 - 1, state + 22 * 32 + 1_023, whole - 32, whole - 1] {
        assert_eq!(honest.refused(|bytes| bytes.truncate(length)), refusal(RefereeError::EvidenceShort), "{length}");
    }
}

#[test]
fn evidence_beyond_the_end_of_the_account_is_refused() {
    let mut honest = Honest::new(CHAIN, BYTE);
    let (before, evidence) = (honest.before, honest.evidence.clone());
    let length = evidence.len() as u32;
    let error = Err(refusal(RefereeError::EvidenceShort));
    for (offset, length) in [(0, length + 1), (1, length), (length + 1, 0), (u32::MAX, u32::MAX)] {
        let question = wire::step(&before, offset, length, &statement());
        assert_eq!(honest.program.ask(&question, Some(&evidence)), error, "{length} bytes at {offset}");
    }
}

#[test]
fn evidence_is_found_at_its_place_in_the_account() {
    let mut honest = Honest::new(CHAIN, BYTE);
    let account = [&[0xaa; 77][..], &honest.evidence, &[0xbb; 5]].concat();
    let question = wire::step(&honest.before, 77, honest.evidence.len() as u32, &statement());
    let answer = honest.program.ask(&question, Some(&account)).expect("honest evidence");
    let direct = honest.program.step_of(&statement(), &honest.before, &honest.evidence).expect("honest evidence");
    assert!(matches!(direct.0, Outcome::State(_)));
    assert_eq!(answer.data, direct.0.to_bytes());
}

#[test]
fn evidence_longer_than_its_step_needs_is_refused() {
    let error = refusal(RefereeError::EvidenceLong);
    assert_eq!(Honest::new(WALK, CELL).refused(|bytes| bytes.push(0)), error);
    assert_eq!(Honest::new(0, 1).refused(|bytes| bytes.extend([0; 32])), error);
}

#[test]
fn bytes_that_begin_with_no_state_are_refused() {
    let mut honest = Honest::new(WALK, CELL);
    let error = refusal(RefereeError::State);
    assert_eq!(honest.refused(|bytes| bytes[0] = 1), error, "another format");
    assert_eq!(honest.refused(|bytes| bytes[4] = 3), error, "no such unit");
    assert_eq!(honest.refused(|bytes| bytes[15] = 1), error, "no such step");
}

#[test]
fn a_state_with_another_hash_is_refused() {
    let mut honest = Honest::new(WALK, CELL);
    for byte in [8, 16, 48, HEAD_BYTES, honest.state - 1] {
        assert_eq!(honest.refused(|bytes| bytes[byte] ^= 1), refusal(RefereeError::StateHash), "byte {byte}");
    }
}

#[test]
fn another_unfinished_leaf_is_refused() {
    let error = refusal(RefereeError::Unfinished);
    for (unit, step, length) in [(CHAIN, BYTE, 76), (WALK, CELL, 22 * 32)] {
        let mut honest = Honest::new(unit, step);
        let first = honest.state;
        for byte in [first, first + length - 1] {
            assert_eq!(honest.refused(|bytes| bytes[byte] ^= 1), error, "byte {byte} of unit {unit}");
        }
    }
}

#[test]
fn a_proof_of_a_row_that_has_another_length_is_refused() {
    let mut honest = Honest::new(CHAIN, BYTE);
    let error = refusal(RefereeError::ProofLength);
    assert_eq!(honest.refused(|bytes| bytes.truncate(bytes.len() - 32)), error);
    assert_eq!(honest.refused(|bytes| bytes.extend([0; 32])), error);
    assert_eq!(honest.refused(|bytes| bytes.truncate(bytes.len() - 1)), error);
}

#[test]
fn leaves_that_are_not_below_the_roots_of_the_state_are_refused() {
    let error = refusal(RefereeError::Proof);
    for (unit, step, length) in [(CHAIN, BYTE, 76), (WALK, CELL, 22 * 32)] {
        let mut honest = Honest::new(unit, step);
        for byte in (honest.state + length..honest.evidence.len()).step_by(97) {
            assert_eq!(honest.refused(|bytes| bytes[byte] ^= 1), error, "byte {byte} of unit {unit}");
        }
    }
}

#[test]
fn the_programs_errors_are_the_engines() {
    let program = include_str!("../../../programs/probe-referee/src/errors.rs");
    for error in RefereeError::ALL {
        let lines = format!("    #[msg(\"{}\")]\n    {error:?} = {},\n", error.message(), error.code());
        assert!(program.contains(&lines), "{lines}");
    }
}

#[test]
fn the_discriminators_on_the_wire_are_the_programs() {
    use anchor_lang::Discriminator;
    use probe_referee::instruction;
    assert_eq!(wire::TRACE_BEGIN, instruction::TraceBegin::DISCRIMINATOR);
    assert_eq!(wire::TRACE_END, instruction::TraceEnd::DISCRIMINATOR);
    assert_eq!(wire::STEP, instruction::Step::DISCRIMINATOR);
}

/// The program refused by itself: it did not panic, and did not run out of anything.
fn has_a_code(error: &TransactionError) -> bool {
    match error {
        TransactionError::InstructionError(_, error) => {
            !matches!(error, InstructionError::ProgramFailedToComplete | InstructionError::ComputationalBudgetExceeded)
        }
        _ => false,
    }
}

thread_local! {
    /// Loading the program takes longer than asking it.
    static PROGRAM: std::cell::RefCell<Referee> = std::cell::RefCell::new(Referee::of_probes());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn garbage_is_refused_with_a_code_or_judged(
        bytes in prop::collection::vec(any::<u8>(), 0..4_000),
        unit in 0..4_u64, step in any::<u64>(), shift in 0..64_u32,
    ) {
        PROGRAM.with_borrow_mut(|program| {
            // Often a state that can be read, of any step of any unit.
            let head = State::bare(unit, step >> shift, [7; 32]).to_bytes();
            let evidence = [&head[..16], &bytes].concat();
            let length = JOB.place(unit, step >> shift).and_then(|_| State::read(&JOB, &evidence)).map(|read| read.2);
            let before = sha256(&[&evidence[..length.unwrap_or(0)]]);
            if let Err(error) = program.step_of(&statement(), &before, &evidence) {
                prop_assert!(has_a_code(&error), "{error}");
            }
            Ok(())
        })?;
    }
}
