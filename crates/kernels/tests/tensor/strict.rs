use super::{SHAPES, assert_equal_bits, with_gaps, words};
use kernels::tensor::strict::dot;
use kernels::tensor::{Shape, fast, gemm_f32_strict};

/// Around one, with every sign and many exponents, so that the order of a sum shows in its bits.
fn floats(seed: u64, count: u64) -> Vec<f32> {
    words(seed)
        .map(|word| f32::from_bits((word & 0x807f_ffff) | (117 + (word >> 23 & 0xff) % 16) << 23))
        .take(count as usize)
        .collect()
}

fn assert_fast(shape: &Shape, a: &[f32], b: &[f32]) {
    let as_bits = |work: &dyn Fn(&mut [f32]) -> Result<(), _>, c: &mut [u32]| {
        let mut floats: Vec<f32> = c.iter().map(|bits| f32::from_bits(*bits)).collect();
        let done = work(&mut floats);
        c.iter_mut().zip(floats).for_each(|(bits, float)| *bits = float.to_bits());
        done
    };
    assert_equal_bits(
        shape,
        0x3f80_0001,
        |c| as_bits(&|c| gemm_f32_strict(shape, a, b, c), c),
        |set, c| as_bits(&|c| fast::gemm_f32_strict(set, shape, a, b, c), c),
    );
}

#[test]
fn the_fast_product_equals_the_definition_on_random_matrices() {
    for (seed, sizes) in (0..).zip(SHAPES) {
        let shape = with_gaps(sizes);
        let [length_a, length_b, _] = shape.lengths();
        assert_fast(&shape, &floats(2 * seed, length_a), &floats(2 * seed + 1, length_b));
    }
}

#[test]
fn the_fast_product_equals_the_definition_on_any_bit_patterns() {
    for (seed, sizes) in (0..).zip(SHAPES) {
        let shape = with_gaps(sizes);
        let [length_a, length_b, _] = shape.lengths();
        // Mostly finite, so that sums do not all end as NaN; subnormals, zeros and infinities of both signs among them.
        let patterns = |seed, count: u64| -> Vec<f32> {
            let special = [0, 1, 0x8000_0000, 0x807f_ffff, 0x7f80_0000, 0xff80_0000, 0x7fc0_1234, 0xffa0_0001];
            let one = |word: u32| if word % 997 < 8 { special[(word % 997) as usize] } else { word };
            words(seed).map(|word| f32::from_bits(one(word))).take(count as usize).collect()
        };
        assert_fast(&shape, &patterns(2 * seed, length_a), &patterns(2 * seed + 1, length_b));
    }
}

#[test]
fn every_nan_has_one_pattern() {
    let nan = |bits| f32::from_bits(bits);
    let infinity = f32::INFINITY;
    for (a, b) in [
        ([nan(0x7f80_0001), 1.0], [1.0, 1.0]),
        ([nan(0xffff_ffff), 1.0], [1.0, 1.0]),
        ([infinity, 1.0], [0.0, 1.0]),
        ([infinity, infinity], [1.0, -1.0]),
    ] {
        assert_eq!(dot(&a, &b).to_bits(), 0x7fc0_0000);
        assert_fast(&Shape::dense(1, 1, 2), &a, &b);
    }
    assert_eq!(dot(&[infinity, 1.0], &[1.0, 1.0]), infinity);
}

#[test]
fn each_product_is_rounded_once_with_its_sum_in_the_order_of_k() {
    let tiny = 2.0_f32.powi(-12);
    // (1 + 2^-12)^2 = 1 + 2^-11 + 2^-24: the last term survives only if the product is not rounded before the sum.
    assert_eq!(dot(&[-1.0, 1.0 + tiny], &[1.0, 1.0 + tiny]), 2.0 * tiny + tiny * tiny);
    let large = 16_777_216.0;
    assert_eq!(dot(&[large, 1.0, -large], &[1.0; 3]), 0.0);
    assert_eq!(dot(&[large, -large, 1.0], &[1.0; 3]), 1.0);
    assert_eq!(dot(&[-0.0], &[1.0]).to_bits(), 0);
}
