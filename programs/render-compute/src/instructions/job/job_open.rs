//! `job_open`: escrows credits for work.

use crate::{constants::*, errors::*, events::JobOpened, model::sum, state::*};
use anchor_lang::prelude::*;
use market_model::{
    MarketError, Parameters,
    job::JobTerms,
    price::{self, BandwidthTier},
    tier::Tier,
};

/// What the requester orders.
#[derive(Clone, Copy, IdlType, AnchorSerialize, AnchorDeserialize)]
pub struct JobOrder {
    /// SHA-256 of the canonical manifest.
    pub manifest: [u8; 32],
    /// What exactly is to be computed, as the engine's referee reads it; begins with the engine's format.
    pub statement: [u8; STATEMENT_BYTES],
    /// The [`Client`] account that it comes through; zero for none.
    pub client: Address,
    /// Units of work.
    pub units: u64,
    /// Credits per unit: what is paid, or, at the network's price, the most that is paid.
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
    /// Preferred region; 0 for any. At the network's price a region costs a surcharge.
    pub region: u16,
    /// Nodes that compute each lease, 1 to 3; more than one has every lease audited by the others.
    pub replicas: u8,
    /// One of the `TIER_*` constants.
    pub tier: u8,
    /// Least bandwidth of the job's nodes, see `market_model::price::BandwidthTier`.
    pub bandwidth_tier: u8,
    /// 1 to pay the network's price, and to be refused where it is above `price_per_unit`; 0 to pay `price_per_unit`.
    pub at_network_price: u8,
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
    #[account(constraint = engine.class != CLASS_PROBE @ RenderError::IsProbe)]
    pub engine: Account<Engine>,
    /// Pays.
    #[account(mut, constraint = credit.owner == *requester.address() @ RenderError::WrongCreditAccount)]
    pub credit: Account<CreditAccount>,
    /// Created.
    #[account(init, payer = requester, seeds = [SEED_JOB, requester.address().as_ref(), nonce.to_le_bytes()], bump)]
    pub job: Account<Job>,
    /// System program.
    pub system_program: Program<System>,
    /// The compute client that the order names; none where it names none.
    pub client: Option<Account<Client>>,
}

