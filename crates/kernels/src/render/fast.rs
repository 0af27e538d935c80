//! The fast path: the machine's own phases over the wide hierarchy, pixels in parallel.
//!
//! Only the traversal differs from the step machine, and `super::intersect` says why that cannot show. Steps are not
//! counted but known: every sample owns the same number (see `super::path`).

use super::image::{NONE, SceneImage};
use super::intersect::Hit;
use super::job::{Frame, FrameError, UnitOutput};
use super::path::{Phase, State, steps_per_sample};
use super::trace;
use super::wide::Wide;
use crate::machine::Fault;
use crate::merkle::Digest;
use crate::strict::vector::Vec3;
use alloc::string::ToString;
use alloc::vec::Vec;
use core::ops::Range;

/// A scene image with the wide hierarchy derived from it.
pub struct Tracer {
    image: SceneImage,
    wide: Wide,
}

impl Tracer {
    /// Derives the wide hierarchy; the image is whole, because [`SceneImage`] is only made by compiling or validating.
    ///
    /// # Errors
    /// [`Fault`] where the image is not whole.
    pub fn new(image: SceneImage) -> Result<Tracer, Fault> {
        let wide = Wide::new(&image)?;
        Ok(Tracer { image, wide })
    }

    /// The image.
    pub fn image(&self) -> &SceneImage {
        &self.image
    }

    /// Bytes of the wide hierarchy.
    pub fn wide_bytes(&self) -> u64 {
        self.wide.bytes()
    }

    /// Steps of the machine for one unit.
    pub fn steps(&self, frame: &Frame, unit: u64) -> u64 {
        let stride = steps_per_sample(frame.max_bounces, self.image.pair_count(), self.image.triangle_count());
        frame.unit_work(unit) * stride
    }

    /// The traversal that the state is about to begin, in one go.
    fn traverse(&self, state: &mut State) {
        let walk = state.walk_mut();
        let traversal = &mut walk.path.traversal;
        let (origin, direction, limit) = (traversal.origin, traversal.direction, traversal.limit);
        if traversal.shadow != 0 {
            traversal.primitive = if self.wide.occluded(origin, direction, limit) { 0 } else { NONE };
        } else if let Some(hit) = self.wide.closest(origin, direction, limit) {
            (traversal.limit, traversal.primitive, traversal.u, traversal.v) = (hit.t, hit.primitive, hit.u, hit.v);
        }
        walk.end_traversal();
    }

    /// Executes the sample that begins in `state`, up to its idle steps. Steps are not counted.
    fn sample(&self, state: &mut State) -> Result<(), Fault> {
        loop {
            match state.phase() {
                Phase::Pair => self.traverse(state),
                Phase::Idle => return Ok(()),
                _ => state.advance(&self.image)?,
            }
        }
    }

    /// Sums of all samples of one pixel of a unit.
    ///
    /// # Errors
    /// [`Fault::State`] where the frame is invalid or has no such unit or pixel; [`Fault::Memory`] where the image is not
    /// whole.
    pub fn pixel(&self, frame: &Frame, unit: u64, pixel: u32) -> Result<[i64; 3], Fault> {
        let mut state = State::at_sample(frame, unit, pixel, 0, [0; 3], [0; 32])?;
        for sample in 0..frame.samples {
            state.restart(sample);
            self.sample(&mut state)?;
        }
        Ok(state.sum())
    }

    /// The states inside one segment of a unit's trace (see `super::trace`), one for each of `offsets`: so many steps after
    /// the start of the pixel. `digest` is the digest before the pixel; an offset of all the segment's steps gives the
    /// boundary that ends it. Whole samples are computed on the fast path, the others step by step.
    ///
    /// # Errors
    /// [`Fault::State`] where the frame has no such unit or pixel, or the offsets descend or leave the segment;
    /// [`Fault::Memory`] where the image is not whole.
    pub fn states(
        &self,
        frame: &Frame,
        unit: u64,
        pixel: u32,
        digest: Digest,
        offsets: &[u64],
    ) -> Result<Vec<State>, Fault> {
        if pixel >= frame.unit_pixels(unit) {
            return Err(Fault::State("invalid frame, unit or pixel"));
        }
        let stride = steps_per_sample(frame.max_bounces, self.image.pair_count(), self.image.triangle_count());
        let ascend = offsets.windows(2).all(|pair| pair[0] <= pair[1]);
        let whole = stride.checked_mul(u64::from(frame.samples)).ok_or(Fault::State("steps"))?;
        if !ascend || offsets.last().is_some_and(|last| *last > whole) {
            return Err(Fault::State("offsets"));
        }
        // `boundary` is the start of sample number `sample`, `state` a state of this sample.
        let mut boundary = State::at_sample(frame, unit, pixel, 0, [0; 3], digest)?;
        let mut state = boundary.clone();
        let mut sample = 0;
        let mut states = Vec::with_capacity(offsets.len());
        for offset in offsets {
            while sample < offset / stride {
                self.sample(&mut boundary)?;
                boundary.next_sample();
                state = boundary.clone();
                sample += 1;
            }
            let inner = offset % stride;
            loop {
                state.skip_idle(inner);
                if state.position().2 >= inner {
                    break;
                }
                state.advance(&self.image)?;
            }
            states.push(state.clone());
        }
        Ok(states)
    }
}

/// The closest hit of a ray at `0 < t <= limit`.
pub fn closest_hit(tracer: &Tracer, origin: Vec3, direction: Vec3, limit: f32) -> Option<Hit> {
    tracer.wide.closest(origin, direction, limit)
}

/// Whether a ray hits anything at `0 < t <= limit`.
pub fn occluded(tracer: &Tracer, origin: Vec3, direction: Vec3, limit: f32) -> bool {
    tracer.wide.occluded(origin, direction, limit)
}

/// Renders one unit: radiance, digest and step count of the step machine.
///
/// # Errors
/// The field of the frame that is out of range, or `unit`.
pub fn render_unit(tracer: &Tracer, frame: &Frame, unit: u64) -> Result<UnitOutput, FrameError> {
    frame.validate()?;
    if unit >= frame.units() {
        let reason = alloc::format!("{unit} of {} does not exist", frame.units());
        return Err(FrameError { field: "unit", reason });
    }
    let pixels = 0..frame.unit_pixels(unit);
    let render = |pixel| tracer.pixel(frame, unit, pixel);
    #[cfg(feature = "parallel")]
    let radiance: Result<Vec<[i64; 3]>, Fault> = {
        use rayon::iter::{IntoParallelIterator, ParallelIterator};
        pixels.into_par_iter().map(render).collect()
    };
    #[cfg(not(feature = "parallel"))]
    let radiance: Result<Vec<[i64; 3]>, Fault> = pixels.map(render).collect();
    let radiance = radiance.map_err(|fault| FrameError { field: "image", reason: fault.to_string() })?;
    let (digest, trace) = trace::digest_and_root(frame, unit, &radiance);
    Ok(UnitOutput { radiance, digest, trace, steps: tracer.steps(frame, unit) })
}

/// Renders a range of units, in order.
///
/// # Errors
/// As [`render_unit`].
pub fn render_units(tracer: &Tracer, frame: &Frame, units: Range<u64>) -> Result<Vec<UnitOutput>, FrameError> {
    #[cfg(feature = "parallel")]
    {
        use rayon::iter::{IntoParallelIterator, ParallelIterator};
        units.into_par_iter().map(|unit| render_unit(tracer, frame, unit)).collect()
    }
    #[cfg(not(feature = "parallel"))]
    units.map(|unit| render_unit(tracer, frame, unit)).collect()
}
