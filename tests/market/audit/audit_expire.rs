//! `audit_expire`.

use super::{PENALTY, Scene};
use market_model::{MarketError, lease::LeaseState};
use market_tests::{
    World,
    world::{RENDER, replaced},
};
use render_compute::{constants::NEUTRAL_REPUTATION, errors::RenderError, events::*, state::*};
use render_compute_client::{Address, address, event::Event, instruction};
use solana_instruction_error::InstructionError;

/// One percent of the least stake.
const EXPIRY_PENALTY: u64 = RENDER;

fn claimed() -> (Scene, Address) {
    let scene = Scene::picked();
    let audit = scene.world.claim_audit(&scene.auditor, &scene.lease, 0);
    (scene, audit)
}

fn committed() -> (Scene, Address) {
    let (scene, audit) = claimed();
    scene.world.commit_audit(&scene.auditor, &audit, &scene.root());
    (scene, audit)
}

#[test]
fn an_audit_that_is_not_committed_in_time_costs_what_a_missed_lease_does_and_is_open_again() {
    let (Scene { world, auditor, lease, .. }, audit) = claimed();
    let (before, state) = (world.get::<Node>(&auditor.node), world.get::<Audit>(&audit));
    world.warp_to(state.deadline + 50);
    let rent = world.lamports(&audit);
    let had = world.lamports(&auditor.key());
    let confirmed = world.apply(instruction::audit_expire(&state), &[&world.crank]);
    let (now, after) = (world.time(), world.get::<Node>(&auditor.node));
    let expired = AuditExpired {
        audit,
        lease,
        node: auditor.node,
        missed: state.deadline,
        // The race starts anew when the deadline was missed; the wait when somebody says so.
        entered_at: state.deadline + 1,
        deadline: now + 600,
        audits: 1,
        status: u64::from(u8::from(LeaseState::Auditing)),
        reputation_before: NEUTRAL_REPUTATION,
        reputation_after: after.reputation,
    };
    let slashed = StakeSlashed {
        node: auditor.node,
        evidence: audit,
        from_stake: EXPIRY_PENALTY,
        from_unbonding: 0,
        reason: SLASH_AUDIT_EXPIRED,
    };
    assert_eq!(confirmed.events, [Event::from(expired), Event::from(slashed)]);
    assert_eq!((after.stake, after.slashed), (before.stake - EXPIRY_PENALTY, EXPIRY_PENALTY));
    assert_eq!((after.leases_held, after.exposure, after.leases_expired), (0, 0, 1));
    assert_eq!(world.lamports(&auditor.key()), had + rent);
    assert!(world.find::<Audit>(&audit).is_none());
    let lease: Lease = world.get(&lease);
    assert_eq!((lease.audits_claimed, lease.audit_attempt, lease.auditors[0]), (0, 1, Address::default()));
}

#[test]
fn an_audit_that_was_given_up_is_claimed_again_at_the_same_address() {
    let (Scene { world, auditor, lease, .. }, audit) = claimed();
    let other = world.machine("other");
    world.warp_to(world.get::<Audit>(&audit).deadline + 1);
    world.apply(instruction::audit_expire(&world.get(&audit)), &[&world.crank]);
    assert_eq!(world.claim_audit(&other, &lease, 0), audit);
    assert_eq!(world.get::<Audit>(&audit).node, other.node);
    world.warp_to(world.get::<Audit>(&audit).deadline + 1);
    world.apply(instruction::audit_expire(&world.get(&audit)), &[&world.crank]);
    // The first auditor may try again too.
    world.claim_audit(&auditor, &lease, 0);
    assert_eq!(world.get::<Lease>(&lease).audit_attempt, 2);
}

#[test]
fn an_audit_expires_from_the_second_after_its_deadline() {
    let (Scene { world, .. }, audit) = claimed();
    let state: Audit = world.get(&audit);
    for early in [state.deadline - 1, state.deadline] {
        world.warp_to(early);
        world.refuse(instruction::audit_expire(&state), &[&world.crank], MarketError::AuditNotExpired);
    }
    world.warp_to(state.deadline + 1);
    world.apply(instruction::audit_expire(&state), &[&world.crank]);
}

#[test]
fn an_audit_that_is_hidden_costs_its_whole_penalty_and_is_asked_of_another_node() {
    let (scene, audit) = committed();
    let Scene { world, auditor, lease, .. } = &scene;
    let (before, missed) = (world.get::<Node>(&auditor.node), world.get::<Lease>(lease).deadline);
    let expire = instruction::audit_expire(&world.get(&audit));
    world.warp_to(missed);
    world.refuse(expire.clone(), &[&world.crank], MarketError::AuditNotExpired);
    world.warp_to(missed + 1);
    let confirmed = world.apply(expire, &[&world.crank]);
    let after: Node = world.get(&auditor.node);
    let [Event::AuditExpired(expired), Event::StakeSlashed(slashed)] = confirmed.events[..] else {
        panic!("{confirmed:?}")
    };
    assert_eq!((expired.missed, expired.entered_at, expired.audits), (missed, missed + 1, 1));
    assert_eq!((slashed.reason, slashed.evidence, slashed.from_stake), (SLASH_AUDIT_REVEAL_MISSED, audit, PENALTY));
    assert_eq!((after.stake, after.slashed), (before.stake - PENALTY, PENALTY));
    assert_eq!(world.status(lease), LeaseState::Auditing);
    let other = world.machine("other");
    world.audited(&other, lease, &scene.root());
    world.apply(World::revealing(&scene.holder, lease), &[&scene.holder.identity]);
}

