//! `measure_commit` and `measure_reveal`.

use market_model::{MarketError, Parameters, probe::PEERS};
use market_tests::{
    Machine, World,
    probe::probe_parameters,
    world::{RENDER, offer, only_event, replaced, unsigned},
};
use render_compute::{
    errors::RenderError,
    events::{MeasurementCommitted, MeasurementRevealed},
    state::*,
};
use render_compute_client::{Address, event::Event, instruction};
use solana_instruction_error::InstructionError;

/// Peers have a turn soon: the race's mean delay is a second.
fn world() -> World {
    World::with_probes(Parameters { race_tau_ms: 1_000, race_delay_cap_ms: 10_000, ..probe_parameters() })
}

/// A seeded probe, and as many enrolled machines of other operators as there are places.
fn asked() -> (World, Machine, Vec<Machine>, Address, Address) {
    let world = world();
    let machine = world.enrolled("machine");
    let peers: Vec<_> = (0..PEERS).map(|number| world.enrolled(&format!("peer {number}"))).collect();
    let (probe, lease) = world.asked(&machine, None);
    (world, machine, peers, probe, lease)
}

#[test]
fn the_median_of_five_peers_becomes_the_nodes_bandwidth() {
    let (world, machine, peers, probe, lease) = asked();
    let measured = [400, 100, 900, 800, 200];
    for ((index, peer), mbps) in (0..).zip(&peers).zip(measured) {
        world.measure(peer, &probe, index, mbps);
    }
    for ((index, peer), mbps) in (0..).zip(&peers).zip(measured) {
        world.apply(world.showing(peer, &probe, index, mbps), &[&peer.identity]);
    }
    assert_eq!((world.get::<Probe>(&probe).committed, world.get::<Probe>(&probe).revealed), (5, 5));
    world.answer(&machine, &lease);
    let confirmed = world.finish(&probe);
    let Event::ProbeFinished(finished) = only_event(&confirmed) else { panic!("{confirmed:?}") };
    assert_eq!((finished.bandwidth_before, finished.bandwidth_after, finished.peers), (0, 400, 5));
    // The reference bandwidth: only the memory is below it. floor(0.44435556 x 2^20).
    assert_eq!(finished.points, 465_940);
    assert_eq!(world.get::<Node>(&machine.node).measured_bandwidth, 400);
}

#[test]
fn two_peers_measure_nothing_and_three_do() {
    for (count, expected) in [(2, 0), (3, 200)] {
        let (world, machine, peers, probe, lease) = asked();
        for (index, peer) in (0..).zip(&peers[..count]) {
            world.measure(peer, &probe, index, 100 * (u32::from(index) + 1));
        }
        world.answer(&machine, &lease);
        world.warp_to(world.get::<Probe>(&probe).deadline + 1);
        for (index, peer) in (0..).zip(&peers[..count]) {
            world.apply(world.showing(peer, &probe, index, 100 * (u32::from(index) + 1)), &[&peer.identity]);
        }
        world.finish(&probe);
        assert_eq!(world.get::<Node>(&machine.node).measured_bandwidth, expected);
    }
}

#[test]
fn a_measurement_is_committed_in_the_peers_turn() {
    let (world, _, peers, probe, _) = asked();
    let peer = peers.iter().max_by_key(|peer| world.peer_turn(peer, &probe)).unwrap();
    let turn = world.peer_turn(peer, &probe);
    if turn > world.time() {
        world.refuse(world.measuring(peer, &probe, 0, 1), &[&peer.identity], MarketError::NotYetEligible);
    }
    world.warp_to(turn);
    let commit = world.measuring(peer, &probe, 0, 1);
    let confirmed = world.apply(commit.clone(), &[&peer.identity]);
    let Event::MeasurementCommitted(event) = only_event(&confirmed) else { panic!("{confirmed:?}") };
    let state: Probe = world.get(&probe);
    let expected = MeasurementCommitted {
        probe,
        node: peer.node,
        operator: peer.operator(),
        commitment: state.peers[0].commitment,
        weight: event.weight,
        delay_ms: event.delay_ms,
        committed_at: world.time(),
        index: 0,
    };
    assert_eq!(event.commitment, expected.commitment);
    assert_eq!(Event::from(event), Event::from(expected));
    assert_eq!((state.committed, state.peers[0].node, state.peers[0].state), (1, peer.node, PEER_COMMITTED));
    world.chain.advance_slots(1);
    world.refuse(commit, &[&peer.identity], RenderError::SameOperator);
}

