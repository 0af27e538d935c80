//! What can run: an engine's identity, class and verification.

use anchor_lang::prelude::*;

/// A registered engine.
#[account]
pub struct Engine {
    /// Name, zero-padded ASCII ("render").
    pub id: [u8; 16],
    /// SHA-256 of the engine's published specification or image; binds jobs to one meaning.
    pub digest: [u8; 32],
    /// Program that executes one step of it on chain; zero when it has none.
    pub referee: Address,
    /// Version of its state and memory format.
    pub format: u32,
    /// One of the `CLASS_*` constants.
    pub class: u8,
    /// One of the `VERIFICATION_*` constants.
    pub verification: u8,
    /// 1 when jobs may be opened for it.
    pub enabled: u8,
    /// Layout version.
    pub version: u8,
    /// PDA bump.
    pub bump: u8,
    /// Zero.
    pub reserved: [u8; 31],
}
