//! News of a chain: what a follower sleeps on. Slots and events gather while the follower works; nothing grows without bound.

use crate::event::Event;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use tokio::sync::Notify;

/// Events that wait at most for one follower. A follower that lags further is told to read accounts again instead.
const MOST_EVENTS: usize = 4_096;

/// What has happened since the follower last asked.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// Latest slot seen.
    pub slot: u64,
    /// The market's events, in order.
    pub events: Vec<Event>,
    /// Whether events may be missing (the connection was down, or the follower lagged): read the accounts again.
    pub missed: bool,
}

#[derive(Default)]
struct Shared {
    pending: Mutex<Pending>,
    notify: Notify,
}

#[derive(Default)]
struct Pending {
    change: Change,
    is_new: bool,
    is_closed: bool,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Pending> {
        // A follower that panicked leaves plain data behind.
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A follower's end. Dropping it ends the subscription.
pub struct Changes {
    shared: Arc<Shared>,
}

/// The chain's end.
#[derive(Clone)]
pub struct ChangeSender {
    shared: Weak<Shared>,
}

/// A connected pair.
pub fn changes() -> (ChangeSender, Changes) {
    let shared = Arc::new(Shared::default());
    (ChangeSender { shared: Arc::downgrade(&shared) }, Changes { shared })
}

impl Changes {
    /// Sleeps until something is new. `None` once the chain is gone.
    ///
    /// Cancel safe: what has gathered stays when the future is dropped.
    pub async fn next(&mut self) -> Option<Change> {
        loop {
            if let Some(answer) = self.take() {
                return answer;
            }
            self.shared.notify.notified().await;
        }
    }

    fn take(&self) -> Option<Option<Change>> {
        let mut pending = self.shared.lock();
        if pending.is_new {
            pending.is_new = false;
            let slot = pending.change.slot;
            return Some(Some(std::mem::replace(&mut pending.change, Change { slot, ..Change::default() })));
        }
        pending.is_closed.then_some(None)
    }
}

impl ChangeSender {
    /// Adds news; false when nobody follows any more.
    pub fn push(&self, slot: u64, events: &[Event], missed: bool) -> bool {
        let Some(shared) = self.shared.upgrade() else { return false };
        {
            let mut pending = shared.lock();
            pending.is_new = true;
            let change = &mut pending.change;
            change.slot = change.slot.max(slot);
            change.missed |= missed;
            change.events.extend_from_slice(events);
            if change.events.len() > MOST_EVENTS {
                change.events.clear();
                change.missed = true;
            }
        }
        shared.notify.notify_one();
        true
    }

    /// Whether somebody still follows.
    pub fn is_followed(&self) -> bool {
        self.shared.strong_count() > 0
    }

    /// Tells the follower that nothing more will come.
    pub fn close(&self) {
        if let Some(shared) = self.shared.upgrade() {
            shared.lock().is_closed = true;
            shared.notify.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn slots_that_pass_while_the_follower_works_come_as_one_change() {
        let (sender, mut changes) = changes();
        assert!(sender.push(5, &[], false));
        assert!(sender.push(6, &[], true));
        let change = changes.next().await.unwrap();
        assert_eq!((change.slot, change.missed), (6, true));
        assert!(sender.push(7, &[], false));
        let change = changes.next().await.unwrap();
        assert_eq!((change.slot, change.missed), (7, false));
    }

    #[tokio::test]
    async fn a_closed_chain_ends_the_news() {
        let (sender, mut changes) = changes();
        sender.push(1, &[], false);
        sender.close();
        assert!(changes.next().await.is_some());
        assert!(changes.next().await.is_none());
    }

    #[test]
    fn nobody_is_told_when_nobody_follows() {
        let (sender, changes) = changes();
        drop(changes);
        assert!(!sender.is_followed());
        assert!(!sender.push(1, &[], false));
    }
}
