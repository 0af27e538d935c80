//! Several cards at once: each with a thread of its own that keeps what is warm on it, and work divided among them.
//!
//! A thread opens its card, does the jobs of a bounded channel one after the other, and keeps the state (context,
//! uploaded scene) from job to job. When a card is lost, only its thread is concerned: it answers with the reason,
//! gives up the state and opens the card again, later and later while that fails. The others go on. What a state is,
//! the caller says; the pool only knows how it is opened.

mod share;

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::error::GpuError;

pub use share::Control;

/// Jobs that wait for a card while it does another one: the next one, so that it never idles between two.
const WAITING: usize = 1;
/// How long after a loss the card is opened again; doubled at each failure up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// A job, given the state or why there is none.
type Job<S> = Box<dyn FnOnce(Result<&mut S, GpuError>) -> After + Send>;
type Open<S> = dyn Fn(u32) -> Result<S, GpuError> + Send + Sync;

/// What a job leaves.
enum After {
    Kept,
    /// A state that must not be used again, and why.
    Gone(GpuError),
}

/// How a card of a pool stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It does jobs.
    Ready,
    /// It is lost, and is opened again from time to time.
    Lost(String),
}

struct Thread<S> {
    ordinal: u32,
    /// `None` when the pool closes.
    jobs: Option<SyncSender<Job<S>>>,
    standing: Arc<Mutex<Standing>>,
    handle: Option<JoinHandle<()>>,
}

/// Cards, each on its thread with a state `S`.
pub struct Pool<S> {
    threads: Vec<Thread<S>>,
}

impl<S: 'static> Pool<S> {
    /// Opens the cards with these ordinals, all at once, and waits for them. A card that is out of memory or lost stays
    /// in the pool and is tried again; one that cannot be used at all is left out with a line in the log. An error if
    /// none is ready.
    pub fn open(
        ordinals: &[u32],
        open: impl Fn(u32) -> Result<S, GpuError> + Send + Sync + 'static,
    ) -> Result<Pool<S>, GpuError> {
        Pool::open_with_pause(ordinals, open, FIRST_PAUSE)
    }

    fn open_with_pause(
        ordinals: &[u32],
        open: impl Fn(u32) -> Result<S, GpuError> + Send + Sync + 'static,
        pause: Duration,
    ) -> Result<Pool<S>, GpuError> {
        let open: Arc<Open<S>> = Arc::new(open);
        let mut begun = Vec::new();
        for &ordinal in ordinals {
            let (jobs, received) = mpsc::sync_channel(WAITING);
            let (opened, first) = mpsc::channel();
            let standing = Arc::new(Mutex::new(Standing::Ready));
            let keeper = Keeper { ordinal, open: open.clone(), jobs: received, standing: standing.clone(), pause };
            let handle = thread::Builder::new()
                .name(format!("gpu-{ordinal}"))
                .spawn(move || keeper.keep(&opened))
                .map_err(|error| GpuError::Failed(format!("no thread for device {ordinal}: {error}")))?;
            begun.push((Thread { ordinal, jobs: Some(jobs), standing, handle: Some(handle) }, first));
        }
        let (mut threads, mut failure, mut is_ready) = (Vec::new(), None, false);
        for (thread, first) in begun {
            match first.recv().unwrap_or_else(|_| Err(ended())) {
                Ok(()) => {
                    is_ready = true;
                    threads.push(thread);
                }
                Err(error) => {
                    tracing::warn!(device = thread.ordinal, "device is not ready: {error}");
                    if error.concerns_device() {
                        threads.push(thread);
                    }
                    failure.get_or_insert(error);
                }
            }
        }
        if is_ready {
            return Ok(Pool { threads });
        }
        Err(failure.unwrap_or_else(|| GpuError::NoDevice { reason: "none was chosen".into() }))
    }

    /// The ordinals of the cards and how each stands.
    pub fn standing(&self) -> Vec<(u32, Standing)> {
        self.threads.iter().map(|thread| (thread.ordinal, read(&thread.standing))).collect()
    }

    /// Gives a card a job; waits while one is waiting there already.
    pub fn submit<R: Send + 'static>(
        &self,
        ordinal: u32,
        work: impl FnOnce(&mut S) -> Result<R, GpuError> + Send + 'static,
    ) -> Result<Ticket<R>, GpuError> {
        let thread = self.threads.iter().find(|thread| thread.ordinal == ordinal);
        let jobs = thread
            .and_then(|thread| thread.jobs.as_ref())
            .ok_or_else(|| GpuError::NoDevice { reason: format!("device {ordinal} is not in use") })?;
        let (sender, result) = mpsc::channel();
        // Who no longer waits for the result has dropped the ticket.
        jobs.send(job(work, move |result| drop(sender.send(result)))).map_err(|_| ended())?;
        Ok(Ticket { result })
    }
}

