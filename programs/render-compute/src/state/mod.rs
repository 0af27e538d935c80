//! Accounts: fixed-size, zero-copy, one PDA per entity.

mod audit;
mod credit;
mod dispute;
mod engine;
mod epoch;
mod governance;
mod job;
mod lease;
mod network;
mod node;
mod operator;
mod oracle;
mod outcome;

pub use audit::*;
pub use credit::*;
pub use dispute::*;
pub use engine::*;
pub use epoch::*;
pub use governance::*;
pub use job::*;
pub use lease::*;
pub use network::*;
pub use node::*;
pub use operator::*;
pub use oracle::*;
pub use outcome::*;
