//! `probe_open`: the network asks a node to prove its hardware, at a slot that chose it.

use crate::{constants::*, errors::*, events::ProbeOpened, probe, race, slot_hashes, state::*};
use anchor_lang::prelude::*;
use market_model::{
    MarketError, Parameters,
    lease::{self, LeaseRules},
    probe::{check_slot, is_due},
};

/// Accounts of `probe_open`. Anyone may send it.
#[derive(Accounts)]
pub struct ProbeOpen {
    /// Pays the rent of probe, job and lease until the probe is finished.
    #[account(mut)]
    pub payer: Signer,
    /// Rules.
    pub network: Account<Network>,
    /// The engine of probes.
    #[account(constraint = engine.id == PROBE_ENGINE && engine.class == CLASS_PROBE @ RenderError::NotProbe)]
    pub engine: Account<Engine>,
    /// The probed node.
    #[account(mut)]
    pub node: Account<Node>,
    /// The node that earns for the opening, of another operator; none where nobody does.
    #[account(constraint = opener.operator != node.operator @ RenderError::SameOperator)]
    pub opener: Option<Account<Node>>,
    /// Created; the node is its requester, for which nobody can sign.
    #[account(init, payer = payer, seeds = [SEED_JOB, node.address().as_ref(), u64::from(node.probes).to_le_bytes()], bump)]
    pub job: Account<Job>,
    /// Created, in the node's hands.
    #[account(init, payer = payer, seeds = [SEED_LEASE, job.address().as_ref(), 0u32.to_le_bytes(), [0u8]], bump)]
    pub lease: Account<Lease>,
    /// Created.
    #[account(init, payer = payer, seeds = [SEED_PROBE, node.address().as_ref(), node.probes.to_le_bytes()], bump)]
    pub probe: Account<Probe>,
    /// System program.
    pub system_program: Program<System>,
}

/// Before: leases are not paused; the node is enrolled, has the least stake, is not in maintenance and has no probe open; `slot` is later than its latest probe
/// and at most `probe_open_slots` ago, its hash is known and makes a probe of the node due; its stake covers the penalty. After: the node holds the one
/// lease of a job of class probe until its deadline; the job's seed is the hash of the first slot after this one.
pub fn probe_open(ctx: &mut Context<ProbeOpen>, slot: u64) -> Result<()> {
    let (job_bump, lease_bump, probe_bump) = (ctx.bumps.job, ctx.bumps.lease, ctx.bumps.probe);
    let accounts = &mut ctx.accounts;
    let clock = Clock::get()?;
    let parameters = accounts.network.parameters();
    let hash = require_due(accounts, slot, &clock, &parameters)?;
    fill_job(accounts, &clock, &parameters, job_bump)?;
    fill_lease(accounts, &clock, &parameters, lease_bump)?;
    fill_probe(accounts, slot, &clock, probe_bump);
    let node = &mut accounts.node;
    node.hold(accounts.lease.penalty)?;
    node.probed_slot = slot;
    node.is_probed = 1;
    node.probes = node.probes.checked_add(1).ok_or(Error::ArithmeticOverflow)?;
    emit_opened(accounts, hash);
    Ok(())
}

/// Gives the due slot's hash.
#[inline(never)]
fn require_due(accounts: &ProbeOpen, slot: u64, clock: &Clock, parameters: &Parameters) -> Result<[u8; 32]> {
    let (network, node) = (&accounts.network, &accounts.node);
    require!(!network.is_paused(PAUSE_LEASES), RenderError::Paused);
    require!(accounts.engine.enabled == 1, RenderError::EngineDisabled);
    require!(node.enrolled == 1, RenderError::NotEnrolled);
    require!(node.is_probed == 0, RenderError::ProbeUnderWay);
    require!(!node.maintenance().lasts(clock.unix_timestamp), RenderError::NodeInMaintenance);
    node.stake_model().check_may_work(&parameters.stake_rules()).map_err(refused)?;
    let rules = parameters.probe_rules();
    check_slot(slot, node.probed_slot, clock.slot, &rules).map_err(refused)?;
    let hash = slot_hashes::of(slot)?.ok_or(RenderError::NoSlotHash)?;
    if !is_due(probe::draw(&hash, node.address()), rules.interval_slots) {
        return Err(refused(MarketError::ProbeNotDue));
    }
    Ok(hash)
}

