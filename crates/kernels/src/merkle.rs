//! SHA-256 and Merkle trees over it (the tree of RFC 6962, section 2.1, with the leaf prefix 0x00 and node prefix 0x01).
//!
//! The number of leaves is part of what a proof is checked against; the caller commits to it beside the root. On the
//! chain SHA-256 is the runtime's syscall, elsewhere the `sha2` crate.

// rustc's list of targets does not know the chain's operating system name.
#![allow(unexpected_cfgs)]

use alloc::vec::Vec;

/// A SHA-256 digest.
pub type Digest = [u8; 32];

/// SHA-256 of the concatenated parts.
#[cfg(not(any(target_os = "solana", target_arch = "bpf")))]
pub fn sha256(parts: &[&[u8]]) -> Digest {
    use sha2::Digest as _;
    let mut hasher = sha2::Sha256::new();
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize().into()
}

/// SHA-256 of the concatenated parts.
#[cfg(any(target_os = "solana", target_arch = "bpf"))]
pub fn sha256(parts: &[&[u8]]) -> Digest {
    unsafe extern "C" {
        fn sol_sha256(parts: *const u8, count: u64, result: *mut u8) -> u64;
    }
    let mut result = [0; 32];
    // SAFETY: the runtime reads `count` pairs of (address, length), which is how a slice of slices lies in memory on
    // this 64-bit target, and writes exactly 32 bytes.
    unsafe { sol_sha256(parts.as_ptr().cast(), parts.len() as u64, result.as_mut_ptr()) };
    result
}

/// Hash of a leaf's content.
pub fn leaf(content: &[u8]) -> Digest {
    sha256(&[&[0], content])
}

/// Hash of an inner node.
pub fn node(left: &Digest, right: &Digest) -> Digest {
    sha256(&[&[1], left, right])
}

/// The root of no leaf at all: SHA-256 of nothing.
pub fn empty_root() -> Digest {
    sha256(&[])
}

/// The root over hashed leaves.
pub fn root(leaves: &[Digest]) -> Digest {
    let mut level = leaves.to_vec();
    if level.is_empty() {
        return empty_root();
    }
    while level.len() > 1 {
        level = parents(&level);
    }
    level[0]
}

/// Pairs become nodes; a last one without a sibling moves up as it is.
fn parents(level: &[Digest]) -> Vec<Digest> {
    level.chunks(2).map(|pair| if let [left, right] = pair { node(left, right) } else { pair[0] }).collect()
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
