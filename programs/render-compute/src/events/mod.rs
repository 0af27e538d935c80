//! What happened, in the past tense. Together the events are enough to rebuild every account without reading one.
//! All are fixed-size little-endian structs behind an 8-byte discriminator.

mod audit;
mod client;
mod credit;
mod dispute;
mod epoch;
mod governance;
mod job;
mod lease;
mod network;
mod node;
mod probe;

pub use audit::*;
pub use client::*;
pub use credit::*;
pub use dispute::*;
pub use epoch::*;
pub use governance::*;
pub use job::*;
pub use lease::*;
pub use network::*;
pub use node::*;
pub use probe::*;
