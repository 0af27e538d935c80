//! `epoch_shard_open`, `epoch_shard_close`, `node_epoch_open`, `node_epoch_close`, `job_epoch_open` and `job_epoch_close`: the accounts that an epoch's totals are
//! kept in while it runs.

use market_tests::{
    World,
    world::{USD, only_event, order, replaced},
};
use render_compute::{constants::EPOCH_SHARDS, errors::RenderError, events::*, instructions::JobOrder, state::*};
use render_compute_client::{Signer, address, event::Event, instruction};
use solana_instruction_error::InstructionError;

#[test]
fn a_shard_opens_empty_and_once_while_its_epoch_runs() {
    let world = World::new();
    let key = world.crank.pubkey();
    let open = instruction::epoch_shard_open(&key, 1, 7);
    let confirmed = world.apply(open.clone(), &[&world.crank]);
    let event = EpochShardOpened { number: 1, shard: 7, payer: key };
    assert_eq!(only_event(&confirmed), Event::from(event));
    let shard: EpochShard = world.get(&address::epoch_shard(1, 7));
    assert_eq!((shard.epoch, shard.shard, shard.payer), (1, 7, key));
    assert_eq!((shard.work, shard.burned, shard.bought), ([0; 2], 0, 0));
    assert!(world.send(&[open], &[&world.crank]).is_err());
    world.refuse(instruction::epoch_shard_open(&key, 1, EPOCH_SHARDS), &[&world.crank], RenderError::WrongShard);
    let ends_at = world.get::<Epoch>(&address::epoch(1)).ends_at;
    world.warp_to(ends_at - 1);
    world.apply(instruction::epoch_shard_open(&key, 1, 8), &[&world.crank]);
    world.warp_to(ends_at);
    world.refuse(instruction::epoch_shard_open(&key, 1, 9), &[&world.crank], RenderError::OutsideEpoch);
}

#[test]
fn the_shard_of_a_finalized_epoch_is_removed_and_its_rent_goes_to_who_paid_it() {
    let world = World::new();
    let payer = world.wallet("payer");
    let key = payer.pubkey();
    world.apply(instruction::epoch_shard_open(&key, 1, 7), &[&payer]);
    let close = instruction::epoch_shard_close(1, 7, &key);
    world.refuse(close.clone(), &[&world.crank], RenderError::EpochNotFinalized);
    world.end_epoch();
    let stolen = instruction::epoch_shard_close(1, 7, &world.crank.pubkey());
    world.refuse(stolen, &[&world.crank], RenderError::WrongShard);
    let (rent, before) = (world.lamports(&address::epoch_shard(1, 7)), world.lamports(&key));
    let confirmed = world.apply(close.clone(), &[&world.crank]);
    assert_eq!(only_event(&confirmed), Event::from(EpochShardClosed { number: 1, shard: 7, payer: key }));
    assert_eq!(world.lamports(&key), before + rent);
    world.refuse(close, &[&world.crank], InstructionError::AccountDataTooSmall);
    world.refuse(instruction::epoch_shard_open(&key, 1, 7), &[&payer], RenderError::OutsideEpoch);
}

#[test]
fn the_shard_of_a_running_epoch_cannot_be_removed_through_an_earlier_one() {
    let world = World::new();
    world.end_epoch();
    let key = world.crank.pubkey();
    world.apply(instruction::epoch_shard_open(&key, 2, 7), &[&world.crank]);
    let close = replaced(instruction::epoch_shard_close(2, 7, &key), &address::epoch(2), &address::epoch(1));
    world.refuse(close, &[&world.crank], RenderError::WrongEpoch);
}

#[test]
fn a_nodes_record_opens_once_while_its_epoch_runs() {
    let world = World::new();
    let machine = world.machine("machine");
    let key = world.crank.pubkey();
    let open = instruction::node_epoch_open(&key, 1, &machine.key());
    // The shard that the node's stake counts in must be open.
    assert!(world.send(std::slice::from_ref(&open), &[&world.crank]).is_err());
    world.ensure_shard(&machine.key());
    let confirmed = world.apply(open.clone(), &[&world.crank]);
    let stake = world.get::<Node>(&machine.node).stake;
    let event = NodeEpochOpened { number: 1, node: machine.node, payer: key, stake };
    assert_eq!(only_event(&confirmed), Event::from(event));
    let record: NodeEpoch = world.get(&address::node_epoch(&machine.node, 1));
    assert_eq!((record.node, record.epoch, record.payer, record.work), (machine.node, 1, key, [0; 2]));
    assert!(world.send(&[open], &[&world.crank]).is_err());
    let shard: EpochShard = world.get(&address::epoch_shard(1, address::shard_of(&machine.key())));
    assert_eq!(shard.stake, stake);
    let other = world.machine("other");
    world.ensure_shard(&other.key());
    world.warp_to(world.get::<Epoch>(&address::epoch(1)).ends_at);
    let late = instruction::node_epoch_open(&key, 1, &other.key());
    world.refuse(late, &[&world.crank], RenderError::OutsideEpoch);
}

