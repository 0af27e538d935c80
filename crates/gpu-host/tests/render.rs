//! What a card renders is what the step machine defines, to the last bit of every sum, digest and trace.

mod common;
#[path = "../../kernels/tests/scenes/mod.rs"]
mod scenes;

use std::cell::{Cell, RefCell};
use std::process::Command;

use gpu_host::render::Renderer;
use gpu_host::{Device, GpuError};
use kernels::render::wave::{MISS, PathRay};
use kernels::render::{Frame, Hit, Scene, Tracer, closest_hit, compile, render_unit};
use kernels::strict::LARGEST;
use kernels::strict::vector::{normalize_or, subtract};
use scenes::{Random, cornell, crowded_scene, random_scene};

fn tracer(scene: &Scene) -> Tracer {
    Tracer::new(compile(scene).expect("a valid scene")).expect("a whole image")
}

/// Compares every unit of a frame.
fn compare(device: &Device, scene: &Scene, frame: &Frame) {
    let tracer = tracer(scene);
    let mut renderer = Renderer::new(device, &tracer).unwrap();
    let outputs = renderer.render(frame, 0..frame.units(), &|_| (), &|| false).unwrap();
    assert_eq!(outputs.len() as u64, frame.units());
    for (unit, output) in (0..).zip(outputs) {
        let expected = render_unit(&tracer, frame, unit).unwrap();
        for (pixel, (found, expected)) in output.radiance.iter().zip(&expected.radiance).enumerate() {
            assert_eq!(found, expected, "pixel {pixel} of unit {unit} of {frame:?} on {}", device.info().name);
        }
        assert_eq!(output, expected, "unit {unit} of {frame:?}");
    }
}

#[test]
fn a_cornell_box_on_the_card_has_the_bits_of_the_processor() {
    let Some(device) = common::device() else { return };
    let (width, height, tile, samples) = if device.info().is_emulated { (15, 9, 8, 2) } else { (640, 360, 32, 64) };
    compare(&device, &cornell(), &Frame { width, height, tile, samples, max_bounces: 5, seed: 7 });
}

#[test]
fn textured_scenes_of_any_depth_and_tile_on_the_card_have_the_bits_of_the_processor() {
    let Some(device) = common::device() else { return };
    for seed in 0..if device.info().is_emulated { 9 } else { 200 } {
        let [width, height, tile, samples] = if device.info().is_emulated {
            [[6, 5, 4, 1], [1, 1, 1, 2], [9, 4, 16, 1]][seed as usize % 3]
        } else {
            [[90, 70, 50, 3], [1, 1, 1, 1], [333, 60, 128, 5], [64, 64, 1, 2], [170, 131, 8, 20]][seed as usize % 5]
        };
        compare(&device, &random_scene(seed), &Frame { width, height, tile, samples, max_bounces: seed as u32, seed });
    }
}

#[test]
fn a_generated_still_life_on_the_card_has_the_bits_of_the_processor() {
    let Some(device) = common::device() else { return };
    let (width, height, samples) = if device.info().is_emulated { (8, 6, 1) } else { (1920, 1080, 4) };
    let frame = Frame { width, height, tile: 32, samples, max_bounces: 6, seed: 3 };
    compare(&device, &scene::textured_still_life(), &frame);
}

#[test]
fn a_landscape_of_many_triangles_on_the_card_has_the_bits_of_the_processor() {
    let Some(device) = common::device() else { return };
    let (triangles, width, height, samples) =
        if device.info().is_emulated { (5_000, 8, 6, 1) } else { (1_000_000, 1920, 1080, 4) };
    let frame = Frame { width, height, tile: 32, samples, max_bounces: 3, seed: 3 };
    compare(&device, &scene::terrain(triangles), &frame);
}

#[test]
fn a_frame_of_many_groups_and_batches_has_the_bits_of_the_processor() {
    let Some(device) = common::device() else { return };
    // On the emulator a batch has at most 1024 paths: here a unit takes more than two of them, and a group is a unit.
    let (width, height, tile, samples) = if device.info().is_emulated { (12, 8, 8, 40) } else { (256, 128, 128, 1000) };
    compare(&device, &cornell(), &Frame { width, height, tile, samples, max_bounces: 1, seed: 1 });
}

#[test]
fn a_part_of_a_frame_is_that_part_of_the_whole() {
    let Some(device) = common::device() else { return };
    let tracer = tracer(&random_scene(4));
    let frame = Frame { width: 13, height: 7, tile: 4, samples: 1, max_bounces: 2, seed: 4 };
    let mut renderer = Renderer::new(&device, &tracer).unwrap();
    let part = renderer.render(&frame, 3..6, &|_| (), &|| false).unwrap();
    let expected: Vec<_> = (3..6).map(|unit| render_unit(&tracer, &frame, unit).unwrap()).collect();
    assert_eq!(part, expected);
    assert_eq!(renderer.render(&frame, 5..5, &|_| (), &|| false), Ok(vec![]));
}

