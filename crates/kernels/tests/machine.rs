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
