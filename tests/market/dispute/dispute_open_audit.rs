//! `dispute_open_audit`.

use market_model::{MarketError, audit::AuditState, dispute::Stage, lease::LeaseState};
use market_tests::{
    Machine,
    dispute::{Court, Lie},
    world::{only_event, replaced},
};
use render_compute::{errors::RenderError, events::DisputeOpened, state::*};
use render_compute_client::{Address, Signer, address, event::Event};
use solana_instruction_error::InstructionError;

/// A revealed lease and a revealed audit of it.
fn revealed(found: Lie) -> (Court, Machine, Machine, Address, Address) {
    let court = Court::audited();
    let (defender, auditor) = (court.world.machine("defender"), court.world.machine("auditor"));
    let (mut honest, mut found) = (court.claim(0, Lie::None), court.claim(0, found));
    let (lease, audit) = court.attest_audited(&defender, &mut honest, &auditor, &mut found, 0);
    (court, defender, auditor, lease, audit)
}

#[test]
fn an_audit_that_differs_opens_a_dispute_without_a_bond() {
    let (court, defender, auditor, lease, audit) = revealed(Lie::Samples);
    let world = &court.world;
    let (vault, root): (u64, _) = (world.tokens(&address::stake_vault()), world.get::<Lease>(&lease).root);
    let confirmed = world.apply(court.contradicting(&lease, &audit), &[&world.crank]);
    let dispute = address::dispute(&lease, 0);
    let state: Dispute = world.get(&dispute);
    assert_eq!((state.defender, state.defender_key), (defender.node, defender.key()));
    assert_eq!((state.challenger, state.challenger_key), (auditor.node, auditor.key()));
    assert_eq!((state.audit, state.bond, state.payer), (audit, 0, world.crank.pubkey()));
    assert_eq!((state.root, state.stage, state.count), (root, u8::from(Stage::Units), 6));
    assert_eq!(world.tokens(&address::stake_vault()), vault);
    assert_eq!(world.status(&lease), LeaseState::Disputed);
    assert_eq!(world.get::<Audit>(&audit).status, u8::from(AuditState::Disputed));
    let Event::DisputeOpened(event) = only_event(&confirmed) else { panic!("another event") };
    let DisputeOpened { challenger, audit: named, bond, .. } = event;
    assert_eq!((challenger, named, bond), (auditor.node, audit, 0));
}

#[test]
fn a_differing_audit_can_be_disputed_after_the_window_too() {
    let (court, defender, _, lease, audit) = revealed(Lie::Samples);
    let world = &court.world;
    world.prepare_accept(&defender);
    world.warp_to(world.get::<Lease>(&lease).deadline + 50_000);
    world.refuse(world.accepting(&defender, &lease), &[&world.crank], MarketError::AuditsUnfinished);
    court.contradict(&lease, &audit);
}

#[test]
fn an_audit_that_agrees_opens_nothing() {
    let (court, _, _, lease, audit) = revealed(Lie::None);
    court.world.refuse(court.contradicting(&lease, &audit), &[&court.world.crank], RenderError::RootsAgree);
}

#[test]
fn an_audit_opens_one_dispute_at_most() {
    let (court, _, _, lease, audit) = revealed(Lie::Samples);
    court.contradict(&lease, &audit);
    court.world.refuse(court.contradicting(&lease, &audit), &[&court.world.crank], MarketError::LeaseNotRevealed);
    // Nor is the root accepted in between, nor the audit closed.
    let close = render_compute_client::instruction::audit_close(&court.world.get(&audit));
    court.world.refuse(close, &[&court.world.crank], MarketError::AuditStillWanted);
}

#[test]
fn a_lease_that_is_not_revealed_is_not_disputed() {
    let court = Court::audited();
    let (defender, auditor) = (court.world.machine("defender"), court.world.machine("auditor"));
    let lease = court.commit(&defender, 0, &[1; 32]);
    let audit = court.world.audited(&auditor, &lease, &[2; 32]);
    court.world.refuse(court.contradicting(&lease, &audit), &[&court.world.crank], MarketError::LeaseNotRevealed);
}

#[test]
fn an_audit_of_another_attempt_or_state_opens_nothing() {
    let (court, _, _, lease, audit) = revealed(Lie::Samples);
    let world = &court.world;
    let instruction = court.contradicting(&lease, &audit);
    world.alter(&audit, |audit: &mut Audit| audit.status = AuditState::Committed.into());
    world.refuse(instruction.clone(), &[&world.crank], RenderError::AuditNotRevealed);
    world.alter(&audit, |audit: &mut Audit| audit.attempt = 1);
    world.refuse(instruction, &[&world.crank], RenderError::WrongAudit);
}

#[test]
fn no_account_can_be_replaced_by_a_look_alike() {
    let (court, defender, auditor, lease, audit) = revealed(Lie::Samples);
    let world = &court.world;
    let instruction = court.contradicting(&lease, &audit);
    let engine = address::engine(&address::RENDER_ENGINE);
    for account in [address::network(), court.job, engine, defender.node, auditor.node, lease, audit] {
        let forged = world.forge(&account);
        let wrong = replaced(instruction.clone(), &account, &forged);
        world.refuse(wrong, &[&world.crank], InstructionError::IllegalOwner);
    }
    let other = world.machine("other");
    let defended = replaced(instruction.clone(), &defender.node, &other.node);
    world.refuse(defended, &[&world.crank], RenderError::WrongLease);
    let audited = replaced(instruction.clone(), &auditor.node, &other.node);
    world.refuse(audited, &[&world.crank], RenderError::WrongAudit);
    world.alter(&engine, |engine: &mut Engine| engine.referee = Address::default());
    world.refuse(instruction, &[&world.crank], RenderError::NoReferee);
}
