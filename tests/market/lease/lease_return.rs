//! `lease_return`.

use market_model::MarketError;
use market_tests::{
    Machine, World,
    world::{USD, only_event, order, replaced, unsigned},
};
use render_compute::{constants::NEUTRAL_REPUTATION, errors::RenderError, events::LeaseReturned, state::*};
use render_compute_client::{Address, event::Event, instruction};
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
    let confirmed = world.apply(instruction::lease_return(&machine.key(), &lease), &[&machine.identity]);
    let after: Node = world.get(&machine.node);
    let event = LeaseReturned {
        lease,
        node: machine.node,
        claimable_at: world.time(),
        reputation_before: NEUTRAL_REPUTATION,
        reputation_after: after.reputation,
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
    let back = instruction::lease_return(&machine.key(), &lease);
    world.warp_to(deadline + 1);
    world.refuse(back.clone(), &[&machine.identity], MarketError::LeaseDeadlinePassed);
    let (world, machine, _, lease) = claimed();
    world.warp_to(deadline);
    world.apply(instruction::lease_return(&machine.key(), &lease), &[&machine.identity]);
}

#[test]
fn a_lease_is_given_back_once() {
    let (world, machine, _, lease) = claimed();
    let back = instruction::lease_return(&machine.key(), &lease);
    world.apply(back.clone(), &[&machine.identity]);
    world.refuse(back, &[&machine.identity], RenderError::WrongLease);
}

#[test]
fn a_lease_with_a_commitment_is_not_given_back() {
    let (world, machine, _, lease) = claimed();
    world.commit(&machine, &lease);
    let back = instruction::lease_return(&machine.key(), &lease);
    world.refuse(back, &[&machine.identity], MarketError::LeaseNotClaimed);
}

#[test]
fn nobody_else_gives_a_lease_back() {
    let (world, machine, _, lease) = claimed();
    let other = world.machine("other");
    let back = instruction::lease_return(&machine.key(), &lease);
    let own_node = instruction::lease_return(&other.key(), &lease);
    world.refuse(own_node, &[&other.identity], RenderError::WrongLease);
    let stolen = replaced(back.clone(), &machine.key(), &other.key());
    world.refuse(stolen, &[&other.identity], RenderError::NotIdentity);
    let nobody = unsigned(back, &machine.key());
    world.refuse(nobody, &[&world.crank], InstructionError::MissingRequiredSignature);
}

#[test]
fn foreign_accounts_with_the_right_bytes_are_refused() {
    let (world, machine, _, lease) = claimed();
    let back = instruction::lease_return(&machine.key(), &lease);
    for original in [machine.node, lease] {
        let forged = replaced(back.clone(), &original, &world.forge(&original));
        world.refuse(forged, &[&machine.identity], InstructionError::IllegalOwner);
    }
}
