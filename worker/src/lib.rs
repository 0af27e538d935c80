//! The node operator's worker: claims leases in the race, renders them, attests the results and is paid.
//!
//! [`Worker`] is the node itself and runs on any [`Chain`](render_compute_client::Chain), any blob store and any
//! [`Backend`](backend::Backend); everything else here is the command line around it. Results are what `kernels` defines, money
//! is what `market_model` says: neither is decided here.

pub mod amount;
pub mod backend;
pub mod bandwidth;
pub mod cli;
mod commands;
pub mod doctor;
mod error;
pub mod journal;
mod logging;
pub mod plan;
pub mod ratings;
pub mod scenes;
pub mod settings;
mod spool;
mod worker;

pub use commands::dispatch;
pub use error::{EXIT_FAILED, EXIT_OK, EXIT_USAGE, WorkerError, exit_code};
pub use worker::{Done, Worker, WorkerSettings, render_specification};
