//! `node_review`.

use market_model::tier::Verdict;
use market_tests::{
    Machine, Requester, World,
    probe::probe_parameters,
    world::{USD, only_event, order, replaced},
};
use render_compute::{constants::*, errors::RenderError, events::NodeReviewed, instructions::JobOrder, state::*};
use render_compute_client::{address, event::Event, instruction};
use solana_instruction_error::InstructionError;

/// A node of high standing, whose requester can pay for leases of later epochs.
fn proved() -> (World, Requester, Machine) {
    let world = World::new();
    let (requester, machine) = (world.requester_with("requester", 100 * USD), world.machine("machine"));
    stand(&world, &machine, 9_000, 10_000);
    (world, requester, machine)
}

/// Gives a machine a reputation and an uptime, as of now.
fn stand(world: &World, machine: &Machine, reputation_bps: u32, uptime_bps: u16) {
    let now = world.time();
    world.alter(&machine.node, |node: &mut Node| {
        (node.reputation, node.reputation_at, node.uptime_bps) = (reputation_bps << 16, now, uptime_bps);
    });
}

/// Works on one lease in the running epoch, lets the epoch end, and gives its number.
fn live(world: &World, requester: &Requester, machine: &Machine) -> u64 {
    let job = world.open_seeded(requester, JobOrder { units: 2, ..order() });
    world.work(machine, &job, 0);
    world.end_epoch()
}

