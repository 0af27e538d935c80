//! Governance of the network.

mod governance;
mod network_govern;
mod network_init;
