//! SHA-256 and Merkle trees on the device: the tree of `kernels::merkle` over a run of bytes in the device's memory, so
//! that of a result only its root has to leave it.
//!
//! One thread hashes one leaf; the integer units are what limits it, not memory: a compression is about 1,400
//! instructions for 64 bytes. A second kernel turns pairs into nodes, several levels in a launch: as long as there are
//! many digests few enough levels that no warp runs half empty, at the end all that a block can.

use crate::abi::{Kernel, Pointer};
use kernels::merkle::{Digest, LEAF_BYTES};

/// Bytes of a block of SHA-256.
const BLOCK: u64 = 64;
/// Blocks of a whole leaf: its prefix, its content, a bit, and eight bytes of length.
const LEAF_BLOCKS: u64 = message_blocks(LEAF_BYTES as u64);

/// Blocks of the message of a leaf with so many bytes of content.
pub const fn message_blocks(content: u64) -> u64 {
    (1 + content + 9).div_ceil(BLOCK)
}

/// Hashes the leaves over a run of bytes.
pub struct MerkleLeaves;

/// Of [`MerkleLeaves`].
#[derive(Clone, Copy)]
#[repr(C)]
pub struct MerkleLeavesArguments {
    /// The bytes; the address is a multiple of 16.
    pub bytes: Pointer<u8>,
    /// Where the digests go, one for each leaf.
    pub digests: Pointer<Digest>,
    /// Number of bytes.
    pub length: u64,
}

impl Kernel for MerkleLeaves {
    type Arguments = MerkleLeavesArguments;
    const NAME: &'static core::ffi::CStr = c"merkle_leaves";
    const THREADS: u32 = 128;
}

impl MerkleLeaves {
    /// Bytes of the block's memory: the padded message of a last leaf that is not whole.
    pub const BLOCK_MEMORY: u32 = (LEAF_BLOCKS * BLOCK) as u32;

    /// Blocks of the grid for so many leaves.
    pub const fn blocks(leaves: u64) -> u64 {
        leaves.div_ceil(Self::THREADS as u64)
    }
}

/// Turns digests into the nodes some levels above them.
pub struct MerkleNodes;

/// Of [`MerkleNodes`].
#[derive(Clone, Copy)]
#[repr(C)]
pub struct MerkleNodesArguments {
    /// The digests; the address is a multiple of 16.
    pub from: Pointer<Digest>,
    /// Where the nodes go, [`MerkleNodes::above`] of them; not where digests are still read.
    pub to: Pointer<Digest>,
    /// Number of digests.
    pub count: u64,
    /// How many levels up, 1 to [`MerkleNodes::MOST_LEVELS`].
    pub levels: u32,
}

impl Kernel for MerkleNodes {
    type Arguments = MerkleNodesArguments;
    const NAME: &'static core::ffi::CStr = c"merkle_nodes";
    const THREADS: u32 = 256;
}

impl MerkleNodes {
    /// Digests that one block reads.
    pub const DIGESTS: u32 = 2 * Self::THREADS;
    /// Levels after which one digest of a block is left.
    pub const MOST_LEVELS: u32 = Self::DIGESTS.trailing_zeros();
    /// Levels until a block is left with one full warp of digests.
    const LEVELS_OF_FULL_WARPS: u32 = Self::MOST_LEVELS - 5;
    /// Bytes of the block's memory: the digests of the level below, word by word.
    pub const BLOCK_MEMORY: u32 = 32 * Self::THREADS;

    /// Blocks of the grid for so many digests.
    pub const fn blocks(count: u64) -> u64 {
        count.div_ceil(Self::DIGESTS as u64)
    }

    /// Nodes that lie so many levels above so many digests.
    pub const fn above(count: u64, levels: u32) -> u64 {
        count.div_ceil(1 << levels)
    }

    /// Levels of the next launch over so many digests. The upper levels of a block keep one of its eight warps busy: that
    /// is left until a single wave of blocks has to do it.
    pub const fn levels(count: u64) -> u32 {
        if Self::blocks(count) > 1024 { Self::LEVELS_OF_FULL_WARPS } else { Self::MOST_LEVELS }
    }
}

#[cfg(target_arch = "nvptx64")]
mod entry {
    use super::*;
    use crate::device::{self, load_constant_vector, store_vector};
    use kernels::sha256::words::{INITIAL, compress, one_byte_later, pair_block};

    #[inline(always)]
    unsafe fn load_digest(from: u64) -> [u32; 8] {
        // SAFETY: the caller's: a digest at a multiple of sixteen.
        let (low, high) = unsafe { (load_constant_vector(from), load_constant_vector(from + 16)) };
        core::array::from_fn(|word| if word < 4 { low[word].swap_bytes() } else { high[word - 4].swap_bytes() })
    }

    #[inline(always)]
    unsafe fn store_digest(to: u64, digest: [u32; 8]) {
        // SAFETY: the caller's: room for a digest at a multiple of sixteen.
        unsafe {
            store_vector(to, core::array::from_fn(|word| digest[word].swap_bytes()));
            store_vector(to + 16, core::array::from_fn(|word| digest[word + 4].swap_bytes()));
        }
    }

    /// Puts the padded message of the last leaf into the block's memory, with all threads of the block.
    #[inline(always)]
    unsafe fn write_message(content: *const u8, length: u32, message: *mut u8) {
        let end = message_blocks(u64::from(length)) as u32 * BLOCK as u32;
        let mut place = device::thread();
        while place < end {
            let byte = if place == 0 {
                0
            } else if place <= length {
                // SAFETY: the content has `length` bytes.
                unsafe { content.add(place as usize - 1).read() }
            } else if place == length + 1 {
                0x80
            } else if place >= end - 4 {
                (8 * (length + 1) >> (8 * (end - 1 - place))) as u8
            } else {
                0
            };
            // SAFETY: a padded leaf is at most as long as the block's memory.
            unsafe { message.add(place as usize).write(byte) };
            place += MerkleLeaves::THREADS;
        }
    }

