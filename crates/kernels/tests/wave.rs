//! Waves give the bits of the step machine, whatever the order of samples and however often a path waits for a light.
#![allow(missing_docs)]

mod scenes;

use kernels::render::image::NONE;
use kernels::render::wave::{
    Gathered, LivePath, MISS, Order, PathRay, Record, ShadowRay, begin, shade, to_fixed_point,
};
use kernels::render::*;
use scenes::{cornell, random_scene};
use std::collections::BTreeSet;

/// Records word by word, as a device stores them.
struct Table<R> {
    words: Vec<u32>,
    capacity: usize,
    of: std::marker::PhantomData<R>,
}

impl<R: Record> Table<R> {
    fn new(capacity: usize) -> Self {
        Table { words: vec![0; R::WORDS as usize * capacity], capacity, of: std::marker::PhantomData }
    }

    fn store(&mut self, index: usize, mut record: R) {
        let mut word = 0;
        record.visit(|value| {
            self.words[word * self.capacity + index] = *value;
            word += 1;
        });
        assert_eq!(word, R::WORDS as usize);
    }

    fn load(&self, index: usize) -> R {
        let mut record = R::BLANK;
        let mut word = 0;
        record.visit(|value| {
            *value = self.words[word * self.capacity + index];
            word += 1;
        });
        record
    }
}

/// When the light that a shadow ray brings is added.
#[derive(Clone, Copy, PartialEq)]
enum Addition {
    /// In front of everything of the next vertex.
    InOrder,
    /// Behind it: what must show.
    Late,
}

/// Sums of the samples of units, all waves of all samples at once.
fn render(tracer: &Tracer, frame: &Frame, first_unit: u64, units: u64, addition: Addition) -> Vec<[i64; 3]> {
    let order = Order::new(frame, first_unit);
    let mut sums = vec![[0_i64; 3]; (u64::from(order.unit_slots()) * units) as usize];
    let mut add = |slot: u32, radiance: [f32; 3]| {
        for (sum, radiance) in sums[slot as usize].iter_mut().zip(radiance) {
            *sum += to_fixed_point(radiance);
        }
    };
    let capacity = (u64::from(order.unit_samples()) * units) as usize;
    let mut live = Vec::new();
    for number in (0..capacity as u64).rev() {
        if let Some(start) = order.start(number) {
            let (ray, path) = begin(tracer.image(), frame, start).unwrap();
            live.push((ray, path, Gathered::BLANK));
        }
    }
    let mut late: Vec<Option<[f32; 3]>> = vec![None; live.len()];
    for bounce in 0..=frame.max_bounces {
        let (mut rays, mut paths) = (Table::<PathRay>::new(capacity), Table::<LivePath>::new(capacity));
        for (index, (ray, path, _)) in live.iter().enumerate() {
            rays.store(index, *ray);
            paths.store(index, *path);
        }
        let mut next = Vec::new();
        let mut next_late = Vec::new();
        for (index, (_, _, gathered)) in live.iter().enumerate() {
            let ray: PathRay = rays.load(index);
            let hit = closest_hit(tracer, ray.origin, ray.direction, kernels::strict::LARGEST).unwrap_or(MISS);
            let mut hits = Table::<Hit>::new(1);
            hits.store(0, hit);
            assert_eq!(hits.load(0), hit);
            let path = paths.load(index);
            let mut shaded = shade(tracer.image(), frame, bounce, ray, path, *gathered, hit).unwrap();
            let sum = |a: [f32; 3], b: [f32; 3]| [a[0] + b[0], a[1] + b[1], a[2] + b[2]];
            if let Some(contribution) = late[index] {
                shaded.gathered.radiance = sum(shaded.gathered.radiance, contribution);
            }
            let contribution = shaded.shadow.filter(|shadow| {
                let mut shadows = Table::<ShadowRay>::new(1);
                shadows.store(0, *shadow);
                let shadow: ShadowRay = shadows.load(0);
                !occluded(tracer, shadow.origin, shadow.direction, shadow.limit)
            });
            let contribution = contribution.map(|shadow| shadow.contribution);
            match shaded.next {
                Some((ray, path)) if addition == Addition::InOrder => {
                    let radiance =
                        contribution.map_or(shaded.gathered.radiance, |light| sum(shaded.gathered.radiance, light));
                    next.push((ray, path, Gathered { radiance }));
                    next_late.push(None);
                }
                Some((ray, path)) => {
                    next.push((ray, path, shaded.gathered));
                    next_late.push(contribution);
                }
                None => add(
                    path.slot,
                    contribution.map_or(shaded.gathered.radiance, |light| sum(shaded.gathered.radiance, light)),
                ),
            }
        }
        (live, late) = (next, next_late);
    }
    assert!(live.is_empty(), "no path is longer than the frame allows");
    sums
}

