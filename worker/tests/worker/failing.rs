//! Nodes whose machine fails them: what they give back, how long they rest, and that they lose nothing else.

use crate::market::{Market, honest, tail};
use kernels::render::UnitOutput;
use render_worker::{
    Done,
    backend::{Backend, BackendError, Cancel},
    scenes::PreparedJob,
};
use std::{
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

/// A machine that fails at some of its renderings, counted from 0.
struct Failing {
    fails: fn(u32) -> Option<BackendError>,
    renderings: AtomicU32,
    backend: Arc<dyn Backend>,
}

fn failing(fails: fn(u32) -> Option<BackendError>) -> Arc<dyn Backend> {
    Arc::new(Failing { fails, renderings: AtomicU32::default(), backend: honest() })
}

impl Backend for Failing {
    fn name(&self) -> &'static str {
        "failing"
    }

    fn describe(&self) -> String {
        "a machine that fails".into()
    }

    fn render(
        &self,
        job: &PreparedJob,
        units: Range<u64>,
        progress: &dyn Fn(u64),
        cancel: &Cancel,
    ) -> Result<Vec<UnitOutput>, BackendError> {
        match (self.fails)(self.renderings.fetch_add(1, Ordering::Relaxed)) {
            Some(error) => Err(error),
            None => self.backend.render(job, units, progress, cancel),
        }
    }
}

/// Lets a node alone with a job whose first rendering fails. Chain seconds from the lease's return to the next claim; `None`
/// when there is none for longer than the worker ever rests.
async fn rest_after(fails: fn(u32) -> Option<BackendError>) -> Option<i64> {
    let market = Market::new(3).await;
    let machine = market.machine("ada", failing(fails)).await;
    market.order().await;
    // One lease at a time: the next one that is rendered would end the rest.
    let mut worker = market.worker_that(&machine, |settings| settings.queue = 1);
    let mut returned = None;
    for _ in 0..2_000 {
        let done = worker.step().await.expect("a worker looks");
        let now = market.chain.now().unix_timestamp;
        if let Some(at) = returned {
            if done.iter().any(|done| matches!(done, Done::Claimed { .. })) {
                return Some(now - at);
            }
            if now - at > 4_000 {
                return None;
            }
        }
        if done.iter().any(|done| matches!(done, Done::Returned { .. })) {
            assert_eq!(market.node(&machine).await.leases_returned, 1);
            returned = Some(now);
        }
        market.chain.advance_slots(1);
        if done.is_empty() {
            market.chain.warp_to(worker.due().unwrap_or(0).clamp(now + 1, now + 10));
        }
    }
    panic!("the lease was not returned");
}

#[tokio::test]
async fn a_node_whose_device_is_lost_returns_the_lease_and_claims_none_for_half_a_minute() {
    let rest = rest_after(|number| (number == 0).then(|| BackendError::DeviceLost("it fell off the bus".into()))).await;
    assert!(rest.is_some_and(|seconds| (30..60).contains(&seconds)), "{rest:?}");
}

#[tokio::test]
async fn a_job_that_finds_too_little_memory_is_returned_and_left_alone_for_ten_minutes() {
    let rest = rest_after(|number| (number == 0).then(|| BackendError::OutOfMemory("too large".into()))).await;
    assert!(rest.is_some_and(|seconds| (600..660).contains(&seconds)), "{rest:?}");
}

#[tokio::test]
async fn a_job_that_cannot_be_rendered_is_returned_and_never_claimed_again() {
    let rest = rest_after(|number| (number == 0).then(|| BackendError::Failed("a fault of the scene".into()))).await;
    assert_eq!(rest, None);
}

#[tokio::test]
async fn a_node_whose_device_is_lost_every_second_time_is_paid_for_the_rest_and_never_slashed() {
    let market = Market::new(7).await;
    let flaky = failing(|number| (number % 2 == 0).then(|| BackendError::DeviceLost("it fell off the bus".into())));
    let machines = [market.machine("ada", flaky).await, market.machine("bo", honest()).await];
    let job = market.order().await;
    let done = market.finish(&job, &machines, false).await;
    assert!(done.iter().any(|(number, done)| *number == 0 && matches!(done, Done::Returned { .. })), "{}", tail(&done));
    let nodes = [market.node(&machines[0]).await, market.node(&machines[1]).await];
    assert_eq!(nodes.iter().map(|node| node.leases_accepted).sum::<u64>(), 3, "{}", tail(&done));
    for node in nodes {
        assert_eq!((node.slashed_total, node.exposure), (0, 0), "{}", tail(&done));
    }
}
