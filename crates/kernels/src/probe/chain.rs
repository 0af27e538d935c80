//! The matrix chain: how many exact int8 operations a node's tensor units do in a second.
//!
//! A seed gives two `size` x `size` matrices of all 256 values, L and R. A round multiplies, C = L x transpose(R) (the
//! product of `kernels::tensor`), and makes the next L of C: the byte at (column, row) is the upper byte of a hash of
//! C at (row, column), its place and the round. So
//!
//! - a round can begin only when the one before it has ended;
//! - every bit of every sum counts: sums that are only nearly right give other bytes at once, and all values stay equally
//!   likely, so nothing is gained by knowing which data comes;
//! - rows become columns: after two rounds each byte depends on all of L, so a node that divides the chain among devices
//!   has to exchange the whole matrix in each round.
//!
//! What it does not exclude: faster exact algorithms (Strassen's saves an eighth of the products a level), and devices that
//! exchange a matrix in less time than they save by sharing a round.
//!
//! Every `rounds_per_checkpoint` rounds the Merkle root over L's bytes, row by row, is a checkpoint; the answer is the
//! root over the checkpoints. A dispute bisects the checkpoints, then the rounds between two (who computed them can do it
//! again), and ends at one byte: a row of L, a row of R from the seed, and [`next`]. An auditor that has both L and C of a
//! round needs no product either: with a random vector v, C x v = L x (transpose(R) x v) (Freivalds).

use alloc::vec;
use alloc::vec::Vec;

use super::{Key, ShapeError, require};
use crate::merkle::{self, LEAF_BYTES};
use crate::sha256::Digest;
use crate::tensor;

/// How large the matrices are, and how long the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Rows and columns of each matrix, a multiple of 128.
    pub size: u32,
    /// Products.
    pub rounds: u32,
    /// Products between two checkpoints; divides `rounds`.
    pub rounds_per_checkpoint: u32,
}

impl Shape {
    /// Refuses shapes that no chain has.
    ///
    /// # Errors
    /// Names the field.
    pub fn check(&self) -> Result<(), ShapeError> {
        let is_size = self.size > 0 && self.size.is_multiple_of(128) && self.size <= 1 << 15;
        require(is_size, "size", "a multiple of 128 up to 32768")?;
        require(self.rounds > 0, "rounds", "at least 1")?;
        let divides = self.rounds_per_checkpoint > 0 && self.rounds.is_multiple_of(self.rounds_per_checkpoint);
        require(divides, "rounds_per_checkpoint", "a divisor of rounds")
    }

    /// Bytes of a matrix of bytes.
    pub const fn bytes(&self) -> u64 {
        self.size as u64 * self.size as u64
    }

    /// Operations of the products, a multiplication and an addition each counted.
    pub const fn operations(&self) -> u64 {
        2 * self.bytes() * self.size as u64 * self.rounds as u64
    }
}

/// The keys that a seed gives.
#[derive(Clone, Copy, Debug)]
pub struct Keys {
    /// Of the first left matrix.
    pub left: Key,
    /// Of the right matrix.
    pub right: Key,
    rounds: Key,
}

impl Keys {
    /// Of a seed.
    pub fn new(seed: &Digest) -> Keys {
        Keys {
            left: Key::new("probe/chain/left", seed),
            right: Key::new("probe/chain/right", seed),
            rounds: Key::new("probe/chain/rounds", seed),
        }
    }

    /// Of one round.
    pub fn round(&self, round: u32) -> u32 {
        self.rounds.draw(u64::from(round))[0]
    }
}

/// The next matrix's byte that a sum gives. `place` is the sum's row x size + column; the byte's row and column are the
/// sum's column and row.
#[inline(always)]
pub fn next(round: u32, place: u32, sum: i32) -> u8 {
    (super::scramble((sum as u32 ^ round).wrapping_add(place.wrapping_mul(0x9e37_79b9))) >> 24) as u8
}

/// The bytes of a matrix that a key gives, sixteen with each draw, as they lie in a device's memory.
pub fn matrix(key: Key, size: u32) -> Vec<i8> {
    let vectors = u64::from(size) * u64::from(size) / 16;
    let bytes = (0..vectors).flat_map(|index| key.draw(index)).flat_map(|word| word.to_le_bytes());
    bytes.map(|byte| byte as i8).collect()
}

