//! `dispute_open`.

use super::Bonded;
use market_model::{MarketError, dispute::Stage, lease::LeaseState};
use market_tests::{
    Machine, Reason, Requester,
    dispute::{Court, Lie},
    world::{RENDER, only_event, replaced, unsigned},
};
use render_compute::{constants::LAYOUT_VERSION, errors::RenderError, events::DisputeOpened, state::*};
use render_compute_client::{Address, address, event::Event};
use solana_instruction_error::InstructionError;

/// A revealed lease of the small picture, and a wallet that could challenge it.
fn revealed() -> (Court, Machine, Address, Requester) {
    let court = Court::small();
    let defender = court.world.machine("defender");
    let lease = court.attest(&defender, 0, &mut court.claim(0, Lie::None));
    let challenger = court.challenger("challenger");
    (court, defender, lease, challenger)
}

#[test]
fn a_challenge_puts_up_a_bond_and_stops_the_lease() {
    let (court, defender, lease, challenger) = revealed();
    let world = &court.world;
    let bond = world.network().parameters().challenge_bond;
    let (vault, before): (u64, Lease) = (world.tokens(&address::stake_vault()), world.get(&lease));
    let confirmed = world.apply(court.challenging(&challenger, &lease), &[&challenger.wallet]);
    let dispute = address::dispute(&lease, 0);
    let state: Dispute = world.get(&dispute);
    assert_eq!((state.lease, state.job, state.payer), (lease, court.job, challenger.key()));
    assert_eq!((state.defender, state.defender_key), (defender.node, defender.key()));
    assert_eq!((state.challenger, state.challenger_key), (challenger.key(), challenger.key()));
    assert_eq!((state.audit, state.referee), (Address::default(), render_referee::ID));
    assert_eq!((state.statement, state.root), (court.picture.statement(), before.root));
    assert_eq!((state.stage, state.first, state.count, state.posted), (u8::from(Stage::Units), 0, 6, 0));
    assert_eq!((state.bond, state.owed, state.forfeited), (bond, 0, 0));
    assert_eq!((state.deadline, state.turn_seconds), (world.time() + 120, 120));
    assert_eq!((state.number, state.attempt, state.moves, state.version), (0, 0, 0, LAYOUT_VERSION));
    assert_eq!((world.status(&lease), world.get::<Lease>(&lease).disputes), (LeaseState::Disputed, 1));
    assert_eq!(world.tokens(&address::stake_vault()), vault + bond);
    assert_eq!(world.tokens(&challenger.render), 100 * RENDER - bond);
    let event = DisputeOpened {
        dispute,
        lease,
        job: court.job,
        payer: challenger.key(),
        defender: defender.node,
        challenger: challenger.key(),
        defender_key: defender.key(),
        challenger_key: challenger.key(),
        audit: Address::default(),
        referee: render_referee::ID,
        root: before.root,
        bond,
        unit: 0,
        count: 6,
        opened_at: world.time(),
        deadline: world.time() + 120,
        number: 0,
        attempt: 0,
    };
    assert_eq!(only_event(&confirmed), Event::from(event));
}

#[test]
fn a_lease_of_one_unit_is_disputed_from_that_unit() {
    let court = Court::new(market_tests::World::new(), market_tests::dispute::Picture::small(), 1, 1);
    let defender = court.world.machine("defender");
    let lease = court.attest(&defender, 4, &mut court.claim(4, Lie::None));
    let dispute = court.challenge(&court.challenger("challenger"), &lease);
    let state: Dispute = court.world.get(&dispute);
    assert_eq!((state.stage, state.unit, state.count), (u8::from(Stage::Unit), 4, 1));
}

#[test]
fn a_root_can_be_denied_until_its_window_closes() {
    for (after, ok) in [(-1, true), (0, true), (1, false)] {
        let (court, _, lease, challenger) = revealed();
        court.world.warp_to(court.world.get::<Lease>(&lease).deadline + after);
        let challenge = court.challenging(&challenger, &lease);
        match ok {
            true => drop(court.world.apply(challenge, &[&challenger.wallet])),
            false => court.world.refuse(challenge, &[&challenger.wallet], MarketError::ChallengeWindowClosed),
        }
    }
}

#[test]
fn only_a_revealed_lease_can_be_denied() {
    let court = Court::small();
    let (world, defender) = (&court.world, court.world.machine("defender"));
    let challenger = court.challenger("challenger");
    let lease = court.commit(&defender, 0, &[1; 32]);
    world.refuse(court.challenging(&challenger, &lease), &[&challenger.wallet], MarketError::LeaseNotRevealed);
    court.reveal(&defender, &lease, [1; 32]);
    court.challenge(&challenger, &lease);
    // One dispute at a time.
    let other = court.challenger("other");
    world.refuse(court.challenging(&other, &lease), &[&other.wallet], MarketError::LeaseNotRevealed);
}

