//! The strict functions keep the error bounds that their comments state.
#![allow(missing_docs)]

use kernels::strict::*;

/// Patterns over the whole range, dense enough to visit every exponent thousands of times.
fn patterns(step: u32) -> impl Iterator<Item = f32> {
    (0..=u32::MAX / step).map(move |index| f32::from_bits(index * step))
}

fn assert_root(pattern: u32) {
    let x = f32::from_bits(pattern);
    let (expected, actual) = (x.sqrt(), sqrt_by_integers(x));
    assert!(
        expected.to_bits() == actual.to_bits() || (expected.is_nan() && actual.is_nan()),
        "{x:e}: {expected:e} {actual:e}"
    );
}

#[test]
fn the_integer_square_root_equals_the_hardware_on_every_mantissa() {
    // Exponents of equal parity differ by an exact scaling: two exponents and the subnormals stand for all.
    (0..0x0080_0000).for_each(assert_root);
    (0x3f80_0000..0x4080_0000).for_each(assert_root);
    (0..=u32::MAX / 4093).for_each(|index| assert_root(index * 4093));
    for edge in [0, 1, 2, 3, 0x007f_ffff, 0x0080_0000, 0x3f80_0000, 0x7f7f_ffff, 0x7f80_0000, 0x8000_0000] {
        assert_root(edge);
    }
}

#[test]
#[ignore = "all 2^32 inputs: several minutes"]
fn the_integer_square_root_equals_the_hardware_on_all_inputs() {
    (0..=u32::MAX).for_each(assert_root);
}

#[test]
fn sin_and_cos_of_turns_stay_within_their_bound() {
    let mut worst = 0.0_f64;
    for turns in patterns(1021).filter(|x| x.abs() <= 1_048_576.0) {
        // Exact in f64: turns has 24 bits.
        let exact = (f64::from(turns) % 1.0) * std::f64::consts::TAU;
        let (sine, cosine) = sin_cos_turns(turns);
        worst = worst.max((f64::from(sine) - exact.sin()).abs()).max((f64::from(cosine) - exact.cos()).abs());
    }
    assert!(worst < 1.2e-7, "{worst:e}");
}

#[test]
fn sin_and_cos_of_radians_stay_within_their_bound() {
    let mut worst = 0.0_f64;
    for x in patterns(1021).filter(|x| x.abs() <= 16_384.0) {
        let (sine, cosine) = sin_cos(x);
        let exact = f64::from(x);
        worst = worst.max((f64::from(sine) - exact.sin()).abs()).max((f64::from(cosine) - exact.cos()).abs());
    }
    assert!(worst < 1.2e-7, "{worst:e}");
}

#[test]
fn exp_stays_within_its_bound() {
    let mut worst = 0.0_f64;
    for x in patterns(509).filter(|x| *x > -87.3 && *x < 88.7) {
        let exact = f64::from(x).exp();
        worst = worst.max(((f64::from(exp(x)) - exact) / exact).abs());
    }
    assert!(worst < 2.0e-7, "{worst:e}");
    assert_eq!((exp(-200.0), exp(0.0), exp(90.0), exp(-103.0)), (0.0, 1.0, f32::INFINITY, 1.0e-45));
    assert!(exp(f32::NAN).is_nan());
}

#[test]
fn ln_stays_within_its_bound() {
    let mut worst = 0.0_f64;
    for x in patterns(509).filter(|x| *x > 0.0 && x.is_finite()) {
        let exact = f64::from(x).ln();
        worst = worst.max((f64::from(ln(x)) - exact).abs() / exact.abs().max(0.35));
    }
    assert!(worst < 1.2e-7, "{worst:e}");
    assert_eq!((ln(0.0), ln(1.0), ln(f32::INFINITY)), (f32::NEG_INFINITY, 0.0, f32::INFINITY));
    assert!(ln(-1.0).is_nan() && ln(f32::NAN).is_nan());
}

