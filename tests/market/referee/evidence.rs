//! Evidence that does not fit is refused, each time for its own reason, and none makes the program fail without a code.

use kernels::merkle::{Digest, sha256};
use kernels::referee::{MOST_EVIDENCE_BYTES, Outcome, RefereeError, STATEMENT_BYTES, Statement, wire};
use kernels::render::{Frame, Phase, State};
use market_tests::referee::scenes::random_scene;
use market_tests::referee::{Case, Referee, refusal};
use proptest::prelude::*;
use solana_instruction_error::InstructionError;
use solana_transaction_error::TransactionError;

const FRAME: Frame = Frame { width: 4, height: 3, tile: 3, samples: 2, max_bounces: 3, seed: 8 };
const LEAVES_AT: usize = State::BYTES + 1;

fn case() -> Case {
    Case::new(&random_scene(7), FRAME)
}

/// The first state of a phase in unit 0.
fn state_of(case: &Case, phase: Phase) -> State {
    let mut found = None;
    case.walk(0, |state| {
        if state.phase() == phase && found.is_none() {
            found = Some(state.clone());
        }
    });
    found.expect("every path has such a state")
}

/// Honest evidence for a step that reads several leaves.
struct Surface {
    program: Referee,
    case: Case,
    before: Digest,
    evidence: Vec<u8>,
}

impl Surface {
    fn new() -> Self {
        let case = case();
        let state = state_of(&case, Phase::Surface);
        let (before, evidence) = (state.hash(), case.evidence(&state));
        Self { program: Referee::new(), case, before, evidence }
    }

    fn leaves(&self) -> usize {
        usize::from(self.evidence[State::BYTES])
    }

    /// Why changed evidence is refused.
    fn refused(&mut self, change: impl FnOnce(&mut Vec<u8>)) -> TransactionError {
        let mut evidence = self.evidence.clone();
        change(&mut evidence);
        self.program.step(&self.case.statement, &self.before, &evidence).expect_err("changed evidence")
    }

    /// Why a state that has the hash agreed on is refused.
    fn refused_state(&mut self, bytes: [u8; State::BYTES]) -> TransactionError {
        let evidence = [&bytes[..], &[0]].concat();
        self.program.step(&self.case.statement, &State::hash_of_bytes(&bytes), &evidence).expect_err("a wrong state")
    }
}

#[test]
fn a_statement_of_another_format_is_refused() {
    let (mut program, case) = (Referee::new(), case());
    let mut statement: [u8; STATEMENT_BYTES] = case.statement.to_bytes();
    statement[0] = 2;
    let error = Err(refusal(RefereeError::Format));
    assert_eq!(program.ask(&wire::trace_begin(0, &statement), None), error);
    assert_eq!(program.ask(&wire::trace_end(0, &[0; 32], &statement), None), error);
    assert_eq!(program.ask(&wire::step(&[0; 32], 0, 0, &statement), Some(&[])), error);
}

#[test]
fn a_statement_of_no_valid_job_is_refused() {
    let (mut program, case) = (Referee::new(), case());
    let mut statement: [u8; STATEMENT_BYTES] = case.statement.to_bytes();
    statement[STATEMENT_BYTES - 1] = 1;
    let error = Err(refusal(RefereeError::Statement));
    assert_eq!(program.ask(&wire::trace_begin(0, &statement), None), error);
    assert_eq!(program.ask(&wire::trace_end(0, &[0; 32], &statement), None), error);
    assert_eq!(program.ask(&wire::step(&[0; 32], 0, 0, &statement), Some(&[])), error);
}

#[test]
fn a_unit_that_the_job_does_not_have_is_refused() {
    let mut surface = Surface::new();
    let (statement, units) = (surface.case.statement, FRAME.units());
    let error = refusal(RefereeError::UnitOutOfRange);
    assert_eq!(surface.program.begin(&statement, units), Err(error.clone()));
    assert_eq!(surface.program.end(&statement, units, &[0; 32]), Err(error.clone()));
    let mut bytes = state_of(&surface.case, Phase::Camera).to_bytes();
    bytes[24 + 8] = 200;
    assert_eq!(surface.refused_state(bytes), error);
}

#[test]
fn evidence_that_ends_too_early_is_refused() {
    let mut surface = Surface::new();
    let leaves_end = LEAVES_AT + 68 * surface.leaves();
    for length in [0, 1, State::BYTES - 1, State::BYTES, LEAVES_AT, leaves_end - 1] {
        assert_eq!(surface.refused(|bytes| bytes.truncate(length)), refusal(RefereeError::EvidenceShort), "{length}");
    }
}

#[test]
fn evidence_beyond_the_end_of_the_account_is_refused() {
    let mut surface = Surface::new();
    let statement = surface.case.statement.to_bytes();
    let (before, evidence) = (surface.before, surface.evidence.clone());
    let length = evidence.len() as u32;
    let error = Err(refusal(RefereeError::EvidenceShort));
    for (offset, length) in [(0, length + 1), (1, length), (length + 1, 0), (u32::MAX, u32::MAX)] {
        let question = wire::step(&before, offset, length, &statement);
        assert_eq!(surface.program.ask(&question, Some(&evidence)), error, "{length} bytes at {offset}");
    }
}