#[test]
fn an_accepted_lease_cannot_be_denied_any_more() {
    let (court, defender, lease, challenger) = revealed();
    court.world.accept(&defender, &lease);
    let challenge = court.challenging(&challenger, &lease);
    court.world.refuse(challenge, &[&challenger.wallet], MarketError::LeaseNotRevealed);
}

#[test]
fn a_lease_under_dispute_is_neither_accepted_nor_expired() {
    let (court, defender, lease, challenger) = revealed();
    court.challenge(&challenger, &lease);
    let world = &court.world;
    world.prepare_accept(&defender);
    world.warp(100_000);
    world.refuse(world.accepting(&defender, &lease), &[&world.crank], MarketError::LeaseNotRevealed);
    let expire = render_compute_client::instruction::lease_expire(&world.get(&lease));
    world.refuse(expire, &[&world.crank], MarketError::LeaseNotExpired);
}

#[test]
fn every_dispute_over_a_lease_has_its_own_address() {
    let mut game = Bonded::new(Lie::None, Lie::Samples);
    game.play();
    game.court.settle(&game.dispute);
    let challenger = game.court.challenger("second");
    let second = game.court.challenge(&challenger, &game.lease);
    assert_ne!(second, game.dispute);
    assert_eq!(game.court.world.get::<Dispute>(&second).number, 1);
}

#[test]
fn an_engine_without_a_referee_or_of_another_format_has_no_disputes() {
    let (court, _, lease, challenger) = revealed();
    let world = &court.world;
    let engine = address::engine(&address::RENDER_ENGINE);
    let challenge = court.challenging(&challenger, &lease);
    world.alter(&engine, |engine: &mut Engine| engine.format = 2);
    world.refuse(challenge.clone(), &[&challenger.wallet], RenderError::WrongFormat);
    world.alter(&engine, |engine: &mut Engine| engine.referee = Address::default());
    world.refuse(challenge, &[&challenger.wallet], RenderError::NoReferee);
}

#[test]
fn nobody_else_can_be_made_to_pay_the_bond() {
    let (court, _, lease, challenger) = revealed();
    let (world, victim) = (&court.world, court.challenger("victim"));
    let challenge = court.challenging(&challenger, &lease);
    let unpaid = replaced(challenge.clone(), &challenger.render, &victim.render);
    // The token program: the signer does not own the account.
    world.refuse(unpaid, &[&challenger.wallet], Reason::Token(4));
    let unsigned = unsigned(challenge, &challenger.key());
    world.refuse(unsigned, &[&world.crank], InstructionError::MissingRequiredSignature);
}

#[test]
fn a_wallet_without_the_bond_cannot_challenge() {
    let (court, _, lease, _) = revealed();
    let wallet = court.world.wallet("poor");
    let render = court.world.render(&wallet, court.world.network().parameters().challenge_bond - 1);
    let poor = Requester { wallet, render };
    // The token program: insufficient funds.
    court.world.refuse(court.challenging(&poor, &lease), &[&poor.wallet], Reason::Token(1));
}

#[test]
fn no_account_can_be_replaced_by_a_look_alike() {
    let (court, defender, lease, challenger) = revealed();
    let (world, other) = (&court.world, court.world.machine("other"));
    let challenge = court.challenging(&challenger, &lease);
    let engine = address::engine(&address::RENDER_ENGINE);
    let signers = [&challenger.wallet];
    for account in [address::network(), court.job, engine, defender.node, lease] {
        let forged = world.forge(&account);
        world.refuse(replaced(challenge.clone(), &account, &forged), &signers, InstructionError::IllegalOwner);
    }
    let other_node = replaced(challenge.clone(), &defender.node, &other.node);
    world.refuse(other_node, &signers, RenderError::WrongLease);
    let second = world.open_seeded(&court.requester, market_tests::world::order());
    world.refuse(replaced(challenge.clone(), &court.job, &second), &signers, RenderError::WrongLease);
    let own_vault = replaced(challenge, &address::stake_vault(), &other.payout);
    world.refuse(own_vault, &signers, RenderError::WrongTokenAccount);
}

#[test]
fn a_dispute_lies_only_at_its_derived_address() {
    let (court, _, lease, challenger) = revealed();
    let elsewhere =
        replaced(court.challenging(&challenger, &lease), &address::dispute(&lease, 0), &address::dispute(&lease, 1));
    court.world.refuse(elsewhere, &[&challenger.wallet], InstructionError::InvalidSeeds);
}
