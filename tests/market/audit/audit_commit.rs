//! `audit_commit`.

use super::{PENALTY, Scene};
use market_model::{MarketError, lease::LeaseState};
use market_tests::world::{only_event, replaced, unsigned};
use render_compute::{errors::RenderError, events::AuditCommitted, state::*};
use render_compute_client::{Address, Instruction, address, event::Event, instruction};
use solana_instruction_error::InstructionError;

/// A claimed audit, and its commitment to the honest root.
fn claimed() -> (Scene, Address, Instruction, [u8; 32]) {
    let scene = Scene::picked();
    let audit = scene.world.claim_audit(&scene.auditor, &scene.lease, 0);
    let commitment = scene.world.audit_commitment(&scene.auditor, &audit, &scene.root());
    let commit = instruction::audit_commit(&scene.auditor.key(), &scene.world.get(&audit), commitment);
    (scene, audit, commit, commitment)
}

#[test]
fn the_last_commitment_begins_the_reveals() {
    let (Scene { world, auditor, lease, .. }, audit, commit, commitment) = claimed();
    let confirmed = world.apply(commit, &[&auditor.identity]);
    let clock = world.chain.now();
    let event = AuditCommitted {
        audit,
        lease,
        node: auditor.node,
        commitment,
        slot: clock.slot,
        missing: 0,
        deadline: clock.unix_timestamp + 90,
    };
    assert_eq!(only_event(&confirmed), Event::from(event));
    let state: Audit = world.get(&audit);
    assert_eq!((state.status, state.commitment, state.committed_slot), (1, commitment, clock.slot));
    assert_eq!(world.status(&lease), LeaseState::Opening);
    assert_eq!(world.get::<Node>(&auditor.node).exposure, PENALTY);
}

#[test]
fn reveals_wait_for_the_last_of_two_commitments() {
    let Scene { world, auditor, lease, .. } = Scene::picked_for_two();
    let other = world.machine("other");
    world.audit(&auditor, &lease, 1, &[7; 32]);
    assert_eq!(world.status(&lease), LeaseState::Auditing);
    world.audit(&other, &lease, 0, &[7; 32]);
    assert_eq!(world.status(&lease), LeaseState::Opening);
}

#[test]
fn an_audit_is_committed_up_to_its_deadline() {
    let (Scene { world, auditor, .. }, audit, commit, _) = claimed();
    let deadline = world.get::<Audit>(&audit).deadline;
    world.warp_to(deadline + 1);
    world.refuse(commit, &[&auditor.identity], MarketError::AuditDeadlinePassed);
    let (Scene { world, auditor, .. }, _, commit, _) = claimed();
    world.warp_to(deadline);
    world.apply(commit, &[&auditor.identity]);
}

#[test]
fn an_audit_is_committed_once() {
    let (Scene { world, auditor, .. }, _, commit, _) = claimed();
    world.apply(commit.clone(), &[&auditor.identity]);
    world.refuse(commit, &[&auditor.identity], MarketError::AuditNotClaimed);
}

#[test]
fn a_commitment_to_nothing_is_refused() {
    let (Scene { world, auditor, .. }, audit, ..) = claimed();
    let empty = instruction::audit_commit(&auditor.key(), &world.get(&audit), [0; 32]);
    world.refuse(empty, &[&auditor.identity], RenderError::ZeroValue);
}

#[test]
fn only_the_auditor_commits() {
    let (Scene { world, auditor, .. }, audit, commit, commitment) = claimed();
    let other = world.machine("other");
    let own_node = instruction::audit_commit(&other.key(), &world.get(&audit), commitment);
    world.refuse(own_node, &[&other.identity], RenderError::WrongAudit);
    let stolen = replaced(commit.clone(), &auditor.key(), &other.key());
    world.refuse(stolen, &[&other.identity], RenderError::NotIdentity);
    let nobody = unsigned(commit, &auditor.key());
    world.refuse(nobody, &[&world.crank], InstructionError::MissingRequiredSignature);
}

#[test]
fn another_lease_does_not_move() {
    let (Scene { world, holder, auditor, job, lease, .. }, _, commit, _) = claimed();
    let other = world.picked(&holder, &job, 1);
    world.refuse(replaced(commit, &lease, &other), &[&auditor.identity], RenderError::WrongAudit);
}

#[test]
fn foreign_accounts_with_the_right_bytes_are_refused() {
    let (Scene { world, auditor, lease, .. }, audit, commit, _) = claimed();
    for original in [address::network(), auditor.node, lease, audit] {
        let forged = replaced(commit.clone(), &original, &world.forge(&original));
        world.refuse(forged, &[&auditor.identity], InstructionError::IllegalOwner);
    }
}
