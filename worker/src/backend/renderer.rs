//! The thread that renders and answers probes: one order at a time, so that the chain side never waits for a frame.

use super::{Backend, BackendError, Cancel};
use crate::{journal::LeaseKey, scenes::PreparedJob};
use kernels::{probe, render::UnitOutput};
use solana_address::Address;
use std::{
    any::Any,
    ops::Range,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::{SyncSender, TrySendError, sync_channel},
    },
};
use tokio::sync::mpsc;

/// What is to be computed.
pub enum Task {
    /// Units of a picture.
    Render {
        /// The scene and frame.
        job: Arc<PreparedJob>,
        /// Which units.
        units: Range<u64>,
    },
    /// The three units of a probe.
    Probe {
        /// The job account.
        job: Address,
        /// What it asks for.
        asked: probe::machine::Job,
    },
}

impl Task {
    fn job(&self) -> Address {
        match self {
            Self::Render { job, .. } => job.job,
            Self::Probe { job, .. } => *job,
        }
    }

    fn units(&self) -> Range<u64> {
        match self {
            Self::Render { units, .. } => units.clone(),
            Self::Probe { .. } => 0..probe::machine::UNITS,
        }
    }
}

/// An order.
pub struct Order {
    /// For which lease.
    pub key: LeaseKey,
    /// What is to be computed.
    pub task: Task,
    /// How much work that is: pixels x samples; 0 for a probe, which says nothing of how fast pictures are rendered.
    pub work: u64,
}

/// What was computed.
pub enum Output {
    /// Units of a picture.
    Rendered(Vec<UnitOutput>),
    /// A probe's answer, and to what.
    Probed {
        /// What was asked for.
        asked: probe::machine::Job,
        /// The answer.
        units: Box<probe::trace::Units>,
    },
}

/// What came of an order.
pub struct Finished {
    /// Of which lease.
    pub key: LeaseKey,
    /// Of which job.
    pub job: Address,
    /// Which units.
    pub units: Range<u64>,
    /// How much work that was.
    pub work: u64,
    /// Their results, or why there are none.
    pub outcome: Result<Output, BackendError>,
}

enum Message {
    Render { order: Order, cancel: Cancel },
    Forget,
}

struct Running {
    key: LeaseKey,
    cancel: Cancel,
}

/// How far the rendering under way is; for progress bars.
#[derive(Debug, Default)]
pub struct Progress {
    done: AtomicU64,
    units: AtomicU64,
}

impl Progress {
    /// Units done and units in all; both 0 while nothing is rendered.
    pub fn get(&self) -> (u64, u64) {
        (self.done.load(Ordering::Relaxed), self.units.load(Ordering::Relaxed))
    }

    fn set(&self, done: u64, units: u64) {
        self.done.store(done, Ordering::Relaxed);
        self.units.store(units, Ordering::Relaxed);
    }
}

/// The worker's end of the thread. The channel to it holds two messages, and it is only sent some when it is idle: an order,
/// after the word to forget the one before.
pub struct Renderer {
    messages: SyncSender<Message>,
    finished: mpsc::Receiver<Finished>,
    running: Option<Running>,
    /// Whether the backend may keep something of an earlier order.
    is_warm: bool,
    progress: Arc<Progress>,
}

impl Renderer {
    /// Starts the thread. It ends when the renderer is dropped, after calling off what it renders.
    ///
    /// # Errors
    /// The system's, when it gives no thread.
    pub fn start(backend: Arc<dyn Backend>) -> std::io::Result<Self> {
        let (messages, incoming) = sync_channel::<Message>(2);
        let (outgoing, finished) = mpsc::channel(1);
        let progress = Arc::new(Progress::default());
        let report = Arc::clone(&progress);
        std::thread::Builder::new().name("renderer".into()).spawn(move || {
            while let Ok(message) = incoming.recv() {
                let Message::Render { order, cancel } = message else {
                    // A backend that cannot let go says so itself.
                    let _ = catch_unwind(AssertUnwindSafe(|| backend.forget()));
                    continue;
                };
                let Order { key, task, work } = order;
                let (job, units) = (task.job(), task.units());
                let count = units.end.saturating_sub(units.start);
                report.set(0, count);
                let progress = |done| report.set(done, count);
                // A fault in a backend costs its lease, not the worker.
                let outcome = catch_unwind(AssertUnwindSafe(|| match task {
                    Task::Render { job, units } => {
                        backend.render(&job, units, &progress, &cancel).map(Output::Rendered)
                    }
                    Task::Probe { asked, .. } => {
                        let units = backend.probe(&asked, &cancel).map(Box::new)?;
                        Ok(Output::Probed { asked, units })
                    }
                }))
                .unwrap_or_else(|panic| Err(BackendError::Failed(sentence_of(panic.as_ref()))));
                report.set(0, 0);
                if outgoing.blocking_send(Finished { key, job, units, work, outcome }).is_err() {
                    return;
                }
            }
        })?;
        Ok(Self { messages, finished, running: None, is_warm: false, progress })
    }

    /// Begins an order; false when it is busy.
    pub fn begin(&mut self, order: Order) -> bool {
        if self.running.is_some() {
            return false;
        }
        let running = Running { key: order.key, cancel: Cancel::default() };
        match self.messages.try_send(Message::Render { order, cancel: running.cancel.clone() }) {
            Ok(()) => {
                self.running = Some(running);
                self.is_warm = true;
                true
            }
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => false,
        }
    }

    /// Lets the backend forget what it keeps of earlier orders. Does nothing while it renders.
    pub fn forget(&mut self) {
        if self.running.is_none() && self.is_warm {
            self.is_warm = self.messages.try_send(Message::Forget).is_err();
        }
    }

    /// The lease being rendered.
    pub fn current(&self) -> Option<LeaseKey> {
        self.running.as_ref().map(|running| running.key)
    }

    /// How far it is.
    pub fn progress(&self) -> Arc<Progress> {
        Arc::clone(&self.progress)
    }

    /// Calls off what is being rendered; its end still comes from [`Renderer::next`].
    pub fn cancel(&self) {
        if let Some(running) = &self.running {
            running.cancel.cancel();
        }
    }

    /// Waits for the order under way. Never returns while nothing is under way. Cancel safe.
    pub async fn next(&mut self) -> Finished {
        if self.running.is_none() {
            std::future::pending::<()>().await;
        }
        match self.finished.recv().await {
            Some(finished) => {
                self.running = None;
                finished
            }
            // The thread ends only with this value; then nobody asks.
            None => std::future::pending().await,
        }
    }

    /// What has finished already, without waiting.
    pub fn try_next(&mut self) -> Option<Finished> {
        let finished = self.finished.try_recv().ok()?;
        self.running = None;
        Some(finished)
    }
}

impl Drop for Renderer {
    fn drop(&mut self) {
        self.cancel();
    }
}

fn sentence_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "it stopped without a reason".into())
}
