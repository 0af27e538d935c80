//! The step machine is the specification: the fast path gives its bits, its states survive being stored, and no state
//! or memory makes a step panic.
#![allow(missing_docs)]

mod scenes;

use kernels::machine::{Fault, Flow, Machine, Memory};
use kernels::render::image::LEAF_WORDS;
use kernels::render::*;
use proptest::prelude::*;
use scenes::{Random, cornell, random_scene};
use std::cell::RefCell;
use std::collections::BTreeSet;

/// Steps a unit to its end, jumping over idle steps as anyone may, and returns the final state and the real steps.
fn execute(image: &SceneImage, frame: &Frame, unit: u64, mut visit: impl FnMut(&State)) -> (State, u64) {
    let stride = steps_per_sample(frame.max_bounces, image.pair_count(), image.triangle_count());
    let mut state = Render::init(frame, unit).unwrap();
    let mut steps = 0;
    loop {
        visit(&state);
        let before = state.position().2;
        state.skip_idle(stride - 1);
        steps += state.position().2 - before;
        match Render::step(&mut state, image) {
            Flow::Continue => steps += 1,
            Flow::Done => return (state, steps + 1),
            Flow::Fault(fault) => panic!("{fault} in {:?}", state.phase()),
        }
    }
}

fn compare(scene: &Scene, frame: &Frame) {
    let image = compile(scene).unwrap();
    let tracer = Tracer::new(image.clone()).unwrap();
    for unit in 0..frame.units() {
        let output = render_unit(&tracer, frame, unit).unwrap();
        let (state, steps) = execute(&image, frame, unit, |_| {});
        assert_eq!(Render::output(&state), output.digest, "unit {unit} of {frame:?}");
        assert_eq!(steps, output.steps);
        assert_eq!(digest_of_bytes(unit, &output.to_bytes()), Some(output.digest));
    }
}

#[test]
fn the_fast_path_equals_the_step_machine_on_a_cornell_box() {
    compare(&cornell(), &Frame { width: 20, height: 12, tile: 8, samples: 4, max_bounces: 5, seed: 7 });
}

#[test]
fn the_fast_path_equals_the_step_machine_on_random_textured_scenes() {
    for seed in 0..12 {
        let frame = Frame { width: 9, height: 7, tile: 5, samples: 3, max_bounces: seed as u32 % 7, seed };
        compare(&random_scene(seed), &frame);
    }
}

#[test]
fn the_state_survives_being_stored_at_every_step() {
    for seed in 20..24 {
        let frame = Frame { width: 2, height: 2, tile: 2, samples: 2, max_bounces: 3, seed };
        let image = compile(&random_scene(seed)).unwrap();
        let mut hashes = BTreeSet::new();
        let mut count = 0;
        execute(&image, &frame, 0, |state| {
            let restored = State::from_bytes(&state.to_bytes()).unwrap();
            assert_eq!(&restored, state);
            assert_eq!(restored.hash(), state.hash());
            hashes.insert(state.hash());
            count += 1;
        });
        assert_eq!(hashes.len(), count, "no two states of a trace are equal");
    }
}

#[test]
fn the_state_at_a_sample_boundary_needs_no_traversal() {
    let frame = Frame { width: 3, height: 2, tile: 4, samples: 4, max_bounces: 4, seed: 1 };
    let image = compile(&random_scene(3)).unwrap();
    let stride = steps_per_sample(frame.max_bounces, image.pair_count(), image.triangle_count());
    let tracer = Tracer::new(image.clone()).unwrap();
    let output = render_unit(&tracer, &frame, 0).unwrap();
    let mut digest = Render::output(&Render::init(&frame, 0).unwrap());
    let mut boundaries = vec![];
    execute(&image, &frame, 0, |state| {
        if state.position().2 == 0 {
            boundaries.push(state.clone());
        }
        assert!(state.position().2 < stride);
    });
    assert_eq!(boundaries.len() as u64, frame.unit_work(0));
    for (pixel, sum) in (0..).zip(&output.radiance) {
        let state = State::at_sample(&frame, 0, pixel, 0, [0; 3], digest).unwrap();
        assert_eq!(boundaries[(pixel * frame.samples) as usize], state);
        digest = kernels::render::job::next_digest(&digest, sum);
    }
    assert_eq!(digest, output.digest);
}

#[test]
fn idle_steps_are_skipped_to_the_state_that_stepping_reaches() {
    let frame = Frame { width: 1, height: 1, tile: 1, samples: 1, max_bounces: 0, seed: 4 };
    let image = compile(&cornell()).unwrap();
    let mut state = Render::init(&frame, 0).unwrap();
    while state.phase() != Phase::Idle {
        assert_eq!(Render::step(&mut state, &image), Flow::Continue);
    }
    let mut jumped = state.clone();
    for _ in 0..5 {
        assert_eq!(Render::step(&mut state, &image), Flow::Continue);
    }
    jumped.skip_idle(state.position().2);
    assert_eq!(jumped, state);
}

