//! The path tracer as a step machine: the definition of every bit of a rendered unit.
//!
//! Unidirectional path tracing with next-event estimation; light found by both is combined with the power heuristic.
//! Each phase is one small step: one pair of boxes, one triangle, one surface, one texture, one light.
//!
//! # Steps and strides
//! Pixels are taken row by row, the samples of a pixel in order. Every sample owns a *stride* of [`steps_per_sample`]
//! steps, a bound that no sample exceeds; what it does not need it spends in the phase `Idle`, which only counts. So
//! the number of steps of a unit is known without executing it, the state at every multiple of the stride is a sample
//! boundary, and at a boundary everything but the job, the sums and the digest is zero: a fast path that never walks
//! the canonical hierarchy produces these states for nothing. A dispute is bisected over pixels and samples first and
//! only then inside one sample, where idle steps are skipped in one go ([`State::skip_idle`]).
//!
//! ```text
//! Camera -> Pair* / Leaf* -> Environment -------------------------------------> Accumulate -> Idle* -> Camera | Done
//!                         -> Surface -> Base? -> Rough? -> Normal? -> Emission? -> Emit -> Accumulate
//!                                                                                       -> Light -> LightTexture?
//!               -> LightScatter -> Pair* / Leaf* (shadow) -> Scatter -> Pair* / Leaf* | Accumulate
//! ```

use super::bsdf::{self, Bsdf};
use super::bvh::{Child, DEEPEST};
use super::image::{self, FACE, LIGHT, MATERIAL, NONE, TEXEL, VERTEX, header};
use super::intersect::{Hit, Ray, enters, leave_surface, triangle_hit};
use super::job::{Frame, MOST_RADIANCE, RADIANCE_ONE, first_digest, next_digest};
use super::{camera, light, texture};
use crate::machine::{Fault, Flow, Machine, Memory};
use crate::merkle::{Digest, sha256};
use crate::rng;
use crate::strict::vector::{
    Vec3, add, cross, dot, interpolate, largest, length, multiply, negate, normalize_or, scale, subtract,
};
use crate::strict::{LARGEST, abs, bits, clamp, max};

/// What the next step does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u32)]
pub enum Phase {
    /// Starts a sample.
    #[default]
    Camera = 0,
    /// Tests the two boxes of a pair.
    Pair = 1,
    /// Tests one triangle of a leaf.
    Leaf = 2,
    /// Interpolates the vertices of the triangle that was hit.
    Surface = 3,
    /// Reads the base colour texture.
    Base = 4,
    /// Reads the metallic-roughness texture.
    Rough = 5,
    /// Reads the normal texture.
    Normal = 6,
    /// Reads the emission texture.
    Emission = 7,
    /// Adds the light that the surface itself emits.
    Emit = 8,
    /// Chooses a point of a light.
    Light = 9,
    /// Reads the emission texture at that point.
    LightTexture = 10,
    /// Weighs that light and sends the shadow ray.
    LightScatter = 11,
    /// Chooses the next direction.
    Scatter = 12,
    /// Adds the light from outside.
    Environment = 13,
    /// Adds the sample to the pixel.
    Accumulate = 14,
    /// Waits for the end of the stride; its last step goes to the next sample.
    Idle = 15,
    /// The unit is finished.
    Done = 16,
}

impl Phase {
    fn from_word(word: u32) -> Option<Phase> {
        use Phase::*;
        [
            Camera,
            Pair,
            Leaf,
            Surface,
            Base,
            Rough,
            Normal,
            Emission,
            Emit,
            Light,
            LightTexture,
            LightScatter,
            Scatter,
            Environment,
            Accumulate,
            Idle,
            Done,
        ]
        .get(word as usize)
        .copied()
    }
}

/// A traversal of the canonical hierarchy in progress, or its result.
#[derive(Clone, Debug, PartialEq)]
pub struct Traversal {
    /// Start of the ray.
    pub origin: Vec3,
    /// Unit direction.
    pub direction: Vec3,
    /// No hit beyond this distance counts; shrinks to the best hit so far.
    pub limit: f32,
    /// Of the best hit so far, the triangle, or [`NONE`].
    pub primitive: u32,
    /// Weight of its second corner.
    pub u: f32,
    /// Weight of its third corner.
    pub v: f32,
    /// 1 where any hit will do.
    pub shadow: u32,
    /// What is visited now: a word of [`Child`].
    current: u32,
    /// Entries of the stack in use; the others are zero.
    depth: u32,
    /// What remains to be visited, the nearest last.
    stack: [u32; DEEPEST],
}

impl Default for Traversal {
    fn default() -> Self {
        Traversal {
            origin: [0.0; 3],
            direction: [0.0; 3],
            limit: 0.0,
            primitive: 0,
            u: 0.0,
            v: 0.0,
            shadow: 0,
            current: 0,
            depth: 0,
            stack: [0; DEEPEST],
        }
    }
}

/// The surface point that a path stands at.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Surface {
    outgoing: Vec3,
    position: Vec3,
    geometric: Vec3,
    normal: Vec3,
    tangent: [f32; 4],
    uv: [f32; 2],
    base: Vec3,
    metallic: f32,
    roughness: f32,
    specular: f32,
    normal_scale: f32,
    emission: Vec3,
    /// Base, metallic-roughness, normal, emission, or [`NONE`].
    textures: [u32; 4],
    light_density: f32,
}

impl Surface {
    /// Texture number 0 to 3, or [`NONE`]. Each index is a constant, so that a loop over them needs no array in memory,
    /// which on a GPU would be far away.
    #[inline(always)]
    pub(super) fn texture(&self, which: usize) -> u32 {
        match which {
            0 => self.textures[0],
            1 => self.textures[1],
            2 => self.textures[2],
            _ => self.textures[3],
        }
    }
}

/// A light that was chosen and not yet added.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Chosen {
    direction: Vec3,
    distance: f32,
    density: f32,
    /// Emitted radiance; after `LightScatter`, what to add if nothing is in the way.
    pub(super) radiance: Vec3,
    uv: [f32; 2],
    texture: u32,
}

/// Everything that belongs to one sample; all zero between samples.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Path {
    pub(super) bounce: u32,
    pub(super) throughput: Vec3,
    pub(super) radiance: Vec3,
    /// Density with which the last direction was sampled; 0 for the camera ray.
    pub(super) density: f32,
    pub(super) traversal: Traversal,
    pub(super) surface: Surface,
    pub(super) chosen: Chosen,
}

/// Which pixel of the frame a path belongs to.
pub(super) trait Place {
    /// Column and row.
    fn position(&self, frame: &Frame) -> Result<(u32, u32), Fault>;

