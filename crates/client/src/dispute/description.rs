//! A dispute in words: what is under dispute, who is to move, what is agreed and what denied, and how it ended.

use super::player::{PlayError, game_of, party_name};
use market_model::dispute::{Game, Stage, Verdict, step_parts, tree_parts};
use render_compute::state::Dispute;
use solana_address::Address;

/// Names and values, in the order in which they are read. `now`: the chain's time, unix seconds.
///
/// # Errors
/// [`PlayError::Malformed`] for an account that no game reaches.
pub fn describe(dispute: &Dispute, now: i64) -> Result<Vec<(&'static str, String)>, PlayError> {
    let game = game_of(dispute)?;
    let Game { stage, verdict, .. } = game;
    let bond = dispute.audit == Address::default();
    let mut lines = vec![
        ("lease", dispute.lease.to_string()),
        ("attempt", dispute.attempt.to_string()),
        ("defender", format!("node {}", dispute.defender)),
        ("challenger", challenger(dispute, bond)),
        ("stage", stage_in_words(dispute, stage)),
    ];
    if let Some(party) = game.turn() {
        lines.push(("turn", format!("{}: {}", party_name(party), what_is_due(&game))));
        lines.push(("deadline", deadline(dispute.deadline, now)));
    }
    lines.extend(agreed_and_denied(dispute, stage));
    lines.push(("moves", dispute.moves.to_string()));
    if verdict != Verdict::None {
        lines.push(("verdict", verdict_in_words(verdict).to_owned()));
    }
    if bond {
        lines.push(("bond", render(dispute.bond)));
    }
    if stage == Stage::Settled {
        lines.push(("settled", money(dispute, verdict, bond)));
    }
    Ok(lines)
}

fn challenger(dispute: &Dispute, bond: bool) -> String {
    match bond {
        true => format!("wallet {}, with a bond", dispute.challenger),
        false => format!("node {}, whose audit {} differs", dispute.challenger, dispute.audit),
    }
}

fn stage_in_words(dispute: &Dispute, stage: Stage) -> String {
    let Dispute { unit, first, count, segment, segments, .. } = *dispute;
    let last = first.saturating_add(count).saturating_sub(1);
    match stage {
        Stage::Units => format!("which unit: {count} of the lease's units, number {first} to {last}"),
        Stage::Unit => format!("unit {unit} of the job: its output and trace are to be shown"),
        // Boundaries are numbered from 1: the first one follows from the job and is no leaf.
        Stage::Segments => format!(
            "which segment of unit {unit}: boundaries {} to {} of {segments}",
            first.saturating_add(1),
            last.saturating_add(1)
        ),
        Stage::Segment => format!("segment {segment} of unit {unit}: the state before it is to be shown"),
        Stage::Steps => format!("which step of segment {segment} of unit {unit}: {count} steps from step {first}"),
        Stage::Step => format!("step {first} of segment {segment} of unit {unit}"),
        Stage::Decided => "decided, to be settled".to_owned(),
        Stage::Settled => "settled, to be closed".to_owned(),
    }
}

fn what_is_due(game: &Game) -> String {
    let parts = match game.stage {
        Stage::Steps => step_parts(game.count),
        _ => tree_parts(game.count),
    };
    match game.stage {
        Stage::Units if game.posted > 0 => format!("name one of {parts} parts that is wrong"),
        Stage::Segments if game.may_deny_end() && game.posted > 0 => {
            format!("name the first of {parts} parts that is wrong, or say that only the end is")
        }
        Stage::Segments | Stage::Steps if game.posted > 0 => format!("name the first of {parts} parts that is wrong"),
        Stage::Units | Stage::Segments => format!("show the {parts} hashes that the tree divides into"),
        Stage::Steps => format!("show the states that divide the steps into {parts} parts"),
        Stage::Unit => "show the unit's output and trace".to_owned(),
        Stage::Segment => "show the state before the segment".to_owned(),
        Stage::Step => "have the step executed on the chain".to_owned(),
        Stage::Decided | Stage::Settled => String::new(),
    }
}

fn agreed_and_denied(dispute: &Dispute, stage: Stage) -> Vec<(&'static str, String)> {
    let short = |hash: &[u8; 32]| hex::encode(&hash[..8]);
    let Dispute { unit, first, count, .. } = *dispute;
    match stage {
        Stage::Units => vec![("denied", format!("the tree with root {}…", short(&dispute.root)))],
        Stage::Segments => {
            let agreed = match first {
                0 => "the unit's first state".to_owned(),
                first => format!("the states up to boundary {first}"),
            };
            vec![("agreed", agreed), ("denied", format!("the tree with root {}…", short(&dispute.root)))]
        }
        Stage::Unit => vec![("denied", format!("unit {unit} with leaf {}…", short(&dispute.root)))],
        Stage::Segment => vec![("denied", format!("state {}… after the segment", short(&dispute.high)))],
        Stage::Steps | Stage::Step | Stage::Decided => vec![
            ("agreed", format!("state {}… before step {first}", short(&dispute.low))),
            ("denied", format!("state {}… before step {}", short(&dispute.high), first.saturating_add(count))),
        ],
        Stage::Settled => Vec::new(),
    }
}

fn deadline(deadline: i64, now: i64) -> String {
    match deadline.saturating_sub(now) {
        left @ 0.. => format!("{deadline}, {left} seconds left"),
        past => format!("{deadline}, missed {} seconds ago: anyone may end it", past.saturating_neg()),
    }
}

/// What a verdict says.
fn verdict_in_words(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::None => "open",
        Verdict::DefenderWins => "the defender was right: the chain executed the step and found its state",
        Verdict::ChallengerWins => "the challenger was right: the chain executed the step and found another state",
        Verdict::DefenderSilent => "the defender missed its turn",
        Verdict::ChallengerSilent => "the challenger missed its turn",
    }
}

fn money(dispute: &Dispute, verdict: Verdict, bond: bool) -> String {
    let winner = verdict.winner().map_or("nobody", party_name);
    if !bond {
        return format!("the {winner} won; the loser's stake was slashed and the winner's fee is in its stake");
    }
    match (dispute.owed, dispute.forfeited) {
        (0, forfeited) => format!("the {winner} won; {} of the bond are to be burned", render(forfeited)),
        (owed, _) => format!("the {winner} won; {} are to be paid out to it", render(owed)),
    }
}

/// Base units of RENDER as decimal text.
fn render(base_units: u64) -> String {
    let (whole, part) = (base_units / 100_000_000, base_units % 100_000_000);
    match part {
        0 => format!("{whole} RENDER"),
        part => format!("{whole}.{} RENDER", format!("{part:08}").trim_end_matches('0')),
    }
}
