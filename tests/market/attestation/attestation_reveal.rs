//! `attestation_reveal`.

use market_model::MarketError;
use market_tests::{
    Machine, World,
    world::{USD, only_event, order, replaced, unsigned},
};
use render_compute::{errors::RenderError, events::AttestationRevealed, state::*};
use render_compute_client::{Address, Instruction, address, event::Event, instruction};
use solana_instruction_error::InstructionError;

fn committed() -> (World, Machine, Address, Address) {
    let world = World::new();
    let (requester, machine) = (world.requester_with("requester", USD), world.machine("machine"));
    let job = world.open_seeded(&requester, order());
    let lease = world.claim(&machine, &job, 0);
    world.commit(&machine, &lease);
    (world, machine, job, lease)
}

fn reveal(machine: &Machine, lease: &Address, root: [u8; 32], result: [u8; 32], salt: [u8; 32]) -> Instruction {
    instruction::attestation_reveal(&machine.key(), lease, root, result, salt)
}

#[test]
fn a_reveal_starts_the_challenge_window() {
    let (world, machine, _, lease) = committed();
    let confirmed = world.apply(World::revealing(&machine, &lease), &[&machine.identity]);
    let (root, result) = (World::root(&lease), World::result(&lease));
    let challenge_until = world.time() + 30;
    let event = AttestationRevealed { lease, node: machine.node, root, result, challenge_until };
    assert_eq!(only_event(&confirmed), Event::from(event));
    let state: Lease = world.get(&lease);
    assert_eq!((state.status, state.root, state.result, state.deadline), (3, root, result, challenge_until));
}

#[test]
fn another_root_or_salt_is_refused() {
    let (world, machine, _, lease) = committed();
    let (root, result, salt) = (World::root(&lease), World::result(&lease), World::salt(&lease));
    let signers = [&machine.identity];
    world.refuse(reveal(&machine, &lease, [1; 32], result, salt), &signers, RenderError::CommitmentMismatch);
    world.refuse(reveal(&machine, &lease, root, result, [1; 32]), &signers, RenderError::CommitmentMismatch);
    world.apply(reveal(&machine, &lease, root, result, salt), &signers);
}

#[test]
fn root_and_result_must_be_set() {
    let (world, machine, _, lease) = committed();
    let (root, result, salt) = (World::root(&lease), World::result(&lease), World::salt(&lease));
    let signers = [&machine.identity];
    world.refuse(reveal(&machine, &lease, [0; 32], result, salt), &signers, RenderError::ZeroValue);
    world.refuse(reveal(&machine, &lease, root, [0; 32], salt), &signers, RenderError::ZeroValue);
}

#[test]
fn a_root_is_revealed_after_the_lottery_was_drawn() {
    let world = World::new();
    let (requester, machine) = (world.requester_with("requester", USD), world.machine("machine"));
    let job = world.open_seeded(&requester, order());
    let lease = world.claim(&machine, &job, 0);
    let commitment = world.commitment(&machine, &lease);
    let both =
        [instruction::attestation_commit(&machine.key(), &lease, commitment), World::revealing(&machine, &lease)];
    world.refuse_all(&both, &[&machine.identity], MarketError::LotteryNotDrawn);
    world.commit_undrawn(&machine, &lease);
    let reveal = World::revealing(&machine, &lease);
    world.refuse(reveal.clone(), &[&machine.identity], MarketError::LotteryNotDrawn);
    world.draw(&lease);
    world.apply(reveal, &[&machine.identity]);
}

#[test]
fn a_node_reveals_until_its_deadline() {
    let (world, machine, _, lease) = committed();
    world.warp_to(world.get::<Lease>(&lease).deadline + 1);
    let late = World::revealing(&machine, &lease);
    world.refuse(late, &[&machine.identity], MarketError::RevealDeadlinePassed);
    let (world, machine, _, lease) = committed();
    world.warp_to(world.get::<Lease>(&lease).deadline);
    world.apply(World::revealing(&machine, &lease), &[&machine.identity]);
}

#[test]
fn a_root_is_revealed_once_and_not_before_a_commitment() {
    let (world, machine, job, lease) = committed();
    world.apply(World::revealing(&machine, &lease), &[&machine.identity]);
    let again = World::revealing(&machine, &lease);
    world.refuse(again, &[&machine.identity], MarketError::LeaseNotCommitted);
    let fresh = world.claim(&machine, &job, 1);
    let early = World::revealing(&machine, &fresh);
    world.refuse(early, &[&machine.identity], MarketError::LeaseNotCommitted);
}

#[test]
fn a_copied_commitment_cannot_be_revealed_by_the_copier() {
    let world = World::new();
    let requester = world.requester_with("requester", USD);
    let (machine, copier) = (world.machine("machine"), world.machine("copier"));
    let job = world.open_seeded(&requester, order());
    let lease = world.claim(&machine, &job, 0);
    let second = world.claim(&copier, &job, 1);
    world.commit(&machine, &lease);
    let copied = world.get::<Lease>(&lease).commitment;
    world.apply(instruction::attestation_commit(&copier.key(), &second, copied), &[&copier.identity]);
    world.chain.advance_slots(6);
    world.draw(&second);
    world.apply(World::revealing(&machine, &lease), &[&machine.identity]);
    let (root, result, salt) = (World::root(&lease), World::result(&lease), World::salt(&lease));
    let reveal = reveal(&copier, &second, root, result, salt);
    world.refuse(reveal, &[&copier.identity], RenderError::CommitmentMismatch);
}

#[test]
fn the_commitment_of_an_earlier_attempt_does_not_count() {
    let world = World::new();
    let (requester, machine) = (world.requester_with("requester", USD), world.machine("machine"));
    let job = world.open_seeded(&requester, order());
    let lease = world.claim(&machine, &job, 0);
    let earlier = world.commitment(&machine, &lease);
    world.apply(world.returning(&machine, &lease), &[&machine.identity]);
    world.claim(&machine, &job, 0);
    world.apply(instruction::attestation_commit(&machine.key(), &lease, earlier), &[&machine.identity]);
    world.chain.advance_slots(6);
    world.draw(&lease);
    let reveal = World::revealing(&machine, &lease);
    world.refuse(reveal, &[&machine.identity], RenderError::CommitmentMismatch);
}

#[test]
fn only_the_holder_reveals() {
    let (world, machine, _, lease) = committed();
    let other = world.machine("other");
    let own_node = World::revealing(&other, &lease);
    world.refuse(own_node, &[&other.identity], RenderError::WrongLease);
    let stolen = replaced(World::revealing(&machine, &lease), &machine.key(), &other.key());
    world.refuse(stolen, &[&other.identity], RenderError::NotIdentity);
    let nobody = unsigned(World::revealing(&machine, &lease), &machine.key());
    world.refuse(nobody, &[&world.crank], InstructionError::MissingRequiredSignature);
}

#[test]
fn foreign_accounts_with_the_right_bytes_are_refused() {
    let (world, machine, _, lease) = committed();
    for original in [address::network(), machine.node, lease] {
        let forged = replaced(World::revealing(&machine, &lease), &original, &world.forge(&original));
        world.refuse(forged, &[&machine.identity], InstructionError::IllegalOwner);
    }
}
