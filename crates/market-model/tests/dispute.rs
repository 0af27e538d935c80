//! Disputes: whose turn it is, what is divided into what, and how many moves it takes.

mod support;

use market_model::MarketError;
use market_model::dispute::{
    DisputeRules, Game, Part, Party, STEP_PARTS, Stage, TREE_CHILDREN, Verdict, moves, rounds, step_part, step_parts,
    tree_chunk, tree_part, tree_parts,
};
use proptest::prelude::*;
use support::{holds, is_broken};

const RULES: DisputeRules = DisputeRules { turn_seconds: 60 };
const T: i64 = 1_000;

fn open(units: u64) -> Game {
    Game::open(100, units, T, &RULES).unwrap()
}

/// A dispute over a lease of one unit, whose trace has so many segments of so many steps.
fn opened(segments: u64, segment_steps: u64) -> Game {
    open(1).unit(segments, segment_steps, T, &RULES).unwrap()
}

/// The defender's division, as the rules want it.
fn divided(game: Game) -> Game {
    game.divide(game.hashes().unwrap(), T, &RULES).unwrap()
}

/// Which part the challenger names: the one with this leaf or step.
fn part_of(game: &Game, target: u64) -> u64 {
    let range = Part { first: game.first, count: game.count };
    (0..)
        .find(|index| {
            let part = if game.stage == Stage::Steps { step_part(range, *index) } else { tree_part(range, *index) };
            let part = part.unwrap();
            (part.first..part.first + part.count).contains(&target)
        })
        .unwrap()
}

/// Plays a whole dispute over one unit, one segment and one step of it; gives the number of moves before the proof.
fn play(units: u64, segments: u64, segment_steps: u64, unit: u64, segment: u64, step: u64) -> (Game, u32) {
    let (mut game, mut count) = (open(units), 0_u32);
    loop {
        game = match game.stage {
            Stage::Units | Stage::Segments | Stage::Steps if game.posted == 0 => divided(game),
            Stage::Units => game.pick(part_of(&game, unit), T, &RULES).unwrap(),
            // The last segment ends in no leaf: its end follows from the output.
            Stage::Segments if game.may_deny_end() && segment == segments - 1 => {
                game.pick(u64::from(game.posted), T, &RULES).unwrap()
            }
            Stage::Segments => game.pick(part_of(&game, segment), T, &RULES).unwrap(),
            Stage::Steps => game.pick(part_of(&game, step), T, &RULES).unwrap(),
            Stage::Unit => game.unit(segments, segment_steps, T, &RULES).unwrap(),
            Stage::Segment => game.segment(T, &RULES).unwrap(),
            Stage::Step | Stage::Decided | Stage::Settled => return (game, count),
        };
        count += 1;
    }
}

#[test]
fn a_lease_of_one_unit_begins_with_that_unit() {
    let game = open(1);
    assert_eq!((game.stage, game.unit, game.turn()), (Stage::Unit, 100, Some(Party::Defender)));
    assert_eq!((open(2).stage, open(2).count, open(2).deadline), (Stage::Units, 2, T + 60));
    assert_eq!(Game::open(0, 0, T, &RULES), Err(MarketError::LeaseWithoutUnits));
}

#[test]
fn the_sides_take_turns_in_a_division() {
    let game = open(20);
    assert_eq!(game.hashes(), Ok(10));
    assert_eq!(game.pick(0, T, &RULES), Err(MarketError::NotChallengersTurn));
    assert_eq!(game.divide(9, T, &RULES), Err(MarketError::WrongHashCount));
    assert_eq!(game.divide(11, T, &RULES), Err(MarketError::WrongHashCount));
    let game = game.divide(10, T + 5, &RULES).unwrap();
    assert_eq!((game.turn(), game.posted, game.deadline), (Some(Party::Challenger), 10, T + 65));
    assert_eq!(game.divide(10, T, &RULES), Err(MarketError::NotDefendersTurn));
    assert_eq!(game.pick(10, T, &RULES), Err(MarketError::NoSuchPart));
    let game = game.pick(9, T + 6, &RULES).unwrap();
    assert_eq!((game.first, game.count, game.posted, game.deadline), (18, 2, 0, T + 66));
    assert_eq!(game.turn(), Some(Party::Defender));
}

