//! `node_maintenance`.

use market_model::MarketError;
use market_tests::{
    World,
    probe::probe_parameters,
    world::{USD, only_event, order, replaced, unsigned},
};
use render_compute::{errors::RenderError, events::MaintenanceAnnounced, state::*};
use render_compute_client::{address, event::Event, instruction};
use solana_instruction_error::InstructionError;

#[test]
fn in_maintenance_no_probe_is_opened_and_no_lease_claimed() {
    let world = World::with_probes(probe_parameters());
    let requester = world.requester_with("requester", USD);
    let machine = world.enrolled("machine");
    let (from, until) = (world.time() + 900, world.time() + 1_900);
    let announce = instruction::node_maintenance(&machine.key(), &machine.key(), from, until);
    let confirmed = world.apply(announce, &[&machine.identity]);
    let event = MaintenanceAnnounced { node: machine.node, from, until, epoch: 1, used: 1_000 };
    assert_eq!(only_event(&confirmed), Event::from(event));
    world.warp_to(from);
    let slot = world.due(&machine);
    world.refuse(world.opening(&machine, slot, None), &[&world.crank], RenderError::NodeInMaintenance);
    let job = world.open_seeded(&requester, order());
    world.warp_to(until - 1);
    let claim = instruction::lease_claim(&machine.key(), &job, 0);
    world.refuse(claim.clone(), &[&machine.identity], RenderError::NodeInMaintenance);
    world.warp_to(until.max(world.turn(&machine, &job, 0)));
    world.apply(claim, &[&machine.identity]);
    world.open_probe(&machine, None);
}

#[test]
fn a_probe_is_opened_until_the_last_second_before_maintenance() {
    let world = World::with_probes(probe_parameters());
    let machine = world.enrolled("machine");
    let from = world.time() + 900;
    let announce = instruction::node_maintenance(&machine.key(), &machine.key(), from, from + 60);
    world.apply(announce, &[&machine.identity]);
    world.warp_to(from - 20);
    let slot = world.due(&machine);
    world.warp_to(from - 1);
    world.apply(world.opening(&machine, slot, None), &[&world.crank]);
}

#[test]
fn what_is_held_is_due_all_the_same() {
    let world = World::with_probes(probe_parameters());
    let machine = world.enrolled("machine");
    let from = world.time() + 900;
    let announce = instruction::node_maintenance(&machine.key(), &machine.key(), from, from + 600);
    world.apply(announce, &[&machine.identity]);
    world.warp_to(from - 20);
    let probe = world.open_probe(&machine, None);
    let expire = world.missing(&probe);
    assert!(world.get::<Node>(&machine.node).maintenance().lasts(world.time()));
    world.apply(expire, &[&world.crank]);
}

#[test]
fn maintenance_needs_notice_an_end_and_room_in_the_epoch() {
    let world = World::with_probes(probe_parameters());
    let machine = world.machine("machine");
    let now = world.time();
    let announce = |from: i64, until: i64| instruction::node_maintenance(&machine.key(), &machine.key(), from, until);
    let refused = |from: i64, until: i64, reason: MarketError| {
        world.refuse(announce(from, until), &[&machine.identity], reason);
    };
    refused(now + 899, now + 1_000, MarketError::MaintenanceTooSoon);
    refused(now + 900, now + 900, MarketError::MaintenanceEmpty);
    refused(now + 900, now + 900 + 86_401, MarketError::MaintenanceTooLong);
    world.apply(announce(now + 900, now + 900 + 86_400), &[&machine.identity]);
    // What was announced is used, also when it is called off.
    world.apply(announce(0, 0), &[&machine.identity]);
    let node: Node = world.get(&machine.node);
    assert_eq!((node.maintenance_from, node.maintenance_until, node.maintenance_used), (0, 0, 86_400));
    refused(now + 1_000, now + 1_001, MarketError::MaintenanceTooLong);
    // The next epoch has its own.
    world.end_epoch();
    let now = world.time();
    world.apply(announce(now + 900, now + 901), &[&machine.identity]);
    let node: Node = world.get(&machine.node);
    assert_eq!((node.maintenance_epoch, node.maintenance_used), (2, 1));
}

#[test]
fn operator_and_machine_announce_and_nobody_else() {
    let world = World::with_probes(probe_parameters());
    let (machine, other) = (world.machine("machine"), world.machine("other"));
    let from = world.time() + 1_000;
    let foreign = instruction::node_maintenance(&other.key(), &machine.key(), from, from + 1);
    world.refuse(foreign, &[&other.identity], RenderError::NotOperator);
    let announce = instruction::node_maintenance(&machine.operator(), &machine.key(), from, from + 1);
    let silent = unsigned(announce.clone(), &machine.operator());
    world.refuse(silent, &[&world.crank], InstructionError::MissingRequiredSignature);
    for original in [machine.node, address::network()] {
        let forged = replaced(announce.clone(), &original, &world.forge(&original));
        world.refuse(forged, &[&machine.wallet], InstructionError::IllegalOwner);
    }
    world.apply(announce, &[&machine.wallet]);
}