    /// Row-major number, which random numbers are drawn for.
    #[inline(always)]
    fn number(&self, frame: &Frame) -> Result<u32, Fault> {
        let (x, y) = self.position(frame)?;
        Ok(y * frame.width + x)
    }
}

/// A pixel of a unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct UnitPixel {
    unit: u64,
    /// Row-major in the tile.
    pixel: u32,
}

impl Place for UnitPixel {
    fn position(&self, frame: &Frame) -> Result<(u32, u32), Fault> {
        let (left, top, width, height) = frame.tile_rect(self.unit);
        if width == 0 || self.pixel >= width * height {
            return Err(Fault::State("pixel"));
        }
        Ok((left + self.pixel % width, top + self.pixel / width))
    }
}

/// One sample on its way: its path, what happens next to it, and all that the phases need to know of where it belongs.
/// The shading phases are its methods, so every way to execute them, step by step or a wave at a time, is the same
/// code.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Walk<P> {
    pub(super) frame: Frame,
    pub(super) phase: Phase,
    pub(super) place: P,
    pub(super) sample: u32,
    pub(super) path: Path,
}

/// The whole state between two steps, [`State::BYTES`] bytes when committed.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    walk: Walk<UnitPixel>,
    /// Of the samples of the current pixel so far.
    sum: [i64; 3],
    /// Steps since the sample began.
    inner: u64,
    /// Over the pixels before the current one.
    digest: Digest,
}

/// Visits every field in the committed order, to write it or to read it.
trait Visitor {
    fn word(&mut self, value: &mut u32);
    fn bytes(&mut self, value: &mut Digest);

    fn long(&mut self, value: &mut u64) {
        let (mut low, mut high) = (*value as u32, (*value >> 32) as u32);
        self.word(&mut low);
        self.word(&mut high);
        *value = u64::from(low) | u64::from(high) << 32;
    }

    fn float(&mut self, value: &mut f32) {
        let mut pattern = bits(*value);
        self.word(&mut pattern);
        *value = f32::from_bits(pattern);
    }

    fn floats(&mut self, values: &mut [f32]) {
        for value in values {
            self.float(value);
        }
    }
}

/// Writes little-endian words.
struct Writer<'a> {
    bytes: &'a mut [u8; State::BYTES],
    at: usize,
}

impl Visitor for Writer<'_> {
    fn word(&mut self, value: &mut u32) {
        self.bytes[self.at..self.at + 4].copy_from_slice(&value.to_le_bytes());
        self.at += 4;
    }

    fn bytes(&mut self, value: &mut Digest) {
        self.bytes[self.at..self.at + 32].copy_from_slice(value);
        self.at += 32;
    }
}

/// Reads little-endian words.
struct Reader<'a> {
    bytes: &'a [u8; State::BYTES],
    at: usize,
}

impl Visitor for Reader<'_> {
    fn word(&mut self, value: &mut u32) {
        let mut word = [0; 4];
        word.copy_from_slice(&self.bytes[self.at..self.at + 4]);
        *value = u32::from_le_bytes(word);
        self.at += 4;
    }

    fn bytes(&mut self, value: &mut Digest) {
        value.copy_from_slice(&self.bytes[self.at..self.at + 32]);
        self.at += 32;
    }
}

impl State {
    /// Size of the committed form.
    pub const BYTES: usize = 564;
    /// Of the committed form, what is not zero at a sample boundary: everything up to and including the digest.
    pub const HEAD_BYTES: usize = 112;

    /// The state at the start of a sample, given the sums of the pixel's earlier samples and the digest of the earlier
    /// pixels: what a fast path knows, hashed at a stride, commits to a trace.
    ///
    /// # Errors
    /// [`Fault::State`] where the frame is invalid or has no such unit.
    pub fn at_sample(
        frame: &Frame,
        unit: u64,
        pixel: u32,
        sample: u32,
        sum: [i64; 3],
        digest: Digest,
    ) -> Result<State, Fault> {
        if frame.unit_pixels(unit) == 0 {
            return Err(Fault::State("invalid frame or unit"));
        }
        let place = UnitPixel { unit, pixel };
        let walk = Walk { frame: *frame, phase: Phase::Camera, place, sample, path: Path::default() };
        Ok(State { walk, sum, inner: 0, digest })
    }

    /// The state after the last step of a unit: [`Phase::Done`], with the digest of the result.
    ///
    /// # Errors
    /// As [`State::at_sample`].
    pub fn at_end(frame: &Frame, unit: u64, output: Digest) -> Result<State, Fault> {
        let mut state = State::at_sample(frame, unit, frame.unit_pixels(unit), 0, [0; 3], output)?;
        state.walk.phase = Phase::Done;
        Ok(state)
    }

    /// The committed form: the fields in the order in which `visit` goes through them, as little-endian words, NaN
    /// canonical.
    #[cfg_attr(any(target_os = "solana", target_arch = "bpf"), inline(never))]
    pub fn to_bytes(&self) -> [u8; State::BYTES] {
        let mut bytes = [0; State::BYTES];
        let mut phase = self.walk.phase as u32;
        self.clone().visit(&mut phase, &mut Writer { bytes: &mut bytes, at: 0 });
        bytes
    }

    /// The inverse of [`State::to_bytes`]; NaN becomes canonical.
    ///
    /// # Errors
    /// [`Fault::State`] where the phase does not exist.
    #[cfg_attr(any(target_os = "solana", target_arch = "bpf"), inline(never))]
    pub fn from_bytes(bytes: &[u8; State::BYTES]) -> Result<State, Fault> {
        let frame = Frame { width: 0, height: 0, tile: 0, samples: 0, max_bounces: 0, seed: 0 };
        let place = UnitPixel { unit: 0, pixel: 0 };
        let walk = Walk { frame, phase: Phase::Camera, place, sample: 0, path: Path::default() };
        let mut state = State { walk, sum: [0; 3], inner: 0, digest: [0; 32] };
        let mut phase = 0;
        state.visit(&mut phase, &mut Reader { bytes, at: 0 });
        state.walk.phase = Phase::from_word(phase).ok_or(Fault::State("phase"))?;
        Ok(state)
    }

    /// The hash that stands for the state. Let head be the first [`State::HEAD_BYTES`] of the committed form and path
    /// the others: where the path is all zero, as at every sample boundary, SHA-256(head), else SHA-256(head,
    /// SHA-256(path)). The two messages differ in length, so no two states have the same one. A boundary costs two
    /// blocks of SHA-256, of which the first is the same for all pixels of a unit.
    pub fn hash(&self) -> Digest {
        State::hash_of_bytes(&self.to_bytes())
    }

