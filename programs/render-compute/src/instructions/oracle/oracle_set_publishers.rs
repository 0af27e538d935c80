//! `oracle_set_publishers`: replaces the publisher set.

use crate::{constants::MAX_PUBLISHERS, errors::RenderError, events::PublishersChanged, state::*};
use anchor_lang::prelude::*;

/// Accounts of `oracle_set_publishers`.
#[derive(Accounts)]
pub struct OracleSetPublishers {
    /// Governs.
    pub authority: Signer,
    /// Names the authority.
    #[account(constraint = network.authority == *authority.address() @ RenderError::NotAuthority)]
    pub network: Account<Network>,
    /// Changed. There is only one account of this type.
    #[account(mut)]
    pub oracle: Account<Oracle>,
}

/// Before: the signer governs; keys are distinct and not zero. After: exactly these keys may report; a key that stays keeps its report.
pub fn oracle_set_publishers(
    ctx: &mut Context<OracleSetPublishers>,
    keys: [Address; MAX_PUBLISHERS],
    count: u8,
) -> Result<()> {
    let used = keys.get(..usize::from(count)).ok_or(RenderError::BadPublisherSet)?;
    for (position, key) in used.iter().enumerate() {
        require!(*key != Address::default(), RenderError::BadPublisherSet);
        require!(!used.iter().take(position).any(|earlier| earlier == key), RenderError::BadPublisherSet);
    }
    let oracle = &mut ctx.accounts.oracle;
    let mut next: [Publisher; MAX_PUBLISHERS] = bytemuck::Zeroable::zeroed();
    for (slot, key) in next.iter_mut().zip(used) {
        let kept = oracle.publishers.iter().take(usize::from(oracle.count)).find(|publisher| publisher.key == *key);
        *slot = kept.copied().unwrap_or(Publisher { key: *key, price: 0, confidence: 0, published_at: 0 });
    }
    oracle.publishers = next;
    oracle.count = count;
    let mut publishers = [Address::default(); MAX_PUBLISHERS];
    for (target, source) in publishers.iter_mut().zip(used) {
        *target = *source;
    }
    emit!(PublishersChanged { publishers, count: u64::from(count) });
    Ok(())
}
