//! `audit_close`.

use super::Scene;
use market_model::MarketError;
use market_tests::{
    Machine,
    world::{only_event, replaced},
};
use render_compute::{errors::RenderError, events::AuditClosed, state::*};
use render_compute_client::{Address, event::Event, instruction};
use solana_instruction_error::InstructionError;

/// Two audits of a lease that was forfeited: one was closed by that, the other is left over.
fn left_over() -> (Scene, Machine, Address) {
    let scene = Scene::picked_for_two();
    let Scene { world, auditor, lease, .. } = &scene;
    let second = world.machine("second");
    let audits = [world.audit(auditor, lease, 0, &scene.root()), world.audit(&second, lease, 1, &scene.root())];
    for (machine, audit) in [auditor, &second].into_iter().zip(&audits) {
        world.apply(world.revealing_audit(machine, audit, &scene.root()), &[&machine.identity]);
    }
    world.warp_to(world.get::<Lease>(lease).deadline + 1);
    let [first, left] = audits;
    let close = instruction::audit_close(&world.get(&left));
    world.refuse(close, &[&world.crank], MarketError::AuditStillWanted);
    world.apply(instruction::audit_forfeit(&world.get(lease), &world.get(&first)), &[&world.crank]);
    (scene, second, left)
}

#[test]
fn an_audit_of_an_attempt_that_is_over_frees_its_node() {
    let (Scene { world, lease, .. }, second, audit) = left_over();
    let before: Node = world.get(&second.node);
    assert_eq!(before.leases_held, 1);
    let (rent, had) = (world.lamports(&audit), world.lamports(&second.key()));
    let confirmed = world.apply(instruction::audit_close(&world.get(&audit)), &[&world.crank]);
    let event = AuditClosed { audit, lease, node: second.node, payer: second.key() };
    assert_eq!(only_event(&confirmed), Event::from(event));
    let after: Node = world.get(&second.node);
    assert_eq!((after.leases_held, after.exposure), (0, 0));
    assert_eq!((after.stake, after.slashed, after.reputation), (before.stake, before.slashed, before.reputation));
    assert!(world.find::<Audit>(&audit).is_none());
    assert_eq!(world.lamports(&second.key()), had + rent);
}

#[test]
fn an_audit_whose_lease_is_gone_is_closed() {
    let (Scene { world, requester, job, lease, .. }, _, audit) = left_over();
    world.apply(instruction::job_cancel(&requester.key(), &job), &[&requester.wallet]);
    for index in 0..2 {
        world.apply(instruction::lease_release(&job, &requester.key(), index), &[&world.crank]);
    }
    world.warp_to(world.get::<Job>(&job).deadline + 1);
    world.apply(instruction::lease_close(&world.get(&lease)), &[&world.crank]);
    world.apply(instruction::audit_close(&world.get(&audit)), &[&world.crank]);
}

#[test]
fn an_audit_of_the_present_attempt_is_not_closed() {
    let scene = Scene::picked();
    let Scene { world, holder, auditor, lease, .. } = &scene;
    let audit = world.claim_audit(auditor, lease, 0);
    let close = instruction::audit_close(&world.get(&audit));
    world.refuse(close.clone(), &[&world.crank], MarketError::AuditStillWanted);
    world.commit_audit(auditor, &audit, &scene.root());
    world.refuse(close.clone(), &[&world.crank], MarketError::AuditStillWanted);
    world.apply(world.revealing_audit(auditor, &audit, &scene.root()), &[&auditor.identity]);
    world.apply(market_tests::World::revealing(holder, lease), &[&holder.identity]);
    world.warp(50_000);
    world.refuse(close, &[&world.crank], MarketError::AuditStillWanted);
}

#[test]
fn only_the_audits_own_lease_node_and_payer_are_taken() {
    let (Scene { world, holder, lease, .. }, second, audit) = left_over();
    let close = instruction::audit_close(&world.get(&audit));
    // An empty address would say that the lease is gone.
    let nowhere = replaced(close.clone(), &lease, &holder.operator());
    world.refuse(nowhere, &[&world.crank], RenderError::WrongAudit);
    let other = replaced(close.clone(), &second.node, &holder.node);
    world.refuse(other, &[&world.crank], RenderError::WrongAudit);
    let rent = replaced(close, &second.key(), &holder.key());
    world.refuse(rent, &[&world.crank], RenderError::WrongAudit);
}

#[test]
fn foreign_accounts_with_the_right_bytes_are_refused() {
    let (Scene { world, .. }, second, audit) = left_over();
    let close = instruction::audit_close(&world.get(&audit));
    for original in [second.node, audit] {
        let forged = replaced(close.clone(), &original, &world.forge(&original));
        world.refuse(forged, &[&world.crank], InstructionError::IllegalOwner);
    }
}
