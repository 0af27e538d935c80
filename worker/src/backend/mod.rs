//! What renders: the seam between the worker and a machine's processors, and the thread the work runs on.
//!
//! A backend gives the bits of the step machine in `kernels`, whatever it runs on. It knows nothing of leases and chains.

mod cpu;
mod detect;
mod renderer;

pub use cpu::CpuBackend;
pub(crate) use cpu::processor;
pub use detect::{Accelerators, accelerators};
pub use renderer::{Finished, Order, Progress, Renderer};

use crate::scenes::PreparedJob;
use kernels::render::UnitOutput;
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
    /// Short name: "cpu".
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
}

/// Which backend to use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum BackendChoice {
    /// The fastest this build has.
    #[default]
    Auto,
    /// An NVIDIA accelerator.
    Cuda,
    /// The processor's cores.
    Cpu,
}

/// The backend of a choice. `threads` is the size of its pool; 0 for one per core.
///
/// # Errors
/// [`BackendError::Unavailable`] when this build or machine lacks it.
pub fn choose(choice: BackendChoice, threads: usize) -> Result<Arc<dyn Backend>, BackendError> {
    match choice {
        BackendChoice::Auto | BackendChoice::Cpu => Ok(Arc::new(CpuBackend::new(threads)?)),
        BackendChoice::Cuda => Err(BackendError::Unavailable(
            "this version computes on the processor only; use --backend auto or --backend cpu".into(),
        )),
    }
}
