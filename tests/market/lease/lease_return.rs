//! `lease_return`.

use market_model::{MarketError, reputation::Reason};
use market_tests::{
    Machine, World,
    world::{USD, only_event, order, replaced, unsigned},
};
use render_compute::{constants::NEUTRAL_REPUTATION, errors::RenderError, events::LeaseReturned, state::*};
use render_compute_client::{Address, address, event::Event, instruction};
use solana_instruction_error::InstructionError;

fn claimed() -> (World, Machine, Address, Address) {
    let world = World::new();
    let (requester, machine) = (world.requester_with("requester", USD), world.machine("machine"));
    let job = world.open_seeded(&requester, order());
    let lease = world.claim(&machine, &job, 0);
    (world, machine, job, lease)
}

#[test]
fn a_lease_given_back_costs_a_little_reputation_and_no_stake() {
    let (world, machine, _, lease) = claimed();
    let before: Node = world.get(&machine.node);
    let confirmed = world.apply(world.returning(&machine, &lease), &[&machine.identity]);
    let after: Node = world.get(&machine.node);
    let event = LeaseReturned {
        lease,
        node: machine.node,
        claimable_at: world.time(),
        reputation_before: NEUTRAL_REPUTATION,
        reputation_after: after.reputation,
        input_faults: 0,
        fault_operators: 0,
        reason: Reason::LeaseReturned.code(),
        padding: [0; 2],
    };
    assert_eq!(only_event(&confirmed), Event::from(event));
    assert!(after.reputation <= NEUTRAL_REPUTATION);
    assert_eq!((after.stake, after.slashed), (before.stake, 0));
    assert_eq!((after.leases_held, after.leases_returned), (0, 1));
    let state: Lease = world.get(&lease);
    assert_eq!((state.status, state.attempt, state.node), (5, 1, Address::default()));
}

#[test]
fn a_lease_is_given_back_until_its_deadline() {
    let (world, machine, _, lease) = claimed();
    let deadline = world.get::<Lease>(&lease).deadline;
    let back = world.returning(&machine, &lease);
    world.warp_to(deadline + 1);
    world.refuse(back.clone(), &[&machine.identity], MarketError::LeaseDeadlinePassed);
    let (world, machine, _, lease) = claimed();
    world.warp_to(deadline);
    world.apply(world.returning(&machine, &lease), &[&machine.identity]);
}

#[test]
fn a_lease_is_given_back_once() {
    let (world, machine, _, lease) = claimed();
    let back = world.returning(&machine, &lease);
    world.apply(back.clone(), &[&machine.identity]);
    world.refuse(back, &[&machine.identity], RenderError::WrongLease);
}

#[test]
fn a_lease_with_a_commitment_is_not_given_back() {
    let (world, machine, _, lease) = claimed();
    world.commit(&machine, &lease);
    let back = world.returning(&machine, &lease);
    world.refuse(back, &[&machine.identity], MarketError::LeaseNotClaimed);
}

#[test]
fn unusable_inputs_cost_the_node_nothing_and_count_once_for_a_lease() {
    let (world, machine, job, lease) = claimed();
    let before: Node = world.get(&machine.node);
    let confirmed = world.apply(world.finding_fault(&machine, &lease), &[&machine.identity]);
    let event = LeaseReturned {
        lease,
        node: machine.node,
        claimable_at: world.time(),
        reputation_before: before.reputation,
        reputation_after: before.reputation,
        input_faults: 1,
        fault_operators: 1,
        reason: Reason::InputsUnusable.code(),
        padding: [0; 2],
    };
    assert_eq!(only_event(&confirmed), Event::from(event));
    let after: Node = world.get(&machine.node);
    assert_eq!((after.reputation, after.reputation_at), (before.reputation, before.reputation_at));
    assert_eq!((after.leases_held, after.leases_returned, after.exposure), (0, 1, 0));
    assert_eq!((after.outcomes[0].reason, after.outcomes[0].at), (Reason::InputsUnusable.code(), world.time()));
    // The same lease again, by the same operator: neither lease nor operator counts twice.
    world.claim(&machine, &job, 0);
    world.apply(world.finding_fault(&machine, &lease), &[&machine.identity]);
    let state: Job = world.get(&job);
    assert_eq!((state.input_faults, state.fault_operators, state.fault_operator), (1, 1, machine.operator()));
}

#[test]
fn a_second_operator_corroborates_and_who_finishes_the_lease_disproves_both() {
    let (world, machine, job, lease) = claimed();
    let other = world.machine("other");
    world.apply(world.finding_fault(&machine, &lease), &[&machine.identity]);
    world.claim(&other, &job, 0);
    world.apply(world.finding_fault(&other, &lease), &[&other.identity]);
    let state: Job = world.get(&job);
    assert_eq!((state.input_faults, state.fault_operators, state.fault_operator), (1, 2, machine.operator()));
    world.work(&other, &job, 0);
    let state: Job = world.get(&job);
    assert_eq!((state.input_faults, world.get::<Lease>(&lease).input_fault), (0, 0));
    world.work(&other, &job, 1);
    assert_eq!(world.get::<Job>(&job).input_faults, 0);
}

#[test]
fn a_lease_is_given_back_for_these_two_reasons_only() {
    let (world, machine, _, lease) = claimed();
    let state: Lease = world.get(&lease);
    for reason in Reason::ALL.iter().filter(|reason| ![2, 14].contains(&reason.code())) {
        let back = instruction::lease_return(&machine.key(), &state, *reason);
        world.refuse(back, &[&machine.identity], RenderError::BadReturnReason);
    }
    let mut back = world.returning(&machine, &lease);
    *back.data.last_mut().unwrap() = 0;
    world.refuse(back, &[&machine.identity], RenderError::BadReturnReason);
}

#[test]
fn another_job_learns_nothing_of_it() {
    let (world, machine, job, lease) = claimed();
    let other = world.open_seeded(&world.requester_with("another requester", USD), order());
    let back = replaced(world.finding_fault(&machine, &lease), &job, &other);
    world.refuse(back, &[&machine.identity], RenderError::WrongLease);
}

#[test]
fn nobody_else_gives_a_lease_back() {
    let (world, machine, _, lease) = claimed();
    let other = world.machine("other");
    let back = world.returning(&machine, &lease);
    let own_node = world.returning(&other, &lease);
    world.refuse(own_node, &[&other.identity], RenderError::WrongLease);
    let stolen = replaced(back.clone(), &machine.key(), &other.key());
    world.refuse(stolen, &[&other.identity], RenderError::NotIdentity);
    let nobody = unsigned(back, &machine.key());
    world.refuse(nobody, &[&world.crank], InstructionError::MissingRequiredSignature);
}

#[test]
fn foreign_accounts_with_the_right_bytes_are_refused() {
    let (world, machine, job, lease) = claimed();
    let back = world.returning(&machine, &lease);
    for original in [address::network(), job, machine.node, lease] {
        let forged = replaced(back.clone(), &original, &world.forge(&original));
        world.refuse(forged, &[&machine.identity], InstructionError::IllegalOwner);
    }
}
