//! `node_register`.

use market_model::MarketError;
use market_tests::{
    Reason, World,
    world::{RENDER, offer, only_event, replaced, unsigned},
};
use render_compute::{constants::*, errors::RenderError, events::NodeRegistered, instructions::NodeOffer, state::*};
use render_compute_client::{Keypair, Signer, address, event::Event, instruction};
use solana_instruction_error::InstructionError;

/// A world with an operator, and a key for a machine.
fn operator() -> (World, Keypair, Keypair) {
    let world = World::new();
    let wallet = world.wallet("wallet");
    let payout = world.render(&wallet, RENDER);
    world.apply(instruction::operator_register(&wallet.pubkey(), &payout), &[&wallet]);
    let identity = world.wallet("identity");
    (world, wallet, identity)
}

fn refused(offer: NodeOffer, reason: impl Into<Reason>) {
    let (world, wallet, identity) = operator();
    let register = instruction::node_register(&wallet.pubkey(), &identity.pubkey(), offer);
    world.refuse(register, &[&wallet, &identity], reason);
}

#[test]
fn a_machine_starts_with_neutral_reputation_and_no_stake() {
    let (world, wallet, identity) = operator();
    let (owner, key) = (wallet.pubkey(), identity.pubkey());
    let slot = world.chain.now().slot;
    let confirmed = world.apply(instruction::node_register(&owner, &key, offer()), &[&wallet, &identity]);
    let event = NodeRegistered {
        node: address::node(&key),
        identity: key,
        operator: owner,
        hardware: [3; 32],
        asks: [0; 2],
        registered_slot: slot,
        capacity: 8,
        memory_mib: 16_384,
        region: 1,
        minimum_requester_reputation: 0,
        classes: 3,
        draining: 0,
        padding: [0; 2],
    };
    assert_eq!(only_event(&confirmed), Event::from(event));
    let node: Node = world.get(&address::node(&key));
    assert_eq!((node.identity, node.operator, node.stake), (key, owner, 0));
    assert_eq!((node.reputation, node.uptime_bps, node.leases_held), (NEUTRAL_REPUTATION, 10_000, 0));
    assert_eq!(world.get::<Operator>(&address::operator(&owner)).nodes, 1);
}

#[test]
fn a_machine_without_capacity_is_refused() {
    refused(NodeOffer { capacity: 0, ..offer() }, RenderError::ZeroValue);
}

#[test]
fn a_machine_serves_at_least_one_class_that_exists() {
    refused(NodeOffer { classes: 0, ..offer() }, RenderError::UnknownKind);
    refused(NodeOffer { classes: 4, ..offer() }, RenderError::UnknownKind);
}

#[test]
fn no_requester_is_asked_for_more_than_a_whole_reputation() {
    refused(NodeOffer { minimum_requester_reputation: 10_001, ..offer() }, MarketError::ScoreOutOfRange);
}

#[test]
fn an_identity_is_registered_once() {
    let (world, wallet, identity) = operator();
    let register = instruction::node_register(&wallet.pubkey(), &identity.pubkey(), offer());
    world.apply(register.clone(), &[&wallet, &identity]);
    assert!(world.send(&[register], &[&wallet, &identity]).is_err());
}

#[test]
fn nodes_are_not_registered_while_paused() {
    let (world, wallet, identity) = operator();
    let register = instruction::node_register(&wallet.pubkey(), &identity.pubkey(), offer());
    world.apply(instruction::network_pause(&world.authority.pubkey(), PAUSE_STAKES), &[&world.authority]);
    world.refuse(register, &[&wallet, &identity], RenderError::Paused);
}

#[test]
fn a_key_that_the_operator_does_not_hold_is_refused() {
    let (world, wallet, identity) = operator();
    let register = instruction::node_register(&wallet.pubkey(), &identity.pubkey(), offer());
    let unheld = unsigned(register.clone(), &identity.pubkey());
    world.refuse(unheld, &[&wallet], InstructionError::MissingRequiredSignature);
    let unpaid = unsigned(register, &wallet.pubkey());
    world.refuse(unpaid, &[&world.crank, &identity], InstructionError::MissingRequiredSignature);
}

#[test]
fn another_operators_account_is_refused() {
    let (world, wallet, identity) = operator();
    let other = world.machine("other");
    let register = instruction::node_register(&wallet.pubkey(), &identity.pubkey(), offer());
    let own = address::operator(&wallet.pubkey());
    let stolen = replaced(register.clone(), &own, &address::operator(&other.operator()));
    world.refuse(stolen, &[&wallet, &identity], RenderError::NotOperator);
    let forged = replaced(register, &own, &world.forge(&own));
    world.refuse(forged, &[&wallet, &identity], InstructionError::IllegalOwner);
}
