//! `client_update`.

use super::{ID, of_another_mint, terms};
use market_model::MarketError;
use market_tests::{
    World,
    world::{RENDER, only_event, replaced, unsigned},
};
use render_compute::{errors::RenderError, events::ClientUpdated, state::Client};
use render_compute_client::{
    Address, Keypair, Signer, address,
    event::Event,
    instruction::{self, ClientTerms},
};
use solana_instruction_error::InstructionError;

fn registered() -> (World, Keypair, ClientTerms) {
    let world = World::new();
    let (speaker, terms) = terms(&world, "client");
    world.apply(instruction::client_register(&world.authority_key(), ID, &terms), &[&world.authority]);
    (world, speaker, terms)
}

#[test]
fn a_client_moves_its_payout_lowers_its_share_and_hands_its_key_on() {
    let (world, speaker, _) = registered();
    let next = world.wallet("next speaker");
    let payout = world.render(&next, RENDER);
    let client = address::client(&ID);
    let terms = ClientTerms { authority: next.pubkey(), payout, metadata: [9; 32], share_bps: 999 };
    let update = instruction::client_update(&speaker.pubkey(), &client, &terms);
    let confirmed = world.apply(update.clone(), &[&speaker]);
    let event = ClientUpdated { client, authority: next.pubkey(), payout, metadata: [9; 32], share_bps: 999 };
    assert_eq!(only_event(&confirmed), Event::from(event));
    let state: Client = world.get(&client);
    assert_eq!((state.authority, state.payout, state.metadata), (next.pubkey(), payout, [9; 32]));
    assert_eq!((state.share_bps, state.enabled), (999, 1));
    // The key that handed it on has no say any more.
    world.refuse(update, &[&speaker], RenderError::NotClientAuthority);
}

#[test]
fn a_share_is_never_raised() {
    let (world, speaker, terms) = registered();
    let client = address::client(&ID);
    let with = |share_bps| instruction::client_update(&speaker.pubkey(), &client, &ClientTerms { share_bps, ..terms });
    world.refuse(with(1_001), &[&speaker], MarketError::ClientShareRaised);
    world.apply(with(0), &[&speaker]);
    world.refuse(with(1), &[&speaker], MarketError::ClientShareRaised);
}

#[test]
fn nobody_else_speaks_for_a_client_not_even_who_governs() {
    let (world, speaker, terms) = registered();
    let client = address::client(&ID);
    let theirs = instruction::client_update(&world.authority_key(), &client, &terms);
    world.refuse(theirs, &[&world.authority], RenderError::NotClientAuthority);
    let nobody = unsigned(instruction::client_update(&speaker.pubkey(), &client, &terms), &speaker.pubkey());
    world.refuse(nobody, &[&world.crank], InstructionError::MissingRequiredSignature);
}

#[test]
fn a_key_is_needed_and_a_render_account_as_payout() {
    let (world, speaker, good) = registered();
    let client = address::client(&ID);
    let update = |terms| instruction::client_update(&speaker.pubkey(), &client, &terms);
    let nobody = ClientTerms { authority: Address::default(), ..good };
    world.refuse(update(nobody), &[&speaker], RenderError::ZeroValue);
    for payout in [world.crank_key(), world.mint, of_another_mint(&world, &good.payout)] {
        world.refuse(update(ClientTerms { payout, ..good }), &[&speaker], RenderError::WrongTokenAccount);
    }
}

#[test]
fn foreign_accounts_with_the_right_bytes_are_refused() {
    let (world, speaker, terms) = registered();
    let update = instruction::client_update(&speaker.pubkey(), &address::client(&ID), &terms);
    for original in [address::network(), address::client(&ID)] {
        let forged = replaced(update.clone(), &original, &world.forge(&original));
        world.refuse(forged, &[&speaker], InstructionError::IllegalOwner);
    }
}