#[test]
fn one_that_is_hidden_before_any_root_is_public_is_replaced_while_the_other_waits() {
    let scene = Scene::picked_for_two();
    let Scene { world, auditor, lease, .. } = &scene;
    let (second, third) = (world.machine("second"), world.machine("third"));
    let hidden = world.audit(auditor, lease, 0, &scene.root());
    let waiting = world.audit(&second, lease, 1, &scene.root());
    world.warp_to(world.get::<Lease>(lease).deadline + 1);
    world.apply(instruction::audit_expire(&world.get(&hidden)), &[&world.crank]);
    let state: Lease = world.get(lease);
    assert_eq!((world.status(lease), state.audits_claimed, state.audits_committed), (LeaseState::Auditing, 1, 1));
    // It has lost nothing, and cannot be called late while claims are open.
    world.refuse(instruction::audit_expire(&world.get(&waiting)), &[&world.crank], MarketError::AuditNotExpired);
    let replaced = world.audit(&third, lease, 0, &scene.root());
    assert_eq!(world.status(lease), LeaseState::Opening);
    for (machine, audit) in [(&second, waiting), (&third, replaced)] {
        world.apply(world.revealing_audit(machine, &audit, &scene.root()), &[&machine.identity]);
    }
    assert_eq!(world.status(lease), LeaseState::Committed);
}

#[test]
fn one_that_is_hidden_after_another_root_is_public_is_owed_no_more() {
    let scene = Scene::picked_for_two();
    let Scene { world, holder, auditor, lease, .. } = &scene;
    let second = world.machine("second");
    let shown = world.audit(auditor, lease, 0, &scene.root());
    let hidden = world.audit(&second, lease, 1, &scene.root());
    world.apply(world.revealing_audit(auditor, &shown, &scene.root()), &[&auditor.identity]);
    world.warp_to(world.get::<Lease>(lease).deadline + 1);
    world.refuse(instruction::audit_expire(&world.get(&shown)), &[&world.crank], MarketError::AuditNotExpired);
    let confirmed = world.apply(instruction::audit_expire(&world.get(&hidden)), &[&world.crank]);
    let Event::AuditExpired(expired) = confirmed.events[0] else { panic!("{confirmed:?}") };
    assert_eq!((expired.audits, expired.deadline), (1, world.time() + 90));
    assert_eq!(world.status(lease), LeaseState::Committed);
    world.apply(World::revealing(holder, lease), &[&holder.identity]);
    world.accept_audit(auditor, &shown);
    world.accept(holder, lease);
}

#[test]
fn an_audit_that_was_revealed_never_expires() {
    let (scene, audit) = committed();
    let Scene { world, auditor, .. } = &scene;
    world.apply(world.revealing_audit(auditor, &audit, &scene.root()), &[&auditor.identity]);
    world.warp(50_000);
    world.refuse(instruction::audit_expire(&world.get(&audit)), &[&world.crank], MarketError::AuditNotExpired);
}

#[test]
fn another_nodes_stake_does_not_pay() {
    let (Scene { world, holder, auditor, .. }, audit) = claimed();
    let state: Audit = world.get(&audit);
    world.warp_to(state.deadline + 1);
    let expire = instruction::audit_expire(&state);
    let other = replaced(expire.clone(), &auditor.node, &holder.node);
    world.refuse(other, &[&world.crank], RenderError::WrongAudit);
    let rent = replaced(expire, &auditor.key(), &holder.key());
    world.refuse(rent, &[&world.crank], RenderError::WrongAudit);
}

#[test]
fn another_lease_does_not_lose_the_audit() {
    let (Scene { world, holder, job, lease, .. }, audit) = claimed();
    let other = world.picked(&holder, &job, 1);
    let state: Audit = world.get(&audit);
    world.warp_to(state.deadline + 1);
    let expire = replaced(instruction::audit_expire(&state), &lease, &other);
    world.refuse(expire, &[&world.crank], RenderError::WrongAudit);
}

#[test]
fn foreign_accounts_with_the_right_bytes_are_refused() {
    let (Scene { world, auditor, lease, .. }, audit) = claimed();
    let state: Audit = world.get(&audit);
    world.warp_to(state.deadline + 1);
    let expire = instruction::audit_expire(&state);
    for original in [address::network(), auditor.node, lease, audit] {
        let forged = replaced(expire.clone(), &original, &world.forge(&original));
        world.refuse(forged, &[&world.crank], InstructionError::IllegalOwner);
    }
}