    /// [`State::hash`] of a committed form.
    #[cfg_attr(any(target_os = "solana", target_arch = "bpf"), inline(never))]
    pub fn hash_of_bytes(bytes: &[u8; State::BYTES]) -> Digest {
        let (head, path) = bytes.split_at(State::HEAD_BYTES);
        if path.iter().all(|byte| *byte == 0) {
            return sha256(&[head]);
        }
        sha256(&[head, &sha256(&[path])])
    }

    /// The frame that it belongs to.
    pub fn frame(&self) -> &Frame {
        &self.walk.frame
    }

    /// The unit that it belongs to.
    pub fn unit(&self) -> u64 {
        self.walk.place.unit
    }

    /// What the next step does.
    pub fn phase(&self) -> Phase {
        self.walk.phase
    }

    /// (pixel of the tile, sample of the pixel, steps since the sample began).
    pub fn position(&self) -> (u32, u32, u64) {
        (self.walk.place.pixel, self.walk.sample, self.inner)
    }

    /// In the phase `Idle`, counts up to `inner` steps into the sample without changing anything else: the same as so
    /// many steps, as long as `inner` is below the stride. Does nothing in other phases and never counts back.
    pub fn skip_idle(&mut self, inner: u64) {
        if self.walk.phase == Phase::Idle && inner > self.inner {
            self.inner = inner;
        }
    }

    fn visit(&mut self, phase: &mut u32, to: &mut impl Visitor) {
        let Frame { width, height, tile, samples, max_bounces, seed } = &mut self.walk.frame;
        for word in [width, height, tile, samples, max_bounces] {
            to.word(word);
        }
        to.word(phase);
        to.long(seed);
        to.long(&mut self.walk.place.unit);
        for sum in &mut self.sum {
            let mut long = *sum as u64;
            to.long(&mut long);
            *sum = long as i64;
        }
        // From here on, 64 bytes into the form, boundaries of one unit differ.
        to.long(&mut self.inner);
        to.word(&mut self.walk.place.pixel);
        to.word(&mut self.walk.sample);
        to.bytes(&mut self.digest);
        let path = &mut self.walk.path;
        to.word(&mut path.bounce);
        to.floats(&mut path.throughput);
        to.floats(&mut path.radiance);
        to.float(&mut path.density);
        let traversal = &mut path.traversal;
        to.floats(&mut traversal.origin);
        to.floats(&mut traversal.direction);
        to.float(&mut traversal.limit);
        to.word(&mut traversal.primitive);
        to.float(&mut traversal.u);
        to.float(&mut traversal.v);
        to.word(&mut traversal.shadow);
        to.word(&mut traversal.current);
        to.word(&mut traversal.depth);
        for entry in &mut traversal.stack {
            to.word(entry);
        }
        let surface = &mut path.surface;
        for vector in [
            &mut surface.outgoing,
            &mut surface.position,
            &mut surface.geometric,
            &mut surface.normal,
            &mut surface.base,
            &mut surface.emission,
        ] {
            to.floats(vector);
        }
        to.floats(&mut surface.tangent);
        to.floats(&mut surface.uv);
        for number in [
            &mut surface.metallic,
            &mut surface.roughness,
            &mut surface.specular,
            &mut surface.normal_scale,
            &mut surface.light_density,
        ] {
            to.float(number);
        }
        for texture in &mut surface.textures {
            to.word(texture);
        }
        let chosen = &mut path.chosen;
        to.floats(&mut chosen.direction);
        to.float(&mut chosen.distance);
        to.float(&mut chosen.density);
        to.floats(&mut chosen.radiance);
        to.floats(&mut chosen.uv);
        to.word(&mut chosen.texture);
    }
}

/// Steps reserved for one sample: a power of two that no sample exceeds.
///
/// A path has at most `max_bounces + 1` vertices; each is found by one traversal, sends at most one shadow ray, and
/// takes at most ten other steps; a traversal visits each pair and each triangle at most once. Four steps more begin
/// and end the sample.
pub fn steps_per_sample(max_bounces: u32, pairs: u32, triangles: u32) -> u64 {
    let traversal = u64::from(pairs) + u64::from(triangles);
    // Saturates only where the numbers are those of no valid job.
    let steps = (u64::from(max_bounces) + 1).saturating_mul(2 * traversal + 16);
    steps.checked_next_power_of_two().unwrap_or(u64::MAX)
}

/// The render engine's machine.
pub struct Render;

impl Machine for Render {
    type Job = Frame;
    type State = State;

    fn init(frame: &Frame, unit: u64) -> Result<State, Fault> {
        State::at_sample(frame, unit, 0, 0, [0; 3], first_digest(unit))
    }

    fn step<M: Memory + ?Sized>(state: &mut State, memory: &M) -> Flow {
        if state.walk.phase == Phase::Done {
            return Flow::Done;
        }
        let mut next = state.clone();
        match next.advance(memory) {
            Ok(()) => {
                *state = next;
                if state.walk.phase == Phase::Done { Flow::Done } else { Flow::Continue }
            }
            Err(fault) => Flow::Fault(fault),
        }
    }

    fn output(state: &State) -> Digest {
        state.digest
    }
}

/// The closest hit (or, for `shadow`, any hit) as the machine finds it in the canonical hierarchy: the reference for
/// every fast path.
///
/// # Errors
/// As a step of the machine.
pub fn canonical_hit<M: Memory + ?Sized>(
    memory: &M,
    origin: Vec3,
    direction: Vec3,
    limit: f32,
    shadow: bool,
) -> Result<Option<Hit>, Fault> {
    let mut traversal = Traversal::begin(origin, direction, limit, shadow);
    loop {
        let leaf = traversal.current >> 31 == 1;
        let more = if leaf { traversal.visit_leaf(memory)? } else { traversal.visit_pair(memory)? };
        if !more {
            let Traversal { limit: t, primitive, u, v, .. } = traversal;
            return Ok((primitive != NONE).then_some(Hit { t, primitive, u, v }));
        }
    }
}

impl Traversal {
    /// A ray that looks for the closest hit, or for any.
    fn begin(origin: Vec3, direction: Vec3, limit: f32, shadow: bool) -> Traversal {
        Traversal { origin, direction, limit, primitive: NONE, shadow: shadow as u32, ..Traversal::default() }
    }

    /// A finished search for the closest hit.
    #[inline(always)]
    pub(super) fn ended(origin: Vec3, direction: Vec3, hit: Hit) -> Traversal {
        let Hit { t: limit, primitive, u, v } = hit;
        Traversal { origin, direction, limit, primitive, u, v, ..Traversal::default() }
    }

    /// Takes the next entry of the stack; false where it is empty.
    fn pop(&mut self) -> Result<bool, Fault> {
        if self.depth == 0 {
            self.current = 0;
            return Ok(false);
        }
        let entry = self.stack.get_mut(self.depth as usize - 1).ok_or(Fault::State("stack depth"))?;
        self.current = core::mem::take(entry);
        self.depth -= 1;
        Ok(true)
    }

