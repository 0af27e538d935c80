//! `audit_claim`.

use super::{PENALTY, Scene, VALUE};
use market_model::MarketError;
use market_tests::{
    Machine, World,
    world::{PENALTY_PER_CREDIT, RENDER, USD, audited_parameters, offer, only_event, order, replaced, unsigned},
};
use render_compute::{constants::*, errors::RenderError, events::AuditClaimed, instructions::JobOrder, race, state::*};
use render_compute_client::{Signer, address, event::Event, instruction};
use solana_instruction_error::InstructionError;

/// Waits until every delay has passed, so that only requirements can refuse.
fn past_the_race(world: &World) {
    world.warp(world.network().parameters().race_delay_cap_ms / 1_000 + 1);
}

#[test]
fn a_node_of_another_operator_holds_the_audit_it_claims() {
    let Scene { world, auditor, lease, job, .. } = Scene::picked();
    world.warp_to(world.audit_turn(&auditor, &lease, 0));
    let (node, state) = (world.get::<Node>(&auditor.node), world.get::<Lease>(&lease));
    let reputation =
        node.reputation_model().decayed(world.time(), &world.network().parameters().reputation_rules()).unwrap();
    let entry =
        race::audit_entry(&world.network(), &job, &world.get(&job), &state, 0, &auditor.node, &node, &reputation)
            .unwrap();
    let confirmed = world.apply(world.claiming_audit(&auditor, &lease, 0), &[&auditor.identity]);
    let (now, audit) = (world.time(), address::audit(&lease, 0, 0));
    let event = AuditClaimed {
        audit,
        lease,
        node: auditor.node,
        operator: auditor.operator(),
        value: VALUE,
        penalty: PENALTY,
        weight: entry.weight,
        delay_ms: entry.delay_ms,
        claimed_at: now,
        deadline: now + 300,
        index: 0,
        attempt: 0,
    };
    assert_eq!(only_event(&confirmed), Event::from(event));
    let held: Audit = world.get(&audit);
    assert_eq!((held.lease, held.node, held.payer), (lease, auditor.node, auditor.key()));
    assert_eq!((held.value, held.penalty, held.status, held.deadline), (VALUE, PENALTY, 0, now + 300));
    let node: Node = world.get(&auditor.node);
    assert_eq!((node.leases_held, node.exposure), (1, PENALTY));
    let after: Lease = world.get(&lease);
    assert_eq!((after.audits_claimed, after.auditors[0], after.deadline), (1, auditor.operator(), state.deadline));
}

#[test]
fn a_claim_a_second_before_the_auditors_turn_is_refused() {
    let scene = Scene::picked_for_two();
    let world = &scene.world;
    // The audit for which this node's delay is long enough to be early.
    let index = (0..2).max_by_key(|index| world.audit_turn(&scene.auditor, &scene.lease, *index)).unwrap();
    let turn = world.audit_turn(&scene.auditor, &scene.lease, index);
    assert!(turn > world.time() + 1, "the seed gives this machine no delay");
    let claim = world.claiming_audit(&scene.auditor, &scene.lease, index);
    world.warp_to(turn - 1);
    world.refuse(claim.clone(), &[&scene.auditor.identity], MarketError::NotYetEligible);
    world.warp_to(turn);
    world.apply(claim, &[&scene.auditor.identity]);
}

#[test]
fn stake_that_came_after_the_commitment_waits_as_long_as_anyone_may_have_to() {
    let Scene { world, auditor, lease, .. } = Scene::picked();
    let early = world.audit_turn(&auditor, &lease, 0);
    let deposit = instruction::stake_deposit(&auditor.operator(), &auditor.key(), &auditor.payout, 1);
    world.apply(deposit, &[&auditor.wallet]);
    let turn = world.get::<Lease>(&lease).entered_at + 120;
    assert_eq!(world.audit_turn(&auditor, &lease, 0), turn);
    assert!(early < turn);
}

#[test]
fn an_audit_is_claimed_up_to_the_end_of_the_wait() {
    let Scene { world, auditor, lease, .. } = Scene::picked();
    let deadline = world.get::<Lease>(&lease).deadline;
    let claim = world.claiming_audit(&auditor, &lease, 0);
    world.warp_to(deadline + 1);
    world.refuse(claim, &[&auditor.identity], MarketError::AuditDeadlinePassed);
    let Scene { world, auditor, lease, .. } = Scene::picked();
    world.warp_to(deadline);
    world.apply(world.claiming_audit(&auditor, &lease, 0), &[&auditor.identity]);
}

