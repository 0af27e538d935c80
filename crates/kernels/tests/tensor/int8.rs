use super::{SHAPES, assert_equal_bits, on_all_instructions, with_gaps, words};
use kernels::tensor::int8::{EXACT_DEPTH, EXACT_DEPTH_SYMMETRIC, LARGEST_SHIFT, dot, requantise};
use kernels::tensor::{Channel, Limits, Shape, TensorError, fast, gemm_i8, gemm_i8_requantised};

fn bytes(seed: u64, count: u64) -> Vec<i8> {
    words(seed).flat_map(u32::to_le_bytes).map(|byte| byte as i8).take(count as usize).collect()
}

fn channels(seed: u64, count: u32) -> Vec<Channel> {
    let mut words = words(seed);
    let mut word = || words.next().unwrap();
    (0..count)
        .map(|_| Channel { bias: word() as i32 >> 12, multiplier: (word() >> 1) as i32, shift: 36 + word() % 8 })
        .collect()
}

fn assert_fast(shape: &Shape, a: &[i8], b: &[i8]) {
    let definition = |c: &mut [i32]| gemm_i8(shape, a, b, c);
    assert_equal_bits(shape, i32::MIN + 1, definition, |set, c| fast::gemm_i8(set, shape, a, b, c));
}

#[test]
fn the_fast_product_equals_the_definition_on_random_matrices() {
    for (seed, sizes) in (0..).zip(SHAPES) {
        let shape = with_gaps(sizes);
        let [length_a, length_b, _] = shape.lengths();
        assert_fast(&shape, &bytes(2 * seed, length_a), &bytes(2 * seed + 1, length_b));
    }
}

#[test]
fn the_fast_product_equals_the_definition_on_extreme_values() {
    // Pairs of -128 are what instructions that saturate get wrong.
    for (a, b) in [(-128, -128), (-128, 127), (127, -128), (127, 127), (-128, -127), (0, -128)] {
        for [rows, columns, depth] in [[13, 33, 5], [7, 17, 1021]] {
            let shape = Shape::dense(rows, columns, depth);
            assert_fast(&shape, &vec![a; (rows * depth) as usize], &vec![b; (columns * depth) as usize]);
        }
    }
}

#[test]
fn a_deep_and_wide_product_is_cut_into_narrower_slabs_with_the_same_bits() {
    let shape = Shape::dense(2, 2100, 40_000);
    let [length_a, length_b, _] = shape.lengths();
    assert_fast(&shape, &bytes(1, length_a), &bytes(2, length_b));
}

#[test]
fn sums_are_true_up_to_the_stated_depth_and_wrap_beyond_it() {
    let lowest = |depth: u32| vec![-128_i8; depth as usize];
    let highest = |depth: u32| vec![127_i8; depth as usize];
    assert_eq!(i64::from(dot(&lowest(EXACT_DEPTH), &lowest(EXACT_DEPTH))), i64::from(EXACT_DEPTH) * 16_384);
    assert_eq!(dot(&lowest(EXACT_DEPTH + 1), &lowest(EXACT_DEPTH + 1)), i32::MIN);
    let true_sum = i64::from(EXACT_DEPTH_SYMMETRIC) * 16_129;
    assert_eq!(i64::from(dot(&highest(EXACT_DEPTH_SYMMETRIC), &highest(EXACT_DEPTH_SYMMETRIC))), true_sum);
    assert!(dot(&highest(EXACT_DEPTH_SYMMETRIC + 1), &highest(EXACT_DEPTH_SYMMETRIC + 1)) < 0);
    let depth = 1 << 20;
    assert_fast(&Shape::dense(2, 2, depth), &lowest(2 * depth), &lowest(2 * depth));
    assert_fast(&Shape::dense(2, 2, depth), &highest(2 * depth), &lowest(2 * depth));
}

#[test]
fn the_order_of_k_does_not_change_a_sum() {
    let (a, b) = (bytes(3, 1000), bytes(4, 1000));
    let reversed = |values: &[i8]| values.iter().rev().copied().collect::<Vec<_>>();
    assert_eq!(dot(&a, &b), dot(&reversed(&a), &reversed(&b)));
}