    fn push(&mut self, entry: u32) -> Result<(), Fault> {
        *self.stack.get_mut(self.depth as usize).ok_or(Fault::State("stack depth"))? = entry;
        self.depth += 1;
        Ok(())
    }

    /// Forgets what remains to be visited.
    fn stop(&mut self) {
        (self.current, self.depth, self.stack) = (0, 0, [0; DEEPEST]);
    }

    /// Tests a pair; the nearer child is next (the first one if they are equally near), the other waits on the stack.
    /// Returns whether anything is left to visit.
    #[cfg_attr(any(target_os = "solana", target_arch = "bpf"), inline(never))]
    fn visit_pair<M: Memory + ?Sized>(&mut self, memory: &M) -> Result<bool, Fault> {
        let [first, second] = image::read_pair(memory, self.current)?;
        let ray = Ray::new(self.origin, self.direction);
        let (enters_first, near_first) = enters(&ray, &first.bounds, self.limit);
        let (enters_second, near_second) = enters(&ray, &second.bounds, self.limit);
        match (enters_first, enters_second) {
            (true, true) => {
                let (next, later) = if near_second < near_first { (second, first) } else { (first, second) };
                self.push(later.child.to_word())?;
                self.current = next.child.to_word();
                Ok(true)
            }
            (true, false) => {
                self.current = first.child.to_word();
                Ok(true)
            }
            (false, true) => {
                self.current = second.child.to_word();
                Ok(true)
            }
            (false, false) => self.pop(),
        }
    }

    /// Tests the first triangle of the current leaf; returns whether anything is left to visit.
    #[cfg_attr(any(target_os = "solana", target_arch = "bpf"), inline(never))]
    fn visit_leaf<M: Memory + ?Sized>(&mut self, memory: &M) -> Result<bool, Fault> {
        let Child::Leaf { first, count } = Child::from_word(self.current) else {
            return Err(Fault::State("leaf"));
        };
        let (corners, primitive) = image::read_slot(memory, memory.word(header::SLOTS)?, first)?;
        let ray = Ray::new(self.origin, self.direction);
        if let Some((t, u, v)) = triangle_hit(&ray, &corners, self.limit) {
            if t < self.limit || primitive < self.primitive {
                (self.limit, self.primitive, self.u, self.v) = (t, primitive, u, v);
            }
            if self.shadow != 0 {
                self.stop();
                return Ok(false);
            }
        }
        if count > 1 {
            self.current = Child::Leaf { first: first.wrapping_add(1) & 0x0fff_ffff, count: count - 1 }.to_word();
            return Ok(true);
        }
        self.pop()
    }
}

impl State {
    /// Executes one step; on an error the state is partly changed and must be dropped.
    pub(crate) fn advance<M: Memory + ?Sized>(&mut self, memory: &M) -> Result<(), Fault> {
        match self.walk.phase {
            Phase::Pair => {
                let more = self.walk.path.traversal.visit_pair(memory)?;
                self.walk.continue_traversal(more);
            }
            Phase::Leaf => {
                let more = self.walk.path.traversal.visit_leaf(memory)?;
                self.walk.continue_traversal(more);
            }
            Phase::Accumulate => self.accumulate(),
            Phase::Idle => {
                let stride = steps_per_sample(
                    self.walk.frame.max_bounces,
                    memory.word(header::PAIR_COUNT)?,
                    memory.word(header::TRIANGLE_COUNT)?,
                );
                if self.inner.wrapping_add(1) >= stride {
                    self.next_sample();
                    return Ok(());
                }
            }
            Phase::Done => return Ok(()),
            _ => self.walk.shade(memory)?,
        }
        self.inner = self.inner.wrapping_add(1);
        Ok(())
    }

    /// Ends the stride: the next sample, the next pixel, or the end of the unit.
    #[cfg_attr(any(target_os = "solana", target_arch = "bpf"), inline(never))]
    pub(super) fn next_sample(&mut self) {
        self.inner = 0;
        self.walk.phase = Phase::Camera;
        self.walk.sample = self.walk.sample.wrapping_add(1);
        if self.walk.sample >= self.walk.frame.samples {
            self.walk.sample = 0;
            self.digest = next_digest(&self.digest, &self.sum);
            self.sum = [0; 3];
            self.walk.place.pixel = self.walk.place.pixel.wrapping_add(1);
            if self.walk.place.pixel >= self.walk.frame.unit_pixels(self.walk.place.unit) {
                self.walk.phase = Phase::Done;
            }
        }
    }

    /// Begins another sample of the same pixel.
    pub(super) fn restart(&mut self, sample: u32) {
        (self.inner, self.walk.sample, self.walk.phase) = (0, sample, Phase::Camera);
    }

    /// Sums of the samples of the current pixel so far.
    pub(super) fn sum(&self) -> [i64; 3] {
        self.sum
    }

    /// The sample on its way.
    pub(super) fn walk_mut(&mut self) -> &mut Walk<UnitPixel> {
        &mut self.walk
    }

    /// Adds the sample to the pixel's fixed-point sums and clears the path.
    #[cfg_attr(any(target_os = "solana", target_arch = "bpf"), inline(never))]
    fn accumulate(&mut self) {
        for (sum, radiance) in self.sum.iter_mut().zip(self.walk.path.radiance) {
            *sum = sum.wrapping_add(to_fixed_point(radiance));
        }
        self.walk.path = Path::default();
        self.walk.phase = Phase::Idle;
    }
}

impl<P: Place> Walk<P> {
    /// Executes a step that neither searches the hierarchy nor ends the sample.
    fn shade<M: Memory + ?Sized>(&mut self, memory: &M) -> Result<(), Fault> {
        match self.phase {
            Phase::Camera => self.camera(memory),
            Phase::Surface => self.surface(memory),
            Phase::Base => self.apply_texture(memory, 0),
            Phase::Rough => self.apply_texture(memory, 1),
            Phase::Normal => self.apply_texture(memory, 2),
            Phase::Emission => self.apply_texture(memory, 3),
            Phase::Emit => self.emit(memory),
            Phase::Light => self.choose_light(memory),
            Phase::LightTexture => self.light_texture(memory),
            Phase::LightScatter => {
                self.weigh_light();
                Ok(())
            }
            Phase::Scatter => self.scatter(),
            Phase::Environment => self.environment(memory),
            Phase::Pair | Phase::Leaf | Phase::Accumulate | Phase::Idle | Phase::Done => Err(Fault::State("phase")),
        }
    }

