//! `epoch_finalize`.

use market_model::{Parameters, emission};
use market_tests::{
    World,
    world::{USD, order, replaced, short_parameters},
};
use render_compute::{constants::EPOCH_SHARDS, errors::RenderError, instructions::JobOrder, state::*};
use render_compute_client::{address, event::Event, instruction};
use solana_instruction_error::InstructionError;

fn sum_all(world: &World, number: u64) {
    world.warp_to(world.get::<Epoch>(&address::epoch(number)).ends_at);
    for first in [0, 16] {
        let sums: Vec<_> = (first..first + 16).map(|shard| instruction::epoch_sum(number, shard)).collect();
        for half in sums.chunks(8) {
            world.apply_all(half, &[&world.crank]);
        }
    }
}

#[test]
fn an_epoch_with_work_pays_operations_and_at_most_its_bound() {
    let world = World::new();
    let (requester, machine) = (world.requester_with("requester", 100 * USD), world.machine("machine"));
    let job = world.open_seeded(&requester, JobOrder { price_per_unit: 10 * USD, ..order() });
    world.work(&machine, &job, 0);
    sum_all(&world, 1);
    let confirmed = world.apply(instruction::epoch_finalize(1), &[&world.crank]);
    let [Event::EpochFinalized(event)] = confirmed.events[..] else { panic!("{confirmed:?}") };
    // Two days of the first year.
    let emission = emission::DEFAULT_SCHEDULE[0] * 2 / 365;
    assert_eq!(event.emission, emission);
    assert_eq!(event.operations_pool, emission / 2);
    assert_eq!((event.work, event.bought), ([20 * USD, 0], 100 * USD));
    // A fifth of what was bought was accepted: the bounds are shares of a fifth of what was burned for it.
    let value = event.burned / 5;
    assert_eq!(event.work_pools, [value * 8 / 10, 0]);
    // Creators are bounded by what was spent, premiums for audits included.
    assert_eq!(event.spent, 20 * USD + 20 * USD / 1_000);
    let spent = u64::try_from(u128::from(event.spent) * u128::from(event.burned) / u128::from(100 * USD)).unwrap();
    assert_eq!(event.creators_pool, spent * 2 / 10);
    assert_eq!(event.availability_pool, 0);
    let epoch: Epoch = world.get(&address::epoch(1));
    assert_eq!((epoch.state, epoch.carry, epoch.work_pools), (EPOCH_FINALIZED, event.carry, event.work_pools));
}

/// A world whose epoch has this much capacity for rendering, all of it in one shard, and this much of it used by one lease.
fn used(busy: u64, capacity: u64) -> World {
    let world = World::new();
    let (requester, machine) = (world.requester_with("requester", USD), world.machine("machine"));
    let job = world.open_seeded(&requester, order());
    let lease = world.claim(&machine, &job, 0);
    world.warp(busy);
    world.commit(&machine, &lease);
    world.apply(World::revealing(&machine, &lease), &[&machine.identity]);
    world.accept(&machine, &lease);
    let shard = address::epoch_shard(1, address::shard_of(&machine.key()));
    world.alter::<EpochShard>(&shard, |shard| shard.capacity_seconds[0] = capacity);
    world
}

#[test]
fn prices_move_by_the_use_of_their_class() {
    // 80 % is the target and 10 % the largest step; general compute was not observed.
    for (busy, index) in [(0, 9_000), (75, 9_500), (80, 10_000), (81, 10_100), (100, 11_000)] {
        let world = used(busy, 100);
        assert_eq!(world.network().price_index_bps, [10_000; 4]);
        sum_all(&world, 1);
        let confirmed = world.apply(instruction::epoch_finalize(1), &[&world.crank]);
        let [Event::EpochFinalized(event)] = confirmed.events[..] else { panic!("{confirmed:?}") };
        assert_eq!((event.busy_seconds, event.capacity_seconds), ([busy, 0], [100, 0]));
        assert_eq!(event.price_index_bps, [index, index, 10_000, 10_000]);
        assert_eq!(world.network().price_index_bps, event.price_index_bps);
        assert_eq!(world.get::<Epoch>(&address::epoch(1)).price_index_bps, event.price_index_bps);
    }
}

#[test]
fn prices_stay_where_nothing_shows_capacity() {
    let world = used(50, 0);
    world.end_epoch();
    assert_eq!(world.network().price_index_bps, [10_000; 4]);
}

#[test]
fn an_epoch_is_split_by_the_year_in_which_it_starts() {
    let world = World::new();
    world.alter::<Schedule>(&address::schedule(), |schedule| {
        (schedule.operations_bps[0], schedule.creators_bps[0]) = (1_000, 500);
    });
    world.end_epoch();
    let epoch: Epoch = world.get(&address::epoch(1));
    assert_eq!(epoch.operations_pool, epoch.emission / 10);
    let [creators, ..] = epoch.carry;
    assert_eq!(creators, epoch.emission / 20);
}

