//! SHA-256 (FIPS 180-4) on words, for machines without instructions for it: what the GPUs run, and what the tests hold
//! against the `sha2` crate.
//!
//! State and message stay in registers: every index is a constant, so nothing is an array in memory, a rotation is one
//! funnel shift, and `choose` and `majority` are one three-input operation each. The message schedule is a window of
//! sixteen words that moves with the rounds.

use super::Digest;

/// The state before the first block.
pub const INITIAL: [u32; 8] =
    [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];

/// Bytes of a block.
const BLOCK: usize = 64;

/// The constants of the rounds: the first 32 bits behind the point of the cube roots of the first 64 primes.
#[rustfmt::skip]
const ROUNDS: [u32; 64] = [
    0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5, 0x3956_c25b, 0x59f1_11f1, 0x923f_82a4, 0xab1c_5ed5,
    0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3, 0x72be_5d74, 0x80de_b1fe, 0x9bdc_06a7, 0xc19b_f174,
    0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc, 0x2de9_2c6f, 0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da,
    0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7, 0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967,
    0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc, 0x5338_0d13, 0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85,
    0xa2bf_e8a1, 0xa81a_664b, 0xc24b_8b70, 0xc76c_51a3, 0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070,
    0x19a4_c116, 0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5, 0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3,
    0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208, 0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7, 0xc671_78f2,
];

#[inline(always)]
fn choose(x: u32, y: u32, z: u32) -> u32 {
    (x & y) ^ (!x & z)
}

#[inline(always)]
fn majority(x: u32, y: u32, z: u32) -> u32 {
    (x & y) ^ (x & z) ^ (y & z)
}

#[inline(always)]
fn mix_first(x: u32) -> u32 {
    x.rotate_right(2) ^ x.rotate_right(13) ^ x.rotate_right(22)
}

#[inline(always)]
fn mix_fifth(x: u32) -> u32 {
    x.rotate_right(6) ^ x.rotate_right(11) ^ x.rotate_right(25)
}

#[inline(always)]
fn schedule_near(x: u32) -> u32 {
    x.rotate_right(7) ^ x.rotate_right(18) ^ (x >> 3)
}

#[inline(always)]
fn schedule_far(x: u32) -> u32 {
    x.rotate_right(17) ^ x.rotate_right(19) ^ (x >> 10)
}

/// One round: the names of the state turn instead of its values.
macro_rules! round {
    ($a:ident $b:ident $c:ident $d:ident $e:ident $f:ident $g:ident $h:ident, $constant:expr, $word:expr) => {
        let sum =
            $h.wrapping_add(mix_fifth($e)).wrapping_add(choose($e, $f, $g)).wrapping_add($constant).wrapping_add($word);
        $d = $d.wrapping_add(sum);
        $h = sum.wrapping_add(mix_first($a)).wrapping_add(majority($a, $b, $c));
    };
}

/// The state after a block, given as its sixteen words of big-endian bytes.
#[inline(always)]
pub fn compress(state: [u32; 8], block: [u32; 16]) -> [u32; 8] {
    let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = state;
    let mut window = block;
    macro_rules! eight {
        ($first:expr) => {
            round!(a b c d e f g h, ROUNDS[$first], window[$first % 16]);
            round!(h a b c d e f g, ROUNDS[$first + 1], window[($first + 1) % 16]);
            round!(g h a b c d e f, ROUNDS[$first + 2], window[($first + 2) % 16]);
            round!(f g h a b c d e, ROUNDS[$first + 3], window[($first + 3) % 16]);
            round!(e f g h a b c d, ROUNDS[$first + 4], window[($first + 4) % 16]);
            round!(d e f g h a b c, ROUNDS[$first + 5], window[($first + 5) % 16]);
            round!(c d e f g h a b, ROUNDS[$first + 6], window[($first + 6) % 16]);
            round!(b c d e f g h a, ROUNDS[$first + 7], window[($first + 7) % 16]);
        };
    }
    // The word of a round sixteen later takes the place of this round's.
    macro_rules! advance {
        ($($place:literal)*) => {
            $(window[$place] = window[$place]
                .wrapping_add(schedule_near(window[($place + 1) % 16]))
                .wrapping_add(window[($place + 9) % 16])
                .wrapping_add(schedule_far(window[($place + 14) % 16]));)*
        };
    }
    eight!(0);
    eight!(8);
    advance!(0 1 2 3 4 5 6 7);
    eight!(16);
    advance!(8 9 10 11 12 13 14 15);
    eight!(24);
    advance!(0 1 2 3 4 5 6 7);
    eight!(32);
    advance!(8 9 10 11 12 13 14 15);
    eight!(40);
    advance!(0 1 2 3 4 5 6 7);
    eight!(48);
    advance!(8 9 10 11 12 13 14 15);
    eight!(56);
    let after = [a, b, c, d, e, f, g, h];
    core::array::from_fn(|word| state[word].wrapping_add(after[word]))
}

