//! The path tracer a vertex at a time: the phases of the step machine, executed for many samples side by side.
//!
//! A *wave* takes every live path from one ray to the next: search the hits of all rays, then shade all of them. What a
//! machine with thousands of threads needs is here as plain functions: in which order samples are taken ([`Order`]),
//! how a sample begins ([`begin`]), what happens between two rays ([`shade`]), and which numbers a path carries from
//! one to the other ([`Record`]). It knows nothing of threads, queues and memory.
//!
//! # Why the bits are those of the step machine
//! The phases are the same code ([`super::path`]). Only one order differs: the machine looks for what blocks a light
//! before it chooses the next direction, a wave leaves the shadow ray to be searched together with the rays of the next
//! wave. Choosing a direction reads neither the result nor the radiance, so both may be done in either order. The one
//! number that the shadow ray decides is the path's radiance, and the order of its additions is kept: whoever runs the
//! waves adds [`ShadowRay::contribution`], or does not, before the next call of [`shade`] or [`to_fixed_point`] for
//! this path. Samples are added to their pixel as integers, so their order cannot show.

use super::image::NONE;
use super::intersect::Hit;
use super::job::Frame;
use super::path::{Path, Phase, Place, Traversal, Walk};
use crate::machine::{Fault, Memory};
use crate::strict::vector::Vec3;

pub use super::path::to_fixed_point;

/// What is stored of a path, a ray or a hit: a few words, each in an array of its own, so that neighbouring threads
/// read neighbouring words. Word `w` of record `i` of `capacity` records stands at `w * capacity + i`.
pub trait Record: Copy {
    /// Number of words.
    const WORDS: u32;
    /// Any value, to be read over.
    const BLANK: Self;

    /// Visits every word in order, to write it or to read it.
    fn visit(&mut self, each: impl FnMut(&mut u32));
}

#[inline(always)]
fn floats<const N: usize>(values: &mut [f32; N], each: &mut impl FnMut(&mut u32)) {
    for value in values {
        let mut pattern = value.to_bits();
        each(&mut pattern);
        *value = f32::from_bits(pattern);
    }
}

/// Where a path goes from its last point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PathRay {
    /// Start.
    pub origin: Vec3,
    /// Unit direction.
    pub direction: Vec3,
}

impl Record for PathRay {
    const WORDS: u32 = 6;
    const BLANK: Self = PathRay { origin: [0.0; 3], direction: [0.0; 3] };

    #[inline(always)]
    fn visit(&mut self, mut each: impl FnMut(&mut u32)) {
        floats(&mut self.origin, &mut each);
        floats(&mut self.direction, &mut each);
    }
}

/// What else a live path carries, but its radiance.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LivePath {
    /// What a unit of radiance at its end adds to the pixel.
    pub throughput: Vec3,
    /// Density with which the last direction was sampled; 0 for the camera ray.
    pub density: f32,
    /// Row-major number of the pixel in the frame.
    pub pixel: u32,
    /// Sample of the pixel.
    pub sample: u32,
    /// Where its pixel's sums are, see [`Start::slot`].
    pub slot: u32,
}

impl Record for LivePath {
    const WORDS: u32 = 7;
    const BLANK: Self = LivePath { throughput: [0.0; 3], density: 0.0, pixel: 0, sample: 0, slot: 0 };

    #[inline(always)]
    fn visit(&mut self, mut each: impl FnMut(&mut u32)) {
        floats(&mut self.throughput, &mut each);
        let mut density = [self.density];
        floats(&mut density, &mut each);
        [self.density] = density;
        each(&mut self.pixel);
        each(&mut self.sample);
        each(&mut self.slot);
    }
}

/// What a path has gathered so far.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gathered {
    /// Sum in the order of the step machine.
    pub radiance: Vec3,
}

impl Record for Gathered {
    const WORDS: u32 = 3;
    const BLANK: Self = Gathered { radiance: [0.0; 3] };

    #[inline(always)]
    fn visit(&mut self, mut each: impl FnMut(&mut u32)) {
        floats(&mut self.radiance, &mut each);
    }
}

/// A ray to a light.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ShadowRay {
    /// Start.
    pub origin: Vec3,
    /// Unit direction.
    pub direction: Vec3,
    /// No hit beyond this distance counts.
    pub limit: f32,
    /// What to add to the path's radiance if there is no hit.
    pub contribution: Vec3,
    /// Whose radiance: for whoever runs the waves to fill in.
    pub target: u32,
}

