//! Every instruction of arithmetic against what Rust says of the same numbers.

mod common;

use common::compute;

const NAN: u32 = 0x7fff_ffff;

/// Words where arithmetic turns: of integers, and of floating point by their bits.
const EDGES: [u32; 26] = [
    0,
    1,
    2,
    3,
    7,
    31,
    32,
    33,
    0x7f,
    0x80,
    0xff,
    0x7fff,
    0x8000,
    0xffff,
    0x7fff_ffff,
    0x8000_0000,
    0x8000_0001,
    0xffff_ffff,
    0x3f80_0000,
    0xbf80_0000,
    0x7f80_0000,
    0xff80_0000,
    0x7fc0_1234,
    0x0080_0000,
    0x4f00_0000,
    0xcf00_0001,
];

/// Triples of edges and of arbitrary words, of 32 bits in each half.
fn triples() -> Vec<[u64; 3]> {
    let mut triples = Vec::new();
    for a in EDGES {
        for b in EDGES {
            for c in [0, 1, 5, 31, 0x8000_0000, 0xffff_ffff, 0x3f80_0000, 0xff80_0000] {
                // High halves that are not the low ones, so that a wrong half shows.
                let wide = |low: u32, high: u32| u64::from(low) | u64::from(high) << 32;
                triples.push([wide(a, b ^ 0x55), wide(b, a), wide(c, a.rotate_left(7))]);
            }
        }
    }
    let mut state = 0x1234_5678_9abc_def1_u64;
    let mut random = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    triples.extend((0..2000).map(|_| [random(), random(), random()]));
    triples
}

/// Compares an instruction with a function, on all triples.
fn check(body: &str, expected: impl Fn(u64, u64, u64) -> u64) {
    let triples = triples();
    for (operands, result) in triples.iter().zip(compute(body, &triples)) {
        let [a, b, c] = *operands;
        let wanted = expected(a, b, c);
        assert_eq!(result, wanted, "{body} on {a:#x}, {b:#x}, {c:#x}: {result:#x} instead of {wanted:#x}");
    }
}

/// As [`check`], for results and operands of 32 bits.
fn check32(instruction: &str, expected: impl Fn(u32, u32, u32) -> u32) {
    let body = format!("{instruction} cvt.u64.u32 %d9, %r9;");
    check(&body, |a, b, c| u64::from(expected(a as u32, b as u32, c as u32)));
}

/// As [`check32`], for floating point; every result that is not a number has the one pattern of hardware.
fn check_float(instruction: &str, expected: impl Fn(f32, f32, f32) -> f32) {
    check32(instruction, |a, b, c| {
        let value = expected(f32::from_bits(a), f32::from_bits(b), f32::from_bits(c));
        if value.is_nan() { NAN } else { value.to_bits() }
    });
}

#[test]
fn integers_of_32_bits_add_multiply_and_divide_as_in_rust() {
    let high = |a: u32, b: u32| ((u64::from(a) * u64::from(b)) >> 32) as u32;
    let high_signed = |a: u32, b: u32| ((i64::from(a as i32) * i64::from(b as i32)) >> 32) as u32;
    check32("add.s32 %r9, %r0, %r1;", |a, b, _| a.wrapping_add(b));
    check32("sub.u32 %r9, %r0, %r1;", |a, b, _| a.wrapping_sub(b));
    check32("mul.lo.s32 %r9, %r0, %r1;", |a, b, _| a.wrapping_mul(b));
    check32("mul.hi.u32 %r9, %r0, %r1;", |a, b, _| high(a, b));
    check32("mul.hi.s32 %r9, %r0, %r1;", |a, b, _| high_signed(a, b));
    check32("mad.lo.s32 %r9, %r0, %r1, %r2;", |a, b, c| a.wrapping_mul(b).wrapping_add(c));
    check32("mad.hi.u32 %r9, %r0, %r1, %r2;", |a, b, c| high(a, b).wrapping_add(c));
    check32("mad.hi.s32 %r9, %r0, %r1, %r2;", |a, b, c| high_signed(a, b).wrapping_add(c));
    check32("max.u32 %r9, %r1, 1; div.u32 %r9, %r0, %r9;", |a, b, _| a / b.max(1));
    check32("max.u32 %r9, %r1, 1; rem.u32 %r9, %r0, %r9;", |a, b, _| a % b.max(1));
    check32("or.b32 %r9, %r1, 1; div.s32 %r9, %r0, %r9;", |a, b, _| (a as i32).wrapping_div((b | 1) as i32) as u32);
    check32("or.b32 %r9, %r1, 1; rem.s32 %r9, %r0, %r9;", |a, b, _| (a as i32).wrapping_rem((b | 1) as i32) as u32);
    check32("min.s32 %r9, %r0, %r1;", |a, b, _| (a as i32).min(b as i32) as u32);
    check32("max.s32 %r9, %r0, %r1;", |a, b, _| (a as i32).max(b as i32) as u32);
    check32("min.u32 %r9, %r0, %r1;", |a, b, _| a.min(b));
    check32("max.u32 %r9, %r0, %r1;", |a, b, _| a.max(b));
    check32("abs.s32 %r9, %r0;", |a, _, _| (a as i32).wrapping_abs() as u32);
    check32("neg.s32 %r9, %r0;", |a, _, _| a.wrapping_neg());
    check32("sad.u32 %r9, %r0, %r1, %r2;", |a, b, c| a.abs_diff(b).wrapping_add(c));
    check32("sad.s32 %r9, %r0, %r1, %r2;", |a, b, c| (a as i32).abs_diff(b as i32).wrapping_add(c));
}

