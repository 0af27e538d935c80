//! Leases.

mod lease_accept;
mod lease_claim;
mod lease_close;
mod lease_expire;
mod lease_return;