#[test]
fn the_holder_and_its_operators_other_nodes_do_not_audit_it() {
    let Scene { world, holder, lease, .. } = Scene::picked();
    past_the_race(&world);
    // Anchor refuses an account that is both read and changed.
    let own = world.claiming_audit(&holder, &lease, 0);
    world.refuse(own, &[&holder.identity], InstructionError::Custom(2040));
    let Machine { wallet, payout, .. } = holder;
    let sister = world.machine_of("sister", wallet, payout, offer(), 200 * RENDER);
    past_the_race(&world);
    let claim = world.claiming_audit(&sister, &lease, 0);
    world.refuse(claim, &[&sister.identity], RenderError::SameOperator);
}

#[test]
fn the_holder_named_by_the_claim_is_the_leases() {
    let Scene { world, holder, auditor, lease, .. } = Scene::picked();
    let Machine { wallet, payout, node, .. } = holder;
    let sister = world.machine_of("sister", wallet, payout, offer(), 200 * RENDER);
    past_the_race(&world);
    // Under another holder's name the holder's operator could audit itself.
    let claim = replaced(world.claiming_audit(&sister, &lease, 0), &node, &auditor.node);
    world.refuse(claim, &[&sister.identity], RenderError::WrongLease);
}

#[test]
fn one_operator_has_one_audit_of_a_lease() {
    let Scene { world, auditor, lease, .. } = Scene::picked_for_two();
    world.claim_audit(&auditor, &lease, 0);
    past_the_race(&world);
    let again = world.claiming_audit(&auditor, &lease, 1);
    world.refuse(again, &[&auditor.identity], RenderError::SameOperator);
    let Machine { wallet, payout, .. } = auditor;
    let sister = world.machine_of("sister", wallet, payout, offer(), 200 * RENDER);
    past_the_race(&world);
    let claim = world.claiming_audit(&sister, &lease, 1);
    world.refuse(claim, &[&sister.identity], RenderError::SameOperator);
    let third = world.machine("third");
    past_the_race(&world);
    world.claim_audit(&third, &lease, 1);
    assert_eq!(world.get::<Lease>(&lease).audits_claimed, 2);
}

#[test]
fn an_audit_is_claimed_once() {
    let Scene { world, auditor, lease, .. } = Scene::picked();
    let other = world.machine("other");
    world.claim_audit(&auditor, &lease, 0);
    past_the_race(&world);
    let taken = world.claiming_audit(&other, &lease, 0);
    assert!(world.send(&[taken], &[&other.identity]).is_err());
    let next = world.claiming_audit(&other, &lease, 1);
    world.refuse(next, &[&other.identity], MarketError::LeaseNotAuditing);
}

#[test]
fn an_audit_that_the_lease_does_not_owe_is_refused() {
    let Scene { world, auditor, lease, .. } = Scene::picked_for_two();
    past_the_race(&world);
    for index in [2, 3, u8::MAX] {
        let claim = world.claiming_audit(&auditor, &lease, index);
        world.refuse(claim, &[&auditor.identity], RenderError::NoSuchAudit);
    }
}

#[test]
fn a_lease_that_was_not_picked_has_no_audits() {
    let world = World::new();
    let requester = world.requester_with("requester", USD);
    let (machine, auditor) = (world.machine("machine"), world.machine("auditor"));
    let job = world.open_seeded(&requester, order());
    let lease = world.claim(&machine, &job, 0);
    past_the_race(&world);
    let claim = world.claiming_audit(&auditor, &lease, 0);
    world.refuse(claim.clone(), &[&auditor.identity], MarketError::LeaseNotAuditing);
    world.commit(&machine, &lease);
    past_the_race(&world);
    world.refuse(claim, &[&auditor.identity], MarketError::LeaseNotAuditing);
}

#[test]
fn a_pause_of_leases_does_not_keep_what_is_held_from_being_audited() {
    let Scene { world, auditor, lease, .. } = Scene::picked();
    past_the_race(&world);
    let claim = world.claiming_audit(&auditor, &lease, 0);
    world.apply(instruction::network_pause(&world.authority_key(), PAUSE_LEASES), &[&world.authority]);
    world.apply(claim, &[&auditor.identity]);
}

