//! The products of the tensor engine: what they are, and that a processor's fast path gives the same bits.
#![allow(missing_docs)]

mod exact;
mod int8;
mod strict;

use kernels::rng;
use kernels::tensor::fast::Instructions;
use kernels::tensor::fast::peak::{Mix, spin};
use kernels::tensor::{Shape, TensorError};

/// Rows, columns, depth: below, at and beyond every tile, block, visit and slab.
const SHAPES: [[u32; 3]; 12] = [
    [1, 1, 1],
    [1, 1, 3],
    [5, 7, 2],
    [12, 32, 4],
    [13, 33, 5],
    [6, 16, 1024],
    [7, 17, 767],
    [97, 65, 769],
    [100, 31, 130],
    [193, 5, 1023],
    [3, 2055, 129],
    [25, 1031, 515],
];

/// Endless random words.
fn words(seed: u64) -> impl Iterator<Item = u32> {
    (0..u32::MAX).flat_map(move |index| rng::draw(seed, index, 0, 0))
}

/// The same sizes, the rows of each matrix apart by a different gap.
fn with_gaps([rows, columns, depth]: [u32; 3]) -> Shape {
    let dense = Shape::dense(rows, columns, depth);
    Shape { stride_a: depth + 3, stride_b: depth + 1, stride_c: columns + 2, ..dense }
}

/// Runs on whatever instructions this processor has.
fn on_all_instructions(work: impl Fn(Instructions)) {
    Instructions::ALL.into_iter().filter(|set| set.are_available()).for_each(work);
}

/// Compares a fast product with its definition, which leave the gaps between the rows of the result alone.
fn assert_equal_bits<T: Copy + PartialEq + std::fmt::Debug>(
    shape: &Shape,
    gap: T,
    definition: impl Fn(&mut [T]) -> Result<(), TensorError>,
    fast: impl Fn(Instructions, &mut [T]) -> Result<(), TensorError>,
) {
    let length = shape.lengths()[2] as usize;
    let mut expected = vec![gap; length];
    assert_eq!(definition(&mut expected), Ok(()));
    on_all_instructions(|set| {
        let mut actual = vec![gap; length];
        assert_eq!(fast(set, &mut actual), Ok(()));
        let different = expected.iter().zip(&actual).position(|(expected, actual)| expected != actual);
        if let Some(place) = different {
            let (row, column) = (place / shape.stride_c as usize, place % shape.stride_c as usize);
            panic!("{set:?} {shape:?}: row {row}, column {column}: {:?} not {:?}", actual[place], expected[place]);
        }
    });
}

#[test]
fn a_request_that_makes_no_sense_names_the_field() {
    let shape = Shape::dense(2, 3, 4);
    let largest = 1 << 20;
    let check = |shape: &Shape, a, b, c| shape.check(largest, a, b, c).map_err(|error| error.to_string());
    assert_eq!(check(&shape, 8, 12, 6), Ok(()));
    assert_eq!(check(&Shape { rows: 0, ..shape }, 8, 12, 6), Err("rows is 0, not in 1 to 1048576".into()));
    assert_eq!(
        check(&Shape { columns: largest + 1, ..shape }, 8, 12, 6),
        Err("columns is 1048577, not in 1 to 1048576".into())
    );
    assert_eq!(check(&Shape { depth: 0, ..shape }, 8, 12, 6), Err("depth is 0, not in 1 to 1048576".into()));
    assert_eq!(
        check(&Shape { stride_a: 3, ..shape }, 8, 12, 6),
        Err("stride_a is 3, less than the 4 elements of a row".into())
    );
    assert_eq!(
        check(&Shape { stride_b: 3, ..shape }, 8, 12, 6),
        Err("stride_b is 3, less than the 4 elements of a row".into())
    );
    assert_eq!(
        check(&Shape { stride_c: 2, ..shape }, 8, 12, 6),
        Err("stride_c is 2, less than the 3 elements of a row".into())
    );
    assert_eq!(check(&shape, 7, 12, 6), Err("a has 7 elements, the matrix needs 8".into()));
    assert_eq!(check(&shape, 8, 11, 6), Err("b has 11 elements, the matrix needs 12".into()));
    assert_eq!(check(&shape, 8, 12, 5), Err("c has 5 elements, the matrix needs 6".into()));
    // The last row needs no gap after it.
    assert_eq!(check(&Shape { stride_a: 10, ..shape }, 14, 12, 6), Ok(()));
    assert!(check(&Shape { stride_a: 10, ..shape }, 13, 12, 6).is_err());
}

#[test]
fn a_loop_over_registers_does_twelve_vectors_of_multiply_adds_a_round() {
    let of_round = |set, mix| match (set, mix) {
        (Instructions::Avx512, Mix::Int8) => Some(12 * 64),
        (Instructions::Avx512, Mix::Strict) => Some(12 * 16),
        (Instructions::Avx512, Mix::Exact) => Some(12 * 8),
        (Instructions::AvxVnni, Mix::Int8) | (Instructions::Avx2, Mix::SaturatingInt8) => Some(12 * 32),
        (Instructions::Avx2, Mix::Int8) => Some(12 * 16),
        (Instructions::AvxVnni | Instructions::Avx2, Mix::Strict) => Some(12 * 8),
        (Instructions::AvxVnni | Instructions::Avx2, Mix::Exact) => Some(12 * 4),
        _ => None,
    };
    for set in Instructions::ALL {
        for mix in [Mix::Int8, Mix::SaturatingInt8, Mix::Strict, Mix::Exact] {
            let expected = of_round(set, mix).filter(|_| set.are_available());
            assert_eq!(spin(set, mix, 1000), expected.map(|of_round| 1000 * of_round), "{set:?} {mix:?}");
            assert_eq!(spin(set, mix, 0), expected.map(|_| 0));
        }
    }
}
