//! What a node or a requester is remembered by: why its reputation moved.

use crate::constants::OUTCOMES;
use anchor_lang::prelude::*;
use market_model::reputation::Reason;

/// One outcome. All zero where there is none yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, IdlType, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C)]
pub struct Remembered {
    /// When it happened, unix seconds.
    pub at: i64,
    /// Reputation after it, basis points with 16 fraction bits.
    pub reputation: u32,
    /// Code of `market_model::reputation::Reason`.
    pub reason: u8,
    /// Zero.
    pub reserved: [u8; 3],
}

/// Puts an outcome in front of those that are remembered; the oldest falls out.
pub(super) fn remember(outcomes: &mut [Remembered; OUTCOMES], reason: Reason, reputation: u32, at: i64) {
    outcomes.copy_within(..OUTCOMES.saturating_sub(1), 1);
    let [latest, ..] = outcomes;
    *latest = Remembered { at, reputation, reason: reason.code(), reserved: [0; 3] };
}
