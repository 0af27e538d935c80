//! `node_update` and `node_drain`.

use market_tests::{
    World,
    world::{offer, replaced, unsigned},
};
use render_compute::{errors::RenderError, instructions::NodeOffer, state::Node};
use render_compute_client::{event::Event, instruction};
use solana_instruction_error::InstructionError;

#[test]
fn an_operator_changes_what_a_node_offers() {
    let world = World::new();
    let machine = world.machine("machine");
    let next = NodeOffer {
        capacity: 2,
        asks: [7, 9],
        region: 4,
        minimum_requester_reputation: 4_000,
        classes: 1,
        memory_mib: 1,
        hardware: [1; 32],
    };
    let update = instruction::node_update(&machine.operator(), &machine.key(), next);
    let confirmed = world.apply(update, &[&machine.wallet]);
    let node: Node = world.get(&machine.node);
    assert_eq!((node.capacity, node.asks, node.region, node.classes), (2, [7, 9], 4, 1));
    assert_eq!((node.memory_mib, node.hardware, node.minimum_requester_reputation), (1, [1; 32], 4_000));
    let [Event::NodeRegistered(event)] = confirmed.events[..] else { panic!("{confirmed:?}") };
    assert_eq!((event.capacity, event.asks, event.draining), (2, [7, 9], 0));
}

#[test]
fn an_offer_that_could_not_be_registered_is_refused() {
    let world = World::new();
    let machine = world.machine("machine");
    let update = |offer| instruction::node_update(&machine.operator(), &machine.key(), offer);
    let signers = [&machine.wallet];
    world.refuse(update(NodeOffer { capacity: 0, ..offer() }), &signers, RenderError::ZeroValue);
    world.refuse(update(NodeOffer { classes: 0, ..offer() }), &signers, RenderError::UnknownKind);
    world.refuse(update(NodeOffer { classes: 4, ..offer() }), &signers, RenderError::UnknownKind);
}

#[test]
fn only_the_operator_changes_an_offer() {
    let world = World::new();
    let (machine, other) = (world.machine("machine"), world.machine("other"));
    let update = instruction::node_update(&machine.operator(), &machine.key(), offer());
    let by_other = replaced(update.clone(), &machine.operator(), &other.operator());
    world.refuse(by_other, &[&other.wallet], RenderError::NotOperator);
    let by_identity = replaced(update.clone(), &machine.operator(), &machine.key());
    world.refuse(by_identity, &[&machine.identity], RenderError::NotOperator);
    let nobody = unsigned(update.clone(), &machine.operator());
    world.refuse(nobody, &[&world.crank], InstructionError::MissingRequiredSignature);
    let forged = replaced(update, &machine.node, &world.forge(&machine.node));
    world.refuse(forged, &[&machine.wallet], InstructionError::IllegalOwner);
}

#[test]
fn operator_and_machine_drain_a_node_and_nobody_else() {
    let world = World::new();
    let (machine, other) = (world.machine("machine"), world.machine("other"));
    world.apply(instruction::node_drain(&machine.operator(), &machine.key(), true), &[&machine.wallet]);
    assert_eq!(world.get::<Node>(&machine.node).draining, 1);
    world.apply(instruction::node_drain(&machine.key(), &machine.key(), false), &[&machine.identity]);
    assert_eq!(world.get::<Node>(&machine.node).draining, 0);
    let drain = instruction::node_drain(&other.operator(), &machine.key(), true);
    world.refuse(drain, &[&other.wallet], RenderError::NotOperator);
    let drain = unsigned(instruction::node_drain(&machine.operator(), &machine.key(), true), &machine.operator());
    world.refuse(drain, &[&world.crank], InstructionError::MissingRequiredSignature);
}
