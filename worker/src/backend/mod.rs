//! What renders: the seam between the worker and a machine's processors, and the thread the work runs on.
//!
//! A backend gives the bits of the step machine in `kernels`, whatever it runs on. It knows nothing of leases and chains.

mod choice;
mod cpu;
mod cuda;
mod detect;
mod fallback;
mod renderer;

pub use choice::DeviceChoice;
pub use cpu::CpuBackend;
pub(crate) use cpu::processor;
pub use cuda::CudaBackend;
pub use detect::{Accelerators, Gpu, accelerators};
pub use fallback::Fallback;
pub use renderer::{Finished, Order, Output, Progress, Renderer, Task};

use crate::scenes::PreparedJob;
use kernels::{probe, render::UnitOutput};
use std::{
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

/// Why a backend gave no result.
#[derive(Debug, thiserror::Error)]
pub enum BackendError {
    /// It was asked to stop.
    #[error("rendering was called off")]
    Cancelled,
    /// The job needs more memory than the devices have free.
    #[error("{0}")]
    OutOfMemory(String),
    /// The devices stopped working in the middle.
    #[error("{0}")]
    DeviceLost(String),
    /// The job cannot be rendered here.
    #[error("the backend cannot render this job: {0}")]
    Failed(String),
    /// The machine lacks what the chosen backend needs.
    #[error("backend: {0}")]
    Unavailable(String),
}

/// Calls off a rendering from another thread.
#[derive(Clone, Debug, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// Calls it off.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether it was called off.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Processors that render.
pub trait Backend: Send + Sync {
    /// Short name: "cpu" or "cuda".
    fn name(&self) -> &'static str;

    /// What it runs on, for people.
    fn describe(&self) -> String;

    /// Renders units in order. Calls `progress` with the number of units that are done, and stops soon after `cancel`.
    ///
    /// # Errors
    /// [`BackendError`].
    fn render(
        &self,
        job: &PreparedJob,
        units: Range<u64>,
        progress: &dyn Fn(u64),
        cancel: &Cancel,
    ) -> Result<Vec<UnitOutput>, BackendError>;

    /// Answers a probe. Looks at `cancel` between its parts.
    ///
    /// # Errors
    /// [`BackendError`].
    fn probe(&self, asked: &probe::machine::Job, cancel: &Cancel) -> Result<probe::trace::Units, BackendError> {
        cpu::probe(asked, cancel)
    }

    /// Lets go of what it keeps of jobs to be faster with the next lease of the same one. Memory of devices is wiped.
    fn forget(&self) {}
}

/// Which backend to use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum BackendChoice {
    /// NVIDIA GPUs where they can be used, else the processor; a lease that fails on the GPUs is rendered on the processor.
    #[default]
    Auto,
    /// NVIDIA GPUs only.
    Cuda,
    /// The processor's cores only.
    Cpu,
}

/// The backend of a choice. `threads` is the size of the processor's pool, 0 for one per core; `devices` says which GPUs.
///
/// # Errors
/// [`BackendError::Unavailable`] when this machine lacks it, with what to do.
pub fn choose(choice: BackendChoice, threads: usize, devices: &DeviceChoice) -> Result<Arc<dyn Backend>, BackendError> {
    match choice {
        BackendChoice::Cpu => Ok(Arc::new(CpuBackend::new(threads)?)),
        BackendChoice::Cuda => Ok(Arc::new(CudaBackend::open(devices)?)),
        BackendChoice::Auto => {
            let processor = CpuBackend::new(threads)?;
            match CudaBackend::open(devices) {
                Ok(cuda) => Ok(Arc::new(Fallback::new(cuda, processor))),
                // Who names devices wants these and no others.
                Err(error) if !devices.is_all() => Err(error),
                Err(error) => {
                    tracing::info!(reason = %error, "no GPU is used; render-worker doctor says more");
                    Ok(Arc::new(processor))
                }
            }
        }
    }
}
