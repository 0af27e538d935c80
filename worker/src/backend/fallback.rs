//! One backend in place of another: what the first cannot render, for want of memory, of a working device or of anything else, is
//! rendered by the second.

use super::{Backend, BackendError, Cancel};
use crate::scenes::PreparedJob;
use kernels::{probe, render::UnitOutput};
use std::ops::Range;

/// Renders on `first`; a job that fails there, on `second`.
pub struct Fallback<First, Second> {
    first: First,
    second: Second,
}

impl<First: Backend, Second: Backend> Fallback<First, Second> {
    /// `first`, and `second` in its place.
    pub fn new(first: First, second: Second) -> Self {
        Self { first, second }
    }
}

impl<First: Backend, Second: Backend> Backend for Fallback<First, Second> {
    fn name(&self) -> &'static str {
        self.first.name()
    }

    fn describe(&self) -> String {
        format!("{}; in its place {}: {}", self.first.describe(), self.second.name(), self.second.describe())
    }

    fn render(
        &self,
        job: &PreparedJob,
        units: Range<u64>,
        progress: &dyn Fn(u64),
        cancel: &Cancel,
    ) -> Result<Vec<UnitOutput>, BackendError> {
        match self.first.render(job, units.clone(), progress, cancel) {
            Err(BackendError::Cancelled) => Err(BackendError::Cancelled),
            Err(error) if !cancel.is_cancelled() => {
                // Should it be too slow for the deadline, the worker calls it off in time to give the lease back.
                tracing::warn!(reason = %error, instead = self.second.name(), "rendering this lease elsewhere");
                progress(0);
                self.second.render(job, units, progress, cancel)
            }
            outcome => outcome,
        }
    }

    /// The time of a probe is sized to what answers it first: nothing else could take its place in time.
    fn probe(&self, asked: &probe::machine::Job, cancel: &Cancel) -> Result<probe::trace::Units, BackendError> {
        self.first.probe(asked, cancel)
    }

    fn forget(&self) {
        self.first.forget();
        self.second.forget();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::CpuBackend;
    use crate::scenes::tests::prepared;
    use std::sync::atomic::{AtomicBool, Ordering};

    /// A device that fails with what it holds.
    struct Failing(fn() -> BackendError, AtomicBool);

    impl Backend for Failing {
        fn name(&self) -> &'static str {
            "failing"
        }

        fn describe(&self) -> String {
            "a device that fails".into()
        }

        fn render(
            &self,
            _: &PreparedJob,
            _: Range<u64>,
            _: &dyn Fn(u64),
            _: &Cancel,
        ) -> Result<Vec<UnitOutput>, BackendError> {
            Err(self.0())
        }

        fn forget(&self) {
            self.1.store(true, Ordering::Relaxed);
        }
    }

    fn render(error: fn() -> BackendError, cancel: &Cancel) -> Result<Vec<UnitOutput>, BackendError> {
        let fallback =
            Fallback::new(Failing(error, AtomicBool::default()), CpuBackend::new(1).expect("a thread can be had"));
        fallback.render(&prepared(), 0..2, &|_| {}, cancel)
    }

    #[test]
    fn a_job_that_fails_on_the_first_is_rendered_by_the_second() {
        let expected = CpuBackend::new(1).unwrap().render(&prepared(), 0..2, &|_| {}, &Cancel::default()).unwrap();
        let failures: [fn() -> BackendError; 3] = [
            || BackendError::OutOfMemory(String::new()),
            || BackendError::DeviceLost(String::new()),
            || BackendError::Failed(String::new()),
        ];
        for error in failures {
            assert!(render(error, &Cancel::default()).unwrap() == expected);
        }
    }

    #[test]
    fn a_job_that_is_called_off_is_not_tried_again() {
        let cancel = Cancel::default();
        assert!(matches!(render(|| BackendError::Cancelled, &cancel), Err(BackendError::Cancelled)));
        cancel.cancel();
        let called_off = render(|| BackendError::DeviceLost(String::new()), &cancel);
        assert!(matches!(called_off, Err(BackendError::DeviceLost(_))));
    }

    #[test]
    fn both_forget() {
        let fallback = Fallback::new(
            Failing(|| BackendError::Cancelled, AtomicBool::default()),
            Failing(|| BackendError::Cancelled, AtomicBool::default()),
        );
        fallback.forget();
        assert!(fallback.first.1.load(Ordering::Relaxed) && fallback.second.1.load(Ordering::Relaxed));
    }
}
