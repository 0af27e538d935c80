//! A unit's trace is what stepping through it gives, though it is computed from the result alone.
#![allow(missing_docs)]

mod scenes;

use kernels::attestation::UnitAttestation;
use kernels::machine::{Fault, Flow, Machine};
use kernels::merkle::{Digest, empty_root, root, sha256};
use kernels::render::{trace, *};
use scenes::{cornell, random_scene};

const FRAME: Frame = Frame { width: 5, height: 3, tile: 3, samples: 2, max_bounces: 3, seed: 8 };

/// Steps a unit to its end, idle runs in one go, and shows every state.
fn execute(image: &SceneImage, frame: &Frame, unit: u64, mut visit: impl FnMut(&State)) -> State {
    let stride = steps_per_sample(frame.max_bounces, image.pair_count(), image.triangle_count());
    let mut state = Render::init(frame, unit).unwrap();
    loop {
        visit(&state);
        state.skip_idle(stride - 1);
        match Render::step(&mut state, image) {
            Flow::Continue => {}
            Flow::Done => return state,
            Flow::Fault(fault) => panic!("{fault}"),
        }
    }
}

#[test]
fn the_hash_of_a_state_is_that_of_its_head_and_between_samples_of_nothing_else() {
    let image = compile(&random_scene(1)).unwrap();
    execute(&image, &FRAME, 0, |state| {
        let bytes = state.to_bytes();
        let (head, path) = bytes.split_at(State::HEAD_BYTES);
        let is_between = state.position().2 == 0 || state.phase() == Phase::Idle;
        assert_eq!(is_between, path.iter().all(|byte| *byte == 0), "only between samples is the path zero");
        let expected = if is_between { sha256(&[head]) } else { sha256(&[head, &sha256(&[path])]) };
        assert_eq!(state.hash(), expected);
    });
}

#[test]
fn the_boundaries_of_a_trace_are_the_states_at_which_its_pixels_begin() {
    for (scene, unit) in [(cornell(), 0), (random_scene(2), 1)] {
        let image = compile(&scene).unwrap();
        let tracer = Tracer::new(image.clone()).unwrap();
        let output = render_unit(&tracer, &FRAME, unit).unwrap();
        let mut boundaries: Vec<Digest> = vec![];
        let last = execute(&image, &FRAME, unit, |state| {
            if (state.position().1, state.position().2) == (0, 0) {
                boundaries.push(state.hash());
            }
        });
        assert_eq!(boundaries.len() as u64, trace::segments(&FRAME, unit));
        assert_eq!(trace::initial_state(&FRAME, unit).unwrap().hash(), boundaries[0]);
        assert_eq!(trace::final_state(&FRAME, unit, output.digest).unwrap(), last);
        assert_eq!(trace::boundaries(&FRAME, unit, &output.radiance), boundaries[1..]);
        assert_eq!(trace::trace_root(&FRAME, unit, &output.radiance), root(&boundaries[1..]));
        assert_eq!(output.trace, root(&boundaries[1..]));
    }
}

#[test]
fn a_unit_of_one_pixel_has_the_empty_trace() {
    let frame = Frame { width: 1, height: 1, tile: 1, ..FRAME };
    let tracer = Tracer::new(compile(&cornell()).unwrap()).unwrap();
    assert_eq!(render_unit(&tracer, &frame, 0).unwrap().trace, empty_root());
}

#[test]
fn what_a_node_attests_follows_from_the_bytes_of_its_result() {
    let image = compile(&random_scene(3)).unwrap();
    let (pairs, triangles) = (image.pair_count(), image.triangle_count());
    let tracer = Tracer::new(image).unwrap();
    for unit in 0..FRAME.units() {
        let output = render_unit(&tracer, &FRAME, unit).unwrap();
        let bytes = output.to_bytes();
        let attest = |bytes: &[u8]| trace::attest_bytes(&FRAME, pairs, triangles, unit, bytes);
        let UnitOutput { digest, trace, steps, .. } = output;
        assert_eq!(attest(&bytes), Some(UnitAttestation { output: digest, steps, trace }));
        assert_eq!(attest(&bytes), Some(output.unit_attestation()));
        assert_eq!(Some(steps), trace::segment_steps(&FRAME, pairs, triangles).map(|s| s * bytes.len() as u64 / 24));
        assert_eq!(attest(&bytes[24..]), None, "a pixel too few");
        assert_eq!(attest(&bytes[1..]), None, "not whole pixels");
        let mut altered = bytes.clone();
        altered[0] ^= 1;
        assert_ne!(attest(&altered), Some(output.unit_attestation()));
    }
    assert_eq!(trace::attest_bytes(&FRAME, pairs, triangles, FRAME.units(), &[]), None, "no such unit");
}

#[test]
fn the_states_inside_a_segment_are_those_that_stepping_reaches() {
    let image = compile(&random_scene(4)).unwrap();
    let stride = steps_per_sample(FRAME.max_bounces, image.pair_count(), image.triangle_count());
    let segment = trace::segment_steps(&FRAME, image.pair_count(), image.triangle_count()).unwrap();
    let tracer = Tracer::new(image.clone()).unwrap();
    let unit = 0;
    // By (pixel, offset) every state but those inside idle runs.
    let mut reached = vec![];
    let last = execute(&image, &FRAME, unit, |state| {
        let (pixel, sample, inner) = state.position();
        reached.push((pixel, u64::from(sample) * stride + inner, state.clone()));
    });
    reached.push((FRAME.unit_pixels(unit), 0, last));
    let mut digest = kernels::render::job::first_digest(unit);
    let radiance = render_unit(&tracer, &FRAME, unit).unwrap().radiance;
    for (pixel, sum) in (0..).zip(&radiance) {
        let (offsets, mut states): (Vec<u64>, Vec<State>) =
            reached.iter().filter(|(of, _, _)| *of == pixel).map(|(_, offset, state)| (*offset, state.clone())).unzip();
        assert_eq!(tracer.states(&FRAME, unit, pixel, digest, &offsets).unwrap(), states);
        // A few alone, one twice, and the end of the segment.
        let few = [0, 3, 3, stride - 1, stride, stride + 7, segment - 1, segment];
        let some = tracer.states(&FRAME, unit, pixel, digest, &few).unwrap();
        for (offset, state) in few.into_iter().zip(&some) {
            assert_eq!(tracer.states(&FRAME, unit, pixel, digest, &[offset]).unwrap(), std::slice::from_ref(state));
        }
        states.retain(|state| [0, 3].contains(&state.position().2) && state.position().1 == 0);
        assert_eq!(some[..2], states);
        let next = reached.iter().find(|(of, offset, _)| (*of, *offset) == (pixel + 1, 0)).unwrap();
        assert_eq!(some[7], next.2, "the end of a segment is the boundary behind it");
        digest = kernels::render::job::next_digest(&digest, sum);
    }
    let fault = |pixel, offsets: &[u64]| tracer.states(&FRAME, unit, pixel, digest, offsets);
    assert!(matches!(fault(FRAME.unit_pixels(unit), &[0]), Err(Fault::State(_))));
    assert!(matches!(fault(0, &[segment + 1]), Err(Fault::State(_))));
    assert!(matches!(fault(0, &[2, 1]), Err(Fault::State(_))));
    assert_eq!(fault(0, &[]), Ok(vec![]));
}