#[test]
fn integers_of_64_bits_add_multiply_and_divide_as_in_rust() {
    let high = |a: u64, b: u64| ((u128::from(a) * u128::from(b)) >> 64) as u64;
    let high_signed = |a: u64, b: u64| ((i128::from(a as i64) * i128::from(b as i64)) >> 64) as u64;
    let wide = |a: u64, b: u64| u64::from(a as u32) * u64::from(b as u32);
    let wide_signed = |a: u64, b: u64| (i64::from(a as i32) * i64::from(b as i32)) as u64;
    check("add.s64 %d9, %d0, %d1;", |a, b, _| a.wrapping_add(b));
    check("sub.s64 %d9, %d0, %d1;", |a, b, _| a.wrapping_sub(b));
    check("mul.lo.s64 %d9, %d0, %d1;", |a, b, _| a.wrapping_mul(b));
    check("mul.hi.u64 %d9, %d0, %d1;", |a, b, _| high(a, b));
    check("mul.hi.s64 %d9, %d0, %d1;", |a, b, _| high_signed(a, b));
    check("mad.lo.u64 %d9, %d0, %d1, %d2;", |a, b, c| a.wrapping_mul(b).wrapping_add(c));
    check("mul.wide.u32 %d9, %r0, %r1;", |a, b, _| wide(a, b));
    check("mul.wide.s32 %d9, %r0, %r1;", |a, b, _| wide_signed(a, b));
    check("mad.wide.u32 %d9, %r0, %r1, %d2;", |a, b, c| wide(a, b).wrapping_add(c));
    check("mad.wide.s32 %d9, %r0, %r1, %d2;", |a, b, c| wide_signed(a, b).wrapping_add(c));
    check("or.b64 %d9, %d1, 1; div.u64 %d9, %d0, %d9;", |a, b, _| a / (b | 1));
    check("or.b64 %d9, %d1, 1; rem.u64 %d9, %d0, %d9;", |a, b, _| a % (b | 1));
    check("or.b64 %d9, %d1, 1; div.s64 %d9, %d0, %d9;", |a, b, _| (a as i64).wrapping_div((b | 1) as i64) as u64);
    check("or.b64 %d9, %d1, 1; rem.s64 %d9, %d0, %d9;", |a, b, _| (a as i64).wrapping_rem((b | 1) as i64) as u64);
    check("min.s64 %d9, %d0, %d1;", |a, b, _| (a as i64).min(b as i64) as u64);
    check("max.u64 %d9, %d0, %d1;", |a, b, _| a.max(b));
    check("abs.s64 %d9, %d0;", |a, _, _| (a as i64).wrapping_abs() as u64);
}

