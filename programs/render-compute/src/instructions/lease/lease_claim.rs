//! `lease_claim`: a node takes a lease when its turn in the race has come. Hot path: no account that other nodes write.

use crate::{constants::*, errors::*, events::LeaseClaimed, race, state::*};
use anchor_lang::prelude::*;
use market_model::{lease::LeaseRules, race::eligible_at};

/// Accounts of `lease_claim`. Types and stored keys authenticate them; only the lease's address is derived.
#[derive(Accounts)]
#[instruction(index: u32)]
pub struct LeaseClaim {
    /// The node's identity; pays the lease's rent.
    #[account(mut)]
    pub identity: Signer,
    /// Rules.
    pub network: Account<Network>,
    /// The job; read only, so that its nodes do not wait for each other.
    #[account(constraint = job.class != CLASS_PROBE @ RenderError::IsProbe)]
    pub job: Account<Job>,
    /// The claiming node.
    #[account(mut, constraint = node.identity == *identity.address() @ RenderError::NotIdentity)]
    pub node: Account<Node>,
    /// Created at the first attempt, taken over at later ones.
    #[account(
        init_if_needed,
        payer = identity,
        seeds = [SEED_LEASE, job.address().as_ref(), index.to_le_bytes(), [0u8]],
        bump
    )]
    pub lease: Account<Lease>,
    /// System program.
    pub system_program: Program<System>,
}

/// Before: leases are not paused; the job is open, seeded and not past its deadline; the lease is not settled and nobody holds it;
/// the node meets the job's requirements, its stake covers the penalties of all that it holds, and its race delay has passed (law L11).
/// After: the node holds the lease until its deadline.
pub fn lease_claim(ctx: &mut Context<LeaseClaim>, index: u32) -> Result<()> {
    let bump = ctx.bumps.lease;
    let accounts = &mut ctx.accounts;
    let now = Clock::get()?.unix_timestamp;
    let (network, job) = (&accounts.network, &accounts.job);
    require!(!network.is_paused(PAUSE_LEASES), RenderError::Paused);
    require!(job.status == JOB_OPEN, RenderError::JobNotOpen);
    require!(now <= job.deadline, RenderError::JobPastDeadline);
    require!(job.seeded == 1, RenderError::NotSeeded);
    require!(index < job.leases, RenderError::NoSuchLease);
    require!(!job.is_settled(index), RenderError::AlreadySettled);
    let reputation = race::require_requirements(network, job, &accounts.node, now)?;

    let lease = &mut accounts.lease;
    if lease.version == 0 {
        let range = job.terms().lease_units(u64::from(index)).map_err(refused)?;
        lease.job = *job.address();
        lease.payer = *accounts.identity.address();
        lease.first_unit = range.first;
        lease.units = u32::try_from(range.count).map_err(|_| Error::ArithmeticOverflow)?;
        lease.value = job.terms().lease_value(u64::from(index)).map_err(refused)?;
        lease.premium = job.terms().lease_premium(u64::from(index)).map_err(refused)?;
        lease.claimable_at = job.opened_at;
        lease.index = index;
        lease.class = job.class;
        lease.version = LAYOUT_VERSION;
        lease.bump = bump;
    }
    let node_address = *accounts.node.address();
    let entry = race::entry(
        network,
        job.address(),
        job,
        &node_address,
        &accounts.node,
        index,
        lease.attempt,
        lease.replica,
        &reputation,
    )?;
    let eligible = eligible_at(lease.claimable_at, entry.delay_ms).map_err(refused)?;
    let rules = LeaseRules { lease_seconds: i64::from(job.lease_seconds), ..network.parameters().lease_rules() };
    let next = lease.model()?.claim(eligible, now, &rules).map_err(refused)?;
    lease.enter(&next);
    lease.node = node_address;
    lease.claimed_at = now;
    lease.busy_seconds = 0;
    lease.penalty = race::penalty(network, job, lease.value)?;
    accounts.node.hold(lease.penalty)?;

    emit!(LeaseClaimed {
        lease: *accounts.lease.address(),
        job: accounts.lease.job,
        node: node_address,
        first_unit: accounts.lease.first_unit,
        value: accounts.lease.value,
        premium: accounts.lease.premium,
        penalty: accounts.lease.penalty,
        weight: entry.weight,
        delay_ms: entry.delay_ms,
        claimed_at: now,
        deadline: accounts.lease.deadline,
        index,
        units: accounts.lease.units,
        attempt: u32::from(accounts.lease.attempt),
        replica: u32::from(accounts.lease.replica),
    });
    Ok(())
}
