//! Audits that agree, a node whose machine renders wrongly, and workers that are stopped and started at every moment of a dispute.

use crate::market::{Machine, Market, STAKE, honest, tail};
use kernels::render::UnitOutput;
use render_compute_client::event::Event;
use render_worker::{
    Done,
    backend::{Backend, BackendError, Cancel},
    scenes::PreparedJob,
};
use std::{ops::Range, sync::Arc};

/// A machine that gets one channel of one pixel of the second tile wrong.
struct Faulty(Arc<dyn Backend>);

impl Backend for Faulty {
    fn name(&self) -> &'static str {
        "faulty"
    }

    fn describe(&self) -> String {
        "a machine with a broken memory cell".into()
    }

    fn render(
        &self,
        job: &PreparedJob,
        units: Range<u64>,
        progress: &dyn Fn(u64),
        cancel: &Cancel,
    ) -> Result<Vec<UnitOutput>, BackendError> {
        let first = units.start;
        let mut outputs = self.0.render(job, units, progress, cancel)?;
        for (unit, output) in (first..).zip(&mut outputs) {
            if unit == 1 {
                output.radiance[9][1] ^= 64;
                let image = job.tracer.image();
                let attested = kernels::render::trace::attest_bytes(
                    &job.frame,
                    image.pair_count(),
                    image.triangle_count(),
                    unit,
                    &output.to_bytes(),
                );
                let attested = attested.expect("the bytes of this unit");
                (output.digest, output.trace) = (attested.output, attested.trace);
            }
        }
        Ok(outputs)
    }
}

fn spooled(machine: &Machine) -> usize {
    std::fs::read_dir(machine.journal.with_extension("results")).expect("the folder of results").count()
}

#[tokio::test]
async fn every_lease_is_audited_by_the_other_node_and_both_are_paid() {
    let market = Market::new(3).await;
    let machines = [market.machine("ada", honest()).await, market.machine("bo", honest()).await];
    let job = market.order().await;
    let done = market.finish(&job, &machines, false).await;
    let refused: Vec<&Done> =
        done.iter().map(|(_, done)| done).filter(|done| matches!(done, Done::Refused { .. })).collect();
    assert_eq!(refused, Vec::<&Done>::new());
    let nodes = [market.node(&machines[0]).await, market.node(&machines[1]).await];
    assert_eq!(nodes.iter().map(|node| node.leases_accepted).sum::<u64>(), 3);
    assert_eq!(nodes.iter().map(|node| node.audits_accepted).sum::<u32>(), 3);
    for (node, machine) in nodes.iter().zip(&machines) {
        assert_eq!((node.slashed_total, node.exposure), (0, 0));
        assert_eq!(spooled(machine), 0, "what is over needs no disk");
    }
    assert_eq!(market.results(&job).await.len(), 3);
}

/// The story of a faulty machine among an honest one, and the results of two honest ones for comparison.
async fn a_faulty_machine(restarts: bool) {
    let market = Market::new(5).await;
    let faulty: Arc<dyn Backend> = Arc::new(Faulty(honest()));
    let machines = [market.machine("mal", faulty).await, market.machine("bo", honest()).await];
    let job = market.order().await;
    let done = market.finish(&job, &machines, restarts).await;
    let [mal, bo] = [market.node(&machines[0]).await, market.node(&machines[1]).await];
    assert_eq!((bo.slashed_total, bo.disputes_lost, bo.exposure), (0, 0, 0), "{}", tail(&done));
    assert!(mal.disputes_lost >= 1 && mal.slashed_total >= STAKE / 2, "{}", tail(&done));
    let events = market.events();
    assert!(events.iter().any(|event| matches!(event, Event::StepExecuted(_))), "the chain decides by a step");
    assert!(
        done.iter().any(|(number, done)| *number == 1 && matches!(done, Done::DisputeSettled { is_own: true, .. }))
    );

    let other = Market::new(3).await;
    let honest_ones = [other.machine("ada", honest()).await, other.machine("bo", honest()).await];
    let same = other.order().await;
    other.finish(&same, &honest_ones, false).await;
    assert!(market.results(&job).await == other.results(&same).await, "the requester has the right picture");
}

#[tokio::test]
async fn a_machine_that_renders_wrongly_loses_its_dispute_to_an_honest_one() {
    a_faulty_machine(false).await;
}

#[tokio::test]
async fn workers_that_are_restarted_before_every_look_play_the_same_to_the_end() {
    a_faulty_machine(true).await;
}

#[tokio::test]
async fn a_node_that_is_alone_is_paid_after_its_audits_have_lapsed() {
    let market = Market::new(3).await;
    let machines = [market.machine("ada", honest()).await];
    let job = market.order().await;
    let done = market.finish(&job, &machines, false).await;
    assert!(done.iter().any(|(_, done)| matches!(done, Done::AuditsLapsed { .. })), "{}", tail(&done));
    let node = market.node(&machines[0]).await;
    assert_eq!((node.leases_accepted, node.audits_accepted, node.slashed_total), (3, 0, 0));
}
