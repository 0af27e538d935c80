//! `probe_finish`: counts a probe that is over, and closes it.

use crate::{constants::*, errors::*, events::ProbeFinished, model::sum, raw, state::*};
use anchor_lang::prelude::*;
use market_model::{
    concentration::{penalised, penalty_q32},
    probe::{self, Outcome, ProbeRules},
};

/// Accounts of `probe_finish`. Anyone may send it.
#[derive(Accounts)]
pub struct ProbeFinish {
    /// Rules.
    pub network: Account<Network>,
    /// Closed.
    #[account(mut, close = payer, constraint = probe.node == *node.address() @ RenderError::WrongProbe)]
    pub probe: Account<Probe>,
    /// The probed node.
    #[account(mut)]
    pub node: Account<Node>,
    /// Its operator: how many nodes it has.
    #[account(constraint = operator.wallet == node.operator @ RenderError::NotOperator)]
    pub operator: Account<Operator>,
    /// Closed.
    #[account(mut, close = payer, constraint = probe.job == *job.address() @ RenderError::WrongProbe)]
    pub job: Account<Job>,
    /// Closed.
    #[account(mut, close = payer, constraint = probe.lease == *lease.address() @ RenderError::WrongProbe)]
    pub lease: Account<Lease>,
    /// Paid the rent of all three and receives it back.
    #[account(mut, address = probe.payer @ RenderError::WrongProbe)]
    pub payer: UncheckedAccount,
    /// The running epoch.
    pub epoch: Account<Epoch>,
    /// The node's shard of it.
    #[account(mut, constraint = shard.epoch == epoch.number && shard.shard == shard_of(&node.identity.to_bytes()) @ RenderError::WrongShard)]
    pub shard: Account<EpochShard>,
    /// The node's record in it.
    #[account(mut, constraint = node_epoch.epoch == epoch.number && node_epoch.node == *node.address() @ RenderError::WrongEpoch)]
    pub node_epoch: Account<NodeEpoch>,
    /// The opener's record in it, or its empty address; none where the probe has no opener. Checked in the handler.
    #[account(mut)]
    pub opener_epoch: Option<UncheckedAccount>,
    /// The opener's shard where it has a record and the shard is not the node's too.
    #[account(mut, constraint = opener_shard.epoch == epoch.number && opener_shard.shard == probe.opener_shard @ RenderError::WrongShard)]
    pub opener_shard: Option<Account<EpochShard>>,
}

/// Before: the answer is revealed, its challenge window has closed, its audits are paid and the job is seeded; or the lease was taken from the node by
/// `probe_expire`, `lease_expire`, `audit_forfeit` or a lost dispute. The epoch runs. After: passed: the node has its points, new bandwidth where enough peers agree, and
/// uptime; its opener, where it has a record in the epoch, its share. Else: one more missed. Job, lease and probe are closed, and the node can be probed again.
pub fn probe_finish(ctx: &mut Context<ProbeFinish>) -> Result<()> {
    let now = Clock::get()?.unix_timestamp;
    let accounts = &mut ctx.accounts;
    accounts.epoch.require_running(now)?;
    let parameters = accounts.network.parameters();
    let rules = parameters.probe_rules();
    let outcome = outcome_of(accounts, now)?;
    let mut event = begin_event(accounts, outcome);
    event.concentration = penalty_q32(u64::from(accounts.operator.nodes), &parameters.concentration_rules());
    if outcome == Outcome::Passed {
        pass(accounts, &rules, &mut event, now)?;
    }
    let node = &mut accounts.node;
    let uptime = probe::uptime_after(u64::from(node.uptime_bps), outcome == Outcome::Passed, rules.uptime_weight_bps);
    node.uptime_bps = u16::try_from(uptime.map_err(refused)?).map_err(|_| Error::ArithmeticOverflow)?;
    node.is_probed = 0;
    node.remember(outcome.reason(), accounts.lease.value, now, &parameters.reputation_rules())?;
    accounts.node_epoch.record_probe(&mut accounts.shard, outcome, event.points, rules.qualify_bps)?;
    finish_event(accounts, &mut event);
    emit!(event);
    Ok(())
}

/// How the probe ended; an error while it has not.
#[inline(never)]
fn outcome_of(accounts: &ProbeFinish, now: i64) -> Result<Outcome> {
    let (lease, probe) = (&accounts.lease, &accounts.probe);
    let state = lease.model()?;
    if !state.state.is_claimable() {
        state.accept(now).map_err(refused)?;
        // Without its seed nobody could have said what was to be computed.
        require!(accounts.job.seeded == 1, RenderError::NotSeeded);
        return Ok(Outcome::Passed);
    }
    // It was the node's from the opening, so it was taken from it. What was hidden was never revealed, and only what was revealed is disputed.
    Ok(match (probe.outcome, lease.disputes) {
        (0, 0) => Outcome::Hidden,
        (0, _) => Outcome::Disproved,
        (code, _) => Outcome::try_from(code).map_err(refused)?,
    })
}

