//! `lease_expire`.

use market_model::{MarketError, Parameters};
use market_tests::{
    Machine, World,
    world::{PENALTY_PER_CREDIT, RENDER, USD, audited_parameters, order, replaced, short_parameters},
};
use render_compute::{constants::NEUTRAL_REPUTATION, errors::RenderError, events::*, instructions::JobOrder, state::*};
use render_compute_client::{Address, event::Event, instruction};
use solana_instruction_error::InstructionError;

/// One percent of the least stake.
const PENALTY: u64 = RENDER;

fn claimed() -> (World, Machine, Address, Address) {
    let world = World::new();
    let (requester, machine) = (world.requester_with("requester", 5 * USD), world.machine("machine"));
    // Enough money for the outcome to weigh on a reputation.
    let job = world.open_seeded(&requester, JobOrder { price_per_unit: USD, ..order() });
    let lease = world.claim(&machine, &job, 0);
    (world, machine, job, lease)
}

#[test]
fn a_missed_deadline_costs_one_percent_of_the_least_stake() {
    let (world, machine, _, lease) = claimed();
    let before: Node = world.get(&machine.node);
    let deadline = world.get::<Lease>(&lease).deadline;
    world.warp_to(deadline + 100);
    let confirmed = world.apply(instruction::lease_expire(&world.get(&lease)), &[&world.crank]);
    let after: Node = world.get(&machine.node);
    let expired = LeaseExpired {
        lease,
        node: machine.node,
        deadline,
        // The race starts anew when the deadline was missed, not when somebody says so.
        claimable_at: deadline + 1,
        reputation_before: NEUTRAL_REPUTATION,
        reputation_after: after.reputation,
    };
    let slashed = StakeSlashed {
        node: machine.node,
        evidence: lease,
        from_stake: PENALTY,
        from_unbonding: 0,
        reason: SLASH_LEASE_EXPIRED,
    };
    assert_eq!(confirmed.events, [Event::from(expired), Event::from(slashed)]);
    assert_eq!((after.stake, after.slashed, after.slashed_total), (before.stake - PENALTY, PENALTY, PENALTY));
    assert_eq!((after.leases_held, after.leases_expired), (0, 1));
    assert!(after.reputation < NEUTRAL_REPUTATION);
    let state: Lease = world.get(&lease);
    assert_eq!((state.status, state.attempt, state.claimable_at), (6, 1, deadline + 1));
}

#[test]
fn a_lease_expires_from_the_second_after_its_deadline() {
    let (world, _, _, lease) = claimed();
    let expire = instruction::lease_expire(&world.get(&lease));
    let deadline = world.get::<Lease>(&lease).deadline;
    for early in [deadline - 1, deadline] {
        world.warp_to(early);
        world.refuse(expire.clone(), &[&world.crank], MarketError::LeaseNotExpired);
    }
    world.warp_to(deadline + 1);
    world.apply(expire, &[&world.crank]);
}

#[test]
fn a_commitment_that_is_not_revealed_expires_with_its_own_reason() {
    let (world, machine, _, lease) = claimed();
    world.commit(&machine, &lease);
    let deadline = world.get::<Lease>(&lease).deadline;
    let expire = instruction::lease_expire(&world.get(&lease));
    world.warp_to(deadline);
    world.refuse(expire.clone(), &[&world.crank], MarketError::LeaseNotExpired);
    world.warp_to(deadline + 1);
    let confirmed = world.apply(expire, &[&world.crank]);
    let Some(Event::StakeSlashed(slashed)) = confirmed.events.last() else { panic!("{confirmed:?}") };
    assert_eq!(slashed.reason, SLASH_REVEAL_MISSED);
}

#[test]
fn a_commitment_is_drawn_before_it_expires() {
    let (world, machine, _, lease) = claimed();
    world.commit_undrawn(&machine, &lease);
    world.warp_to(world.get::<Lease>(&lease).deadline + 1);
    let expire = instruction::lease_expire(&world.get(&lease));
    world.refuse(expire.clone(), &[&world.crank], MarketError::LotteryNotDrawn);
    // Whoever wants it draws in the same transaction.
    let confirmed = world.apply_all(&[instruction::audit_draw(&world.get(&lease)), expire], &[&world.crank]);
    let Some(Event::StakeSlashed(slashed)) = confirmed.events.last() else { panic!("{confirmed:?}") };
    assert_eq!((slashed.reason, slashed.from_stake), (SLASH_REVEAL_MISSED, PENALTY));
}

#[test]
fn a_node_that_lets_its_lottery_pass_loses_what_one_that_was_picked_loses() {
    let (world, machine, job, lease) = claimed();
    world.commit_undrawn(&machine, &lease);
    let committed = world.get::<Lease>(&lease).committed_slot;
    let expire = instruction::lease_expire(&world.get(&lease));
    // The last slot in which the lottery can be drawn.
    world.chain.advance_slots(committed + 517 - world.chain.now().slot);
    assert!(world.time() > world.get::<Lease>(&lease).deadline);
    world.refuse(expire.clone(), &[&world.crank], MarketError::LotteryNotDrawn);
    world.chain.advance_slots(1);
    let before: Node = world.get(&machine.node);
    let confirmed = world.apply(expire, &[&world.crank]);
    let Some(Event::StakeSlashed(slashed)) = confirmed.events.last() else { panic!("{confirmed:?}") };
    let penalty = 2 * USD * PENALTY_PER_CREDIT;
    assert_eq!((slashed.reason, slashed.from_stake), (SLASH_AUDITED_REVEAL_MISSED, penalty));
    let after: Node = world.get(&machine.node);
    assert_eq!((after.stake, after.exposure, after.leases_held), (before.stake - penalty, 0, 0));
    world.claim(&machine, &job, 0);
}

