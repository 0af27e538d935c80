//! A scene in a card's memory, the tables of paths beside it, and the launches that take a batch of samples through
//! them.

use std::time::Duration;

use gpu::render::{Begin, Closest, Occlusion, PathTables, Shade, WORDS_PER_PATH, WaveArguments};
use gpu::{Kernel, Pointer};
use kernels::render::compressed::{Compressed, Node, Triangle};
use kernels::render::wave::{Order, PathRay, Record, ShadowRay};
use kernels::render::{Frame, Hit, SceneImage};

use crate::device::Device;
use crate::error::GpuError;
use crate::memory::{Buffer, Plain};

// SAFETY: words.
unsafe impl Plain for Node {}
// SAFETY: words.
unsafe impl Plain for Triangle {}

/// Paths at once on a card with memory to spare: many times what its threads hold, so that the end of a launch, when
/// few of them are busy, does not show. 200 bytes each.
const MOST_PATHS: u32 = 1 << 22;
/// Paths at once below which a card is too small.
const FEWEST_PATHS: u32 = 1 << 15;
/// On the tests' emulator, which clears memory slowly.
const EMULATED_PATHS: u32 = 1 << 10;
const EMULATED_BLOCKS: u32 = 2;
/// Blocks of a launch for each that the card runs at once: the multiprocessors that get short paths take more of them.
/// Not many, so that the threads of a search have several rays, one after another, before they wait for their warp.
const ROUNDS: u32 = 4;
/// Rays of a path at most (64 scatterings), and the count behind the last one.
const COUNTS: usize = 66;

/// What one wave did and how long its launches took.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct WaveTimes {
    /// Rays that looked for the closest hit.
    pub rays: u32,
    /// Rays to lights.
    pub shadow_rays: u32,
    /// Of [`Closest`]; the median of several runs.
    pub closest: Duration,
    /// Of [`Occlusion`].
    pub occlusion: Duration,
    /// Of [`Shade`].
    pub shade: Duration,
}

/// The kernels' blocks at once on the whole card, times [`ROUNDS`].
#[derive(Clone, Copy)]
struct MostBlocks {
    begin: u32,
    closest: u32,
    occlusion: u32,
    shade: u32,
}

pub(super) struct Waves {
    pub(super) device: Device,
    image: Buffer<u32>,
    nodes: Buffer<Node>,
    triangles: Buffer<Triangle>,
    tables: Buffer<u32>,
    counts: Buffer<u64>,
    fault: Buffer<u32>,
    capacity: u32,
    most_blocks: MostBlocks,
}

impl Waves {
    pub(super) fn new(device: &Device, image: &SceneImage) -> Result<Waves, GpuError> {
        let compressed = Compressed::new(image).map_err(|fault| GpuError::Failed(fault.to_string()))?;
        let (nodes, triangles) = (device.upload(compressed.nodes())?, device.upload(compressed.triangles())?);
        let image = device.upload(image.words())?;
        let (counts, fault) = (device.allocate(COUNTS)?, device.allocate(1)?);
        let (tables, capacity) = tables(device)?;
        let most_blocks = MostBlocks {
            begin: most_blocks(device, Begin)?,
            closest: most_blocks(device, Closest)?,
            occlusion: most_blocks(device, Occlusion)?,
            shade: most_blocks(device, Shade)?,
        };
        Ok(Waves { device: device.clone(), image, nodes, triangles, tables, counts, fault, capacity, most_blocks })
    }

    /// Paths at once.
    pub(super) fn capacity(&self) -> u32 {
        self.capacity
    }

    /// Bytes of the card's memory in use.
    pub(super) fn bytes(&self) -> u64 {
        (size_of::<Node>() * self.nodes.len()
            + size_of::<Triangle>() * self.triangles.len()
            + 4 * (self.image.len() + self.tables.len())) as u64
    }

