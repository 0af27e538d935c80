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
    let mut event =
        EpochShardSummed { number: epoch.number, shard: u64::from(shard), work: [0; CLASSES], burned: 0, bought: 0 };
    if view.owned_by(&crate::ID) {
        let totals = Account::<EpochShard>::load(*view)?;
        for (sum_of_class, work) in epoch.work.iter_mut().zip(totals.work) {
            *sum_of_class = sum(*sum_of_class, work)?;
        }
        for (sum_of_class, busy) in epoch.busy_seconds.iter_mut().zip(totals.busy_seconds) {
            *sum_of_class = sum(*sum_of_class, busy)?;
        }
        for (sum_of_class, capacity) in epoch.capacity_seconds.iter_mut().zip(totals.capacity_seconds) {
            *sum_of_class = sum(*sum_of_class, capacity)?;
        }
        epoch.availability = sum(epoch.availability, totals.availability)?;
        epoch.burned = sum(epoch.burned, totals.burned)?;
        epoch.bought = sum(epoch.bought, totals.bought)?;
        event.work = totals.work;
        event.burned = totals.burned;
        event.bought = totals.bought;
    }
    emit!(event);
    Ok(())
}
