//! What the chain computes for a step is what this processor computes, bit for bit.

use kernels::machine::{Flow, Machine};
use kernels::referee::{self, Outcome};
use kernels::render::{Frame, Phase, Render, State, Tracer, render_unit};
use market_tests::referee::scenes::{Random, cornell, random_scene};
use market_tests::referee::{Case, Referee};

/// The processor's answer: a copy of the state, stepped.
fn stepped(case: &Case, state: &State) -> Outcome {
    let mut after = state.clone();
    match Render::step(&mut after, &case.image) {
        Flow::Continue => Outcome::State(after.hash()),
        Flow::Done if state.phase() != Phase::Done => Outcome::State(after.hash()),
        Flow::Done | Flow::Fault(_) => Outcome::Fault,
    }
}

#[test]
fn thousands_of_steps_through_random_scenes_give_the_same_bits_on_the_chain() {
    let mut program = Referee::new();
    let mut compared = 0;
    for seed in 0..12 {
        let random = &mut Random::new(1_000 + seed);
        let (width, height) = (1 + random.below(300), 1 + random.below(300));
        let frame = Frame { width, height, tile: 6, samples: 1, max_bounces: 1 + random.below(6), seed };
        let case = Case::new(&random_scene(seed), frame);
        let unit = u64::from(random.word()) % frame.units();
        case.walk(unit, |state| {
            if random.below(2) != 0 {
                return;
            }
            let (before, evidence) = (state.hash(), case.evidence(state));
            let (outcome, _) = program.step(&case.statement, &before, &evidence).expect("honest evidence");
            assert_eq!(outcome, stepped(&case, state), "seed {seed}, {:?} at {:?}", state.phase(), state.position());
            compared += 1;
        });
    }
    assert!(compared > 5_000, "{compared} steps");
}

#[test]
fn a_whole_tile_is_stepped_on_the_chain_from_its_first_state_to_the_final_one() {
    let mut program = Referee::new();
    let frame = Frame { width: 9, height: 9, tile: 3, samples: 2, max_bounces: 3, seed: 3 };
    let case = Case::new(&cornell(), frame);
    let unit = 4;
    let tracer = Tracer::new(case.image.clone()).expect("a compiled image is whole");
    let output = render_unit(&tracer, &frame, unit).expect("the unit exists");

    let begin = program.begin(&case.statement, unit).expect("the unit exists");
    assert_eq!(begin.segments, 9);
    assert_eq!(begin.segments * begin.segment_steps, output.steps);
    let mut expected = begin.start;
    // Idle runs are skipped: the state behind one is another than the one that the step before led to.
    let mut idle = false;
    let last = case.walk(unit, |state| {
        let before = state.hash();
        assert!(before == expected || idle, "{:?} at {:?}", state.phase(), state.position());
        let (outcome, _) = program.step(&case.statement, &before, &case.evidence(state)).expect("honest evidence");
        let Outcome::State(after) = outcome else { panic!("a fault at {:?}", state.position()) };
        (expected, idle) = (after, state.phase() == Phase::Idle);
    });
    assert_eq!(expected, last.hash());
    assert_eq!(program.end(&case.statement, unit, &output.digest), Ok(expected));
    let beyond = program.step(&case.statement, &expected, &case.evidence(&last)).expect("honest evidence");
    assert_eq!(beyond.0, Outcome::Fault, "nothing follows the final state");
}

#[test]
fn both_ends_of_every_trace_are_the_same_on_the_chain() {
    let mut program = Referee::new();
    let frame = Frame { width: 20, height: 13, tile: 6, samples: 65_536, max_bounces: 64, seed: u64::MAX };
    let case = Case::new(&random_scene(40), frame);
    for unit in 0..frame.units() {
        assert_eq!(program.begin(&case.statement, unit).ok(), referee::begin(&case.statement, unit).ok());
        let output = [unit as u8; 32];
        assert_eq!(program.end(&case.statement, unit, &output).ok(), referee::end(&case.statement, unit, output).ok());
    }
}

/// Any float, often one that arithmetic treats specially.
fn number(random: &mut Random) -> u32 {
    const SPECIAL: [u32; 12] = [
        0x0000_0000,
        0x8000_0000,
        0x3f80_0000,
        0xbf80_0000,
        0x7f80_0000,
        0xff80_0000,
        0x7fc0_0000,
        0xffc0_0001,
        0x0000_0001,
        0x807f_ffff,
        0x0080_0000,
        0x7f7f_ffff,
    ];
    match random.below(4) {
        0 => SPECIAL[random.below(12) as usize],
        1 => random.between(-9.0, 9.0).to_bits(),
        2 => random.between(-1.0, 1.0).to_bits() ^ (random.below(256) << 23),
        _ => random.word(),
    }
}

#[test]
fn states_that_no_execution_reaches_are_judged_the_same_on_the_chain() {
    let mut program = Referee::new();
    let frame = Frame { width: 6, height: 6, tile: 3, samples: 2, max_bounces: 3, seed: 1 };
    let case = Case::new(&random_scene(50), frame);
    let mut reached = Vec::new();
    case.walk(1, |state| reached.push(state.clone()));
    let (mut states, mut faults) = (0, 0);
    for seed in 0..3_000 {
        let random = &mut Random::new(7_000 + seed);
        let mut bytes = reached[random.below(reached.len() as u32) as usize].to_bytes();
        for _ in 0..1 + random.below(12) {
            // Words of the path, which a single step takes as they are.
            let at = State::HEAD_BYTES + 4 * random.below((State::BYTES - State::HEAD_BYTES) as u32 / 4) as usize;
            bytes[at..at + 4].copy_from_slice(&number(random).to_le_bytes());
        }
        let state = State::from_bytes(&bytes).expect("the phase is untouched");
        let evidence = case.evidence(&state);
        let (outcome, _) = program.step(&case.statement, &state.hash(), &evidence).expect("proved evidence");
        assert_eq!(outcome, stepped(&case, &state), "seed {seed}, {:?}", state.phase());
        match outcome {
            Outcome::State(_) => states += 1,
            Outcome::Fault => faults += 1,
        }
    }
    assert!(states > 1_000 && faults > 50, "{states} states, {faults} faults");
}
