//! `dispute_segment`.

use super::Bonded;
use kernels::merkle::Digest;
use market_model::{
    MarketError,
    dispute::{Party, Stage},
};
use market_tests::{
    dispute::Lie,
    world::{only_event, replaced},
};
use render_compute::{errors::RenderError, events::SegmentShown, state::*};
use render_compute_client::{
    Instruction,
    dispute::{Claim, Move},
    event::Event,
    instruction,
};
use solana_instruction_error::InstructionError;

/// A cheater that is about to show the state before its third pixel.
fn reached() -> Bonded {
    Bonded::new(Lie::Pixel { unit: 3, pixel: 2 }, Lie::None).reach(Stage::Segment, Party::Defender)
}

fn showing(game: &Bonded, state: Digest, proof: &[Digest]) -> Instruction {
    instruction::dispute_segment(&game.defender.key(), &game.dispute, state, proof)
}

/// What the defender would show.
fn shown(game: &mut Bonded) -> (Digest, Vec<Digest>) {
    let Some(Move::Segment { hash, proof }) = game.court.next(&game.dispute, Party::Defender, &mut game.defended)
    else {
        panic!("the defender shows no state")
    };
    (hash, proof)
}

#[test]
fn a_state_in_the_trace_is_agreed_and_the_steps_behind_it_are_not() {
    let mut game = reached();
    let (state, proof) = shown(&mut game);
    let world = &game.court.world;
    let before: Dispute = world.get(&game.dispute);
    let confirmed = world.apply(showing(&game, state, &proof), &[&game.defender.identity]);
    let after: Dispute = world.get(&game.dispute);
    assert_eq!((after.low, after.high, after.segment), (state, before.high, 2));
    assert_eq!((after.first, after.count, after.moves), (0, before.segment_steps, before.moves + 1));
    assert_eq!((game.court.stage(&game.dispute), after.deadline), (Stage::Steps, world.time() + 120));
    let event = SegmentShown {
        dispute: game.dispute,
        low: state,
        segment: 2,
        deadline: after.deadline,
        stage: u64::from(u8::from(Stage::Steps)),
    };
    assert_eq!(only_event(&confirmed), Event::from(event));
}

#[test]
fn a_state_that_is_not_in_the_trace_is_refused() {
    let mut game = reached();
    let (state, proof) = shown(&mut game);
    let world = &game.court.world;
    let mut other = state;
    other[0] ^= 1;
    let mut wrong = proof.clone();
    wrong[0][5] ^= 1;
    let longer = [&proof[..], &[[0; 32]]].concat();
    let signers = [&game.defender.identity];
    for (state, proof) in
        [(other, &proof[..]), (state, &wrong[..]), (state, &proof[1..]), (state, &longer[..]), (state, &[])]
    {
        world.refuse(showing(&game, state, proof), &signers, RenderError::WrongProof);
    }
    world.apply(showing(&game, state, &proof), &signers);
}

#[test]
fn another_boundary_of_the_trace_is_refused() {
    let mut game = reached();
    let boundaries = game.defended.boundaries(3).unwrap();
    let tree = kernels::merkle::Tree::new(boundaries.clone());
    let world = &game.court.world;
    for leaf in [0_u64, 2] {
        let proof = tree.proof(leaf).unwrap();
        let wrong = showing(&game, boundaries[usize::try_from(leaf).unwrap()], &proof);
        world.refuse(wrong, &[&game.defender.identity], RenderError::WrongProof);
    }
}

#[test]
fn only_the_defender_shows_the_state_and_only_then() {
    let mut game = reached();
    let (state, proof) = shown(&mut game);
    let world = &game.court.world;
    let wrong = instruction::dispute_segment(&game.challenger.key(), &game.dispute, state, &proof);
    world.refuse(wrong, &[&game.challenger.wallet], RenderError::NotDefender);
    let show = showing(&game, state, &proof);
    let forged = world.forge(&game.dispute);
    let look_alike = replaced(show.clone(), &game.dispute, &forged);
    world.refuse(look_alike, &[&game.defender.identity], InstructionError::IllegalOwner);
    world.apply(show.clone(), &[&game.defender.identity]);
    world.refuse(show, &[&game.defender.identity], MarketError::WrongStage);
}

#[test]
fn the_state_is_shown_until_the_deadline() {
    for (after, ok) in [(-1, true), (0, true), (1, false)] {
        let mut game = reached();
        let (state, proof) = shown(&mut game);
        let world = &game.court.world;
        world.warp_to(world.get::<Dispute>(&game.dispute).deadline + after);
        let show = showing(&game, state, &proof);
        match ok {
            true => drop(world.apply(show, &[&game.defender.identity])),
            false => world.refuse(show, &[&game.defender.identity], MarketError::TurnPassed),
        }
    }
}
