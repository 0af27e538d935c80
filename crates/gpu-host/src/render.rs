//! The path tracer on a card: units of a frame in, their results out, as the step machine defines them.
//!
//! The card sums samples; the processor's cores hash what is finished (digest and trace of each unit) while the card
//! goes on with the next group of units, so that a commitment costs the card nothing. Owns how units are grouped and
//! which of them are under way; the launches of a batch are in `waves`.

mod waves;

use std::ops::Range;

use kernels::render::wave::{Order, PathRay};
use kernels::render::{Frame, Hit, Tracer, UnitOutput, trace};
use rayon::prelude::*;

use crate::device::Device;
use crate::error::GpuError;
use crate::memory::{Buffer, Pinned, Transfer};
use waves::Waves;

pub use waves::WaveTimes;

/// Pixels whose sums are on the card at once, of each of two groups of units: at least those of the largest unit.
const MOST_SLOTS: u32 = 1 << 20;
/// On the tests' emulator.
const EMULATED_SLOTS: u32 = 1 << 14;

/// A scene on a card, kept warm for any number of frames. Its memory is wiped when it is dropped.
pub struct Renderer {
    waves: Waves,
    pairs: u32,
    triangles: u32,
    stages: [Option<Stage>; 2],
}

/// Where the sums of a group of units are.
struct Stage {
    sums: Buffer<i64>,
    /// Where they go; none while the copy is under way.
    pinned: Option<Pinned<i64>>,
}

/// A group of units that the card works on.
struct Group {
    units: Range<u64>,
    order: Order,
    stage: Stage,
    transfer: Transfer<i64>,
}

impl Renderer {
    /// Puts the scene into the card's memory.
    ///
    /// # Errors
    /// [`GpuError::OutOfMemory`] where it does not fit, and those of the driver.
    pub fn new(device: &Device, tracer: &Tracer) -> Result<Renderer, GpuError> {
        let image = tracer.image();
        let waves = Waves::new(device, image)?;
        let renderer =
            Renderer { waves, pairs: image.pair_count(), triangles: image.triangle_count(), stages: [None, None] };
        tracing::debug!(
            device = device.info().ordinal,
            bytes = renderer.waves.bytes(),
            paths = renderer.waves.capacity(),
            "scene loaded"
        );
        Ok(renderer)
    }

    /// Bytes of the card's memory that scene and paths take.
    pub fn bytes(&self) -> u64 {
        self.waves.bytes()
    }

    /// Renders units in order. Calls `progress` with the number of units that are done, and stops soon after `cancel`
    /// says so.
    ///
    /// # Errors
    /// [`GpuError::Cancelled`], [`GpuError::Failed`] for an invalid frame or unit, and those of the driver.
    pub fn render(
        &mut self,
        frame: &Frame,
        units: Range<u64>,
        progress: &dyn Fn(u64),
        cancel: &dyn Fn() -> bool,
    ) -> Result<Vec<UnitOutput>, GpuError> {
        let (pairs, triangles) = (self.pairs, self.triangles);
        self.each_unit(frame, units, progress, cancel, |unit, sums| {
            let attestation = trace::attest(frame, pairs, triangles, unit, sums)
                .ok_or_else(|| GpuError::Failed(format!("unit: {unit} has no trace")))?;
            let (digest, trace, steps) = (attestation.output, attestation.trace, attestation.steps);
            Ok(UnitOutput { radiance: sums.to_vec(), digest, trace, steps })
        })
    }

    /// Renders units in order and makes something of the sums of each, on all cores.
    pub(crate) fn each_unit<R: Send>(
        &mut self,
        frame: &Frame,
        units: Range<u64>,
        progress: &dyn Fn(u64),
        cancel: &dyn Fn() -> bool,
        make: impl Fn(u64, &[[i64; 3]]) -> Result<R, GpuError> + Sync,
    ) -> Result<Vec<R>, GpuError> {
        frame.validate().map_err(|error| GpuError::Failed(error.to_string()))?;
        if units.end > frame.units() {
            return Err(GpuError::Failed(format!("unit: {} of {} does not exist", units.end - 1, frame.units())));
        }
        let mut made = Vec::with_capacity(units.end.saturating_sub(units.start) as usize);
        let mut under_way: Option<Group> = None;
        let mut next = units.start;
        // The power of two: leases of about the same size share a stage.
        let per_group =
            self.units_per_group(frame).min(units.end.saturating_sub(units.start).max(1).next_power_of_two());
        while next < units.end {
            let end = units.end.min(next + per_group);
            let group = self.start(frame, next..end, per_group, cancel)?;
            next = end;
            // The card has the next group to work on while this one is hashed.
            if let Some(before) = under_way.replace(group) {
                made.extend(self.finish(before, &make)?);
                progress(made.len() as u64);
            }
        }
        if let Some(last) = under_way {
            made.extend(self.finish(last, &make)?);
        }
        self.waves.check()?;
        progress(made.len() as u64);
        Ok(made)
    }