/// Before: jobs are not paused, the engine is enabled and has a referee that reads the statement's format, `nonce` is the requester's next,
/// the client is none or enabled, the network's price is within the order's where that is paid, and the credits are available. After: the job holds
/// `units * (price + premium)` credits and can be seeded one slot later.
pub fn job_open(ctx: &mut Context<JobOpen>, nonce: u64, order: JobOrder) -> Result<()> {
    let bump = ctx.bumps.job;
    let accounts = &mut ctx.accounts;
    let clock = Clock::get()?;
    let now = clock.unix_timestamp;
    require!(!accounts.network.is_paused(PAUSE_JOBS), RenderError::Paused);
    require!(accounts.engine.enabled == 1, RenderError::EngineDisabled);
    require!(nonce == accounts.credit.jobs, RenderError::WrongNonce);
    require!(order.manifest != [0; 32], RenderError::ZeroValue);
    let engine = &accounts.engine;
    require!(engine.verification != VERIFICATION_EXACT || engine.referee != Address::default(), RenderError::NoReferee);
    let [a, b, c, d, ..] = order.statement;
    require!(u32::from_le_bytes([a, b, c, d]) == engine.format, RenderError::WrongFormat);
    require!(order.statement != [0; STATEMENT_BYTES], RenderError::ZeroValue);
    require_client(&order.client, &accounts.client)?;
    let pricing = pricing(&accounts.network, accounts.engine.class, &order)?;
    let parameters = accounts.network.parameters();
    let audits = parameters.audit_rules();
    let premium_per_unit = audits.premium_per_unit(pricing.charged, order.replicas).map_err(refused)?;
    let audit_probability_bps = u16::try_from(audits.probability_bps).map_err(|_| Error::ArithmeticOverflow)?;
    let terms = JobTerms {
        units: order.units,
        units_per_lease: u64::from(order.units_per_lease),
        price_per_unit: pricing.charged,
        premium_per_unit,
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

    let requester_reputation = reputation_of(&accounts.credit, &parameters, now)?;
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
    job.statement = order.statement;
    job.engine = engine;
    job.client = order.client;
    job.nonce = nonce;
    job.units = order.units;
    job.price_per_unit = pricing.charged;
    job.premium_per_unit = premium_per_unit;
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
    job.audit_probability_bps = audit_probability_bps;
    job.requester_reputation = requester_reputation;
    job.tier = order.tier;
    job.bandwidth_tier = order.bandwidth_tier;
    job.replicas = order.replicas;
    job.class = class;
    job.verification = verification;
    job.version = LAYOUT_VERSION;
    job.bump = bump;
    emit_opened(&accounts.job, &pricing, plan.escrow, available_before, accounts.credit.available);
    Ok(())
}

/// The order names no client, or one that is enabled.
fn require_client(named: &Address, client: &Option<Account<Client>>) -> Result<()> {
    let Some(client) = client else {
        require!(*named == Address::default(), RenderError::WrongClient);
        return Ok(());
    };
    require!(client.address() == named, RenderError::WrongClient);
    require!(client.enabled == 1, RenderError::ClientDisabled);
    Ok(())
}

/// The requester's reputation at `now`, basis points.
#[inline(never)]
fn reputation_of(credit: &CreditAccount, parameters: &Parameters, now: i64) -> Result<u16> {
    let reputation = credit.reputation_model().decayed(now, &parameters.reputation_rules()).map_err(refused)?;
    u16::try_from(reputation.bps()).map_err(|_| Error::ArithmeticOverflow)
}

/// What a unit costs by the network, and what the job pays for it.
struct Pricing {
    index_bps: u64,
    network: u64,
    charged: u64,
    at_network_price: u8,
}

/// Apart for its frame: the parameters are copied.
#[inline(never)]
fn pricing(network: &Network, class: u8, order: &JobOrder) -> Result<Pricing> {
    require!(order.at_network_price <= 1, RenderError::BadPricing);
    let tier = Tier::try_from(order.tier).map_err(refused)?;
    let bandwidth = BandwidthTier::try_from(order.bandwidth_tier).map_err(refused)?;
    let index_bps = network.price_index(class, order.tier)?;
    let rules = network.parameters().price_rules();
    let at_network_price = order.at_network_price == 1;
    let network =
        match price::price_per_unit(order.work_per_unit, tier, bandwidth, order.region != 0, index_bps, &rules) {
            // Who names the price himself is not stopped by one that no amount can hold.
            Err(MarketError::Overflow) if !at_network_price => u64::MAX,
            price => price.map_err(refused)?,
        };
    let charged = price::charged(order.price_per_unit, network, at_network_price).map_err(refused)?;
    Ok(Pricing { index_bps, network, charged, at_network_price: order.at_network_price })
}

/// Apart, because the event is large and so is the order: together they would not leave the handler's frame enough room.
#[inline(never)]
fn emit_opened(job: &Account<Job>, pricing: &Pricing, escrow: u64, available_before: u64, available_after: u64) {
    emit!(JobOpened {
        job: *job.address(),
        requester: job.requester,
        manifest: job.manifest,
        engine: job.engine,
        client: job.client,
        statement: job.statement,
        nonce: job.nonce,
        units: job.units,
        price_per_unit: job.price_per_unit,
        premium_per_unit: job.premium_per_unit,
        network_price_per_unit: pricing.network,
        price_index_bps: pricing.index_bps,
        work_per_unit: job.work_per_unit,
        escrow,
        available_before,
        available_after,
        opened_slot: job.opened_slot,
        opened_at: job.opened_at,
        deadline: job.deadline,
        units_per_lease: job.units_per_lease,
        leases: job.leases,
        lease_seconds: job.lease_seconds,
        minimum_memory_mib: job.minimum_memory_mib,
        minimum_reputation: job.minimum_reputation,
        region: job.region,
        audit_probability_bps: job.audit_probability_bps,
        requester_reputation: job.requester_reputation,
        replicas: job.replicas,
        class: job.class,
        tier: job.tier,
        bandwidth_tier: job.bandwidth_tier,
        at_network_price: pricing.at_network_price,
        padding: [0; 3],
    });
}
