//! The stream: how many bytes of its memory a node reads in a second.
//!
//! Every sixteen bytes of a buffer give a term that depends on a nonce and on where they lie, and the answer is the sum of
//! all terms modulo 2^64: it has no order, so any number of threads may add it up. A term is the hash NH (UMAC, RFC 4418
//! section 5.2.2) under keys that a hash of the place and the nonce gives: a few instructions, so that memory stays what
//! limits it, and no shorter summary of the buffer is known from which the sum for a nonce could be had that was not
//! known when the summary was made. It is a measure, not a commitment: who can choose the buffer finds collisions.

use super::{Key, scramble};
use crate::sha256::Digest;

/// Sixteen bytes, as words in the order of their addresses.
pub type Vector = [u32; 4];

/// Bytes of a vector.
pub const VECTOR_BYTES: u64 = 16;

/// The nonce that a seed gives.
pub fn nonce(seed: &Digest) -> Key {
    Key::new("probe/stream", seed)
}

/// What the vector with number `index` adds to the sum.
#[inline(always)]
pub fn term(nonce: Key, index: u64, vector: Vector) -> u64 {
    let Key([a, b, c, d]) = nonce;
    let key = scramble((index as u32 ^ a).wrapping_add(((index >> 32) as u32).wrapping_mul(0x9e37_79b9)));
    let keys = [key, key.rotate_left(11) ^ b, key.rotate_left(19) ^ c, key.rotate_left(27) ^ d];
    let [w, x, y, z]: [u64; 4] = core::array::from_fn(|word| u64::from(vector[word].wrapping_add(keys[word])));
    (w * x).wrapping_add(y * z)
}

/// The sum over vectors of which the first has the number `first`.
pub fn sum(nonce: Key, first: u64, vectors: &[Vector]) -> u64 {
    let part = |first: u64, vectors: &[Vector]| {
        vectors.iter().zip(first..).fold(0_u64, |sum, (vector, index)| sum.wrapping_add(term(nonce, index, *vector)))
    };
    #[cfg(feature = "parallel")]
    {
        use rayon::prelude::*;
        const PART: usize = 1 << 16;
        let parts = vectors.par_chunks(PART).enumerate();
        parts.map(|(number, vectors)| part(first + (number * PART) as u64, vectors)).reduce(|| 0, u64::wrapping_add)
    }
    #[cfg(not(feature = "parallel"))]
    part(first, vectors)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    fn vectors(count: u64) -> Vec<Vector> {
        (0..count).map(|index| Key([1, 2, 3, 4]).draw(index)).collect()
    }

    #[test]
    fn the_sum_does_not_depend_on_how_the_vectors_are_divided() {
        let (nonce, vectors) = (nonce(&[1; 32]), vectors(200_000));
        let whole = sum(nonce, 0, &vectors);
        let one_by_one =
            (0..).zip(&vectors).fold(0_u64, |sum, (index, vector)| sum.wrapping_add(term(nonce, index, *vector)));
        let (low, high) = vectors.split_at(70_001);
        assert_eq!(whole, one_by_one);
        assert_eq!(whole, sum(nonce, 0, low).wrapping_add(sum(nonce, 70_001, high)));
    }

    #[test]
    fn a_changed_bit_a_swap_and_another_nonce_change_the_sum() {
        let (first, mut vectors) = (nonce(&[1; 32]), vectors(4096));
        let before = sum(first, 0, &vectors);
        assert_ne!(before, sum(nonce(&[2; 32]), 0, &vectors));
        for bit in 0..128 {
            vectors[17][bit / 32] ^= 1 << (bit % 32);
            assert_ne!(before, sum(first, 0, &vectors), "bit {bit}");
            vectors[17][bit / 32] ^= 1 << (bit % 32);
        }
        vectors.swap(3, 4);
        assert_ne!(before, sum(first, 0, &vectors));
    }

    #[test]
    fn places_beyond_four_thousand_million_have_keys_of_their_own() {
        let nonce = nonce(&[1; 32]);
        assert_ne!(term(nonce, 5, [1, 2, 3, 4]), term(nonce, 5 + (1 << 32), [1, 2, 3, 4]));
    }
}
