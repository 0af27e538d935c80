//! What the laws say about probes: L6 for points, L8 for the penalty of a missed one, L11 for when they are due and who measures them.

use super::{Found, JobRecord, Law, Ledger, Step};
use crate::snapshot::Snapshot;
use market_model::{
    concentration::{penalised, penalty_q32},
    job::JobTerms,
    lease::LeaseState,
    probe::{self, Outcome, Record},
    race::check_eligible,
};
use render_compute::{
    constants::{CLASS_PROBE, EPOCH_SHARDS},
    events::{MeasurementCommitted, ProbeFinished, ProbeOpened, StakeSlashed},
    probe::{draw, peer_entry},
    state::*,
};
use render_compute_client::{Address, address, event::Event};
use std::collections::BTreeSet;

/// What a node's probes and its services to others' add up to in an epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Availability {
    record: Record,
    service: u64,
}

/// Adds a probe's event to the ledger and checks what one event must satisfy by itself.
pub(super) fn absorb(ledger: &mut Ledger, event: &Event, step: &Step, found: &mut Found) {
    match event {
        Event::ProbeOpened(opened) => {
            let record = JobRecord {
                requester: opened.node,
                audit_probability_bps: u16::try_from(opened.audit_probability_bps).unwrap_or(u16::MAX),
                replicas: 1,
                terms: JobTerms { units: 3, units_per_lease: 3, price_per_unit: 0, premium_per_unit: 0 },
                leases: 1,
                settled: BTreeSet::new(),
            };
            ledger.jobs.insert(opened.job, record);
            ledger.accepted_units.remove(&opened.job);
            let due = check_due(opened, step);
            found.unless(due.is_ok(), Law::L11, || due.err().unwrap_or_default());
        }
        Event::MeasurementCommitted(committed) => {
            let fair = check_peer(committed, step);
            found.unless(fair.is_ok(), Law::L11, || fair.err().unwrap_or_default());
        }
        Event::ProbeFinished(finished) => {
            let fair = check_finish(finished, step);
            found.unless(fair.is_ok(), Law::L6, || fair.err().unwrap_or_default());
            let Ok(outcome) =
                u8::try_from(finished.outcome).map_err(drop).and_then(|code| Outcome::try_from(code).map_err(drop))
            else {
                return found.unless(false, Law::L6, || format!("{} has no outcome", finished.probe));
            };
            let entry = ledger.availability.entry((finished.epoch, finished.node)).or_default();
            if let Ok(after) = entry.record.with(outcome, finished.points) {
                entry.record = after;
            }
            ledger.availability.entry((finished.epoch, finished.opener)).or_default().service += finished.opener_points;
        }
        Event::ProbeAudited(audited) => {
            ledger.availability.entry((audited.epoch, audited.node)).or_default().service += audited.points;
        }
        _ => {}
    }
}

fn check_due(opened: &ProbeOpened, step: &Step) -> Result<(), String> {
    let wrong = |what: &str| Err(format!("the probe {} {what}", opened.probe));
    let (Some(parameters), Some(node)) = (step.before.parameters(), step.before.get::<Node>(&opened.node)) else {
        return wrong("is of no node");
    };
    let rules = parameters.probe_rules();
    if !probe::is_due(draw(&opened.hash, &opened.node), rules.interval_slots) {
        return wrong("was not due");
    }
    if probe::check_slot(opened.slot, node.probed_slot, opened.opened_slot, &rules).is_err() {
        return wrong("was opened for a slot that is past");
    }
    if node.enrolled == 0 || node.is_probed == 1 || node.maintenance().lasts(opened.opened_at) {
        return wrong("is of a node that must not be probed now");
    }
    let opener: Option<Node> = step.before.get(&opened.opener);
    if opener.is_some_and(|opener| opener.operator == node.operator) {
        return wrong("was opened by the node's own operator");
    }
    Ok(())
}

fn check_peer(committed: &MeasurementCommitted, step: &Step) -> Result<(), String> {
    let wrong = |what: &str| Err(format!("a peer of {} {what}", committed.probe));
    let (Some(network), Some(node), Some(probe)) =
        (step.before.network(), step.before.get::<Node>(&committed.node), step.before.get::<Probe>(&committed.probe))
    else {
        return wrong("does not exist");
    };
    let (Some(job), Some(probed)) = (step.before.get::<Job>(&probe.job), step.before.get::<Node>(&probe.node)) else {
        return wrong("measures nothing");
    };
    if probed.operator == node.operator || probe.peers.iter().any(|peer| peer.operator == node.operator) {
        return wrong("is of an operator that measures or is measured already");
    }
    let Ok(entry) = peer_entry(&network, &committed.probe, &probe, &job.seed, &committed.node, &node) else {
        return wrong("is in no race");
    };
    if check_eligible(probe.opened_at, entry.delay_ms, committed.committed_at).is_err() {
        return wrong("came before its turn");
    }
    Ok(())
}

