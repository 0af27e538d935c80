//! Nodes and their stake.

pub mod node_close;
pub mod node_drain;
pub mod node_maintenance;
pub mod node_register;
pub mod node_review;
pub mod node_update;
pub mod slash_burn;
pub mod stake_deposit;
pub mod stake_unbond;
pub mod stake_withdraw;