#[test]
fn an_auditor_meets_the_jobs_requirements() {
    let Scene { world, auditor, lease, .. } = Scene::picked();
    past_the_race(&world);
    let claim = world.claiming_audit(&auditor, &lease, 0);
    let drain = |draining| instruction::node_drain(&auditor.operator(), &auditor.key(), draining);
    world.apply(drain(true), &[&auditor.wallet]);
    world.refuse(claim.clone(), &[&auditor.identity], RenderError::NodeDraining);
    world.apply(drain(false), &[&auditor.wallet]);
    let dear = render_compute::instructions::NodeOffer { asks: [u64::MAX / 10_000, 0], ..offer() };
    world.apply(instruction::node_update(&auditor.operator(), &auditor.key(), dear), &[&auditor.wallet]);
    // Its ask does not count: else work below every honest ask would be audited by nobody.
    world.apply(claim, &[&auditor.identity]);
}

#[test]
fn an_auditors_stake_covers_its_penalty_to_the_last_unit() {
    // 60 USD are 132 RENDER of penalty: above the least stake of 100.
    let value = 60 * USD;
    let penalty = value * PENALTY_PER_CREDIT;
    for (stake, covers) in [(penalty - 1, false), (penalty, true)] {
        let world = World::with(1, 1, audited_parameters());
        let requester = world.requester_with("requester", 200 * USD);
        let (holder, auditor) = (world.machine("holder"), world.machine_with("auditor", offer(), stake));
        let job = world.open_seeded(&requester, JobOrder { units: 1, price_per_unit: value, ..order() });
        let lease = world.picked(&holder, &job, 0);
        past_the_race(&world);
        let claim = world.claiming_audit(&auditor, &lease, 0);
        if covers {
            world.apply(claim, &[&auditor.identity]);
        } else {
            world.refuse(claim, &[&auditor.identity], MarketError::StakeDoesNotCover);
        }
    }
}

#[test]
fn only_the_nodes_identity_claims() {
    let Scene { world, auditor, lease, .. } = Scene::picked();
    let other = world.machine("other");
    past_the_race(&world);
    let claim = world.claiming_audit(&auditor, &lease, 0);
    let stolen = replaced(claim.clone(), &auditor.key(), &other.key());
    world.refuse(stolen, &[&other.identity], RenderError::NotIdentity);
    let by_operator = replaced(claim.clone(), &auditor.key(), &auditor.wallet.pubkey());
    world.refuse(by_operator, &[&auditor.wallet], RenderError::NotIdentity);
    let nobody = unsigned(claim, &auditor.key());
    world.refuse(nobody, &[&world.crank], InstructionError::MissingRequiredSignature);
}

#[test]
fn another_job_does_not_set_the_requirements() {
    let Scene { world, requester, auditor, lease, job, .. } = Scene::picked();
    let other = world.open_seeded(&requester, order());
    past_the_race(&world);
    let claim = replaced(world.claiming_audit(&auditor, &lease, 0), &job, &other);
    world.refuse(claim, &[&auditor.identity], RenderError::WrongLease);
}

#[test]
fn foreign_accounts_with_the_right_bytes_are_refused() {
    let Scene { world, holder, auditor, lease, job, .. } = Scene::picked();
    past_the_race(&world);
    let claim = world.claiming_audit(&auditor, &lease, 0);
    for original in [address::network(), job, holder.node, auditor.node, lease] {
        let forged = replaced(claim.clone(), &original, &world.forge(&original));
        world.refuse(forged, &[&auditor.identity], InstructionError::IllegalOwner);
    }
}

#[test]
fn the_audit_of_another_index_attempt_or_lease_is_refused() {
    let Scene { world, auditor, lease, job, .. } = Scene::picked();
    past_the_race(&world);
    let claim = world.claiming_audit(&auditor, &lease, 0);
    let own = address::audit(&lease, 0, 0);
    for other in [address::audit(&lease, 0, 1), address::audit(&lease, 1, 0), address::audit(&job, 0, 0)] {
        let moved = replaced(claim.clone(), &own, &other);
        world.refuse(moved, &[&auditor.identity], InstructionError::InvalidSeeds);
    }
}
