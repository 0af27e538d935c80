use super::{SHAPES, assert_equal_bits, on_all_instructions, with_gaps, words};
use kernels::tensor::exact::{
    LARGEST, LARGEST_DEPTH, LARGEST_DEPTH_OF_32_BITS, combine, dot, exponent, exponent_of_row, group, limbs, magnitude,
    quantise, result,
};
use kernels::tensor::{Shape, TensorError, fast, gemm_f32_exact};

/// Elements of rows whose magnitudes differ from row to row, down to subnormals and up to the largest.
fn matrix(seed: u64, rows: u32, stride: u32, length: u64) -> Vec<f32> {
    let exponents: Vec<u32> = words(!seed).take(rows as usize).map(|word| word % 255).collect();
    let element = |(index, word): (u64, u32)| {
        let exponent = exponents[(index / u64::from(stride)) as usize].saturating_sub((word >> 23 & 0xff) % 12);
        f32::from_bits((word & 0x807f_ffff) | exponent << 23)
    };
    (0..length).zip(words(seed)).map(element).collect()
}

fn assert_fast(shape: &Shape, a: &[f32], b: &[f32]) {
    assert_equal_bits(
        shape,
        -0.125,
        |c| gemm_f32_exact(shape, a, b, c),
        |set, c| fast::gemm_f32_exact(set, shape, a, b, c),
    );
}

#[test]
fn the_fast_product_equals_the_definition_on_random_matrices() {
    for (seed, sizes) in (0..).zip(SHAPES) {
        let shape = with_gaps(sizes);
        let [length_a, length_b, _] = shape.lengths();
        let a = matrix(2 * seed, shape.rows, shape.stride_a, length_a);
        let b = matrix(2 * seed + 1, shape.columns, shape.stride_b, length_b);
        assert_fast(&shape, &a, &b);
    }
}

#[test]
fn the_fast_product_equals_the_definition_where_sums_are_largest() {
    // 0x7f7f7f in the last place of a mantissa and a half: the largest that is not moved to the next exponent.
    let largest = f32::from_bits(0x3f7e_fefe);
    assert_eq!(quantise(largest, exponent(magnitude(largest))), LARGEST);
    for (a, b) in [(largest, largest), (largest, -largest), (-largest, -largest)] {
        for depth in [127, 128, 129, 1000] {
            let shape = Shape::dense(13, 17, depth);
            assert_fast(&shape, &vec![a; 13 * depth as usize], &vec![b; 17 * depth as usize]);
        }
    }
    let shape = Shape::dense(1, 1, LARGEST_DEPTH);
    let row = vec![largest; LARGEST_DEPTH as usize];
    assert_fast(&shape, &row, &row);
    let mut c = [0.0];
    assert_eq!(gemm_f32_exact(&shape, &row, &row, &mut c), Ok(()));
    let sum = i64::from(LARGEST) * i64::from(LARGEST) * i64::from(LARGEST_DEPTH);
    assert_eq!(f64::from(c[0]), f64::from((sum as f64 * 2.0_f64.powi(-46)) as f32));
}

#[test]
fn the_error_stays_within_its_bound() {
    let unit = 1.0 / 8_322_815.0_f64;
    let depth = 300;
    let shape = Shape::dense(40, 40, depth);
    for seed in 0..20 {
        let a = matrix(2 * seed, shape.rows, depth, shape.lengths()[0]);
        let b = matrix(2 * seed + 1, shape.columns, depth, shape.lengths()[1]);
        let mut c = vec![0.0; 1600];
        assert_eq!(gemm_f32_exact(&shape, &a, &b, &mut c), Ok(()));
        for (index, c) in c.into_iter().enumerate() {
            let row = |values: &[f32], index: usize| -> Vec<f64> {
                values[index * depth as usize..][..depth as usize].iter().map(|value| f64::from(*value)).collect()
            };
            let (a, b) = (row(&a, index / 40), row(&b, index % 40));
            // Products of two f32 are exact in f64, and the error of the sum lies 29 bits below.
            let product: f64 = a.iter().zip(&b).map(|(a, b)| a * b).sum();
            let largest = |row: &[f64]| row.iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
            let scale = f64::from(depth) * largest(&a) * largest(&b);
            let bound =
                scale * (2.0 * unit + unit * unit) + product.abs() * 2.0_f64.powi(-24) * 1.001 + 2.0_f64.powi(-150);
            if c.is_infinite() {
                assert!(product.abs() + bound >= f64::from(f32::MAX));
            } else {
                assert!((f64::from(c) - product).abs() <= bound, "{c:e} {product:e} {bound:e}");
            }
        }
    }
}

