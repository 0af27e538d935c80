//! `probe_open`.

use market_model::{MarketError, Parameters, lease::LeaseState, probe::is_due};
use market_tests::{
    World,
    probe::{probe_offer, probe_parameters},
    world::{PENALTY_PER_CREDIT, RENDER, offer, only_event, replaced, unsigned},
};
use render_compute::{
    constants::{CLASS_PROBE, PAUSE_LEASES, PROBE_ENGINE},
    errors::RenderError,
    events::ProbeOpened,
    instructions::NodeOffer,
    probe::draw,
    state::*,
};
use render_compute_client::{
    address,
    event::Event,
    instruction::{self, EngineRegister},
};
use solana_instruction_error::InstructionError;

/// What a probe of the default value risks.
const PENALTY: u64 = 1_000_000 * PENALTY_PER_CREDIT;

#[test]
fn a_due_probe_is_a_lease_in_the_hands_of_its_node() {
    let world = World::with_probes(probe_parameters());
    let (machine, opener) = (world.enrolled("machine"), world.machine("opener"));
    let slot = world.due(&machine);
    let before: Node = world.get(&machine.node);
    let confirmed = world.apply(world.opening(&machine, slot, Some(&opener)), &[&world.crank]);
    let (now, clock) = (world.time(), world.chain.now());
    let at = address::probe(&machine.node, 0);
    let (probe, node): (Probe, Node) = (world.get(&at), world.get(&machine.node));
    let (job, lease): (Job, Lease) = (world.get(&probe.job), world.get(&probe.lease));
    let event = ProbeOpened {
        probe: at,
        node: machine.node,
        job: address::job(&machine.node, 0),
        lease: address::lease(&probe.job, 0, 0),
        opener: opener.node,
        payer: world.crank_key(),
        engine: address::engine(&PROBE_ENGINE),
        hash: world.slot_hash(slot).unwrap(),
        statement: job.statement,
        compute: 660_000,
        clock: 20_000,
        bandwidth: 0,
        slot,
        opened_slot: clock.slot,
        opened_at: now,
        deadline: now + 64,
        value: 1_000_000,
        penalty: PENALTY,
        memory_mib: 16_384,
        number: 0,
        audit_probability_bps: 10,
        units: 3,
    };
    assert_eq!(only_event(&confirmed), Event::from(event));
    assert_eq!(
        (job.requester, job.class, job.seeded, job.price_per_unit, job.escrow),
        (machine.node, CLASS_PROBE, 0, 0, 0)
    );
    assert_eq!((job.units, job.leases, job.lease_seconds, job.minimum_memory_mib), (3, 1, 64, 16_384));
    assert_eq!((lease.node, lease.units, lease.value, lease.penalty), (machine.node, 3, 1_000_000, PENALTY));
    assert_eq!(world.status(&probe.lease), LeaseState::Claimed);
    assert_eq!((lease.deadline, probe.deadline), (now + 64, now + 64));
    assert_eq!((node.exposure, node.leases_held), (before.exposure + PENALTY, 1));
    assert_eq!((node.probes, node.is_probed, node.probed_slot), (1, 1, slot));
    assert_eq!((probe.opener, probe.opener_shard), (opener.node, address::shard_of(&opener.key())));
}

#[test]
fn the_statement_has_no_seed_before_the_next_slot() {
    let world = World::with_probes(probe_parameters());
    let machine = world.enrolled("machine");
    let probe = world.open_probe(&machine, None);
    let job = world.get::<Probe>(&probe).job;
    let before: Job = world.get(&job);
    assert_eq!((&before.statement[..4], &before.statement[32..64]), (&[2, 0, 0, 0][..], &[0; 32][..]));
    world.refuse(instruction::job_seed(&job), &[&world.crank], RenderError::TooEarlyToSeed);
    world.seed_probe(&probe);
    let after: Job = world.get(&job);
    assert_eq!(after.seed, world.slot_hash(before.opened_slot + 1).unwrap());
    assert_eq!(&after.statement[32..64], &after.seed);
    assert_eq!((&after.statement[..32], &after.statement[64..]), (&before.statement[..32], &before.statement[64..]));
}

#[test]
fn a_slot_that_the_lottery_did_not_pick_opens_nothing() {
    let world = World::with_probes(probe_parameters());
    let machine = world.enrolled("machine");
    world.due(&machine);
    let probed = world.get::<Node>(&machine.node).probed_slot;
    let undue = (probed + 1..world.chain.now().slot)
        .chain([world.chain.now().slot])
        .find(|slot| world.slot_hash(*slot).is_none_or(|hash| !is_due(draw(&hash, &machine.node), 8)))
        .unwrap();
    world.chain.advance_slots(1);
    world.refuse(world.opening(&machine, undue, None), &[&world.crank], MarketError::ProbeNotDue);
}

#[test]
fn a_slot_without_a_hash_opens_nothing() {
    let world = World::with_probes(probe_parameters());
    let machine = world.enrolled("machine");
    world.chain.advance_slots(20);
    for slot in [world.chain.now().slot, world.chain.now().slot + 1, u64::MAX] {
        world.refuse(world.opening(&machine, slot, None), &[&world.crank], RenderError::NoSlotHash);
    }
    world.refuse(world.opening(&machine, 0, None), &[&world.crank], MarketError::ProbeSlotPast);
}

