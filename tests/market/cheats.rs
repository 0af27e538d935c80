//! Every way to cheat, by a real faulty node among real workers, on the programs' own binaries: the cheat loses, nobody else
//! does, and the requester gets the right picture.

use faulty_node::{FaultyNode, Mode};
use kernels::render::Frame;
use market_tests::world::{CONFIDENCE, Machine, PRICE, USD, World, audited_parameters};
use render_compute::{events::*, state::*};
use render_compute_cli::{Context, amount::Usd, job};
use render_compute_client::{Address, Chain, account, blob::BlobStore, event::Event};
use render_worker::{
    Worker, WorkerSettings,
    backend::{BackendChoice, DeviceChoice, choose},
};
use std::{path::Path, sync::Arc};

const FRAME: Frame = Frame { width: 24, height: 16, tile: 8, samples: 2, max_bounces: 3, seed: 5 };
/// Looks of all nodes at the chain until something must have come of it.
const PATIENCE: u32 = 3_000;

/// What became of a cheat.
struct Story {
    cheat: Node,
    /// Base units that the cheat had at stake.
    staked: u64,
    honest: [Node; 2],
    /// Codes of why the cheat was slashed.
    reasons: Vec<u64>,
    /// Whether the chain executed a step.
    is_by_step: bool,
    picture: Vec<u8>,
}

fn worker(world: &World, machine: &Machine, store: &BlobStore, folder: &Path, name: &str) -> Worker {
    let mut settings = WorkerSettings::new(machine.identity.insecure_clone());
    settings.engine_digests = vec![world.engine().digest];
    let backend = choose(BackendChoice::Cpu, 1, &DeviceChoice::default()).expect("a processor");
    let chain: Arc<dyn Chain> = Arc::new(world.chain.clone());
    Worker::new(settings, chain, store.clone(), backend, &folder.join(name).join("journal")).expect("a worker")
}

/// The cheat claims first; then everybody works until the picture is done.
async fn tell(mode: Mode) -> Story {
    let world = World::with(7, 1, audited_parameters());
    let folder = tempfile::tempdir().expect("a folder");
    let store = BlobStore::open_folder(folder.path().join("blobs")).expect("a store");
    let requester = world.requester_with("requester", USD);
    let [ann, ben, mal] = ["ann", "ben", "mal"].map(|name| world.machine(name));
    let context = Context::new(&world.chain, requester.wallet.insecure_clone(), store.clone());
    let order = job::RenderOrder {
        lease_tiles: Some(2),
        lease_seconds: 300,
        open_seconds: 80_000,
        ..job::RenderOrder::new(FRAME, Usd(60_000))
    };
    let scene = job::Source::load("cornell", None).expect("the project's own scene");
    let staked = world.get::<Node>(&mal.node).stake;
    let receipt = job::render(&context, &scene.image, &order).await.expect("the job is opened");

    let chain: Arc<dyn Chain> = Arc::new(world.chain.clone());
    let mut cheat = FaultyNode::new(mode, chain, store.clone(), mal.identity.insecure_clone());
    world.chain.advance_slots(2);
    while world.get::<Node>(&mal.node).leases_held == 0 {
        cheat.step().await.expect("the cheat looks");
        world.warp(1);
    }
    let mut workers =
        [("ann", &ann), ("ben", &ben)].map(|(name, one)| worker(&world, one, &store, folder.path(), name));
    let mut looks = 0;
    while !is_over(&world, &receipt.address, [&ann, &ben, &mal]).await {
        let mut did_something = !cheat.step().await.expect("the cheat looks").is_empty();
        world.chain.advance_slots(1);
        for worker in &mut workers {
            did_something |= !worker.step().await.expect("a worker looks").is_empty();
            world.chain.advance_slots(1);
        }
        if !did_something {
            let next = workers.iter().filter_map(Worker::due).filter(|due| *due > world.time()).min();
            world.warp_to(next.unwrap_or(0).clamp(world.time() + 1, world.time() + 20));
        }
        looks += 1;
        assert!(looks < PATIENCE, "{mode}: the story does not end");
    }
    let fetched =
        job::fetch(&context, &receipt.address, &folder.path().join("frame.png"), &job::FetchOptions::default())
            .await
            .unwrap_or_else(|error| panic!("{mode}: {error}"));
    let picture = std::fs::read(&fetched.exr).expect("the picture is on the disk");
    let events: Vec<Event> = world.chain.records().into_iter().flat_map(|record| record.events).collect();
    let reasons = events.iter().filter_map(|event| match event {
        Event::StakeSlashed(slash) if slash.node == mal.node => Some(slash.reason),
        _ => None,
    });
    let [ann, ben, mal_after] = [&ann, &ben, &mal].map(|machine| world.get::<Node>(&machine.node));
    // Checks the laws over everything that the nodes have sent by themselves.
    world.publish_all(PRICE, CONFIDENCE);
    Story {
        cheat: mal_after,
        staked,
        honest: [ann, ben],
        reasons: reasons.collect(),
        is_by_step: events.iter().any(|event| matches!(event, Event::StepExecuted(_))),
        picture,
    }
}

