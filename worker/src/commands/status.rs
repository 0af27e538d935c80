//! `status`: the node in numbers and words.

use super::{Context, registered};
use crate::{amount, error::WorkerError};
use market_model::{audit::AuditState, lease::LeaseState};
use render_compute::state::{Audit, EPOCH_FINALIZED, Epoch, Lease, Network, Node, NodeEpoch};
use render_compute_client::{Chain, Signer, account, address, earnings::amounts};
use serde_json::json;
use std::fmt::Write;

/// Epochs that are shown.
const EPOCHS: usize = 5;

pub(super) async fn status(context: &Context) -> anyhow::Result<()> {
    let (chain, identity) = (context.chain(), context.identity()?.pubkey());
    let node = registered(&chain, &identity).await?;
    let network = account::network(&chain).await?;
    let now = chain.clock().await?.unix_timestamp;
    let address = address::node(&identity);
    let held: Vec<Lease> = account::leases_of_node(&chain, &address)
        .await?
        .into_iter()
        .map(|(_, lease)| lease)
        .filter(|lease| LeaseState::try_from(lease.status).is_ok_and(LeaseState::is_in_flight))
        .collect();
    let audits: Vec<Audit> =
        account::audits_of_node(&chain, &address).await?.into_iter().map(|(_, audit)| audit).collect();
    let filter = (std::mem::offset_of!(NodeEpoch, node), address.to_bytes().to_vec());
    let mut records: Vec<NodeEpoch> =
        account::list::<NodeEpoch>(&chain, &[filter]).await?.into_iter().map(|(_, record)| record).collect();
    records.sort_by_key(|record| std::cmp::Reverse(record.epoch));
    records.truncate(EPOCHS);
    let mut epochs = Vec::new();
    for record in records {
        epochs.push((record, account::epoch(&chain, record.epoch).await?));
    }
    let reputation = reputation_bps(&node, &network, now)?;
    let text = format!("node {address}\n{}", describe(&node, &network, &held, &audits, &epochs, reputation, now));
    let value = json!({
        "node": address.to_string(),
        "identity": identity.to_string(),
        "operator": node.operator.to_string(),
        "stake": node.stake,
        "exposure": node.exposure,
        "slashed": node.slashed_total,
        "unbonding": node.unbonding,
        "unbonding_until": node.unbonding_until,
        "leases_held": node.leases_held,
        "capacity": node.capacity,
        "leases_accepted": node.leases_accepted,
        "leases_expired": node.leases_expired,
        "leases_returned": node.leases_returned,
        "audits_accepted": node.audits_accepted,
        "disputes_lost": node.disputes_lost,
        "credits_accepted": node.credits_accepted,
        "reputation_bps": reputation,
        "draining": node.draining == 1,
        "leases": held.iter().map(|lease| json!({
            "job": lease.job.to_string(), "index": lease.index, "state": state(lease), "deadline": lease.deadline,
            "value": lease.value, "audits_owed": lease.audits_owed, "audits_paid": lease.audits_paid,
        })).collect::<Vec<_>>(),
        "audits": audits.iter().map(|audit| json!({
            "lease": audit.lease.to_string(), "index": audit.index, "state": audit_state(audit),
            "deadline": audit.deadline, "value": audit.value,
        })).collect::<Vec<_>>(),
        "epochs": epochs.iter().map(|(record, epoch)| json!({
            "number": record.epoch, "work": record.work, "claimed": record.is_claimed == 1,
            "amount": share(record, epoch.as_ref()),
        })).collect::<Vec<_>>(),
    });
    context.print(&text, &value);
    Ok(())
}

fn reputation_bps(node: &Node, network: &Network, now: i64) -> Result<u64, WorkerError> {
    let rules = network.parameters().reputation_rules();
    let decayed = node.reputation_model().decayed(now, &rules);
    decayed.map(|reputation| reputation.bps()).map_err(|error| WorkerError::NotReady(error.message().to_owned()))
}

