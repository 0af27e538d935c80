//! Governance of the network.

pub mod network_accept_authority;
pub mod network_govern;
pub mod network_init;
pub mod network_offer_authority;
pub mod network_pause;
pub mod network_set_oracle;
pub mod network_set_parameters;