#[inline(never)]
fn fill_job(accounts: &mut ProbeOpen, clock: &Clock, parameters: &Parameters, bump: u8) -> Result<()> {
    let (node_address, node) = (*accounts.node.address(), &accounts.node);
    let statement = probe::statement(&node.ratings(), parameters.probe_work_seconds);
    let lease_seconds = u32::try_from(parameters.probe_seconds).map_err(|_| Error::ArithmeticOverflow)?;
    let probability = parameters.audit_probability_bps;
    let job = &mut accounts.job;
    job.requester = node_address;
    job.payer = *accounts.payer.address();
    job.manifest = kernels::merkle::sha256(&[&statement]);
    job.engine = *accounts.engine.address();
    job.statement = statement;
    job.nonce = u64::from(node.probes);
    job.units = u64::from(PROBE_UNITS);
    job.opened_slot = clock.slot;
    job.opened_at = clock.unix_timestamp;
    job.deadline = clock.unix_timestamp.checked_add(i64::from(lease_seconds)).ok_or(Error::ArithmeticOverflow)?;
    job.units_per_lease = PROBE_UNITS;
    job.leases = 1;
    job.lease_seconds = lease_seconds;
    job.minimum_memory_mib = node.memory_mib;
    job.audit_probability_bps = u16::try_from(probability).map_err(|_| Error::ArithmeticOverflow)?;
    job.replicas = 1;
    job.class = CLASS_PROBE;
    job.verification = VERIFICATION_EXACT;
    job.version = LAYOUT_VERSION;
    job.bump = bump;
    Ok(())
}

#[inline(never)]
fn fill_lease(accounts: &mut ProbeOpen, clock: &Clock, parameters: &Parameters, bump: u8) -> Result<()> {
    let now = clock.unix_timestamp;
    let penalty = race::penalty(&accounts.network, &accounts.job, parameters.probe_value)?;
    let rules = LeaseRules { lease_seconds: i64::from(accounts.job.lease_seconds), ..parameters.lease_rules() };
    let begun = lease::Lease::open(now).claim(now, now, &rules).map_err(refused)?;
    let lease = &mut accounts.lease;
    lease.job = *accounts.job.address();
    lease.node = *accounts.node.address();
    lease.payer = *accounts.payer.address();
    lease.value = parameters.probe_value;
    lease.penalty = penalty;
    lease.claimed_at = now;
    lease.units = PROBE_UNITS;
    lease.class = CLASS_PROBE;
    lease.version = LAYOUT_VERSION;
    lease.bump = bump;
    lease.enter(&begun);
    Ok(())
}

#[inline(never)]
fn fill_probe(accounts: &mut ProbeOpen, slot: u64, clock: &Clock, bump: u8) {
    let (job, lease) = (*accounts.job.address(), *accounts.lease.address());
    let (opener, opener_shard) = match &accounts.opener {
        Some(opener) => (*opener.address(), shard_of(opener.identity.as_array())),
        None => (Address::default(), 0),
    };
    let node = &accounts.node;
    let probe = &mut accounts.probe;
    probe.node = *node.address();
    probe.payer = *accounts.payer.address();
    probe.job = job;
    probe.lease = lease;
    probe.opener = opener;
    probe.compute = node.rated_compute;
    probe.clock = node.rated_clock;
    probe.bandwidth = node.measured_bandwidth;
    probe.slot = slot;
    probe.opened_slot = clock.slot;
    probe.opened_at = clock.unix_timestamp;
    probe.deadline = accounts.lease.deadline;
    probe.memory_mib = node.memory_mib;
    probe.number = node.probes;
    probe.opener_shard = opener_shard;
    probe.version = LAYOUT_VERSION;
    probe.bump = bump;
}

#[inline(never)]
fn emit_opened(accounts: &ProbeOpen, hash: [u8; 32]) {
    let (probe, job, lease) = (&accounts.probe, &accounts.job, &accounts.lease);
    emit!(ProbeOpened {
        probe: *probe.address(),
        node: probe.node,
        job: probe.job,
        lease: probe.lease,
        opener: probe.opener,
        payer: probe.payer,
        engine: job.engine,
        hash,
        statement: job.statement,
        compute: probe.compute,
        clock: probe.clock,
        bandwidth: probe.bandwidth,
        slot: probe.slot,
        opened_slot: probe.opened_slot,
        opened_at: probe.opened_at,
        deadline: probe.deadline,
        value: lease.value,
        penalty: lease.penalty,
        memory_mib: probe.memory_mib,
        number: probe.number,
        audit_probability_bps: u32::from(job.audit_probability_bps),
        units: lease.units,
    });
}