#[test]
fn a_carry_goes_from_one_word_to_the_next() {
    let halves = "mov.b64 {_, %r10}, %d0; mov.b64 {_, %r11}, %d1;";
    check(
        &format!("{halves} add.cc.u32 %r9, %r0, %r1; addc.u32 %r10, %r10, %r11; mov.b64 %d9, {{%r9, %r10}};"),
        |a, b, _| a.wrapping_add(b),
    );
    check(
        &format!("{halves} sub.cc.u32 %r9, %r0, %r1; subc.u32 %r10, %r10, %r11; mov.b64 %d9, {{%r9, %r10}};"),
        |a, b, _| a.wrapping_sub(b),
    );
    // The high word of a sum of 128 bits whose low word is a + b.
    check("add.cc.s64 %d9, %d0, %d1; addc.s64 %d9, %d2, 0;", |a, b, c| {
        c.wrapping_add(u64::from(a.checked_add(b).is_none()))
    });
}

#[test]
fn bits_are_combined_counted_and_moved_as_in_rust() {
    check32("and.b32 %r9, %r0, %r1;", |a, b, _| a & b);
    check32("or.b32 %r9, %r0, %r1;", |a, b, _| a | b);
    check32("xor.b32 %r9, %r0, %r1;", |a, b, _| a ^ b);
    check32("not.b32 %r9, %r0;", |a, _, _| !a);
    check32("cnot.b32 %r9, %r0;", |a, _, _| u32::from(a == 0));
    check32("popc.b32 %r9, %r0;", |a, _, _| a.count_ones());
    check32("clz.b32 %r9, %r0;", |a, _, _| a.leading_zeros());
    check32("brev.b32 %r9, %r0;", |a, _, _| a.reverse_bits());
    check32("bfind.u32 %r9, %r0;", |a, _, _| a.checked_ilog2().unwrap_or(u32::MAX));
    check32("bfind.shiftamt.u32 %r9, %r0;", |a, _, _| if a == 0 { u32::MAX } else { a.leading_zeros() });
    check32("bfind.s32 %r9, %r0;", |a, _, _| {
        let a = if (a as i32) < 0 { !a } else { a };
        a.checked_ilog2().unwrap_or(u32::MAX)
    });
    check("popc.b64 %r9, %d0; cvt.u64.u32 %d9, %r9;", |a, _, _| u64::from(a.count_ones()));
    check("clz.b64 %r9, %d0; cvt.u64.u32 %d9, %r9;", |a, _, _| u64::from(a.leading_zeros()));
    check("not.b64 %d9, %d0;", |a, _, _| !a);
    check("brev.b64 %d9, %d0;", |a, _, _| a.reverse_bits());
    check("xor.b64 %d9, %d0, %d1;", |a, b, _| a ^ b);
    check("mov.b64 %d9, {%r1, %r0};", |a, b, _| u64::from(b as u32) | a << 32);
    check("mov.b64 {%r9, %r10}, %d0; mov.b64 %d9, {%r10, %r9};", |a, _, _| a.rotate_left(32));
    check32("mov.b32 {%h4, %h5}, %r0; mov.b32 %r9, {%h5, %h4};", |a, _, _| a.rotate_left(16));
}

#[test]
fn a_shift_by_more_than_the_width_leaves_nothing_or_the_sign() {
    check32("shl.b32 %r9, %r0, %r1;", |a, b, _| if b > 31 { 0 } else { a << b });
    check32("shr.u32 %r9, %r0, %r1;", |a, b, _| if b > 31 { 0 } else { a >> b });
    check32("shr.b32 %r9, %r0, %r1;", |a, b, _| if b > 31 { 0 } else { a >> b });
    check32("shr.s32 %r9, %r0, %r1;", |a, b, _| ((a as i32) >> b.min(31)) as u32);
    check("shl.b64 %d9, %d0, %r1;", |a, b, _| if b as u32 > 63 { 0 } else { a << b as u32 });
    check("shr.u64 %d9, %d0, %r1;", |a, b, _| if b as u32 > 63 { 0 } else { a >> b as u32 });
    check("shr.s64 %d9, %d0, %r1;", |a, b, _| ((a as i64) >> (b as u32).min(63)) as u64);
}