#[test]
fn the_stake_of_the_epochs_nodes_becomes_the_networks_active_stake() {
    let world = World::new();
    let (one, two) = (world.machine("one"), world.machine("two"));
    world.prepare_accept(&one);
    assert_eq!(world.network().active_stake, 0);
    world.end_epoch();
    let stake = world.get::<Node>(&one.node).stake;
    assert_eq!((world.network().active_stake, world.get::<Epoch>(&address::epoch(1)).stake), (stake, stake));
    world.prepare_accept(&one);
    world.prepare_accept(&two);
    world.end_epoch();
    assert_eq!(world.network().active_stake, 2 * stake);
    world.end_epoch();
    assert_eq!(world.network().active_stake, 0);
}

#[test]
fn what_is_recycled_is_a_share_of_the_average_burn_and_is_given_out_with_the_emission() {
    let world = World::with(1, 1, Parameters { recycle_bps: 2_000, ..short_parameters() });
    world.requester_with("requester", 10 * USD);
    world.end_epoch();
    let first: Epoch = world.get(&address::epoch(1));
    // A quarter of the first burn is the first average.
    assert_eq!(first.smoothed_burned, first.burned / 4);
    assert_eq!(first.recycled, first.smoothed_burned / 5);
    assert_eq!(first.unrecycled, first.burned - first.recycled);
    assert_eq!(first.operations_pool, (first.emission + first.recycled) / 2);
    world.end_epoch();
    let second: Epoch = world.get(&address::epoch(2));
    assert_eq!(second.burned, 0);
    assert_eq!(second.recycled, second.smoothed_burned / 5);
    assert_eq!(second.unrecycled, first.unrecycled - second.recycled);
}

#[test]
fn what_one_epoch_carries_the_next_one_has() {
    let world = World::new();
    world.end_epoch();
    let first: Epoch = world.get(&address::epoch(1));
    assert!(first.carry.iter().sum::<u64>() > 0);
    world.end_epoch();
    let second: Epoch = world.get(&address::epoch(2));
    let nodes_and_creators = second.emission - second.operations_pool;
    assert_eq!(second.carry.iter().sum::<u64>(), first.carry.iter().sum::<u64>() + nodes_and_creators);
}

#[test]
fn every_shard_must_be_summed() {
    let world = World::new();
    world.warp_to(world.get::<Epoch>(&address::epoch(1)).ends_at);
    world.refuse(instruction::epoch_finalize(1), &[&world.crank], RenderError::ShardsMissing);
    let sums: Vec<_> = (1..EPOCH_SHARDS).map(|shard| instruction::epoch_sum(1, shard)).collect();
    for group in sums.chunks(8) {
        world.apply_all(group, &[&world.crank]);
    }
    world.refuse(instruction::epoch_finalize(1), &[&world.crank], RenderError::ShardsMissing);
    world.apply(instruction::epoch_sum(1, 0), &[&world.crank]);
    world.apply(instruction::epoch_finalize(1), &[&world.crank]);
    world.refuse(instruction::epoch_finalize(1), &[&world.crank], RenderError::EpochFinalized);
}

#[test]
fn epochs_are_finalized_in_order() {
    let world = World::new();
    world.warp_to(world.get::<Epoch>(&address::epoch(1)).ends_at);
    world.apply(instruction::epoch_open(&render_compute_client::Signer::pubkey(&world.crank), 2), &[&world.crank]);
    sum_all(&world, 2);
    world.refuse(instruction::epoch_finalize(2), &[&world.crank], RenderError::EpochNotFinalized);
    let without = replaced(instruction::epoch_finalize(2), &address::epoch(1), &address::PROGRAM);
    world.refuse(without, &[&world.crank], RenderError::WrongEpoch);
    sum_all(&world, 1);
    world.apply(instruction::epoch_finalize(1), &[&world.crank]);
    world.apply(instruction::epoch_finalize(2), &[&world.crank]);
}

#[test]
fn another_epoch_in_place_of_the_one_before_is_refused() {
    let world = World::new();
    world.end_epoch();
    world.end_epoch();
    sum_all(&world, 3);
    let skipping = replaced(instruction::epoch_finalize(3), &address::epoch(2), &address::epoch(1));
    world.refuse(skipping, &[&world.crank], RenderError::WrongEpoch);
    for original in [address::network(), address::schedule(), address::epoch(2), address::epoch(3)] {
        let forged = replaced(instruction::epoch_finalize(3), &original, &world.forge(&original));
        world.refuse(forged, &[&world.crank], InstructionError::IllegalOwner);
    }
}
