//! `dispute_pick`.

use super::Bonded;
use market_model::{
    MarketError,
    dispute::{Party, Stage},
};
use market_tests::{
    dispute::Lie,
    world::{only_event, replaced, unsigned},
};
use render_compute::{errors::RenderError, events::DisputePicked, state::*};
use render_compute_client::{Signer, event::Event, instruction};
use solana_instruction_error::InstructionError;

/// A cheater with one wrong pixel, whose hashes at a stage wait for a pick.
fn posted(stage: Stage) -> Bonded {
    Bonded::new(Lie::Pixel { unit: 3, pixel: 2 }, Lie::None).reach(stage, Party::Challenger)
}

#[test]
fn the_named_unit_is_all_that_stays_under_dispute() {
    let game = posted(Stage::Units);
    let world = &game.court.world;
    let before: Dispute = world.get(&game.dispute);
    world.warp(60);
    let pick = instruction::dispute_pick(&game.challenger.key(), &game.dispute, 3);
    let confirmed = world.apply(pick, &[&game.challenger.wallet]);
    let state: Dispute = world.get(&game.dispute);
    assert_eq!((state.unit, state.count, state.posted, state.moves), (3, 1, 0, 2));
    assert_eq!((state.root, state.deadline), (before.hashes[3], world.time() + 120));
    assert_eq!((game.court.stage(&game.dispute), game.court.turn(&game.dispute)), (Stage::Unit, Some(Party::Defender)));
    let event = DisputePicked {
        dispute: game.dispute,
        root: before.hashes[3],
        low: [0; 32],
        high: [0; 32],
        picked: 3,
        unit: 3,
        first: 3,
        count: 1,
        segment: 0,
        deadline: state.deadline,
        stage: u64::from(u8::from(Stage::Unit)),
    };
    assert_eq!(only_event(&confirmed), Event::from(event));
}

#[test]
fn a_named_boundary_becomes_the_denied_end_of_its_segment() {
    for (part, stage) in [(0, Stage::Steps), (1, Stage::Segment), (2, Stage::Segment)] {
        let game = posted(Stage::Segments);
        let world = &game.court.world;
        let before: Dispute = world.get(&game.dispute);
        let pick = instruction::dispute_pick(&game.challenger.key(), &game.dispute, part);
        world.apply(pick, &[&game.challenger.wallet]);
        let state: Dispute = world.get(&game.dispute);
        assert_eq!(game.court.stage(&game.dispute), stage);
        assert_eq!((state.segment, state.high), (u64::from(part), before.hashes[usize::from(part)]));
        assert_eq!(state.low, before.low, "the unit's first state is agreed until another one is shown");
    }
}

#[test]
fn that_only_the_end_is_wrong_can_be_said_of_a_whole_trace() {
    let game = posted(Stage::Segments);
    let world = &game.court.world;
    let before: Dispute = world.get(&game.dispute);
    let pick = |part| instruction::dispute_pick(&game.challenger.key(), &game.dispute, part);
    world.refuse(pick(4), &[&game.challenger.wallet], MarketError::NoSuchPart);
    world.apply(pick(3), &[&game.challenger.wallet]);
    let state: Dispute = world.get(&game.dispute);
    assert_eq!((game.court.stage(&game.dispute), state.segment), (Stage::Segment, 3));
    assert_eq!((state.high, state.low), (before.high, before.low));
}

#[test]
fn that_only_the_end_is_wrong_cannot_be_said_of_a_lease() {
    let game = posted(Stage::Units);
    for part in [6, 7, u8::MAX] {
        let pick = instruction::dispute_pick(&game.challenger.key(), &game.dispute, part);
        game.court.world.refuse(pick, &[&game.challenger.wallet], MarketError::NoSuchPart);
    }
}

#[test]
fn the_named_part_of_the_steps_lies_between_an_agreed_and_a_denied_state() {
    for part in [0_u8, 1, 17, 30, 31] {
        let game = posted(Stage::Steps);
        let world = &game.court.world;
        let before: Dispute = world.get(&game.dispute);
        let pick = instruction::dispute_pick(&game.challenger.key(), &game.dispute, part);
        world.apply(pick, &[&game.challenger.wallet]);
        let state: Dispute = world.get(&game.dispute);
        let posted = &before.hashes[..31];
        let low = if part == 0 { before.low } else { posted[usize::from(part) - 1] };
        let high = posted.get(usize::from(part)).copied().unwrap_or(before.high);
        assert_eq!((state.low, state.high), (low, high), "part {part}");
        let steps = before.count;
        assert_eq!(state.first, steps * u64::from(part) / 32);
        assert_eq!(state.first + state.count, steps * (u64::from(part) + 1) / 32);
    }
}

#[test]
fn there_are_no_parts_behind_the_last() {
    let game = posted(Stage::Steps);
    let pick = instruction::dispute_pick(&game.challenger.key(), &game.dispute, 32);
    game.court.world.refuse(pick, &[&game.challenger.wallet], MarketError::NoSuchPart);
}

#[test]
fn only_the_challenger_picks() {
    let game = posted(Stage::Units);
    let world = &game.court.world;
    let stranger = world.wallet("stranger");
    for key in [&game.defender.identity, &stranger] {
        let wrong = instruction::dispute_pick(&key.pubkey(), &game.dispute, 0);
        world.refuse(wrong, &[key], RenderError::NotChallenger);
    }
    let pick = instruction::dispute_pick(&game.challenger.key(), &game.dispute, 0);
    let unsigned = unsigned(pick.clone(), &game.challenger.key());
    world.refuse(unsigned, &[&world.crank], InstructionError::MissingRequiredSignature);
    let forged = world.forge(&game.dispute);
    let wrong = replaced(pick, &game.dispute, &forged);
    world.refuse(wrong, &[&game.challenger.wallet], InstructionError::IllegalOwner);
}

#[test]
fn a_pick_is_made_once_and_in_its_turn() {
    for stage in [Stage::Units, Stage::Steps] {
        let game = posted(stage);
        let world = &game.court.world;
        let pick = instruction::dispute_pick(&game.challenger.key(), &game.dispute, 0);
        world.apply(pick.clone(), &[&game.challenger.wallet]);
        let refusal = match stage {
            Stage::Units => MarketError::WrongStage,
            _ => MarketError::NotChallengersTurn,
        };
        world.refuse(pick, &[&game.challenger.wallet], refusal);
    }
}

#[test]
fn a_pick_is_in_time_until_its_deadline() {
    for (after, ok) in [(-1, true), (0, true), (1, false)] {
        let game = posted(Stage::Units);
        let world = &game.court.world;
        world.warp_to(world.get::<Dispute>(&game.dispute).deadline + after);
        let pick = instruction::dispute_pick(&game.challenger.key(), &game.dispute, 0);
        match ok {
            true => drop(world.apply(pick, &[&game.challenger.wallet])),
            false => world.refuse(pick, &[&game.challenger.wallet], MarketError::TurnPassed),
        }
    }
}
