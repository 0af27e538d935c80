//! wincode 0.6 under the version number 0.5.
//!
//! Anchor 2 needs `solana-sysvar` 4.2 and with it Solana types that implement wincode 0.6's traits. LiteSVM 0.15 and Agave 4.1,
//! the newest of both that Rust 1.95 compiles, ask for wincode 0.5 but use nothing that 0.6 changed. With this crate in its
//! place everybody speaks 0.6. It goes when LiteSVM 0.17 (Agave 4.3, Rust 1.97) can be used.
#![no_std]

pub use wincode_0_6::*;
