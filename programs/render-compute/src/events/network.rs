//! Events of governance and of the oracle.

use crate::{constants::MAX_PUBLISHERS, state::PARAMETERS};
use anchor_lang::prelude::*;

/// The network exists.
#[event(bytemuck)]
pub struct NetworkInitialized {
    /// Key that governs it.
    pub authority: Address,
    /// RENDER mint.
    pub mint: Address,
    /// Operations token account.
    pub operations: Address,
    /// Price account.
    pub oracle: Address,
    /// Start of the emission schedule, unix seconds.
    pub genesis_at: i64,
    /// First parameters, in the order of `market_model::parameters::SPECS`.
    pub parameters: [u64; PARAMETERS],
}

/// Parameters were replaced.
#[event(bytemuck)]
pub struct ParametersChanged {
    /// Values until now.
    pub before: [u64; PARAMETERS],
    /// Values from now.
    pub after: [u64; PARAMETERS],
}

/// Pause bits were replaced.
#[event(bytemuck)]
pub struct PauseChanged {
    /// Bits until now.
    pub before: u64,
    /// Bits from now.
    pub after: u64,
}

/// The authority was offered to another key; it changes hands when that key accepts.
#[event(bytemuck)]
pub struct AuthorityOffered {
    /// Key that governs.
    pub authority: Address,
    /// Key that may accept.
    pub pending: Address,
}

/// The authority changed hands.
#[event(bytemuck)]
pub struct AuthorityAccepted {
    /// Key that governed.
    pub before: Address,
    /// Key that governs.
    pub after: Address,
}

/// The price account was replaced.
#[event(bytemuck)]
pub struct OracleChanged {
    /// Account prices are read from.
    pub oracle: Address,
    /// Program that must own a Pyth update.
    pub pyth_program: Address,
    /// Feed a Pyth update must carry.
    pub pyth_feed: [u8; 32],
    /// One of the `ORACLE_*` constants.
    pub kind: u64,
}

/// The publisher set was replaced; reports of removed publishers are gone.
#[event(bytemuck)]
pub struct PublishersChanged {
    /// Keys; the first `count` are in use.
    pub publishers: [Address; MAX_PUBLISHERS],
    /// Number of publishers.
    pub count: u64,
}

/// A publisher reported a price.
#[event(bytemuck)]
pub struct PriceReported {
    /// Who.
    pub publisher: Address,
    /// 10^-8 USD per RENDER.
    pub price: u64,
    /// Half-width of the confidence interval, same unit.
    pub confidence: u64,
    /// Unix seconds.
    pub published_at: i64,
}

/// An engine was registered or changed.
#[event(bytemuck)]
pub struct EngineRegistered {
    /// The engine account.
    pub engine: Address,
    /// Name.
    pub id: [u8; 16],
    /// Digest of its specification.
    pub digest: [u8; 32],
    /// Step-executing program.
    pub referee: Address,
    /// Format version.
    pub format: u32,
    /// One of the `CLASS_*` constants.
    pub class: u8,
    /// One of the `VERIFICATION_*` constants.
    pub verification: u8,
    /// 1 when jobs may be opened for it.
    pub enabled: u8,
    /// Zero.
    pub padding: u8,
}