impl<S> Drop for Pool<S> {
    fn drop(&mut self) {
        // First all channels, so that the cards end together.
        for thread in &mut self.threads {
            thread.jobs = None;
        }
        for thread in &mut self.threads {
            if let Some(handle) = thread.handle.take() {
                // A thread's panic is told where it happened.
                drop(handle.join());
            }
        }
    }
}

/// The result of a job to come.
#[must_use]
pub struct Ticket<R> {
    result: Receiver<Result<R, GpuError>>,
}

impl<R> Ticket<R> {
    /// Waits for it.
    pub fn wait(self) -> Result<R, GpuError> {
        self.result.recv().unwrap_or_else(|_| Err(ended()))
    }
}

fn ended() -> GpuError {
    GpuError::Lost("the device's thread has ended".into())
}

fn read(standing: &Mutex<Standing>) -> Standing {
    standing.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// A job that does the work and hands its result over, whatever happens.
fn job<S, R>(
    work: impl FnOnce(&mut S) -> Result<R, GpuError> + Send + 'static,
    reply: impl FnOnce(Result<R, GpuError>) + Send + 'static,
) -> Job<S> {
    Box::new(move |state| {
        let state = match state {
            Ok(state) => state,
            Err(error) => {
                reply(Err(error));
                return After::Kept;
            }
        };
        // The state is given up after a panic, so that nobody sees it half changed.
        let (result, is_intact) = match catch_unwind(AssertUnwindSafe(|| work(state))) {
            Ok(result) => (result, true),
            Err(panic) => (Err(GpuError::Failed(format!("a job panicked: {}", words(&*panic)))), false),
        };
        let after = match &result {
            Err(error) if !is_intact || matches!(error, GpuError::Lost(_)) => After::Gone(error.clone()),
            _ => After::Kept,
        };
        reply(result);
        after
    })
}

fn words(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("without a message")
}

/// A card's thread.
struct Keeper<S> {
    ordinal: u32,
    open: Arc<Open<S>>,
    jobs: Receiver<Job<S>>,
    standing: Arc<Mutex<Standing>>,
    pause: Duration,
}

impl<S> Keeper<S> {
    /// Opens, serves, and opens again, until the pool closes. Tells `opened` how the first time went.
    fn keep(self, opened: &mpsc::Sender<Result<(), GpuError>>) {
        let mut opened = Some(opened);
        let mut pause = self.pause;
        loop {
            let error = match (self.open)(self.ordinal) {
                Ok(state) => {
                    self.stand(Standing::Ready);
                    match opened.take() {
                        // The pool waits for this; were it gone, the channel of jobs would be closed.
                        Some(opened) => drop(opened.send(Ok(()))),
                        None => tracing::info!(device = self.ordinal, "device is back"),
                    }
                    match self.serve(state, &mut pause) {
                        Some(error) => error,
                        None => return,
                    }
                }
                Err(error) => {
                    let is_final = !error.concerns_device();
                    if let Some(opened) = opened.take() {
                        self.stand(Standing::Lost(error.to_string()));
                        drop(opened.send(Err(error.clone())));
                        if is_final {
                            return;
                        }
                    }
                    error
                }
            };
            self.stand(Standing::Lost(error.to_string()));
            tracing::warn!(device = self.ordinal, "device is opened again in {pause:?}: {error}");
            if !self.refuse(&error, pause) {
                return;
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    fn stand(&self, standing: Standing) {
        *self.standing.lock().unwrap_or_else(PoisonError::into_inner) = standing;
    }

    /// Does jobs until the state is gone (why), or the pool closes (`None`).
    fn serve(&self, mut state: S, pause: &mut Duration) -> Option<GpuError> {
        while let Ok(job) = self.jobs.recv() {
            match job(Ok(&mut state)) {
                After::Kept => *pause = self.pause,
                After::Gone(error) => return Some(error),
            }
        }
        None
    }

    /// Answers jobs with the error for so long; whether the pool is still open.
    fn refuse(&self, error: &GpuError, pause: Duration) -> bool {
        let reason = match error {
            GpuError::Lost(reason) => reason.clone(),
            other => other.to_string(),
        };
        let until = Instant::now() + pause;
        loop {
            match self.jobs.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(job) => drop(job(Err(GpuError::Lost(reason.clone())))),
                Err(RecvTimeoutError::Timeout) => return true,
                Err(RecvTimeoutError::Disconnected) => return false,
            }
        }
    }
}

#[cfg(test)]
mod tests;