    /// Four random words of a dimension of this sample.
    fn draw(&self, dimension: u32) -> Result<[u32; 4], Fault> {
        Ok(rng::draw(self.frame.seed, self.place.number(&self.frame)?, self.sample, dimension))
    }

    #[cfg_attr(any(target_os = "solana", target_arch = "bpf"), inline(never))]
    pub(super) fn camera<M: Memory + ?Sized>(&mut self, memory: &M) -> Result<(), Fault> {
        let (x, y) = self.place.position(&self.frame)?;
        let random = self.draw(0)?.map(rng::unit);
        let (across, down) = (x as f32 + random[0], y as f32 + random[1]);
        let lens = [random[2], random[3]];
        let (origin, direction) =
            camera::ray(&image::read_camera(memory)?, across, down, self.frame.width, self.frame.height, lens);
        self.path = Path { throughput: [1.0; 3], ..Path::default() };
        self.trace(origin, direction, LARGEST, false);
        Ok(())
    }

    fn trace(&mut self, origin: Vec3, direction: Vec3, limit: f32, shadow: bool) {
        self.path.traversal = Traversal::begin(origin, direction, limit, shadow);
        self.phase = Phase::Pair;
    }

    fn continue_traversal(&mut self, more: bool) {
        if more {
            let leaf = self.path.traversal.current >> 31 == 1;
            self.phase = if leaf { Phase::Leaf } else { Phase::Pair };
        } else {
            self.end_traversal();
        }
    }

    /// What follows a traversal whose result is known.
    #[cfg_attr(any(target_os = "solana", target_arch = "bpf"), inline(never))]
    pub(super) fn end_traversal(&mut self) {
        let hit = self.path.traversal.primitive != NONE;
        self.phase = if self.path.traversal.shadow != 0 {
            if !hit {
                self.path.radiance = add(self.path.radiance, self.path.chosen.radiance);
            }
            // Which blocker was found first depends on the order of the search, so it is forgotten.
            self.path.chosen = Chosen::default();
            self.path.traversal = Traversal::default();
            Phase::Scatter
        } else if hit {
            Phase::Surface
        } else {
            Phase::Environment
        };
    }

    /// Interpolates the hit triangle.
    #[cfg_attr(any(target_os = "solana", target_arch = "bpf"), inline(never))]
    pub(super) fn surface<M: Memory + ?Sized>(&mut self, memory: &M) -> Result<(), Fault> {
        let Traversal { direction, primitive, u, v, .. } = self.path.traversal;
        let face = read_face(memory, primitive)?;
        let [a, b, c] = [0, 1, 2].map(|corner| face.vertices[corner]);
        let [pa, pb, pc] = [read_vertex(memory, a)?, read_vertex(memory, b)?, read_vertex(memory, c)?];
        let outgoing = negate(direction);
        let edges = [subtract(pb.position, pa.position), subtract(pc.position, pa.position)];
        let geometric = normalize_or(cross(edges[0], edges[1]), outgoing);
        let normal = normalize_or(interpolate(pa.normal, pb.normal, pc.normal, u, v), geometric);
        let [uv_x, uv_y, _] = interpolate(pa.uv, pb.uv, pc.uv, u, v);
        let [tx, ty, tz] = interpolate(pa.tangent, pb.tangent, pc.tangent, u, v);
        let handedness = memory.float(a.wrapping_add(11))?;

        let material = face.material;
        let [red, green, blue, metallic] = memory.quad(material)?.map(f32::from_bits);
        let [roughness, specular, normal_scale, emitted_red] =
            memory.quad(material.wrapping_add(4))?.map(f32::from_bits);
        let [emitted_green, emitted_blue, base_texture, rough_texture] = memory.quad(material.wrapping_add(8))?;
        let [normal_texture, emission_texture, light_density] = memory.triple(material.wrapping_add(12))?;
        self.path.surface = Surface {
            outgoing,
            position: interpolate(pa.position, pb.position, pc.position, u, v),
            geometric: bsdf::facing(geometric, outgoing),
            normal,
            tangent: [tx, ty, tz, handedness],
            uv: [uv_x, uv_y],
            base: [red, green, blue],
            metallic,
            roughness,
            specular,
            normal_scale,
            emission: [emitted_red, f32::from_bits(emitted_green), f32::from_bits(emitted_blue)],
            textures: [base_texture, rough_texture, normal_texture, emission_texture],
            light_density: f32::from_bits(light_density),
        };
        self.next_texture(0);
        Ok(())
    }

    /// Goes to the first texture from `from` on that the material has.
    fn next_texture(&mut self, from: usize) {
        let phases = [Phase::Base, Phase::Rough, Phase::Normal, Phase::Emission];
        let textures = self.path.surface.textures;
        let next = (from..4).find(|index| textures[*index] != NONE);
        self.phase = next.map_or(Phase::Emit, |index| phases[index]);
    }

    fn apply_texture<M: Memory + ?Sized>(&mut self, memory: &M, which: usize) -> Result<(), Fault> {
        self.read_texture(memory, which)?;
        self.next_texture(which + 1);
        Ok(())
    }

    /// Reads one of the four textures, which the surface has, and applies its colour.
    #[inline(always)]
    pub(super) fn read_texture<M: Memory + ?Sized>(&mut self, memory: &M, which: usize) -> Result<(), Fault> {
        let texture = self.path.surface.texture(which);
        let colour = sample_texture(memory, texture, self.path.surface.uv)?;
        let surface = &mut self.path.surface;
        match which {
            0 => surface.base = multiply(surface.base, colour),
            1 => {
                let [_, roughness, metallic] = colour;
                surface.roughness *= roughness;
                surface.metallic *= metallic;
            }
            2 => self.bend_normal(colour),
            _ => surface.emission = multiply(surface.emission, colour),
        }
        Ok(())
    }

    /// Applies a texel of the normal texture in the frame of the interpolated normal and tangent.
    #[cfg_attr(any(target_os = "solana", target_arch = "bpf"), inline(never))]
    fn bend_normal(&mut self, colour: Vec3) {
        let surface = &mut self.path.surface;
        let [x, y, z] = colour.map(|channel| 2.0 * channel - 1.0);
        let [tx, ty, tz, handedness] = surface.tangent;
        let tangent = [tx, ty, tz];
        let bitangent = scale(cross(surface.normal, tangent), handedness);
        let bent = add(
            add(scale(tangent, x * surface.normal_scale), scale(bitangent, y * surface.normal_scale)),
            scale(surface.normal, z),
        );
        surface.normal = normalize_or(bent, surface.normal);
    }

