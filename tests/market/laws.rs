//! The laws' mutated twins: a last transaction that was tampered with must break exactly the law that forbids it. That the laws
//! hold for what was not tampered with, every other test shows.

use market_tests::{
    Machine, World,
    laws::Law,
    world::{USD, order},
};
use render_compute::{instructions::JobOrder, state::*};
use render_compute_client::{Address, address, event::Event, instruction};

#[track_caller]
fn breaks(world: &World, law: Law, tamper: impl FnOnce(&mut market_tests::laws::Step)) {
    assert_eq!(world.judge(|_| ()), [], "the laws hold before anything is tampered with");
    let broken: Vec<_> = world.judge(tamper).iter().map(|violation| violation.law).collect();
    assert!(broken.contains(&law), "{law:?} did not notice, {broken:?} did");
}

/// A world whose last transaction accepted a lease.
fn accepted() -> (World, market_tests::Requester, Machine, Address, Address) {
    let world = World::new();
    let (requester, machine) = (world.requester_with("requester", USD), world.machine("machine"));
    let job = world.open_seeded(&requester, order());
    let lease = world.work(&machine, &job, 0);
    (world, requester, machine, job, lease)
}

#[test]
fn l1_notices_a_credit_out_of_nothing() {
    let (world, requester, ..) = accepted();
    breaks(&world, Law::L1, |step| {
        step.after.edit::<CreditAccount>(&requester.credit(), |credit| credit.available += 1);
    });
}

#[test]
fn l2_notices_credits_sold_for_too_little() {
    let world = World::new();
    world.requester_with("requester", USD);
    breaks(&world, Law::L2, |step| {
        for event in &mut step.events {
            if let Event::CreditsBought(bought) = event {
                // The burn is rounded up by less than one unit: one unit less is too little.
                bought.burned -= 1;
            }
        }
    });
    breaks(&world, Law::L2, |step| step.after.supply += 1);
}

#[test]
fn l3_notices_a_credit_that_leaves_twice() {
    let (world, _, _, job, _) = accepted();
    breaks(&world, Law::L3, |step| {
        let event = step.events.iter().find(|event| matches!(event, Event::LeaseAccepted(_))).copied();
        step.events.extend(event);
    });
    breaks(&world, Law::L3, |step| step.after.edit::<Job>(&job, |job| job.escrow -= 1));
    breaks(&world, Law::L3, |step| step.after.edit::<Job>(&job, |job| job.settled[0] |= 2));
}

#[test]
fn l4_notices_stake_that_is_not_in_the_vault() {
    let (world, _, machine, ..) = accepted();
    breaks(&world, Law::L4, |step| step.after.vault -= 1);
    breaks(&world, Law::L4, |step| step.after.edit::<Node>(&machine.node, |node| node.unbonding += 1));
}

#[test]
fn l5_notices_render_minted_ahead_of_the_schedule() {
    let world = World::new();
    let number = world.end_epoch();
    assert_eq!(number, 1);
    // The last transaction minted the operations share of epoch 1, which would have been too much a moment after genesis.
    let genesis = world.network().genesis_at;
    breaks(&world, Law::L5, |step| step.after.now = genesis + 60);
}

#[test]
fn l6_notices_claims_above_the_pool() {
    let (world, _, machine, ..) = accepted();
    world.end_epoch();
    world.apply(world.claiming(&machine, 1), &[&world.crank]);
    breaks(&world, Law::L6, |step| {
        step.after.edit::<Epoch>(&address::epoch(1), |epoch| epoch.work_pools[0] -= 1);
    });
    breaks(&world, Law::L6, |step| {
        let record = address::node_epoch(&machine.node, 1);
        step.after.edit::<NodeEpoch>(&record, |record| record.work[0] += 1);
    });
}

#[test]
fn l7_notices_a_unit_that_is_accepted_twice() {
    let (world, ..) = accepted();
    breaks(&world, Law::L7, |step| {
        let event = step.events.iter().find(|event| matches!(event, Event::LeaseAccepted(_))).copied();
        step.events.extend(event);
    });
}

#[test]
fn l8_notices_a_slash_without_a_missed_deadline() {
    let world = World::new();
    let (requester, machine) = (world.requester_with("requester", USD), world.machine("machine"));
    let job = world.open_seeded(&requester, order());
    let lease = world.claim(&machine, &job, 0);
    world.warp_to(world.get::<Lease>(&lease).deadline + 1);
    world.apply(instruction::lease_expire(&world.get(&lease)), &[&world.crank]);
    breaks(&world, Law::L8, |step| step.events.retain(|event| !matches!(event, Event::LeaseExpired(_))));
    breaks(&world, Law::L8, |step| step.events.retain(|event| !matches!(event, Event::StakeSlashed(_))));
    breaks(&world, Law::L8, |step| {
        step.before.edit::<Lease>(&lease, |lease| lease.deadline += 1_000);
    });
}

#[test]
fn l10_notices_rent_that_went_elsewhere() {
    let world = World::new();
    let (requester, machine) = (world.requester_with("requester", USD), world.machine("machine"));
    let job = world.open_seeded(&requester, JobOrder { units: 2, ..order() });
    let lease = world.work(&machine, &job, 0);
    world.warp_to(world.get::<Job>(&job).deadline + 1);
    world.apply(instruction::lease_close(&world.get(&lease)), &[&world.crank]);
    breaks(&world, Law::L10, |step| {
        *step.after.wallets.get_mut(&machine.key()).unwrap() -= 1;
    });
    breaks(&world, Law::L10, |step| {
        step.after.wallets.remove(&machine.key());
    });
}

#[test]
fn l11_notices_a_winner_whose_turn_had_not_come() {
    let world = World::new();
    let (requester, machine) = (world.requester_with("requester", USD), world.machine("machine"));
    let job = world.open_seeded(&requester, order());
    let index = (0..2).max_by_key(|index| world.turn(&machine, &job, *index)).unwrap();
    world.claim(&machine, &job, index);
    breaks(&world, Law::L11, |step| {
        for event in &mut step.events {
            if let Event::LeaseClaimed(claimed) = event {
                claimed.claimed_at -= 1;
            }
        }
    });
    breaks(&world, Law::L11, |step| step.before.edit::<Node>(&machine.node, |node| node.stake /= 2));
    breaks(&world, Law::L11, |step| step.before.edit::<Node>(&machine.node, |node| node.draining = 1));
}

#[test]
fn a_trace_of_a_refused_transaction_is_noticed() {
    let (world, requester, machine, job, _) = accepted();
    let claim = instruction::lease_claim(&machine.key(), &job, 0);
    assert!(world.send(&[claim], &[&machine.identity]).is_err());
    breaks(&world, Law::Atomic, |step| {
        step.after.edit::<CreditAccount>(&requester.credit(), |credit| credit.reputation += 1);
    });
    breaks(&world, Law::Atomic, |step| {
        *step.after.tokens.get_mut(&machine.payout).unwrap() += 1;
    });
    breaks(&world, Law::Atomic, |step| {
        *step.after.wallets.get_mut(&machine.key()).unwrap() -= 1;
    });
}
