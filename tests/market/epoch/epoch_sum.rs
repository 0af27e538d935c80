//! `epoch_sum`.

use market_tests::{
    World,
    world::{USD, only_event, replaced},
};
use render_compute::{constants::EPOCH_SHARDS, errors::RenderError, state::*};
use render_compute_client::{address, event::Event, instruction};
use solana_instruction_error::InstructionError;

#[test]
fn a_shards_totals_become_the_epochs() {
    let world = World::new();
    let requester = world.requester_with("requester", USD);
    let shard = address::shard_of(&requester.key());
    world.warp_to(world.get::<Epoch>(&address::epoch(1)).ends_at);
    let confirmed = world.apply(instruction::epoch_sum(1, shard), &[&world.crank]);
    let Event::EpochShardSummed(event) = only_event(&confirmed) else { panic!("{confirmed:?}") };
    assert_eq!((event.number, event.shard, event.bought, event.work), (1, u64::from(shard), USD, [0; 2]));
    let epoch: Epoch = world.get(&address::epoch(1));
    assert_eq!((epoch.bought, epoch.burned, epoch.shards_summed), (USD, event.burned, 1 << shard));
}

#[test]
fn everything_that_a_shard_counts_is_in_the_sum() {
    let world = World::new();
    world.ensure_shard(&world.crank_key());
    let shard = address::shard_of(&world.crank_key());
    // Probes and rated leases write these; whoever wrote them, they are summed.
    world.alter::<EpochShard>(&address::epoch_shard(1, shard), |totals| {
        totals.availability = 11;
        totals.qualified = 12;
        totals.busy_seconds = [13, 14];
        totals.capacity_seconds = [15, 16];
    });
    world.warp_to(world.get::<Epoch>(&address::epoch(1)).ends_at);
    let confirmed = world.apply(instruction::epoch_sum(1, shard), &[&world.crank]);
    let Event::EpochShardSummed(event) = only_event(&confirmed) else { panic!("{confirmed:?}") };
    let epoch: Epoch = world.get(&address::epoch(1));
    assert_eq!((event.availability, event.qualified), (11, 12));
    assert_eq!((epoch.availability, epoch.qualified), (11, 12));
    assert_eq!((event.busy_seconds, event.capacity_seconds), ([13, 14], [15, 16]));
    assert_eq!((epoch.busy_seconds, epoch.capacity_seconds), ([13, 14], [15, 16]));
}

#[test]
fn a_shard_that_nobody_needed_counts_as_empty() {
    let world = World::new();
    world.warp_to(world.get::<Epoch>(&address::epoch(1)).ends_at);
    let confirmed = world.apply(instruction::epoch_sum(1, 31), &[&world.crank]);
    let Event::EpochShardSummed(event) = only_event(&confirmed) else { panic!("{confirmed:?}") };
    assert_eq!((event.number, event.shard), (1, 31));
    assert_eq!((event.work, event.spent, event.stake, event.burned, event.bought), ([0; 2], 0, 0, 0, 0));
}

#[test]
fn shards_are_summed_from_the_second_in_which_the_epoch_ends() {
    let world = World::new();
    let ends_at = world.get::<Epoch>(&address::epoch(1)).ends_at;
    world.warp_to(ends_at - 1);
    world.refuse(instruction::epoch_sum(1, 0), &[&world.crank], RenderError::EpochNotOver);
    world.warp_to(ends_at);
    world.apply(instruction::epoch_sum(1, 0), &[&world.crank]);
}

#[test]
fn a_shard_is_summed_once() {
    let world = World::new();
    world.warp_to(world.get::<Epoch>(&address::epoch(1)).ends_at);
    world.apply(instruction::epoch_sum(1, 0), &[&world.crank]);
    world.refuse(instruction::epoch_sum(1, 0), &[&world.crank], RenderError::ShardSummed);
    let twice = [instruction::epoch_sum(1, 1), instruction::epoch_sum(1, 1)];
    world.refuse_all(&twice, &[&world.crank], RenderError::ShardSummed);
}

#[test]
fn there_are_32_shards() {
    let world = World::new();
    world.warp_to(world.get::<Epoch>(&address::epoch(1)).ends_at);
    world.refuse(instruction::epoch_sum(1, EPOCH_SHARDS), &[&world.crank], RenderError::WrongShard);
    world.refuse(instruction::epoch_sum(1, u8::MAX), &[&world.crank], RenderError::WrongShard);
}

#[test]
fn a_finalized_epoch_is_not_summed_again() {
    let world = World::new();
    world.end_epoch();
    world.refuse(instruction::epoch_sum(1, 0), &[&world.crank], RenderError::EpochFinalized);
}

#[test]
fn an_empty_address_cannot_stand_for_a_shard_that_exists() {
    let world = World::new();
    let requester = world.requester_with("requester", USD);
    let shard = address::shard_of(&requester.key());
    world.warp_to(world.get::<Epoch>(&address::epoch(1)).ends_at);
    let own = address::epoch_shard(1, shard);
    let empty = replaced(instruction::epoch_sum(1, shard), &own, &address::epoch_shard(2, shard));
    world.refuse(empty, &[&world.crank], InstructionError::InvalidSeeds);
    let forged = replaced(instruction::epoch_sum(1, shard), &own, &world.forge(&own));
    world.refuse(forged, &[&world.crank], InstructionError::InvalidSeeds);
}
