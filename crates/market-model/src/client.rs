//! Compute clients: external networks that bring requesters, and their share of the requesters' rebates.
//!
//! RNP-004 and RNP-010 let an external network order work for its own users. Its jobs carry its id, and it has `share_bps` of the
//! rebates of these jobs (see [`crate::epoch::rebate`]). The share is agreed when the client is registered and can only fall
//! afterwards: a requester never gives more than it agreed to when it opened its job. Governance bounds every share by
//! `client_share_max_bps` (this project; no RNP names a figure), at the registration and again at each rebate, in bps.

use crate::error::MarketError;

/// A share for a new client.
pub fn check_share(share_bps: u64, max_bps: u64) -> Result<(), MarketError> {
    if share_bps > max_bps { Err(MarketError::ClientShareTooHigh) } else { Ok(()) }
}

/// A client's change of its own share.
pub fn check_share_change(before_bps: u64, after_bps: u64) -> Result<(), MarketError> {
    if after_bps > before_bps { Err(MarketError::ClientShareRaised) } else { Ok(()) }
}