#[test]
fn a_funnel_shifts_two_words_as_one() {
    let both = |a: u32, b: u32| u64::from(b) << 32 | u64::from(a);
    check32("shf.l.wrap.b32 %r9, %r0, %r1, %r2;", |a, b, c| ((both(a, b) << (c & 31)) >> 32) as u32);
    check32("shf.r.wrap.b32 %r9, %r0, %r1, %r2;", |a, b, c| (both(a, b) >> (c & 31)) as u32);
    check32("shf.l.clamp.b32 %r9, %r0, %r1, %r2;", |a, b, c| ((both(a, b) << c.min(32)) >> 32) as u32);
    check32("shf.r.clamp.b32 %r9, %r0, %r1, %r2;", |a, b, c| (both(a, b) >> c.min(32)) as u32);
    check32("shf.l.wrap.b32 %r9, %r0, %r0, %r2;", |a, _, c| a.rotate_left(c & 31));
}

#[test]
fn a_permutation_chooses_bytes_or_their_signs() {
    let byte = |a: u32, b: u32, choice: u32| {
        let byte = ((u64::from(b) << 32 | u64::from(a)) >> (8 * (choice & 7))) as u8;
        match (choice & 8 != 0, byte & 0x80 != 0) {
            (false, _) => u32::from(byte),
            (true, true) => 0xff,
            (true, false) => 0,
        }
    };
    check32("prmt.b32 %r9, %r0, %r1, %r2;", |a, b, c| {
        (0..4).map(|index| byte(a, b, c >> (4 * index)) << (8 * index)).sum()
    });
    check32("prmt.b32 %r9, %r0, 0, 0x123;", |a, _, _| a.swap_bytes());
    check32("prmt.b32.f4e %r9, %r0, %r1, %r2;", |a, b, c| {
        ((u64::from(b) << 32 | u64::from(a)) >> (8 * (c & 3))) as u32
    });
    check32("prmt.b32.rc8 %r9, %r0, %r1, %r2;", |a, _, c| (a >> (8 * (c & 3)) & 0xff) * 0x0101_0101);
}

#[test]
fn a_table_is_any_function_of_three_bits() {
    check32("lop3.b32 %r9, %r0, %r1, %r2, 0x96;", |a, b, c| a ^ b ^ c);
    check32("lop3.b32 %r9, %r0, %r1, %r2, 0xca;", |a, b, c| (a & b) | (!a & c));
    check32("lop3.b32 %r9, %r0, %r1, %r2, 0xe8;", |a, b, c| (a & b) | (b & c) | (a & c));
    check32("lop3.b32 %r9, %r0, %r1, %r2, 0x10;", |a, b, c| a & !b & !c);
}

/// The PTX ISA's own words for bfe.
fn extracted(a: u64, position: u32, length: u32, width: u32, signed: bool) -> u64 {
    let (position, length) = (position & 0xff, length & 0xff);
    let bit = |index: u32| a >> index & 1;
    let sign = if signed && length != 0 { bit((position + length - 1).min(width - 1)) } else { 0 };
    let field = |index| if index < length && position + index < width { bit(position + index) } else { sign };
    (0..width).map(|index| field(index) << index).sum()
}

/// The PTX ISA's own words for bfi.
fn inserted(a: u64, b: u64, position: u32, length: u32, width: u32) -> u64 {
    let (position, length) = (position & 0xff, length & 0xff);
    let mut result = b;
    for at in (position..position + length).take_while(|at| *at < width) {
        result = (result & !(1 << at)) | (a >> (at - position) & 1) << at;
    }
    result
}

#[test]
fn fields_of_bits_are_taken_and_put_as_the_manual_says() {
    check32("bfe.u32 %r9, %r0, %r1, %r2;", |a, b, c| extracted(a.into(), b, c, 32, false) as u32);
    check32("bfe.s32 %r9, %r0, %r1, %r2;", |a, b, c| extracted(a.into(), b, c, 32, true) as u32);
    check("bfe.u64 %d9, %d0, %r1, %r2;", |a, b, c| extracted(a, b as u32, c as u32, 64, false));
    check("bfe.s64 %d9, %d0, %r1, %r2;", |a, b, c| extracted(a, b as u32, c as u32, 64, true));
    check32("bfi.b32 %r9, %r0, %r1, %r2, 5;", |a, b, c| inserted(a.into(), b.into(), c, 5, 32) as u32);
    check32("bfi.b32 %r9, %r0, %r1, 3, %r2;", |a, b, c| inserted(a.into(), b.into(), 3, c, 32) as u32);
    check("bfi.b64 %d9, %d0, %d1, %r2, 40;", |a, b, c| inserted(a, b, c as u32, 40, 64));
}