/// The matrix after a round: what [`next`] makes of the sums.
pub fn advance(round: u32, size: u32, sums: &[i32], matrix: &mut [i8]) {
    // Sums are read along rows of this many, so that each line of the processor's cache is read once.
    const STRIP: usize = 64;
    let size = size as usize;
    let strip = |(number, strip): (usize, &mut [i8])| {
        for row in 0..size {
            for (column, bytes) in strip.chunks_exact_mut(size).enumerate() {
                let place = row * size + number * STRIP + column;
                bytes[row] = next(round, place as u32, sums[place]) as i8;
            }
        }
    };
    #[cfg(feature = "parallel")]
    {
        use rayon::prelude::*;
        matrix.par_chunks_mut(STRIP * size).enumerate().for_each(strip);
    }
    #[cfg(not(feature = "parallel"))]
    matrix.chunks_mut(STRIP * size).enumerate().for_each(strip);
}

/// The root over a matrix's bytes.
pub fn matrix_root(matrix: &[i8]) -> Digest {
    merkle::root_of(&mut matrix_leaves(matrix))
}

/// The hashed leaves over a matrix's bytes.
pub fn matrix_leaves(matrix: &[i8]) -> Vec<Digest> {
    let leaf = |bytes: &[i8]| {
        let mut content = [0; LEAF_BYTES];
        let content = &mut content[..bytes.len()];
        content.iter_mut().zip(bytes).for_each(|(to, byte)| *to = *byte as u8);
        merkle::leaf(content)
    };
    #[cfg(feature = "parallel")]
    {
        use rayon::prelude::*;
        matrix.par_chunks(LEAF_BYTES).with_min_len(64).map(leaf).collect()
    }
    #[cfg(not(feature = "parallel"))]
    matrix.chunks(LEAF_BYTES).map(leaf).collect()
}

/// What is committed to: the root over the checkpoints, which are roots themselves.
pub fn root(checkpoints: &[Digest]) -> Digest {
    merkle::root(checkpoints)
}

/// The checkpoints of a chain whose products `multiply(left, right, sums)` gives.
///
/// # Errors
/// A shape that no chain has.
pub fn run_with(
    seed: &Digest,
    shape: &Shape,
    mut multiply: impl FnMut(&[i8], &[i8], &mut [i32]),
) -> Result<Vec<Digest>, ShapeError> {
    shape.check()?;
    let keys = Keys::new(seed);
    let mut left = matrix(keys.left, shape.size);
    let right = matrix(keys.right, shape.size);
    let mut sums = vec![0; left.len()];
    let mut checkpoints = Vec::new();
    for round in 0..shape.rounds {
        multiply(&left, &right, &mut sums);
        advance(keys.round(round), shape.size, &sums, &mut left);
        if (round + 1) % shape.rounds_per_checkpoint == 0 {
            checkpoints.push(matrix_root(&left));
        }
    }
    Ok(checkpoints)
}

/// The checkpoints of a chain on this machine.
///
/// # Errors
/// A shape that no chain has.
pub fn run(seed: &Digest, shape: &Shape) -> Result<Vec<Digest>, ShapeError> {
    run_with(seed, shape, |left, right, sums| multiply(shape.size, left, right, sums))
}

