//! `dispute_unit`.

use super::Bonded;
use kernels::{
    merkle::Digest,
    referee::{RefereeError, Statement, begin, end},
};
use market_model::{
    MarketError,
    dispute::{Party, Stage},
};
use market_tests::{
    Reason,
    dispute::Lie,
    world::{only_event, replaced},
};
use render_compute::{errors::RenderError, events::UnitShown, state::*};
use render_compute_client::{
    Instruction, address,
    dispute::{Claim, Move},
    event::Event,
    instruction,
};
use render_referee::errors::REFEREE_ERROR_OFFSET;

/// A cheater that is about to open its unit's leaf.
fn reached() -> Bonded {
    Bonded::new(Lie::Pixel { unit: 3, pixel: 2 }, Lie::None).reach(Stage::Unit, Party::Defender)
}

/// The instruction that shows these.
fn showing(game: &Bonded, output: Digest, trace: Digest) -> Instruction {
    let state = game.court.world.get(&game.dispute);
    instruction::dispute_unit(&game.defender.key(), &game.dispute, &state, output, trace)
}

/// What the defender would show.
fn shown(game: &mut Bonded) -> (Digest, Digest) {
    let Some(Move::Unit { output, trace }) = game.court.next(&game.dispute, Party::Defender, &mut game.defended) else {
        panic!("the defender does not open its unit")
    };
    (output, trace)
}

#[test]
fn an_opened_unit_has_a_first_and_a_last_state_by_the_referees_word() {
    let mut game = reached();
    let (output, trace) = shown(&mut game);
    let world = &game.court.world;
    let confirmed = world.apply(showing(&game, output, trace), &[&game.defender.identity]);
    let statement = Statement::from_bytes(&game.court.picture.statement()).unwrap();
    let (first, last) = (begin(&statement, 3).unwrap(), end(&statement, 3, output).unwrap());
    let state: Dispute = world.get(&game.dispute);
    assert_eq!((state.low, state.high), (first.start, last));
    assert_eq!((state.segments, state.segment_steps), (4, first.segment_steps));
    assert_eq!((state.output, state.trace, state.root), (output, trace, trace));
    assert_eq!((state.first, state.count, state.moves), (0, 3, 3));
    assert_eq!((game.court.stage(&game.dispute), state.deadline), (Stage::Segments, world.time() + 120));
    let event = UnitShown {
        dispute: game.dispute,
        output,
        trace,
        low: first.start,
        high: last,
        unit: 3,
        segments: 4,
        segment_steps: first.segment_steps,
        deadline: state.deadline,
        stage: u64::from(u8::from(Stage::Segments)),
    };
    assert_eq!(only_event(&confirmed), Event::from(event));
}

#[test]
fn what_does_not_give_the_leaf_is_refused() {
    let mut game = reached();
    let (output, trace) = shown(&mut game);
    let other = game.court.claim(0, Lie::None).unit(3).unwrap();
    let world = &game.court.world;
    for (output, trace) in [(other.output, trace), (output, other.trace), (other.output, other.trace), ([0; 32], trace)]
    {
        world.refuse(showing(&game, output, trace), &[&game.defender.identity], RenderError::WrongLeaf);
    }
    world.apply(showing(&game, output, trace), &[&game.defender.identity]);
}

#[test]
fn only_the_defender_opens_a_unit_and_only_then() {
    let mut game = reached();
    let (output, trace) = shown(&mut game);
    let world = &game.court.world;
    let state: Dispute = world.get(&game.dispute);
    let wrong = instruction::dispute_unit(&game.challenger.key(), &game.dispute, &state, output, trace);
    world.refuse(wrong, &[&game.challenger.wallet], RenderError::NotDefender);
    let show = showing(&game, output, trace);
    world.apply(show.clone(), &[&game.defender.identity]);
    world.refuse(show, &[&game.defender.identity], MarketError::WrongStage);
}

#[test]
fn a_unit_is_opened_until_the_deadline() {
    for (after, ok) in [(-1, true), (0, true), (1, false)] {
        let mut game = reached();
        let (output, trace) = shown(&mut game);
        let world = &game.court.world;
        world.warp_to(world.get::<Dispute>(&game.dispute).deadline + after);
        let show = showing(&game, output, trace);
        match ok {
            true => drop(world.apply(show, &[&game.defender.identity])),
            false => world.refuse(show, &[&game.defender.identity], MarketError::TurnPassed),
        }
    }
}

#[test]
fn nobody_but_the_engines_referee_is_asked() {
    let mut game = reached();
    let (output, trace) = shown(&mut game);
    let world = &game.court.world;
    let show = showing(&game, output, trace);
    let another = replaced(show, &render_referee::ID, &address::TOKEN_PROGRAM);
    world.refuse(another, &[&game.defender.identity], RenderError::WrongDispute);
}

#[test]
fn a_program_that_does_not_answer_like_a_referee_decides_nothing() {
    // The governance registered a program that knows no traces.
    for silent in [address::SYSTEM_PROGRAM, address::TOKEN_PROGRAM] {
        let mut game = reached();
        let (output, trace) = shown(&mut game);
        let world = &game.court.world;
        world.alter(&game.dispute, |dispute: &mut Dispute| dispute.referee = silent);
        let show = showing(&game, output, trace);
        assert!(world.send(&[show], &[&game.defender.identity]).is_err());
        assert_eq!(game.court.stage(&game.dispute), Stage::Unit);
    }
}

#[test]
fn a_statement_that_the_referee_refuses_opens_nothing() {
    let mut game = reached();
    let (output, trace) = shown(&mut game);
    let world = &game.court.world;
    world.alter(&game.dispute, |dispute: &mut Dispute| dispute.statement[127] = 1);
    // The referee's own code, as of another program.
    let code = REFEREE_ERROR_OFFSET + RefereeError::Statement.code();
    world.refuse(showing(&game, output, trace), &[&game.defender.identity], Reason::Token(code));
}
