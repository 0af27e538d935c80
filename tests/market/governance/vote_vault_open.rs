//! `vote_vault_open`.

use market_tests::{
    World,
    world::{only_event, replaced, unsigned},
};
use render_compute::{errors::RenderError, events::VoteVaultOpened};
use render_compute_client::{account, address, event::Event, instruction};
use solana_instruction_error::InstructionError;

#[test]
fn anyone_opens_the_vault_once() {
    let world = World::new();
    let open = instruction::vote_vault_open(&world.crank_key(), &world.network());
    let confirmed = world.apply(open.clone(), &[&world.crank]);
    let event = VoteVaultOpened { vault: address::vote_vault(), payer: world.crank_key() };
    assert_eq!(only_event(&confirmed), Event::from(event));
    let vault = account::decode_token_account(&world.chain.read(&address::vote_vault()).unwrap()).unwrap();
    assert_eq!((vault.mint, vault.owner, vault.amount), (world.mint, address::network(), 0));
    world.chain.advance_slots(1);
    assert!(world.send(&[open], &[&world.crank]).is_err());
}

#[test]
fn the_vault_is_of_the_networks_mint_at_its_own_address() {
    let world = World::new();
    let open = instruction::vote_vault_open(&world.crank_key(), &world.network());
    let other = world.chain.keypair("other mint");
    let wrong = replaced(open.clone(), &world.mint, &other_mint(&world, &other));
    world.refuse(wrong, &[&world.crank], RenderError::WrongMint);
    let elsewhere = replaced(open.clone(), &address::vote_vault(), &address::stake_vault());
    world.refuse(elsewhere, &[&world.crank], InstructionError::InvalidSeeds);
    let forged = replaced(open.clone(), &address::network(), &world.forge(&address::network()));
    world.refuse(forged, &[&world.crank], InstructionError::IllegalOwner);
    let nobody = unsigned(open, &world.crank_key());
    world.refuse(nobody, &[&world.authority], InstructionError::MissingRequiredSignature);
}

/// Another mint with the same bytes.
fn other_mint(world: &World, key: &render_compute_client::Keypair) -> render_compute_client::Address {
    let at = render_compute_client::Signer::pubkey(key);
    world.plant(&at, world.chain.read(&world.mint).unwrap());
    at
}