#[test]
fn a_lottery_that_is_lost_does_not_make_a_lease_expire_before_its_deadline() {
    let world = World::with(1, 1, Parameters { reveal_seconds: 3_600, ..short_parameters() });
    let (requester, machine) = (world.requester_with("requester", USD), world.machine("machine"));
    let job = world.open_seeded(&requester, order());
    let lease = world.claim(&machine, &job, 0);
    world.commit_undrawn(&machine, &lease);
    world.chain.advance_slots(600);
    let expire = instruction::lease_expire(&world.get(&lease));
    world.refuse(expire, &[&world.crank], MarketError::LeaseNotExpired);
}

#[test]
fn a_lease_that_waits_for_audits_does_not_expire() {
    let world = World::with(1, 1, audited_parameters());
    let (requester, machine) = (world.requester_with("requester", USD), world.machine("machine"));
    let job = world.open_seeded(&requester, order());
    let lease = world.picked(&machine, &job, 0);
    world.warp(50_000);
    let expire = instruction::lease_expire(&world.get(&lease));
    world.refuse(expire, &[&world.crank], MarketError::LeaseNotExpired);
    world.apply(instruction::audit_lapse(&world.get(&lease)), &[&world.crank]);
    world.warp(61);
    // It is drawn, and nobody audits it any more.
    let confirmed = world.apply(instruction::lease_expire(&world.get(&lease)), &[&world.crank]);
    let Some(Event::StakeSlashed(slashed)) = confirmed.events.last() else { panic!("{confirmed:?}") };
    assert_eq!((slashed.reason, slashed.from_stake), (SLASH_REVEAL_MISSED, PENALTY));
}

#[test]
fn a_revealed_lease_never_expires() {
    let (world, machine, _, lease) = claimed();
    world.commit(&machine, &lease);
    world.apply(World::revealing(&machine, &lease), &[&machine.identity]);
    world.warp(50_000);
    let expire = instruction::lease_expire(&world.get(&lease));
    world.refuse(expire, &[&world.crank], MarketError::LeaseNotExpired);
}

#[test]
fn a_lease_expires_once() {
    let (world, _, _, lease) = claimed();
    let expire = instruction::lease_expire(&world.get(&lease));
    world.warp_to(world.get::<Lease>(&lease).deadline + 1);
    world.apply(expire.clone(), &[&world.crank]);
    world.refuse(expire, &[&world.crank], RenderError::WrongLease);
}

#[test]
fn stake_that_is_unbonding_is_slashed_after_the_rest() {
    let (world, machine, _, lease) = claimed();
    let all = world.get::<Node>(&machine.node).stake;
    // Half of the penalty is left at stake.
    let unbond = instruction::stake_unbond(&machine.operator(), &machine.key(), all - PENALTY / 2);
    world.apply(unbond, &[&machine.wallet]);
    world.warp_to(world.get::<Lease>(&lease).deadline + 1);
    world.apply(instruction::lease_expire(&world.get(&lease)), &[&world.crank]);
    let node: Node = world.get(&machine.node);
    assert_eq!((node.stake, node.unbonding, node.slashed), (0, all - PENALTY, PENALTY));
}

#[test]
fn another_nodes_stake_does_not_pay() {
    let (world, machine, _, lease) = claimed();
    let other = world.machine("other");
    world.warp_to(world.get::<Lease>(&lease).deadline + 1);
    let expire = instruction::lease_expire(&world.get(&lease));
    world.refuse(replaced(expire, &machine.node, &other.node), &[&world.crank], RenderError::WrongLease);
}

#[test]
fn foreign_accounts_with_the_right_bytes_are_refused() {
    let (world, machine, _, lease) = claimed();
    world.warp_to(world.get::<Lease>(&lease).deadline + 1);
    let expire = instruction::lease_expire(&world.get(&lease));
    for original in [machine.node, lease] {
        let forged = replaced(expire.clone(), &original, &world.forge(&original));
        world.refuse(forged, &[&world.crank], InstructionError::IllegalOwner);
    }
}

#[test]
fn an_expired_lease_can_be_claimed_by_another_node() {
    let (world, _, job, lease) = claimed();
    let other = world.machine("other");
    world.warp_to(world.get::<Lease>(&lease).deadline + 1);
    world.apply(instruction::lease_expire(&world.get(&lease)), &[&world.crank]);
    world.work(&other, &job, 0);
    assert_eq!(world.get::<Job>(&job).spent, 2 * USD + 2 * USD / 1_000);
}
