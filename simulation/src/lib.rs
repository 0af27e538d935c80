//! The market's economy under honest and dishonest populations.
//!
//! Every amount is computed by [`market_model`]'s own functions in whole numbers; floating point is for statistics and plots only. A
//! run is a pure function of its settings. What is assumed stands in `docs/economy/simulation.md` and at the constants.

pub mod attack;
pub mod demand;
pub mod population;
pub mod random;
pub mod report;
pub mod rules;
pub mod statistics;
pub mod world;

use market_model::MarketError;

/// Why a simulation ends without a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SimulationError {
    /// A rule refused.
    #[error("a rule refused: {0}")]
    Rule(MarketError),
    /// A file of figures cannot be read.
    #[error("{0} is not in its format")]
    Data(&'static str),
    /// A law does not hold.
    #[error("epoch {epoch} breaks a law: {law}")]
    Law {
        /// Which.
        law: &'static str,
        /// When.
        epoch: u64,
    },
}

impl From<MarketError> for SimulationError {
    fn from(error: MarketError) -> Self {
        Self::Rule(error)
    }
}