#[test]
fn four_products_of_bytes_add_up() {
    let byte = |value: u8, signed: bool| if signed { i32::from(value as i8) } else { i32::from(value) };
    let dot = |a: u32, b: u32, a_signed, b_signed| -> u32 {
        let pairs = a.to_le_bytes().into_iter().zip(b.to_le_bytes());
        pairs.map(|(a, b)| byte(a, a_signed) * byte(b, b_signed)).sum::<i32>() as u32
    };
    check32("dp4a.s32.s32 %r9, %r0, %r1, %r2;", |a, b, c| dot(a, b, true, true).wrapping_add(c));
    check32("dp4a.u32.u32 %r9, %r0, %r1, %r2;", |a, b, c| dot(a, b, false, false).wrapping_add(c));
    check32("dp4a.s32.u32 %r9, %r0, %r1, %r2;", |a, b, c| dot(a, b, true, false).wrapping_add(c));
    check32("dp4a.u32.s32 %r9, %r0, %r1, %r2;", |a, b, c| dot(a, b, false, true).wrapping_add(c));
}

#[test]
fn floating_point_rounds_once_and_has_one_pattern_for_what_is_no_number() {
    check_float("add.rn.f32 %r9, %r0, %r1;", |a, b, _| a + b);
    check_float("sub.rn.f32 %r9, %r0, %r1;", |a, b, _| a - b);
    check_float("mul.rn.f32 %r9, %r0, %r1;", |a, b, _| a * b);
    check_float("div.rn.f32 %r9, %r0, %r1;", |a, b, _| a / b);
    check_float("fma.rn.f32 %r9, %r0, %r1, %r2;", f32::mul_add);
    check_float("sqrt.rn.f32 %r9, %r0;", |a, _, _| a.sqrt());
    check_float("rcp.rn.f32 %r9, %r0;", |a, _, _| 1.0 / a);
    check32("neg.f32 %r9, %r0;", |a, _, _| a ^ 0x8000_0000);
    check32("abs.f32 %r9, %r0;", |a, _, _| a & 0x7fff_ffff);
    check32("copysign.f32 %r9, %r0, %r1;", |a, b, _| (a & 0x8000_0000) | (b & 0x7fff_ffff));
}

#[test]
fn of_two_numbers_minus_zero_is_the_smaller_zero_and_what_is_no_number_counts_last() {
    let choose = |a: f32, b: f32, smaller: bool| match (a.is_nan(), b.is_nan()) {
        (true, _) => b,
        (false, true) => a,
        _ if (a.total_cmp(&b) == std::cmp::Ordering::Less) == smaller => a,
        _ => b,
    };
    check_float("min.f32 %r9, %r0, %r1;", |a, b, _| choose(a, b, true));
    check_float("max.f32 %r9, %r0, %r1;", |a, b, _| choose(a, b, false));
    let or_nan = |a: f32, b: f32, smaller| if a.is_nan() || b.is_nan() { f32::NAN } else { choose(a, b, smaller) };
    check_float("min.NaN.f32 %r9, %r0, %r1;", |a, b, _| or_nan(a, b, true));
    check_float("max.NaN.f32 %r9, %r0, %r1;", |a, b, _| or_nan(a, b, false));
}

#[test]
fn doubles_compute_as_in_rust() {
    // Patterns of what is no number are not promised for doubles.
    let same = |body: &str, expected: &dyn Fn(f64, f64, f64) -> f64| {
        let triples = triples();
        for (operands, result) in triples.iter().zip(compute(body, &triples)) {
            let [a, b, c] = operands.map(f64::from_bits);
            let (result, wanted) = (f64::from_bits(result), expected(a, b, c));
            assert!(
                result.to_bits() == wanted.to_bits() || result.is_nan() && wanted.is_nan(),
                "{body} on {a} {b} {c}"
            );
        }
    };
    same("add.rn.f64 %d9, %d0, %d1;", &|a, b, _| a + b);
    same("mul.rn.f64 %d9, %d0, %d1;", &|a, b, _| a * b);
    same("div.rn.f64 %d9, %d0, %d1;", &|a, b, _| a / b);
    same("fma.rn.f64 %d9, %d0, %d1, %d2;", &f64::mul_add);
    same("sqrt.rn.f64 %d9, %d0;", &|a, _, _| a.sqrt());
}

