//! Every money rule and state machine of the market, as total functions over plain numbers.
//!
//! The program, the worker, the quotes in the command line and the tests all call these functions, so that there is one
//! implementation of each rule. The crate knows numbers and times only: no accounts, no keys, no tokens, no clock.
//!
//! | quantity | type | unit |
//! |---|---|---|
//! | credits | `u64` | 1e-6 USD |
//! | RENDER | `u64` | base unit, 1e-8 RENDER |
//! | price | `u64` | 1e-8 USD per whole RENDER |
//! | time | `i64` | unix seconds |
//! | bps | `u64` | 1/10,000 |
//! | Q31, Q32 | `u64` | fixed point with 31 or 32 fraction bits |
//!
//! Products are taken in `u128`, every rounding is an argument or is stated in the function's doc, overflow is an error and
//! never a wrap. What the protocol receives is rounded up and what it pays is rounded down.
//!
//! Modules stand in the order of the flow: [`oracle`], [`credit`], [`price`], [`quote`], [`hardware`], [`job`], [`race`] with [`region`] and [`tier`], [`lease`],
//! [`audit`], [`dispute`], [`stake`], [`reputation`], [`maintenance`], [`probe`], [`concentration`], [`emission`], [`epoch`], [`client`], [`limiter`],
//! [`governance`]; [`amount`] holds the arithmetic, [`parameters`] every number that governance may change.
#![no_std]
#![forbid(unsafe_code)]
#![deny(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unreachable,
    clippy::unwrap_used
)]

pub mod amount;
pub mod audit;
pub mod client;
pub mod concentration;
pub mod credit;
pub mod dispute;
pub mod emission;
pub mod epoch;
pub mod error;
pub mod governance;
pub mod hardware;
pub mod job;
pub mod lease;
pub mod limiter;
pub mod maintenance;
pub mod oracle;
pub mod parameters;
pub mod price;
pub mod probe;
pub mod quote;
pub mod race;
pub mod region;
pub mod reputation;
pub mod stake;
pub mod tier;

pub use amount::Round;
pub use error::MarketError;
pub use parameters::Parameters;
