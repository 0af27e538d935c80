//! `audit_reveal`.

use super::{OTHER_ROOT, Scene};
use market_model::{MarketError, lease::LeaseState};
use market_tests::{
    World,
    world::{only_event, replaced, unsigned},
};
use render_compute::{errors::RenderError, events::AuditRevealed, state::*};
use render_compute_client::{Address, address, event::Event, instruction};
use solana_instruction_error::InstructionError;

/// A committed audit that is the only one.
fn committed() -> (Scene, Address) {
    let scene = Scene::picked();
    let audit = scene.world.audit(&scene.auditor, &scene.lease, 0, &scene.root());
    (scene, audit)
}

#[test]
fn after_the_last_auditor_it_is_the_holders_turn() {
    let (scene, audit) = committed();
    let Scene { world, holder, auditor, lease, .. } = &scene;
    let root = scene.root();
    let confirmed = world.apply(world.revealing_audit(auditor, &audit, &root), &[&auditor.identity]);
    let deadline = world.time() + 90;
    let event = AuditRevealed { audit, lease: *lease, node: auditor.node, root, missing: 0, deadline };
    assert_eq!(only_event(&confirmed), Event::from(event));
    assert_eq!((world.get::<Audit>(&audit).status, world.get::<Audit>(&audit).root), (2, root));
    let state: Lease = world.get(lease);
    assert_eq!((world.status(lease), state.deadline, state.audits_revealed), (LeaseState::Committed, deadline, 1));
    world.apply(World::revealing(holder, lease), &[&holder.identity]);
    assert_eq!(world.status(lease), LeaseState::Revealed);
}

#[test]
fn nobody_reveals_while_a_commitment_is_missing() {
    let scene = Scene::picked_for_two();
    let Scene { world, holder, auditor, lease, .. } = &scene;
    let other = world.machine("other");
    let holders = World::revealing(holder, lease);
    world.refuse(holders.clone(), &[&holder.identity], MarketError::AuditsUnfinished);
    let first = world.audit(auditor, lease, 0, &scene.root());
    let early = world.revealing_audit(auditor, &first, &scene.root());
    world.refuse(early.clone(), &[&auditor.identity], MarketError::AuditNotCommitted);
    world.refuse(holders.clone(), &[&holder.identity], MarketError::AuditsUnfinished);
    let second = world.audit(&other, lease, 1, &scene.root());
    world.apply(early, &[&auditor.identity]);
    world.refuse(holders.clone(), &[&holder.identity], MarketError::AuditsUnfinished);
    world.apply(world.revealing_audit(&other, &second, &scene.root()), &[&other.identity]);
    world.apply(holders, &[&holder.identity]);
}

#[test]
fn an_audit_is_revealed_up_to_the_deadline() {
    let (scene, audit) = committed();
    let Scene { world, auditor, lease, .. } = &scene;
    let deadline = world.get::<Lease>(lease).deadline;
    let reveal = world.revealing_audit(auditor, &audit, &scene.root());
    world.warp_to(deadline + 1);
    world.refuse(reveal, &[&auditor.identity], MarketError::AuditDeadlinePassed);
    let (scene, audit) = committed();
    scene.world.warp_to(deadline);
    let reveal = scene.world.revealing_audit(&scene.auditor, &audit, &scene.root());
    scene.world.apply(reveal, &[&scene.auditor.identity]);
}

#[test]
fn an_audit_is_revealed_in_a_later_slot_than_its_commitment() {
    let scene = Scene::picked();
    let Scene { world, auditor, lease, .. } = &scene;
    let audit = world.claim_audit(auditor, lease, 0);
    let commitment = world.audit_commitment(auditor, &audit, &scene.root());
    world.apply(instruction::audit_commit(&auditor.key(), &world.get(&audit), commitment), &[&auditor.identity]);
    let reveal = world.revealing_audit(auditor, &audit, &scene.root());
    world.refuse(reveal.clone(), &[&auditor.identity], RenderError::RevealTooEarly);
    world.chain.advance_slots(1);
    world.apply(reveal, &[&auditor.identity]);
}

#[test]
fn an_audit_is_revealed_once() {
    let scene = Scene::picked_for_two();
    let Scene { world, auditor, lease, .. } = &scene;
    let other = world.machine("other");
    let first = world.audit(auditor, lease, 0, &scene.root());
    world.audit(&other, lease, 1, &scene.root());
    let reveal = world.revealing_audit(auditor, &first, &scene.root());
    world.apply(reveal.clone(), &[&auditor.identity]);
    world.refuse(reveal, &[&auditor.identity], MarketError::AuditNotCommitted);
}

#[test]
fn another_root_or_salt_than_committed_to_is_refused() {
    let (scene, audit) = committed();
    let Scene { world, auditor, .. } = &scene;
    let state: Audit = world.get(&audit);
    let root = world.revealing_audit(auditor, &audit, &OTHER_ROOT);
    world.refuse(root, &[&auditor.identity], RenderError::CommitmentMismatch);
    let salt = instruction::audit_reveal(&auditor.key(), &state, scene.root(), [1; 32]);
    world.refuse(salt, &[&auditor.identity], RenderError::CommitmentMismatch);
    let nothing = instruction::audit_reveal(&auditor.key(), &state, [0; 32], World::salt(&audit));
    world.refuse(nothing, &[&auditor.identity], RenderError::ZeroValue);
}

#[test]
fn a_commitment_that_was_made_for_the_lease_or_by_another_node_does_not_count() {
    let scene = Scene::picked();
    let Scene { world, holder, auditor, lease, .. } = &scene;
    let audit = world.claim_audit(auditor, lease, 0);
    // A copy of what the holder committed to.
    let copied = world.get::<Lease>(lease).commitment;
    world.apply(instruction::audit_commit(&auditor.key(), &world.get(&audit), copied), &[&auditor.identity]);
    world.chain.advance_slots(1);
    let state: Audit = world.get(&audit);
    let reveal = instruction::audit_reveal(&auditor.key(), &state, scene.root(), World::salt(lease));
    world.refuse(reveal, &[&auditor.identity], RenderError::CommitmentMismatch);
    assert_ne!(world.audit_commitment(holder, &audit, &scene.root()), copied);
}

#[test]
fn only_the_auditor_reveals() {
    let (scene, audit) = committed();
    let Scene { world, auditor, .. } = &scene;
    let other = world.machine("other");
    let own_node = world.revealing_audit(&other, &audit, &scene.root());
    world.refuse(own_node, &[&other.identity], RenderError::WrongAudit);
    let reveal = world.revealing_audit(auditor, &audit, &scene.root());
    let stolen = replaced(reveal.clone(), &auditor.key(), &other.key());
    world.refuse(stolen, &[&other.identity], RenderError::NotIdentity);
    let nobody = unsigned(reveal, &auditor.key());
    world.refuse(nobody, &[&world.crank], InstructionError::MissingRequiredSignature);
}

#[test]
fn foreign_accounts_with_the_right_bytes_are_refused() {
    let (scene, audit) = committed();
    let Scene { world, auditor, lease, .. } = &scene;
    let reveal = world.revealing_audit(auditor, &audit, &scene.root());
    for original in [address::network(), auditor.node, *lease, audit] {
        let forged = replaced(reveal.clone(), &original, &world.forge(&original));
        world.refuse(forged, &[&auditor.identity], InstructionError::IllegalOwner);
    }
}
