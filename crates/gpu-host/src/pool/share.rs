//! One piece of work divided among the cards of a pool.
//!
//! The work is a range of units (of a lease). Cards take subranges from one counter, so that a faster card does more of
//! them; a card that is lost or too small gives its subrange to the others and takes no more of this work.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender, TrySendError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::{Pool, Thread, ended, job};
use crate::error::GpuError;

/// How often a caller that gets no message is asked whether to stop.
const POLL: Duration = Duration::from_millis(20);

/// What the work on a subrange can ask and tell.
pub struct Control {
    place: usize,
    stop: Arc<AtomicBool>,
    tell: Box<dyn Fn(u64) + Send + Sync>,
}

impl Control {
    /// Whether the result is no longer wanted; the work then ends with [`GpuError::Cancelled`] as soon as it can.
    pub fn is_cancelled(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Tells how many units of the subrange are done so far.
    pub fn done(&self, units: u64) {
        (self.tell)(units);
    }
}

/// The subranges that nobody has taken.
struct Queue {
    rest: Range<u64>,
    chunk: u64,
    returned: Vec<Range<u64>>,
}

impl Queue {
    fn is_empty(&self) -> bool {
        self.rest.is_empty() && self.returned.is_empty()
    }

    fn take(&mut self) -> Option<Range<u64>> {
        if let Some(range) = self.returned.pop() {
            return Some(range);
        }
        let end = self.rest.start.saturating_add(self.chunk).min(self.rest.end);
        let taken = self.rest.start..end;
        self.rest.start = end;
        (!taken.is_empty()).then_some(taken)
    }
}

enum Message<R> {
    /// Units of the subrange that the card at this place is at.
    Partly(usize, u64),
    Done(usize, Range<u64>, R),
    /// The card takes no more for now: nothing is left, or it failed.
    Ended(usize, Result<(), GpuError>),
}

/// How a card takes part.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Waiting,
    Running,
    Out,
}

/// What all cards share.
struct Shared<S, R, F> {
    queue: Mutex<Queue>,
    stop: Arc<AtomicBool>,
    work: F,
    of: std::marker::PhantomData<fn(&mut S) -> R>,
}

impl<S, R, F> Shared<S, R, F>
where
    F: Fn(&mut S, Range<u64>, &Control) -> Result<R, GpuError>,
{
    fn queue(&self) -> std::sync::MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Subranges until there are none, on one card.
    fn run(&self, state: &mut S, control: &Control, messages: &Sender<Message<R>>) -> Result<(), GpuError> {
        while !control.is_cancelled() {
            let Some(range) = self.queue().take() else { break };
            match (self.work)(state, range.clone(), control) {
                // A caller who is gone has set the flag.
                Ok(result) => drop(messages.send(Message::Done(control.place, range, result))),
                Err(error) => {
                    if error.concerns_device() {
                        self.queue().returned.push(range);
                    }
                    return Err(error);
                }
            }
        }
        Ok(())
    }
}

impl<S: 'static> Pool<S> {
    /// Does `work` on all units of a range, in subranges of `chunk` units, on all cards that are ready, and returns the
    /// results in the order of the units.
    ///
    /// `progress` is told, on this thread, how many units are done in all; `cancel` is asked often. A card that is lost
    /// or out of memory is left out from there on, and its subrange is done by another; its error is returned when none
    /// is left. Every other error ends the whole.
    pub fn share<R, F>(
        &self,
        range: Range<u64>,
        chunk: u64,
        work: F,
        progress: &dyn Fn(u64),
        cancel: &dyn Fn() -> bool,
    ) -> Result<Vec<(Range<u64>, R)>, GpuError>
    where
        R: Send + 'static,
        F: Fn(&mut S, Range<u64>, &Control) -> Result<R, GpuError> + Send + Sync + 'static,
    {
        let shared = Arc::new(Shared {
            queue: Mutex::new(Queue { rest: range, chunk: chunk.max(1), returned: Vec::new() }),
            stop: Arc::default(),
            work,
            of: std::marker::PhantomData,
        });
        let (sender, messages) = mpsc::channel::<Message<R>>();
        let mut parts = vec![Part::Waiting; self.threads.len()];
        let mut partly = vec![0; self.threads.len()];
        let (mut done, mut results) = (0, Vec::new());
        // Why a card dropped out, and why all end.
        let (mut dropped, mut failure) = (ended(), None);
        loop {
            let is_empty = shared.queue().is_empty();
            if !is_empty && failure.is_none() {
                for (place, part) in parts.iter_mut().enumerate().filter(|(_, part)| **part == Part::Waiting) {
                    *part = start(&self.threads[place], place, &shared, &sender);
                }
            }
            if !parts.contains(&Part::Running) {
                if let Some(error) = failure {
                    return Err(error);
                }
                if is_empty {
                    break;
                }
                if !parts.contains(&Part::Waiting) {
                    return Err(dropped);
                }
            }
            match messages.recv_timeout(POLL) {
                Ok(Message::Partly(place, units)) => partly[place] = units,
                Ok(Message::Done(place, range, result)) => {
                    partly[place] = 0;
                    done += range.end - range.start;
                    results.push((range, result));
                }
                Ok(Message::Ended(place, Ok(()))) => parts[place] = Part::Waiting,
                Ok(Message::Ended(place, Err(error))) => {
                    parts[place] = Part::Out;
                    partly[place] = 0;
                    if error.concerns_device() {
                        let device = self.threads[place].ordinal;
                        tracing::warn!(device, "device is left out of the rest of this work: {error}");
                        dropped = error;
                    } else {
                        failure.get_or_insert(error);
                        shared.stop.store(true, Ordering::Relaxed);
                    }
                }
                // This function holds a sender itself.
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {}
            }
            progress(done + partly.iter().sum::<u64>());
            if failure.is_none() && cancel() {
                failure = Some(GpuError::Cancelled);
                shared.stop.store(true, Ordering::Relaxed);
            }
        }
        results.sort_unstable_by_key(|(range, _)| range.start);
        Ok(results)
    }
}

/// Gives a card its part, if its channel has room.
fn start<S, R, F>(thread: &Thread<S>, place: usize, shared: &Arc<Shared<S, R, F>>, sender: &Sender<Message<R>>) -> Part
where
    S: 'static,
    R: Send + 'static,
    F: Fn(&mut S, Range<u64>, &Control) -> Result<R, GpuError> + Send + Sync + 'static,
{
    let Some(jobs) = &thread.jobs else { return Part::Out };
    let (shared, sender, end) = (shared.clone(), sender.clone(), sender.clone());
    let partly = sender.clone();
    let control = Control {
        place,
        stop: shared.stop.clone(),
        tell: Box::new(move |units| drop(partly.send(Message::Partly(place, units)))),
    };
    let work = move |state: &mut S| shared.run(state, &control, &sender);
    match jobs.try_send(job(work, move |result| drop(end.send(Message::Ended(place, result))))) {
        Ok(()) => Part::Running,
        Err(TrySendError::Full(_)) => Part::Waiting,
        Err(TrySendError::Disconnected(_)) => Part::Out,
    }
}
