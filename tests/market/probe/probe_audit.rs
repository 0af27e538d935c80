//! A probe's answer under audit and dispute: the instructions are those of any lease.

use market_model::{MarketError, dispute::Verdict, lease::LeaseState, probe::Outcome};
use market_tests::{
    Machine, World,
    dispute::settling,
    probe::{audited_probe_parameters, probe_offer, probe_parameters},
    world::{RENDER, offer, replaced},
};
use render_compute::{
    constants::{NEUTRAL_REPUTATION, PROBE_ENGINE},
    errors::RenderError,
    events::{AuditAccepted, ProbeAudited},
    instructions::{NodeOffer, ProbeOffer},
    state::*,
};
use render_compute_client::{Address, Signer, address, event::Event, instruction};

/// The score of the test's machines, see `probe_finish`.
const SCORE: u64 = 1_820;

/// A probe that the lottery picked.
struct Scene {
    world: World,
    machine: Machine,
    auditor: Machine,
    probe: Address,
    lease: Address,
}

fn picked() -> Scene {
    let world = World::with_probes(audited_probe_parameters());
    let (machine, auditor) = (world.enrolled("machine"), world.enrolled("auditor"));
    let (probe, lease) = world.asked(&machine, None);
    world.commit(&machine, &lease);
    assert_eq!(world.status(&lease), LeaseState::Auditing);
    Scene { world, machine, auditor, probe, lease }
}

#[test]
fn an_auditor_of_a_probe_earns_its_points_and_no_work() {
    let Scene { world, machine, auditor, probe, lease } = picked();
    let audit = world.audited(&auditor, &lease, &World::root(&lease));
    world.apply(World::revealing(&machine, &lease), &[&machine.identity]);
    world.warp_to(world.get::<Lease>(&lease).deadline + 1);
    let state: Probe = world.get(&probe);
    let accept = instruction::audit_accept_probe(&world.get(&audit), &auditor.key(), 1, &state);
    // Without the probe it cannot be said what it was worth.
    world.refuse(world.accepting_audit(&auditor, &audit), &[&world.crank], RenderError::WrongProbe);
    let confirmed = world.apply(accept, &[&world.crank]);
    let served = ProbeAudited { probe, node: auditor.node, epoch: 1, points: SCORE, service_points_after: SCORE };
    let node: Node = world.get(&auditor.node);
    let accepted = AuditAccepted {
        audit,
        lease,
        node: auditor.node,
        value: 0,
        epoch: 1,
        node_work_after: 0,
        unpaid: 0,
        reputation_before: NEUTRAL_REPUTATION,
        reputation_after: node.reputation,
    };
    assert_eq!(confirmed.events, [Event::from(served), Event::from(accepted)]);
    assert_eq!((node.credits_accepted, node.audits_accepted, node.leases_held), (0, 1, 0));
    let record: NodeEpoch = world.get(&address::node_epoch(&auditor.node, 1));
    assert_eq!((record.work, record.points, record.service_points), ([0, 0], 0, SCORE));
    let confirmed = world.apply(world.finishing(&probe), &[&world.crank]);
    let [Event::ProbeFinished(finished)] = confirmed.events[..] else { panic!("{confirmed:?}") };
    assert_eq!((finished.outcome, finished.points), (1, SCORE));
}

#[test]
fn a_probe_is_not_finished_before_its_auditor_is_paid() {
    let Scene { world, machine, auditor, probe, lease } = picked();
    world.audited(&auditor, &lease, &World::root(&lease));
    world.apply(World::revealing(&machine, &lease), &[&machine.identity]);
    world.warp_to(world.get::<Lease>(&lease).deadline + 1);
    world.refuse(world.finishing(&probe), &[&world.crank], MarketError::AuditsUnfinished);
}

#[test]
fn only_nodes_that_are_rated_for_it_audit_a_probe() {
    let Scene { world, lease, .. } = picked();
    let weak = world.machine("weak");
    // Past every delay.
    world.warp(120);
    let claim = |machine: &Machine| world.claiming_audit(machine, &lease, 0);
    // Not enrolled, too slow, too little memory.
    world.refuse(claim(&weak), &[&weak.identity], RenderError::RequirementsNotMet);
    let slow = ProbeOffer { compute: probe_offer().compute - 1, ..probe_offer() };
    world.apply(instruction::probe_enroll(&weak.key(), &weak.key(), slow), &[&weak.identity]);
    world.refuse(claim(&weak), &[&weak.identity], RenderError::RequirementsNotMet);
    let small = NodeOffer { memory_mib: offer().memory_mib - 1, ..offer() };
    let small = world.machine_with("small", small, 200 * RENDER);
    world.enroll(&small);
    world.refuse(claim(&small), &[&small.identity], RenderError::RequirementsNotMet);
    world.apply(world.enrolling(&weak), &[&weak.identity]);
    world.apply(claim(&weak), &[&weak.identity]);
}

