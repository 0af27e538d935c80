//! `probe_expire`.

use market_model::{MarketError, lease::LeaseState};
use market_tests::{World, probe::probe_parameters, world::replaced};
use render_compute::{errors::RenderError, events::*, state::*};
use render_compute_client::{Address, event::Event, instruction};
use solana_instruction_error::InstructionError;

/// A tenth of a RENDER.
const PENALTY: u64 = 10_000_000;

#[test]
fn the_penalty_of_a_missed_probe_becomes_the_openers_stake() {
    let world = World::with_probes(probe_parameters());
    let (machine, opener) = (world.enrolled("machine"), world.machine("opener"));
    let (probe, lease) = world.asked(&machine, Some(&opener));
    let before: [Node; 2] = [world.get(&machine.node), world.get(&opener.node)];
    let deadline = world.get::<Probe>(&probe).deadline;
    let expire = world.missing(&probe);
    let confirmed = world.apply(expire, &[&world.crank]);
    let after: [Node; 2] = [world.get(&machine.node), world.get(&opener.node)];
    let expired =
        ProbeExpired { probe, lease, node: machine.node, opener: opener.node, deadline, taken: PENALTY, fee: PENALTY };
    let slashed = StakeSlashed {
        node: machine.node,
        evidence: lease,
        from_stake: PENALTY,
        from_unbonding: 0,
        reason: SLASH_PROBE_MISSED,
    };
    let moved = StakeChanged {
        node: opener.node,
        stake_before: before[1].stake,
        stake_after: before[1].stake + PENALTY,
        unbonding_before: 0,
        unbonding_after: 0,
        unbonding_until: 0,
    };
    assert_eq!(confirmed.events, [Event::from(expired), Event::from(slashed), Event::from(moved)]);
    assert_eq!((after[0].stake, after[0].slashed, after[0].slashed_total), (before[0].stake - PENALTY, 0, PENALTY));
    assert_eq!((after[0].exposure, after[0].leases_held, after[0].is_probed), (0, 0, 1));
    assert_eq!(after[1].stake, before[1].stake + PENALTY);
    assert_eq!(world.status(&lease), LeaseState::Expired);
}

#[test]
fn without_an_opener_the_penalty_waits_for_the_burn() {
    let world = World::with_probes(probe_parameters());
    let machine = world.enrolled("machine");
    let probe = world.open_probe(&machine, None);
    let expire = world.missing(&probe);
    let confirmed = world.apply(expire, &[&world.crank]);
    let Some(Event::ProbeExpired(expired)) = confirmed.events.first() else { panic!("{confirmed:?}") };
    assert_eq!((expired.opener, expired.taken, expired.fee), (Address::default(), PENALTY, 0));
    assert_eq!(world.get::<Node>(&machine.node).slashed, PENALTY);
}

#[test]
fn where_the_opener_is_gone_the_penalty_waits_for_the_burn() {
    let world = World::with_probes(probe_parameters());
    let machine = world.enrolled("machine");
    let opener = world.machine_with("opener", market_tests::world::offer(), 0);
    let probe = world.open_probe(&machine, Some(&opener));
    world.apply(instruction::node_close(&opener.operator(), &opener.key()), &[&opener.wallet]);
    let expire = world.missing(&probe);
    world.apply(expire, &[&world.crank]);
    assert_eq!(world.get::<Node>(&machine.node).slashed, PENALTY);
}

#[test]
fn the_opener_cannot_be_left_out_or_replaced() {
    let world = World::with_probes(probe_parameters());
    let (machine, opener, other) = (world.enrolled("machine"), world.machine("opener"), world.machine("other"));
    let probe = world.open_probe(&machine, Some(&opener));
    let expire = world.missing(&probe);
    let none = replaced(expire.clone(), &opener.node, &render_compute::ID);
    assert!(world.send(&[none], &[&world.crank]).is_err());
    world.refuse(replaced(expire, &opener.node, &other.node), &[&world.crank], RenderError::WrongProbe);
}

#[test]
fn a_probe_expires_from_the_second_after_its_deadline_and_once() {
    let world = World::with_probes(probe_parameters());
    let machine = world.enrolled("machine");
    let probe = world.open_probe(&machine, None);
    let expire = instruction::probe_expire(&world.get(&probe));
    let deadline = world.get::<Probe>(&probe).deadline;
    for early in [deadline - 1, deadline] {
        world.warp_to(early);
        world.refuse(expire.clone(), &[&world.crank], MarketError::LeaseNotExpired);
    }
    world.warp_to(deadline + 1);
    world.apply(expire.clone(), &[&world.crank]);
    world.chain.advance_slots(1);
    world.refuse(expire, &[&world.crank], MarketError::LeaseNotClaimed);
}

#[test]
fn an_answered_probe_does_not_expire() {
    let world = World::with_probes(probe_parameters());
    let machine = world.enrolled("machine");
    let (probe, lease) = world.asked(&machine, None);
    world.commit(&machine, &lease);
    let expire = world.missing(&probe);
    world.refuse(expire, &[&world.crank], MarketError::LeaseNotClaimed);
}

#[test]
fn accounts_of_another_probe_are_refused() {
    let world = World::with_probes(probe_parameters());
    let (machine, other) = (world.enrolled("machine"), world.enrolled("other"));
    let (probe, lease) = world.asked(&machine, None);
    let (_, others) = world.asked(&other, None);
    let expire = world.missing(&probe);
    world.refuse(replaced(expire.clone(), &lease, &others), &[&world.crank], RenderError::WrongProbe);
    world.refuse(replaced(expire.clone(), &machine.node, &other.node), &[&world.crank], RenderError::WrongProbe);
    for original in [probe, lease, machine.node] {
        let forged = replaced(expire.clone(), &original, &world.forge(&original));
        world.refuse(forged, &[&world.crank], InstructionError::IllegalOwner);
    }
}