#[test]
fn comparisons_of_integers_are_those_of_rust() {
    let flag = |body: &str| format!("{body} selp.u32 %r9, 1, 0, %p0;");
    check32(&flag("setp.eq.s32 %p0, %r0, %r1;"), |a, b, _| u32::from(a == b));
    check32(&flag("setp.ne.b32 %p0, %r0, %r1;"), |a, b, _| u32::from(a != b));
    check32(&flag("setp.lt.s32 %p0, %r0, %r1;"), |a, b, _| u32::from((a as i32) < b as i32));
    check32(&flag("setp.le.s32 %p0, %r0, %r1;"), |a, b, _| u32::from(a as i32 <= b as i32));
    check32(&flag("setp.gt.u32 %p0, %r0, %r1;"), |a, b, _| u32::from(a > b));
    check32(&flag("setp.ge.u32 %p0, %r0, %r1;"), |a, b, _| u32::from(a >= b));
    check32(&flag("setp.lo.u32 %p0, %r0, %r1;"), |a, b, _| u32::from(a < b));
    check32(&flag("setp.lt.s16 %p0, %h0, %h1;"), |a, b, _| u32::from((a as i16) < b as i16));
    check32(&flag("setp.lt.u16 %p0, %h0, %h1;"), |a, b, _| u32::from((a as u16) < b as u16));
    let flag = |body: &str| format!("{body} selp.u64 %d9, 1, 0, %p0;");
    check(&flag("setp.lt.s64 %p0, %d0, %d1;"), |a, b, _| u64::from((a as i64) < b as i64));
    check(&flag("setp.gt.u64 %p0, %d0, %d1;"), |a, b, _| u64::from(a > b));
    check(&flag("setp.eq.b64 %p0, %d0, %d1;"), |a, b, _| u64::from(a == b));
}

#[test]
fn comparisons_of_floating_point_know_what_is_no_number() {
    use std::cmp::Ordering::{Equal, Greater, Less};
    let cases: [(&str, &[Option<std::cmp::Ordering>]); 14] = [
        ("eq", &[Some(Equal)]),
        ("ne", &[Some(Less), Some(Greater)]),
        ("lt", &[Some(Less)]),
        ("le", &[Some(Less), Some(Equal)]),
        ("gt", &[Some(Greater)]),
        ("ge", &[Some(Greater), Some(Equal)]),
        ("equ", &[Some(Equal), None]),
        ("neu", &[Some(Less), Some(Greater), None]),
        ("ltu", &[Some(Less), None]),
        ("leu", &[Some(Less), Some(Equal), None]),
        ("gtu", &[Some(Greater), None]),
        ("geu", &[Some(Greater), Some(Equal), None]),
        ("num", &[Some(Less), Some(Equal), Some(Greater)]),
        ("nan", &[None]),
    ];
    for (name, holds) in cases {
        check32(&format!("setp.{name}.f32 %p0, %r0, %r1; selp.b32 %r9, 1, 0, %p0;"), |a, b, _| {
            u32::from(holds.contains(&f32::from_bits(a).partial_cmp(&f32::from_bits(b))))
        });
    }
}

#[test]
fn a_comparison_may_have_two_results_and_be_combined_with_a_predicate() {
    let body = "setp.ne.s32 %p1, %r2, 0; setp.lt.and.u32 %p0|%p2, %r0, %r1, !%p1;\n\
                selp.u32 %r9, 1, 0, %p0; selp.u32 %r10, 2, 0, %p2; or.b32 %r9, %r9, %r10;";
    check32(body, |a, b, c| u32::from(a < b && c == 0) | u32::from(a >= b && c == 0) << 1);
    let body = "setp.lt.u32 %p0, %r0, %r1; setp.lt.u32 %p1, %r1, %r2; xor.pred %p2, %p0, %p1;\n\
                and.pred %p3, %p0, %p1; or.pred %p4, %p2, %p3; not.pred %p4, %p4; selp.u32 %r9, 1, 0, %p4;";
    check32(body, |a, b, c| u32::from(a >= b && b >= c));
}

