//! `probe_enroll`.

use market_model::MarketError;
use market_tests::{
    World,
    probe::{probe_offer, probe_parameters},
    world::{offer, only_event, replaced, unsigned},
};
use render_compute::{
    errors::RenderError,
    events::ProbeEnrolled,
    instructions::{NodeOffer, ProbeOffer},
    state::*,
};
use render_compute_client::{Signer, address, event::Event, instruction};
use solana_instruction_error::InstructionError;

#[test]
fn an_enrolled_node_may_be_probed_from_one_interval_later() {
    let world = World::with_probes(probe_parameters());
    let machine = world.machine("machine");
    let slot = world.chain.now().slot;
    let confirmed = world.apply(world.enrolling(&machine), &[&machine.identity]);
    let event = ProbeEnrolled {
        node: machine.node,
        compute: 660_000,
        clock: 20_000,
        probed_slot: slot + 8,
        address: [1; 16],
        memory_mib: 16_384,
        port: 7_000,
        enrolled: 1,
        padding: 0,
    };
    assert_eq!(only_event(&confirmed), Event::from(event));
    let node: Node = world.get(&machine.node);
    assert_eq!((node.rated_compute, node.rated_clock, node.enrolled), (660_000, 20_000, 1));
    assert_eq!((node.address, node.port, node.probed_slot), ([1; 16], 7_000, slot + 8));
    assert!(world.due(&machine) > slot + 8);
}

#[test]
fn operator_and_machine_may_enrol_and_nobody_else() {
    let world = World::with_probes(probe_parameters());
    let (machine, other) = (world.machine("machine"), world.machine("other"));
    for stranger in [&other.identity, &other.wallet, &world.crank] {
        let enrol = replaced(world.enrolling(&machine), &machine.key(), &stranger.pubkey());
        world.refuse(enrol, &[stranger], RenderError::NotOperator);
    }
    let enrol = unsigned(world.enrolling(&machine), &machine.key());
    world.refuse(enrol, &[&world.crank], InstructionError::MissingRequiredSignature);
    let by_operator = instruction::probe_enroll(&machine.operator(), &machine.key(), probe_offer());
    world.apply(by_operator, &[&machine.wallet]);
}

#[test]
fn every_rating_is_at_least_one() {
    let world = World::with_probes(probe_parameters());
    let machine = world.machine("machine");
    for missing in [ProbeOffer { compute: 0, ..probe_offer() }, ProbeOffer { clock: 0, ..probe_offer() }] {
        let enrol = instruction::probe_enroll(&machine.key(), &machine.key(), missing);
        world.refuse(enrol, &[&machine.identity], RenderError::RatingMissing);
    }
    let update = instruction::node_update(&machine.operator(), &machine.key(), NodeOffer { memory_mib: 0, ..offer() });
    world.apply(update, &[&machine.wallet]);
    world.refuse(world.enrolling(&machine), &[&machine.identity], RenderError::RatingMissing);
}

#[test]
fn ratings_do_not_change_while_a_probe_is_open() {
    let world = World::with_probes(probe_parameters());
    let machine = world.enrolled("machine");
    let probe = world.open_probe(&machine, None);
    world.refuse(world.enrolling(&machine), &[&machine.identity], RenderError::ProbeUnderWay);
    let expire = world.missing(&probe);
    world.apply(expire, &[&world.crank]);
    // Missed, but not counted yet.
    world.refuse(world.enrolling(&machine), &[&machine.identity], RenderError::ProbeUnderWay);
    world.apply(world.finishing(&probe), &[&world.crank]);
    world.apply(world.enrolling(&machine), &[&machine.identity]);
}

#[test]
fn a_node_that_enrols_anew_when_a_probe_is_due_waits_an_interval() {
    let world = World::with_probes(probe_parameters());
    let machine = world.enrolled("machine");
    let slot = world.due(&machine);
    world.apply(world.enrolling(&machine), &[&machine.identity]);
    world.refuse(world.opening(&machine, slot, None), &[&world.crank], MarketError::ProbeSlotPast);
}

#[test]
fn a_foreign_account_with_the_right_bytes_is_refused() {
    let world = World::with_probes(probe_parameters());
    let machine = world.machine("machine");
    let enrol = world.enrolling(&machine);
    for original in [machine.node, address::network()] {
        let forged = replaced(enrol.clone(), &original, &world.forge(&original));
        world.refuse(forged, &[&machine.identity], InstructionError::IllegalOwner);
    }
}