#[test]
fn quantised_elements_are_the_nearest_integers_and_never_exceed_the_largest() {
    let mut edges: Vec<u32> = vec![0, 1, 2, 3, 0x007e_fefe, 0x007e_feff, 0x007f_ffff, 0x0080_0000, 0x7f7f_ffff];
    for field in [1, 2, 3, 100, 127, 253, 254] {
        edges.extend([0, 1, 0x007e_fefe, 0x007e_feff, 0x007f_ffff].map(|fraction| field << 23 | fraction));
    }
    for (index, largest) in words(1).map(|word| word & 0x7fff_ffff).filter(|bits| *bits < 0x7f80_0000).enumerate() {
        let largest = edges.get(index).copied().unwrap_or(largest);
        let exponent = exponent(largest);
        assert!(exponent <= 255);
        let scale = 2.0_f64.powi(149 - exponent as i32);
        let smaller = |distance: u32| largest.saturating_sub(distance);
        for pattern in
            [largest, smaller(1), smaller(0x0040_0000), smaller(5 << 23), smaller(25 << 23), smaller(30 << 23), 1, 0]
        {
            let x = f32::from_bits(pattern.min(largest));
            let nearest = (f64::from(x) * scale).round_ties_even();
            assert_eq!(f64::from(quantise(x, exponent)), nearest, "{x:e} {exponent}");
            assert_eq!(f64::from(quantise(-x, exponent)), -nearest);
            assert!(quantise(x, exponent) <= LARGEST);
        }
        // Above the subnormals nothing finer would fit.
        let finer = (f64::from(f32::from_bits(largest)) * scale * 2.0).round_ties_even();
        assert!(exponent <= 1 || finer > f64::from(LARGEST), "{largest:x}");
        if index == 300_000 {
            break;
        }
    }
}

#[test]
fn limbs_are_bytes_that_add_up_to_the_element() {
    for quantised in (-LARGEST..=LARGEST).step_by(61).chain([LARGEST, 0, 1, -1, 127, 128, -128, -129, 32_767, 32_768]) {
        let [low, middle, high] = limbs(quantised).map(i32::from);
        assert_eq!(low + 256 * middle + 65_536 * high, quantised);
        assert!(high.abs() <= 127);
    }
}

/// The sums of the nine products of limbs, by group.
fn group_sums(a: &[i32], b: &[i32]) -> [i64; 5] {
    let mut groups = [0; 5];
    for (a, b) in a.iter().zip(b) {
        for (i, a) in limbs(*a).into_iter().enumerate() {
            for (j, b) in limbs(*b).into_iter().enumerate() {
                groups[group(i, j)] += i64::from(a) * i64::from(b);
            }
        }
    }
    groups
}

#[test]
fn nine_products_of_limbs_in_five_groups_combine_to_the_exact_sum() {
    for seed in 0..50 {
        let (a, b) = (matrix(seed, 1, 2000, 2000), matrix(!seed, 1, 2000, 2000));
        let (exponent_a, exponent_b) = (exponent_of_row(&a).unwrap(), exponent_of_row(&b).unwrap());
        let quantised = |row: &[f32], exponent| row.iter().map(|x| quantise(*x, exponent)).collect::<Vec<_>>();
        let groups = group_sums(&quantised(&a, exponent_a), &quantised(&b, exponent_b));
        assert_eq!(combine(groups), dot(&a, exponent_a, &b, exponent_b));
        assert!(combine(groups) != 0);
    }
}

#[test]
fn groups_fit_32_bits_up_to_the_stated_depth() {
    // Among all limbs, these make the largest group: each of its products is 127 times -128.
    let (a, b) = (127 * 65_536 - 128 * 256 - 128, 127 * 65_536 + 127 * 256 - 128);
    assert!(a <= LARGEST && b <= LARGEST);
    let depth = i64::from(LARGEST_DEPTH_OF_32_BITS);
    for (a, b) in [(a, b), (b, a), (a, -b), (LARGEST, LARGEST), (-LARGEST, LARGEST), (b, b), (-8_355_456, 8_355_456)] {
        for sum in group_sums(&[a], &[b]) {
            assert!(i32::try_from(sum * depth).is_ok(), "{a} {b}");
        }
    }
    assert!(i32::try_from(group_sums(&[a], &[b])[2] * 45_000).is_err());
}

