//! The referee answers what the machine does, and refuses, each for its own reason, what does not fit.
#![allow(missing_docs)]

mod scenes;

use kernels::machine::{Flow, Machine};
use kernels::merkle::Tree;
use kernels::referee::{
    MOST_EVIDENCE_BYTES, Outcome, RefereeError, STATEMENT_BYTES, Statement, begin, end, evidence, step,
};
use kernels::render::{trace, *};
use scenes::random_scene;

const FRAME: Frame = Frame { width: 4, height: 3, tile: 3, samples: 2, max_bounces: 3, seed: 8 };

struct Case {
    image: SceneImage,
    tree: Tree,
    statement: Statement,
}

impl Case {
    fn new(seed: u64) -> Case {
        let image = compile(&random_scene(seed)).unwrap();
        Case { tree: Tree::new(image.leaves()), statement: Statement::of(&FRAME, &image), image }
    }

    fn evidence(&self, state: &State) -> Vec<u8> {
        evidence(&self.image, &self.tree, state).unwrap()
    }

    /// The first state of a phase.
    fn state(&self, phase: Phase) -> State {
        let mut state = Render::init(&FRAME, 0).unwrap();
        while state.phase() != phase {
            assert_eq!(Render::step(&mut state, &self.image), Flow::Continue);
        }
        state
    }
}

#[test]
fn every_step_of_a_unit_is_decided_as_the_machine_executes_it() {
    let case = Case::new(5);
    let stride = steps_per_sample(FRAME.max_bounces, case.statement.pairs, case.statement.triangles);
    let mut state = Render::init(&FRAME, 1).unwrap();
    let first = begin(&case.statement, 1).unwrap();
    assert_eq!((first.start, first.segments), (state.hash(), 3));
    assert_eq!(first.segment_steps, 2 * stride);
    loop {
        let (before, proof) = (state.hash(), case.evidence(&state));
        assert!(proof.len() <= MOST_EVIDENCE_BYTES);
        let flow = Render::step(&mut state, &case.image);
        assert_eq!(step(&case.statement, &before, &proof), Ok(Outcome::State(state.hash())));
        if flow == Flow::Done {
            break;
        }
        state.skip_idle(stride - 1);
    }
    assert_eq!(end(&case.statement, 1, Render::output(&state)), Ok(state.hash()));
    let after = step(&case.statement, &state.hash(), &case.evidence(&state));
    assert_eq!(after, Ok(Outcome::Fault), "nothing follows the final state");
}

#[test]
fn a_statement_is_read_as_it_is_written() {
    let Case { statement, .. } = Case::new(6);
    assert_eq!(Statement::from_bytes(&statement.to_bytes()), Ok(statement));
}

#[test]
fn a_statement_of_no_valid_job_is_refused() {
    let Case { statement, .. } = Case::new(6);
    let altered = |at: usize, value: u32| {
        let mut bytes: [u8; STATEMENT_BYTES] = statement.to_bytes();
        bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
        Statement::from_bytes(&bytes)
    };
    assert_eq!(altered(0, 2), Err(RefereeError::Format));
    // Width, height, tile, samples, bounces; both halves of the leaves; pairs and triangles.
    for (at, value) in
        [(4, 0), (8, 16_385), (12, 129), (16, 65_537), (20, 65), (64, 3), (64, 1 << 29), (68, 1), (72, 0)]
    {
        assert_eq!(altered(at, value), Err(RefereeError::Statement), "byte {at}");
    }
    assert_eq!(altered(72, statement.triangles + 1), Err(RefereeError::Statement), "more pairs than triangles");
    assert_eq!(altered(76, 0), Err(RefereeError::Statement));
    assert_eq!(altered(76, (1 << 24) + 1), Err(RefereeError::Statement));
    for at in (80..STATEMENT_BYTES).step_by(4) {
        assert_eq!(altered(at, 1 << 24), Err(RefereeError::Statement), "padding at {at}");
    }
}

#[test]
fn a_unit_that_the_job_does_not_have_is_refused() {
    let Case { statement, .. } = Case::new(6);
    assert_eq!(begin(&statement, FRAME.units()), Err(RefereeError::UnitOutOfRange));
    assert_eq!(end(&statement, FRAME.units(), [0; 32]), Err(RefereeError::UnitOutOfRange));
    assert!(begin(&statement, FRAME.units() - 1).is_ok());
}