#[test]
fn a_measurement_is_committed_before_the_probes_deadline() {
    let (world, _, peers, probe, _) = asked();
    let deadline = world.get::<Probe>(&probe).deadline;
    world.warp_to(deadline);
    world.apply(world.measuring(&peers[0], &probe, 0, 1), &[&peers[0].identity]);
    world.warp_to(deadline + 1);
    world.refuse(world.measuring(&peers[1], &probe, 1, 1), &[&peers[1].identity], RenderError::MeasurementsClosed);
}

#[test]
fn measurements_are_revealed_after_all_are_committed() {
    let (world, _, peers, probe, _) = asked();
    world.warp_to(world.get::<Probe>(&probe).deadline);
    for (index, peer) in (0..).zip(&peers[..4]) {
        world.apply(world.measuring(peer, &probe, index, 7), &[&peer.identity]);
    }
    let show = world.showing(&peers[0], &probe, 0, 7);
    world.refuse(show.clone(), &[&peers[0].identity], RenderError::MeasurementsOpen);
    world.apply(world.measuring(&peers[4], &probe, 4, 7), &[&peers[4].identity]);
    world.chain.advance_slots(1);
    let confirmed = world.apply(show.clone(), &[&peers[0].identity]);
    let event = MeasurementRevealed { probe, node: peers[0].node, mbps: 7, index: 0 };
    assert_eq!(only_event(&confirmed), Event::from(event));
    world.chain.advance_slots(1);
    world.refuse(show, &[&peers[0].identity], RenderError::WrongPlace);
}

#[test]
fn nobody_commits_after_a_reveal() {
    let (world, _, peers, probe, _) = asked();
    world.warp_to(world.get::<Probe>(&probe).deadline);
    world.apply(world.measuring(&peers[0], &probe, 0, 7), &[&peers[0].identity]);
    world.warp(1);
    world.apply(world.showing(&peers[0], &probe, 0, 7), &[&peers[0].identity]);
    // As if the deadline had not passed.
    world.alter::<Probe>(&probe, |probe| probe.deadline += 100);
    world.refuse(world.measuring(&peers[1], &probe, 1, 7), &[&peers[1].identity], RenderError::MeasurementsClosed);
}

#[test]
fn a_reveal_shows_what_was_committed() {
    let (world, _, peers, probe, _) = asked();
    world.warp_to(world.get::<Probe>(&probe).deadline);
    world.apply(world.measuring(&peers[0], &probe, 0, 7), &[&peers[0].identity]);
    world.apply(world.measuring(&peers[1], &probe, 1, 9), &[&peers[1].identity]);
    world.warp(1);
    world.refuse(world.showing(&peers[0], &probe, 0, 8), &[&peers[0].identity], RenderError::CommitmentMismatch);
    let salted = instruction::measure_reveal(&peers[0].key(), &world.get(&probe), 0, 7, [1; 32]);
    world.refuse(salted, &[&peers[0].identity], RenderError::CommitmentMismatch);
    for place in [1, 2, 5] {
        world.refuse(world.showing(&peers[0], &probe, place, 7), &[&peers[0].identity], RenderError::WrongPlace);
    }
    world.apply(world.showing(&peers[0], &probe, 0, 7), &[&peers[0].identity]);
}

