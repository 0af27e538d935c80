//! `probe_finish`.

use market_model::{MarketError, concentration::penalty_q32, probe::Outcome};
use market_tests::{
    World,
    probe::probe_parameters,
    world::{RENDER, offer, only_event, replaced},
};
use render_compute::{errors::RenderError, events::ProbeFinished, state::*};
use render_compute_client::{Address, address, event::Event, instruction};
use solana_instruction_error::InstructionError;

/// 16,384 of 24,576 MiB is a ratio of 6,666 bps, its square 0.44435556; a bandwidth of 0 counts as a quarter, its fourth power 1/256: the
/// score is floor(0.44435556 x 2^20 / 256).
const SCORE: u64 = 1_820;

fn finished(event: Event) -> ProbeFinished {
    let Event::ProbeFinished(event) = event else { panic!("{event:?}") };
    event
}

#[test]
fn a_passed_probe_pays_node_and_opener_and_gives_the_rent_back() {
    let world = World::with_probes(probe_parameters());
    let (machine, opener) = (world.enrolled("machine"), world.enrolled("opener"));
    let had = world.lamports(&world.crank_key());
    let (probe, lease) = world.asked(&machine, Some(&opener));
    let state: Probe = world.get(&probe);
    world.answer(&machine, &lease);
    let confirmed = world.finish(&probe);
    let share = SCORE / 50;
    let event = ProbeFinished {
        probe,
        node: machine.node,
        job: state.job,
        lease,
        opener: opener.node,
        payer: world.crank_key(),
        epoch: 1,
        points: SCORE,
        points_after: SCORE,
        availability_after: SCORE,
        opener_points: share,
        // 8 slots of 0.4 seconds, 8 places.
        capacity_seconds: 25,
        bandwidth_before: 0,
        bandwidth_after: 0,
        concentration: 1 << 32,
        number: 0,
        outcome: u32::from(u8::from(Outcome::Passed)),
        passed: 1,
        missed: 0,
        uptime_before: 10_000,
        uptime_after: 10_000,
        peers: 0,
        is_qualified: 1,
    };
    assert_eq!(only_event(&confirmed), Event::from(event));
    let node: Node = world.get(&machine.node);
    assert_eq!((node.is_probed, node.leases_held, node.exposure, node.proved_at), (0, 0, 0, world.time()));
    assert_eq!((node.outcomes[0].reason, node.outcomes[0].at), (9, world.time()));
    let record: NodeEpoch = world.get(&address::node_epoch(&machine.node, 1));
    assert_eq!((record.points, record.availability, record.service_points), (SCORE, SCORE, 0));
    assert_eq!((record.probes_passed, record.probes_missed, record.is_qualified), (1, 0, 1));
    let served: NodeEpoch = world.get(&address::node_epoch(&opener.node, 1));
    assert_eq!((served.points, served.service_points, served.is_qualified), (0, share, 0));
    let shard: EpochShard = world.get(&address::epoch_shard(1, address::shard_of(&machine.key())));
    assert_eq!(shard.capacity_seconds, [25, 25]);
    for closed in [probe, state.job, lease] {
        assert_eq!(world.lamports(&closed), 0);
    }
    // Rent came back; what the crank paid are fees of opening, seed, draw and end.
    assert_eq!(world.lamports(&world.crank_key()), had - 4 * 5_000);
}

#[test]
fn opener_and_node_may_share_a_shard() {
    let world = World::with_probes(probe_parameters());
    let machine = world.enrolled("machine");
    let shard = address::shard_of(&machine.key());
    let opener = (0..)
        .map(|number| world.machine(&format!("opener {number}")))
        .find(|opener| address::shard_of(&opener.key()) == shard)
        .unwrap();
    world.enroll(&opener);
    let event = finished(only_event(&world.prove(&machine, Some(&opener))));
    assert_eq!(event.opener_points, SCORE / 50);
    let shard: EpochShard = world.get(&address::epoch_shard(1, shard));
    assert_eq!((shard.availability, shard.qualified), (SCORE + SCORE / 50, 1));
}

#[test]
fn an_opener_without_a_record_in_the_epoch_earns_nothing() {
    let world = World::with_probes(probe_parameters());
    let (machine, opener) = (world.enrolled("machine"), world.machine("opener"));
    let event = finished(only_event(&world.prove(&machine, Some(&opener))));
    assert_eq!((event.opener, event.opener_points), (opener.node, 0));
}

