//! The processor's cores: the fast path of `kernels` in a pool of its own.

use super::{Backend, BackendError, Cancel};
use crate::scenes::PreparedJob;
use kernels::render::{UnitOutput, render_units};
use rayon::{ThreadPool, ThreadPoolBuilder};
use std::ops::Range;

/// Units per thread between two looks at the cancel flag: enough to keep all threads busy, few enough to stop soon.
const UNITS_PER_THREAD: u64 = 2;

/// Renders with rayon.
pub struct CpuBackend {
    pool: ThreadPool,
}

impl CpuBackend {
    /// A pool of `threads`; 0 for one per core.
    ///
    /// # Errors
    /// [`BackendError::Unavailable`] when the system gives no threads.
    pub fn new(threads: usize) -> Result<Self, BackendError> {
        let pool = ThreadPoolBuilder::new()
            .num_threads(threads)
            .thread_name(|index| format!("render-{index}"))
            .build()
            .map_err(|error| BackendError::Unavailable(format!("threads: {error}; set fewer threads")))?;
        Ok(Self { pool })
    }
}

impl Backend for CpuBackend {
    fn name(&self) -> &'static str {
        "cpu"
    }

    fn describe(&self) -> String {
        format!("{} on {} threads", processor(), self.pool.current_num_threads())
    }

    fn render(
        &self,
        job: &PreparedJob,
        units: Range<u64>,
        progress: &dyn Fn(u64),
        cancel: &Cancel,
    ) -> Result<Vec<UnitOutput>, BackendError> {
        let portion = UNITS_PER_THREAD.saturating_mul(self.pool.current_num_threads() as u64).max(1);
        let mut outputs = Vec::new();
        let mut first = units.start;
        while first < units.end {
            if cancel.is_cancelled() {
                return Err(BackendError::Cancelled);
            }
            let end = units.end.min(first.saturating_add(portion));
            let part = self
                .pool
                .install(|| render_units(&job.tracer, &job.frame, first..end))
                .map_err(|error| BackendError::Failed(error.to_string()))?;
            outputs.extend(part);
            first = end;
            progress(end - units.start);
        }
        Ok(outputs)
    }
}

/// The processor's own name for itself.
pub(crate) fn processor() -> String {
    let name = std::fs::read_to_string("/proc/cpuinfo").ok().and_then(|text| {
        text.lines()
            .find_map(|line| line.strip_prefix("model name"))
            .and_then(|rest| rest.split_once(':'))
            .map(|(_, name)| name.trim().to_owned())
    });
    name.unwrap_or_else(|| format!("{} processor", std::env::consts::ARCH))
}
