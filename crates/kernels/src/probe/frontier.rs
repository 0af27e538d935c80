//! What a machine keeps of a Merkle tree while it writes the leaves: a growing tree of which the leaves written first can
//! still be proved.
//!
//! After k leaves the tree of RFC 6962 consists of perfect subtrees, one for each bit of k, the largest first. Their roots
//! are the *peaks*. A new leaf joins peaks of equal height from the right; the root folds the peaks from the right, as a last
//! node without a sibling moves up. A leaf is proved under its peak. So 32 x popcount(k) bytes are enough to append, to finish
//! and to read what was written.

use alloc::vec::Vec;

use crate::merkle::{self, Digest, Tree};

/// The peaks over so many leaves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frontier {
    leaves: u64,
    peaks: Vec<Digest>,
}

/// The peak above a leaf.
struct Peak {
    /// Its place among the peaks.
    place: usize,
    /// The leaf's number below it.
    index: u64,
    /// Its height, and so the length of a proof.
    height: u32,
}

impl Frontier {
    /// Peaks over so many leaves.
    pub const fn peaks_of(leaves: u64) -> usize {
        leaves.count_ones() as usize
    }

    /// Of its peaks; `None` where they are more or fewer than so many leaves have.
    pub fn new(leaves: u64, peaks: Vec<Digest>) -> Option<Frontier> {
        (peaks.len() == Frontier::peaks_of(leaves)).then_some(Frontier { leaves, peaks })
    }

    /// Of the first leaves of a finished tree; `None` where it has fewer.
    pub fn of(tree: &Tree, leaves: u64) -> Option<Frontier> {
        let mut peaks = Vec::with_capacity(Frontier::peaks_of(leaves));
        let mut first = 0;
        for height in (0..u64::BITS).rev() {
            let size = 1 << height;
            if leaves & size != 0 {
                peaks.push(*tree.nodes(first, size, size)?.first()?);
                first += size;
            }
        }
        Some(Frontier { leaves, peaks })
    }

    /// Leaves below the peaks.
    pub const fn leaves(&self) -> u64 {
        self.leaves
    }

    /// The peaks, those of the largest subtrees first.
    pub fn peaks(&self) -> &[Digest] {
        &self.peaks
    }

    /// Appends a hashed leaf.
    pub fn push(&mut self, leaf: Digest) {
        let (mut hash, mut rest) = (leaf, self.leaves);
        while rest & 1 == 1
            && let Some(left) = self.peaks.pop()
        {
            hash = merkle::node(&left, &hash);
            rest >>= 1;
        }
        self.peaks.push(hash);
        self.leaves = self.leaves.wrapping_add(1);
    }

    /// The root over all leaves so far.
    pub fn root(&self) -> Digest {
        let above = |right: Digest, left: &Digest| merkle::node(left, &right);
        match self.peaks.split_last() {
            Some((last, rest)) => rest.iter().rev().fold(*last, above),
            None => merkle::empty_root(),
        }
    }

    /// Hashes of the proof of a leaf; `None` where there is no such leaf.
    pub fn proof_length(&self, leaf: u64) -> Option<usize> {
        self.peak(leaf).map(|peak| peak.height as usize)
    }

    /// Whether the leaf has this hash.
    pub fn holds(&self, leaf: u64, hash: &Digest, proof: &[Digest]) -> bool {
        self.peak(leaf).is_some_and(|peak| {
            let root = self.peaks.get(peak.place);
            root.is_some_and(|root| merkle::verify(root, peak.index, 1 << peak.height, hash, proof))
        })
    }

    fn peak(&self, leaf: u64) -> Option<Peak> {
        if leaf >= self.leaves {
            return None;
        }
        // The leaf's subtree is that of the highest bit in which it is below the count: the bits above are equal.
        let height = (leaf ^ self.leaves).ilog2();
        let above = self.leaves.checked_shr(height + 1).unwrap_or(0);
        Some(Peak { place: above.count_ones() as usize, index: leaf & ((1 << height) - 1), height })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaf(index: u64) -> Digest {
        merkle::leaf(&index.to_le_bytes())
    }

    #[test]
    fn a_growing_tree_has_the_root_and_the_peaks_of_the_finished_one() {
        let all = Tree::new((0..300).map(leaf).collect());
        let mut frontier = Frontier::default();
        for count in 0..300 {
            let tree = Tree::new((0..count).map(leaf).collect());
            assert_eq!(frontier.root(), tree.root(), "{count} leaves");
            assert_eq!(Frontier::of(&all, count).as_ref(), Some(&frontier), "{count} leaves");
            assert_eq!(Frontier::new(count, frontier.peaks().to_vec()).as_ref(), Some(&frontier));
            frontier.push(leaf(count));
        }
        assert_eq!(Frontier::of(&all, 301), None);
        assert_eq!(Frontier::new(3, Vec::new()), None);
    }

    #[test]
    fn every_leaf_below_a_peak_is_proved_by_the_siblings_of_the_finished_tree_and_no_other() {
        for count in [1, 2, 3, 7, 8, 21, 64, 100] {
            let tree = Tree::new((0..count).map(leaf).collect());
            let frontier = Frontier::of(&tree, count).unwrap();
            for index in 0..count {
                let mut proof = tree.proof(index).unwrap();
                proof.truncate(frontier.proof_length(index).unwrap());
                assert!(frontier.holds(index, &leaf(index), &proof), "{index} of {count}");
                assert!(!frontier.holds(index, &leaf(index + 1), &proof), "{index} of {count}");
                assert!(!frontier.holds(index ^ 1, &leaf(index), &proof), "{index} of {count}");
            }
            assert_eq!(frontier.proof_length(count), None);
            assert!(!frontier.holds(count, &leaf(count), &[]));
        }
    }
}