#[test]
fn an_opener_with_a_record_cannot_be_left_out() {
    let world = World::with_probes(probe_parameters());
    let (machine, opener) = (world.enrolled("machine"), world.enrolled("opener"));
    let (probe, lease) = world.asked(&machine, Some(&opener));
    world.answer(&machine, &lease);
    world.warp_to(world.get::<Lease>(&lease).deadline + 1);
    let finish = world.finishing(&probe);
    let record = address::node_epoch(&opener.node, 1);
    world.refuse(replaced(finish.clone(), &record, &render_compute::ID), &[&world.crank], RenderError::WrongProbe);
    let other = address::node_epoch(&world.enrolled("other").node, 1);
    world.refuse(replaced(finish.clone(), &record, &other), &[&world.crank], RenderError::WrongProbe);
    let (shard, mine) =
        [&opener, &machine].map(|machine| address::epoch_shard(1, address::shard_of(&machine.key()))).into();
    if shard != mine {
        world.refuse(replaced(finish.clone(), &shard, &render_compute::ID), &[&world.crank], RenderError::WrongShard);
    }
    world.apply(finish, &[&world.crank]);
}

#[test]
fn a_probe_is_finished_after_its_window_and_once() {
    let world = World::with_probes(probe_parameters());
    let machine = world.enrolled("machine");
    let (probe, lease) = world.asked(&machine, None);
    let finish = world.finishing(&probe);
    world.refuse(finish.clone(), &[&world.crank], MarketError::LeaseNotRevealed);
    world.commit(&machine, &lease);
    world.refuse(finish.clone(), &[&world.crank], MarketError::LeaseNotRevealed);
    world.apply(World::revealing(&machine, &lease), &[&machine.identity]);
    let deadline = world.get::<Lease>(&lease).deadline;
    world.warp_to(deadline);
    world.refuse(finish.clone(), &[&world.crank], MarketError::ChallengeWindowOpen);
    world.warp_to(deadline + 1);
    world.apply(finish.clone(), &[&world.crank]);
    world.chain.advance_slots(1);
    assert!(world.send(&[finish], &[&world.crank]).is_err());
}

#[test]
fn an_answer_without_a_seed_is_no_pass() {
    let world = World::with_probes(probe_parameters());
    let machine = world.enrolled("machine");
    let probe = world.open_probe(&machine, None);
    let lease = world.get::<Probe>(&probe).lease;
    world.answer(&machine, &lease);
    world.warp_to(world.get::<Lease>(&lease).deadline + 1);
    world.refuse(world.finishing(&probe), &[&world.crank], RenderError::NotSeeded);
    world.seed_probe(&probe);
    world.apply(world.finishing(&probe), &[&world.crank]);
}

#[test]
fn a_missed_probe_counts_against_the_node() {
    let world = World::with_probes(probe_parameters());
    let machine = world.enrolled("machine");
    let probe = world.open_probe(&machine, None);
    let expire = world.missing(&probe);
    world.refuse(world.finishing(&probe), &[&world.crank], MarketError::LeaseNotRevealed);
    world.apply(expire, &[&world.crank]);
    let event = finished(only_event(&world.apply(world.finishing(&probe), &[&world.crank])));
    assert_eq!((event.outcome, event.points, event.passed, event.missed), (2, 0, 0, 1));
    assert_eq!((event.uptime_after, event.is_qualified, event.capacity_seconds), (9_000, 0, 0));
    let node: Node = world.get(&machine.node);
    assert_eq!((node.uptime_bps, node.outcomes[0].reason, node.is_probed, node.proved_at), (9_000, 10, 0, 0));
}

#[test]
fn a_node_qualifies_with_half_of_its_probes_and_not_with_less() {
    let world = World::with_probes(probe_parameters());
    let machine = world.enrolled("machine");
    let miss = || {
        let probe = world.open_probe(&machine, None);
        let expire = world.missing(&probe);
        world.apply_all(&[expire, world.finishing(&probe)], &[&world.crank]);
    };
    let stands = || {
        let record: NodeEpoch = world.get(&address::node_epoch(&machine.node, 1));
        let shard: EpochShard = world.get(&address::epoch_shard(1, address::shard_of(&machine.key())));
        (record.points, record.availability, shard.availability, shard.qualified)
    };
    world.prove(&machine, None);
    assert_eq!(stands(), (SCORE, SCORE, SCORE, 1));
    miss();
    assert_eq!(stands(), (SCORE, SCORE, SCORE, 1));
    miss();
    assert_eq!(stands(), (SCORE, 0, 0, 0));
    world.prove(&machine, None);
    assert_eq!(stands(), (2 * SCORE, 2 * SCORE, 2 * SCORE, 1));
    let outcomes = world.get::<Node>(&machine.node).outcomes.map(|outcome| outcome.reason);
    assert_eq!(outcomes, [9, 10, 10, 9, 0, 0, 0, 0]);
}