#[test]
fn evidence_is_found_at_its_place_in_the_account() {
    let mut surface = Surface::new();
    let account = [&[0xaa; 77][..], &surface.evidence, &[0xbb; 5]].concat();
    let question = wire::step(&surface.before, 77, surface.evidence.len() as u32, &surface.case.statement.to_bytes());
    let answer = surface.program.ask(&question, Some(&account)).expect("honest evidence");
    let direct = surface.program.step(&surface.case.statement, &surface.before, &surface.evidence);
    assert_eq!(answer.data, direct.expect("honest evidence").0.to_bytes());
}

#[test]
fn evidence_longer_than_any_is_refused() {
    let error = Surface::new().refused(|bytes| bytes.resize(MOST_EVIDENCE_BYTES + 1, 0));
    assert_eq!(error, refusal(RefereeError::EvidenceLong));
}

#[test]
fn bytes_that_are_no_state_are_refused() {
    let mut surface = Surface::new();
    let mut bytes = state_of(&surface.case, Phase::Camera).to_bytes();
    bytes[20] = 17;
    assert_eq!(surface.refused_state(bytes), refusal(RefereeError::State));
}

#[test]
fn a_state_with_another_hash_is_refused() {
    let mut surface = Surface::new();
    for byte in [0, State::HEAD_BYTES - 1, State::HEAD_BYTES, State::BYTES - 1] {
        assert_eq!(surface.refused(|bytes| bytes[byte] ^= 1), refusal(RefereeError::StateHash), "byte {byte}");
    }
}

#[test]
fn a_state_of_another_frame_is_refused() {
    let mut surface = Surface::new();
    let foreign = Frame { seed: FRAME.seed + 1, ..FRAME };
    let state = State::at_sample(&foreign, 0, 0, 0, [0; 3], [0; 32]).expect("a valid frame");
    assert_eq!(surface.refused_state(state.to_bytes()), refusal(RefereeError::ForeignState));
}

#[test]
fn more_than_sixteen_leaves_are_refused() {
    let error = Surface::new().refused(|bytes| bytes[State::BYTES] = 17);
    assert_eq!(error, refusal(RefereeError::TooManyLeaves));
}

#[test]
fn leaves_out_of_order_are_refused() {
    let mut surface = Surface::new();
    let error = surface.refused(|bytes| bytes.copy_within(LEAVES_AT..LEAVES_AT + 68, LEAVES_AT + 68));
    assert_eq!(error, refusal(RefereeError::LeafOrder), "the first twice");
    let error = surface.refused(|bytes| {
        let (first, rest) = bytes[LEAVES_AT..].split_at_mut(68);
        first.swap_with_slice(&mut rest[..68]);
    });
    assert_eq!(error, refusal(RefereeError::LeafOrder), "two exchanged");
}

#[test]
fn a_leaf_that_the_image_does_not_have_is_refused() {
    let mut surface = Surface::new();
    let last = LEAVES_AT + 68 * (surface.leaves() - 1);
    let count = surface.case.statement.leaf_count as u32;
    let error = surface.refused(|bytes| bytes[last..last + 4].copy_from_slice(&count.to_le_bytes()));
    assert_eq!(error, refusal(RefereeError::LeafOutOfRange));
}

#[test]
fn a_proof_of_another_length_is_refused() {
    let mut surface = Surface::new();
    let error = refusal(RefereeError::ProofLength);
    assert_eq!(surface.refused(|bytes| bytes.truncate(bytes.len() - 32)), error);
    assert_eq!(surface.refused(|bytes| bytes.extend([0; 32])), error);
    assert_eq!(surface.refused(|bytes| bytes.truncate(bytes.len() - 1)), error);
}

#[test]
fn leaves_that_are_not_the_images_are_refused() {
    let mut surface = Surface::new();
    let error = refusal(RefereeError::Proof);
    for leaf in 0..surface.leaves() {
        assert_eq!(surface.refused(|bytes| bytes[LEAVES_AT + 68 * leaf + 4] ^= 1), error, "leaf {leaf}");
    }
    assert_eq!(surface.refused(|bytes| bytes[LEAVES_AT - 1 + 68] ^= 0x80), error, "the last byte of a leaf");
    assert_eq!(surface.refused(|bytes| *bytes.last_mut().expect("a proof") ^= 1), error, "a sibling");
    let mut other = surface.case.statement;
    other.image_root[0] ^= 1;
    let (before, evidence) = (surface.before, surface.evidence.clone());
    assert_eq!(surface.program.step(&other, &before, &evidence), Err(error), "another image");
}

#[test]
fn a_step_whose_leaves_are_missing_is_refused_and_not_judged() {
    let mut surface = Surface::new();
    let error = refusal(RefereeError::MissingLeaf);
    assert_eq!(
        surface.refused(|bytes| {
            bytes.truncate(LEAVES_AT);
            bytes[State::BYTES] = 0;
        }),
        error
    );
    let other = surface.case.evidence(&state_of(&surface.case, Phase::Camera));
    assert_eq!(
        surface.refused(|bytes| bytes.splice(State::BYTES.., other[State::BYTES..].to_vec()).for_each(drop)),
        error
    );
}