fn compare(scene: &Scene, frame: &Frame) {
    let tracer = Tracer::new(compile(scene).unwrap()).unwrap();
    let sums = render(&tracer, frame, 0, frame.units(), Addition::InOrder);
    let slots = Order::new(frame, 0).unit_slots() as usize;
    for (unit, sums) in sums.chunks(slots).enumerate() {
        let expected = render_unit(&tracer, frame, unit as u64).unwrap().radiance;
        assert_eq!(sums[..expected.len()], expected, "unit {unit} of {frame:?}");
        assert!(sums[expected.len()..].iter().all(|sum| *sum == [0; 3]), "nothing beyond the unit's pixels");
    }
}

#[test]
fn waves_equal_the_fast_path_on_a_cornell_box() {
    compare(&cornell(), &Frame { width: 37, height: 21, tile: 16, samples: 5, max_bounces: 6, seed: 7 });
}

#[test]
fn waves_equal_the_fast_path_on_random_textured_scenes_of_any_depth_and_tile() {
    for seed in 0..27 {
        let [width, height, tile, samples] =
            [[9, 7, 5, 3], [1, 1, 1, 1], [33, 6, 128, 1], [10, 10, 1, 2], [17, 13, 8, 2]][seed as usize % 5];
        compare(&random_scene(seed), &Frame { width, height, tile, samples, max_bounces: seed as u32 % 9, seed });
    }
}

#[test]
fn a_light_that_is_added_late_shows_in_the_bits() {
    let tracer = Tracer::new(compile(&cornell()).unwrap()).unwrap();
    let frame = Frame { width: 32, height: 32, tile: 32, samples: 8, max_bounces: 8, seed: 5 };
    let late = render(&tracer, &frame, 0, 1, Addition::Late);
    assert_ne!(late, render_unit(&tracer, &frame, 0).unwrap().radiance);
}

#[test]
fn every_sample_of_every_pixel_begins_once() {
    for (width, height, tile, samples, first) in
        [(1, 1, 1, 1, 0), (16, 8, 8, 3, 0), (37, 21, 16, 2, 1), (9, 30, 7, 5, 3), (300, 2, 128, 1, 1), (12, 5, 2, 4, 7)]
    {
        let frame = Frame { width, height, tile, samples, max_bounces: 0, seed: 0 };
        let order = Order::new(&frame, first);
        let units = frame.units() - first;
        let (mut starts, mut places) = (BTreeSet::new(), BTreeSet::new());
        for number in 0..u64::from(order.unit_samples()) * units {
            let Some(start) = order.start(number) else { continue };
            assert!(starts.insert((start.slot, start.sample)), "{start:?} of {frame:?} twice");
            let unit = first + u64::from(start.slot / order.unit_slots());
            let (left, top, across, down) = frame.tile_rect(unit);
            let pixel = start.slot % order.unit_slots();
            assert!(pixel < across * down && start.sample < samples);
            assert_eq!(start.pixel, (top + pixel / across) * width + left + pixel % across);
            places.insert(start.pixel);
        }
        let pixels: u32 = (first..frame.units()).map(|unit| frame.unit_pixels(unit)).sum();
        assert_eq!(starts.len() as u32, pixels * samples);
        assert_eq!(places.len() as u32, pixels);
    }
}

#[test]
fn thirty_two_neighbouring_samples_lie_in_one_block_of_pixels() {
    let frame = Frame { width: 64, height: 64, tile: 32, samples: 4, max_bounces: 0, seed: 0 };
    let order = Order::new(&frame, 0);
    for warp in 0..u64::from(order.unit_samples()) / 32 {
        let starts: Vec<_> = (0..32).map(|lane| order.start(32 * warp + lane).unwrap()).collect();
        let (column, row) = (|pixel| pixel % 64, |pixel| pixel / 64);
        assert!(starts.iter().all(|start| column(start.pixel) / 8 == column(starts[0].pixel) / 8));
        assert!(starts.iter().all(|start| row(start.pixel) / 4 == row(starts[0].pixel) / 4));
        assert!(starts.iter().all(|start| start.sample == starts[0].sample));
    }
}

#[test]
fn no_hit_is_stored_as_no_triangle() {
    assert_eq!(MISS.primitive, NONE);
}