#[test]
fn atan2_and_acos_stay_within_their_bounds() {
    let mut worst = 0.0_f64;
    for index in 0..4_000_000_u32 {
        let words = kernels::rng::draw(1, index, 0, 0);
        let exponent = |word: u32| f32::from_bits((word & 0x807f_ffff) | (97 + word % 61) << 23);
        let (y, x) = (exponent(words[0]), exponent(words[1]));
        worst = worst.max((f64::from(atan2(y, x)) - f64::from(y).atan2(f64::from(x))).abs());
    }
    assert!(worst < 4.0e-7, "{worst:e}");
    let mut worst = 0.0_f64;
    for x in patterns(1021).filter(|x| x.abs() <= 1.0) {
        worst = worst.max((f64::from(acos(x)) - f64::from(x).acos()).abs());
    }
    assert!(worst < 5.0e-7, "{worst:e}");
    assert_eq!((atan2(0.0, 0.0), atan2(f32::NAN, 1.0), acos(2.0)), (0.0, 0.0, 0.0));
}

#[test]
fn floor_and_round_limit_what_they_cannot_represent() {
    for x in [-2.5_f32, -2.0, -0.5, -0.0, 0.0, 0.4, 1.0, 8_388_607.5] {
        assert_eq!(floor(x), x.floor() as i32);
    }
    assert_eq!((floor(f32::NAN), floor(f32::INFINITY)), (-1_073_741_824, 1_073_741_824));
    assert_eq!((round(0.5), round(-0.5), round(1.49)), (1, 0, 1));
}

#[test]
fn selection_names_the_winner_for_nan() {
    assert_eq!((min(f32::NAN, 1.0), max(f32::NAN, 1.0), clamp(f32::NAN, 2.0, 3.0)), (1.0, 1.0, 2.0));
    assert_eq!(bits(f32::from_bits(0xffc0_1234)), 0x7fc0_0000);
}

fn assert_fused(a: f32, b: f32, c: f32) {
    let (expected, actual) = (a.mul_add(b, c), fma_by_integers(a, b, c));
    assert_eq!(bits(actual), bits(expected), "{a:e} * {b:e} + {c:e}: {actual:e} {expected:e}");
    assert_eq!(bits(fma(a, b, c)), bits(expected));
}

#[test]
fn the_integer_fused_multiply_add_equals_the_hardware_on_edges() {
    let mut edges = vec![0, 1, 2, 3, 0x007f_ffff, 0x0080_0000, 0x0080_0001, 0x7f7f_ffff, 0x7f80_0000, 0x7fc0_0000];
    for field in [1, 23, 24, 25, 63, 64, 103, 126, 127, 128, 150, 151, 190, 253, 254_u32] {
        edges.extend([0, 1, 0x0040_0000, 0x007f_fffe, 0x007f_ffff].map(|fraction| field << 23 | fraction));
    }
    let values: Vec<f32> =
        edges.iter().flat_map(|bits| [f32::from_bits(*bits), f32::from_bits(*bits | 0x8000_0000)]).collect();
    for a in &values {
        for b in &values {
            for c in &values {
                assert_fused(*a, *b, *c);
            }
        }
    }
}

#[test]
fn the_integer_fused_multiply_add_equals_the_hardware_on_random_inputs() {
    for index in 0..3_000_000_u32 {
        let words = kernels::rng::draw(2, index, 0, 0);
        let [a, b, c] = [0, 1, 2].map(|place| f32::from_bits(words[place]));
        assert_fused(a, b, c);
        // Near cancellation: the summand is the rounded product, or a few units beside it.
        let [a, b] = [0, 1].map(|place| f32::from_bits((words[place] & 0x807f_ffff) | (64 + words[place] % 128) << 23));
        let product = -(a * b);
        assert_fused(a, b, product);
        assert_fused(a, b, f32::from_bits(product.to_bits().wrapping_add(words[3] % 7).wrapping_sub(3)));
        // Results around the least normal number, where subnormals are rounded.
        let tiny = |word: u32| f32::from_bits((word & 0x807f_ffff) | ((word >> 8) % 3) << 23);
        let scale = |word: u32| f32::from_bits((word & 0x807f_ffff) | (100 + word % 30) << 23);
        assert_fused(tiny(words[0]), scale(words[1]), tiny(words[2]));
        // A summand at every distance from the product.
        let beside = (product.to_bits() >> 23 & 0xff) as i32 + (words[3] % 61) as i32 - 30;
        assert_fused(a, b, f32::from_bits((words[2] & 0x807f_ffff) | (beside.clamp(0, 254) as u32) << 23));
    }
}
