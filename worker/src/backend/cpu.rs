//! The processor's cores: the fast path of `kernels` in a pool of its own.

use super::{Backend, BackendError, Cancel};
use crate::scenes::PreparedJob;
use kernels::{
    merkle,
    probe::{self, chain, clock, trace, walk},
    render::{UnitOutput, render_units},
};
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

    fn probe(&self, asked: &probe::machine::Job, cancel: &Cancel) -> Result<trace::Units, BackendError> {
        self.pool.install(|| probe(asked, cancel))
    }
}

/// The clock's checkpoints, looking at `cancel` between them.
pub(super) fn tick(asked: &probe::machine::Job, cancel: &Cancel) -> Result<Vec<merkle::Digest>, BackendError> {
    let shape = &asked.plan.clock;
    let mut value = clock::start(&asked.seed);
    let mut checkpoints = Vec::with_capacity(shape.segments as usize);
    for _ in 0..shape.segments {
        if cancel.is_cancelled() {
            return Err(BackendError::Cancelled);
        }
        value = clock::advance(value, shape.steps);
        checkpoints.push(value);
    }
    Ok(checkpoints)
}

/// Answers a probe on the threads of the present pool: the clock on one of them, beside it the chain and then the walk.
pub(super) fn probe(asked: &probe::machine::Job, cancel: &Cancel) -> Result<trace::Units, BackendError> {
    let impossible = |error: probe::ShapeError| BackendError::Failed(error.to_string());
    let probe::machine::Job { plan, seed } = asked;
    plan.check().map_err(impossible)?;
    let accelerator = || {
        let chain = chain::run(seed, &plan.chain).map_err(impossible)?;
        if cancel.is_cancelled() {
            return Err(BackendError::Cancelled);
        }
        let mut slices = Vec::new();
        let keep = |cells: &[walk::Cell]| slices.push(merkle::root_of_bytes(&walk::bytes_of(cells)));
        let finals = walk::run_with(seed, &plan.walk, keep).map_err(impossible)?;
        Ok((chain, slices, trace::leaves_of_finals(&finals)))
    };
    let (clock, (chain, slices, finals)) = match rayon::join(|| tick(asked, cancel), accelerator) {
        (Ok(clock), Ok(rest)) => (clock, rest),
        (Err(error), _) | (_, Err(error)) => return Err(error),
    };
    trace::Units::new(plan, clock, chain, slices, finals)
        .ok_or_else(|| BackendError::Failed("an incomplete answer".into()))
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