#[test]
fn a_due_probe_waits_so_many_slots_and_no_longer() {
    let world = World::with_probes(probe_parameters());
    let machine = world.enrolled("machine");
    let slot = world.due(&machine);
    world.chain.advance_slots(slot + 151 - world.chain.now().slot);
    world.refuse(world.opening(&machine, slot, None), &[&world.crank], MarketError::ProbeSlotTooOld);
    let slot = world.due(&machine);
    world.chain.advance_slots(slot + 150 - world.chain.now().slot);
    world.apply(world.opening(&machine, slot, None), &[&world.crank]);
}

#[test]
fn a_node_has_one_probe_at_a_time_and_one_for_a_slot() {
    let world = World::with_probes(probe_parameters());
    let machine = world.enrolled("machine");
    let slot = world.due(&machine);
    world.apply(world.opening(&machine, slot, None), &[&world.crank]);
    world.chain.advance_slots(1);
    world.refuse(world.opening(&machine, slot, None), &[&world.crank], RenderError::ProbeUnderWay);
    let probe = address::probe(&machine.node, 0);
    let expire = world.missing(&probe);
    world.apply_all(&[expire, world.finishing(&probe)], &[&world.crank]);
    world.refuse(world.opening(&machine, slot, None), &[&world.crank], MarketError::ProbeSlotPast);
    world.open_probe(&machine, None);
    assert_eq!(world.get::<Node>(&machine.node).probes, 2);
}

#[test]
fn only_enrolled_nodes_with_the_least_stake_are_probed() {
    let world = World::with_probes(probe_parameters());
    let machine = world.machine("machine");
    let slot = world.due(&machine);
    world.refuse(world.opening(&machine, slot, None), &[&world.crank], RenderError::NotEnrolled);
    let poor = world.machine_with("poor", offer(), 100 * RENDER - 1);
    world.enroll(&poor);
    let slot = world.due(&poor);
    world.refuse(world.opening(&poor, slot, None), &[&world.crank], MarketError::StakeTooSmall);
}

#[test]
fn a_stake_that_does_not_cover_the_penalty_is_not_probed() {
    let world = World::with_probes(Parameters { probe_value: 100_000_000, ..probe_parameters() });
    let machine = world.enrolled("machine");
    let slot = world.due(&machine);
    world.refuse(world.opening(&machine, slot, None), &[&world.crank], MarketError::StakeDoesNotCover);
}

#[test]
fn no_probe_is_opened_while_leases_are_paused_or_the_engine_is_off() {
    let world = World::with_probes(probe_parameters());
    let machine = world.enrolled("machine");
    world.apply(instruction::network_pause(&world.authority_key(), PAUSE_LEASES), &[&world.authority]);
    let slot = world.due(&machine);
    world.refuse(world.opening(&machine, slot, None), &[&world.crank], RenderError::Paused);
    world.apply(instruction::network_pause(&world.authority_key(), 0), &[&world.authority]);
    let off = EngineRegister { enabled: false, ..world.probe_engine() };
    world.apply(instruction::engine_register(&off), &[&world.authority]);
    world.refuse(world.opening(&machine, slot, None), &[&world.crank], RenderError::EngineDisabled);
}

#[test]
fn a_draining_node_is_probed_all_the_same() {
    let world = World::with_probes(probe_parameters());
    let machine = world.enrolled("machine");
    world.apply(instruction::node_drain(&machine.key(), &machine.key(), true), &[&machine.identity]);
    world.open_probe(&machine, None);
}

#[test]
fn nobody_earns_for_opening_a_probe_of_the_own_operator() {
    let world = World::with_probes(probe_parameters());
    let machine = world.enrolled("machine");
    let sister = world.machine_of("sister", machine.wallet.insecure_clone(), machine.payout, offer(), 100 * RENDER);
    let slot = world.due(&machine);
    // The node itself is in the instruction once already.
    assert!(world.send(&[world.opening(&machine, slot, Some(&machine))], &[&world.crank]).is_err());
    world.refuse(world.opening(&machine, slot, Some(&sister)), &[&world.crank], RenderError::SameOperator);
}

#[test]
fn another_engine_runs_no_probe() {
    let world = World::with_probes(probe_parameters());
    let machine = world.enrolled("machine");
    let slot = world.due(&machine);
    let probe_engine = address::engine(&PROBE_ENGINE);
    let open = world.opening(&machine, slot, None);
    let other = replaced(open.clone(), &probe_engine, &address::engine(&address::RENDER_ENGINE));
    world.refuse(other, &[&world.crank], RenderError::NotProbe);
    for original in [probe_engine, machine.node, address::network()] {
        let forged = replaced(open.clone(), &original, &world.forge(&original));
        assert!(world.send(&[forged], &[&world.crank]).is_err());
    }
    let unsigned = unsigned(open, &world.crank_key());
    world.refuse(unsigned, &[&machine.wallet], InstructionError::MissingRequiredSignature);
}

#[test]
fn a_probe_asks_for_the_memory_that_the_node_offers_at_its_opening() {
    let world = World::with_probes(probe_parameters());
    let machine = world.enrolled("machine");
    let update =
        instruction::node_update(&machine.operator(), &machine.key(), NodeOffer { memory_mib: 8_192, ..offer() });
    world.apply(update, &[&machine.wallet]);
    let probe: Probe = world.get(&world.open_probe(&machine, None));
    assert_eq!((probe.memory_mib, probe.compute, probe.clock), (8_192, probe_offer().compute, probe_offer().clock));
}