#[test]
fn a_move_is_in_time_up_to_its_deadline() {
    let at_step = {
        let game = divided(opened(1, 2));
        game.pick(0, T, &RULES).unwrap()
    };
    assert_eq!(at_step.stage, Stage::Step);
    let posted = divided(open(2));
    let at_segment = divided(opened(3, 5)).pick(1, T, &RULES).unwrap();
    assert_eq!(at_segment.stage, Stage::Segment);
    for (now, ok) in [(T + 59, true), (T + 60, true), (T + 61, false)] {
        let wanted = |result: Result<Game, MarketError>| match ok {
            true => assert!(result.is_ok(), "{now}: {result:?}"),
            false => assert_eq!(result, Err(MarketError::TurnPassed), "{now}"),
        };
        wanted(open(2).divide(2, now, &RULES));
        wanted(posted.pick(0, now, &RULES));
        wanted(open(1).unit(2, 2, now, &RULES));
        wanted(at_segment.segment(now, &RULES));
        wanted(at_step.prove(true, now));
        for game in [open(2), posted, open(1), at_segment, at_step] {
            assert_eq!(game.timeout(now).is_ok(), !ok, "{now}");
        }
    }
    assert_eq!(open(2).timeout(T + 60), Err(MarketError::TurnNotPassed));
}

#[test]
fn who_is_silent_loses() {
    let late = T + 61;
    let step = divided(opened(1, 2)).pick(1, T, &RULES).unwrap();
    for (game, verdict, winner) in [
        (open(2), Verdict::DefenderSilent, Party::Challenger),
        (divided(open(2)), Verdict::ChallengerSilent, Party::Defender),
        (open(1), Verdict::DefenderSilent, Party::Challenger),
        (opened(3, 4), Verdict::DefenderSilent, Party::Challenger),
        (divided(opened(3, 4)), Verdict::ChallengerSilent, Party::Defender),
        (step, Verdict::ChallengerSilent, Party::Defender),
    ] {
        let ended = game.timeout(late).unwrap();
        assert_eq!((ended.stage, ended.verdict, ended.turn()), (Stage::Decided, verdict, None));
        assert!(ended.verdict.is_by_silence());
        let (settled, won) = ended.settle().unwrap();
        assert_eq!((settled.stage, won), (Stage::Settled, winner));
        assert_eq!(settled.settle(), Err(MarketError::NotDecided));
        assert_eq!(ended.timeout(late), Err(MarketError::WrongStage));
    }
    assert_eq!(open(2).settle(), Err(MarketError::NotDecided));
}

#[test]
fn the_executed_step_decides() {
    let step = divided(opened(1, 2)).pick(1, T, &RULES).unwrap();
    assert_eq!((step.first, step.count, step.turn()), (1, 1, Some(Party::Challenger)));
    let right = step.prove(true, T).unwrap();
    let wrong = step.prove(false, T).unwrap();
    assert_eq!((right.verdict, right.settle().unwrap().1), (Verdict::DefenderWins, Party::Defender));
    assert_eq!((wrong.verdict, wrong.settle().unwrap().1), (Verdict::ChallengerWins, Party::Challenger));
    assert!(!right.verdict.is_by_silence() && !wrong.verdict.is_by_silence());
    assert_eq!(Verdict::None.winner(), None);
}

