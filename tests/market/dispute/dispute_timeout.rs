//! `dispute_timeout`. What silence costs at each stage stands in `games`.

use super::Bonded;
use market_model::{
    MarketError,
    dispute::{Party, Stage, Verdict},
};
use market_tests::{
    dispute::Lie,
    world::{only_event, replaced},
};
use render_compute::{events::DisputeDecided, state::*};
use render_compute_client::{Signer, event::Event, instruction};
use solana_instruction_error::InstructionError;

#[test]
fn a_turn_is_missed_from_the_second_after_its_deadline() {
    for (after, ok) in [(-1, false), (0, false), (1, true)] {
        let game = Bonded::new(Lie::None, Lie::Samples);
        let world = &game.court.world;
        world.warp_to(world.get::<Dispute>(&game.dispute).deadline + after);
        let timeout = instruction::dispute_timeout(&game.dispute);
        if !ok {
            world.refuse(timeout, &[&world.crank], MarketError::TurnNotPassed);
            continue;
        }
        let before: Dispute = world.get(&game.dispute);
        let confirmed = world.apply(timeout, &[&world.crank]);
        let state: Dispute = world.get(&game.dispute);
        assert_eq!((game.court.stage(&game.dispute), state.moves), (Stage::Decided, before.moves));
        let event = DisputeDecided { dispute: game.dispute, verdict: u64::from(u8::from(Verdict::DefenderSilent)) };
        assert_eq!(only_event(&confirmed), Event::from(event));
    }
}

#[test]
fn a_move_starts_the_clock_of_the_other_side() {
    let game = Bonded::new(Lie::None, Lie::Samples);
    let first: Dispute = game.court.world.get(&game.dispute);
    game.court.world.warp_to(first.deadline);
    let game = game.reach(Stage::Units, Party::Challenger);
    let world = &game.court.world;
    world.warp_to(first.deadline + 120);
    world.refuse(instruction::dispute_timeout(&game.dispute), &[&world.crank], MarketError::TurnNotPassed);
    game.court.time_out(&game.dispute);
    assert_eq!(game.court.verdict(&game.dispute), Verdict::ChallengerSilent);
}

#[test]
fn a_decided_dispute_has_no_turns() {
    let mut game = Bonded::new(Lie::None, Lie::Samples);
    game.play();
    let world = &game.court.world;
    world.warp(100_000);
    let timeout = instruction::dispute_timeout(&game.dispute);
    world.refuse(timeout.clone(), &[&world.crank], MarketError::WrongStage);
    game.court.settle(&game.dispute);
    world.refuse(timeout.clone(), &[&world.crank], MarketError::WrongStage);
    let forged = world.forge(&game.dispute);
    world.refuse(replaced(timeout, &game.dispute, &forged), &[&world.crank], InstructionError::IllegalOwner);
}

#[test]
fn a_change_of_parameters_moves_no_turn_of_a_dispute() {
    let game = Bonded::new(Lie::None, Lie::Samples);
    let world = &game.court.world;
    let parameters = market_model::Parameters { dispute_turn_seconds: 10, ..world.network().parameters() };
    let change = instruction::network_set_parameters(&world.authority.pubkey(), &parameters);
    world.apply(change, &[&world.authority]);
    let game = game.reach(Stage::Units, Party::Challenger);
    let state: Dispute = game.court.world.get(&game.dispute);
    assert_eq!(state.deadline, game.court.world.time() + 120);
}