#[test]
fn a_commitment_that_is_not_revealed_is_a_hidden_answer() {
    let world = World::with_probes(probe_parameters());
    let machine = world.enrolled("machine");
    let (probe, lease) = world.asked(&machine, None);
    world.commit(&machine, &lease);
    world.warp_to(world.get::<Lease>(&lease).deadline + 1);
    world.apply(instruction::lease_expire(&world.get(&lease)), &[&world.crank]);
    let event = finished(only_event(&world.apply(world.finishing(&probe), &[&world.crank])));
    assert_eq!(event.outcome, u32::from(u8::from(Outcome::Hidden)));
}

#[test]
fn the_fourth_node_of_an_operator_makes_each_count_for_less() {
    let world = World::with_probes(probe_parameters());
    let machine = world.enrolled("machine");
    for number in 2..=4 {
        let name = format!("sister {number}");
        world.machine_of(&name, machine.wallet.insecure_clone(), machine.payout, offer(), 100 * RENDER);
    }
    let event = finished(only_event(&world.prove(&machine, None)));
    let penalty = penalty_q32(4, &world.network().parameters().concentration_rules());
    assert_eq!(event.concentration, penalty);
    // exp(-0.65) of it.
    assert_eq!(event.points, 950);
    assert_eq!(u128::from(event.points), (u128::from(SCORE) * u128::from(penalty)) >> 32);
}

#[test]
fn another_operators_node_count_does_not_serve() {
    let world = World::with_probes(probe_parameters());
    let (machine, other) = (world.enrolled("machine"), world.enrolled("other"));
    let (probe, lease) = world.asked(&machine, None);
    world.answer(&machine, &lease);
    world.warp_to(world.get::<Lease>(&lease).deadline + 1);
    let finish = world.finishing(&probe);
    let swap = |from: Address, to: Address, reason: RenderError| {
        world.refuse(replaced(finish.clone(), &from, &to), &[&world.crank], reason);
    };
    swap(address::operator(&machine.operator()), address::operator(&other.operator()), RenderError::NotOperator);
    swap(machine.node, other.node, RenderError::WrongProbe);
    swap(address::node_epoch(&machine.node, 1), address::node_epoch(&other.node, 1), RenderError::WrongEpoch);
    swap(world.crank_key(), other.key(), RenderError::WrongProbe);
    let (shard, others) = (address::shard_of(&machine.key()), address::shard_of(&other.key()));
    if shard != others {
        swap(address::epoch_shard(1, shard), address::epoch_shard(1, others), RenderError::WrongShard);
    }
    for original in [probe, lease, machine.node, world.get::<Probe>(&probe).job, address::epoch(1)] {
        let forged = replaced(finish.clone(), &original, &world.forge(&original));
        world.refuse(forged, &[&world.crank], InstructionError::IllegalOwner);
    }
}

#[test]
fn a_probe_counts_in_the_epoch_that_runs_when_it_is_finished() {
    let world = World::with_probes(probe_parameters());
    let machine = world.enrolled("machine");
    let (probe, lease) = world.asked(&machine, None);
    world.answer(&machine, &lease);
    world.warp_to(world.get::<Epoch>(&address::epoch(1)).ends_at);
    world.refuse(world.finishing(&probe), &[&world.crank], RenderError::OutsideEpoch);
    world.end_epoch();
    world.prepare_accept(&machine);
    let event = finished(only_event(&world.apply(world.finishing(&probe), &[&world.crank])));
    assert_eq!(event.epoch, 2);
}

#[test]
fn a_node_is_not_closed_before_its_probe_is_finished() {
    let world = World::with_probes(probe_parameters());
    let machine = world.enrolled("machine");
    let probe = world.open_probe(&machine, None);
    let expire = world.missing(&probe);
    world.apply(expire, &[&world.crank]);
    let stake = world.get::<Node>(&machine.node).stake;
    let unbond = instruction::stake_unbond(&machine.operator(), &machine.key(), stake);
    world.apply(unbond, &[&machine.wallet]);
    world.warp(604_800);
    let withdraw = instruction::stake_withdraw(&machine.operator(), &machine.key(), &machine.payout);
    world.apply(withdraw, &[&machine.wallet]);
    world.apply(instruction::slash_burn(&world.network(), &machine.node), &[&world.crank]);
    let close = instruction::node_close(&machine.operator(), &machine.key());
    world.refuse(close, &[&machine.wallet], RenderError::NodeBusy);
}