impl Record for ShadowRay {
    const WORDS: u32 = 11;
    const BLANK: Self =
        ShadowRay { origin: [0.0; 3], direction: [0.0; 3], limit: 0.0, contribution: [0.0; 3], target: 0 };

    #[inline(always)]
    fn visit(&mut self, mut each: impl FnMut(&mut u32)) {
        floats(&mut self.origin, &mut each);
        floats(&mut self.direction, &mut each);
        let mut limit = [self.limit];
        floats(&mut limit, &mut each);
        [self.limit] = limit;
        floats(&mut self.contribution, &mut each);
        each(&mut self.target);
    }
}

/// The closest hit of a path's ray; `primitive` is [`NONE`] where there is none.
impl Record for Hit {
    const WORDS: u32 = 4;
    const BLANK: Self = MISS;

    #[inline(always)]
    fn visit(&mut self, mut each: impl FnMut(&mut u32)) {
        let mut numbers = [self.t, self.u, self.v];
        floats(&mut numbers, &mut each);
        [self.t, self.u, self.v] = numbers;
        each(&mut self.primitive);
    }
}

/// The [`Hit`] that stands for none.
pub const MISS: Hit = Hit { t: crate::strict::LARGEST, primitive: NONE, u: 0.0, v: 0.0 };

/// The samples of consecutive units, in the order in which they are taken: unit by unit, inside a unit by blocks of at
/// most 8 x 4 pixels, inside a block sample by sample, so that 32 neighbours look nearly the same way. Units at the
/// edge of a frame count as many samples as the others; those outside the frame have no [`Start`].
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub struct Order {
    /// The frame.
    pub frame: Frame,
    /// The first unit.
    pub first_unit: u64,
    /// Size of a whole unit in pixels.
    unit_size: [u32; 2],
    /// Size of a block in pixels.
    block_size: [u32; 2],
    /// Blocks of a unit from left to right.
    blocks_across: u32,
    /// Samples of a block.
    block_samples: u32,
    /// Samples of a unit, at most 2^30.
    unit_samples: u32,
}

/// A sample that is to begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Start {
    /// Row-major number of the pixel in the frame.
    pub pixel: u32,
    /// Sample of the pixel.
    pub sample: u32,
    /// Number of the pixel among those of all units of the [`Order`], each of which has [`Order::unit_slots`] of them:
    /// row-major in its unit.
    pub slot: u32,
}

impl Order {
    /// The samples of a valid frame's units from `first_unit` on.
    pub fn new(frame: &Frame, first_unit: u64) -> Order {
        let unit_size = [frame.tile.min(frame.width), frame.tile.min(frame.height)];
        let block_size = [unit_size[0].min(8), unit_size[1].min(4)];
        let [across, down] = [0, 1].map(|axis| unit_size[axis].div_ceil(block_size[axis].max(1)));
        let block_samples = block_size[0] * block_size[1] * frame.samples;
        let unit_samples = across * down * block_samples;
        Order { frame: *frame, first_unit, unit_size, block_size, blocks_across: across, block_samples, unit_samples }
    }

    /// Samples that a unit counts.
    pub fn unit_samples(&self) -> u32 {
        self.unit_samples
    }

    /// Pixels that a unit counts.
    pub fn unit_slots(&self) -> u32 {
        self.unit_size[0] * self.unit_size[1]
    }

    /// The sample with this number, if it lies in the frame.
    #[inline(always)]
    pub fn start(&self, number: u64) -> Option<Start> {
        let unit = number / u64::from(self.unit_samples);
        let rest = (number % u64::from(self.unit_samples)) as u32;
        let (block, rest) = (rest / self.block_samples, rest % self.block_samples);
        let [width, height] = self.block_size;
        let (sample, rest) = (rest / (width * height), rest % (width * height));
        let x = block % self.blocks_across * width + rest % width;
        let y = block / self.blocks_across * height + rest / width;
        let (left, top, across, down) = self.frame.tile_rect(self.first_unit + unit);
        if x >= across || y >= down {
            return None;
        }
        let pixel = (top + y) * self.frame.width + left + x;
        Some(Start { pixel, sample, slot: unit as u32 * self.unit_slots() + y * across + x })
    }
}