#[test]
fn an_answer_that_is_hidden_from_its_audit_is_forfeited() {
    let Scene { world, machine, auditor, probe, lease } = picked();
    let audit = world.audited(&auditor, &lease, &World::root(&lease));
    world.warp_to(world.get::<Lease>(&lease).deadline + 1);
    let before: Node = world.get(&machine.node);
    let penalty = world.get::<Lease>(&lease).penalty;
    world.apply(instruction::audit_forfeit(&world.get(&lease), &world.get(&audit)), &[&world.crank]);
    assert_eq!(world.get::<Node>(&machine.node).stake, before.stake - penalty);
    let confirmed = world.apply(world.finishing(&probe), &[&world.crank]);
    let [Event::ProbeFinished(finished)] = confirmed.events[..] else { panic!("{confirmed:?}") };
    assert_eq!(finished.outcome, u32::from(u8::from(Outcome::Hidden)));
}

/// A probe whose audit found another root, under dispute.
fn disputed() -> (Scene, Address) {
    let scene = picked();
    let Scene { world, machine, auditor, lease, .. } = &scene;
    let audit = world.audited(auditor, lease, &[9; 32]);
    world.apply(World::revealing(machine, lease), &[&machine.identity]);
    let engine = address::engine(&PROBE_ENGINE);
    let open = instruction::dispute_open_audit(&world.crank_key(), &engine, &world.get(lease), &world.get(&audit));
    let render = address::engine(&address::RENDER_ENGINE);
    world.refuse(replaced(open.clone(), &engine, &render), &[&world.crank], RenderError::WrongDispute);
    world.apply(open, &[&world.crank]);
    let dispute = address::dispute(lease, 0);
    // The parties play for what was asked: the statement with its seed.
    let state: Dispute = world.get(&dispute);
    assert_eq!(state.statement, world.get::<Job>(&state.job).statement);
    assert_eq!(state.statement[32..64], world.get::<Job>(&state.job).seed);
    (scene, dispute)
}

#[test]
fn a_node_that_loses_the_dispute_over_its_probe_loses_the_epochs_points() {
    let (Scene { world, machine, probe, lease, .. }, dispute) = disputed();
    world.refuse(world.finishing(&probe), &[&world.crank], MarketError::LeaseNotRevealed);
    // Nobody moves: it is the defender's turn.
    world.warp_to(world.get::<Dispute>(&dispute).deadline + 1);
    world.apply(instruction::dispute_timeout(&dispute), &[&world.crank]);
    assert_eq!(Verdict::try_from(world.get::<Dispute>(&dispute).verdict), Ok(Verdict::DefenderSilent));
    world.apply(settling(&world, &dispute), &[&world.crank]);
    assert_eq!(world.status(&lease), LeaseState::Expired);
    let confirmed = world.apply(world.finishing(&probe), &[&world.crank]);
    let [Event::ProbeFinished(finished)] = confirmed.events[..] else { panic!("{confirmed:?}") };
    assert_eq!(finished.outcome, u32::from(u8::from(Outcome::Disproved)));
    assert_eq!((finished.points_after, finished.availability_after, finished.missed), (0, 0, 1));
    let node: Node = world.get(&machine.node);
    assert_eq!((node.outcomes[0].reason, node.disputes_lost, node.is_probed, node.leases_held), (11, 1, 0, 0));
}

#[test]
fn any_wallet_may_challenge_a_probe_with_a_bond() {
    let world = World::with_probes(probe_parameters());
    let machine = world.enrolled("machine");
    world.prove(&machine, None);
    let (probe, lease) = world.asked(&machine, None);
    world.answer(&machine, &lease);
    let wallet = world.wallet("challenger");
    let render = world.render(&wallet, 100 * RENDER);
    let key = wallet.pubkey();
    let open =
        instruction::dispute_open(&world.network(), &key, &render, &address::engine(&PROBE_ENGINE), &world.get(&lease));
    world.apply(open, &[&wallet]);
    let dispute = address::dispute(&lease, 0);
    world.warp_to(world.get::<Dispute>(&dispute).deadline + 1);
    world.apply(instruction::dispute_timeout(&dispute), &[&world.crank]);
    world.apply(settling(&world, &dispute), &[&world.crank]);
    let confirmed = world.apply(world.finishing(&probe), &[&world.crank]);
    let [Event::ProbeFinished(finished)] = confirmed.events[..] else { panic!("{confirmed:?}") };
    // What the first probe brought is void.
    assert_eq!((finished.outcome, finished.passed, finished.missed, finished.points_after), (4, 1, 1, 0));
}

#[test]
fn a_node_audits_probes_whatever_it_asks_of_requesters() {
    let Scene { world, auditor, lease, .. } = picked();
    world.alter(&auditor.node, |node: &mut Node| node.minimum_requester_reputation = 10_000);
    world.claim_audit(&auditor, &lease, 0);
}
