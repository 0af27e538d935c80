//! What a node proves about its hardware: how fast its tensor units are ([`chain`]), how much memory it has and how fast
//! it answers ([`walk`]), how fast it streams ([`stream`]), and how fast one core hashes ([`clock`]).
//!
//! Each probe is a total function of a seed and a shape, made of integers alone, so that any machine gives the same bits
//! and any answer can be audited: by computing it again, or down to one step by bisection. A probe's answer says that
//! whoever knows the node's key commands such hardware now; it says nothing of where that hardware stands, and its time
//! counts only as those see it who chose the seed. This module knows no clocks, chains or devices.

pub mod chain;
pub mod clock;
pub mod frontier;
pub mod machine;
mod plan;
pub mod prove;
pub mod referee;
pub mod stream;
pub mod trace;
pub mod walk;

pub use plan::{
    FORMAT, LEAST_ROUNDS, MEMORY_PARTS, MEMORY_USED, MOST_SEGMENTS, Plan, Ratings, SEED_AT, StatementError,
};

use crate::rng;
use crate::sha256::{Digest, sha256};

/// A keyed function of a 64-bit index: Philox under 128 bits of key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Key(pub [u32; 4]);

impl Key {
    /// The key that a probe's seed gives for one purpose: half of SHA-256 of both.
    pub fn new(purpose: &str, seed: &Digest) -> Key {
        let digest = sha256(&[purpose.as_bytes(), seed]);
        Key(core::array::from_fn(|word| {
            u32::from_be_bytes([digest[4 * word], digest[4 * word + 1], digest[4 * word + 2], digest[4 * word + 3]])
        }))
    }

    /// The function's value.
    #[inline(always)]
    pub fn draw(self, index: u64) -> [u32; 4] {
        let Key([a, b, c, d]) = self;
        rng::philox([index as u32, (index >> 32) as u32, c, d], [a, b])
    }
}

/// A field of a probe's shape that no probe can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShapeError {
    /// Name of the field.
    pub field: &'static str,
    /// What it must be.
    pub must: &'static str,
}

impl core::fmt::Display for ShapeError {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(formatter, "{} must be {}", self.field, self.must)
    }
}

impl core::error::Error for ShapeError {}

/// `Err` naming the field unless the condition holds.
fn require(condition: bool, field: &'static str, must: &'static str) -> Result<(), ShapeError> {
    if condition { Ok(()) } else { Err(ShapeError { field, must }) }
}

/// All bits of a word in all bits of another, one to one (the finaliser of MurmurHash3).
#[inline(always)]
fn scramble(mut word: u32) -> u32 {
    word ^= word >> 16;
    word = word.wrapping_mul(0x85eb_ca6b);
    word ^= word >> 13;
    word = word.wrapping_mul(0xc2b2_ae35);
    word ^ (word >> 16)
}
