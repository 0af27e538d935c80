//! `epoch_open`.

use market_tests::{
    World,
    world::{only_event, replaced},
};
use render_compute::{errors::RenderError, events::EpochOpened, state::Epoch};
use render_compute_client::{Signer, address, event::Event, instruction};
use solana_instruction_error::InstructionError;

#[test]
fn an_epoch_follows_the_one_before_without_a_gap() {
    let world = World::new();
    let first: Epoch = world.get(&address::epoch(1));
    assert_eq!((first.starts_at, first.ends_at), (world.network().genesis_at, world.network().genesis_at + 172_800));
    world.warp_to(first.ends_at + 1_000);
    let confirmed = world.apply(instruction::epoch_open(&world.crank.pubkey(), 2), &[&world.crank]);
    let payer = world.crank.pubkey();
    let event = EpochOpened { number: 2, payer, starts_at: first.ends_at, ends_at: first.ends_at + 172_800 };
    assert_eq!(only_event(&confirmed), Event::from(event));
    assert_eq!(world.epoch(), 2);
}

#[test]
fn an_epoch_opens_from_the_second_in_which_the_one_before_ends() {
    let world = World::new();
    let open = instruction::epoch_open(&world.crank.pubkey(), 2);
    let ends_at = world.get::<Epoch>(&address::epoch(1)).ends_at;
    world.warp_to(ends_at - 1);
    world.refuse(open.clone(), &[&world.crank], RenderError::EpochNotOver);
    world.warp_to(ends_at);
    world.apply(open, &[&world.crank]);
}

#[test]
fn epochs_are_opened_in_order_and_once() {
    let world = World::new();
    world.warp_to(world.get::<Epoch>(&address::epoch(1)).ends_at);
    let third = instruction::epoch_open(&world.crank.pubkey(), 3);
    // The account of epoch 2, which would be the one before, is not there.
    assert!(world.send(&[third], &[&world.crank]).is_err());
    let skipping = replaced(instruction::epoch_open(&world.crank.pubkey(), 3), &address::epoch(2), &address::epoch(1));
    world.refuse(skipping, &[&world.crank], RenderError::WrongEpoch);
    let again = instruction::epoch_open(&world.crank.pubkey(), 1);
    assert!(world.send(&[again], &[&world.crank]).is_err());
}

#[test]
fn the_epoch_before_cannot_be_left_out() {
    let world = World::new();
    world.warp_to(world.get::<Epoch>(&address::epoch(1)).ends_at);
    let open = instruction::epoch_open(&world.crank.pubkey(), 2);
    let without = replaced(open.clone(), &address::epoch(1), &address::PROGRAM);
    world.refuse(without, &[&world.crank], RenderError::WrongEpoch);
    let forged = replaced(open, &address::epoch(1), &world.forge(&address::epoch(1)));
    world.refuse(forged, &[&world.crank], InstructionError::IllegalOwner);
}

#[test]
fn the_first_epoch_begins_at_genesis() {
    let world = World::without_network(1, 0);
    let mut init = instruction::NetworkInit {
        authority: world.authority.pubkey(),
        mint: world.mint,
        operations: world.operations,
        genesis_at: world.time() + 100,
        parameters: market_tests::world::short_parameters(),
    };
    world.apply(instruction::network_init(&init), &[&world.authority]);
    init.genesis_at = world.network().genesis_at;
    let open = instruction::epoch_open(&world.crank.pubkey(), 1);
    world.warp_to(init.genesis_at - 1);
    world.refuse(open.clone(), &[&world.crank], RenderError::EpochNotOver);
    world.warp_to(init.genesis_at);
    world.apply(open, &[&world.crank]);
}

#[test]
fn the_length_of_an_epoch_is_fixed_when_it_opens() {
    let world = World::new();
    let mut parameters = world.network().parameters();
    parameters.epoch_seconds = 1_000;
    world.apply(instruction::network_set_parameters(&world.authority.pubkey(), &parameters), &[&world.authority]);
    let first: Epoch = world.get(&address::epoch(1));
    assert_eq!(first.ends_at - first.starts_at, 172_800);
    world.warp_to(first.ends_at);
    world.apply(instruction::epoch_open(&world.crank.pubkey(), 2), &[&world.crank]);
    let second: Epoch = world.get(&address::epoch(2));
    assert_eq!((second.starts_at, second.ends_at), (first.ends_at, first.ends_at + 1_000));
}
