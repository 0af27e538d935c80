//! What a node signs for: the leaves, root and salted commitment of a lease's results.

use crate::merkle::{self, Digest, sha256};
use alloc::vec::Vec;

/// Hash of one unit's result as a leaf of the lease's tree.
pub fn unit_leaf(unit: u64, digest: &Digest) -> Digest {
    sha256(&[&[0], &unit.to_le_bytes(), digest])
}

/// The root over the units `first_unit`, `first_unit + 1`, ... of a lease.
pub fn lease_root(first_unit: u64, digests: &[Digest]) -> Digest {
    let leaves: Vec<Digest> =
        (0..).zip(digests).map(|(offset, digest)| unit_leaf(first_unit.wrapping_add(offset), digest)).collect();
    merkle::root(&leaves)
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
        let digests = [[1; 32], [2; 32], [3; 32]];
        assert_ne!(lease_root(0, &digests), lease_root(1, &digests));
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
