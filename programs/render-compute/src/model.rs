//! Checked sums with the market model's error codes.

use crate::errors::refused;
use anchor_lang::prelude::*;
use market_model::amount;

/// `a + b`, or the model's refusal.
pub fn sum(a: u64, b: u64) -> Result<u64> {
    amount::add(a, b).map_err(refused)
}

/// `a - b`, or the model's refusal.
pub fn difference(a: u64, b: u64) -> Result<u64> {
    amount::sub(a, b).map_err(refused)
}
