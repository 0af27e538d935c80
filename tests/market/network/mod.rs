//! Governance of the network.

mod governance;
mod network_init;
