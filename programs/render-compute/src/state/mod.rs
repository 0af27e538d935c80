//! Accounts: fixed-size, zero-copy, one PDA per entity.

mod audit;
mod client;
mod credit;
mod dispute;
mod engine;
mod epoch;
mod governance;
mod job;
mod job_epoch;
mod lease;
mod limiter;
mod network;
mod node;
mod operator;
mod oracle;
mod outcome;
mod probe;

pub use audit::*;
pub use client::*;
pub use credit::*;
pub use dispute::*;
pub use engine::*;
pub use epoch::*;
pub use governance::*;
pub use job::*;
pub use job_epoch::*;
pub use lease::*;
pub use limiter::*;
pub use network::*;
pub use node::*;
pub use operator::*;
pub use oracle::*;
pub use outcome::*;
pub use probe::*;
