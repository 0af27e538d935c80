//! What a node signs for: the leaves, root and salted commitment of a lease's results.

use crate::merkle::{self, Digest, sha256};
use alloc::vec::Vec;

/// What a node claims about one unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnitAttestation {
    /// Digest of the result.
    pub output: Digest,
    /// Steps of the machine.
    pub steps: u64,
    /// Root of the unit's trace.
    pub trace: Digest,
}

/// Hash of one unit's result as a leaf of the lease's tree: SHA-256(0x00, unit, output, steps, trace), numbers as
/// little-endian u64.
pub fn unit_leaf(unit: u64, output: &Digest, steps: u64, trace: &Digest) -> Digest {
    sha256(&[&[0], &unit.to_le_bytes(), output, &steps.to_le_bytes(), trace])
}

/// The leaves of the units `first_unit`, `first_unit + 1`, ... of a lease.
pub fn lease_leaves(first_unit: u64, units: &[UnitAttestation]) -> Vec<Digest> {
    let leaf = |(offset, unit): (u64, &UnitAttestation)| {
        unit_leaf(first_unit.wrapping_add(offset), &unit.output, unit.steps, &unit.trace)
    };
    (0..).zip(units).map(leaf).collect()
}

/// The root over the units `first_unit`, `first_unit + 1`, ... of a lease.
pub fn lease_root(first_unit: u64, units: &[UnitAttestation]) -> Digest {
    merkle::root_of(&mut lease_leaves(first_unit, units))
}

/// The salted commitment to a root: it binds the root to one attempt of one registration of one node, so that it can
/// be neither copied nor replayed.
pub fn commitment(
    lease: &[u8; 32],
    node: &[u8; 32],
    registered_slot: u64,
    attempt: u16,
    root: &Digest,
    salt: &[u8; 32],
) -> Digest {
    sha256(&[
        b"render-compute:attestation",
        lease,
        node,
        &registered_slot.to_le_bytes(),
        &attempt.to_le_bytes(),
        root,
        salt,
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lease_root_depends_on_the_unit_numbers() {
        let units = [1, 2, 3].map(|byte| UnitAttestation { output: [byte; 32], steps: 9, trace: [7; 32] });
        assert_ne!(lease_root(0, &units), lease_root(1, &units));
    }

    #[test]
    fn every_argument_changes_the_leaf_of_a_unit() {
        let base = unit_leaf(1, &[2; 32], 3, &[4; 32]);
        for other in [
            unit_leaf(0, &[2; 32], 3, &[4; 32]),
            unit_leaf(1, &[0; 32], 3, &[4; 32]),
            unit_leaf(1, &[2; 32], 0, &[4; 32]),
            unit_leaf(1, &[2; 32], 3, &[0; 32]),
        ] {
            assert_ne!(base, other);
        }
    }

    #[test]
    fn every_argument_changes_the_commitment() {
        let zero = [0; 32];
        let one = [1; 32];
        let base = commitment(&zero, &zero, 0, 0, &zero, &zero);
        for other in [
            commitment(&one, &zero, 0, 0, &zero, &zero),
            commitment(&zero, &one, 0, 0, &zero, &zero),
            commitment(&zero, &zero, 1, 0, &zero, &zero),
            commitment(&zero, &zero, 0, 1, &zero, &zero),
            commitment(&zero, &zero, 0, 0, &one, &zero),
            commitment(&zero, &zero, 0, 0, &zero, &one),
        ] {
            assert_ne!(base, other);
        }
    }
}
