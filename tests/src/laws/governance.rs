//! Law L12: votes counted are RENDER locked; and what is governed changes by a proposal that both votes accepted, after its timelock, or not at all.

use super::{Found, Law, Step};
use market_model::governance::Stage;
use render_compute::{
    events::{ProposalAdvanced, ProposalExecuted},
    state::{Proposal, Schedule, Vote, VoteLock},
};
use render_compute_client::{Address, address, event::Event};

/// Checks the state after a transaction, and what its events say of the state before it.
pub(super) fn check(step: &Step, found: &mut Found) {
    let locked: u64 = step.after.all::<VoteLock>().map(|(_, lock)| lock.amount).sum();
    found.unless(step.after.vote_vault == locked, Law::L12, || {
        format!("the vote vault holds {} RENDER, locks say {locked}", step.after.vote_vault)
    });
    for (address, proposal) in step.after.all::<Proposal>() {
        check_votes(step, &address, &proposal, found);
    }
    for event in &step.events {
        match event {
            Event::ProposalAdvanced(advanced) => check_count(step, advanced, found),
            Event::ProposalExecuted(executed) => check_execution(step, executed, found),
            _ => {}
        }
    }
    check_governed(step, found);
}

/// The stage that is voted on, as a position in the account's pairs.
fn voting(proposal: &Proposal) -> Option<usize> {
    match Stage::try_from(proposal.stage) {
        Ok(Stage::Initial) => Some(0),
        Ok(Stage::Final) => Some(1),
        _ => None,
    }
}

/// Sums of what was said in a stage: for, against.
fn said(votes: impl Iterator<Item = (Address, Vote)>, proposal: &Address, stage: usize) -> (u64, u64) {
    votes.filter(|(_, vote)| vote.proposal == *proposal).fold((0, 0), |(yes, no), (_, vote)| {
        let weight = vote.weights[stage];
        if vote.is_yes[stage] == 1 { (yes + weight, no) } else { (yes, no + weight) }
    })
}

fn check_votes(step: &Step, address: &Address, proposal: &Proposal, found: &mut Found) {
    let Some(stage) = voting(proposal) else { return };
    let sums = said(step.after.all::<Vote>(), address, stage);
    let counted = (proposal.yes[stage], proposal.no[stage]);
    found.unless(sums == counted, Law::L12, || {
        format!("proposal {} counts {counted:?}, its votes say {sums:?}", proposal.number)
    });
    // One timelock after the vote's end the RENDER is free, counted or not.
    if step.after.now >= proposal.ends_at + proposal.timelock_seconds {
        return;
    }
    for (_, vote) in step.after.all::<Vote>().filter(|(_, vote)| vote.proposal == *address) {
        let lock = step.after.get::<VoteLock>(&address::vote_lock(&vote.wallet));
        let held = lock.map_or(0, |lock| lock.amount);
        found.unless(vote.weights[stage] <= held, Law::L12, || {
            format!("{} votes with {} and has {held} locked", vote.wallet, vote.weights[stage])
        });
    }
}

/// A vote goes on only when it was won, and into the timelock only with its quorum, by the votes as they stood.
fn check_count(step: &Step, advanced: &ProposalAdvanced, found: &mut Found) {
    let Some(proposal) = step.before.get::<Proposal>(&advanced.proposal) else {
        found.unless(false, Law::L12, || format!("{} was counted and did not exist", advanced.proposal));
        return;
    };
    let fits = match (Stage::try_from(advanced.before), Stage::try_from(advanced.after)) {
        (Ok(Stage::Initial), Ok(Stage::Final)) => {
            let (yes, no) = said(step.before.all::<Vote>(), &advanced.proposal, 0);
            proposal.stage == advanced.before && yes > no && step.after.now >= proposal.ends_at
        }
        (Ok(Stage::Final), Ok(Stage::Queued)) => {
            let (yes, no) = said(step.before.all::<Vote>(), &advanced.proposal, 1);
            let votes = (u128::from(yes) + u128::from(no)) * 10_000;
            let needed = u128::from(step.before.supply) * u128::from(proposal.quorum_bps);
            proposal.stage == advanced.before && yes > no && votes >= needed && step.after.now >= proposal.ends_at
        }
        (_, Ok(after)) => after.is_over(),
        _ => false,
    };
    found.unless(fits, Law::L12, || {
        format!("proposal {} went from stage {} to {}", proposal.number, advanced.before, advanced.after)
    });
}

/// What is executed was accepted and has waited.
fn check_execution(step: &Step, executed: &ProposalExecuted, found: &mut Found) {
    let ready = step.before.get::<Proposal>(&executed.proposal).is_some_and(|proposal| {
        proposal.stage == u8::from(Stage::Queued)
            && step.after.now >= proposal.ends_at
            && step.after.now < proposal.ends_at + proposal.execution_seconds
    });
    found.unless(ready, Law::L12, || {
        format!("proposal {} was executed too early, too late or unaccepted", executed.number)
    });
}

/// Once the network is governed, its numbers and its guardian change by proposals only.
fn check_governed(step: &Step, found: &mut Found) {
    let Some((before, after)) = step.before.network().zip(step.after.network()) else { return };
    found.unless(before.governed <= after.governed, Law::L12, || "the network is no longer governed".to_owned());
    let by_proposal = step.events.iter().any(|event| matches!(event, Event::ProposalExecuted(_)));
    if before.governed == 0 || by_proposal {
        return;
    }
    let schedule = |state: &crate::snapshot::Snapshot| {
        state
            .get::<Schedule>(&address::schedule())
            .map(|table| (table.yearly, table.operations_bps, table.creators_bps))
    };
    let is_same = before.parameters == after.parameters
        && before.authority == after.authority
        && schedule(&step.before) == schedule(&step.after);
    found.unless(is_same, Law::L12, || "parameters, schedule or guardian changed without a proposal".to_owned());
}