/// A pixel by its number in the frame.
#[derive(Clone, Copy)]
struct Pixel(u32);

impl Place for Pixel {
    #[inline(always)]
    fn position(&self, frame: &Frame) -> Result<(u32, u32), Fault> {
        Ok((self.0 % frame.width, self.0 / frame.width))
    }

    #[inline(always)]
    fn number(&self, _: &Frame) -> Result<u32, Fault> {
        Ok(self.0)
    }
}

/// The path of a sample in front of its camera ray. Nothing is gathered yet.
///
/// # Errors
/// [`Fault`] where the image is not whole.
#[inline(always)]
pub fn begin<M: Memory + ?Sized>(memory: &M, frame: &Frame, start: Start) -> Result<(PathRay, LivePath), Fault> {
    let Start { pixel, sample, slot } = start;
    let place = Pixel(pixel);
    let mut walk = Walk { frame: *frame, phase: Phase::Camera, place, sample, path: Path::default() };
    walk.camera(memory)?;
    Ok(carry(&walk, slot))
}

#[inline(always)]
fn carry(walk: &Walk<Pixel>, slot: u32) -> (PathRay, LivePath) {
    let Path { throughput, density, ref traversal, .. } = walk.path;
    let ray = PathRay { origin: traversal.origin, direction: traversal.direction };
    (ray, LivePath { throughput, density, pixel: walk.place.0, sample: walk.sample, slot })
}

/// What shading a hit leads to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shaded {
    /// What the path has gathered without the shadow ray.
    pub gathered: Gathered,
    /// A light that may be seen from the hit.
    pub shadow: Option<ShadowRay>,
    /// How the path goes on; where it does not, what it has gathered after the shadow ray is the sample's radiance.
    pub next: Option<(PathRay, LivePath)>,
}

/// All phases from one ray's hit to the next ray. `bounce` counts the path's rays before this one.
///
/// # Errors
/// [`Fault`] where the image is not whole.
#[inline(always)]
pub fn shade<M: Memory + ?Sized>(
    memory: &M,
    frame: &Frame,
    bounce: u32,
    ray: PathRay,
    live: LivePath,
    gathered: Gathered,
    hit: Hit,
) -> Result<Shaded, Fault> {
    let LivePath { throughput, density, pixel, sample, slot } = live;
    let traversal = Traversal::ended(ray.origin, ray.direction, hit);
    let path = Path { bounce, throughput, radiance: gathered.radiance, density, traversal, ..Path::default() };
    let mut walk = Walk { frame: *frame, phase: Phase::Pair, place: Pixel(pixel), sample, path };
    let shadow = vertex(&mut walk, memory)?;
    let next = (walk.phase == Phase::Pair).then(|| carry(&walk, slot));
    Ok(Shaded { gathered: Gathered { radiance: walk.path.radiance }, shadow, next })
}

/// The phases in the order in which they can follow each other: to [`Phase::Pair`] if there is a next ray, else to
/// [`Phase::Accumulate`]. A shadow ray is not waited for but returned.
#[inline(always)]
fn vertex<M: Memory + ?Sized>(walk: &mut Walk<Pixel>, memory: &M) -> Result<Option<ShadowRay>, Fault> {
    walk.end_traversal();
    if walk.phase == Phase::Environment {
        walk.environment(memory)?;
        return Ok(None);
    }
    walk.surface(memory)?;
    for which in 0..4 {
        if walk.path.surface.texture(which) != NONE {
            walk.read_texture(memory, which)?;
        }
    }
    walk.phase = Phase::Emit;
    walk.emit(memory)?;
    if walk.phase == Phase::Light {
        walk.choose_light(memory)?;
    }
    if walk.phase == Phase::LightTexture {
        walk.light_texture(memory)?;
    }
    if walk.phase == Phase::LightScatter {
        walk.weigh_light();
    }
    let shadow = (walk.phase == Phase::Pair).then(|| {
        let Traversal { origin, direction, limit, .. } = walk.path.traversal;
        walk.phase = Phase::Scatter;
        ShadowRay { origin, direction, limit, contribution: walk.path.chosen.radiance, target: 0 }
    });
    if walk.phase == Phase::Scatter {
        walk.scatter()?;
    }
    Ok(shadow)
}
