//! The requester's command line as a library: every command is a function over a [`Chain`](render_compute_client::Chain) that
//! returns what it did, so that the demo and the tests do what a person at a terminal does.
//!
//! Owns: arguments, what is shown, and the order of a requester's transactions. Must not know: rules (`market_model`), layouts
//! and instructions (`render_compute_client`), file formats (`scene`), results (`kernels`).

pub mod amount;
pub mod arguments;
pub mod client;
pub mod context;
pub mod credits;
pub mod dispute;
pub mod earnings;
pub mod epoch;
mod error;
pub mod gov;
pub mod job;
pub mod network;
pub mod node;
pub mod oracle;
pub mod output;
pub mod quote;
pub mod rebate;
pub mod reference;
pub mod reputation;

pub use context::Context;
pub use error::{CliError, Fault};
pub use output::Output;