#[test]
fn selections_choose_by_predicate_or_sign() {
    check("setp.lt.u64 %p0, %d0, %d1; selp.b64 %d9, %d2, %d0, %p0;", |a, b, c| if a < b { c } else { a });
    check32("slct.u32.s32 %r9, %r0, %r1, %r2;", |a, b, c| if c as i32 >= 0 { a } else { b });
    check32("slct.u32.f32 %r9, %r0, %r1, %r2;", |a, b, c| if f32::from_bits(c) >= 0.0 { a } else { b });
}

#[test]
fn integers_change_their_width_with_sign_or_without() {
    check("cvt.u64.u32 %d9, %r0;", |a, _, _| a & 0xffff_ffff);
    check("cvt.s64.s32 %d9, %r0;", |a, _, _| a as i32 as u64);
    check32("cvt.u32.u64 %r9, %d0;", |a, _, _| a);
    check32("cvt.u32.u16 %r9, %h0;", |a, _, _| a & 0xffff);
    check32("cvt.s32.s16 %r9, %h0;", |a, _, _| a as i16 as u32);
    check32("cvt.s32.s8 %r9, %r0;", |a, _, _| a as i8 as u32);
    check32("cvt.u32.u8 %r9, %r0;", |a, _, _| a & 0xff);
    check32("cvt.u16.u32 %h7, %r0; cvt.u32.u16 %r9, %h7;", |a, _, _| a & 0xffff);
    check32("cvt.s16.s8 %h7, %h0; cvt.u32.u16 %r9, %h7;", |a, _, _| u32::from(a as i8 as i16 as u16));
    check32("cvt.sat.s8.s32 %r9, %r0;", |a, _, _| (a as i32).clamp(-128, 127) as u32);
    check32("cvt.sat.u8.s32 %r9, %r0;", |a, _, _| (a as i32).clamp(0, 255) as u32);
    check("cvt.sat.s32.s64 %r9, %d0; cvt.u64.u32 %d9, %r9;", |a, _, _| {
        u64::from((a as i64).clamp(i32::MIN.into(), i32::MAX.into()) as u32)
    });
    check32("cvt.pack.sat.s8.s32.b32 %r9, %r0, %r1, %r2;", |a, b, c| {
        let byte = |value: u32| (value as i32).clamp(-128, 127) as u32 & 0xff;
        byte(a) << 8 | byte(b) | c << 16
    });
}

#[test]
fn floating_point_becomes_integers_clamped_and_the_manuals_number_for_what_is_none() {
    let of = f32::from_bits;
    check32("cvt.rzi.s32.f32 %r9, %r0;", |a, _, _| of(a) as i32 as u32);
    check32("cvt.rzi.u32.f32 %r9, %r0;", |a, _, _| of(a) as u32);
    check32("cvt.rni.s32.f32 %r9, %r0;", |a, _, _| of(a).round_ties_even() as i32 as u32);
    check32("cvt.rmi.s32.f32 %r9, %r0;", |a, _, _| of(a).floor() as i32 as u32);
    check32("cvt.rpi.s32.f32 %r9, %r0;", |a, _, _| of(a).ceil() as i32 as u32);
    check32("cvt.rzi.u8.f32 %r9, %r0;", |a, _, _| u32::from(of(a) as u8));
    // Of 64 bits, what is no number becomes the sign alone.
    check("cvt.rzi.s64.f32 %d9, %r0;", |a, _, _| {
        let value = of(a as u32);
        if value.is_nan() { 1 << 63 } else { value as i64 as u64 }
    });
    check("cvt.rzi.u64.f32 %d9, %r0;", |a, _, _| {
        let value = of(a as u32);
        if value.is_nan() { 1 << 63 } else { value as u64 }
    });
    check("cvt.rzi.s32.f64 %r9, %d0; cvt.u64.u32 %d9, %r9;", |a, _, _| {
        let value = f64::from_bits(a);
        u64::from(if value.is_nan() { 1 << 31 } else { value as i32 as u32 })
    });
}