#[test]
fn every_ray_on_the_card_hits_what_it_hits_on_the_processor() {
    let Some(device) = common::device() else { return };
    let (triangles, count) = if device.info().is_emulated { (300, 1500) } else { (250_000, 10_000_000) };
    let scene = crowded_scene(9, triangles);
    let tracer = tracer(&scene);
    let mut random = Random::new(2);
    let rays: Vec<PathRay> = (0..count)
        .map(|index| {
            let origin = random.point(if index % 3 == 0 { 20.0 } else { 1.5 });
            let positions = &scene.mesh.positions;
            let target = match index % 5 {
                0 => random.point(1.0),
                // Through corners, where triangles meet, and along axes.
                1 => [origin[0], origin[1], -origin[2]],
                _ => positions[random.below(positions.len() as u32) as usize],
            };
            PathRay { origin, direction: normalize_or(subtract(target, origin), [0.0, 0.0, 1.0]) }
        })
        .collect();
    let hits = Renderer::new(&device, &tracer).unwrap().closest(&rays).unwrap();
    let expected = |ray: &PathRay| closest_hit(&tracer, ray.origin, ray.direction, LARGEST).unwrap_or(MISS);
    let bits = |hit: &Hit| (hit.t.to_bits(), hit.primitive, hit.u.to_bits(), hit.v.to_bits());
    for (index, (ray, hit)) in rays.iter().zip(&hits).enumerate() {
        assert_eq!(bits(hit), bits(&expected(ray)), "ray {index}: {ray:?}");
    }
    let found = hits.iter().filter(|hit| **hit != MISS).count();
    assert!(found * 4 > hits.len() && found < hits.len(), "some hit, some miss: {found} of {}", hits.len());
}

#[test]
fn progress_counts_the_units_that_are_done() {
    let Some(device) = common::device() else { return };
    let tracer = tracer(&cornell());
    let frame = Frame { width: 16, height: 4, tile: 4, samples: 60, max_bounces: 0, seed: 1 };
    let mut renderer = Renderer::new(&device, &tracer).unwrap();
    let calls = RefCell::new(Vec::new());
    renderer.render(&frame, 0..4, &|done| calls.borrow_mut().push(done), &|| false).unwrap();
    let calls = calls.into_inner();
    assert!(calls.is_sorted() && calls.last() == Some(&4), "{calls:?}");
}

#[test]
fn a_cancelled_rendering_ends_and_the_next_one_is_right() {
    let Some(device) = common::device() else { return };
    let tracer = tracer(&cornell());
    let frame = Frame { width: 16, height: 8, tile: 8, samples: 40, max_bounces: 0, seed: 1 };
    let mut renderer = Renderer::new(&device, &tracer).unwrap();
    let asked = Cell::new(0);
    let cancel = || asked.replace(asked.get() + 1) > 0;
    let long = Frame { samples: 65_536, ..frame };
    assert_eq!(renderer.render(&long, 0..2, &|_| (), &cancel), Err(GpuError::Cancelled));
    let outputs = renderer.render(&frame, 0..2, &|_| (), &|| false).unwrap();
    assert_eq!(outputs[1], render_unit(&tracer, &frame, 1).unwrap());
}

#[test]
fn scenes_and_frames_follow_each_other_on_one_card() {
    let Some(device) = common::device() else { return };
    let before = device.allocated_bytes();
    for seed in [11, 12] {
        let tracer = tracer(&random_scene(seed));
        let mut renderer = Renderer::new(&device, &tracer).unwrap();
        for tile in [3, 5] {
            let frame = Frame { width: 5, height: 5, tile, samples: 1, max_bounces: 2, seed };
            let outputs = renderer.render(&frame, 0..frame.units(), &|_| (), &|| false).unwrap();
            assert_eq!(outputs[0], render_unit(&tracer, &frame, 0).unwrap());
        }
    }
    assert_eq!(device.allocated_bytes(), before, "a dropped renderer keeps nothing");
}

#[test]
fn a_frame_or_unit_that_does_not_exist_is_refused() {
    let Some(device) = common::device() else { return };
    let mut renderer = Renderer::new(&device, &tracer(&cornell())).unwrap();
    let frame = Frame { width: 8, height: 8, tile: 8, samples: 1, max_bounces: 0, seed: 1 };
    let error = renderer.render(&frame, 0..2, &|_| (), &|| false).unwrap_err();
    assert!(error.to_string().contains("unit: 1 of 1"), "{error}");
    let error = renderer.render(&Frame { samples: 0, ..frame }, 0..1, &|_| (), &|| false).unwrap_err();
    assert!(error.to_string().contains("samples"), "{error}");
}

#[test]
fn every_row_of_the_measurement_has_a_figure_or_a_reason() {
    let Some(device) = common::device() else { return };
    let rows = gpu_host::measure::render::rows(&device).unwrap();
    assert!(rows.iter().any(|row| row.name.contains("incoherent rays") && row.floor.is_some()));
    for row in rows {
        match row.value {
            Some(value) => assert!(value.is_finite(), "{row:?}"),
            None => assert!(row.why.is_some(), "{row:?}"),
        }
    }
}

/// Set in the process of a test that wants a card of its own making.
const CHILD: &str = "RENDER_TEST_SMALL_CARD";

#[test]
fn a_card_too_small_for_the_scene_is_out_of_memory() {
    let Some(device) = common::device() else { return };
    if std::env::var_os(CHILD).is_some() {
        let error = Renderer::new(&device, &tracer(&cornell())).err().expect("the card is too small");
        assert!(matches!(error, GpuError::OutOfMemory { .. }), "{error}");
        assert!(device.lost().is_none() && device.upload(&[1_u32]).is_ok(), "the card goes on working");
        return;
    }
    if !device.info().is_emulated {
        return;
    }
    let name = "a_card_too_small_for_the_scene_is_out_of_memory";
    let child = Command::new(std::env::current_exe().unwrap())
        .args([name, "--exact", "--nocapture"])
        .env(CHILD, "1")
        .env("EMULATED_CUDA_MEMORY", "65536")
        .output()
        .unwrap();
    assert!(child.status.success(), "{}", String::from_utf8_lossy(&child.stderr));
}