/// Remembers which leaves a step reads, and can hide one of them.
struct Observed<'a> {
    image: &'a SceneImage,
    leaves: RefCell<BTreeSet<u32>>,
    hidden: Option<u32>,
}

impl Memory for Observed<'_> {
    fn word(&self, index: u32) -> Result<u32, Fault> {
        let leaf = index / LEAF_WORDS as u32;
        self.leaves.borrow_mut().insert(leaf);
        if self.hidden == Some(leaf) { Err(Fault::Memory(index)) } else { self.image.word(index) }
    }
}

#[test]
fn no_step_reads_more_than_eleven_leaves_and_a_missing_leaf_is_a_fault() {
    for seed in 30..34 {
        let frame = Frame { width: 3, height: 3, tile: 3, samples: 2, max_bounces: 3, seed };
        let image = compile(&random_scene(seed)).unwrap();
        execute(&image, &frame, 0, |state| {
            let mut observed = Observed { image: &image, leaves: RefCell::default(), hidden: None };
            Render::step(&mut state.clone(), &observed);
            let leaves = observed.leaves.take();
            assert!(leaves.len() <= 11, "{} leaves in {:?}", leaves.len(), state.phase());
            for leaf in leaves {
                observed.hidden = Some(leaf);
                let mut after = state.clone();
                assert!(matches!(Render::step(&mut after, &observed), Flow::Fault(Fault::Memory(_))));
                assert_eq!(&after, state, "a fault leaves the state as it was");
            }
        });
    }
}

fn steps_end(mut state: State, memory: &[u32]) {
    for _ in 0..40 {
        if Render::step(&mut state, memory) != Flow::Continue {
            return;
        }
        state.skip_idle(u64::MAX);
    }
}

/// A word that means something more often than a random one does: a small number, a float of any magnitude, anything.
fn plausible(random: &mut Random) -> u32 {
    match random.below(4) {
        0 => random.below(200),
        1 => random.between(-9.0, 9.0).to_bits(),
        2 => random.between(-1.0, 1.0).to_bits() ^ (random.below(256) << 23),
        _ => random.word(),
    }
}

/// Random words strain the machine more per second than generated strategies do, and the seed reproduces them.
#[test]
fn no_state_and_no_memory_makes_a_step_panic() {
    for seed in 0..4000 {
        let random = &mut Random::new(seed);
        let mut words: Vec<u32> = (0..State::BYTES / 4).map(|_| plausible(random)).collect();
        if random.below(2) == 0 {
            let limits = [40, 40, 20, 4, 65];
            words[..5].copy_from_slice(&limits.map(|limit| random.below(limit)));
        }
        words[5] = random.below(17);
        if random.below(2) == 0 {
            // unit, inner, pixel, sample as an honest state has them.
            words[8..10].copy_from_slice(&[0, 0]);
            words[16..20].copy_from_slice(&[3, 0, 1, 0]);
        }
        let length = 64 + random.below(640);
        let memory: Vec<u32> = (0..length).map(|_| plausible(random)).collect();
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        let state = State::from_bytes(bytes.as_slice().try_into().unwrap()).unwrap();
        let stored = state.to_bytes();
        assert_eq!(State::from_bytes(&stored).unwrap().to_bytes(), stored, "seed {seed}");
        steps_end(state, &memory);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_altered_state_or_image_makes_a_step_panic(
        seed in 0_u64..6,
        stop in 0_usize..400,
        states in prop::collection::vec((0_usize..State::BYTES / 4, any::<u32>()), 0..4),
        words in prop::collection::vec((0_usize..4000, any::<u32>()), 0..6),
    ) {
        let frame = Frame { width: 2, height: 2, tile: 2, samples: 2, max_bounces: 3, seed };
        let image = compile(&random_scene(seed)).unwrap();
        let mut state = Render::init(&frame, 0).unwrap();
        for _ in 0..stop {
            Render::step(&mut state, &image);
            state.skip_idle(u64::from(u32::MAX));
        }
        let mut bytes = state.to_bytes();
        for (place, value) in states {
            bytes[place * 4..place * 4 + 4].copy_from_slice(&value.to_le_bytes());
        }
        let mut memory = image.words().to_vec();
        for (place, value) in words {
            let place = place % memory.len();
            memory[place] = value;
        }
        if let Ok(state) = State::from_bytes(&bytes) {
            steps_end(state, &memory);
        }
        let bytes: Vec<u8> = memory.iter().flat_map(|word| word.to_le_bytes()).collect();
        if let Ok(image) = SceneImage::from_bytes(&bytes) {
            let tracer = Tracer::new(image).unwrap();
            render_unit(&tracer, &frame, 0).unwrap();
        }
    }
}
