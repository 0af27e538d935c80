//! Merkle roots over what lies in a device's memory: of the content only the root leaves the device.
//!
//! The tree is `kernels::merkle`'s over [`LEAF_BYTES`] of content a leaf. Everything is asked for and nothing is waited
//! for until a digest is read, so that roots can be taken between the launches of a job.

use std::ops::Range;

use gpu::Pointer;
use gpu::merkle::{MerkleLeaves, MerkleLeavesArguments, MerkleNodes, MerkleNodesArguments};
use kernels::merkle::{Digest, LEAF_BYTES, Tree, empty_root, leaves_of};

use crate::{Buffer, Device, GpuError, Plain};

/// Room on a device for a tree's digests, kept from one root to the next.
pub struct Hasher {
    leaves: Buffer<Digest>,
    nodes: Buffer<Digest>,
}

impl Hasher {
    /// Room for trees over up to `most` bytes; about a thirtieth of them.
    ///
    /// # Errors
    /// The device has no such room.
    pub fn new(device: &Device, most: u64) -> Result<Hasher, GpuError> {
        let leaves = leaves_of(most).max(1);
        // The fewest levels of a launch over so many digests give the most nodes.
        let nodes = MerkleNodes::above(leaves, MerkleNodes::levels(leaves)).max(1);
        Ok(Hasher { leaves: device.allocate(leaves as usize)?, nodes: device.allocate(nodes as usize)? })
    }

    /// Asks for the root over some bytes of a buffer, to be written as digest number `place` of `roots`.
    ///
    /// # Errors
    /// Bytes that the buffer does not have, that begin at no multiple of 16, or are more than there is room for; and what
    /// the device answers.
    pub fn root_into<T: Plain>(
        &mut self,
        device: &Device,
        buffer: &Buffer<T>,
        bytes: Range<u64>,
        roots: &mut Buffer<Digest>,
        place: usize,
    ) -> Result<(), GpuError> {
        device.own(roots)?;
        device.own(&self.leaves)?;
        if place >= roots.len() {
            return Err(GpuError::Failed(format!("there is no place {place} among {} roots", roots.len())));
        }
        if bytes.is_empty() {
            return device.write(roots, place, &[empty_root()]);
        }
        let root = roots.pointer().offset(place as u64);
        let count = leaves_of(bytes.end - bytes.start);
        // Where the tree is one leaf, this is the root.
        let to = if count == 1 { root } else { self.leaves.pointer() };
        self.hash_leaves(device, buffer, bytes, to)?;
        let (mut from, mut to, mut count) = (self.leaves.pointer(), self.nodes.pointer(), count);
        while count > 1 {
            let levels = MerkleNodes::levels(count);
            let above = MerkleNodes::above(count, levels);
            let target = if above == 1 { root } else { to };
            let arguments = MerkleNodesArguments { from, to: target, count, levels };
            let blocks = (grid(MerkleNodes::blocks(count))?, 1);
            // SAFETY: the digests lie in this hasher, which has room for every level, or in `roots`, at a place it has.
            unsafe { device.launch(MerkleNodes, blocks, MerkleNodes::BLOCK_MEMORY, &arguments)? };
            // What was read is not needed again.
            (from, to, count) = (to, from, above);
        }
        Ok(())
    }

    /// The root over some bytes of a buffer; waits for it.
    ///
    /// # Errors
    /// As [`Hasher::root_into`].
    pub fn root<T: Plain>(
        &mut self,
        device: &Device,
        buffer: &Buffer<T>,
        bytes: Range<u64>,
    ) -> Result<Digest, GpuError> {
        let mut roots = device.allocate::<Digest>(1)?;
        self.root_into(device, buffer, bytes, &mut roots, 0)?;
        let mut digest = [[0; 32]];
        device.read(&roots, 0..1, &mut digest)?;
        Ok(digest[0])
    }

    /// The tree over some bytes of a buffer, for proofs; its leaves come from the device, a thirty-second of the bytes.
    ///
    /// # Errors
    /// As [`Hasher::root_into`].
    pub fn tree<T: Plain>(&mut self, device: &Device, buffer: &Buffer<T>, bytes: Range<u64>) -> Result<Tree, GpuError> {
        if bytes.is_empty() {
            return Ok(Tree::new(Vec::new()));
        }
        let mut leaves = vec![[0; 32]; leaves_of(bytes.end - bytes.start) as usize];
        device.own(&self.leaves)?;
        self.hash_leaves(device, buffer, bytes, self.leaves.pointer())?;
        device.read(&self.leaves, 0..leaves.len(), &mut leaves)?;
        Ok(Tree::new(leaves))
    }

    fn hash_leaves<T: Plain>(
        &self,
        device: &Device,
        buffer: &Buffer<T>,
        bytes: Range<u64>,
        to: Pointer<Digest>,
    ) -> Result<(), GpuError> {
        let has = (device.own(buffer)?.len() * size_of::<T>()) as u64;
        if bytes.end > has {
            return Err(GpuError::Failed(format!("bytes {bytes:?} of a buffer of {has}")));
        }
        if !bytes.start.is_multiple_of(16) {
            return Err(GpuError::Failed(format!("bytes from {}: a tree begins at a multiple of 16", bytes.start)));
        }
        let length = bytes.end - bytes.start;
        let count = leaves_of(length);
        if count > self.leaves.len() as u64 {
            let room = self.leaves.len() * LEAF_BYTES;
            return Err(GpuError::Failed(format!("{length} bytes: there is room for a tree over {room}")));
        }
        let content = Pointer::new(buffer.pointer().address() + bytes.start);
        let arguments = MerkleLeavesArguments { bytes: content, digests: to, length };
        let blocks = (grid(MerkleLeaves::blocks(count))?, 1);
        // SAFETY: the bytes are the buffer's, and `to` is the leaves' room or, for one leaf, the root's place.
        unsafe { device.launch(MerkleLeaves, blocks, MerkleLeaves::BLOCK_MEMORY, &arguments) }
    }
}

/// The root over the first `bytes` bytes of a buffer.
///
/// # Errors
/// As [`Hasher::root_into`].
pub fn root<T: Plain>(device: &Device, buffer: &Buffer<T>, bytes: u64) -> Result<Digest, GpuError> {
    Hasher::new(device, bytes)?.root(device, buffer, 0..bytes)
}

/// Blocks of a grid along its first side, which has at most 2^31 - 1.
pub(crate) fn grid(blocks: u64) -> Result<u32, GpuError> {
    let blocks =
        i32::try_from(blocks).map_err(|_| GpuError::Failed(format!("{blocks} blocks are more than a grid")))?;
    Ok(blocks.cast_unsigned())
}
