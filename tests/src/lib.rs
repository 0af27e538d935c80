//! A small network in one process, for tests: a market on a local chain, with requesters, operators and machines that sign.
//!
//! Whoever sends through a [`World`] has the laws of the design checked after each transaction, also refused ones.

pub mod compute;
pub mod dispute;
pub mod governance;
pub mod laws;
pub mod probe;
pub mod probe_referee;
pub mod real_network;
pub mod referee;
pub mod snapshot;
pub mod world;

pub use world::{Machine, Reason, Requester, World};
