//! `audit_accept`.

use super::{OTHER_ROOT, Scene, VALUE};
use market_model::{MarketError, lease::LeaseState};
use market_tests::{
    World,
    world::{only_event, replaced},
};
use render_compute::{
    constants::{EPOCH_SHARDS, NEUTRAL_REPUTATION, PAUSE_ALL},
    errors::RenderError,
    events::AuditAccepted,
    state::*,
};
use render_compute_client::{Address, address, event::Event, instruction};
use solana_instruction_error::InstructionError;

/// A lease whose window is closed and whose audit found `root`, with everything that the audit's acceptance needs.
fn ready(root: Option<[u8; 32]>) -> (Scene, Address) {
    let scene = Scene::picked();
    let Scene { world, holder, auditor, lease, .. } = &scene;
    let audit = world.audited(auditor, lease, &root.unwrap_or(scene.root()));
    world.apply(World::revealing(holder, lease), &[&holder.identity]);
    world.prepare_accept(auditor);
    world.warp_to(world.get::<Lease>(lease).deadline + 1);
    (scene, audit)
}

#[test]
fn an_auditor_that_agrees_earns_what_the_lease_is_worth() {
    let (Scene { world, requester, auditor, lease, job, .. }, audit) = ready(None);
    let (rent, had) = (world.lamports(&audit), world.lamports(&auditor.key()));
    let before: (Job, CreditAccount) = (world.get(&job), world.get(&requester.credit()));
    let confirmed = world.apply(world.accepting_audit(&auditor, &audit), &[&world.crank]);
    let node: Node = world.get(&auditor.node);
    let event = AuditAccepted {
        audit,
        lease,
        node: auditor.node,
        value: VALUE,
        epoch: 1,
        node_work_after: VALUE,
        unpaid: 0,
        reputation_before: NEUTRAL_REPUTATION,
        reputation_after: node.reputation,
    };
    assert_eq!(only_event(&confirmed), Event::from(event));
    assert_eq!((node.leases_held, node.exposure), (0, 0));
    assert_eq!((node.audits_accepted, node.leases_accepted, node.credits_accepted), (1, 0, VALUE));
    assert_eq!(world.get::<NodeEpoch>(&address::node_epoch(&auditor.node, 1)).work, [VALUE, 0]);
    let shard: EpochShard = world.get(&address::epoch_shard(1, address::shard_of(&auditor.key())));
    assert_eq!(shard.work, [VALUE, 0]);
    assert!(world.find::<Audit>(&audit).is_none());
    assert_eq!(world.lamports(&auditor.key()), had + rent);
    // The escrow does not pay it.
    assert_eq!(world.get::<Job>(&job).escrow, before.0.escrow);
    assert_eq!(world.get::<CreditAccount>(&requester.credit()).available, before.1.available);
}

#[test]
fn a_lease_is_accepted_after_its_audit_with_value_and_premium() {
    let (Scene { world, holder, auditor, lease, job, .. }, audit) = ready(None);
    world.prepare_accept(&holder);
    let accept = world.accepting(&holder, &lease);
    world.refuse(accept.clone(), &[&world.crank], MarketError::AuditsUnfinished);
    world.apply(world.accepting_audit(&auditor, &audit), &[&world.crank]);
    world.apply(accept, &[&world.crank]);
    assert_eq!(world.status(&lease), LeaseState::Accepted);
    // Every lease is audited in this network: the premium is the price.
    let state: Job = world.get(&job);
    assert_eq!((state.spent, state.escrow), (2 * VALUE, 2 * VALUE));
    assert_eq!(world.get::<NodeEpoch>(&address::node_epoch(&holder.node, 1)).work, [VALUE, 0]);
}

#[test]
fn both_acceptances_fit_one_transaction() {
    let (Scene { world, holder, auditor, lease, .. }, audit) = ready(None);
    world.prepare_accept(&holder);
    let both = [world.accepting_audit(&auditor, &audit), world.accepting(&holder, &lease)];
    world.apply_all(&both, &[&world.crank]);
}

#[test]
fn two_auditors_are_both_paid_before_the_holder() {
    let scene = Scene::picked_for_two();
    let Scene { world, holder, auditor, lease, job, .. } = &scene;
    let second = world.machine("second");
    let audits = [world.audit(auditor, lease, 0, &scene.root()), world.audit(&second, lease, 1, &scene.root())];
    for (machine, audit) in [auditor, &second].into_iter().zip(&audits) {
        world.apply(world.revealing_audit(machine, audit, &scene.root()), &[&machine.identity]);
    }
    world.apply(World::revealing(holder, lease), &[&holder.identity]);
    world.accept_audit(&second, &audits[1]);
    world.prepare_accept(holder);
    world.refuse(world.accepting(holder, lease), &[&world.crank], MarketError::AuditsUnfinished);
    world.accept_audit(auditor, &audits[0]);
    world.accept(holder, lease);
    // Value and a premium of twice that.
    assert_eq!(world.get::<Job>(job).spent, 3 * VALUE);
}

