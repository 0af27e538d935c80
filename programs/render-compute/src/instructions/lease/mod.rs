//! Leases.

pub mod lease_accept;
pub mod lease_claim;
pub mod lease_close;
pub mod lease_expire;
pub mod lease_return;
