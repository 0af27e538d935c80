//! The publisher-set oracle: each publisher's latest report of the price of RENDER.

use crate::constants::MAX_PUBLISHERS;
use anchor_lang::prelude::*;

/// One publisher and its latest report.
#[derive(Clone, Copy, IdlType, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C)]
pub struct Publisher {
    /// Key that signs the reports; zero for an empty slot.
    pub key: Address,
    /// Price, 10^-8 USD per RENDER.
    pub price: u64,
    /// Half-width of the publisher's confidence interval, same unit.
    pub confidence: u64,
    /// When it was published, unix seconds; 0 before the first report.
    pub published_at: i64,
}

/// Publisher set.
#[account]
pub struct Oracle {
    /// Slots; the first `count` are in use.
    pub publishers: [Publisher; MAX_PUBLISHERS],
    /// Number of publishers.
    pub count: u8,
    /// Layout version.
    pub version: u8,
    /// PDA bump.
    pub bump: u8,
    /// Zero.
    pub reserved: [u8; 29],
}