fn describe(
    node: &Node,
    network: &Network,
    held: &[Lease],
    audits: &[Audit],
    epochs: &[(NodeEpoch, Option<Epoch>)],
    reputation: u64,
    now: i64,
) -> String {
    let mut text = String::new();
    let least = network.parameters().min_stake;
    let enough = if node.stake >= least {
        String::new()
    } else {
        format!(", {} too little to work", amount::render(least - node.stake))
    };
    let mut line = |name: &str, value: String| {
        // Writing to a string does not fail.
        let _ = writeln!(text, "{name:<12} {value}");
    };
    line("operator", node.operator.to_string());
    line("stake", format!("{} RENDER{enough}", amount::render(node.stake)));
    if node.unbonding > 0 {
        let left = node.unbonding_until.saturating_sub(now);
        let when = if left > 0 { format!("free in {}", duration(left)) } else { "free to withdraw".into() };
        line("unbonding", format!("{} RENDER, {when}", amount::render(node.unbonding)));
    }
    if node.exposure > 0 {
        let free = node.stake.saturating_sub(node.exposure);
        let covers = format!(
            "{} RENDER cover what it holds, {} free for more",
            amount::render(node.exposure),
            amount::render(free)
        );
        line("at risk", covers);
    }
    if node.slashed_total > 0 {
        line("slashed", format!("{} RENDER, {} disputes lost", amount::render(node.slashed_total), node.disputes_lost));
    }
    line("reputation", format!("{} ({reputation} of 10000)", in_words(reputation)));
    line(
        "record",
        format!(
            "{} leases and {} audits accepted for {} credits, {} given back, {} expired",
            node.leases_accepted,
            node.audits_accepted,
            node.credits_accepted,
            node.leases_returned,
            node.leases_expired
        ),
    );
    let drain = if node.draining == 1 { ", draining" } else { "" };
    line("leases", format!("{} of {} held{drain}", node.leases_held, node.capacity));
    for lease in held {
        let left = lease.deadline.saturating_sub(now);
        let when = if left >= 0 { format!("{} left", duration(left)) } else { format!("{} ago", duration(-left)) };
        line("", format!("lease {} of job {}: {}, {when}", lease.index, lease.job, state(lease)));
    }
    for audit in audits {
        line("audit", format!("{} of lease {}: {}", audit.index, audit.lease, audit_state(audit)));
    }
    for (record, epoch) in epochs {
        let work: u64 = record.work.iter().sum();
        let outcome = match (record.is_claimed, epoch) {
            (1, _) => format!("claimed {} RENDER", amount::render(record.claimed)),
            (_, Some(epoch)) if epoch.state == EPOCH_FINALIZED => {
                format!("{} RENDER to claim", amount::render(share(record, Some(epoch))))
            }
            (_, Some(epoch)) if now >= epoch.ends_at => "ended, not finalized".to_owned(),
            (_, Some(epoch)) => format!("runs for {} more", duration(epoch.ends_at.saturating_sub(now))),
            (_, None) => "gone".to_owned(),
        };
        line("epoch", format!("{}: {work} credits of work, {outcome}", record.epoch));
    }
    text.trim_end().to_owned()
}

/// RENDER of an epoch for a node's record, as far as it is fixed.
fn share(record: &NodeEpoch, epoch: Option<&Epoch>) -> u64 {
    if record.is_claimed == 1 {
        return record.claimed;
    }
    epoch.and_then(|epoch| amounts(epoch, record).ok()).map_or(0, |amounts| amounts.total())
}

fn state(lease: &Lease) -> &'static str {
    match LeaseState::try_from(lease.status) {
        Ok(LeaseState::Claimed) => "claimed, to be committed",
        Ok(LeaseState::Committed) if lease.drawn == 0 => "committed, waits for the audit lottery",
        Ok(LeaseState::Committed) => "committed, to be revealed",
        Ok(LeaseState::Auditing) => "committed, waits for its auditors",
        Ok(LeaseState::Opening) => "committed, its auditors reveal",
        Ok(LeaseState::Disputed) => "revealed, under dispute",
        Ok(LeaseState::Revealed) => "revealed, in its challenge window",
        Ok(LeaseState::Accepted) => "accepted",
        _ => "free",
    }
}

fn audit_state(audit: &Audit) -> &'static str {
    match AuditState::try_from(audit.status) {
        Ok(AuditState::Claimed) => "claimed, to be committed",
        Ok(AuditState::Committed) => "committed, to be revealed",
        Ok(AuditState::Revealed) => "revealed",
        Ok(AuditState::Disputed) => "differs, under dispute",
        Err(_) => "unknown",
    }
}

/// A reputation in a word; 5,000 is where everyone starts.
fn in_words(bps: u64) -> &'static str {
    match bps {
        8_500.. => "excellent",
        6_500.. => "good",
        5_001.. => "fair",
        5_000 => "neutral",
        3_500.. => "doubtful",
        1_500.. => "poor",
        _ => "bad",
    }
}

/// Seconds in the largest units that say enough.
pub(super) fn duration(seconds: i64) -> String {
    let seconds = seconds.max(0);
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min {} s", seconds / 60, seconds % 60),
        3_600..86_400 => format!("{} h {} min", seconds / 3_600, seconds % 3_600 / 60),
        _ => format!("{} days {} h", seconds / 86_400, seconds % 86_400 / 3_600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytemuck::Zeroable;
    use market_model::Parameters;

    #[test]
    fn the_status_says_what_an_operator_asks() {
        let mut network = Network::zeroed();
        network.parameters = Parameters::DEFAULT.values();
        let mut node = Node::zeroed();
        node.stake = 99 * 100_000_000;
        node.unbonding = 100_000_000;
        node.unbonding_until = 1_000 + 90_000;
        node.capacity = 4;
        node.leases_held = 1;
        let mut lease = Lease::zeroed();
        lease.status = LeaseState::Revealed.into();
        lease.deadline = 1_065;
        let mut audit = Audit::zeroed();
        audit.index = 1;
        audit.status = AuditState::Committed.into();
        node.exposure = 4 * 100_000_000;
        let mut record = NodeEpoch::zeroed();
        record.epoch = 3;
        record.work = [50, 0];
        let mut epoch = Epoch::zeroed();
        epoch.state = EPOCH_FINALIZED;
        epoch.work = [100, 0];
        epoch.work_pools = [300_000_000, 0];
        let text = describe(&node, &network, &[lease], &[audit], &[(record, Some(epoch))], 5_000, 1_000);
        for part in [
            "99 RENDER, 1 too little to work",
            "1 RENDER, free in 1 days 1 h",
            "neutral (5000 of 10000)",
            "1 of 4 held",
            "revealed, in its challenge window, 1 min 5 s left",
            "4 RENDER cover what it holds, 95 free for more",
            "1 of lease 11111111111111111111111111111111: committed, to be revealed",
            "3: 50 credits of work, 1.5 RENDER to claim",
        ] {
            assert!(text.contains(part), "{part:?} is not in\n{text}");
        }
    }
}