#[test]
fn a_step_that_reads_outside_the_image_is_a_fault() {
    let mut surface = Surface::new();
    let mut bytes = state_of(&surface.case, Phase::Pair).to_bytes();
    // `current` of the traversal, behind bounce, throughput, radiance, density, origin, direction, limit, hit and kind.
    let at = State::HEAD_BYTES + 4 * (1 + 3 + 3 + 1 + 3 + 3 + 1 + 3 + 1);
    bytes[at..at + 4].copy_from_slice(&0x00ff_ffff_u32.to_le_bytes());
    let state = State::from_bytes(&bytes).expect("the phase is untouched");
    let evidence = surface.case.evidence(&state);
    let outcome = surface.program.step(&surface.case.statement, &state.hash(), &evidence);
    assert_eq!(outcome.map(|(outcome, _)| outcome), Ok(Outcome::Fault));
}

#[test]
fn a_step_without_an_account_or_with_cut_data_is_refused() {
    let mut surface = Surface::new();
    let question = wire::step(&surface.before, 0, 0, &surface.case.statement.to_bytes());
    let evidence = surface.evidence.clone();
    assert!(surface.program.ask(&question, None).is_err());
    for length in 0..question.len() {
        let error = surface.program.ask(&question[..length], Some(&evidence)).expect_err("cut data");
        assert!(has_a_code(&error), "{length} bytes: {error}");
    }
}

#[test]
fn the_programs_errors_are_the_engines() {
    let program = include_str!("../../../programs/render-referee/src/errors.rs");
    for error in RefereeError::ALL {
        let lines = format!("    #[msg(\"{}\")]\n    {error:?} = {},\n", error.message(), error.code());
        assert!(program.contains(&lines), "{lines}");
    }
}

#[test]
fn the_discriminators_on_the_wire_are_the_programs() {
    use anchor_lang::Discriminator;
    use render_referee::instruction;
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
    static SURFACE: std::cell::RefCell<Surface> = std::cell::RefCell::new(Surface::new());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn garbage_is_refused_with_a_code(
        bytes in prop::collection::vec(any::<u8>(), 0..1_200),
        count in 0_u8..20,
        agreed in any::<bool>(),
    ) {
        SURFACE.with_borrow_mut(|surface| {
            let mut evidence = bytes;
            if let Some(place) = evidence.get_mut(State::BYTES) {
                *place = count;
            }
            let before = match evidence.first_chunk() {
                Some(state) if agreed => State::hash_of_bytes(state),
                _ => sha256(&[&evidence]),
            };
            let error = surface.program.step(&surface.case.statement, &before, &evidence).expect_err("garbage");
            prop_assert!(has_a_code(&error), "{error}");
            Ok(())
        })?;
    }

    #[test]
    fn agreed_states_of_garbage_are_judged_or_refused_with_a_code(
        words in prop::collection::vec((0_usize..(State::BYTES - 32) / 4, any::<u32>()), 1..20),
        phase in 0_u32..18,
        own_leaves in any::<bool>(),
    ) {
        SURFACE.with_borrow_mut(|surface| {
            let mut bytes: [u8; State::BYTES] = *surface.evidence.first_chunk().expect("a state");
            for (word, value) in words {
                // The frame stays (and with it what the statement is compared with).
                let at = 32 + 4 * word;
                bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
            }
            bytes[20..24].copy_from_slice(&phase.to_le_bytes());
            let before = State::hash_of_bytes(&bytes);
            let evidence = match State::from_bytes(&bytes) {
                Ok(state) if own_leaves => surface.case.evidence(&state),
                _ => [&bytes[..], &surface.evidence[State::BYTES..]].concat(),
            };
            if let Err(error) = surface.program.step(&surface.case.statement, &before, &evidence) {
                prop_assert!(has_a_code(&error), "{error}");
            }
            Ok(())
        })?;
    }

    #[test]
    fn statements_of_garbage_are_refused_with_a_code(
        places in prop::collection::vec((0_usize..STATEMENT_BYTES, any::<u8>()), 0..6),
        unit in any::<u64>(),
    ) {
        SURFACE.with_borrow_mut(|surface| {
            let mut bytes = surface.case.statement.to_bytes();
            for (place, value) in places {
                bytes[place] = value;
            }
            let evidence = surface.evidence.clone();
            let length = evidence.len() as u32;
            let questions = [
                (surface.program.ask(&wire::trace_begin(unit, &bytes), None)),
                (surface.program.ask(&wire::trace_end(unit, &[1; 32], &bytes), None)),
                (surface.program.ask(&wire::step(&surface.before, 0, length, &bytes), Some(&evidence))),
            ];
            for error in questions.iter().filter_map(|answer| answer.as_ref().err()) {
                prop_assert!(has_a_code(error), "{error}");
            }
            let units = Statement::from_bytes(&bytes).map_or(0, |statement| statement.frame.units());
            prop_assert_eq!(questions[0].is_ok(), unit < units);
            Ok(())
        })?;
    }
}
