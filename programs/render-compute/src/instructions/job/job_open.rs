//! `job_open`: escrows credits for work.

use crate::{constants::*, errors::*, events::JobOpened, model::sum, state::*};
use anchor_lang::prelude::*;
use market_model::{MarketError, job::JobTerms};

/// What the requester orders.
#[derive(Clone, Copy, IdlType, AnchorSerialize, AnchorDeserialize)]
pub struct JobOrder {
    /// SHA-256 of the canonical manifest.
    pub manifest: [u8; 32],
    /// Compute client it comes through; zero for none.
    pub client: Address,
    /// Units of work.
    pub units: u64,
    /// Credits per unit.
    pub price_per_unit: u64,
    /// Work measure of one unit.
    pub work_per_unit: u64,
    /// Units per lease.
    pub units_per_lease: u32,
    /// Seconds a lease lasts; 0 for the network's default.
    pub lease_seconds: u32,
    /// Seconds from now until no lease can be claimed any more.
    pub open_seconds: u32,
    /// Least accelerator memory, MiB.
    pub minimum_memory_mib: u32,
    /// Least node reputation, basis points.
    pub minimum_reputation: u16,
    /// Preferred region; 0 for any.
    pub region: u16,
}

/// Accounts of `job_open`.
#[derive(Accounts)]
#[instruction(nonce: u64)]
pub struct JobOpen {
    /// Pays credits and rent.
    #[account(mut)]
    pub requester: Signer,
    /// Rules.
    pub network: Account<Network>,
    /// What runs it.
    pub engine: Account<Engine>,
    /// Pays.
    #[account(mut, constraint = credit.owner == *requester.address() @ RenderError::WrongCreditAccount)]
    pub credit: Account<CreditAccount>,
    /// Created.
    #[account(init, payer = requester, seeds = [SEED_JOB, requester.address().as_ref(), nonce.to_le_bytes()], bump)]
    pub job: Account<Job>,
    /// System program.
    pub system_program: Program<System>,
}

/// Before: jobs are not paused, the engine is enabled, `nonce` is the requester's next, and the credits are available.
/// After: the job holds `units * price_per_unit` credits and can be seeded one slot later.
pub fn job_open(ctx: &mut Context<JobOpen>, nonce: u64, order: JobOrder) -> Result<()> {
    let bump = ctx.bumps.job;
    let accounts = &mut ctx.accounts;
    let clock = Clock::get()?;
    let now = clock.unix_timestamp;
    require!(!accounts.network.is_paused(PAUSE_JOBS), RenderError::Paused);
    require!(accounts.engine.enabled == 1, RenderError::EngineDisabled);
    require!(nonce == accounts.credit.jobs, RenderError::WrongNonce);
    require!(order.manifest != [0; 32], RenderError::ZeroValue);
    let parameters = accounts.network.parameters();
    let terms = JobTerms {
        units: order.units,
        units_per_lease: u64::from(order.units_per_lease),
        price_per_unit: order.price_per_unit,
    };
    let plan = terms.plan().map_err(refused)?;
    let leases = u32::try_from(plan.leases).map_err(|_| Error::ArithmeticOverflow)?;
    require!(order.work_per_unit > 0, RenderError::ZeroValue);
    let deadline = now.checked_add(i64::from(order.open_seconds)).ok_or(Error::ArithmeticOverflow)?;
    let longest = i64::try_from(parameters.job_max_seconds).map_err(|_| Error::ArithmeticOverflow)?;
    market_model::job::check_deadline(now, deadline, longest).map_err(refused)?;
    let lease_seconds = match order.lease_seconds {
        0 => u32::try_from(parameters.lease_seconds).map_err(|_| Error::ArithmeticOverflow)?,
        asked => asked,
    };
    require!(
        lease_seconds >= MINIMUM_LEASE_SECONDS && i64::from(lease_seconds) <= longest,
        RenderError::BadLeaseSeconds
    );

    let credit = &mut accounts.credit;
    let available_before = credit.available;
    credit.available =
        credit.available.checked_sub(plan.escrow).ok_or(MarketError::CreditsUnavailable).map_err(refused)?;
    credit.escrowed_total = sum(credit.escrowed_total, plan.escrow)?;
    credit.jobs = sum(credit.jobs, 1)?;
    let (requester, engine) = (*accounts.requester.address(), *accounts.engine.address());
    let (class, verification) = (accounts.engine.class, accounts.engine.verification);
    let job = &mut accounts.job;
    job.requester = requester;
    job.payer = requester;
    job.manifest = order.manifest;
    job.engine = engine;
    job.client = order.client;
    job.nonce = nonce;
    job.units = order.units;
    job.price_per_unit = order.price_per_unit;
    job.work_per_unit = order.work_per_unit;
    job.escrow = plan.escrow;
    job.opened_slot = clock.slot;
    job.opened_at = now;
    job.deadline = deadline;
    job.units_per_lease = order.units_per_lease;
    job.leases = leases;
    job.lease_seconds = lease_seconds;
    job.minimum_memory_mib = order.minimum_memory_mib;
    job.minimum_reputation = order.minimum_reputation;
    job.region = order.region;
    job.class = class;
    job.verification = verification;
    job.version = LAYOUT_VERSION;
    job.bump = bump;
    emit!(JobOpened {
        job: *accounts.job.address(),
        requester,
        manifest: order.manifest,
        engine,
        client: order.client,
        nonce,
        units: order.units,
        price_per_unit: order.price_per_unit,
        work_per_unit: order.work_per_unit,
        escrow: plan.escrow,
        available_before,
        available_after: accounts.credit.available,
        opened_slot: clock.slot,
        opened_at: now,
        deadline,
        units_per_lease: order.units_per_lease,
        leases,
        lease_seconds,
        minimum_memory_mib: order.minimum_memory_mib,
        minimum_reputation: order.minimum_reputation,
        region: order.region,
        class,
        padding: [0; 3],
    });
    Ok(())
}