#[test]
fn a_claimed_record_is_removed_and_its_rent_goes_to_who_paid_it() {
    let world = World::new();
    let (requester, machine) = (world.requester_with("requester", USD), world.machine("machine"));
    let payer = world.wallet("payer");
    let key = payer.pubkey();
    world.ensure_shard(&machine.key());
    world.apply(instruction::node_epoch_open(&key, 1, &machine.key()), &[&payer]);
    let job = world.open_seeded(&requester, order());
    world.work(&machine, &job, 0);
    let close = instruction::node_epoch_close(&machine.node, 1, &key);
    world.refuse(close.clone(), &[&world.crank], RenderError::EpochNotFinalized);
    world.end_epoch();
    world.refuse(close.clone(), &[&world.crank], RenderError::EpochNotFinalized);
    world.apply(world.claiming(&machine, 1), &[&world.crank]);
    world.refuse(close.clone(), &[&world.crank], RenderError::NotReviewed);
    world.apply(World::reviewing(&machine, 1), &[&world.crank]);
    let stolen = instruction::node_epoch_close(&machine.node, 1, &world.crank.pubkey());
    world.refuse(stolen, &[&world.crank], RenderError::WrongNode);
    let record = address::node_epoch(&machine.node, 1);
    let (rent, before) = (world.lamports(&record), world.lamports(&key));
    let confirmed = world.apply(close, &[&world.crank]);
    let event = NodeEpochClosed { number: 1, node: machine.node, payer: key };
    assert_eq!(only_event(&confirmed), Event::from(event));
    assert_eq!(world.lamports(&key), before + rent);
    // It cannot come back to be claimed again.
    let again = instruction::node_epoch_open(&key, 1, &machine.key());
    world.refuse(again, &[&payer], RenderError::OutsideEpoch);
    world.refuse(world.claiming(&machine, 1), &[&world.crank], InstructionError::AccountDataTooSmall);
}

#[test]
fn a_nodes_stake_counts_in_its_own_shard_only() {
    let world = World::new();
    let machine = world.machine("machine");
    let key = world.crank.pubkey();
    world.ensure_shard(&machine.key());
    let own = address::shard_of(&machine.key());
    let next = (own + 1) % EPOCH_SHARDS;
    world.apply(instruction::epoch_shard_open(&key, 1, next), &[&world.crank]);
    let open = instruction::node_epoch_open(&key, 1, &machine.key());
    let shifted = replaced(open.clone(), &address::epoch_shard(1, own), &address::epoch_shard(1, next));
    world.refuse(shifted, &[&world.crank], RenderError::WrongShard);
    for original in [address::epoch(1), machine.node, address::epoch_shard(1, own)] {
        let forged = replaced(open.clone(), &original, &world.forge(&original));
        world.refuse(forged, &[&world.crank], InstructionError::IllegalOwner);
    }
}

#[test]
fn a_jobs_record_opens_once_while_its_epoch_runs_and_knows_who_is_paid() {
    let world = World::new();
    let requester = world.requester_with("requester", USD);
    let id = *b"client\0\0\0\0\0\0\0\0\0\0";
    world.client(id);
    let job = world.open(&requester, JobOrder { client: address::client(&id), ..order() });
    let key = world.crank.pubkey();
    let open = instruction::job_epoch_open(&key, &job, 1);
    let confirmed = world.apply(open.clone(), &[&world.crank]);
    let client = address::client(&id);
    let event = JobEpochOpened { epoch: 1, job, requester: requester.key(), client, payer: key };
    assert_eq!(only_event(&confirmed), Event::from(event));
    let record: JobEpoch = world.get(&address::job_epoch(&job, 1));
    assert_eq!((record.job, record.requester, record.client, record.payer), (job, requester.key(), client, key));
    assert_eq!((record.epoch, record.spent, record.is_claimed), (1, 0, 0));
    assert!(world.send(std::slice::from_ref(&open), &[&world.crank]).is_err());
    let other = world.open(&requester, order());
    let open = instruction::job_epoch_open(&key, &other, 1);
    for original in [address::epoch(1), other] {
        let forged = replaced(open.clone(), &original, &world.forge(&original));
        assert!(world.send(&[forged], &[&world.crank]).is_err());
    }
    world.warp_to(world.get::<Epoch>(&address::epoch(1)).ends_at);
    world.refuse(open, &[&world.crank], RenderError::OutsideEpoch);
}

#[test]
fn a_jobs_record_is_removed_after_its_rebate_was_claimed_and_cannot_come_back() {
    let world = World::new();
    let requester = world.requester_with("requester", USD);
    let payer = world.wallet("payer");
    let key = payer.pubkey();
    let job = world.open(&requester, order());
    world.apply(instruction::job_epoch_open(&key, &job, 1), &[&payer]);
    let at = address::job_epoch(&job, 1);
    let record: JobEpoch = world.get(&at);
    let close = instruction::job_epoch_close(&record);
    world.refuse(close.clone(), &[&world.crank], RenderError::RebateUnclaimed);
    world.end_epoch();
    world.refuse(close.clone(), &[&world.crank], RenderError::RebateUnclaimed);
    // Nothing was spent, and nothing is minted.
    let supply = world.supply();
    world.apply(world.claiming_rebate(&job, 1), &[&world.crank]);
    assert_eq!(world.supply(), supply);
    let stolen = replaced(close.clone(), &key, &world.crank_key());
    world.refuse(stolen, &[&world.crank], RenderError::WrongJobEpoch);
    let (rent, before) = (world.lamports(&at), world.lamports(&key));
    let confirmed = world.apply(close.clone(), &[&world.crank]);
    assert_eq!(only_event(&confirmed), Event::from(JobEpochClosed { epoch: 1, job, payer: key }));
    assert_eq!(world.lamports(&key), before + rent);
    world.refuse(close, &[&world.crank], InstructionError::AccountDataTooSmall);
    world.refuse(instruction::job_epoch_open(&key, &job, 1), &[&payer], RenderError::OutsideEpoch);
}