    #[unsafe(no_mangle)]
    unsafe extern "ptx-kernel" fn merkle_leaves(arguments: MerkleLeavesArguments) {
        let leaf = device::index();
        let whole = arguments.length / LEAF_BYTES as u64;
        let rest = (arguments.length % LEAF_BYTES as u64) as u32;
        let message = device::block_memory();
        if rest > 0 && whole / u64::from(MerkleLeaves::THREADS) == u64::from(device::block().0) {
            // SAFETY: the last leaf has `rest` bytes, and the whole block is here.
            unsafe { write_message(arguments.bytes.get().add(whole as usize * LEAF_BYTES), rest, message) };
            device::synchronize_block();
        }
        let is_whole = leaf < whole;
        if !is_whole && (rest == 0 || leaf > whole) {
            return;
        }
        let blocks = if is_whole { LEAF_BLOCKS } else { message_blocks(u64::from(rest)) };
        let content = arguments.bytes.address() + leaf * LEAF_BYTES as u64;
        let mut state = INITIAL;
        // The prefix of a leaf is a zero byte.
        let mut before = 0;
        let mut block = 0;
        while block < blocks {
            let mut words = [0_u32; 16];
            if !is_whole {
                // SAFETY: the message was written above, block by block.
                words = unsafe { message.cast::<[u32; 16]>().add(block as usize).read() };
                words = words.map(u32::swap_bytes);
            } else {
                if block < LEAF_BLOCKS - 1 {
                    let place = content + BLOCK * block;
                    // SAFETY: a whole leaf, at a multiple of sixteen.
                    let parts = unsafe { [0, 16, 32, 48].map(|part| load_constant_vector(place + part)) };
                    words = core::array::from_fn(|word| parts[word / 4][word % 4].swap_bytes());
                } else {
                    // What follows the content: a bit, and the length of it and the prefix in bits.
                    words[0] = 0x8000_0000;
                    words[15] = (8 * (1 + LEAF_BYTES as u32)) << 8;
                }
                let last = words[15];
                words = one_byte_later(before, words);
                before = last;
            }
            state = compress(state, words);
            block += 1;
        }
        // SAFETY: the host gives room for every leaf.
        unsafe { store_digest(arguments.digests.offset(leaf).address(), state) };
    }

    #[unsafe(no_mangle)]
    unsafe extern "ptx-kernel" fn merkle_nodes(arguments: MerkleNodesArguments) {
        const STRIDE: usize = MerkleNodes::THREADS as usize;
        let thread = device::thread();
        let block = u64::from(device::block().0);
        let first = block * u64::from(MerkleNodes::DIGESTS);
        let mut length = (arguments.count - first).min(u64::from(MerkleNodes::DIGESTS)) as u32;
        let memory = device::block_memory().cast::<u32>();
        let mut level = 0;
        let mut node = [0_u32; 8];
        loop {
            let is_busy = 2 * thread < length;
            let has_sibling = 2 * thread + 1 < length;
            if is_busy {
                let mut sibling = [0_u32; 8];
                if level == 0 {
                    let place = arguments.from.offset(first + 2 * u64::from(thread)).address();
                    // SAFETY: these digests are below `count`.
                    unsafe {
                        node = load_digest(place);
                        if has_sibling {
                            sibling = load_digest(place + 32);
                        }
                    }
                } else {
                    for word in 0..8 {
                        // SAFETY: two digests among the `length` that the block's memory holds; a sibling that is not
                        // there is not used, and its place is within the memory.
                        unsafe {
                            let place = memory.add(word * STRIDE + 2 * thread as usize);
                            node[word] = place.read();
                            sibling[word] = place.add(1).read();
                        }
                    }
                }
                if has_sibling {
                    let (left, mut state) = (node, INITIAL);
                    let mut second = false;
                    // A loop that is not unrolled: the rounds stand in the program once.
                    loop {
                        state = compress(state, pair_block(1, left, sibling, second));
                        if second {
                            break;
                        }
                        second = true;
                    }
                    node = state;
                }
            }
            level += 1;
            length = length.div_ceil(2);
            if level == arguments.levels {
                break;
            }
            // Everybody has read the level below.
            device::synchronize_block();
            if is_busy {
                for (word, value) in node.iter().enumerate() {
                    // SAFETY: within the block's memory.
                    unsafe { memory.add(word * STRIDE + thread as usize).write(*value) };
                }
            }
            device::synchronize_block();
        }
        if thread < length {
            let place =
                arguments.to.offset(block * u64::from(MerkleNodes::DIGESTS >> arguments.levels) + u64::from(thread));
            // SAFETY: the host gives room for every node.
            unsafe { store_digest(place.address(), node) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_leaf_takes_seventeen_blocks_and_a_message_of_fifty_four_bytes_one() {
        assert_eq!(LEAF_BLOCKS, 17);
        assert_eq!([message_blocks(0), message_blocks(54), message_blocks(55), message_blocks(118)], [1, 1, 2, 2]);
    }

    #[test]
    fn launches_reach_the_root_of_any_number_of_leaves() {
        for count in [1_u64, 2, 511, 512, 513, 1 << 20, (1 << 20) + 1, 1 << 32, 123_456_789] {
            let (mut left, mut launches) = (count, 0);
            while left > 1 {
                left = MerkleNodes::above(left, MerkleNodes::levels(left));
                launches += 1;
            }
            assert_eq!(left, 1);
            assert!(launches <= 6, "{count} leaves in {launches} launches");
        }
    }
}