fn review(world: &World, machine: &Machine, epoch: u64) -> NodeReviewed {
    match only_event(&world.apply(World::reviewing(machine, epoch), &[&world.crank])) {
        Event::NodeReviewed(event) => event,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_good_epoch_counts_towards_promotion_and_the_event_says_why() {
    let (world, requester, machine) = proved();
    let epoch = live(&world, &requester, &machine);
    stand(&world, &machine, 7_000, 9_600);
    let event = review(&world, &machine, epoch);
    let expected = NodeReviewed {
        node: machine.node,
        epoch,
        reputation_bps: 7_000,
        uptime_bps: 9_600,
        is_active: 1,
        verdict: Verdict::Good.code(),
        tier_before: TIER_ECONOMY,
        tier_after: TIER_ECONOMY,
        good_epochs: 1,
        bad_epochs: 0,
        is_late: 0,
        padding: [0; 5],
    };
    assert_eq!(Event::from(event), Event::from(expected));
    let node: Node = world.get(&machine.node);
    assert_eq!((node.tier, node.good_epochs, node.reviewed_epoch), (TIER_ECONOMY, 1, epoch));
    assert_eq!(world.get::<NodeEpoch>(&address::node_epoch(&machine.node, epoch)).is_reviewed, 1);
}

#[test]
fn three_good_epochs_in_a_row_make_a_priority_node_and_two_bad_ones_an_economy_node() {
    let (world, requester, machine) = proved();
    let mut tiers = Vec::new();
    for reputation in [9_000, 9_000, 9_000, 4_000, 4_000] {
        let epoch = live(&world, &requester, &machine);
        stand(&world, &machine, reputation, 10_000);
        tiers.push(review(&world, &machine, epoch).tier_after);
    }
    assert_eq!(tiers, [TIER_ECONOMY, TIER_ECONOMY, TIER_PRIORITY, TIER_PRIORITY, TIER_ECONOMY]);
}

#[test]
fn an_epoch_without_work_or_probes_changes_nothing() {
    let (world, _, machine) = proved();
    world.prepare_accept(&machine);
    let epoch = world.end_epoch();
    stand(&world, &machine, 1_000, 0);
    let event = review(&world, &machine, epoch);
    assert_eq!((event.verdict, event.bad_epochs, event.is_active), (Verdict::Idle.code(), 0, 0));
    assert_eq!(world.get::<Node>(&machine.node).reviewed_epoch, epoch);
}

#[test]
fn a_missed_probe_makes_an_epoch_count() {
    let world = World::with_probes(probe_parameters());
    let machine = world.enrolled("machine");
    let probe = world.open_probe(&machine, None);
    let expire = world.missing(&probe);
    world.apply(expire, &[&world.crank]);
    world.finish(&probe);
    let epoch = world.end_epoch();
    stand(&world, &machine, 9_000, 8_000);
    assert_eq!(review(&world, &machine, epoch).verdict, Verdict::Bad.code());
}

#[test]
fn an_epoch_is_reviewed_once() {
    let (world, requester, machine) = proved();
    let epoch = live(&world, &requester, &machine);
    review(&world, &machine, epoch);
    world.refuse(World::reviewing(&machine, epoch), &[&world.crank], RenderError::AlreadyReviewed);
}

#[test]
fn an_epoch_that_is_not_finalized_is_not_reviewed() {
    let (world, _, machine) = proved();
    world.prepare_accept(&machine);
    let early = World::reviewing(&machine, 1);
    world.refuse(early.clone(), &[&world.crank], RenderError::EpochNotFinalized);
    world.warp_to(world.get::<Epoch>(&address::epoch(1)).ends_at);
    world.refuse(early.clone(), &[&world.crank], RenderError::EpochNotFinalized);
    world.end_epoch();
    world.apply(early, &[&world.crank]);
}

#[test]
fn an_epoch_left_out_breaks_the_row_of_good_ones_and_moves_nothing_when_it_is_reviewed_late() {
    let (world, requester, machine) = proved();
    let epochs: Vec<u64> = (0..3).map(|_| live(&world, &requester, &machine)).collect();
    stand(&world, &machine, 9_000, 10_000);
    assert_eq!(review(&world, &machine, epochs[0]).good_epochs, 1);
    assert_eq!(review(&world, &machine, epochs[2]).good_epochs, 1);
    stand(&world, &machine, 1_000, 10_000);
    let late = review(&world, &machine, epochs[1]);
    assert_eq!((late.is_late, late.good_epochs, late.bad_epochs, late.verdict), (1, 1, 0, Verdict::Bad.code()));
    let node: Node = world.get(&machine.node);
    assert_eq!((node.reviewed_epoch, node.good_epochs), (epochs[2], 1));
}

#[test]
fn a_record_of_a_node_that_is_gone_is_closed_without_a_review() {
    let (world, requester, machine) = proved();
    let epoch = live(&world, &requester, &machine);
    world.apply(world.claiming(&machine, epoch), &[&world.crank]);
    let record = address::node_epoch(&machine.node, epoch);
    let payer = world.get::<NodeEpoch>(&record).payer;
    let close = instruction::node_epoch_close(&machine.node, epoch, &payer);
    world.refuse(close.clone(), &[&world.crank], RenderError::NotReviewed);
    let (owner, key) = (machine.operator(), machine.key());
    let stake = world.get::<Node>(&machine.node).stake;
    world.apply(instruction::stake_unbond(&owner, &key, stake), &[&machine.wallet]);
    world.warp(world.network().parameters().unbonding_seconds);
    world.apply(instruction::stake_withdraw(&owner, &key, &machine.payout), &[&machine.wallet]);
    world.apply(instruction::node_close(&owner, &key), &[&machine.wallet]);
    world.apply(close, &[&world.crank]);
    assert!(world.find::<NodeEpoch>(&record).is_none());
}

#[test]
fn the_record_of_another_node_or_epoch_is_refused() {
    let (world, requester, machine) = proved();
    let other = world.machine("other");
    world.prepare_accept(&other);
    let first = live(&world, &requester, &machine);
    let second = live(&world, &requester, &machine);
    let review = World::reviewing(&machine, first);
    let own = address::node_epoch(&machine.node, first);
    let foreign = replaced(review.clone(), &own, &address::node_epoch(&other.node, first));
    world.refuse(foreign, &[&world.crank], RenderError::WrongNode);
    let later = replaced(review, &own, &address::node_epoch(&machine.node, second));
    world.refuse(later, &[&world.crank], RenderError::WrongEpoch);
}

#[test]
fn foreign_accounts_with_the_right_bytes_are_refused() {
    let (world, requester, machine) = proved();
    let epoch = live(&world, &requester, &machine);
    let review = World::reviewing(&machine, epoch);
    let record = address::node_epoch(&machine.node, epoch);
    for original in [address::network(), address::epoch(epoch), machine.node, record] {
        let forged = replaced(review.clone(), &original, &world.forge(&original));
        world.refuse(forged, &[&world.crank], InstructionError::IllegalOwner);
    }
}