    /// Units whose samples fill the tables at least once, but not so many that hashing waits long for the first.
    fn units_per_group(&self, frame: &Frame) -> u64 {
        let order = Order::new(frame, 0);
        let (samples, capacity) = (u64::from(order.unit_samples()), u64::from(self.waves.capacity()));
        // Where a table holds few units, several tables are divided evenly.
        let tables = if samples * 8 <= capacity { 1 } else { 4 };
        let most_slots = if self.waves.device.info().is_emulated { EMULATED_SLOTS } else { MOST_SLOTS };
        (tables * capacity / samples).min(u64::from(most_slots / order.unit_slots())).max(1)
    }

    /// Hands all batches of a group to the card, and the copy of its sums.
    fn start(
        &mut self,
        frame: &Frame,
        units: Range<u64>,
        per_group: u64,
        cancel: &dyn Fn() -> bool,
    ) -> Result<Group, GpuError> {
        let order = Order::new(frame, units.start);
        let mut stage = self.take_stage((per_group * u64::from(order.unit_slots()) * 3) as usize)?;
        let device = self.waves.device.clone();
        device.clear(&mut stage.sums)?;
        let sums = gpu::Pointer::new(stage.sums.pointer().address());
        let total = u64::from(order.unit_samples()) * (units.end - units.start);
        let batches = total.div_ceil(u64::from(self.waves.capacity()));
        // Whole warps, so that their threads are neighbours in all of them.
        let size = total.div_ceil(batches).next_multiple_of(32).min(u64::from(self.waves.capacity()));
        let mut first = 0;
        while first < total {
            if cancel() {
                return Err(GpuError::Cancelled);
            }
            let samples = size.min(total - first);
            self.waves.batch(&order, first, samples as u32, sums)?;
            first += samples;
        }
        let pinned = match stage.pinned.take() {
            Some(pinned) => pinned,
            None => device.pinned(stage.sums.len())?,
        };
        let transfer = device.read_async(&stage.sums, 0, pinned)?;
        Ok(Group { units, order, stage, transfer })
    }

    /// A stage of so many sums that no group uses.
    fn take_stage(&mut self, length: usize) -> Result<Stage, GpuError> {
        let kept = self.stages.iter_mut().find_map(|stage| stage.take_if(|stage| stage.sums.len() == length));
        match kept {
            Some(stage) => Ok(stage),
            None => {
                // Those of other frames give way.
                self.stages = [None, None];
                Ok(Stage { sums: self.waves.device.allocate(length)?, pinned: None })
            }
        }
    }

    /// Waits for a group and makes something of each of its units.
    fn finish<R: Send>(
        &mut self,
        group: Group,
        make: &(impl Fn(u64, &[[i64; 3]]) -> Result<R, GpuError> + Sync),
    ) -> Result<Vec<R>, GpuError> {
        let Group { units, order, mut stage, transfer } = group;
        let pinned = transfer.wait()?;
        let (sums, _) = pinned.as_chunks::<3>();
        let slots = order.unit_slots() as usize;
        let of_unit = |unit: u64| {
            let first = (unit - units.start) as usize * slots;
            make(unit, &sums[first..first + order.frame.unit_pixels(unit) as usize])
        };
        let made = units.clone().into_par_iter().map(of_unit).collect();
        stage.pinned = Some(pinned);
        let place = usize::from(self.stages[0].is_some());
        self.stages[place] = Some(stage);
        made
    }

    /// The closest hits of rays, [`MISS`](kernels::render::wave::MISS) where there are none: the search of a wave
    /// alone.
    ///
    /// # Errors
    /// Those of the driver.
    pub fn closest(&mut self, rays: &[PathRay]) -> Result<Vec<Hit>, GpuError> {
        self.waves.closest(rays)
    }

    /// Renders one batch of the frame's first samples, and tells how long each launch took: `runs` times the search for
    /// closest hits, once the others. The result is thrown away.
    ///
    /// # Errors
    /// [`GpuError::Failed`] for an invalid frame, and those of the driver.
    pub fn profile(&mut self, frame: &Frame, runs: usize) -> Result<Vec<WaveTimes>, GpuError> {
        frame.validate().map_err(|error| GpuError::Failed(error.to_string()))?;
        let order = Order::new(frame, 0);
        let samples = (u64::from(order.unit_samples()) * frame.units()).min(u64::from(self.waves.capacity())) as u32;
        let units = u64::from(samples).div_ceil(u64::from(order.unit_samples()));
        let sums: Buffer<u64> = self.waves.device.allocate((3 * units * u64::from(order.unit_slots())) as usize)?;
        let times = self.waves.profile(&order, samples, sums.pointer(), runs);
        self.waves.check()?;
        times
    }
}