#[test]
fn integers_become_floating_point_rounded_to_nearest() {
    check32("cvt.rn.f32.s32 %r9, %r0;", |a, _, _| (a as i32 as f32).to_bits());
    check32("cvt.rn.f32.u32 %r9, %r0;", |a, _, _| (a as f32).to_bits());
    check("cvt.rn.f32.s64 %r9, %d0; cvt.u64.u32 %d9, %r9;", |a, _, _| u64::from((a as i64 as f32).to_bits()));
    check("cvt.rn.f32.u64 %r9, %d0; cvt.u64.u32 %d9, %r9;", |a, _, _| u64::from((a as f32).to_bits()));
    check("cvt.rn.f64.s32 %d9, %r0;", |a, _, _| f64::from(a as i32).to_bits());
    check32("cvt.rn.f32.u16 %r9, %h0;", |a, _, _| f32::from(a as u16).to_bits());
    check_float("cvt.rmi.f32.f32 %r9, %r0;", |a, _, _| a.floor());
    check_float("cvt.rni.f32.f32 %r9, %r0;", |a, _, _| a.round_ties_even());
    check("cvt.rn.f32.f64 %r9, %d0; cvt.u64.u32 %d9, %r9;", |a, _, _| {
        let value = f64::from_bits(a) as f32;
        u64::from(if value.is_nan() { NAN } else { value.to_bits() })
    });
}

#[test]
fn registers_of_16_bits_hold_no_more() {
    let of = |instruction: &str| format!("{instruction} cvt.u32.u16 %r9, %h7;");
    check32(&of("add.s16 %h7, %h0, %h1;"), |a, b, _| a.wrapping_add(b) & 0xffff);
    check32(&of("sub.s16 %h7, %h0, %h1;"), |a, b, _| a.wrapping_sub(b) & 0xffff);
    check32(&of("mul.lo.s16 %h7, %h0, %h1;"), |a, b, _| a.wrapping_mul(b) & 0xffff);
    check32(&of("shl.b16 %h7, %h0, %r1;"), |a, b, _| if b > 15 { 0 } else { (a << b) & 0xffff });
    check32(&of("shr.u16 %h7, %h0, %r1;"), |a, b, _| if b > 15 { 0 } else { (a & 0xffff) >> b });
    check32(&of("shr.s16 %h7, %h0, %r1;"), |a, b, _| u32::from(((a as i16) >> b.min(15)) as u16));
    check32(&of("min.s16 %h7, %h0, %h1;"), |a, b, _| u32::from((a as i16).min(b as i16) as u16));
    check32(&of("not.b16 %h7, %h0;"), |a, _, _| !a & 0xffff);
    check32("mul.wide.s16 %r9, %h0, %h1;", |a, b, _| (i32::from(a as i16) * i32::from(b as i16)) as u32);
    check32("mul.wide.u16 %r9, %h0, %h1;", |a, b, _| (a & 0xffff) * (b & 0xffff));
}

#[test]
fn a_guarded_instruction_runs_where_its_predicate_holds_and_leaves_the_rest() {
    let body = "mov.u32 %r9, 7; setp.lt.u32 %p0, %r0, %r1; @%p0 mov.u32 %r9, %r0; @!%p0 add.u32 %r9, %r9, 1;";
    check32(body, |a, b, _| if a < b { a } else { 8 });
}

#[test]
fn what_the_projects_ptx_must_not_hold_is_refused_with_its_line() {
    for (instruction, reason) in [
        ("add.f32 %r9, %r0, %r1;", "fused"),
        ("mul.f32 %r9, %r0, %r1;", "fused"),
        ("add.ftz.f32 %r9, %r0, %r1;", "flushed"),
        ("add.rz.f32 %r9, %r0, %r1;", "rounded otherwise"),
        ("sqrt.approx.f32 %r9, %r0;", "approximated"),
        ("div.full.f32 %r9, %r0, %r1;", "approximated"),
        ("ex2.approx.f32 %r9, %r0;", "approximation"),
        ("setp.lt.ftz.f32 %p0, %r0, %r1;", "flushed"),
        ("wgmma.fence.sync.aligned;", "not known"),
        ("add.s32 %r9, %r0, %d0;", "not a register of 32 bits"),
        ("add.s32 %r90, %r0, %r1;", "not declared"),
        ("bra nowhere;", "no label"),
    ] {
        let error = common::refused(instruction).to_string();
        assert!(error.contains(reason) && error.starts_with("line 10: "), "{instruction}: {error}");
    }
}
