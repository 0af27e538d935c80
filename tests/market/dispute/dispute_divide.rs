//! `dispute_divide`.

use super::Bonded;
use market_model::{
    MarketError,
    dispute::{Party, Stage},
};
use market_tests::{
    dispute::Lie,
    world::{only_event, replaced, unsigned},
};
use render_compute::{errors::RenderError, events::DisputeDivided, state::*};
use render_compute_client::{Instruction, Signer, dispute::Move, event::Event, instruction};
use solana_instruction_error::InstructionError;

/// A cheater that is about to divide its units.
fn units() -> Bonded {
    Bonded::new(Lie::Pixel { unit: 3, pixel: 2 }, Lie::None)
}

/// The hashes that the defender would post, and the instruction that posts them.
fn dividing(game: &mut Bonded) -> (Vec<[u8; 32]>, Instruction) {
    let Some(Move::Divide(hashes)) = game.court.next(&game.dispute, Party::Defender, &mut game.defended) else {
        panic!("the defender does not divide")
    };
    let divide = instruction::dispute_divide(&game.defender.key(), &game.dispute, &hashes);
    (hashes, divide)
}

#[test]
fn a_division_posts_its_hashes_and_passes_the_turn() {
    let mut game = units();
    let (hashes, divide) = dividing(&mut game);
    let world = &game.court.world;
    world.warp(60);
    let confirmed = world.apply(divide, &[&game.defender.identity]);
    let state: Dispute = world.get(&game.dispute);
    assert_eq!((state.posted, state.moves, state.deadline), (6, 1, world.time() + 120));
    assert_eq!(state.hashes[..6], hashes[..]);
    assert_eq!(game.court.turn(&game.dispute), Some(Party::Challenger));
    let mut posted = [[0; 32]; 31];
    posted[..6].copy_from_slice(&hashes);
    let event = DisputeDivided {
        dispute: game.dispute,
        first: 0,
        count: 6,
        deadline: state.deadline,
        stage: u64::from(u8::from(Stage::Units)),
        posted: 6,
        hashes: posted,
    };
    assert_eq!(only_event(&confirmed), Event::from(event));
}

#[test]
fn hashes_of_a_tree_must_give_its_root() {
    for stage in [Stage::Units, Stage::Segments] {
        let mut game = units().reach(stage, Party::Defender);
        let (mut hashes, divide) = dividing(&mut game);
        let world = &game.court.world;
        hashes[0][0] ^= 1;
        let wrong = instruction::dispute_divide(&game.defender.key(), &game.dispute, &hashes);
        world.refuse(wrong, &[&game.defender.identity], RenderError::WrongDivision);
        world.apply(divide, &[&game.defender.identity]);
    }
}

#[test]
fn states_between_steps_may_be_anything() {
    let game = units().reach(Stage::Steps, Party::Defender);
    let state: Dispute = game.court.world.get(&game.dispute);
    let hashes = vec![[7; 32]; usize::try_from(state.game().unwrap().hashes().unwrap()).unwrap()];
    let divide = instruction::dispute_divide(&game.defender.key(), &game.dispute, &hashes);
    game.court.world.apply(divide, &[&game.defender.identity]);
}

#[test]
fn a_division_has_as_many_hashes_as_its_range_needs() {
    for stage in [Stage::Units, Stage::Segments, Stage::Steps] {
        let mut game = units().reach(stage, Party::Defender);
        let (hashes, _) = dividing(&mut game);
        let (world, key) = (&game.court.world, game.defender.key());
        let fewer = &hashes[1..];
        let more = [&hashes[..], &[[0; 32]]].concat();
        for wrong in [&[], fewer, &more[..more.len().min(31)]] {
            if wrong.len() == hashes.len() {
                continue;
            }
            let divide = instruction::dispute_divide(&key, &game.dispute, wrong);
            world.refuse(divide, &[&game.defender.identity], MarketError::WrongHashCount);
        }
    }
}

#[test]
fn only_the_defender_divides() {
    let mut game = units();
    let (hashes, divide) = dividing(&mut game);
    let world = &game.court.world;
    let stranger = world.wallet("stranger");
    for key in [&game.challenger.wallet, &stranger, &game.defender.wallet] {
        let wrong = instruction::dispute_divide(&key.pubkey(), &game.dispute, &hashes);
        world.refuse(wrong, &[key], RenderError::NotDefender);
    }
    let unsigned = unsigned(divide, &game.defender.key());
    world.refuse(unsigned, &[&world.crank], InstructionError::MissingRequiredSignature);
}

#[test]
fn a_division_is_posted_once() {
    let mut game = units();
    let (_, divide) = dividing(&mut game);
    let world = &game.court.world;
    world.apply(divide.clone(), &[&game.defender.identity]);
    world.refuse(divide, &[&game.defender.identity], MarketError::NotDefendersTurn);
}

#[test]
fn a_division_is_in_time_until_its_deadline() {
    for (after, ok) in [(-1, true), (0, true), (1, false)] {
        let mut game = units();
        let (_, divide) = dividing(&mut game);
        let world = &game.court.world;
        world.warp_to(world.get::<Dispute>(&game.dispute).deadline + after);
        match ok {
            true => drop(world.apply(divide, &[&game.defender.identity])),
            false => world.refuse(divide, &[&game.defender.identity], MarketError::TurnPassed),
        }
    }
}

#[test]
fn there_is_nothing_to_divide_at_other_stages() {
    for (stage, party) in
        [(Stage::Unit, Party::Defender), (Stage::Segment, Party::Defender), (Stage::Step, Party::Challenger)]
    {
        let game = units().reach(stage, party);
        let divide = instruction::dispute_divide(&game.defender.key(), &game.dispute, &[[1; 32]]);
        game.court.world.refuse(divide, &[&game.defender.identity], MarketError::WrongStage);
    }
}

#[test]
fn a_look_alike_of_the_dispute_is_refused() {
    let mut game = units();
    let (_, divide) = dividing(&mut game);
    let world = &game.court.world;
    let forged = world.forge(&game.dispute);
    let wrong = replaced(divide.clone(), &game.dispute, &forged);
    world.refuse(wrong, &[&game.defender.identity], InstructionError::IllegalOwner);
    let lease = replaced(divide, &game.dispute, &game.lease);
    assert!(world.send(&[lease], &[&game.defender.identity]).is_err());
}
