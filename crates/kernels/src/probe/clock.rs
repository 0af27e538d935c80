//! The clock: how fast one core hashes one value after the other.
//!
//! SHA-256 of the 32 bytes before, `steps` times between checkpoints. It cannot be divided among cores, while checking
//! it can: each segment between two checkpoints on its own, all of them or a sample. Nothing here runs on a GPU.

use alloc::vec::Vec;

use super::{ShapeError, require};
use crate::merkle;
use crate::sha256::{Digest, sha256};

/// How long the clock runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Segments, each of which ends with a checkpoint.
    pub segments: u32,
    /// Hashes of a segment.
    pub steps: u64,
}

impl Shape {
    /// Refuses shapes that no clock has.
    ///
    /// # Errors
    /// Names the field.
    pub fn check(&self) -> Result<(), ShapeError> {
        require(self.segments > 0, "clock.segments", "at least 1")?;
        let is_counted = self.steps > 0 && u64::from(self.segments).checked_mul(self.steps).is_some();
        require(is_counted, "clock.steps", "at least 1, and all hashes below 2^64")
    }

    /// All hashes.
    pub const fn hashes(&self) -> u64 {
        self.segments as u64 * self.steps
    }
}

/// The value that a seed starts the clock with.
pub fn start(seed: &Digest) -> Digest {
    sha256(&[b"probe/clock", seed])
}

/// The value `steps` hashes later.
pub fn advance(from: Digest, steps: u64) -> Digest {
    (0..steps).fold(from, |value, _| sha256(&[&value]))
}

/// The value at the end of each of `segments` segments of `steps` hashes.
pub fn run(seed: &Digest, segments: usize, steps: u64) -> Vec<Digest> {
    let mut value = start(seed);
    let mut checkpoints = Vec::with_capacity(segments);
    for _ in 0..segments {
        value = advance(value, steps);
        checkpoints.push(value);
    }
    checkpoints
}

/// Whether segment `segment` leads from the checkpoint before it to its own; false where there is no such segment.
pub fn segment_holds(seed: &Digest, checkpoints: &[Digest], segment: usize, steps: u64) -> bool {
    let Some(end) = checkpoints.get(segment) else { return false };
    let from = if segment == 0 { start(seed) } else { checkpoints[segment - 1] };
    advance(from, steps) == *end
}

/// The first segment that does not hold; `None` where all do.
pub fn first_wrong_segment(seed: &Digest, checkpoints: &[Digest], steps: u64) -> Option<usize> {
    let is_wrong = |segment: &usize| !segment_holds(seed, checkpoints, *segment, steps);
    #[cfg(feature = "parallel")]
    {
        use rayon::prelude::*;
        (0..checkpoints.len()).into_par_iter().filter(is_wrong).min()
    }
    #[cfg(not(feature = "parallel"))]
    (0..checkpoints.len()).find(is_wrong)
}

/// What is committed to: the root over the checkpoints, a leaf each.
pub fn root(checkpoints: &[Digest]) -> Digest {
    let mut leaves: Vec<Digest> = checkpoints.iter().map(|checkpoint| merkle::leaf(checkpoint)).collect();
    merkle::root_of(&mut leaves)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEED: Digest = [1; 32];

    #[test]
    fn a_clock_ends_where_its_steps_lead() {
        let checkpoints = run(&SEED, 5, 7);
        let mut value = sha256(&[b"probe/clock", &SEED]);
        for _ in 0..35 {
            value = sha256(&[&value]);
        }
        assert_eq!(checkpoints.last(), Some(&value));
        assert_eq!(first_wrong_segment(&SEED, &checkpoints, 7), None);
    }

    #[test]
    fn a_wrong_checkpoint_is_found_and_no_other() {
        let mut checkpoints = run(&SEED, 8, 3);
        let before = root(&checkpoints);
        checkpoints[4][31] ^= 1;
        assert_eq!(first_wrong_segment(&SEED, &checkpoints, 3), Some(4));
        assert_ne!(root(&checkpoints), before);
        assert!(!segment_holds(&SEED, &checkpoints, 8, 3), "there is no ninth segment");
        assert_eq!(first_wrong_segment(&[2; 32], &run(&SEED, 8, 3), 3), Some(0), "another seed");
    }
}
