//! `epoch_shard_open`: creates one shard of a running epoch, the first time someone needs it.

use crate::{constants::*, errors::RenderError, events::EpochShardOpened, state::*};
use anchor_lang::prelude::*;

/// Accounts of `epoch_shard_open`. Anyone may send it.
#[derive(Accounts)]
#[instruction(shard: u8)]
pub struct EpochShardOpen {
    /// Pays the rent.
    #[account(mut)]
    pub payer: Signer,
    /// The running epoch.
    pub epoch: Account<Epoch>,
    /// Created.
    #[account(init, payer = payer, seeds = [SEED_EPOCH_SHARD, epoch.number.to_le_bytes(), [shard]], bump)]
    pub epoch_shard: Account<EpochShard>,
    /// System program.
    pub system_program: Program<System>,
}

/// Before: the epoch runs. After: the shard exists and is empty. A shard that is missing at the epoch's end stays missing.
pub fn epoch_shard_open(ctx: &mut Context<EpochShardOpen>, shard: u8) -> Result<()> {
    let now = Clock::get()?.unix_timestamp;
    let bump = ctx.bumps.epoch_shard;
    let accounts = &mut ctx.accounts;
    require!(shard < EPOCH_SHARDS, RenderError::WrongShard);
    accounts.epoch.require_running(now)?;
    let (number, payer) = (accounts.epoch.number, *accounts.payer.address());
    let account = &mut accounts.epoch_shard;
    account.epoch = number;
    account.payer = payer;
    account.shard = shard;
    account.version = LAYOUT_VERSION;
    account.bump = bump;
    emit!(EpochShardOpened { number, shard: u64::from(shard), payer });
    Ok(())
}
