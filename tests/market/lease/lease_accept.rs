//! `lease_accept`.

use market_model::{MarketError, reputation::Reason};
use market_tests::{
    Machine, Requester, World,
    world::{USD, only_event, order, replaced},
};
use render_compute::{
    constants::{CLASS_RENDER, EPOCH_SHARDS, NEUTRAL_REPUTATION},
    errors::RenderError,
    events::LeaseAccepted,
    state::*,
};
use render_compute_client::{Address, Signer, address, event::Event, instruction};
use solana_instruction_error::InstructionError;

/// A revealed lease whose challenge window is closed, with everything that its acceptance needs.
fn ready() -> (World, Requester, Machine, Address, Address) {
    let world = World::new();
    let (requester, machine) = (world.requester_with("requester", USD), world.machine("machine"));
    let job = world.open_seeded(&requester, order());
    let lease = world.attest(&machine, &job, 0);
    world.prepare_accept(&machine);
    world.warp_to(world.get::<Lease>(&lease).deadline + 1);
    (world, requester, machine, job, lease)
}

#[test]
fn accepted_work_is_paid_once_and_counts_in_the_epoch() {
    let (world, _, machine, job, lease) = ready();
    let confirmed = world.apply(world.accepting(&machine, &lease), &[&world.crank]);
    let node: Node = world.get(&machine.node);
    let event = LeaseAccepted {
        lease,
        job,
        node: machine.node,
        root: World::root(&lease),
        result: World::result(&lease),
        value: 2_000,
        premium: 2,
        escrow_after: 2_002,
        epoch: 1,
        node_work_after: 2_000,
        busy_seconds: 0,
        index: 0,
        units: 2,
        reputation_before: NEUTRAL_REPUTATION,
        reputation_after: node.reputation,
    };
    assert_eq!(only_event(&confirmed), Event::from(event));
    let state: Job = world.get(&job);
    assert_eq!((state.escrow, state.spent, state.units_accepted, state.leases_settled), (2_002, 2_002, 2, 1));
    assert_eq!((node.leases_held, node.leases_accepted, node.credits_accepted), (0, 1, 2_000));
    assert_eq!(world.get::<NodeEpoch>(&address::node_epoch(&machine.node, 1)).work, [2_000, 0]);
    let shard: EpochShard = world.get(&address::epoch_shard(1, address::shard_of(&machine.key())));
    assert_eq!((shard.work[usize::from(CLASS_RENDER)], shard.spent), (2_000, 2_002));
    assert_eq!(world.get::<JobEpoch>(&address::job_epoch(&job, 1)).spent, 2_002);
}

#[test]
fn the_seconds_from_claim_to_commitment_count_as_use() {
    let world = World::new();
    let (requester, machine) = (world.requester_with("requester", USD), world.machine("machine"));
    let job = world.open_seeded(&requester, order());
    let lease = world.claim(&machine, &job, 0);
    let claimed_at = world.time();
    world.warp(37);
    world.commit(&machine, &lease);
    let state: Lease = world.get(&lease);
    assert_eq!((state.claimed_at, state.busy_seconds), (claimed_at, 37));
    // What follows the commitment does not count.
    world.warp(20);
    world.apply(World::revealing(&machine, &lease), &[&machine.identity]);
    world.accept(&machine, &lease);
    assert_eq!(world.get::<NodeEpoch>(&address::node_epoch(&machine.node, 1)).busy_seconds, 37);
    let shard: EpochShard = world.get(&address::epoch_shard(1, address::shard_of(&machine.key())));
    assert_eq!(shard.busy_seconds, [37, 0]);
}

#[test]
fn only_the_attempt_that_was_accepted_counts_as_use() {
    let world = World::new();
    let (requester, machine) = (world.requester_with("requester", USD), world.machine("machine"));
    let job = world.open_seeded(&requester, order());
    let lease = world.claim(&machine, &job, 0);
    world.warp(50);
    let back = instruction::lease_return(&machine.key(), &world.get(&lease), Reason::LeaseReturned);
    world.apply(back, &[&machine.identity]);
    let again = world.claim(&machine, &job, 0);
    assert_eq!(world.get::<Lease>(&again).busy_seconds, 0);
    world.warp(5);
    world.commit(&machine, &again);
    world.apply(World::revealing(&machine, &again), &[&machine.identity]);
    world.accept(&machine, &again);
    assert_eq!(world.get::<NodeEpoch>(&address::node_epoch(&machine.node, 1)).busy_seconds, 5);
}

#[test]
fn the_last_lease_finishes_the_job() {
    let (world, _, machine, job, lease) = ready();
    world.apply(world.accepting(&machine, &lease), &[&world.crank]);
    assert_eq!(world.get::<Job>(&job).status, JOB_OPEN);
    world.work(&machine, &job, 1);
    let state: Job = world.get(&job);
    assert_eq!((state.status, state.escrow, state.spent), (JOB_DONE, 0, 4_004));
}

#[test]
fn a_lease_is_accepted_once() {
    let (world, _, machine, _, lease) = ready();
    let accept = world.accepting(&machine, &lease);
    world.apply(accept.clone(), &[&world.crank]);
    world.refuse(accept, &[&world.crank], MarketError::LeaseNotRevealed);
}

#[test]
fn a_lease_is_accepted_from_the_second_after_the_challenge_window() {
    let world = World::new();
    let (requester, machine) = (world.requester_with("requester", USD), world.machine("machine"));
    let job = world.open_seeded(&requester, order());
    let lease = world.attest(&machine, &job, 0);
    world.prepare_accept(&machine);
    let closes = world.get::<Lease>(&lease).deadline;
    for early in [closes - 1, closes] {
        world.warp_to(early);
        world.refuse(world.accepting(&machine, &lease), &[&world.crank], MarketError::ChallengeWindowOpen);
    }
    world.warp_to(closes + 1);
    world.apply(world.accepting(&machine, &lease), &[&world.crank]);
}