/// The block of sixteen words that stand one byte later than in `words`: `before` is the word in front of them. All are
/// words of big-endian bytes. A Merkle tree's prefix is what moves a leaf's content by a byte.
#[inline(always)]
pub fn one_byte_later(before: u32, words: [u32; 16]) -> [u32; 16] {
    core::array::from_fn(|word| {
        let previous = if word == 0 { before } else { words[word - 1] };
        (previous << 24) | (words[word] >> 8)
    })
}

/// One of the two blocks of a message of 65 bytes, a byte and two digests, with its padding.
#[inline(always)]
pub fn pair_block(prefix: u8, left: [u32; 8], right: [u32; 8], second: bool) -> [u32; 16] {
    let both = core::array::from_fn(|word| if word < 8 { left[word] } else { right[word - 8] });
    let first_block = one_byte_later(u32::from(prefix), both);
    let mut second_block = [0; 16];
    second_block[0] = (right[7] << 24) | 0x0080_0000;
    second_block[15] = 8 * 65;
    core::array::from_fn(|word| if second { second_block[word] } else { first_block[word] })
}

/// SHA-256 of a byte and two digests, all as words of big-endian bytes.
#[inline(always)]
pub fn pair(prefix: u8, left: [u32; 8], right: [u32; 8]) -> [u32; 8] {
    let mut state = INITIAL;
    // A loop, so that the rounds stand in the program once.
    for second in [false, true] {
        state = compress(state, pair_block(prefix, left, right, second));
    }
    state
}

/// The words of a digest.
#[inline(always)]
pub fn words_of(digest: &Digest) -> [u32; 8] {
    core::array::from_fn(|word| {
        u32::from_be_bytes([digest[4 * word], digest[4 * word + 1], digest[4 * word + 2], digest[4 * word + 3]])
    })
}

/// The digest of words.
#[inline(always)]
pub fn digest_of(words: [u32; 8]) -> Digest {
    core::array::from_fn(|byte| words[byte / 4].to_be_bytes()[byte % 4])
}

/// SHA-256 of the concatenated parts, byte by byte: for the few short messages of a machine that has nothing better.
pub fn sha256(parts: &[&[u8]]) -> Digest {
    let mut state = INITIAL;
    let mut block = [0; BLOCK];
    let mut length = 0_usize;
    for byte in parts.iter().flat_map(|part| part.iter()) {
        block[length % BLOCK] = *byte;
        length += 1;
        if length.is_multiple_of(BLOCK) {
            state = compress(state, words_of_block(&block));
        }
    }
    // One bit, zeros, and the length in bits as the last eight bytes.
    let end = length % BLOCK;
    block[end] = 0x80;
    block[end + 1..].fill(0);
    if end + 9 > BLOCK {
        state = compress(state, words_of_block(&block));
        block.fill(0);
    }
    block[BLOCK - 8..].copy_from_slice(&(8 * length as u64).to_be_bytes());
    digest_of(compress(state, words_of_block(&block)))
}

/// The words of a block.
fn words_of_block(block: &[u8; BLOCK]) -> [u32; 16] {
    core::array::from_fn(|word| {
        u32::from_be_bytes([block[4 * word], block[4 * word + 1], block[4 * word + 2], block[4 * word + 3]])
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng;
    use sha2::Digest as _;
    use sha2::digest::generic_array::GenericArray;
    use std::vec::Vec;

    #[test]
    fn a_block_of_random_words_compresses_as_the_sha2_crate_compresses_it() {
        for number in 0..1_000 {
            let draw = |word: usize| rng::draw(1, number, word as u32 / 4, 0)[word % 4];
            let state: [u32; 8] = core::array::from_fn(draw);
            let block: [u32; 16] = core::array::from_fn(|word| draw(word + 8));
            let bytes: Vec<u8> = block.iter().flat_map(|word| word.to_be_bytes()).collect();
            let mut expected = state;
            sha2::compress256(&mut expected, &[*GenericArray::from_slice(&bytes)]);
            assert_eq!(compress(state, block), expected, "block {number}");
        }
    }

    #[test]
    fn messages_of_every_length_have_their_hash() {
        let message: Vec<u8> = (0..400).map(|byte| byte as u8).collect();
        for length in 0..message.len() {
            let expected: Digest = sha2::Sha256::digest(&message[..length]).into();
            let (left, right) = message[..length].split_at(length / 3);
            assert_eq!(sha256(&[left, &[], right]), expected, "{length} bytes in parts");
        }
    }

    #[test]
    fn a_pair_has_the_hash_of_its_sixty_five_bytes() {
        let left: Digest = core::array::from_fn(|byte| byte as u8 ^ 0xa5);
        let right: Digest = core::array::from_fn(|byte| 200 - byte as u8);
        let expected: Digest = sha2::Sha256::digest([&[1], &left[..], &right].concat()).into();
        assert_eq!(digest_of(pair(1, words_of(&left), words_of(&right))), expected);
    }
}
