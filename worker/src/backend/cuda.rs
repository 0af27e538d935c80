//! NVIDIA GPUs: each on its own thread with a warm context and the scene it rendered last, the units of a lease divided among
//! them.

use super::{Backend, BackendError, Cancel, DeviceChoice, cpu::tick, detect::Gpu};
use crate::scenes::PreparedJob;
use gpu_host::{
    Device, GpuError,
    pool::{Pool, Standing},
    probe::{Chain, ProbeError, Walk},
    render::Renderer,
};
use kernels::{
    merkle::Digest,
    probe::{self, trace},
    render::UnitOutput,
};
use solana_address::Address;
use std::{ops::Range, sync::Arc};

/// Parts that each GPU's share of a lease is divided into: the fewer, the less often a GPU runs dry between two; the more, the
/// less the others wait for the last.
const PARTS: u64 = 4;

/// A GPU with what is in its memory.
struct Card {
    device: Device,
    /// The scene of a job. Another job's is only put there after this one's memory was wiped.
    scene: Option<(Address, Renderer)>,
}

/// Renders on GPUs.
pub struct CudaBackend {
    pool: Pool<Card>,
    description: String,
}

impl CudaBackend {
    /// Opens the chosen GPUs. One that is lost or full for now is tried again later.
    ///
    /// # Errors
    /// [`BackendError::Unavailable`] when none of them is ready, or not all of those that were named are there.
    pub fn open(choice: &DeviceChoice) -> Result<Self, BackendError> {
        let gpus = Gpu::all().map_err(BackendError::Unavailable)?;
        let ordinals = choice.select(&gpus).map_err(BackendError::Unavailable)?;
        let chosen = gpus.iter().filter(|gpu| ordinals.contains(&gpu.ordinal));
        let description = chosen.map(|gpu| format!("{} ({})", gpu.name, gpu.ordinal)).collect::<Vec<_>>().join(", ");
        if ordinals.is_empty() {
            let reason = "no GPU here is new enough: compute capability 7.5 is needed";
            return Err(BackendError::Unavailable(reason.into()));
        }
        let open = |ordinal| Ok(Card { device: Device::open(ordinal)?, scene: None });
        let pool = Pool::open(&ordinals, open).map_err(|error| BackendError::Unavailable(error.to_string()))?;
        Ok(Self { pool, description })
    }
}

impl Card {
    /// The job's scene on this GPU.
    fn scene(&mut self, job: Address, tracer: &kernels::render::Tracer) -> Result<&mut Renderer, GpuError> {
        let kept = self.scene.take().filter(|(known, _)| *known == job);
        let (_, renderer) = self.scene.insert(match kept {
            Some(kept) => kept,
            None => (job, Renderer::new(&self.device, tracer)?),
        });
        Ok(renderer)
    }
}

impl Backend for CudaBackend {
    fn name(&self) -> &'static str {
        "cuda"
    }

    fn describe(&self) -> String {
        self.description.clone()
    }

    fn render(
        &self,
        job: &PreparedJob,
        units: Range<u64>,
        progress: &dyn Fn(u64),
        cancel: &Cancel,
    ) -> Result<Vec<UnitOutput>, BackendError> {
        let devices = self.pool.standing().len() as u64;
        let count = units.end.saturating_sub(units.start);
        // A GPU that is alone takes the whole lease in one go.
        let part = if devices == 1 { count } else { count.div_ceil(PARTS * devices) };
        let (address, frame, tracer) = (job.job, job.frame, Arc::clone(&job.tracer));
        let parts = self.pool.share(
            units,
            part,
            move |card, units, control| {
                let renderer = card.scene(address, &tracer)?;
                let outcome = renderer.render(&frame, units, &|done| control.done(done), &|| control.is_cancelled());
                if matches!(outcome, Err(GpuError::OutOfMemory { .. })) {
                    card.scene = None;
                }
                outcome
            },
            progress,
            &|| cancel.is_cancelled(),
        )?;
        for (units, outputs) in &parts {
            look_again(job, units.start, outputs)?;
        }
        Ok(parts.into_iter().flat_map(|(_, outputs)| outputs).collect())
    }

    /// On the first card that stands: a node declares what one of its cards does, since a probe's parts follow each other. The
    /// clock runs on a core beside it.
    fn probe(&self, asked: &probe::machine::Job, cancel: &Cancel) -> Result<trace::Units, BackendError> {
        let standing = self.pool.standing();
        let ready = standing.iter().find(|(_, standing)| matches!(standing, Standing::Ready)).or(standing.first());
        let Some((ordinal, _)) = ready else { return Err(BackendError::Unavailable("no GPU is in use".into())) };
        let (asked, called_off) = (*asked, cancel.clone());
        let ticket = self.pool.submit(*ordinal, move |card| {
            // The walk needs the memory, and the scene can be had again.
            card.scene = None;
            answer(&card.device, &asked, &called_off)
        })?;
        let clock = tick(&asked, cancel);
        let (chain, slices, finals) = ticket.wait()?;
        trace::Units::new(&asked.plan, clock?, chain, slices, finals)
            .ok_or_else(|| BackendError::Failed("an incomplete answer".into()))
    }

    fn forget(&self) {
        for (device, _) in self.pool.standing() {
            let forgotten = self.pool.submit(device, |card| {
                card.scene = None;
                Ok(())
            });
            if let Err(error) = forgotten.and_then(|ticket| ticket.wait()) {
                // What was lost is opened again, and its memory with it.
                tracing::debug!(device, %error, "nothing to forget");
            }
        }
    }
}