    /// Adds `samples` samples of an order, from number `first` on, to sums that have room for all of the order's slots.
    /// Nothing is waited for.
    pub(super) fn batch(
        &mut self,
        order: &Order,
        first: u64,
        samples: u32,
        sums: Pointer<u64>,
    ) -> Result<(), GpuError> {
        let mut arguments = self.begin(order, first, samples, sums)?;
        for bounce in 0..=order.frame.max_bounces {
            arguments.bounce = bounce;
            if bounce > 0 {
                self.launch(Occlusion, self.most_blocks.occlusion, &arguments)?;
            }
            self.launch(Closest, self.most_blocks.closest, &arguments)?;
            self.launch(Shade, self.most_blocks.shade, &arguments)?;
            std::mem::swap(&mut arguments.current, &mut arguments.next);
        }
        Ok(())
    }

    /// The first launch of a batch, and the arguments of the others.
    fn begin(
        &mut self,
        order: &Order,
        first: u64,
        samples: u32,
        sums: Pointer<u64>,
    ) -> Result<WaveArguments, GpuError> {
        self.device.clear(&mut self.counts)?;
        let arguments = self.arguments(order, first, samples, sums);
        self.launch(Begin, self.most_blocks.begin, &arguments)?;
        Ok(arguments)
    }

    fn arguments(&self, order: &Order, first: u64, samples: u32, sums: Pointer<u64>) -> WaveArguments {
        let capacity = self.capacity;
        let mut words = self.tables.pointer();
        let mut take = |count: u32| {
            let taken = words;
            words = words.offset(u64::from(count) * u64::from(capacity));
            taken
        };
        WaveArguments {
            image: self.image.pointer(),
            nodes: self.nodes.pointer(),
            triangles: self.triangles.pointer(),
            current: PathTables::at(take(PathTables::WORDS), capacity),
            next: PathTables::at(take(PathTables::WORDS), capacity),
            hits: take(Hit::WORDS),
            shadows: take(ShadowRay::WORDS),
            ended: take(kernels::render::wave::Gathered::WORDS),
            counts: self.counts.pointer(),
            sums,
            fault: self.fault.pointer(),
            order: *order,
            first,
            samples: samples.min(capacity),
            capacity,
            image_words: self.image.len() as u32,
            bounce: 0,
        }
    }

    fn launch<K: Kernel<Arguments = WaveArguments>>(
        &self,
        kernel: K,
        most: u32,
        arguments: &WaveArguments,
    ) -> Result<(), GpuError> {
        let blocks = arguments.samples.div_ceil(K::THREADS).min(most);
        // SAFETY: the scene and the tables are this struct's and of the sizes that the arguments say; there is a count
        // for each wave of a valid frame; the sums are as large as the order, by the contract of `batch`, and their
        // owner waits before it lets go of them. Buffers are freed after the stream is done with them.
        unsafe { self.device.launch(kernel, (blocks, 1), 0, arguments) }
    }

    /// Waits, and tells if any kernel met what no whole image has.
    pub(super) fn check(&mut self) -> Result<(), GpuError> {
        let mut fault = [0];
        self.device.read(&self.fault, 0..1, &mut fault)?;
        if fault == [0] {
            return Ok(());
        }
        self.device.clear(&mut self.fault)?;
        Err(GpuError::Failed("the scene image is not whole; fetch it again".into()))
    }

    /// Puts rays into the table of the first wave; at most `capacity` of them.
    fn place_rays(&mut self, rays: &[PathRay]) -> Result<WaveArguments, GpuError> {
        let frame = Frame { width: 1, height: 1, tile: 1, samples: 1, max_bounces: 0, seed: 0 };
        let samples = u32::try_from(rays.len()).ok().filter(|samples| *samples <= self.capacity);
        let samples = samples.ok_or_else(|| GpuError::Failed(format!("more than {} rays", self.capacity)))?;
        for word in 0..PathRay::WORDS {
            let values: Vec<u32> = rays.iter().map(|ray| word_of(*ray, word)).collect();
            self.device.write(&mut self.tables, (word * self.capacity) as usize, &values)?;
        }
        self.device.write(&mut self.counts, 0, &[u64::from(samples)])?;
        Ok(self.arguments(&Order::new(&frame, 0), 0, samples, Pointer::NULL))
    }