#[test]
fn the_result_is_rounded_once() {
    let edges = [0, 1, -1, i64::MAX, i64::MIN + 1, 1 << 24, (1 << 24) + 1, (1 << 25) + 3, (3 << 40) + 1];
    let mut words = words(7);
    for index in 0..300_000_usize {
        let mut word = || words.next().unwrap();
        let long = i64::from(word() as i32) << 32 | i64::from(word());
        let sum = edges.get(index % 64).copied().unwrap_or(long >> (word() % 63));
        let (exponent_a, exponent_b) = match index % 4 {
            0 => (word() % 256, word() % 256),
            1 => (word() % 90, word() % 90),
            2 => (60 + word() % 20, 60 + word() % 20),
            _ => (190 + word() % 30, 190 + word() % 30),
        };
        // f64 holds 53 bits: of a longer sum, 52 with a last one that says whether anything was lost decide as it does.
        let (kept, moved) =
            if sum.unsigned_abs() < 1 << 53 { (sum, 0) } else { (sum >> 12 | i64::from(sum & 0xfff != 0), 12) };
        let scale = exponent_a as i32 + exponent_b as i32 - 298 + moved;
        let expected = (kept as f64 * 2.0_f64.powi(scale)) as f32;
        let actual = result(sum, exponent_a, exponent_b);
        assert_eq!(actual.to_bits(), expected.to_bits(), "{sum} {exponent_a} {exponent_b}: {actual:e} {expected:e}");
    }
}

#[test]
fn the_order_of_k_does_not_change_a_sum() {
    let (a, b) = (matrix(3, 1, 1000, 1000), matrix(4, 1, 1000, 1000));
    let (of_a, of_b) = (exponent_of_row(&a).unwrap(), exponent_of_row(&b).unwrap());
    let reversed = |values: &[f32]| values.iter().rev().copied().collect::<Vec<_>>();
    assert_eq!(dot(&a, of_a, &b, of_b), dot(&reversed(&a), of_a, &reversed(&b), of_b));
}

#[test]
fn rows_of_zeros_and_results_out_of_range_are_what_ieee_rounding_has_them() {
    let product = |a: f32, b: f32| {
        let mut c = [f32::NAN];
        assert_eq!(gemm_f32_exact(&Shape::dense(1, 1, 1), &[a], &[b], &mut c), Ok(()));
        c[0].to_bits()
    };
    assert_eq!(product(0.0, -5.0), 0);
    assert_eq!(product(-0.0, 5.0), 0);
    assert_eq!(product(3.0e38, 10.0), f32::INFINITY.to_bits());
    assert_eq!(product(3.0e38, -10.0), f32::NEG_INFINITY.to_bits());
    assert_eq!(product(1.0e-40, 1.0e-40), 0);
    assert_eq!(product(-1.0e-40, 1.0e-40), 0x8000_0000);
    assert_eq!(product(1.0e-40, 0.5), (1.0e-40_f32 * 0.5).to_bits());
    assert_eq!(product(1.5, -2.5), (-3.75_f32).to_bits());
}

#[test]
fn what_is_not_finite_is_refused_with_its_place() {
    let shape = Shape::dense(2, 2, 3);
    for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let good = [1.0; 6];
        let mut bad = good;
        bad[4] = value;
        bad[5] = value;
        for (a, b, field) in [(&bad, &good, "a"), (&good, &bad, "b")] {
            let expected = Err(TensorError::NotFinite { field, row: 1, index: 1 });
            assert_eq!(gemm_f32_exact(&shape, a, b, &mut [0.0; 4]), expected);
            on_all_instructions(|set| {
                assert_eq!(fast::gemm_f32_exact(set, &shape, a, b, &mut [0.0; 4]), expected);
            });
        }
    }
    assert!(gemm_f32_exact(&Shape::dense(1, 1, LARGEST_DEPTH + 1), &[], &[], &mut []).is_err());
}
