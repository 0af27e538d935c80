//! `client_register`.

use super::{ID, of_another_mint, terms};
use market_model::MarketError;
use market_tests::{
    World,
    world::{only_event, replaced, unsigned},
};
use render_compute::{errors::RenderError, events::ClientRegistered, state::Client};
use render_compute_client::{
    Address, Signer, address,
    event::Event,
    instruction::{self, ClientTerms},
};
use solana_instruction_error::InstructionError;

#[test]
fn a_client_is_registered_enabled_and_with_its_terms() {
    let world = World::new();
    let (speaker, terms) = terms(&world, "client");
    let register = instruction::client_register(&world.authority_key(), ID, &terms);
    let registered_at = world.time();
    let confirmed = world.apply(register.clone(), &[&world.authority]);
    let event = ClientRegistered {
        client: address::client(&ID),
        id: ID,
        authority: speaker.pubkey(),
        payout: terms.payout,
        metadata: [4; 32],
        registered_at,
        share_bps: 1_000,
    };
    assert_eq!(only_event(&confirmed), Event::from(event));
    let client: Client = world.get(&address::client(&ID));
    assert_eq!((client.id, client.authority, client.payout), (ID, speaker.pubkey(), terms.payout));
    assert_eq!((client.metadata, client.share_bps, client.enabled), ([4; 32], 1_000, 1));
    assert_eq!((client.volume, client.earned, client.registered_at), (0, 0, registered_at));
    // An id is taken once, also by its owner.
    assert!(world.send(&[register], &[&world.authority]).is_err());
}

#[test]
fn only_the_networks_authority_registers_clients() {
    let world = World::new();
    let (speaker, terms) = terms(&world, "client");
    let theirs = instruction::client_register(&speaker.pubkey(), ID, &terms);
    world.refuse(theirs, &[&speaker], RenderError::NotAuthority);
    let nobody = unsigned(instruction::client_register(&world.authority_key(), ID, &terms), &world.authority_key());
    world.refuse(nobody, &[&world.crank], InstructionError::MissingRequiredSignature);
}

#[test]
fn the_share_is_at_most_the_parameter() {
    let world = World::new();
    let (_, good) = terms(&world, "client");
    let most = u16::try_from(world.network().parameters().client_share_max_bps).unwrap();
    let with = |share_bps| instruction::client_register(&world.authority_key(), ID, &ClientTerms { share_bps, ..good });
    world.refuse(with(most + 1), &[&world.authority], MarketError::ClientShareTooHigh);
    world.refuse(with(u16::MAX), &[&world.authority], MarketError::ClientShareTooHigh);
    world.apply(with(most), &[&world.authority]);
}

#[test]
fn an_id_and_a_key_are_needed_and_a_render_account_as_payout() {
    let world = World::new();
    let (_, good) = terms(&world, "client");
    let register = |id, terms| instruction::client_register(&world.authority_key(), id, &terms);
    world.refuse(register([0; 16], good), &[&world.authority], RenderError::ZeroValue);
    let nobody = ClientTerms { authority: Address::default(), ..good };
    world.refuse(register(ID, nobody), &[&world.authority], RenderError::ZeroValue);
    for payout in [world.crank_key(), world.mint, of_another_mint(&world, &good.payout)] {
        let wrong = ClientTerms { payout, ..good };
        world.refuse(register(ID, wrong), &[&world.authority], RenderError::WrongTokenAccount);
    }
}

#[test]
fn foreign_accounts_with_the_right_bytes_and_other_addresses_are_refused() {
    let world = World::new();
    let (_, terms) = terms(&world, "client");
    let register = instruction::client_register(&world.authority_key(), ID, &terms);
    let forged = replaced(register.clone(), &address::network(), &world.forge(&address::network()));
    world.refuse(forged, &[&world.authority], InstructionError::IllegalOwner);
    let other = replaced(register, &address::client(&ID), &address::client(&[1; 16]));
    world.refuse(other, &[&world.authority], InstructionError::InvalidSeeds);
}