#[test]
fn the_fast_requantised_product_equals_the_definition() {
    for (seed, sizes) in (0..).zip(SHAPES) {
        let shape = with_gaps(sizes);
        let [length_a, length_b, _] = shape.lengths();
        let (a, b) = (bytes(2 * seed, length_a), bytes(2 * seed + 1, length_b));
        let channels = channels(seed, shape.columns);
        for limits in [Limits::SYMMETRIC, Limits::FULL, Limits::RECTIFIED] {
            assert_equal_bits(
                &shape,
                99,
                |c| gemm_i8_requantised(&shape, &a, &b, &channels, limits, c),
                |set, c| fast::gemm_i8_requantised(set, &shape, &a, &b, &channels, limits, c),
            );
        }
    }
}

#[test]
fn requantisation_is_the_nearest_integer_with_halves_up() {
    let mut words = words(5);
    let edges = [i32::MIN, i32::MIN + 1, -1, 0, 1, i32::MAX - 1, i32::MAX];
    for index in 0..200_000_usize {
        let mut word = || words.next().unwrap();
        let pick = |edge: u32, value: u32| edges.get(edge as usize % 64).copied().unwrap_or(value as i32);
        let (accumulator, bias) = (pick(word(), word()), pick(word(), word()));
        let multiplier = pick(word(), word() >> (1 + word() % 31)).max(0);
        let shift = if index % 2 == 0 { word() % (LARGEST_SHIFT + 1) } else { 30 + word() % 24 };
        let product = (i128::from(accumulator) + i128::from(bias)) * i128::from(multiplier);
        let nearest = (2 * product + (1_i128 << shift)).div_euclid(2_i128 << shift);
        for limits in [Limits::FULL, Limits::SYMMETRIC, Limits::RECTIFIED, Limits { low: -5, high: 3 }] {
            let expected = nearest.clamp(i128::from(limits.low), i128::from(limits.high));
            let actual = requantise(accumulator, Channel { bias, multiplier, shift }, limits);
            assert_eq!(i128::from(actual), expected, "({accumulator} + {bias}) {multiplier} / 2^{shift}");
        }
    }
    let half = |accumulator| requantise(accumulator, Channel { bias: 0, multiplier: 1, shift: 1 }, Limits::FULL);
    assert_eq!([-3, -1, 1, 3].map(half), [-1, 0, 1, 2]);
    assert_eq!([i32::MIN, i32::MAX].map(half), [-128, 127]);
}

#[test]
fn a_requantisation_out_of_range_is_refused_with_its_column() {
    let shape = Shape::dense(1, 2, 1);
    let good = Channel { bias: 0, multiplier: 1, shift: 0 };
    let refusal = |channels: &[Channel], limits| {
        let expected = gemm_i8_requantised(&shape, &[1], &[1, 1], channels, limits, &mut [0; 2]);
        on_all_instructions(|set| {
            let actual = fast::gemm_i8_requantised(set, &shape, &[1], &[1, 1], channels, limits, &mut [0; 2]);
            assert_eq!(actual, expected);
        });
        expected
    };
    assert_eq!(refusal(&[good; 2], Limits::SYMMETRIC), Ok(()));
    assert_eq!(refusal(&[good], Limits::SYMMETRIC), Err(TensorError::Length { field: "channels", has: 1, needs: 2 }));
    assert_eq!(
        refusal(&[good, Channel { multiplier: -1, ..good }], Limits::SYMMETRIC),
        Err(TensorError::Channel { field: "multiplier", column: 1, value: -1 })
    );
    assert_eq!(
        refusal(&[good, Channel { shift: 63, ..good }], Limits::SYMMETRIC),
        Err(TensorError::Channel { field: "shift", column: 1, value: 63 })
    );
    let crossed = Limits { low: 1, high: 0 };
    assert_eq!(refusal(&[good; 2], crossed), Err(TensorError::Limits { low: 1, high: 0 }));
}
