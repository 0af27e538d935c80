//! `epoch_shard_close`: removes a shard of a finalized epoch.

use crate::{errors::RenderError, events::EpochShardClosed, state::*};
use anchor_lang::prelude::*;

/// Accounts of `epoch_shard_close`. Anyone may send it.
#[derive(Accounts)]
pub struct EpochShardClose {
    /// The shard's epoch.
    #[account(constraint = epoch.state == EPOCH_FINALIZED @ RenderError::EpochNotFinalized)]
    pub epoch: Account<Epoch>,
    /// Closed.
    #[account(mut, close = payer, constraint = epoch_shard.epoch == epoch.number @ RenderError::WrongEpoch)]
    pub epoch_shard: Account<EpochShard>,
    /// Paid the rent and receives it back.
    #[account(mut, address = epoch_shard.payer @ RenderError::WrongShard)]
    pub payer: UncheckedAccount,
}

/// Before: the epoch is finalized, so the shard's totals are in it. After: the account is gone.
pub fn epoch_shard_close(ctx: &mut Context<EpochShardClose>) -> Result<()> {
    let shard = &ctx.accounts.epoch_shard;
    emit!(EpochShardClosed { number: shard.epoch, shard: u64::from(shard.shard), payer: shard.payer });
    Ok(())
}
