//! `oracle_publish`: a publisher reports the price of RENDER.

use crate::{errors::RenderError, events::PriceReported, state::*};
use anchor_lang::prelude::*;

/// Accounts of `oracle_publish`.
#[derive(Accounts)]
pub struct OraclePublish {
    /// One of the oracle's publishers; checked in the handler.
    pub publisher: Signer,
    /// Changed.
    #[account(mut)]
    pub oracle: Account<Oracle>,
}

/// Before: the signer is a publisher; the report is newer than its last one and not from the future. After: it is the publisher's report.
pub fn oracle_publish(ctx: &mut Context<OraclePublish>, price: u64, confidence: u64, published_at: i64) -> Result<()> {
    let now = Clock::get()?.unix_timestamp;
    let publisher = *ctx.accounts.publisher.address();
    let oracle = &mut ctx.accounts.oracle;
    let count = usize::from(oracle.count);
    let slot =
        oracle.publishers.iter_mut().take(count).find(|slot| slot.key == publisher).ok_or(RenderError::NotPublisher)?;
    require!(price > 0, RenderError::ZeroValue);
    require!(published_at > slot.published_at && published_at <= now, RenderError::ReportOutOfOrder);
    *slot = Publisher { key: publisher, price, confidence, published_at };
    emit!(PriceReported { publisher, price, confidence, published_at });
    Ok(())
}