    /// Adds emitted light and decides whether the path goes on.
    #[cfg_attr(any(target_os = "solana", target_arch = "bpf"), inline(never))]
    pub(super) fn emit<M: Memory + ?Sized>(&mut self, memory: &M) -> Result<(), Fault> {
        let path = &mut self.path;
        let surface = &mut path.surface;
        // The shading normal on the side that is seen; where it still turns away from the viewer, the geometric one.
        surface.normal = bsdf::facing(surface.normal, surface.geometric);
        let faces_viewer = dot(surface.normal, surface.outgoing) > 0.0;
        if !faces_viewer {
            surface.normal = surface.geometric;
        }
        if largest(surface.emission) > 0.0 {
            let t = path.traversal.limit;
            let cosine = abs(dot(surface.geometric, surface.outgoing));
            let weight = if path.density > 0.0 {
                light::power_heuristic(path.density, surface.light_density * (t * t) / cosine)
            } else {
                1.0
            };
            path.radiance = add(path.radiance, scale(multiply(path.throughput, surface.emission), weight));
        }
        self.phase = if path.bounce >= self.frame.max_bounces {
            Phase::Accumulate
        } else if memory.word(header::LIGHT_COUNT)? > 0 {
            Phase::Light
        } else {
            Phase::Scatter
        };
        Ok(())
    }

    /// Chooses a light and a point on it.
    #[cfg_attr(any(target_os = "solana", target_arch = "bpf"), inline(never))]
    pub(super) fn choose_light<M: Memory + ?Sized>(&mut self, memory: &M) -> Result<(), Fault> {
        let dimension = self.path.bounce.wrapping_mul(3);
        let random = self.draw(dimension.wrapping_add(1))?;
        let lights = memory.word(header::LIGHTS)?;
        let index = light::pick(memory, lights, memory.word(header::LIGHT_COUNT)?, LIGHT, [random[0], random[1]])?;
        let triangle = memory.word(index.wrapping_mul(LIGHT).wrapping_add(lights).wrapping_add(2))?;
        let point = [rng::unit(random[2]), rng::unit(random[3])];
        let chosen = if triangle == NONE {
            let random = self.draw(dimension.wrapping_add(2))?;
            choose_environment(memory, [random[0], random[1]], point)?
        } else {
            choose_triangle(memory, triangle, &self.path.surface, point)?
        };
        let textured = chosen.texture != NONE;
        let useful = chosen.density > 0.0
            && chosen.density < LARGEST
            && dot(self.path.surface.geometric, chosen.direction) > 0.0
            && dot(self.path.surface.normal, chosen.direction) > 0.0;
        if !useful {
            self.phase = Phase::Scatter;
            return Ok(());
        }
        self.path.chosen = chosen;
        self.phase = if textured { Phase::LightTexture } else { Phase::LightScatter };
        Ok(())
    }

    /// Applies the emission texture of the chosen light.
    pub(super) fn light_texture<M: Memory + ?Sized>(&mut self, memory: &M) -> Result<(), Fault> {
        let chosen = &mut self.path.chosen;
        let colour = sample_texture(memory, chosen.texture, chosen.uv)?;
        chosen.radiance = multiply(chosen.radiance, colour);
        self.phase = Phase::LightScatter;
        Ok(())
    }

    fn bsdf(&self) -> Bsdf {
        let Surface { base, metallic, roughness, specular, .. } = self.path.surface;
        Bsdf { base, metallic, roughness, specular }
    }

    /// Turns the emitted radiance into the path's contribution and sends the shadow ray.
    #[cfg_attr(any(target_os = "solana", target_arch = "bpf"), inline(never))]
    pub(super) fn weigh_light(&mut self) {
        let surface = &self.path.surface;
        let chosen = &self.path.chosen;
        let evaluation = bsdf::evaluate(&self.bsdf(), surface.normal, surface.outgoing, chosen.direction);
        let weight = light::power_heuristic(chosen.density, evaluation.density) / chosen.density;
        let arriving = multiply(scale(chosen.radiance, weight), evaluation.value);
        let contribution = multiply(self.path.throughput, arriving);
        let contributes = largest(contribution) > 0.0;
        if !contributes {
            self.path.chosen = Chosen::default();
            self.phase = Phase::Scatter;
            return;
        }
        let origin = leave_surface(surface.position, surface.geometric);
        // 1 - 2^-12 of the way: the light itself is not in its own way.
        let limit = if chosen.distance < LARGEST { chosen.distance * f32::from_bits(0x3f7f_f000) } else { LARGEST };
        let direction = chosen.direction;
        self.path.chosen.radiance = contribution;
        self.trace(origin, direction, limit, true);
    }

    /// Chooses the next direction, or ends the path.
    #[cfg_attr(any(target_os = "solana", target_arch = "bpf"), inline(never))]
    pub(super) fn scatter(&mut self) -> Result<(), Fault> {
        let random = self.draw(self.path.bounce.wrapping_mul(3).wrapping_add(3))?.map(rng::unit);
        self.phase = Phase::Accumulate;
        let surface = &self.path.surface;
        let bsdf = self.bsdf();
        let direction = bsdf::sample(&bsdf, surface.normal, surface.outgoing, [random[0], random[1], random[2]]);
        let direction = normalize_or(direction, surface.normal);
        let evaluation = bsdf::evaluate(&bsdf, surface.normal, surface.outgoing, direction);
        if !(evaluation.density > 0.0 && dot(surface.geometric, direction) > 0.0) {
            return Ok(());
        }
        let mut throughput = multiply(self.path.throughput, scale(evaluation.value, 1.0 / evaluation.density));
        // Russian roulette from the fourth vertex on.
        if self.path.bounce >= 3 {
            let survival = clamp(largest(throughput), 0.05, 0.95);
            if random[3] >= survival {
                return Ok(());
            }
            throughput = scale(throughput, 1.0 / survival);
        }
        let goes_on = largest(throughput) > 0.0;
        if !goes_on {
            return Ok(());
        }
        let origin = leave_surface(surface.position, surface.geometric);
        self.path.throughput = throughput;
        self.path.density = evaluation.density;
        self.path.bounce = self.path.bounce.wrapping_add(1);
        self.path.surface = Surface::default();
        self.trace(origin, direction, LARGEST, false);
        Ok(())
    }

    /// Adds the radiance that arrives from outside.
    #[cfg_attr(any(target_os = "solana", target_arch = "bpf"), inline(never))]
    pub(super) fn environment<M: Memory + ?Sized>(&mut self, memory: &M) -> Result<(), Fault> {
        let (width, height) = (memory.word(header::ENVIRONMENT_WIDTH)?, memory.word(header::ENVIRONMENT_HEIGHT)?);
        let (column, row) = light::environment_texel(self.path.traversal.direction, width, height);
        let texel = read_texel(memory, row.wrapping_mul(width).wrapping_add(column))?;
        let weight = if self.path.density > 0.0 { light::power_heuristic(self.path.density, texel.1) } else { 1.0 };
        self.path.radiance = add(self.path.radiance, scale(multiply(self.path.throughput, texel.0), weight));
        self.phase = Phase::Accumulate;
        Ok(())
    }
}

