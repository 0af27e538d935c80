//! Probes from their opening to their points, with real workers; nodes that miss them; restarts at every moment.

use crate::market::{Machine, Market, honest, tail};
use market_model::{Parameters, probe::Outcome};
use render_compute::constants::{CLASS_PROBE, PROBE_ENGINE, VERIFICATION_EXACT};
use render_compute_client::{
    Chain, Signer, account, address,
    earnings::{self, Reason},
    instruction::{self, EngineRegister, ProbeOffer},
};
use render_worker::{Done, Worker};

/// A network that probes every minute or so, for times that a test has.
async fn probing(seed: u64, change: impl FnOnce(&mut Parameters)) -> Market {
    let market = Market::new(seed).await;
    let authority = market.chain.keypair("authority");
    let network = account::network(&market.chain).await.expect("the network");
    let engine = EngineRegister {
        authority: authority.pubkey(),
        id: PROBE_ENGINE,
        digest: [1; 32],
        referee: local_chain::programs()[2].0,
        format: kernels::probe::FORMAT,
        class: CLASS_PROBE,
        verification: VERIFICATION_EXACT,
        enabled: true,
    };
    let mut parameters = network.parameters();
    parameters.probe_interval_slots = 20;
    parameters.probe_work_seconds = 1;
    change(&mut parameters);
    let set = instruction::network_set_parameters(&authority.pubkey(), &parameters);
    let known = account::find::<render_compute::state::Engine>(&market.chain, &address::engine(&PROBE_ENGINE)).await;
    if known.expect("asked").is_none() {
        market.chain.send(&[instruction::engine_register(&engine)], &[&authority]).await.expect("registered");
    }
    market.chain.send(&[set], &[&authority]).await.expect("set");
    market
}

async fn enroll(market: &Market, machine: &Machine) {
    let key = machine.identity.pubkey();
    let offer = ProbeOffer { compute: 1, clock: 9, address: [0; 16], port: 0 };
    market.chain.send(&[instruction::probe_enroll(&key, &key, offer)], &[&machine.identity]).await.expect("enrolled");
}

/// Lets the workers look, slot by slot, until what they did satisfies `end`. With `restarts`, each is started anew before each look.
async fn until(
    market: &Market,
    machines: &[&Machine],
    restarts: bool,
    end: impl Fn(&[(usize, Done)]) -> bool,
) -> Vec<(usize, Done)> {
    let mut workers: Vec<Option<Worker>> = machines.iter().map(|machine| Some(market.worker(machine))).collect();
    let mut all: Vec<(usize, Done)> = Vec::new();
    for _ in 0..1_500 {
        let mut due = None;
        let before = all.len();
        for (number, machine) in machines.iter().enumerate() {
            if restarts {
                workers[number] = None;
            }
            let worker = workers[number].get_or_insert_with(|| market.worker(machine));
            let done = worker.step().await.expect("a worker looks");
            all.extend(done.into_iter().map(|done| (number, done)));
            due = [due, worker.due()].into_iter().flatten().min();
            market.chain.advance_slots(1);
        }
        if end(&all) {
            return all;
        }
        if all.len() == before {
            let now = market.chain.now().unix_timestamp;
            market.chain.warp_to(due.unwrap_or(0).clamp(now + 1, now + 20));
        }
    }
    panic!("the story does not end; the last that was done:\n{}", tail(&all));
}

fn outcomes(all: &[(usize, Done)]) -> Vec<Option<Outcome>> {
    let outcome = |(_, done): &(usize, Done)| match done {
        Done::ProbeFinished { outcome, .. } => Some(*outcome),
        _ => None,
    };
    all.iter().filter_map(outcome).collect()
}

fn refused(all: &[(usize, Done)]) -> Vec<&Done> {
    all.iter().map(|(_, done)| done).filter(|done| matches!(done, Done::Refused { .. })).collect()
}

async fn passes_its_probes(restarts: bool) {
    let market = probing(21, |_| {}).await;
    let ada = market.machine("ada", honest()).await;
    enroll(&market, &ada).await;
    let all = until(&market, &[&ada], restarts, |all| outcomes(all).len() >= 2).await;
    assert_eq!(outcomes(&all)[..2], [Some(Outcome::Passed); 2], "{}", tail(&all));
    let node = market.node(&ada).await;
    assert_eq!((node.slashed_total, node.leases_expired), (0, 0));
    assert!(node.proved_at > 0 && node.probes >= 2);
    let told = earnings::look(&market.chain, &ada.identity.pubkey(), 50).await.expect("told");
    let passed: u32 = told.epochs.iter().map(|epoch| epoch.availability.passed).sum();
    assert!(passed >= 2 && told.epochs.iter().any(|epoch| epoch.availability.counted > 0));
    assert_eq!(told.latest[0].what, "a probe was passed");
    assert!(!told.now.iter().any(|explained| explained.reason == Reason::NotEnrolled));
}

#[tokio::test]
async fn a_node_that_runs_has_its_probes_opened_answered_and_counted() {
    passes_its_probes(false).await;
}

#[tokio::test]
async fn a_worker_that_is_restarted_before_every_look_passes_all_the_same() {
    passes_its_probes(true).await;
}

#[tokio::test]
async fn a_node_that_is_away_misses_its_probes_and_is_told_so() {
    let market = probing(22, |_| {}).await;
    let (ada, bo) = (market.machine("ada", honest()).await, market.machine("bo", honest()).await);
    enroll(&market, &ada).await;
    let stake = market.node(&bo).await.stake;
    // Only the other operator's worker runs.
    let all = until(&market, &[&bo], false, |all| outcomes(all).len() >= 2).await;
    assert_eq!(outcomes(&all)[..2], [Some(Outcome::NotAnswered); 2], "{}", tail(&all));
    assert!(market.node(&ada).await.slashed_total > 0);
    assert!(market.node(&bo).await.stake > stake, "who opened it receives the penalty");
    let told = earnings::look(&market.chain, &ada.identity.pubkey(), 50).await.expect("told");
    let reasons = told.epochs.iter().flat_map(|epoch| &epoch.reasons).map(|told| &told.reason);
    let missed = reasons.map(|reason| if let Reason::ProbesMissed { missed, .. } = reason { *missed } else { 0 });
    assert!(missed.sum::<u32>() >= 2);
    assert_eq!(told.latest[0].what, "a probe was missed");
    assert_eq!(refused(&all), Vec::<&Done>::new());
}

#[tokio::test]
async fn a_probe_that_is_picked_is_computed_again_by_another_operators_node() {
    let market = probing(23, |parameters| parameters.audit_probability_bps = 10_000).await;
    let (ada, bo) = (market.machine("ada", honest()).await, market.machine("bo", honest()).await);
    enroll(&market, &ada).await;
    enroll(&market, &bo).await;
    let all = until(&market, &[&ada, &bo], false, |all| outcomes(all).len() >= 2).await;
    assert!(outcomes(&all).iter().all(|outcome| *outcome == Some(Outcome::Passed)), "{}", tail(&all));
    assert!(all.iter().any(|(_, done)| matches!(done, Done::AuditClaimed { .. })), "{}", tail(&all));
    let measured = all.iter().any(|(_, done)| matches!(done, Done::Measured { mbps: 0, .. }));
    let shown = all.iter().any(|(_, done)| matches!(done, Done::MeasureShown { mbps: 0, .. }));
    assert!(measured && shown, "no address is declared, so there is no bandwidth\n{}", tail(&all));
    for machine in [&ada, &bo] {
        let node = market.node(machine).await;
        assert_eq!((node.slashed_total, node.disputes_lost), (0, 0));
    }
}
