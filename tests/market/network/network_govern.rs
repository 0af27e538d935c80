//! `network_govern`.

use market_tests::{
    World,
    governance::QUORUM,
    governance::set,
    world::{only_event, replaced, short_parameters, unsigned},
};
use render_compute::{constants::PAUSE_JOBS, errors::RenderError, events::NetworkGoverned};
use render_compute_client::{Address, Signer, address, event::Event, instruction};
use solana_instruction_error::InstructionError;

#[test]
fn from_then_on_numbers_and_authority_change_by_proposals_only() {
    let world = World::new();
    let key = world.authority_key();
    let heir = world.wallet("heir");
    world.apply(instruction::network_offer_authority(&key, &heir.pubkey()), &[&world.authority]);
    let govern = instruction::network_govern(&key);
    let confirmed = world.apply(govern.clone(), &[&world.authority]);
    assert_eq!(only_event(&confirmed), Event::from(NetworkGoverned { authority: key }));
    assert_eq!((world.network().governed, world.network().pending_authority), (1, Address::default()));
    let signers = [&world.authority];
    let set_parameters = instruction::network_set_parameters(&key, &short_parameters());
    world.refuse(set_parameters, &signers, RenderError::Governed);
    world.refuse(instruction::network_offer_authority(&key, &heir.pubkey()), &signers, RenderError::Governed);
    world.chain.advance_slots(1);
    world.refuse(govern, &signers, RenderError::Governed);
    // An offer from before is void.
    let accept = instruction::network_accept_authority(&heir.pubkey());
    world.refuse(accept, &[&heir], RenderError::NotPendingAuthority);
    let voter = world.voter("voter", QUORUM);
    world.enact(&voter, set(&[("challenge_seconds", 77)]));
    assert_eq!(world.network().parameters().challenge_seconds, 77);
}

#[test]
fn the_guardian_keeps_pause_engines_oracle_and_publishers() {
    let world = World::new();
    let key = world.authority_key();
    world.apply(instruction::network_govern(&key), &[&world.authority]);
    for kept in [
        instruction::network_pause(&key, PAUSE_JOBS),
        instruction::engine_register(&world.engine()),
        instruction::network_set_oracle_publishers(&key),
        instruction::oracle_set_publishers(&key, &[world.crank_key()]),
    ] {
        world.apply(kept, &[&world.authority]);
    }
}

#[test]
fn only_the_authority_hands_the_numbers_over() {
    let world = World::new();
    let govern = instruction::network_govern(&world.authority_key());
    let theirs = replaced(govern.clone(), &world.authority_key(), &world.crank_key());
    world.refuse(theirs, &[&world.crank], RenderError::NotAuthority);
    let nobody = unsigned(govern.clone(), &world.authority_key());
    world.refuse(nobody, &[&world.crank], InstructionError::MissingRequiredSignature);
    let forged = replaced(govern, &address::network(), &world.forge(&address::network()));
    world.refuse(forged, &[&world.authority], InstructionError::IllegalOwner);
}