/// What a probe is worth follows from the accounts before it was finished.
fn check_finish(finished: &ProbeFinished, step: &Step) -> Result<(), String> {
    let wrong = |what: String| Err(format!("the end of {} {what}", finished.probe));
    let Some(parameters) = step.before.parameters() else { return wrong("is of no network".to_owned()) };
    let (Some(probe), Some(node)) =
        (step.before.get::<Probe>(&finished.probe), step.before.get::<Node>(&finished.node))
    else {
        return wrong("is of no probe".to_owned());
    };
    // An expiry may stand in the same transaction; then nothing was earned.
    let lease = step.before.get::<Lease>(&probe.lease);
    let is_passed = finished.outcome == u32::from(u8::from(Outcome::Passed));
    let has_passed = lease.is_some_and(|lease| {
        lease.status == u8::from(LeaseState::Revealed) && lease.deadline < step.after.now && lease.node == finished.node
    });
    if is_passed != has_passed {
        return wrong(format!("is {} although the lease says otherwise", finished.outcome));
    }
    let nodes = step.before.get::<Operator>(&address::operator(&node.operator)).map_or(0, |operator| operator.nodes);
    let concentration = penalty_q32(u64::from(nodes), &parameters.concentration_rules());
    let rules = parameters.probe_rules();
    let measured: Vec<u64> =
        probe.peers.iter().filter(|peer| peer.state == PEER_REVEALED).map(|peer| u64::from(peer.mbps)).collect();
    let bandwidth = match probe::median(&measured) {
        Some(median) if is_passed => median,
        _ => node.measured_bandwidth,
    };
    let points = match is_passed {
        true => probe::score(&probe.ratings(bandwidth), &rules).and_then(|score| penalised(score, concentration)),
        false => Ok(0),
    };
    if points != Ok(finished.points) || finished.bandwidth_after != bandwidth {
        return wrong(format!(
            "gives {} points at {}, not {points:?} at {bandwidth}",
            finished.points, finished.bandwidth_after
        ));
    }
    let most = probe::opener_points(finished.points, &rules).unwrap_or(0);
    if finished.opener_points > most || (finished.opener == Address::default() && finished.opener_points > 0) {
        return wrong(format!("gives the opener {}, not {most}", finished.opener_points));
    }
    Ok(())
}

/// Records are what the events add up to, and shards what their nodes' records do.
pub(super) fn check(ledger: &Ledger, state: &Snapshot, found: &mut Found) {
    for (address, record) in state.all::<NodeEpoch>() {
        let due = ledger.availability.get(&(record.epoch, record.node)).copied().unwrap_or_default();
        let has = Record { points: record.points, passed: record.probes_passed, missed: record.probes_missed };
        found.unless((has, record.service_points) == (due.record, due.service), Law::L6, || {
            format!("{address} says {has:?} and {}, events say {due:?}", record.service_points)
        });
        let counts = if record.is_qualified == 1 { record.points } else { 0 };
        found.unless(record.availability == counts, Law::L6, || {
            format!("{address} counts {} of {} points", record.availability, record.points)
        });
    }
    // Records are closed only after their epoch was finalized.
    let open: BTreeSet<u64> = state
        .all::<Epoch>()
        .filter(|(_, epoch)| epoch.state == EPOCH_OPEN && epoch.shards_summed == 0)
        .map(|(_, epoch)| epoch.number)
        .collect();
    for (address, shard) in state.all::<EpochShard>().filter(|(_, shard)| open.contains(&shard.epoch)) {
        let mut sums = (0, 0);
        for (_, record) in state.all::<NodeEpoch>().filter(|(_, record)| record.epoch == shard.epoch) {
            let identity = state.get::<Node>(&record.node).map(|node| node.identity);
            match identity {
                Some(identity) if address::shard_of(&identity) == shard.shard => {
                    sums.0 += record.availability + record.service_points;
                    sums.1 += u64::from(record.is_qualified);
                }
                Some(_) => {}
                // Of a node that is gone nobody knows the shard; it was gone before or counts nothing.
                None => return,
            }
        }
        found.unless((shard.availability, shard.qualified) == sums && shard.shard < EPOCH_SHARDS, Law::L6, || {
            format!("{address} sums to {} of {}, its nodes to {sums:?}", shard.availability, shard.qualified)
        });
    }
}

/// What a missed probe takes, or nothing when it was not missed.
pub(super) fn most_due(step: &Step, slash: &StakeSlashed) -> Option<u64> {
    let lease: Lease = step.before.get(&slash.evidence).filter(|lease: &Lease| lease.node == slash.node)?;
    let has_expired = step.events.iter().any(
        |event| matches!(event, Event::ProbeExpired(expired) if expired.lease == slash.evidence && expired.node == slash.node),
    );
    let is_missed = lease.class == CLASS_PROBE
        && lease.status == u8::from(LeaseState::Claimed)
        && lease.deadline < step.after.now
        && has_expired;
    Some(step.before.parameters()?.probe_penalty).filter(|_| is_missed)
}
