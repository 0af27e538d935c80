//! `attestation_commit`.

use market_model::MarketError;
use market_tests::{
    Machine, World,
    world::{USD, only_event, order, replaced, unsigned},
};
use render_compute::{errors::RenderError, events::AttestationCommitted, state::*};
use render_compute_client::{Address, event::Event, instruction};
use solana_instruction_error::InstructionError;

const COMMITMENT: [u8; 32] = [4; 32];

fn claimed() -> (World, Machine, Address, Address) {
    let world = World::new();
    let (requester, machine) = (world.requester_with("requester", USD), world.machine("machine"));
    let job = world.open_seeded(&requester, order());
    let lease = world.claim(&machine, &job, 0);
    (world, machine, job, lease)
}

#[test]
fn a_commitment_starts_the_time_to_reveal() {
    let (world, machine, _, lease) = claimed();
    let clock = world.chain.now();
    let commit = instruction::attestation_commit(&machine.key(), &lease, COMMITMENT);
    let confirmed = world.apply(commit, &[&machine.identity]);
    let reveal_by = clock.unix_timestamp + 60;
    let event = AttestationCommitted { lease, node: machine.node, commitment: COMMITMENT, slot: clock.slot, reveal_by };
    assert_eq!(only_event(&confirmed), Event::from(event));
    let state: Lease = world.get(&lease);
    assert_eq!((state.status, state.commitment, state.committed_slot), (2, COMMITMENT, clock.slot));
    assert_eq!(state.deadline, reveal_by);
}

#[test]
fn a_node_commits_until_the_leases_deadline() {
    let (world, machine, _, lease) = claimed();
    let deadline = world.get::<Lease>(&lease).deadline;
    let commit = instruction::attestation_commit(&machine.key(), &lease, COMMITMENT);
    world.warp_to(deadline + 1);
    world.refuse(commit, &[&machine.identity], MarketError::LeaseDeadlinePassed);
    let (world, machine, _, lease) = claimed();
    world.warp_to(deadline);
    let commit = instruction::attestation_commit(&machine.key(), &lease, COMMITMENT);
    world.apply(commit, &[&machine.identity]);
}

#[test]
fn a_deadline_does_not_move_with_the_parameters() {
    let (world, machine, _, lease) = claimed();
    world.commit(&machine, &lease);
    let before = world.get::<Lease>(&lease).deadline;
    let mut parameters = world.network().parameters();
    parameters.reveal_seconds = 3_600;
    let key = render_compute_client::Signer::pubkey(&world.authority);
    world.apply(instruction::network_set_parameters(&key, &parameters), &[&world.authority]);
    world.warp_to(before + 1);
    let late = World::revealing(&machine, &lease);
    world.refuse(late, &[&machine.identity], MarketError::RevealDeadlinePassed);
}

#[test]
fn a_node_commits_once() {
    let (world, machine, _, lease) = claimed();
    let commit = instruction::attestation_commit(&machine.key(), &lease, COMMITMENT);
    world.apply(commit.clone(), &[&machine.identity]);
    world.refuse(commit, &[&machine.identity], MarketError::LeaseNotClaimed);
    let other = instruction::attestation_commit(&machine.key(), &lease, [5; 32]);
    world.refuse(other, &[&machine.identity], MarketError::LeaseNotClaimed);
}

#[test]
fn an_empty_commitment_is_refused() {
    let (world, machine, _, lease) = claimed();
    let commit = instruction::attestation_commit(&machine.key(), &lease, [0; 32]);
    world.refuse(commit, &[&machine.identity], RenderError::ZeroValue);
}

#[test]
fn only_the_holder_commits() {
    let (world, machine, _, lease) = claimed();
    let other = world.machine("other");
    let own_node = instruction::attestation_commit(&other.key(), &lease, COMMITMENT);
    world.refuse(own_node, &[&other.identity], RenderError::WrongLease);
    let commit = instruction::attestation_commit(&machine.key(), &lease, COMMITMENT);
    let stolen = replaced(commit.clone(), &machine.key(), &other.key());
    world.refuse(stolen, &[&other.identity], RenderError::NotIdentity);
    let operator = replaced(commit.clone(), &machine.key(), &machine.operator());
    world.refuse(operator, &[&machine.wallet], RenderError::NotIdentity);
    let nobody = unsigned(commit, &machine.key());
    world.refuse(nobody, &[&world.crank], InstructionError::MissingRequiredSignature);
}

#[test]
fn a_node_that_lost_the_lease_cannot_commit() {
    let (world, machine, _, lease) = claimed();
    world.warp_to(world.get::<Lease>(&lease).deadline + 1);
    world.apply(instruction::lease_expire(&world.get(&lease)), &[&world.crank]);
    let commit = instruction::attestation_commit(&machine.key(), &lease, COMMITMENT);
    world.refuse(commit, &[&machine.identity], RenderError::WrongLease);
}

#[test]
fn foreign_accounts_with_the_right_bytes_are_refused() {
    let (world, machine, _, lease) = claimed();
    let commit = instruction::attestation_commit(&machine.key(), &lease, COMMITMENT);
    for original in [render_compute_client::address::network(), machine.node, lease] {
        let forged = replaced(commit.clone(), &original, &world.forge(&original));
        world.refuse(forged, &[&machine.identity], InstructionError::IllegalOwner);
    }
}
