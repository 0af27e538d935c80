//! `oracle_set_publishers`.

use market_tests::{
    World,
    world::{PRICE, only_event, replaced, unsigned},
};
use render_compute::{constants::MAX_PUBLISHERS, errors::RenderError, events::PublishersChanged, state::Oracle};
use render_compute_client::{Address, Signer, address, event::Event, instruction};
use solana_instruction_error::InstructionError;

fn keys(count: u8) -> Vec<Address> {
    (1..=count).map(|byte| Address::new_from_array([byte; 32])).collect()
}

#[test]
fn a_publisher_that_stays_keeps_its_report() {
    let world = World::new();
    let kept = world.publishers[0].pubkey();
    let added = Address::new_from_array([1; 32]);
    let set = instruction::oracle_set_publishers(&world.authority.pubkey(), &[added, kept]);
    let confirmed = world.apply(set, &[&world.authority]);
    let mut publishers = [Address::default(); MAX_PUBLISHERS];
    publishers[..2].copy_from_slice(&[added, kept]);
    assert_eq!(only_event(&confirmed), Event::from(PublishersChanged { publishers, count: 2 }));
    let oracle: Oracle = world.get(&address::oracle());
    assert_eq!((oracle.count, oracle.publishers[0].price, oracle.publishers[1].price), (2, 0, PRICE));
}

#[test]
fn a_set_has_at_most_sixteen_distinct_publishers() {
    let world = World::new();
    let key = world.authority.pubkey();
    let signers = [&world.authority];
    world.apply(instruction::oracle_set_publishers(&key, &keys(16)), &signers);
    let many = instruction::oracle_set_publishers(&key, &keys(17));
    world.refuse(many, &signers, RenderError::BadPublisherSet);
    let one = Address::new_from_array([1; 32]);
    let twice = instruction::oracle_set_publishers(&key, &[one, Address::new_from_array([2; 32]), one]);
    world.refuse(twice, &signers, RenderError::BadPublisherSet);
    let empty = instruction::oracle_set_publishers(&key, &[one, Address::default()]);
    world.refuse(empty, &signers, RenderError::BadPublisherSet);
}

#[test]
fn only_the_authority_chooses_publishers() {
    let world = World::new();
    let key = world.authority.pubkey();
    let theirs = instruction::oracle_set_publishers(&world.crank.pubkey(), &keys(1));
    world.refuse(theirs, &[&world.crank], RenderError::NotAuthority);
    let set = instruction::oracle_set_publishers(&key, &keys(1));
    let nobody = unsigned(set.clone(), &key);
    world.refuse(nobody, &[&world.crank], InstructionError::MissingRequiredSignature);
    for original in [address::network(), address::oracle()] {
        let forged = replaced(set.clone(), &original, &world.forge(&original));
        world.refuse(forged, &[&world.authority], InstructionError::IllegalOwner);
    }
}