/// The job is done and nobody holds anything any more.
async fn is_over(world: &World, job: &Address, machines: [&Machine; 3]) -> bool {
    let job: Job = account::fetch(&world.chain, job).await.expect("the job");
    job.status == JOB_DONE && machines.iter().all(|machine| world.get::<Node>(&machine.node).leases_held == 0)
}

fn story(mode: Mode) -> Story {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let story = runtime.block_on(tell(mode));
    for honest in &story.honest {
        assert_eq!((honest.slashed_total, honest.disputes_lost, honest.exposure), (0, 0, 0), "{mode}");
    }
    story
}

/// The picture that three honest nodes make.
fn right_picture() -> Vec<u8> {
    story(Mode::Withhold).picture
}

#[test]
fn a_false_root_is_found_by_an_audit_and_costs_the_cheat_its_stake() {
    let right = right_picture();
    for mode in Mode::FALSE_ROOTS {
        let story = story(mode);
        assert_eq!(story.cheat.disputes_lost, 1, "{mode}");
        let by_step = !matches!(mode, Mode::CopyRoot | Mode::Silent(_));
        assert_eq!(story.is_by_step, by_step, "{mode}");
        let reason = if by_step { SLASH_DISPUTE_LOST } else { SLASH_TURN_MISSED };
        assert_eq!(story.reasons, [reason], "{mode}");
        assert!(story.cheat.slashed_total >= story.staked / 2, "{mode}: half of its stake at least");
        assert!(story.picture == right, "{mode}: the requester has another picture than honest nodes make");
    }
}

#[test]
fn silence_at_each_turn_loses() {
    for moves in 1..=6 {
        let story = story(Mode::Silent(moves));
        assert_eq!(story.reasons, [SLASH_TURN_MISSED], "silent after {moves} moves");
        assert!(!story.is_by_step);
    }
}

#[test]
fn a_cheat_that_never_delivers_loses_its_lease_and_a_bounded_penalty() {
    let story = story(Mode::NeverDeliver);
    assert!(story.reasons.iter().all(|reason| *reason == SLASH_LEASE_EXPIRED) && !story.reasons.is_empty());
    assert!(story.cheat.slashed_total < story.staked / 10);
}

#[test]
fn a_wrong_salt_reveals_nothing_and_costs_what_hiding_costs() {
    let story = story(Mode::WrongSalt);
    assert_eq!(story.reasons[0], SLASH_AUDITED_REVEAL_MISSED);
    assert_eq!(story.cheat.disputes_lost, 0);
}

#[test]
fn a_withheld_result_is_published_by_its_auditor() {
    // The fetch in the story finds every blob.
    let story = story(Mode::Withhold);
    assert_eq!((story.cheat.slashed_total, story.cheat.disputes_lost), (0, 0));
}
