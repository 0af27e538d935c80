//! SHA-256: on the chain the runtime's syscall, on GPUs [`words`], elsewhere the `sha2` crate, which finds SHA-NI and the
//! arm64 instructions.
//!
//! The hashes of results and traces are of a hundred bytes, where copying into a streaming hasher costs as much as
//! hashing; so short messages are padded here and go to the compression function as they are.

#[cfg(not(any(target_os = "solana", target_arch = "bpf")))]
pub mod words;

/// A SHA-256 digest.
pub type Digest = [u8; 32];

/// Bytes of a block.
const BLOCK: usize = 64;

#[cfg(not(any(target_os = "solana", target_arch = "bpf", target_arch = "nvptx64")))]
mod processor {
    use super::words::INITIAL;
    use super::{BLOCK, Digest};
    use sha2::Digest as _;
    use sha2::digest::generic_array::GenericArray;

    /// Pads a message of `length` bytes that fills exactly so many blocks, behind `hashed` bytes (whole blocks) that led to
    /// `state`. `write` puts the message in its place; inlined with constant lengths, that is a few moves of registers.
    #[inline(always)]
    fn finish<const BLOCKS: usize>(
        mut state: [u32; 8],
        hashed: usize,
        length: usize,
        write: impl FnOnce(&mut [u8]),
    ) -> Digest {
        let mut bytes = [[0; BLOCK]; BLOCKS];
        let flat = bytes.as_flattened_mut();
        write(flat);
        // One bit, zeros, and the length in bits as the last eight bytes.
        flat[length] = 0x80;
        flat[BLOCKS * BLOCK - 8..].copy_from_slice(&(8 * (hashed + length) as u64).to_be_bytes());
        for block in &bytes {
            sha2::compress256(&mut state, core::slice::from_ref(GenericArray::from_slice(block)));
        }
        let mut digest = [0; 32];
        for (place, word) in digest.chunks_exact_mut(4).zip(state) {
            place.copy_from_slice(&word.to_be_bytes());
        }
        digest
    }

    /// SHA-256 of the concatenated parts.
    #[inline]
    pub fn sha256(parts: &[&[u8]]) -> Digest {
        let length = parts.iter().map(|part| part.len()).sum();
        let write = |bytes: &mut [u8]| {
            let mut rest = bytes;
            for part in parts {
                let (place, after) = rest.split_at_mut(part.len());
                place.copy_from_slice(part);
                rest = after;
            }
        };
        match length {
            // Nine bytes of the last block are padding.
            0..=55 => finish::<1>(INITIAL, 0, length, write),
            56..=119 => finish::<2>(INITIAL, 0, length, write),
            120..=183 => finish::<3>(INITIAL, 0, length, write),
            _ => {
                let mut hasher = sha2::Sha256::new();
                for part in parts {
                    hasher.update(part);
                }
                hasher.finalize().into()
            }
        }
    }

    /// SHA-256 of a byte and two digests.
    #[inline]
    pub fn sha256_pair(prefix: u8, left: &Digest, right: &Digest) -> Digest {
        finish::<2>(INITIAL, 0, 65, |bytes| {
            bytes[0] = prefix;
            bytes[1..33].copy_from_slice(left);
            bytes[33..65].copy_from_slice(right);
        })
    }

    /// A first block that many messages have in common: it is compressed once.
    #[derive(Clone, Copy, Debug)]
    pub struct FirstBlock([u32; 8]);

    impl FirstBlock {
        /// Compresses the block.
        pub fn new(block: [u8; BLOCK]) -> FirstBlock {
            let mut state = INITIAL;
            sha2::compress256(&mut state, &[GenericArray::from(block)]);
            FirstBlock(state)
        }

        /// SHA-256 of the block and what follows it, 48 bytes.
        #[inline]
        pub fn followed_by(&self, rest: &[u8; 48]) -> Digest {
            finish::<1>(self.0, BLOCK, rest.len(), |bytes| bytes[..48].copy_from_slice(rest))
        }
    }
}

#[cfg(any(target_os = "solana", target_arch = "bpf", target_arch = "nvptx64"))]
mod processor {
    use super::{BLOCK, Digest};

    #[cfg(target_arch = "nvptx64")]
    pub use super::words::sha256;

    /// SHA-256 of the concatenated parts.
    #[cfg(not(target_arch = "nvptx64"))]
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

    /// SHA-256 of a byte and two digests.
    pub fn sha256_pair(prefix: u8, left: &Digest, right: &Digest) -> Digest {
        sha256(&[&[prefix], left, right])
    }

    /// A first block that many messages have in common; the syscall knows no state, and no GPU's kernel asks for one, so it
    /// is hashed each time.
    #[derive(Clone, Copy, Debug)]
    pub struct FirstBlock([u8; BLOCK]);

    impl FirstBlock {
        /// Keeps the block.
        pub fn new(block: [u8; BLOCK]) -> FirstBlock {
            FirstBlock(block)
        }

        /// SHA-256 of the block and what follows it, 48 bytes.
        pub fn followed_by(&self, rest: &[u8; 48]) -> Digest {
            sha256(&[&self.0, rest])
        }
    }
}

pub use processor::{FirstBlock, sha256, sha256_pair};

#[cfg(test)]
mod tests {
    use super::*;
    use sha2::Digest as _;
    use std::vec::Vec;

    #[test]
    fn messages_of_every_length_have_their_hash() {
        let message: Vec<u8> = (0..400).map(|byte| byte as u8).collect();
        for length in 0..message.len() {
            let expected: Digest = sha2::Sha256::digest(&message[..length]).into();
            assert_eq!(sha256(&[&message[..length]]), expected, "{length} bytes");
            let (left, right) = message[..length].split_at(length / 3);
            assert_eq!(sha256(&[left, &[], right]), expected, "{length} bytes in parts");
        }
    }

    #[test]
    fn a_pair_has_the_hash_of_its_parts() {
        assert_eq!(sha256_pair(1, &[2; 32], &[3; 32]), sha256(&[&[1], &[2; 32], &[3; 32]]));
    }

    #[test]
    fn a_first_block_and_what_follows_have_the_hash_of_both() {
        let message: Vec<u8> = (0..112).map(|byte| byte as u8).collect();
        let first = FirstBlock::new(message[..64].try_into().unwrap());
        assert_eq!(first.followed_by(message[64..].try_into().unwrap()), sha256(&[&message]));
    }
}
