//! `epoch_claim_operations`.

use market_tests::{
    World,
    world::{RENDER, only_event, replaced},
};
use render_compute::{constants::EPOCH_SHARDS, errors::RenderError, events::OperationsClaimed, state::Epoch};
use render_compute_client::{address, event::Event, instruction};
use solana_instruction_error::InstructionError;

fn finalized() -> World {
    let world = World::new();
    world.warp_to(world.get::<Epoch>(&address::epoch(1)).ends_at);
    let sums: Vec<_> = (0..EPOCH_SHARDS).map(|shard| instruction::epoch_sum(1, shard)).collect();
    for group in sums.chunks(8) {
        world.apply_all(group, &[&world.crank]);
    }
    world.apply(instruction::epoch_finalize(1), &[&world.crank]);
    world
}

#[test]
fn operations_get_half_of_the_emission_once() {
    let world = finalized();
    let epoch: Epoch = world.get(&address::epoch(1));
    let claim = instruction::epoch_claim_operations(&world.network(), 1);
    let confirmed = world.apply(claim.clone(), &[&world.crank]);
    let amount = epoch.emission / 2;
    assert_eq!(only_event(&confirmed), Event::from(OperationsClaimed { number: 1, amount }));
    assert_eq!(world.tokens(&world.operations), amount);
    world.refuse(claim, &[&world.crank], RenderError::AlreadyClaimed);
}

#[test]
fn nothing_is_claimed_before_the_epoch_is_finalized() {
    let world = World::new();
    let claim = instruction::epoch_claim_operations(&world.network(), 1);
    world.refuse(claim, &[&world.crank], RenderError::EpochNotFinalized);
}

#[test]
fn the_share_goes_nowhere_else() {
    let world = finalized();
    let thief = world.render(&world.wallet("thief"), RENDER);
    let claim = instruction::epoch_claim_operations(&world.network(), 1);
    let stolen = replaced(claim.clone(), &world.operations, &thief);
    world.refuse(stolen, &[&world.crank], RenderError::WrongTokenAccount);
    let mint = replaced(claim.clone(), &world.mint, &world.forge(&world.mint));
    world.refuse(mint, &[&world.crank], RenderError::WrongMint);
    for original in [address::network(), address::epoch(1)] {
        let forged = replaced(claim.clone(), &original, &world.forge(&original));
        world.refuse(forged, &[&world.crank], InstructionError::IllegalOwner);
    }
}
