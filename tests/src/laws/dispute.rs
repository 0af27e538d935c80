//! What the laws say about disputes: L4 for bonds, L6 for work that is forfeited, L8 for slashes, L9.

use super::{Found, Law, Ledger, Step};
use crate::snapshot::Snapshot;
use market_model::{
    amount::{Round, bps_of},
    dispute::{Party, Stage, Verdict},
};
use render_compute::{
    events::{DisputeSettled, SLASH_DISPUTE_LOST, SLASH_TURN_MISSED, StakeSlashed},
    state::{Audit, Dispute, Lease, Node},
};
use render_compute_client::{Address, event::Event};

/// RENDER in the vault that belongs to disputes: the bond until it is settled, then what is owed or waits for the burn.
pub(super) fn held(state: &Snapshot) -> u64 {
    state
        .all::<Dispute>()
        .map(|(_, dispute)| match Stage::try_from(dispute.stage) {
            Ok(Stage::Settled) => dispute.owed + dispute.forfeited,
            _ => dispute.bond,
        })
        .sum()
}

/// Adds a dispute's event to the ledger and checks what one event must satisfy by itself.
pub(super) fn absorb(ledger: &mut Ledger, event: &Event, step: &Step, found: &mut Found) {
    match event {
        Event::WorkForfeited(forfeited) => {
            let lost: u64 = forfeited.work.iter().sum();
            let earned = ledger.accepted_work.entry((forfeited.epoch, forfeited.node)).or_default();
            found.unless(*earned == lost, Law::L6, || {
                format!("{} forfeits {lost} of {earned} in epoch {}", forfeited.node, forfeited.epoch)
            });
            *earned -= lost.min(*earned);
        }
        Event::DisputeSettled(settled) => {
            found.unless(!ledger.honest.contains(&settled.loser), Law::L9, || {
                format!("{}, which is honest, lost the dispute {}", settled.loser, settled.dispute)
            });
            let fair = check_settlement(settled, step);
            found.unless(fair.is_ok(), Law::L8, || fair.err().unwrap_or_default());
        }
        Event::StepExecuted(executed) => {
            let before = step.before.get::<Dispute>(&executed.dispute);
            let fits = before.is_some_and(|dispute| {
                dispute.stage == u8::from(Stage::Step)
                    && (dispute.low, dispute.high) == (executed.before, executed.claimed)
            });
            found.unless(fits, Law::L8, || format!("{} executed a step that is not in dispute", executed.dispute));
        }
        Event::DisputeDecided(decided) => {
            let fair = step.before.get::<Dispute>(&decided.dispute).is_some_and(|before| {
                let executed = step.events.iter().find_map(|other| match other {
                    Event::StepExecuted(executed) if executed.dispute == decided.dispute => Some(executed),
                    _ => None,
                });
                let agrees = executed.map(|executed| executed.is_fault == 0 && executed.computed == executed.claimed);
                let late = before.deadline < step.after.now;
                let turn = before.game().ok().and_then(|game| game.turn());
                match u8::try_from(decided.verdict).map(Verdict::try_from) {
                    Ok(Ok(Verdict::DefenderWins)) => agrees == Some(true),
                    Ok(Ok(Verdict::ChallengerWins)) => agrees == Some(false),
                    Ok(Ok(Verdict::DefenderSilent)) => late && turn == Some(Party::Defender),
                    Ok(Ok(Verdict::ChallengerSilent)) => late && turn == Some(Party::Challenger),
                    _ => false,
                }
            });
            found
                .unless(fair, Law::L8, || format!("{} was decided as {} by nothing", decided.dispute, decided.verdict));
        }
        _ => {}
    }
}

/// What the loser pays follows from what it had before, and goes where it belongs.
fn check_settlement(settled: &DisputeSettled, step: &Step) -> Result<(), String> {
    let wrong = |what: &str| Err(format!("the settlement of {} {what}", settled.dispute));
    let Some(before) = step.before.get::<Dispute>(&settled.dispute) else { return wrong("is of no dispute") };
    let Some(winner) = before.game().ok().and_then(|game| game.settle().ok()).map(|(_, winner)| winner) else {
        return wrong("has no verdict");
    };
    let Some(parameters) = step.before.parameters() else { return wrong("has no parameters") };
    let (winning, losing) = match winner {
        Party::Defender => (before.defender, before.challenger),
        Party::Challenger => (before.challenger, before.defender),
    };
    if (winning, losing) != (settled.winner, settled.loser) {
        return wrong("names other parties than the verdict");
    }
    let penalty = match winner {
        Party::Challenger => step.before.get::<Lease>(&before.lease).map(|lease| lease.penalty),
        Party::Defender => step.before.get::<Audit>(&before.audit).map(|audit| audit.penalty),
    };
    let due = match (step.before.get::<Node>(&losing), penalty) {
        (Some(node), Some(penalty)) => {
            parameters.audit_rules().fraud_penalty(node.stake, node.unbonding, penalty).unwrap_or(u64::MAX)
        }
        _ => before.bond,
    };
    let fee = bps_of(due, parameters.finder_fee_bps, Round::Down).unwrap_or(u64::MAX);
    if (settled.taken, settled.fee) != (due, fee) {
        return wrong(&format!("takes {} with a fee of {}, not {due} and {fee}", settled.taken, settled.fee));
    }
    let by_wallet = before.audit == Address::default();
    let (owed, forfeited) = match winner {
        Party::Challenger if by_wallet => (before.bond + fee, 0),
        Party::Defender if by_wallet => (0, due - fee),
        _ => (0, 0),
    };
    if (settled.owed, settled.forfeited) != (owed, forfeited) {
        return wrong(&format!("owes {} and burns {}, not {owed} and {forfeited}", settled.owed, settled.forfeited));
    }
    // The fee of a winning node is in its stake at once.
    let gained = |node: &Address| {
        let stake = |snapshot: &Snapshot| snapshot.get::<Node>(node).map(|node| node.stake);
        stake(&step.after).zip(stake(&step.before)).map(|(after, before)| after.checked_sub(before))
    };
    if let Some(gain) = gained(&winning)
        && gain != Some(fee)
    {
        return wrong(&format!("gave the winner {gain:?}, not {fee}"));
    }
    Ok(())
}

/// What a slash for a lost dispute takes, exactly, or nothing when no settlement in the same transaction names it as its evidence. That
/// the sum is right is for the settlement's own check.
pub(super) fn most_due(step: &Step, slash: &StakeSlashed) -> Option<u64> {
    let settled = step.events.iter().find_map(|event| match event {
        Event::DisputeSettled(settled) if settled.dispute == slash.evidence => Some(settled),
        _ => None,
    })?;
    let before: Dispute = step.before.get(&slash.evidence)?;
    let reason = match Verdict::try_from(before.verdict).ok()?.is_by_silence() {
        true => SLASH_TURN_MISSED,
        false => SLASH_DISPUTE_LOST,
    };
    let taken = slash.from_stake + slash.from_unbonding;
    let fits =
        settled.loser == slash.node && settled.taken == taken && (settled.reason, slash.reason) == (reason, reason);
    fits.then_some(taken)
}
