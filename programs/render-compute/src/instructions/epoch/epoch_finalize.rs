//! `epoch_finalize`: fixes an ended epoch's pools.

use crate::{constants::*, errors::*, events::EpochFinalized, state::*};
use anchor_lang::prelude::*;
use market_model::{
    emission,
    epoch::{self, BurnRate, Carry, FinalizeInput, Finalized, Usage},
    price,
};

/// Accounts of `epoch_finalize`. Anyone may send it.
#[derive(Accounts)]
pub struct EpochFinalize {
    /// Rules. Changed: learns the epoch's stake, and its floating prices move.
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

/// Before: all shards are summed and the epoch before is finalized. After: pools and carry are fixed: emission + recycled + carry in = pools + carry
/// out; the stake of the epoch is the network's active stake; each floating price has moved by the epoch's utilisation of its class.
pub fn epoch_finalize(ctx: &mut Context<EpochFinalize>) -> Result<()> {
    let accounts = &mut ctx.accounts;
    require!(accounts.epoch.state == EPOCH_OPEN, RenderError::EpochFinalized);
    require!(accounts.epoch.shards_summed == u32::MAX, RenderError::ShardsMissing);
    let input = input_of(accounts)?;
    let outcome = outcome_of(accounts, &input)?;
    accounts.network.active_stake = accounts.epoch.stake;
    record(&mut accounts.epoch, &input, &outcome);
    move_prices(&mut accounts.network, &mut accounts.epoch)?;
    announce(&accounts.epoch);
    Ok(())
}

// Each part has a frame of its own: together they would not fit the 4 KiB of one.

#[inline(never)]
fn input_of(accounts: &EpochFinalize) -> Result<FinalizeInput> {
    let this = &accounts.epoch;
    let before = match &accounts.previous {
        None => {
            require!(this.number == 1, RenderError::WrongEpoch);
            FinalizeInput::default()
        }
        Some(previous) => {
            require!(previous.number.checked_add(1) == Some(this.number), RenderError::WrongEpoch);
            require!(previous.state == EPOCH_FINALIZED, RenderError::EpochNotFinalized);
            let [creators, availability, render, compute] = previous.carry;
            FinalizeInput {
                carry: Carry { creators, availability, render, compute },
                smoothed_usage: usage(&previous.smoothed_work),
                smoothed_burned: previous.smoothed_burned,
                unrecycled: previous.unrecycled,
                last_rate: BurnRate { burned: previous.rate_burned, credits: previous.rate_bought },
                ..FinalizeInput::default()
            }
        }
    };
    let (start, from, to) = (accounts.network.genesis_at, this.starts_at, this.ends_at);
    Ok(FinalizeInput {
        emission: emission::amount(&accounts.schedule.yearly, start, from, to).map_err(refused)?,
        usage: usage(&this.work),
        spent: this.spent,
        availability_total: this.availability,
        qualified: this.qualified,
        purchases: BurnRate { burned: this.burned, credits: this.bought },
        ..before
    })
}

fn usage(work: &[u64; CLASSES]) -> Usage {
    Usage { render: work[usize::from(CLASS_RENDER)], compute: work[usize::from(CLASS_COMPUTE)] }
}

/// What the rules of the moment make of it, with the split of the year in which the epoch started.
#[inline(never)]
fn outcome_of(accounts: &mut EpochFinalize, input: &FinalizeInput) -> Result<Finalized> {
    let (schedule, parameters) = (&accounts.schedule, accounts.network.parameters());
    let (start, starts_at) = (accounts.network.genesis_at, accounts.epoch.starts_at);
    let split =
        emission::split_of(&schedule.operations_bps, &schedule.creators_bps, start, starts_at).map_err(refused)?;
    accounts.epoch.availability_cap = parameters.availability_cap;
    epoch::finalize(input, &parameters.splits(split), &parameters.epoch_rules()).map_err(refused)
}

#[inline(never)]
fn record(this: &mut Epoch, input: &FinalizeInput, outcome: &Finalized) {
    this.emission = input.emission;
    this.recycled = outcome.recycled;
    this.unrecycled = outcome.unrecycled;
    this.smoothed_burned = outcome.smoothed_burned;
    this.smoothed_work = [outcome.smoothed_usage.render, outcome.smoothed_usage.compute];
    this.rate_burned = outcome.rate.burned;
    this.rate_bought = outcome.rate.credits;
    this.operations_pool = outcome.pools.operations;
    this.creators_pool = outcome.pools.creators;
    this.availability_pool = outcome.pools.availability;
    this.work_pools = [outcome.pools.render, outcome.pools.compute];
    this.carry = [outcome.carry.creators, outcome.carry.availability, outcome.carry.render, outcome.carry.compute];
    this.state = EPOCH_FINALIZED;
}

#[inline(never)]
fn announce(this: &Epoch) {
    emit!(EpochFinalized {
        number: this.number,
        emission: this.emission,
        work: this.work,
        smoothed_work: this.smoothed_work,
        availability: this.availability,
        qualified: this.qualified,
        spent: this.spent,
        stake: this.stake,
        busy_seconds: this.busy_seconds,
        capacity_seconds: this.capacity_seconds,
        recycled: this.recycled,
        unrecycled: this.unrecycled,
        smoothed_burned: this.smoothed_burned,
        rate_burned: this.rate_burned,
        rate_bought: this.rate_bought,
        availability_cap: this.availability_cap,
        burned: this.burned,
        bought: this.bought,
        operations_pool: this.operations_pool,
        creators_pool: this.creators_pool,
        availability_pool: this.availability_pool,
        work_pools: this.work_pools,
        carry: this.carry,
        price_index_bps: this.price_index_bps,
    });
}

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
