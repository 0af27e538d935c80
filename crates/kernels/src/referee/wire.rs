//! How a program asks a referee: instruction data and return data, in fixed arrays and without arithmetic on floats, so that
//! any program can speak it. `programs/render-referee/SPEC.md` describes the same in words.
//!
//! A referee is any program that answers these three instructions about the statements of its engine.

use super::STATEMENT_BYTES;
use super::{Begin, Outcome};
use crate::merkle::Digest;

/// First eight bytes of SHA-256("global:trace_begin").
pub const TRACE_BEGIN: [u8; 8] = [0xa1, 0x5e, 0x97, 0x8d, 0xce, 0x66, 0x16, 0x28];
/// First eight bytes of SHA-256("global:trace_end").
pub const TRACE_END: [u8; 8] = [0xd3, 0x90, 0x31, 0x02, 0x4d, 0xd8, 0xbf, 0xe0];
/// First eight bytes of SHA-256("global:step").
pub const STEP: [u8; 8] = [0x16, 0x38, 0xfe, 0x1d, 0x4d, 0x20, 0xbf, 0x25];

/// Bytes of `trace_begin`'s instruction data.
pub const TRACE_BEGIN_BYTES: usize = 8 + 8 + STATEMENT_BYTES;
/// Bytes of `trace_end`'s instruction data.
pub const TRACE_END_BYTES: usize = 8 + 8 + 32 + STATEMENT_BYTES;
/// Bytes of `step`'s instruction data.
pub const STEP_BYTES: usize = 8 + 32 + 4 + 4 + STATEMENT_BYTES;
/// Bytes that `trace_begin` returns.
pub const BEGIN_BYTES: usize = 48;
/// Bytes that `trace_end` returns.
pub const END_BYTES: usize = 32;
/// Bytes that `step` returns.
pub const OUTCOME_BYTES: usize = 33;

/// The parts one after the other; they fill the array exactly.
fn join<const N: usize>(parts: [&[u8]; 5]) -> [u8; N] {
    let mut bytes = [0; N];
    let mut rest = bytes.as_mut_slice();
    for part in parts {
        let (place, after) = rest.split_at_mut(part.len());
        place.copy_from_slice(part);
        rest = after;
    }
    bytes
}

/// Instruction data of `trace_begin`: where does this unit's trace begin? It takes no account.
pub fn trace_begin(unit: u64, statement: &[u8; STATEMENT_BYTES]) -> [u8; TRACE_BEGIN_BYTES] {
    join([&TRACE_BEGIN, &unit.to_le_bytes(), statement, &[], &[]])
}

/// Instruction data of `trace_end`: with this output, where does this unit's trace end? It takes no account.
pub fn trace_end(unit: u64, output: &Digest, statement: &[u8; STATEMENT_BYTES]) -> [u8; TRACE_END_BYTES] {
    join([&TRACE_END, &unit.to_le_bytes(), output, statement, &[]])
}

/// Instruction data of `step`: what follows this state? It takes one read-only account, whose data hold the evidence at
/// `offset..offset + length`.
pub fn step(before: &Digest, offset: u32, length: u32, statement: &[u8; STATEMENT_BYTES]) -> [u8; STEP_BYTES] {
    join([&STEP, before, &offset.to_le_bytes(), &length.to_le_bytes(), statement])
}

/// The evidence in an account's data; `None` where it reaches beyond them.
pub fn evidence(data: &[u8], offset: u32, length: u32) -> Option<&[u8]> {
    data.get(offset as usize..)?.get(..length as usize)
}

impl Begin {
    /// Return data of `trace_begin`: start (32), segments (8), steps of a segment (8).
    pub fn to_bytes(&self) -> [u8; BEGIN_BYTES] {
        join([&self.start, &self.segments.to_le_bytes(), &self.segment_steps.to_le_bytes(), &[], &[]])
    }

    /// The inverse of [`Begin::to_bytes`].
    pub fn from_bytes(bytes: &[u8; BEGIN_BYTES]) -> Begin {
        let (mut start, mut segments, mut segment_steps) = ([0; 32], [0; 8], [0; 8]);
        start.copy_from_slice(&bytes[..32]);
        segments.copy_from_slice(&bytes[32..40]);
        segment_steps.copy_from_slice(&bytes[40..]);
        Begin { start, segments: u64::from_le_bytes(segments), segment_steps: u64::from_le_bytes(segment_steps) }
    }
}

impl Outcome {
    /// Return data of `step`: 0 and the hash of the state after, or 1 and zeros for a fault.
    pub fn to_bytes(self) -> [u8; OUTCOME_BYTES] {
        match self {
            Outcome::State(hash) => join([&[0], &hash, &[], &[], &[]]),
            Outcome::Fault => join([&[1], &[0; 32], &[], &[], &[]]),
        }
    }

    /// The inverse of [`Outcome::to_bytes`]; `None` for anything else.
    pub fn from_bytes(bytes: &[u8; OUTCOME_BYTES]) -> Option<Outcome> {
        let mut hash = [0; 32];
        hash.copy_from_slice(&bytes[1..]);
        match bytes[0] {
            0 => Some(Outcome::State(hash)),
            1 if hash == [0; 32] => Some(Outcome::Fault),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::merkle::sha256;

    #[test]
    fn the_discriminators_are_hashes_of_the_instructions_names() {
        for (discriminator, name) in [(TRACE_BEGIN, "trace_begin"), (TRACE_END, "trace_end"), (STEP, "step")] {
            assert_eq!(discriminator, sha256(&[b"global:", name.as_bytes()])[..8]);
        }
    }

    #[test]
    fn return_data_are_read_as_they_are_written() {
        let begin = Begin { start: [7; 32], segments: 1 << 40, segment_steps: u64::MAX };
        assert_eq!(Begin::from_bytes(&begin.to_bytes()), begin);
        for outcome in [Outcome::State([3; 32]), Outcome::Fault] {
            assert_eq!(Outcome::from_bytes(&outcome.to_bytes()), Some(outcome));
        }
        assert_eq!(Outcome::from_bytes(&[1; OUTCOME_BYTES]), None);
        assert_eq!(Outcome::from_bytes(&[2; OUTCOME_BYTES]), None);
    }
}