#[test]
fn an_audit_is_accepted_from_the_second_after_the_challenge_window() {
    let scene = Scene::picked();
    let Scene { world, holder, auditor, lease, .. } = &scene;
    let audit = world.audited(auditor, lease, &scene.root());
    world.prepare_accept(auditor);
    let accept = world.accepting_audit(auditor, &audit);
    world.refuse(accept.clone(), &[&world.crank], MarketError::LeaseNotRevealed);
    world.apply(World::revealing(holder, lease), &[&holder.identity]);
    let closes = world.get::<Lease>(lease).deadline;
    for early in [closes - 1, closes] {
        world.warp_to(early);
        world.refuse(accept.clone(), &[&world.crank], MarketError::ChallengeWindowOpen);
    }
    world.warp_to(closes + 1);
    world.apply(accept, &[&world.crank]);
}

#[test]
fn an_auditor_that_found_another_root_is_not_paid() {
    let (Scene { world, holder, auditor, lease, .. }, audit) = ready(Some(OTHER_ROOT));
    world.refuse(world.accepting_audit(&auditor, &audit), &[&world.crank], RenderError::RootsDiffer);
    world.prepare_accept(&holder);
    world.refuse(world.accepting(&holder, &lease), &[&world.crank], MarketError::AuditsUnfinished);
}

#[test]
fn an_audit_is_accepted_once() {
    let (Scene { world, auditor, .. }, audit) = ready(None);
    let accept = world.accepting_audit(&auditor, &audit);
    world.apply(accept.clone(), &[&world.crank]);
    assert!(world.send(&[accept], &[&world.crank]).is_err());
}

#[test]
fn an_audits_work_counts_in_the_epoch_of_its_acceptance() {
    let (Scene { world, auditor, .. }, audit) = ready(None);
    let first = world.accepting_audit(&auditor, &audit);
    world.warp_to(world.get::<Epoch>(&address::epoch(1)).ends_at);
    world.refuse(first, &[&world.crank], RenderError::OutsideEpoch);
    world.end_epoch();
    world.accept_audit(&auditor, &audit);
    assert_eq!(world.get::<NodeEpoch>(&address::node_epoch(&auditor.node, 2)).work, [VALUE, 0]);
}

#[test]
fn acceptance_is_not_stopped_by_any_pause() {
    let (Scene { world, auditor, .. }, audit) = ready(None);
    world.apply(instruction::network_pause(&world.authority_key(), PAUSE_ALL), &[&world.authority]);
    world.apply(world.accepting_audit(&auditor, &audit), &[&world.crank]);
}

#[test]
fn another_node_does_not_earn_and_another_wallet_does_not_get_the_rent() {
    let (Scene { world, holder, auditor, .. }, audit) = ready(None);
    world.prepare_accept(&holder);
    let accept = world.accepting_audit(&auditor, &audit);
    let stolen = replaced(accept.clone(), &auditor.node, &holder.node);
    world.refuse(stolen, &[&world.crank], RenderError::WrongAudit);
    let (own, others) = (address::node_epoch(&auditor.node, 1), address::node_epoch(&holder.node, 1));
    world.refuse(replaced(accept.clone(), &own, &others), &[&world.crank], RenderError::WrongEpoch);
    world.refuse(replaced(accept, &auditor.key(), &holder.key()), &[&world.crank], RenderError::WrongAudit);
}

#[test]
fn another_lease_does_not_vouch_for_it() {
    let (Scene { world, holder, auditor, lease, job, .. }, audit) = ready(None);
    let other = world.picked(&holder, &job, 1);
    let accept = replaced(world.accepting_audit(&auditor, &audit), &lease, &other);
    world.refuse(accept, &[&world.crank], RenderError::WrongAudit);
}

#[test]
fn another_shard_is_refused() {
    let (Scene { world, auditor, .. }, audit) = ready(None);
    let own = address::shard_of(&auditor.key());
    let next = (own + 1) % EPOCH_SHARDS;
    if world.find::<EpochShard>(&address::epoch_shard(1, next)).is_none() {
        world.apply(instruction::epoch_shard_open(&world.crank_key(), 1, next), &[&world.crank]);
    }
    let accept = world.accepting_audit(&auditor, &audit);
    let shifted = replaced(accept, &address::epoch_shard(1, own), &address::epoch_shard(1, next));
    world.refuse(shifted, &[&world.crank], RenderError::WrongShard);
}

#[test]
fn foreign_accounts_with_the_right_bytes_are_refused() {
    let (Scene { world, auditor, lease, .. }, audit) = ready(None);
    let accept = world.accepting_audit(&auditor, &audit);
    let shard = address::epoch_shard(1, address::shard_of(&auditor.key()));
    let record = address::node_epoch(&auditor.node, 1);
    for original in [address::network(), lease, audit, auditor.node, address::epoch(1), shard, record] {
        let forged = replaced(accept.clone(), &original, &world.forge(&original));
        world.refuse(forged, &[&world.crank], InstructionError::IllegalOwner);
    }
}