#[test]
fn only_a_revealed_lease_is_accepted() {
    let world = World::new();
    let (requester, machine) = (world.requester_with("requester", USD), world.machine("machine"));
    let job = world.open_seeded(&requester, order());
    let lease = world.claim(&machine, &job, 0);
    world.prepare_accept(&machine);
    world.refuse(world.accepting(&machine, &lease), &[&world.crank], MarketError::LeaseNotRevealed);
    world.commit(&machine, &lease);
    world.refuse(world.accepting(&machine, &lease), &[&world.crank], MarketError::LeaseNotRevealed);
}

#[test]
fn work_counts_in_the_epoch_of_its_acceptance() {
    let (world, _, machine, _, lease) = ready();
    let first = world.accepting(&machine, &lease);
    world.warp_to(world.get::<Epoch>(&address::epoch(1)).ends_at);
    world.refuse(first, &[&world.crank], RenderError::OutsideEpoch);
    world.end_epoch();
    world.accept(&machine, &lease);
    assert_eq!(world.get::<NodeEpoch>(&address::node_epoch(&machine.node, 2)).work, [2_000, 0]);
    assert_eq!(world.get::<Epoch>(&address::epoch(1)).work, [0, 0]);
}

#[test]
fn the_last_second_of_an_epoch_belongs_to_it() {
    let (world, _, machine, _, lease) = ready();
    world.warp_to(world.get::<Epoch>(&address::epoch(1)).ends_at - 1);
    world.apply(world.accepting(&machine, &lease), &[&world.crank]);
}

#[test]
fn acceptance_is_not_stopped_by_any_pause() {
    let (world, _, machine, _, lease) = ready();
    let pause = instruction::network_pause(&world.authority.pubkey(), render_compute::constants::PAUSE_ALL);
    world.apply(pause, &[&world.authority]);
    world.apply(world.accepting(&machine, &lease), &[&world.crank]);
}

#[test]
fn another_job_does_not_pay() {
    let (world, requester, machine, job, lease) = ready();
    let other = world.open_seeded(&requester, order());
    let accept = replaced(world.accepting(&machine, &lease), &job, &other);
    world.refuse(accept, &[&world.crank], RenderError::WrongLease);
}

#[test]
fn another_jobs_record_or_an_earlier_one_does_not_count_what_is_spent() {
    let (world, requester, machine, job, lease) = ready();
    let other = world.open_seeded(&requester, order());
    let key = world.crank.pubkey();
    world.apply(instruction::job_epoch_open(&key, &other, 1), &[&world.crank]);
    let (own, others) = (address::job_epoch(&job, 1), address::job_epoch(&other, 1));
    let accept = replaced(world.accepting(&machine, &lease), &own, &others);
    world.refuse(accept, &[&world.crank], RenderError::WrongJobEpoch);
    world.end_epoch();
    world.prepare_accept(&machine);
    let accept = replaced(world.accepting(&machine, &lease), &address::job_epoch(&job, 2), &own);
    world.refuse(accept, &[&world.crank], RenderError::WrongJobEpoch);
}

#[test]
fn another_node_does_not_earn() {
    let (world, _, machine, _, lease) = ready();
    let other = world.machine("other");
    world.prepare_accept(&other);
    let accept = world.accepting(&machine, &lease);
    let stolen = replaced(accept.clone(), &machine.node, &other.node);
    world.refuse(stolen, &[&world.crank], RenderError::WrongLease);
    let (own, others) = (address::node_epoch(&machine.node, 1), address::node_epoch(&other.node, 1));
    world.refuse(replaced(accept, &own, &others), &[&world.crank], RenderError::WrongEpoch);
}

#[test]
fn another_shard_or_epoch_is_refused() {
    let (world, _, machine, _, lease) = ready();
    let own = address::shard_of(&machine.key());
    let next = (own + 1) % EPOCH_SHARDS;
    if world.find::<EpochShard>(&address::epoch_shard(1, next)).is_none() {
        world.apply(instruction::epoch_shard_open(&world.crank.pubkey(), 1, next), &[&world.crank]);
    }
    let accept = world.accepting(&machine, &lease);
    let shifted = replaced(accept, &address::epoch_shard(1, own), &address::epoch_shard(1, next));
    world.refuse(shifted, &[&world.crank], RenderError::WrongShard);
    world.end_epoch();
    world.prepare_accept(&machine);
    let accept = world.accepting(&machine, &lease);
    let old = replaced(accept.clone(), &address::epoch_shard(2, own), &address::epoch_shard(1, own));
    world.refuse(old, &[&world.crank], RenderError::WrongShard);
    let (record, before) = (address::node_epoch(&machine.node, 2), address::node_epoch(&machine.node, 1));
    world.refuse(replaced(accept, &record, &before), &[&world.crank], RenderError::WrongEpoch);
}

#[test]
fn foreign_accounts_with_the_right_bytes_are_refused() {
    let (world, _, machine, job, lease) = ready();
    let accept = world.accepting(&machine, &lease);
    let shard = address::epoch_shard(1, address::shard_of(&machine.key()));
    let record = address::node_epoch(&machine.node, 1);
    let spending = address::job_epoch(&job, 1);
    for original in [address::network(), job, machine.node, lease, address::epoch(1), shard, record, spending] {
        let forged = replaced(accept.clone(), &original, &world.forge(&original));
        world.refuse(forged, &[&world.crank], InstructionError::IllegalOwner);
    }
}