#[test]
fn each_stage_allows_only_its_own_moves() {
    let games = [
        open(2),
        open(1),
        opened(3, 4),
        divided(opened(3, 4)).pick(1, T, &RULES).unwrap(),
        opened(1, 4),
        opened(1, 1),
        opened(1, 1).prove(true, T).unwrap(),
        opened(1, 1).prove(true, T).unwrap().settle().unwrap().0,
    ];
    let stages = [
        Stage::Units,
        Stage::Unit,
        Stage::Segments,
        Stage::Segment,
        Stage::Steps,
        Stage::Step,
        Stage::Decided,
        Stage::Settled,
    ];
    for (game, stage) in games.into_iter().zip(stages) {
        assert_eq!(game.stage, stage);
        let divides = matches!(stage, Stage::Units | Stage::Segments | Stage::Steps);
        assert_eq!(game.hashes().is_ok(), divides, "{stage:?}");
        assert_eq!(game.divide(2, T, &RULES) == Err(MarketError::WrongStage), !divides, "{stage:?}");
        assert_eq!(game.pick(0, T, &RULES) == Err(MarketError::WrongStage), !divides, "{stage:?}");
        let wrong = Err(MarketError::WrongStage);
        assert_eq!(game.unit(2, 2, T, &RULES) == wrong, stage != Stage::Unit, "{stage:?}");
        assert_eq!(game.segment(T, &RULES) == wrong, stage != Stage::Segment, "{stage:?}");
        assert_eq!(game.prove(true, T) == wrong, stage != Stage::Step, "{stage:?}");
        let over = matches!(stage, Stage::Decided | Stage::Settled);
        assert_eq!(game.timeout(T + 61).is_err(), over, "{stage:?}");
        assert_eq!(Stage::try_from(u8::from(stage)), Ok(stage));
    }
    assert_eq!(Stage::try_from(8), Err(MarketError::UnknownState));
    for code in 0..5 {
        assert_eq!(u8::from(Verdict::try_from(code).unwrap()), code);
    }
    assert_eq!(Verdict::try_from(5), Err(MarketError::UnknownState));
}

#[test]
fn a_referee_that_counts_no_steps_or_too_many_is_refused() {
    for (segments, steps) in [(0, 5), (5, 0), (u64::MAX, 2), (1 << 32, 1 << 32)] {
        assert_eq!(open(1).unit(segments, steps, T, &RULES), Err(MarketError::TraceInvalid), "{segments} x {steps}");
    }
    assert!(open(1).unit(u64::MAX, 1, T, &RULES).is_ok());
}

#[test]
fn only_the_top_of_a_trace_has_an_end_to_deny() {
    assert!(!divided(open(3)).may_deny_end());
    assert_eq!(divided(open(3)).pick(3, T, &RULES), Err(MarketError::NoSuchPart));
    // 40 boundaries in 10 nodes of 4.
    let top = divided(opened(41, 9));
    assert!(top.may_deny_end());
    assert_eq!(top.posted, 10);
    assert_eq!(top.pick(11, T, &RULES), Err(MarketError::NoSuchPart));
    let end = top.pick(10, T, &RULES).unwrap();
    assert_eq!((end.stage, end.segment), (Stage::Segment, 40));
    let below = divided(top.pick(0, T, &RULES).unwrap());
    assert_eq!((below.first, below.count, below.posted), (0, 4, 4));
    assert!(!below.may_deny_end());
    assert_eq!(below.pick(4, T, &RULES), Err(MarketError::NoSuchPart));
    assert!(!divided(opened(1, 9)).may_deny_end());
}

#[test]
fn the_first_segment_begins_in_the_agreed_state_and_any_other_in_one_to_be_shown() {
    let first = divided(opened(3, 9)).pick(0, T, &RULES).unwrap();
    assert_eq!((first.stage, first.segment, first.first, first.count), (Stage::Steps, 0, 0, 9));
    let second = divided(opened(3, 9)).pick(1, T, &RULES).unwrap();
    assert_eq!((second.stage, second.segment, second.turn()), (Stage::Segment, 1, Some(Party::Defender)));
    let shown = second.segment(T, &RULES).unwrap();
    assert_eq!((shown.stage, shown.segment, shown.first, shown.count), (Stage::Steps, 1, 0, 9));
    // A unit of one segment has no boundary to divide at.
    assert_eq!((opened(1, 9).stage, opened(1, 1).stage), (Stage::Steps, Stage::Step));
    // One boundary still has to be divided: it or the end is denied.
    let single = divided(opened(2, 1));
    assert_eq!((single.posted, single.may_deny_end()), (1, true));
    assert_eq!(single.pick(0, T, &RULES).unwrap().stage, Stage::Step);
    let end = single.pick(1, T, &RULES).unwrap();
    assert_eq!((end.stage, end.segment), (Stage::Segment, 1));
    assert_eq!(end.segment(T, &RULES).unwrap().stage, Stage::Step);
}