/// Radiance limited to 0..=[`MOST_RADIANCE`] (NaN: 0) and rounded to multiples of 1 / [`RADIANCE_ONE`].
pub fn to_fixed_point(radiance: f32) -> i64 {
    (clamp(radiance, 0.0, MOST_RADIANCE) * RADIANCE_ONE as f32 + 0.5) as i64
}

/// Word indices of a triangle's vertices and material.
struct Face {
    vertices: [u32; 3],
    material: u32,
}

#[cfg_attr(any(target_os = "solana", target_arch = "bpf"), inline(never))]
fn read_face<M: Memory + ?Sized>(memory: &M, triangle: u32) -> Result<Face, Fault> {
    let face = triangle.wrapping_mul(FACE).wrapping_add(memory.word(header::FACES)?);
    let vertices = memory.word(header::VERTICES)?;
    let [a, b, c, material] = memory.quad(face)?;
    let material = material.wrapping_mul(MATERIAL).wrapping_add(memory.word(header::MATERIALS)?);
    let vertices = [a, b, c].map(|vertex| vertex.wrapping_mul(VERTEX).wrapping_add(vertices));
    Ok(Face { vertices, material })
}

/// A vertex, all but the handedness of its tangent.
struct Vertex {
    position: Vec3,
    normal: Vec3,
    uv: Vec3,
    tangent: Vec3,
}

fn read_vertex<M: Memory + ?Sized>(memory: &M, vertex: u32) -> Result<Vertex, Fault> {
    let [px, py, pz, nx] = memory.quad(vertex)?.map(f32::from_bits);
    let [ny, nz, u, v] = memory.quad(vertex.wrapping_add(4))?.map(f32::from_bits);
    let tangent = memory.triple(vertex.wrapping_add(8))?.map(f32::from_bits);
    Ok(Vertex { position: [px, py, pz], normal: [nx, ny, nz], uv: [u, v, 0.0], tangent })
}

fn interpolate_uv<M: Memory + ?Sized>(memory: &M, vertices: [u32; 3], u: f32, v: f32) -> Result<[f32; 2], Fault> {
    let read = |vertex: u32| -> Result<Vec3, Fault> {
        Ok([memory.float(vertex.wrapping_add(6))?, memory.float(vertex.wrapping_add(7))?, 0.0])
    };
    let [x, y, _] = interpolate(read(vertices[0])?, read(vertices[1])?, read(vertices[2])?, u, v);
    Ok([x, y])
}

#[cfg_attr(any(target_os = "solana", target_arch = "bpf"), inline(never))]
fn sample_texture<M: Memory + ?Sized>(memory: &M, index: u32, uv: [f32; 2]) -> Result<Vec3, Fault> {
    let record = index.wrapping_mul(texture::RECORD).wrapping_add(memory.word(header::TEXTURES)?);
    texture::sample(memory, record, uv)
}

/// Radiance and density of a texel of the environment.
fn read_texel<M: Memory + ?Sized>(memory: &M, texel: u32) -> Result<(Vec3, f32), Fault> {
    let first = texel.wrapping_mul(TEXEL).wrapping_add(memory.word(header::ENVIRONMENT)?);
    let [red, green, blue, density] = memory.quad(first)?.map(f32::from_bits);
    Ok(([red, green, blue], density))
}

#[cfg_attr(any(target_os = "solana", target_arch = "bpf"), inline(never))]
fn choose_environment<M: Memory + ?Sized>(memory: &M, random: [u32; 2], point: [f32; 2]) -> Result<Chosen, Fault> {
    let (width, height) = (memory.word(header::ENVIRONMENT_WIDTH)?, memory.word(header::ENVIRONMENT_HEIGHT)?);
    let table = memory.word(header::ENVIRONMENT_TABLE)?;
    let texel = light::pick(memory, table, width.wrapping_mul(height), 2, random)?;
    let (column, row) = (texel.checked_rem(width), texel.checked_div(width));
    let (Some(column), Some(row)) = (column, row) else { return Err(Fault::State("environment size")) };
    let (radiance, density) = read_texel(memory, texel)?;
    let direction = light::direction_in_texel(column, row, width, height, point);
    Ok(Chosen { direction, distance: LARGEST, density, radiance, uv: [0.0; 2], texture: NONE })
}

