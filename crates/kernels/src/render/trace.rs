//! The trace of a unit: what a node commits to besides the result, so that a dispute over it can be decided by one step.
//!
//! A unit of n pixels has the *boundaries* B0 to Bn: Bp is the state at the start of pixel p, Bn the final state. Between
//! two of them lies a *segment* of [`segment_steps`] steps, the same number in every segment of a job. B0 follows from
//! the job and the unit, Bn from the digest of the result, and all others from the result itself, because at a boundary
//! everything but the job, the place and the digest is zero. So a node keeps nothing but its result.
//!
//! # Tree
//! The root of the trace is that of the Merkle tree (see `crate::merkle`) whose leaves are the hashes of B1 to B(n-1),
//! without a leaf prefix: 112 or 144 bytes are hashed for a state and 65 for a node, so neither can be passed off as the
//! other.
//! A unit of one pixel has the empty tree. The root does not state the number of leaves; job and unit do.

use super::job::{Frame, PIXEL_BYTES, first_digest, next_digest};
use super::path::{State, steps_per_sample};
use crate::attestation::UnitAttestation;
use crate::machine::Fault;
use crate::merkle::{self, Digest};
use crate::sha256::FirstBlock;
use alloc::vec::Vec;

/// Where the part of a committed boundary begins that differs between pixels: steps of the sample (8 bytes), pixel (4),
/// sample (4), digest (32).
const DIFFERS_AT: usize = 64;

/// B0: the state before the first step of a unit.
///
/// # Errors
/// [`Fault::State`] where the frame is invalid or has no such unit.
pub fn initial_state(frame: &Frame, unit: u64) -> Result<State, Fault> {
    State::at_sample(frame, unit, 0, 0, [0; 3], first_digest(unit))
}

/// Bn: the state in which the machine stops, given the digest of the result.
///
/// # Errors
/// As [`initial_state`].
pub fn final_state(frame: &Frame, unit: u64, output: Digest) -> Result<State, Fault> {
    State::at_end(frame, unit, output)
}

/// Segments of a unit's trace: its pixels. 0 where there is no such unit.
pub fn segments(frame: &Frame, unit: u64) -> u64 {
    u64::from(frame.unit_pixels(unit))
}

/// Steps of one segment: those of all samples of a pixel. `None` for numbers that no valid image has.
pub fn segment_steps(frame: &Frame, pairs: u32, triangles: u32) -> Option<u64> {
    u64::from(frame.samples).checked_mul(steps_per_sample(frame.max_bounces, pairs, triangles))
}

/// Hashes of B1 to B(n-1), and the digest of the result, from the result alone.
fn walk(frame: &Frame, unit: u64, radiance: &[[i64; 3]]) -> (Vec<Digest>, Digest) {
    let first = first_digest(unit);
    let Ok(initial) = initial_state(frame, unit) else { return (Vec::new(), first) };
    let mut same = [0; DIFFERS_AT];
    same.copy_from_slice(&initial.to_bytes()[..DIFFERS_AT]);
    let same = FirstBlock::new(same);
    // The digest behind each pixel. Each follows from the one before; the boundaries, in a pass of their own, do not wait
    // for each other, and the processor works on several at a time.
    let mut hashes: Vec<Digest> = radiance
        .iter()
        .scan(first, |digest, sum| {
            *digest = next_digest(digest, sum);
            Some(*digest)
        })
        .collect();
    let output = hashes.pop().unwrap_or(first);
    for (pixel, hash) in (1_u32..).zip(&mut hashes) {
        let mut differs = [0; State::HEAD_BYTES - DIFFERS_AT];
        differs[8..12].copy_from_slice(&pixel.to_le_bytes());
        differs[16..].copy_from_slice(hash);
        *hash = same.followed_by(&differs);
    }
    (hashes, output)
}

/// Hashes of the boundaries B1 to B(n-1): the leaves of the unit's trace.
pub fn boundaries(frame: &Frame, unit: u64, radiance: &[[i64; 3]]) -> Vec<Digest> {
    walk(frame, unit, radiance).0
}

/// Root of the unit's trace.
pub fn trace_root(frame: &Frame, unit: u64, radiance: &[[i64; 3]]) -> Digest {
    digest_and_root(frame, unit, radiance).1
}

/// Digest of the result and root of the trace, in one pass.
pub(super) fn digest_and_root(frame: &Frame, unit: u64, radiance: &[[i64; 3]]) -> (Digest, Digest) {
    let (mut boundaries, digest) = walk(frame, unit, radiance);
    (digest, merkle::root_of(&mut boundaries))
}

/// The sums of a result's pixels; `None` if the bytes are not whole pixels.
pub fn radiance_of_bytes(bytes: &[u8]) -> Option<Vec<[i64; 3]>> {
    if !bytes.len().is_multiple_of(PIXEL_BYTES) {
        return None;
    }
    let (channels, _) = bytes.as_chunks::<8>();
    let (pixels, _) = channels.as_chunks::<3>();
    Some(pixels.iter().map(|pixel| pixel.map(i64::from_le_bytes)).collect())
}

/// What a node attests about a unit whose result are `bytes`, on an image of so many pairs and triangles; `None` where
/// they are not the bytes of this unit's pixels.
pub fn attest_bytes(frame: &Frame, pairs: u32, triangles: u32, unit: u64, bytes: &[u8]) -> Option<UnitAttestation> {
    attest(frame, pairs, triangles, unit, &radiance_of_bytes(bytes)?)
}

/// As [`attest_bytes`], from the sums themselves.
pub fn attest(frame: &Frame, pairs: u32, triangles: u32, unit: u64, radiance: &[[i64; 3]]) -> Option<UnitAttestation> {
    let segments = segments(frame, unit);
    if segments == 0 || radiance.len() as u64 != segments {
        return None;
    }
    let steps = segment_steps(frame, pairs, triangles)?.checked_mul(segments)?;
    let (output, trace) = digest_and_root(frame, unit, radiance);
    Some(UnitAttestation { output, steps, trace })
}