#[test]
fn rounds_are_logarithms() {
    assert_eq!(rounds(1, 1, 1), 0);
    assert_eq!(rounds(16, 17, 32), 3);
    assert_eq!(rounds(17, 18, 33), 6);
    assert_eq!(rounds(1, 2, 1), 1);
    assert_eq!(rounds(256, 257, 1_024), 6);
    assert_eq!(rounds(1 << 32, 1, 1), 8);
    assert_eq!(moves(1, 1, 1), 3);
}

#[test]
fn the_parts_of_a_tree_are_as_few_as_fit() {
    holds(1_u64..u64::MAX, |count| {
        let chunk = tree_chunk(count);
        prop_assert!(chunk.is_power_of_two());
        prop_assert!(tree_parts(count) <= TREE_CHILDREN);
        prop_assert!(chunk == 1 || count.div_ceil(chunk / 2) > TREE_CHILDREN);
        Ok(())
    });
}

type Cut = fn(Part, u64) -> Result<Part, MarketError>;

fn parts_lie_end_to_end(parts: u64, cut: Cut, range: Part) -> Result<(), TestCaseError> {
    let mut next = range.first;
    for index in 0..parts {
        let part = cut(range, index).map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert_eq!(part.first, next);
        prop_assert!(part.count > 0);
        next += part.count;
    }
    prop_assert_eq!(next, range.first + range.count);
    prop_assert_eq!(cut(range, parts), Err(MarketError::NoSuchPart));
    Ok(())
}

#[test]
fn the_parts_of_a_division_cover_it_without_gap_or_overlap() {
    let ranges = || (0_u64..1 << 40, 1_u64..1 << 40).prop_map(|(first, count)| Part { first, count });
    holds(ranges(), |range| parts_lie_end_to_end(tree_parts(range.count), tree_part, range));
    holds(ranges(), |range| parts_lie_end_to_end(step_parts(range.count), step_part, range));
    // A rule that always cuts 32 equal parts loses the rest.
    let equal: Cut = |range, index| match index < step_parts(range.count) {
        true => Ok(Part { first: range.first + index * (range.count / 32).max(1), count: (range.count / 32).max(1) }),
        false => Err(MarketError::NoSuchPart),
    };
    is_broken(ranges(), move |range| parts_lie_end_to_end(step_parts(range.count), equal, range));
}

#[test]
fn steps_are_divided_as_evenly_as_whole_steps_allow() {
    holds(1_u64..1 << 50, |count| {
        let range = Part { first: 0, count };
        let sizes: Vec<u64> = (0..step_parts(count)).map(|index| step_part(range, index).unwrap().count).collect();
        let (least, most) = (sizes.iter().min().unwrap(), sizes.iter().max().unwrap());
        prop_assert!(most - least <= 1);
        prop_assert!(sizes.len() as u64 <= STEP_PARTS);
        Ok(())
    });
}

#[test]
fn every_dispute_comes_down_to_the_step_that_is_denied_within_the_stated_rounds() {
    let games = (1_u64..5_000, 1_u64..100_000, 1_u64..1 << 40)
        .prop_flat_map(|(units, segments, steps)| (Just((units, segments, steps)), 0..units, 0..segments, 0..steps));
    holds(games, |((units, segments, steps), unit, segment, step)| {
        let (game, count) = play(units, segments, steps, unit, segment, step);
        prop_assert_eq!(
            (game.stage, game.unit, game.segment, game.first, game.count),
            (Stage::Step, 100 + unit, segment, step, 1)
        );
        let most = moves(units, segments, steps);
        prop_assert!(count < most, "{} moves and the proof, not {}", count, most);
        prop_assert!(count <= 2 * rounds(units, segments, steps) + 2);
        Ok(())
    });
}

#[test]
fn a_bound_of_one_round_less_does_not_hold() {
    is_broken((1_u64..5_000, 1_u64..5_000), |(units, steps)| {
        let (_, count) = play(units, 1, steps, units - 1, 0, steps - 1);
        prop_assert!(count < 2 * rounds(units, 1, steps));
        Ok(())
    });
}
