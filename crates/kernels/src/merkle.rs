//! SHA-256 and Merkle trees over it (the tree of RFC 6962, section 2.1, with the leaf prefix 0x00 and node prefix 0x01).
//!
//! The number of leaves is part of what a proof is checked against; the caller commits to it beside the root.

use alloc::vec::Vec;

use crate::sha256::sha256_pair;
pub use crate::sha256::{Digest, sha256};

/// Bytes of content below one leaf of a tree over a run of bytes; only the last leaf may have fewer.
///
/// A tile of 32 x 32 bytes, or a row of 256 words. Hashing takes 17 compressions for 16 of content and with the nodes 19,
/// a fifth more than the content; half as many bytes would take 22, four times as many 17. But who shows one value to the
/// chain carries a leaf and its path there: under a gigabyte 1.6 KB, two transactions, where leaves of 4096 bytes would
/// take five. And a GPU hashes a leaf with a thread: leaves of this size of a matrix of 64 MB keep half of the largest
/// card's threads busy, larger ones would not.
pub const LEAF_BYTES: usize = 1024;

/// Leaves of the tree over so many bytes.
pub const fn leaves_of(bytes: u64) -> u64 {
    bytes.div_ceil(LEAF_BYTES as u64)
}

/// The hashed leaves over a run of bytes, [`LEAF_BYTES`] each.
pub fn leaves(bytes: &[u8]) -> Vec<Digest> {
    #[cfg(feature = "parallel")]
    {
        use rayon::prelude::*;
        bytes.par_chunks(LEAF_BYTES).with_min_len(64).map(leaf).collect()
    }
    #[cfg(not(feature = "parallel"))]
    bytes.chunks(LEAF_BYTES).map(leaf).collect()
}

/// The root over a run of bytes.
pub fn root_of_bytes(bytes: &[u8]) -> Digest {
    root_of(&mut leaves(bytes))
}

/// Hash of a leaf's content.
pub fn leaf(content: &[u8]) -> Digest {
    sha256(&[&[0], content])
}

/// Hash of an inner node.
pub fn node(left: &Digest, right: &Digest) -> Digest {
    sha256_pair(1, left, right)
}

/// The root of no leaf at all: SHA-256 of nothing.
pub fn empty_root() -> Digest {
    sha256(&[])
}

/// The root over hashed leaves.
pub fn root(leaves: &[Digest]) -> Digest {
    root_of(&mut leaves.to_vec())
}

/// The root over hashed leaves, computed in their own place: what is left in `leaves` means nothing.
pub fn root_of(leaves: &mut [Digest]) -> Digest {
    let mut length = leaves.len();
    if length == 0 {
        return empty_root();
    }
    while length > 1 {
        let above = length.div_ceil(2);
        for place in 0..above {
            leaves[place] = match leaves[2 * place..length] {
                [left, right, ..] => node(&left, &right),
                _ => leaves[2 * place],
            };
        }
        length = above;
    }
    leaves[0]
}

/// Pairs become nodes; a last one without a sibling moves up as it is.
fn parents(level: &[Digest]) -> Vec<Digest> {
    level.chunks(2).map(|pair| if let [left, right] = pair { node(left, right) } else { pair[0] }).collect()
}

/// Leaves below each node when a tree of `count` leaves is divided into at most `most` nodes of one level: the smallest
/// power of two that does. Where `most` is 0 it counts as 1.
///
/// The nodes of one level give the tree's root, because pairs are formed from the left and a last node moves up as it
/// is; so whoever posts the nodes that [`Tree::nodes`] gives can be checked with [`root_of`].
pub fn chunk(count: u64, most: u64) -> u64 {
    let mut chunk = 1_u64;
    // 2^63 leaves below a node are more than any tree has.
    while count.div_ceil(chunk) > most.max(1) && chunk < 1 << 63 {
        chunk <<= 1;
    }
    chunk
}

/// A tree that keeps its levels, for many proofs.
pub struct Tree {
    levels: Vec<Vec<Digest>>,
}

impl Tree {
    /// Builds all levels over hashed leaves.
    pub fn new(leaves: Vec<Digest>) -> Tree {
        let mut levels = Vec::from([leaves]);
        while let Some(level) = levels.last().filter(|level| level.len() > 1) {
            let above = parents(level);
            levels.push(above);
        }
        Tree { levels }
    }

    /// The root.
    pub fn root(&self) -> Digest {
        self.levels.last().and_then(|level| level.first()).copied().unwrap_or_else(empty_root)
    }

    /// Number of leaves.
    pub fn count(&self) -> u64 {
        self.levels.first().map_or(0, Vec::len) as u64
    }

    /// The nodes over `chunk` leaves each (a power of two) that cover the leaves `first..first + count`. If these are
    /// all leaves, or those below one node, [`root`] over the nodes is the root or that node.
    ///
    /// `None` where there are no such leaves, `first` is not a multiple of `chunk`, or the last node covers others too.
    pub fn nodes(&self, first: u64, count: u64, chunk: u64) -> Option<Vec<Digest>> {
        let end = first.checked_add(count)?;
        if !chunk.is_power_of_two() || !first.is_multiple_of(chunk) || end > self.count() {
            return None;
        }
        if !end.is_multiple_of(chunk) && end != self.count() {
            return None;
        }
        let height = (chunk.trailing_zeros() as usize).min(self.levels.len() - 1);
        let level = &self.levels[height];
        let (from, to) = ((first / chunk) as usize, end.div_ceil(chunk) as usize);
        level.get(from..to.min(level.len())).map(<[Digest]>::to_vec)
    }

