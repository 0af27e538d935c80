//! Accounts: fixed-size, zero-copy, one PDA per entity.

mod credit;
mod engine;
mod epoch;
mod job;
mod lease;
mod network;
mod node;
mod operator;
mod oracle;

pub use credit::*;
pub use engine::*;
pub use epoch::*;
pub use job::*;
pub use lease::*;
pub use network::*;
pub use node::*;
pub use operator::*;
pub use oracle::*;