/// A round's product on this machine.
pub(super) fn multiply(size: u32, left: &[i8], right: &[i8], sums: &mut [i32]) {
    let product = tensor::Shape::dense(size, size, size);
    #[cfg(feature = "std")]
    let outcome = tensor::fast::gemm_i8(tensor::fast::Instructions::best(), &product, left, right, sums);
    #[cfg(not(feature = "std"))]
    let outcome = tensor::gemm_i8(&product, left, right, sums);
    outcome.expect("a chain's sizes are within a product's");
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: Shape = Shape { size: 128, rounds: 4, rounds_per_checkpoint: 2 };

    fn by_definition(left: &[i8], right: &[i8], sums: &mut [i32]) {
        let size = sums.len().isqrt();
        for (place, sum) in sums.iter_mut().enumerate() {
            let (row, column) = (&left[place / size * size..], &right[place % size * size..]);
            *sum = row.iter().zip(column).take(size).map(|(a, b)| i32::from(*a) * i32::from(*b)).sum();
        }
    }

    #[test]
    fn the_next_matrix_has_the_rows_of_the_sums_as_columns() {
        let sums: Vec<i32> = (0..128 * 128).map(|place| place * 77_777 - 600_000_000).collect();
        let mut matrix = vec![0; sums.len()];
        advance(5, 128, &sums, &mut matrix);
        for (place, sum) in sums.iter().enumerate() {
            let (row, column) = (place / 128, place % 128);
            assert_eq!(matrix[column * 128 + row], next(5, place as u32, *sum) as i8, "({row}, {column})");
        }
    }

    #[test]
    fn one_bit_of_one_matrix_changes_all_that_follows() {
        let first = run_with(&[1; 32], &SHAPE, by_definition).unwrap();
        assert_eq!(first.len(), 2);
        assert_eq!(first, run_with(&[1; 32], &SHAPE, by_definition).unwrap());
        let mut product = 0;
        let disturbed = run_with(&[1; 32], &SHAPE, |left, right, sums| {
            by_definition(left, right, sums);
            // The last round before the second checkpoint: a sum that is wrong by one.
            product += 1;
            if product == 4 {
                sums[777] += 1;
            }
        });
        let disturbed = disturbed.unwrap();
        assert_eq!(first[0], disturbed[0]);
        assert_ne!(first[1], disturbed[1]);
        assert_ne!(root(&first), root(&run_with(&[2; 32], &SHAPE, by_definition).unwrap()));
    }

    #[test]
    fn after_two_rounds_every_byte_depends_on_one_bit_of_the_first_matrix() {
        let keys = Keys::new(&[3; 32]);
        let after = |flipped: i8| {
            let mut left = matrix(keys.left, 128);
            left[1234] ^= flipped;
            let right = matrix(keys.right, 128);
            let mut sums = vec![0; left.len()];
            for round in 0..2 {
                by_definition(&left, &right, &mut sums);
                advance(keys.round(round), 128, &sums, &mut left);
            }
            left
        };
        let (one, other) = (after(0), after(1));
        let equal = one.iter().zip(&other).filter(|(a, b)| a == b).count();
        // One in 256 is equal by chance: 64 of 16384.
        assert!((20..140).contains(&equal), "{equal} bytes are equal");
    }

    #[test]
    fn bytes_stay_equally_likely() {
        let keys = Keys::new(&[4; 32]);
        let mut left = matrix(keys.left, 256);
        let right = matrix(keys.right, 256);
        let mut sums = vec![0; left.len()];
        for round in 0..3 {
            let size = 256;
            for (place, sum) in sums.iter_mut().enumerate() {
                let (row, column) = (&left[place / size * size..], &right[place % size * size..]);
                *sum = row.iter().zip(column).take(size).map(|(a, b)| i32::from(*a) * i32::from(*b)).sum();
            }
            advance(keys.round(round), 256, &sums, &mut left);
        }
        let mut counts = [0_i32; 256];
        left.iter().for_each(|byte| counts[*byte as u8 as usize] += 1);
        // Each is expected 256 times; six standard deviations are 96.
        assert!(counts.iter().all(|count| (count - 256).abs() < 96), "{counts:?}");
    }

    #[test]
    fn a_byte_is_audited_by_a_row_of_each_matrix() {
        let (keys, size) = (Keys::new(&[5; 32]), 128);
        let shape = Shape { size, rounds: 2, rounds_per_checkpoint: 1 };
        let mut lefts = Vec::new();
        let sum_up = |left: &[i8], right: &[i8], sums: &mut [i32]| {
            lefts.push(left.to_vec());
            by_definition(left, right, sums);
        };
        let checkpoints = run_with(&[5; 32], &shape, sum_up).unwrap();
        let right = matrix(keys.right, size);
        assert_eq!(matrix_root(&lefts[1]), checkpoints[0]);
        for (row, column) in [(0, 0), (3, 100), (127, 5)] {
            // The byte at (row, column) after the first round is of the sum at (column, row).
            let line = |matrix: &[i8], line: u32| matrix[(line * size) as usize..][..size as usize].to_vec();
            let sum = tensor::int8::dot(&line(&lefts[0], column), &line(&right, row));
            let byte = next(keys.round(0), column * size + row, sum);
            assert_eq!(byte as i8, lefts[1][(row * size + column) as usize]);
        }
    }

    #[test]
    fn a_chain_multiplies_as_the_tensor_engine_does() {
        assert_eq!(run(&[8; 32], &SHAPE), run_with(&[8; 32], &SHAPE, by_definition));
    }

    #[test]
    fn a_matrix_has_the_root_of_its_bytes() {
        let matrix = matrix(Keys::new(&[6; 32]).left, 128);
        let bytes: Vec<u8> = matrix.iter().map(|byte| *byte as u8).collect();
        assert_eq!(matrix_root(&matrix), merkle::root_of_bytes(&bytes));
    }

    #[test]
    fn shapes_that_no_chain_has_are_refused_by_field() {
        let field = |shape: Shape| shape.check().unwrap_err().field;
        assert_eq!(field(Shape { size: 100, ..SHAPE }), "size");
        assert_eq!(field(Shape { size: 1 << 16, ..SHAPE }), "size");
        assert_eq!(field(Shape { rounds: 0, ..SHAPE }), "rounds");
        assert_eq!(field(Shape { rounds_per_checkpoint: 3, ..SHAPE }), "rounds_per_checkpoint");
    }
}