#[cfg_attr(any(target_os = "solana", target_arch = "bpf"), inline(never))]
fn choose_triangle<M: Memory + ?Sized>(
    memory: &M,
    triangle: u32,
    surface: &Surface,
    point: [f32; 2],
) -> Result<Chosen, Fault> {
    let face = read_face(memory, triangle)?;
    let position = |vertex: u32| memory.triple(vertex).map(|words| words.map(f32::from_bits));
    let [a, b, c] = [position(face.vertices[0])?, position(face.vertices[1])?, position(face.vertices[2])?];
    let (u, v) = light::point_in_triangle(point);
    let normal = normalize_or(cross(subtract(b, a), subtract(c, a)), [0.0; 3]);
    let target = interpolate(a, b, c, u, v);
    let toward = subtract(target, leave_surface(surface.position, surface.geometric));
    let distance = length(toward);
    let direction = scale(toward, 1.0 / max(distance, f32::from_bits(0x0080_0000)));
    let cosine = abs(dot(normal, direction));
    let area_density = memory.float(face.material.wrapping_add(14))?;
    let density = if cosine > 0.0 { area_density * (distance * distance) / cosine } else { 0.0 };
    let radiance = memory.vec3(face.material.wrapping_add(7))?;
    let texture = memory.word(face.material.wrapping_add(13))?;
    let uv = if texture == NONE { [0.0; 2] } else { interpolate_uv(memory, face.vertices, u, v)? };
    Ok(Chosen { direction, distance, density, radiance, uv, texture })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::fast::{Tracer, occluded, render_unit};
    use crate::render::image::{SceneImage, compile};
    use crate::render::scene::{Camera, Environment, Material, Mesh, Scene};
    use std::vec;
    use std::vec::Vec;

    /// A glossy floor under an emissive square and a two-tone sky: both kinds of light, and a lobe narrow enough that
    /// each strategy alone is worse than both.
    fn lit_floor() -> Scene {
        let square = |y: f32, size: f32| [[-size, y, size], [size, y, size], [size, y, -size], [-size, y, -size]];
        let positions: Vec<Vec3> = square(0.0, 4.0).into_iter().chain(square(1.5, 0.5)).collect();
        let up = |count: usize| vec![[0.0, 1.0, 0.0]; count];
        let mesh = Mesh {
            normals: up(positions.len()),
            uvs: vec![[0.0; 2]; positions.len()],
            tangents: vec![[0.0; 4]; positions.len()],
            positions,
            triangles: vec![[0, 1, 2], [0, 2, 3], [4, 5, 6], [4, 6, 7]],
            material_of: vec![0, 0, 1, 1],
        };
        let floor =
            Material { base_color: [0.8; 3], metallic: 0.5, roughness: 0.4, specular: 1.0, ..Material::default() };
        let lamp = Material { base_color: [0.0; 3], emission: [4.0; 3], ..Material::default() };
        Scene {
            camera: Camera {
                position: [0.0, 1.0, 4.0],
                forward: [0.0, -0.242_535_63, -0.970_142_5],
                up: [0.0, 0.970_142_5, -0.242_535_63],
                tan_half_fov_y: 0.3,
                ..Camera::default()
            },
            mesh,
            materials: vec![floor, lamp],
            textures: vec![],
            environment: Environment { width: 2, height: 1, texels: vec![[1.0; 3], [0.25; 3]] },
        }
    }

    /// A memory in which no light can be sampled, so that light is found by scattering alone, with weight 1.
    struct WithoutLights<'a> {
        image: &'a SceneImage,
        materials: (u32, u32),
        environment: (u32, u32),
    }

    impl<'a> WithoutLights<'a> {
        fn new(image: &'a SceneImage) -> Self {
            let word = |index: u32| image.word(index).unwrap();
            let texels = word(header::ENVIRONMENT_WIDTH) * word(header::ENVIRONMENT_HEIGHT);
            WithoutLights {
                image,
                materials: (word(header::MATERIALS), word(header::MATERIAL_COUNT) * MATERIAL),
                environment: (word(header::ENVIRONMENT), texels * TEXEL),
            }
        }
    }

    impl Memory for WithoutLights<'_> {
        fn word(&self, index: u32) -> Result<u32, Fault> {
            let is_density = |(first, length): (u32, u32), size: u32, offset: u32| {
                index >= first && index < first + length && (index - first) % size == offset
            };
            let hidden = index == header::LIGHT_COUNT
                || is_density(self.materials, MATERIAL, 14)
                || is_density(self.environment, TEXEL, 3);
            if hidden { Ok(0) } else { self.image.word(index) }
        }
    }

    /// Mean and its standard error.
    fn statistics(samples: &[f64]) -> (f64, f64) {
        let count = samples.len() as f64;
        let mean = samples.iter().sum::<f64>() / count;
        let variance = samples.iter().map(|sample| (sample - mean) * (sample - mean)).sum::<f64>() / (count - 1.0);
        (mean, (variance / count).sqrt())
    }

    /// One sample of the frame's only pixel, stopped in front of the given phase.
    fn run<M: Memory>(state: &mut State, memory: &M, until: Phase) {
        while state.walk.phase != until && state.walk.phase != Phase::Accumulate {
            state.advance(memory).unwrap();
        }
    }

    #[test]
    fn light_sampling_alone_and_scattering_alone_and_both_have_the_same_mean() {
        let image = compile(&lit_floor()).unwrap();
        let tracer = Tracer::new(image.clone()).unwrap();
        let blind = WithoutLights::new(&image);
        let frame = Frame { width: 1, height: 1, tile: 1, samples: 40_000, max_bounces: 1, seed: 3 };
        let (mut by_light, mut by_scattering, mut by_both) = (vec![], vec![], vec![]);
        let mut state = State::at_sample(&frame, 0, 0, 0, [0; 3], [0; 32]).unwrap();
        for sample in 0..frame.samples {
            state.restart(sample);
            run(&mut state, &image, Phase::Accumulate);
            by_both.push(f64::from(state.walk.path.radiance[0]));

            state.restart(sample);
            run(&mut state, &blind, Phase::Accumulate);
            by_scattering.push(f64::from(state.walk.path.radiance[0]));

            state.restart(sample);
            run(&mut state, &image, Phase::Light);
            let seen = state.walk.path.radiance[0];
            run(&mut state, &image, Phase::LightScatter);
            let mut radiance = seen;
            if state.walk.phase == Phase::LightScatter {
                let (surface, chosen) = (&state.walk.path.surface, &state.walk.path.chosen);
                let origin = leave_surface(surface.position, surface.geometric);
                let limit = if chosen.distance < LARGEST { chosen.distance * 0.9997 } else { LARGEST };
                if !occluded(&tracer, origin, chosen.direction, limit) {
                    let evaluation =
                        bsdf::evaluate(&state.walk.bsdf(), surface.normal, surface.outgoing, chosen.direction);
                    radiance += chosen.radiance[0] * evaluation.value[0] / chosen.density;
                }
            }
            by_light.push(f64::from(radiance));
        }
        let [light, scattering, both] = [by_light, by_scattering, by_both].map(|samples| statistics(&samples));
        for (other, name) in [(light, "light"), (scattering, "scattering")] {
            let error = (other.1 * other.1 + both.1 * both.1).sqrt();
            assert!((other.0 - both.0).abs() < 4.0 * error, "{name} {other:?} both {both:?}");
        }
        assert!(both.1 < light.1 && both.1 < scattering.1, "{light:?} {scattering:?} {both:?}");
    }

    #[test]
    fn the_fast_path_accumulates_what_the_phases_compute() {
        let image = compile(&lit_floor()).unwrap();
        let tracer = Tracer::new(image.clone()).unwrap();
        let frame = Frame { width: 1, height: 1, tile: 1, samples: 64, max_bounces: 3, seed: 9 };
        let mut state = State::at_sample(&frame, 0, 0, 0, [0; 3], [0; 32]).unwrap();
        for sample in 0..frame.samples {
            state.restart(sample);
            run(&mut state, &image, Phase::Idle);
            while state.walk.phase != Phase::Idle {
                state.advance(&image).unwrap();
            }
        }
        assert_eq!(render_unit(&tracer, &frame, 0).unwrap().radiance, [state.sum]);
    }

    #[test]
    fn fixed_point_radiance_is_rounded_and_limited() {
        assert_eq!(to_fixed_point(1.0), RADIANCE_ONE);
        assert_eq!(to_fixed_point(0.0), 0);
        assert_eq!(to_fixed_point(-3.0), 0);
        assert_eq!(to_fixed_point(f32::NAN), 0);
        assert_eq!(to_fixed_point(f32::INFINITY), RADIANCE_ONE << 20);
        assert_eq!(to_fixed_point(1.0e-9), 0);
        assert_eq!(to_fixed_point(4.0e-8), 1);
    }
}
