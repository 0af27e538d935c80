//! `audit_lapse`.

use super::Scene;
use market_model::{MarketError, lease::LeaseState};
use market_tests::{
    World,
    world::{only_event, replaced},
};
use render_compute::{events::AuditLapsed, state::*};
use render_compute_client::{address, event::Event, instruction};
use solana_instruction_error::InstructionError;

#[test]
fn a_lease_that_nobody_audits_goes_on_alone_after_the_wait() {
    let Scene { world, holder, lease, .. } = Scene::picked();
    let lapse = instruction::audit_lapse(&world.get(&lease));
    let deadline = world.get::<Lease>(&lease).deadline;
    for early in [deadline - 1, deadline] {
        world.warp_to(early);
        world.refuse(lapse.clone(), &[&world.crank], MarketError::AuditStillWanted);
    }
    world.warp_to(deadline + 1);
    let confirmed = world.apply(lapse.clone(), &[&world.crank]);
    let reveal_by = deadline + 1 + 60;
    let event = AuditLapsed {
        lease,
        before: 1,
        after: 0,
        status: u64::from(u8::from(LeaseState::Committed)),
        deadline: reveal_by,
    };
    assert_eq!(only_event(&confirmed), Event::from(event));
    world.refuse(lapse, &[&world.crank], MarketError::LeaseNotAuditing);
    world.warp_to(reveal_by);
    world.apply(World::revealing(&holder, &lease), &[&holder.identity]);
    world.accept(&holder, &lease);
    assert_eq!(world.status(&lease), LeaseState::Accepted);
}

#[test]
fn an_audit_that_is_under_way_is_waited_for() {
    let Scene { world, auditor, lease, .. } = Scene::picked();
    let deadline = world.get::<Lease>(&lease).deadline;
    world.warp_to(deadline);
    let audit = world.claim_audit(&auditor, &lease, 0);
    world.warp_to(deadline + 1);
    let lapse = instruction::audit_lapse(&world.get(&lease));
    world.refuse(lapse.clone(), &[&world.crank], MarketError::AuditStillWanted);
    world.commit_audit(&auditor, &audit, &World::root(&lease));
    world.refuse(lapse, &[&world.crank], MarketError::LeaseNotAuditing);
}

#[test]
fn the_audits_that_are_there_count() {
    let scene = Scene::picked_for_two();
    let Scene { world, holder, auditor, lease, .. } = &scene;
    let audit = world.audit(auditor, lease, 1, &scene.root());
    world.warp_to(world.get::<Lease>(lease).deadline + 1);
    let confirmed = world.apply(instruction::audit_lapse(&world.get(lease)), &[&world.crank]);
    let Event::AuditLapsed(event) = only_event(&confirmed) else { panic!("{confirmed:?}") };
    assert_eq!((event.before, event.after, event.deadline), (2, 1, world.time() + 90));
    assert_eq!(world.status(lease), LeaseState::Opening);
    world.apply(world.revealing_audit(auditor, &audit, &scene.root()), &[&auditor.identity]);
    world.apply(World::revealing(holder, lease), &[&holder.identity]);
    world.accept_audit(auditor, &audit);
    world.accept(holder, lease);
}

#[test]
fn a_lease_without_audits_does_not_lapse() {
    let world = World::new();
    let requester = world.requester_with("requester", market_tests::world::USD);
    let machine = world.machine("machine");
    let job = world.open_seeded(&requester, market_tests::world::order());
    let lease = world.claim(&machine, &job, 0);
    world.commit(&machine, &lease);
    world.warp(5_000);
    let lapse = instruction::audit_lapse(&world.get(&lease));
    world.refuse(lapse, &[&world.crank], MarketError::LeaseNotAuditing);
}

#[test]
fn foreign_accounts_with_the_right_bytes_are_refused() {
    let Scene { world, lease, .. } = Scene::picked();
    world.warp_to(world.get::<Lease>(&lease).deadline + 1);
    let lapse = instruction::audit_lapse(&world.get(&lease));
    for original in [address::network(), lease] {
        let forged = replaced(lapse.clone(), &original, &world.forge(&original));
        world.refuse(forged, &[&world.crank], InstructionError::IllegalOwner);
    }
}