    /// The siblings that prove the leaves `indices` together, for [`verify_multiproof`]; `None` unless the indices are
    /// strictly ascending, exist, and are at most [`MOST_LEAVES`].
    pub fn multiproof(&self, indices: &[u64]) -> Option<Vec<Digest>> {
        let ascending = indices.windows(2).all(|pair| pair[0] < pair[1]);
        if !ascending || indices.len() > MOST_LEAVES || indices.last().is_some_and(|last| *last >= self.count()) {
            return None;
        }
        let mut positions: Vec<usize> = indices.iter().map(|index| *index as usize).collect();
        let mut proof = Vec::new();
        for level in &self.levels {
            let mut above: Vec<usize> = Vec::with_capacity(positions.len());
            for position in &positions {
                if positions.binary_search(&(position ^ 1)).is_err()
                    && let Some(sibling) = level.get(position ^ 1)
                {
                    proof.push(*sibling);
                }
                if above.last() != Some(&(position >> 1)) {
                    above.push(position >> 1);
                }
            }
            positions = above;
        }
        Some(proof)
    }

    /// The siblings from leaf `index` upward; `None` where there is no such leaf.
    pub fn proof(&self, index: u64) -> Option<Vec<Digest>> {
        let mut position = usize::try_from(index).ok()?;
        self.levels.first()?.get(position)?;
        let mut siblings = Vec::new();
        for level in &self.levels {
            if let Some(sibling) = level.get(position ^ 1) {
                siblings.push(*sibling);
            }
            position >>= 1;
        }
        Some(siblings)
    }
}

/// Whether the leaf with hash `leaf` is number `index` of the `count` leaves under `root`.
pub fn verify(root: &Digest, index: u64, count: u64, leaf: &Digest, proof: &[Digest]) -> bool {
    if index >= count {
        return false;
    }
    let (mut position, mut last) = (index, count - 1);
    let mut hash = *leaf;
    let mut siblings = proof.iter();
    while last > 0 {
        if position & 1 == 1 || position < last {
            let Some(sibling) = siblings.next() else { return false };
            hash = if position & 1 == 1 { node(sibling, &hash) } else { node(&hash, sibling) };
        }
        position >>= 1;
        last >>= 1;
    }
    siblings.next().is_none() && hash == *root
}

/// Hashes of the proof that leaf `index` has among `count`, as [`verify`] takes it; 0 where there is no such leaf.
pub fn proof_length(index: u64, count: u64) -> usize {
    let Some(mut last) = count.checked_sub(1).filter(|last| index <= *last) else { return 0 };
    let (mut position, mut length) = (index, 0);
    while last > 0 {
        length += usize::from(position & 1 == 1 || position < last);
        position >>= 1;
        last >>= 1;
    }
    length
}

/// Leaves that one multiproof holds at most.
pub const MOST_LEAVES: usize = 16;

/// Why a multiproof is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MultiproofError {
    /// More than [`MOST_LEAVES`].
    TooManyLeaves,
    /// The indices are not strictly ascending.
    Order,
    /// A leaf that the tree does not have.
    Range,
    /// More or fewer siblings than the leaves need.
    Length,
    /// The leaves and siblings give another root.
    Root,
}

/// Whether `leaves`, pairs of index and hash in strictly ascending order, are among the `count` leaves under `root`. The
/// proof holds the siblings that cannot be computed, level by level from the leaves upward and from left to right. No leaf
/// at all is proved by nothing.
pub fn verify_multiproof(root: &Digest, count: u64, leaves: &[(u64, Digest)], proof: &[Digest]) -> bool {
    let mut known = [(0, [0; 32]); MOST_LEAVES];
    let Some(known) = known.get_mut(..leaves.len()) else { return false };
    known.copy_from_slice(leaves);
    check_multiproof(root, count, known, proof).is_ok()
}

/// [`verify_multiproof`] in the place of `leaves`, with the reason of a refusal; what is left in `leaves` means nothing.
///
/// # Errors
/// The first that holds, in the order of [`MultiproofError`].
pub fn check_multiproof(
    root: &Digest,
    count: u64,
    leaves: &mut [(u64, Digest)],
    proof: &[Digest],
) -> Result<(), MultiproofError> {
    if leaves.len() > MOST_LEAVES {
        return Err(MultiproofError::TooManyLeaves);
    }
    if leaves.windows(2).any(|pair| pair[0].0 >= pair[1].0) {
        return Err(MultiproofError::Order);
    }
    let Some((greatest, _)) = leaves.last() else {
        return if proof.is_empty() { Ok(()) } else { Err(MultiproofError::Length) };
    };
    if *greatest >= count {
        return Err(MultiproofError::Range);
    }
    let (mut last, mut length) = (count - 1, leaves.len());
    let mut siblings = proof.iter();
    while last > 0 {
        let (mut from, mut to) = (0, 0);
        while from < length {
            let (position, hash) = leaves[from];
            let neighbour = leaves[from + 1..length].first().filter(|(other, _)| *other == position ^ 1);
            let above = if let Some((_, right)) = neighbour {
                from += 1;
                node(&hash, right)
            } else if position & 1 == 1 || position < last {
                let sibling = siblings.next().ok_or(MultiproofError::Length)?;
                if position & 1 == 1 { node(sibling, &hash) } else { node(&hash, sibling) }
            } else {
                hash
            };
            leaves[to] = (position >> 1, above);
            from += 1;
            to += 1;
        }
        last >>= 1;
        length = to;
    }
    match siblings.next() {
        Some(_) => Err(MultiproofError::Length),
        None if leaves[0].1 == *root => Ok(()),
        None => Err(MultiproofError::Root),
    }
}
