//! `epoch_finalize`: fixes an ended epoch's pools.

use crate::{constants::*, errors::*, events::EpochFinalized, state::*};
use anchor_lang::prelude::*;
use market_model::{
    emission,
    epoch::{self, BurnRate, Carry, FinalizeInput, Usage},
    price,
};

/// Accounts of `epoch_finalize`. Anyone may send it.
#[derive(Accounts)]
pub struct EpochFinalize {
    /// Rules. Changed: the floating prices.
    #[account(mut)]
    pub network: Account<Network>,
    /// Emission table.
    pub schedule: Account<Schedule>,
    /// The epoch before, finalized; none for the first.
    pub previous: Option<Account<Epoch>>,
    /// Changed.
    #[account(mut)]
    pub epoch: Account<Epoch>,
}

/// Before: all shards are summed and the epoch before is finalized. After: pools and carry are fixed: emission + carry in = pools + carry out;
/// each floating price has moved by the epoch's utilisation of its class.
pub fn epoch_finalize(ctx: &mut Context<EpochFinalize>) -> Result<()> {
    let accounts = &mut ctx.accounts;
    let this = &mut accounts.epoch;
    require!(this.state == EPOCH_OPEN, RenderError::EpochFinalized);
    require!(this.shards_summed == u32::MAX, RenderError::ShardsMissing);
    let (carry, smoothed_usage, last_rate) = match &accounts.previous {
        None => {
            require!(this.number == 1, RenderError::WrongEpoch);
            (Carry::default(), Usage::default(), BurnRate::default())
        }
        Some(previous) => {
            require!(previous.number.checked_add(1) == Some(this.number), RenderError::WrongEpoch);
            require!(previous.state == EPOCH_FINALIZED, RenderError::EpochNotFinalized);
            let [creators, availability, render, compute] = previous.carry;
            let [smoothed_render, smoothed_compute] = previous.smoothed_work;
            (
                Carry { creators, availability, render, compute },
                Usage { render: smoothed_render, compute: smoothed_compute },
                BurnRate { burned: previous.rate_burned, credits: previous.rate_bought },
            )
        }
    };
    let emission =
        emission::amount(&accounts.schedule.yearly, accounts.network.genesis_at, this.starts_at, this.ends_at)
            .map_err(refused)?;
    let parameters = accounts.network.parameters();
    let input = FinalizeInput {
        emission,
        carry,
        usage: Usage { render: this.work[usize::from(CLASS_RENDER)], compute: this.work[usize::from(CLASS_COMPUTE)] },
        availability_total: this.availability,
        smoothed_usage,
        purchases: BurnRate { burned: this.burned, credits: this.bought },
        last_rate,
    };
    let outcome = epoch::finalize(&input, &parameters.splits(), &parameters.epoch_rules()).map_err(refused)?;

    this.emission = emission;
    this.smoothed_work = [outcome.smoothed_usage.render, outcome.smoothed_usage.compute];
    this.rate_burned = outcome.rate.burned;
    this.rate_bought = outcome.rate.credits;
    this.operations_pool = outcome.pools.operations;
    this.creators_pool = outcome.pools.creators;
    this.availability_pool = outcome.pools.availability;
    this.work_pools = [outcome.pools.render, outcome.pools.compute];
    this.carry = [outcome.carry.creators, outcome.carry.availability, outcome.carry.render, outcome.carry.compute];
    this.state = EPOCH_FINALIZED;
    move_prices(&mut accounts.network, this)?;
    emit!(EpochFinalized {
        number: this.number,
        emission,
        work: this.work,
        smoothed_work: this.smoothed_work,
        burned: this.burned,
        bought: this.bought,
        operations_pool: this.operations_pool,
        creators_pool: this.creators_pool,
        availability_pool: this.availability_pool,
        work_pools: this.work_pools,
        carry: this.carry,
        busy_seconds: this.busy_seconds,
        capacity_seconds: this.capacity_seconds,
        price_index_bps: this.price_index_bps,
    });
    Ok(())
}

/// Apart for its frame: the parameters are copied.
#[inline(never)]
fn move_prices(network: &mut Network, epoch: &mut Epoch) -> Result<()> {
    let rules = network.parameters().price_rules();
    let classes = network.price_index_bps.chunks_mut(TIERS);
    for ((tiers, busy), capacity) in classes.zip(epoch.busy_seconds).zip(epoch.capacity_seconds) {
        for index in tiers {
            *index = price::next_index(*index, busy, capacity, &rules).map_err(refused)?;
        }
    }
    epoch.price_index_bps = network.price_index_bps;
    Ok(())
}
