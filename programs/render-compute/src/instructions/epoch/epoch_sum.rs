//! `epoch_sum`: adds one shard to its ended epoch's totals.

use crate::{constants::*, errors::RenderError, events::EpochShardSummed, model::sum, state::*};
use anchor_lang::prelude::*;

/// Accounts of `epoch_sum`. Anyone may send it.
#[derive(Accounts)]
#[instruction(shard: u8)]
pub struct EpochSum {
    /// Changed.
    #[account(mut)]
    pub epoch: Account<Epoch>,
    /// The shard's address, derived here: empty when nobody needed the shard.
    #[account(seeds = [SEED_EPOCH_SHARD, epoch.number.to_le_bytes(), [shard]], bump)]
    pub epoch_shard: UncheckedAccount,
}

/// Before: the epoch has ended and the shard is not summed. After: it is. Nothing changes a shard after the epoch's end.
pub fn epoch_sum(ctx: &mut Context<EpochSum>, shard: u8) -> Result<()> {
    let now = Clock::get()?.unix_timestamp;
    let accounts = &mut ctx.accounts;
    let epoch = &mut accounts.epoch;
    require!(shard < EPOCH_SHARDS, RenderError::WrongShard);
    require!(epoch.state == EPOCH_OPEN, RenderError::EpochFinalized);
    require!(now >= epoch.ends_at, RenderError::EpochNotOver);
    let bit = 1u32 << shard;
    require!(epoch.shards_summed & bit == 0, RenderError::ShardSummed);
    epoch.shards_summed |= bit;
    let view = accounts.epoch_shard.account();
    let mut event = EpochShardSummed {
        number: epoch.number,
        shard: u64::from(shard),
        work: [0; CLASSES],
        availability: 0,
        qualified: 0,
        spent: 0,
        stake: 0,
        busy_seconds: [0; CLASSES],
        capacity_seconds: [0; CLASSES],
        burned: 0,
        bought: 0,
    };
    if view.owned_by(&crate::ID) {
        let totals = Account::<EpochShard>::load(*view)?;
        add_all(&mut epoch.work, &totals.work)?;
        epoch.availability = sum(epoch.availability, totals.availability)?;
        epoch.qualified = sum(epoch.qualified, totals.qualified)?;
        epoch.spent = sum(epoch.spent, totals.spent)?;
        epoch.stake = sum(epoch.stake, totals.stake)?;
        add_all(&mut epoch.busy_seconds, &totals.busy_seconds)?;
        add_all(&mut epoch.capacity_seconds, &totals.capacity_seconds)?;
        epoch.burned = sum(epoch.burned, totals.burned)?;
        epoch.bought = sum(epoch.bought, totals.bought)?;
        event.work = totals.work;
        event.availability = totals.availability;
        event.qualified = totals.qualified;
        event.spent = totals.spent;
        event.stake = totals.stake;
        event.busy_seconds = totals.busy_seconds;
        event.capacity_seconds = totals.capacity_seconds;
        event.burned = totals.burned;
        event.bought = totals.bought;
    }
    emit!(event);
    Ok(())
}

fn add_all(sums: &mut [u64; CLASSES], parts: &[u64; CLASSES]) -> Result<()> {
    for (total, part) in sums.iter_mut().zip(parts) {
        *total = sum(*total, *part)?;
    }
    Ok(())
}
