//! Accounts: fixed-size, zero-copy, one PDA per entity.

mod audit;
mod credit;
mod dispute;
mod engine;
mod epoch;
mod job;
mod lease;
mod network;
mod node;
mod operator;
mod oracle;
mod outcome;
mod probe;

pub use audit::*;
pub use credit::*;
pub use dispute::*;
pub use engine::*;
pub use epoch::*;
pub use job::*;
pub use lease::*;
pub use network::*;
pub use node::*;
pub use operator::*;
pub use oracle::*;
pub use outcome::*;
pub use probe::*;
