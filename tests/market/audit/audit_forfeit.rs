//! `audit_forfeit`.

use super::{OTHER_ROOT, PENALTY, Scene};
use market_model::{MarketError, lease::LeaseState};
use market_tests::world::replaced;
use render_compute::{constants::NEUTRAL_REPUTATION, errors::RenderError, events::*, state::*};
use render_compute_client::{Address, Instruction, address, event::Event, instruction};
use solana_instruction_error::InstructionError;

/// 30 % of the penalty.
const FEE: u64 = PENALTY * 3 / 10;

/// A lease that was audited and whose holder has not revealed, at the moment of its deadline.
fn hidden() -> (Scene, Address, Instruction) {
    let scene = Scene::picked();
    let Scene { world, auditor, lease, .. } = &scene;
    let audit = world.audited(auditor, lease, &OTHER_ROOT);
    world.warp_to(world.get::<Lease>(lease).deadline);
    let forfeit = instruction::audit_forfeit(&world.get(lease), &world.get(&audit));
    (scene, audit, forfeit)
}

#[test]
fn a_holder_that_hides_an_audited_result_loses_the_penalty_and_the_auditor_has_its_fee() {
    let (Scene { world, holder, auditor, lease, .. }, audit, forfeit) = hidden();
    let deadline = world.time();
    world.warp_to(deadline + 1);
    let (held, helped): (Node, Node) = (world.get(&holder.node), world.get(&auditor.node));
    let (rent, had) = (world.lamports(&audit), world.lamports(&auditor.key()));
    let confirmed = world.apply(forfeit, &[&world.crank]);
    let (node, winner): (Node, Node) = (world.get(&holder.node), world.get(&auditor.node));
    let expired = LeaseExpired {
        lease,
        node: holder.node,
        deadline,
        claimable_at: deadline + 1,
        reputation_before: NEUTRAL_REPUTATION,
        reputation_after: node.reputation,
    };
    let slashed = StakeSlashed {
        node: holder.node,
        evidence: lease,
        from_stake: PENALTY,
        from_unbonding: 0,
        reason: SLASH_AUDITED_REVEAL_MISSED,
    };
    let forfeited = AuditForfeited {
        audit,
        lease,
        node: holder.node,
        auditor: auditor.node,
        taken: PENALTY,
        fee: FEE,
        auditor_stake_after: winner.stake,
    };
    assert_eq!(confirmed.events, [Event::from(expired), Event::from(slashed), Event::from(forfeited)]);
    assert_eq!((node.stake, node.slashed, node.slashed_total), (held.stake - PENALTY, PENALTY - FEE, PENALTY));
    assert_eq!((node.leases_held, node.exposure, node.leases_expired), (0, 0, 1));
    assert_eq!(winner.stake, helped.stake + FEE);
    assert_eq!((winner.leases_held, winner.exposure), (0, 0));
    assert!(world.find::<Audit>(&audit).is_none());
    assert_eq!(world.lamports(&auditor.key()), had + rent);
    let state: Lease = world.get(&lease);
    assert_eq!((world.status(&lease), state.attempt, state.claimable_at), (LeaseState::Expired, 1, deadline + 1));
    assert_eq!((state.audits_owed, state.audits_revealed, state.audit_seed), (0, 0, [0; 32]));
}

#[test]
fn a_lease_is_forfeited_from_the_second_after_its_deadline() {
    let (Scene { world, .. }, _, forfeit) = hidden();
    world.refuse(forfeit.clone(), &[&world.crank], MarketError::LeaseNotExpired);
    world.warp(1);
    world.apply(forfeit.clone(), &[&world.crank]);
    assert!(world.send(&[forfeit], &[&world.crank]).is_err());
}

#[test]
fn a_lease_that_was_audited_does_not_expire_cheaper() {
    let (Scene { world, lease, .. }, ..) = hidden();
    world.warp(1);
    let expire = instruction::lease_expire(&world.get(&lease));
    world.refuse(expire, &[&world.crank], MarketError::LeaseAudited);
}

#[test]
fn a_forfeited_lease_is_done_by_another_node() {
    let (Scene { world, holder, auditor, job, lease, .. }, _, forfeit) = hidden();
    let third = world.machine("third");
    world.warp(1);
    world.apply(forfeit, &[&world.crank]);
    assert_eq!(world.picked(&auditor, &job, 0), lease);
    assert_eq!(world.audited(&third, &lease, &market_tests::World::root(&lease)), address::audit(&lease, 1, 0));
    let _ = holder;
}

#[test]
fn a_holder_that_has_revealed_forfeits_nothing() {
    let (scene, _, forfeit) = hidden();
    let Scene { world, holder, lease, .. } = &scene;
    world.apply(market_tests::World::revealing(holder, lease), &[&holder.identity]);
    world.warp(50_000);
    world.refuse(forfeit, &[&world.crank], MarketError::LeaseNotCommitted);
}

#[test]
fn another_node_neither_pays_nor_is_paid() {
    let (Scene { world, holder, auditor, .. }, _, forfeit) = hidden();
    let other = world.machine("other");
    world.warp(10);
    let innocent = replaced(forfeit.clone(), &holder.node, &other.node);
    world.refuse(innocent, &[&world.crank], RenderError::WrongLease);
    let finder = replaced(forfeit.clone(), &auditor.node, &other.node);
    world.refuse(finder, &[&world.crank], RenderError::WrongAudit);
    let rent = replaced(forfeit, &auditor.key(), &other.key());
    world.refuse(rent, &[&world.crank], RenderError::WrongAudit);
}

#[test]
fn an_audit_of_another_lease_does_not_show_anything() {
    let scene = Scene::picked();
    let Scene { world, holder, auditor, job, lease, .. } = &scene;
    let (other, second) = (world.picked(holder, job, 1), world.machine("second"));
    let audit = world.audited(auditor, lease, &scene.root());
    let strange = world.audited(&second, &other, &scene.root());
    world.warp_to(world.get::<Lease>(lease).deadline + 1);
    let forfeit = instruction::audit_forfeit(&world.get(lease), &world.get(&audit));
    let forfeit = replaced(forfeit, &audit, &strange);
    world.refuse(forfeit, &[&world.crank], RenderError::WrongAudit);
}

#[test]
fn foreign_accounts_with_the_right_bytes_are_refused() {
    let (Scene { world, holder, auditor, lease, .. }, audit, forfeit) = hidden();
    world.warp(1);
    for original in [address::network(), holder.node, lease, audit, auditor.node] {
        let forged = replaced(forfeit.clone(), &original, &world.forge(&original));
        world.refuse(forged, &[&world.crank], InstructionError::IllegalOwner);
    }
}
