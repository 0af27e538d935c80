//! What a program that talks to the market needs: addresses, instruction builders, account and event decoding, job manifests,
//! the blob store, the [`Chain`](chain::Chain) seam, the flows that take more than one transaction, the play of disputes,
//! and quotes and estimates of earnings from the chain as it is.
//!
//! Rules are not here: they live in `market_model`, and accounts' layouts in the program crate, which this crate re-exports.

pub mod account;
pub mod address;
pub mod amount;
pub mod blob;
pub mod chain;
pub mod dispute;
pub mod earnings;
pub mod error;
pub mod event;
pub mod flow;
pub mod instruction;
pub mod lottery;
pub mod manifest;
pub mod market;
pub mod price;
pub mod probe;
pub mod region;

pub use chain::{Chain, ChainError};
pub use error::ClientError;
pub use render_compute as program;
pub use solana_address::Address;
pub use solana_instruction::{AccountMeta, Instruction};
pub use solana_keypair::Keypair;
pub use solana_signature::Signature;
pub use solana_signer::Signer;
