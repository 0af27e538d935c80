//! Names and tiers: a requester's reputation moves only when a job of its own is closed, and by what the event says; a node's tier only by a
//! review or a lost dispute.

use super::{Found, Law, Ledger, Step};
use render_compute::state::{CreditAccount, Node};
use render_compute_client::{address, event::Event};

pub(super) fn check(ledger: &Ledger, step: &Step, found: &mut Found) {
    for (address, credit) in step.after.all::<CreditAccount>() {
        let Some(before) = step.before.get::<CreditAccount>(&address) else { continue };
        let said = step.events.iter().filter_map(|event| match event {
            Event::JobClosed(closed) => Some(closed),
            _ => None,
        });
        let said = said.filter(|closed| {
            ledger.jobs.get(&closed.job).is_some_and(|job| address::credit(&job.requester) == address)
        });
        let expected = said.fold(before.reputation, |reputation, closed| {
            found.unless(closed.reputation_before == reputation, Law::Standing, || {
                format!("{address} was judged from {} and had {reputation}", closed.reputation_before)
            });
            closed.reputation_after
        });
        found.unless(credit.reputation == expected, Law::Standing, || {
            format!("the reputation of {address} is {}, events say {expected}", credit.reputation)
        });
    }
    for (address, node) in step.after.all::<Node>() {
        let Some(before) = step.before.get::<Node>(&address) else { continue };
        let expected = step.events.iter().fold(before.tier, |tier, event| match event {
            Event::NodeReviewed(reviewed) if reviewed.node == address => reviewed.tier_after,
            Event::DisputeSettled(settled) if settled.loser == address => 0,
            _ => tier,
        });
        found.unless(node.tier == expected, Law::Standing, || {
            format!("{address} is of tier {}, events say {expected}", node.tier)
        });
    }
}