    /// The closest hits of rays.
    pub(super) fn closest(&mut self, rays: &[PathRay]) -> Result<Vec<Hit>, GpuError> {
        let mut hits = Vec::with_capacity(rays.len());
        for part in rays.chunks(self.capacity as usize) {
            let arguments = self.place_rays(part)?;
            self.launch(Closest, self.most_blocks.closest, &arguments)?;
            let first = ((arguments.hits.address() - self.tables.pointer().address()) / 4) as usize;
            let mut words = vec![0; Hit::WORDS as usize * part.len()];
            for (word, values) in words.chunks_mut(part.len()).enumerate() {
                let at = first + word * self.capacity as usize;
                self.device.read(&self.tables, at..at + part.len(), values)?;
            }
            hits.extend((0..part.len()).map(|index| {
                let mut hit = Hit::BLANK;
                let mut at = index;
                hit.visit(|word| {
                    *word = words[at];
                    at += part.len();
                });
                hit
            }));
        }
        Ok(hits)
    }

    /// Renders one batch and times every launch; [`Closest`] several times, because it can be repeated.
    pub(super) fn profile(
        &mut self,
        order: &Order,
        samples: u32,
        sums: Pointer<u64>,
        runs: usize,
    ) -> Result<Vec<WaveTimes>, GpuError> {
        let mut arguments = self.begin(order, 0, samples, sums)?;
        let mut times = Vec::new();
        for bounce in 0..=order.frame.max_bounces {
            arguments.bounce = bounce;
            let mut wave = WaveTimes::default();
            let mut counts = [0];
            self.device.read(&self.counts, bounce as usize..bounce as usize + 1, &mut counts)?;
            (wave.rays, wave.shadow_rays) = (counts[0] as u32, (counts[0] >> 32) as u32);
            wave.occlusion = self.device.time(|| self.launch(Occlusion, self.most_blocks.occlusion, &arguments))?;
            wave.closest = crate::measure::median_time(&self.device, runs, || {
                self.launch(Closest, self.most_blocks.closest, &arguments)
            })?;
            wave.shade = self.device.time(|| self.launch(Shade, self.most_blocks.shade, &arguments))?;
            std::mem::swap(&mut arguments.current, &mut arguments.next);
            times.push(wave);
        }
        Ok(times)
    }
}

/// Word number `word` of a record.
fn word_of<R: Record>(mut record: R, word: u32) -> u32 {
    let (mut at, mut found) = (0, 0);
    record.visit(|value| {
        if at == word {
            found = *value;
        }
        at += 1;
    });
    found
}

/// Tables for as many paths as most of the free memory holds.
fn tables(device: &Device) -> Result<(Buffer<u32>, u32), GpuError> {
    let (most, fewest) =
        if device.info().is_emulated { (EMULATED_PATHS, EMULATED_PATHS) } else { (MOST_PATHS, FEWEST_PATHS) };
    let fitting = device.free_bytes()? / 4 * 3 / (4 * u64::from(WORDS_PER_PATH));
    let mut paths = most;
    while paths > fewest && u64::from(paths) > fitting {
        paths /= 2;
    }
    loop {
        // Others may take memory between the question and this.
        match device.allocate(WORDS_PER_PATH as usize * paths as usize) {
            Err(GpuError::OutOfMemory { .. }) if paths > fewest => paths /= 2,
            tables => return Ok((tables?, paths)),
        }
    }
}

fn most_blocks<K: Kernel>(device: &Device, kernel: K) -> Result<u32, GpuError> {
    if device.info().is_emulated {
        // So few that the tests' small batches, too, have several rays for each thread.
        return Ok(EMULATED_BLOCKS);
    }
    let at_once = device.blocks_per_multiprocessor(kernel, 0)?.max(1) * device.info().multiprocessors.max(1);
    Ok(at_once.saturating_mul(ROUNDS))
}