#[test]
fn evidence_that_does_not_fit_is_refused_for_its_own_reason() {
    let case = Case::new(7);
    let statement = &case.statement;
    let state = case.state(Phase::Surface);
    let (before, good) = (state.hash(), case.evidence(&state));
    let count = usize::from(good[State::BYTES]);
    assert!(count > 2, "the step reads several leaves");
    let leaves_at = State::BYTES + 1;
    let refusal = |bytes: &[u8]| step(statement, &before, bytes).unwrap_err();
    let change = |edit: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = good.clone();
        edit(&mut bytes);
        refusal(&bytes)
    };

    for length in [0, 1, State::BYTES - 1, State::BYTES, leaves_at, leaves_at + 68 * count - 1] {
        assert_eq!(refusal(&good[..length]), RefereeError::EvidenceShort, "{length} bytes");
    }
    assert_eq!(refusal(&vec![0; MOST_EVIDENCE_BYTES + 1]), RefereeError::EvidenceLong);
    assert_eq!(step(statement, &[0; 32], &good), Err(RefereeError::StateHash));
    assert_eq!(change(&|bytes| bytes[100] ^= 1), RefereeError::StateHash);
    assert_eq!(change(&|bytes| bytes[State::BYTES] = 17), RefereeError::TooManyLeaves);
    // The second leaf again, under the index of the first.
    let repeated = |bytes: &mut Vec<u8>| bytes.copy_within(leaves_at..leaves_at + 4, leaves_at + 68);
    assert_eq!(change(&repeated), RefereeError::LeafOrder);
    let last = leaves_at + 68 * (count - 1);
    let outside = |bytes: &mut Vec<u8>| bytes[last..last + 4].copy_from_slice(&[0xff; 4]);
    assert_eq!(change(&outside), RefereeError::LeafOutOfRange);
    assert_eq!(change(&|bytes| bytes.truncate(bytes.len() - 32)), RefereeError::ProofLength);
    assert_eq!(change(&|bytes| bytes.truncate(bytes.len() - 1)), RefereeError::ProofLength);
    assert_eq!(change(&|bytes| bytes.extend([0; 32])), RefereeError::ProofLength);
    assert_eq!(change(&|bytes| bytes[last + 4] ^= 1), RefereeError::Proof);
    assert_eq!(change(&|bytes| *bytes.last_mut().unwrap() ^= 1), RefereeError::Proof);

    // The evidence of another step proves leaves, but not the ones that this one reads.
    let other = case.evidence(&case.state(Phase::Camera));
    let mixed = [&good[..State::BYTES], &other[State::BYTES..]].concat();
    assert_eq!(refusal(&mixed), RefereeError::MissingLeaf);
    let without = [&good[..State::BYTES], &[0]].concat();
    assert_eq!(refusal(&without), RefereeError::MissingLeaf);

    // States that hash to what was agreed on, but are none of this job.
    let with_state = |bytes: [u8; State::BYTES]| {
        let evidence = [&bytes[..], &[0]].concat();
        step(statement, &State::hash_of_bytes(&bytes), &evidence)
    };
    let mut phase = state.to_bytes();
    phase[20] = 17;
    assert_eq!(with_state(phase), Err(RefereeError::State));
    let foreign = State::at_sample(&Frame { seed: 1, ..FRAME }, 0, 0, 0, [0; 3], [0; 32]).unwrap();
    assert_eq!(with_state(foreign.to_bytes()), Err(RefereeError::ForeignState));
    let mut unit = state.to_bytes();
    unit[32] = 200;
    assert_eq!(with_state(unit), Err(RefereeError::UnitOutOfRange));
}

#[test]
fn a_step_that_cannot_be_executed_is_a_fault_and_no_refusal() {
    let case = Case::new(7);
    // The triangle that was hit lies far outside the image: the faces' section is known, the face is not there.
    let state = case.state(Phase::Surface);
    let mut bytes = state.to_bytes();
    // Behind bounce, throughput, radiance, density, origin, direction and limit.
    let primitive = State::HEAD_BYTES + 4 * 15;
    assert!(bytes[primitive + 3] == 0, "a small number: that of the triangle");
    bytes[primitive..primitive + 4].copy_from_slice(&0x0fff_ffff_u32.to_le_bytes());
    let state = State::from_bytes(&bytes).unwrap();
    assert_eq!(step(&case.statement, &state.hash(), &case.evidence(&state)), Ok(Outcome::Fault));
    // A pixel that the tile does not have.
    let state = State::at_sample(&FRAME, 0, 99, 0, [0; 3], [0; 32]).unwrap();
    assert_eq!(step(&case.statement, &state.hash(), &case.evidence(&state)), Ok(Outcome::Fault));
}

#[test]
fn a_step_that_reads_no_memory_needs_no_leaf() {
    let case = Case::new(8);
    let state = case.state(Phase::Accumulate);
    assert_eq!(case.evidence(&state).len(), State::BYTES + 1);
}

#[test]
fn the_codes_of_refusals_are_numbered_from_one() {
    for (code, error) in (1..).zip(RefereeError::ALL) {
        assert_eq!(error.code(), code);
    }
}

#[test]
fn segments_of_the_largest_job_are_counted_without_overflow() {
    let frame = Frame { width: 16_384, height: 16_384, tile: 128, samples: 65_536, max_bounces: 64, seed: u64::MAX };
    let statement = Statement { frame, image_root: [9; 32], leaf_count: 1 << 28, pairs: 1 << 24, triangles: 1 << 24 };
    assert_eq!(Statement::from_bytes(&statement.to_bytes()), Ok(statement));
    let begin = begin(&statement, frame.units() - 1).unwrap();
    assert_eq!(begin.segments, 128 * 128);
    assert_eq!(Some(begin.segment_steps), trace::segment_steps(&frame, 1 << 24, 1 << 24));
    assert!(begin.segments.checked_mul(begin.segment_steps).is_some());
}