#[test]
fn peers_are_of_other_operators_than_the_node_and_each_other() {
    let world = world();
    let (machine, peer) = (world.enrolled("machine"), world.enrolled("peer"));
    let sister = |name: &str, of: &Machine| {
        let sister = world.machine_of(name, of.wallet.insecure_clone(), of.payout, offer(), 100 * RENDER);
        world.enroll(&sister);
        sister
    };
    let (own, twin) = (sister("own", &machine), sister("twin", &peer));
    let (probe, _) = world.asked(&machine, None);
    world.warp_to(world.get::<Probe>(&probe).deadline);
    for same in [&machine, &own] {
        world.refuse(world.measuring(same, &probe, 0, 1), &[&same.identity], RenderError::SameOperator);
    }
    world.apply(world.measuring(&peer, &probe, 0, 1), &[&peer.identity]);
    world.refuse(world.measuring(&twin, &probe, 1, 1), &[&twin.identity], RenderError::SameOperator);
}

#[test]
fn only_enrolled_peers_with_a_stake_measure_and_each_in_a_free_place() {
    let (world, _, peers, probe, _) = asked();
    let stranger = world.machine("stranger");
    let poor = world.machine_with("poor", offer(), 0);
    world.enroll(&poor);
    world.warp_to(world.get::<Probe>(&probe).deadline);
    world.refuse(world.measuring(&stranger, &probe, 0, 1), &[&stranger.identity], RenderError::NotEnrolled);
    world.refuse(world.measuring(&poor, &probe, 0, 1), &[&poor.identity], MarketError::StakeTooSmall);
    world.apply(world.measuring(&peers[0], &probe, 0, 1), &[&peers[0].identity]);
    for place in [0, 5] {
        world.refuse(world.measuring(&peers[1], &probe, place, 1), &[&peers[1].identity], RenderError::WrongPlace);
    }
    let zero = instruction::measure_commit(&peers[1].key(), &world.get(&probe), 1, [0; 32]);
    world.refuse(zero, &[&peers[1].identity], RenderError::ZeroValue);
}

#[test]
fn nothing_is_measured_before_the_seed() {
    let world = world();
    let (machine, peer) = (world.enrolled("machine"), world.enrolled("peer"));
    let probe = world.open_probe(&machine, None);
    world.refuse(world.measuring(&peer, &probe, 0, 1), &[&peer.identity], RenderError::NotSeeded);
}

#[test]
fn a_peer_signs_for_itself_with_its_own_accounts() {
    let (world, machine, peers, probe, _) = asked();
    world.warp_to(world.get::<Probe>(&probe).deadline);
    let [peer, other, ..] = &peers[..] else { panic!("five peers") };
    let commit = world.measuring(peer, &probe, 0, 1);
    world.refuse(replaced(commit.clone(), &peer.key(), &other.key()), &[&other.identity], RenderError::NotIdentity);
    let silent = unsigned(commit.clone(), &peer.key());
    world.refuse(silent, &[&world.crank], InstructionError::MissingRequiredSignature);
    world.refuse(replaced(commit.clone(), &machine.node, &other.node), &[&peer.identity], RenderError::WrongProbe);
    let job = world.get::<Probe>(&probe).job;
    for original in [peer.node, machine.node, probe, job] {
        let forged = replaced(commit.clone(), &original, &world.forge(&original));
        world.refuse(forged, &[&peer.identity], InstructionError::IllegalOwner);
    }
    world.apply(commit, &[&peer.identity]);
    world.warp(1);
    let show = world.showing(peer, &probe, 0, 1);
    world.refuse(replaced(show.clone(), &peer.key(), &other.key()), &[&other.identity], RenderError::NotIdentity);
    for original in [peer.node, probe] {
        let forged = replaced(show.clone(), &original, &world.forge(&original));
        world.refuse(forged, &[&peer.identity], InstructionError::IllegalOwner);
    }
}
