//! Nodes and their stakes.

mod node_close;
mod node_maintenance;
mod node_register;
mod node_review;
mod node_update;
mod slash_burn;
mod stake_deposit;
mod stake_unbond;
mod stake_withdraw;