/// The chain's checkpoints, the roots of the walk's slices, and the hashed leaves of its final states.
type Parts = (Vec<Digest>, Vec<Digest>, Vec<Digest>);

/// The parts of a probe that a card answers, one after the other: each has the card's memory to itself.
fn answer(device: &Device, asked: &probe::machine::Job, cancel: &Cancel) -> Result<Parts, GpuError> {
    let failed = |error| match error {
        ProbeError::Gpu(error) => error,
        ProbeError::Shape(error) => GpuError::Failed(error.to_string()),
    };
    let mut chain = Chain::new(device, &asked.seed, asked.plan.chain).map_err(failed)?;
    chain.run(device)?;
    let checkpoints = chain.checkpoints(device)?;
    drop(chain);
    if cancel.is_cancelled() {
        return Err(GpuError::Cancelled);
    }
    let mut walk = Walk::new(device, &asked.seed, asked.plan.walk).map_err(failed)?;
    let slices = walk.run(device)?.slices;
    Ok((checkpoints, slices, trace::leaves_of_finals(&walk.final_states(device)?)))
}

/// Renders one pixel of a part on the processor as well. A card that computes wrongly is found by its owner while the lease can
/// still be given back, and not by an auditor.
fn look_again(job: &PreparedJob, first: u64, outputs: &[UnitOutput]) -> Result<(), BackendError> {
    let Some(last) = outputs.last() else { return Ok(()) };
    let number = |at: usize| u64::from_le_bytes(std::array::from_fn(|byte| last.digest[at + byte]));
    let place = (number(0) % outputs.len() as u64) as usize;
    let radiance = &outputs[place].radiance;
    let (unit, pixel) = (first + place as u64, (number(8) % radiance.len().max(1) as u64) as usize);
    let expected =
        job.tracer.pixel(&job.frame, unit, pixel as u32).map_err(|fault| BackendError::Failed(fault.to_string()))?;
    if radiance.get(pixel) == Some(&expected) {
        return Ok(());
    }
    Err(BackendError::DeviceLost(format!(
        "pixel {pixel} of unit {unit} is not what the processor computes: a GPU computes wrongly; do not overclock it, check its \
         memory, or leave it out with --device"
    )))
}

impl From<GpuError> for BackendError {
    fn from(error: GpuError) -> Self {
        let text = error.to_string();
        match error {
            GpuError::Cancelled => Self::Cancelled,
            GpuError::OutOfMemory { .. } => Self::OutOfMemory(text),
            GpuError::Lost(_) => Self::DeviceLost(text),
            GpuError::NoDriver { .. } | GpuError::NoDevice { .. } | GpuError::Unsupported(_) => Self::Unavailable(text),
            GpuError::Driver { .. } | GpuError::Failed(_) => Self::Failed(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenes::tests::prepared;
    use kernels::render::render_units;

    #[test]
    fn a_part_that_a_card_computed_wrongly_is_not_taken() {
        let job = prepared();
        let mut outputs = render_units(&job.tracer, &job.frame, 0..2).expect("the scene can be rendered");
        assert!(look_again(&job, 0, &outputs).is_ok());
        assert!(look_again(&job, 0, &[]).is_ok());
        // One sum of every pixel is off by its least bit.
        for pixel in outputs.iter_mut().flat_map(|output| &mut output.radiance) {
            pixel[0] ^= 1;
        }
        let refused = look_again(&job, 0, &outputs).expect_err("it is wrong");
        assert!(matches!(refused, BackendError::DeviceLost(reason) if reason.contains("computes wrongly")));
    }
}