/// Points, bandwidth, capacity and the opener's share of a passed probe.
#[inline(never)]
fn pass(accounts: &mut ProbeFinish, rules: &ProbeRules, event: &mut ProbeFinished, now: i64) -> Result<()> {
    let mut measured = [0u64; probe::PEERS];
    let revealed = accounts.probe.peers.iter().filter(|peer| peer.state == PEER_REVEALED);
    let mut count = 0usize;
    for (place, peer) in measured.iter_mut().zip(revealed) {
        *place = u64::from(peer.mbps);
        count = count.saturating_add(1);
    }
    let node = &mut accounts.node;
    if let Some(median) = probe::median(measured.get(..count).unwrap_or_default()) {
        node.measured_bandwidth = median;
    }
    let ratings = accounts.probe.ratings(node.measured_bandwidth);
    let score = probe::score(&ratings, rules).map_err(refused)?;
    event.points = penalised(score, event.concentration).map_err(refused)?;
    event.capacity_seconds = probe::capacity_seconds(rules.interval_slots, node.capacity).map_err(refused)?;
    node.release(accounts.lease.penalty);
    node.proved_at = now;
    let classes = node.classes;
    for (class, seconds) in (0u32..).zip(accounts.shard.capacity_seconds.iter_mut()) {
        if classes & 1u8.wrapping_shl(class) != 0 {
            *seconds = sum(*seconds, event.capacity_seconds)?;
        }
    }
    let share = probe::opener_points(event.points, rules).map_err(refused)?;
    if pay_opener(accounts, share)? {
        event.opener_points = share;
    }
    Ok(())
}

/// Adds to the opener's service points, where it has a record in the epoch; says whether it has.
#[inline(never)]
fn pay_opener(accounts: &mut ProbeFinish, points: u64) -> Result<bool> {
    let opener = accounts.probe.opener;
    if opener == Address::default() {
        return Ok(false);
    }
    let mut view = *accounts.opener_epoch.as_ref().ok_or(RenderError::WrongProbe)?.account();
    let number = accounts.epoch.number.to_le_bytes();
    let (expected, _) = find_program_address(&[SEED_NODE_EPOCH, opener.as_ref(), &number], &crate::ID);
    require!(*view.address() == expected, RenderError::WrongProbe);
    if !view.owned_by(&crate::ID) {
        return Ok(false);
    }
    let service_points = sum(Account::<NodeEpoch>::load(view)?.service_points, points)?;
    raw::write::<NodeEpoch>(&mut view, |record| record.service_points = service_points)?;
    let shard = match &mut accounts.opener_shard {
        Some(shard) => shard,
        None => {
            require!(accounts.shard.shard == accounts.probe.opener_shard, RenderError::WrongShard);
            &mut accounts.shard
        }
    };
    shard.availability = sum(shard.availability, points)?;
    Ok(true)
}

fn begin_event(accounts: &ProbeFinish, outcome: Outcome) -> ProbeFinished {
    let (probe, node) = (&accounts.probe, &accounts.node);
    ProbeFinished {
        probe: *probe.address(),
        node: probe.node,
        job: probe.job,
        lease: probe.lease,
        opener: probe.opener,
        payer: probe.payer,
        epoch: accounts.epoch.number,
        points: 0,
        points_after: 0,
        availability_after: 0,
        opener_points: 0,
        capacity_seconds: 0,
        bandwidth_before: node.measured_bandwidth,
        bandwidth_after: 0,
        concentration: 0,
        number: probe.number,
        outcome: u32::from(u8::from(outcome)),
        passed: 0,
        missed: 0,
        uptime_before: node.uptime_bps,
        uptime_after: 0,
        peers: u16::from(probe.revealed),
        is_qualified: 0,
    }
}

fn finish_event(accounts: &ProbeFinish, event: &mut ProbeFinished) {
    let (record, node) = (&accounts.node_epoch, &accounts.node);
    event.points_after = record.points;
    event.availability_after = record.availability;
    event.bandwidth_after = node.measured_bandwidth;
    event.passed = record.probes_passed;
    event.missed = record.probes_missed;
    event.uptime_after = node.uptime_bps;
    event.is_qualified = u16::from(record.is_qualified);
}
