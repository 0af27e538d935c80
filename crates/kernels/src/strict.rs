//! Arithmetic that gives the same bits on x86-64, arm64, PTX and SBF.
//!
//! Only `+ - * /`, square root, compares, integer operations and bit casts of IEEE-754 binary32 are used, each rounded
//! to nearest-even, with subnormals kept and nothing fused but by name ([`fma`], for which the tensor engine asks and no
//! other; on SBF it is software). The elementary functions are polynomials over exactly reduced arguments; their coefficients are stored as bits and were
//! fitted by iterated weighted least squares (Lawson). The error bounds in the comments are asserted by the tests
//! against f64. NaN: compare-select helpers say which argument wins, and [`bits`] maps every NaN to one pattern, so
//! that payloads, which Rust leaves open (RFC 3514), never reach a committed state.

/// pi rounded to f32.
pub const PI: f32 = f32::from_bits(0x4049_0fdb);
/// 2 pi rounded to f32.
pub const TWO_PI: f32 = f32::from_bits(0x40c9_0fdb);
/// pi / 2 rounded to f32.
pub const HALF_PI: f32 = f32::from_bits(0x3fc9_0fdb);
/// 1 / pi rounded to f32.
pub const INVERSE_PI: f32 = f32::from_bits(0x3ea2_f983);
/// The largest finite f32.
pub const LARGEST: f32 = f32::from_bits(0x7f7f_ffff);

/// The bits of `x`, every NaN as 0x7fc00000.
#[inline(always)]
pub fn bits(x: f32) -> u32 {
    #[allow(clippy::eq_op)]
    if x == x { x.to_bits() } else { 0x7fc0_0000 }
}

/// `a` if `a < b`, else `b` (so `b` if either is NaN).
#[inline(always)]
pub fn min(a: f32, b: f32) -> f32 {
    if a < b { a } else { b }
}

/// `a` if `a > b`, else `b` (so `b` if either is NaN).
#[inline(always)]
pub fn max(a: f32, b: f32) -> f32 {
    if a > b { a } else { b }
}

/// `x` limited to `low..=high`; `low` for NaN.
#[inline(always)]
pub fn clamp(x: f32, low: f32, high: f32) -> f32 {
    min(max(x, low), high)
}

/// |x|, by clearing the sign bit.
#[inline(always)]
pub fn abs(x: f32) -> f32 {
    f32::from_bits(x.to_bits() & 0x7fff_ffff)
}

/// Whether the sign bit is set (true for -0).
#[inline(always)]
pub fn is_negative(x: f32) -> bool {
    x.to_bits() >> 31 != 0
}

/// `magnitude` (not negative) with the sign bit of `sign`.
#[inline(always)]
pub fn with_sign(magnitude: f32, sign: f32) -> f32 {
    f32::from_bits(magnitude.to_bits() | (sign.to_bits() & 0x8000_0000))
}

/// Whether `x` is neither infinite nor NaN.
#[inline(always)]
pub fn is_finite(x: f32) -> bool {
    x.to_bits() & 0x7f80_0000 != 0x7f80_0000
}

/// The greatest integer not above `x`, after limiting `x` to +-2^30 (NaN: -2^30).
#[inline(always)]
pub fn floor(x: f32) -> i32 {
    let x = clamp(x, -1_073_741_824.0, 1_073_741_824.0);
    let towards_zero = x as i32;
    if towards_zero as f32 > x { towards_zero - 1 } else { towards_zero }
}

/// The integer nearest to `x` (halves upward), after limiting `x` to +-2^22 (NaN: -2^22).
#[inline(always)]
pub fn round(x: f32) -> i32 {
    floor(clamp(x, -4_194_304.0, 4_194_304.0) + 0.5)
}

/// The correctly rounded square root; NaN below zero.
#[inline(always)]
pub fn sqrt(x: f32) -> f32 {
    #[cfg(feature = "std")]
    {
        x.sqrt()
    }
    #[cfg(target_arch = "nvptx64")]
    {
        let root;
        // SAFETY: an instruction on registers.
        unsafe {
            core::arch::asm!("sqrt.rn.f32 {}, {};", out(reg32) root, in(reg32) x, options(pure, nomem, nostack));
        }
        root
    }
    #[cfg(not(any(feature = "std", target_arch = "nvptx64")))]
    {
        sqrt_by_integers(x)
    }
}

/// The correctly rounded square root from integer operations alone, for machines without the instruction.
///
/// With x = m 2^e, m of 24 bits and e even after one optional shift, the root of m 2^26 (or 2^25) has 25 bits: 24 for
/// the result and one to round by. A tie cannot occur, because the square of a 25-bit odd number has more than 24
/// significant bits.
pub fn sqrt_by_integers(x: f32) -> f32 {
    let pattern = x.to_bits();
    if pattern == 0 || pattern == 0x8000_0000 || pattern == 0x7f80_0000 {
        return x;
    }
    if pattern > 0x7f80_0000 {
        return f32::from_bits(0x7fc0_0000);
    }
    let (mut mantissa, mut exponent) = ((pattern & 0x007f_ffff) as u64, (pattern >> 23) as i32);
    if exponent == 0 {
        let shift = mantissa.leading_zeros() as i32 - 40;
        mantissa <<= shift;
        exponent = 1 - shift;
    } else {
        mantissa |= 0x0080_0000;
    }
    // x = mantissa * 2^(exponent - 150).
    let unbiased = exponent - 150;
    let odd = unbiased & 1;
    let radicand = mantissa << (25 + odd);
    // radicand = x * 2^(25 + odd - unbiased), whose exponent 25 + odd - unbiased must be even for an exact halving;
    // with odd = unbiased mod 2 it is odd, so one more bit is taken.
    let radicand = radicand << 1;
    let half_exponent = (unbiased - odd - 26) / 2;
    let mut root = 0_u64;
    let mut remainder = 0_u64;
    let mut position = 52;
    while position >= 0 {
        remainder = (remainder << 2) | ((radicand >> position) & 3);
        let trial = (root << 2) | 1;
        root <<= 1;
        if remainder >= trial {
            remainder -= trial;
            root |= 1;
        }
        position -= 2;
    }
    // 2^49 <= radicand < 2^52: the root has 25 or 26 bits; bring it to 25 with a sticky bit below.
    let (root, sticky, half_exponent) = if root >= 1 << 25 {
        (root >> 1, (root & 1) | (remainder != 0) as u64, half_exponent + 1)
    } else {
        (root, (remainder != 0) as u64, half_exponent)
    };
    let mut result = root >> 1;
    if root & 1 == 1 && (sticky != 0 || result & 1 == 1) {
        result += 1;
    }
    // result * 2^(half_exponent + 1), result in 2^23..=2^24; the carry of 2^24 flows into the exponent field.
    let exponent = (half_exponent + 1 + 150 - 1) as u32;
    f32::from_bits((exponent << 23) + result as u32)
}

/// a b + c, rounded once. Infinite times zero and the difference of two infinities are NaN.
#[inline(always)]
pub fn fma(a: f32, b: f32, c: f32) -> f32 {
    #[cfg(feature = "std")]
    {
        a.mul_add(b, c)
    }
    #[cfg(target_arch = "nvptx64")]
    {
        let sum;
        // SAFETY: an instruction on registers.
        unsafe {
            core::arch::asm!("fma.rn.f32 {}, {}, {}, {};", out(reg32) sum, in(reg32) a, in(reg32) b, in(reg32) c,
                options(pure, nomem, nostack));
        }
        sum
    }
    #[cfg(not(any(feature = "std", target_arch = "nvptx64")))]
    {
        fma_by_integers(a, b, c)
    }
}

/// [`fma`] from integer operations alone, for machines without the instruction.
///
/// The product of two 24-bit mantissas is exact in 48 bits. It and the summand are brought to 62 bits; where the
/// smaller one then loses bits it was shifted by more than 13, so at most one leading bit of the larger one can cancel,
/// and a sticky bit for what was lost decides every rounding as the lost bits would.
pub fn fma_by_integers(a: f32, b: f32, c: f32) -> f32 {
    let product_is_negative = is_negative(a) != is_negative(b);
    if !(is_finite(a) && is_finite(b) && is_finite(c)) {
        // With an infinite or undefined operand a b + c is what two roundings give, but for a finite a b that overflows.
        let product = if is_finite(a) && is_finite(b) { 0.0 } else { a * b };
        return f32::from_bits(bits(product + c));
    }
    let ((mantissa_a, exponent_a), (mantissa_b, exponent_b)) = (mantissa_and_exponent(a), mantissa_and_exponent(b));
    let (product, summand) = (mantissa_a * mantissa_b, mantissa_and_exponent(c));
    if product == 0 {
        let zero = if product_is_negative { -0.0 } else { 0.0 };
        return zero + c;
    }
    if summand.0 == 0 {
        return round_scaled(product_is_negative, product, exponent_a + exponent_b);
    }
    let normalised = |mantissa: u64, exponent: i32, negative: bool| {
        let shift = mantissa.leading_zeros() - 2;
        (mantissa << shift, exponent - shift as i32, negative)
    };
    let product = normalised(product, exponent_a + exponent_b, product_is_negative);
    let summand = normalised(summand.0, summand.1, is_negative(c));
    let (large, small) =
        if (product.1, product.0) >= (summand.1, summand.0) { (product, summand) } else { (summand, product) };
    let distance = (large.1 - small.1).min(63) as u32;
    let lost = small.0 & ((1 << distance) - 1) != 0;
    let aligned = (small.0 >> distance) | u64::from(lost);
    if large.2 == small.2 {
        return round_scaled(large.2, large.0 + aligned, large.1);
    }
    match large.0 - aligned {
        0 => 0.0,
        difference => round_scaled(large.2, difference, large.1),
    }
}

/// |x| = mantissa 2^exponent for a finite x, the mantissa below 2^24.
fn mantissa_and_exponent(x: f32) -> (u64, i32) {
    let field = x.to_bits() >> 23 & 0xff;
    let fraction = u64::from(x.to_bits() & 0x007f_ffff);
    if field == 0 { (fraction, -149) } else { (fraction | 0x0080_0000, field as i32 - 150) }
}

/// The f32 nearest to magnitude 2^exponent (ties to even, subnormals kept, infinite beyond the largest), negated where
/// `negative`. A zero magnitude gives a zero.
#[inline(always)]
pub fn round_scaled(negative: bool, magnitude: u64, exponent: i32) -> f32 {
    let sign = if negative { 0x8000_0000 } else { 0 };
    if magnitude == 0 {
        return f32::from_bits(sign);
    }
    let leading = 63 - magnitude.leading_zeros() as i32;
    // How many low bits go: all but 24, or in the range of subnormals all below 2^-149.
    let dropped = (leading - 23).max(-149 - exponent);
    // The exponent's field, less the one that the mantissa's leading bit adds.
    let field = dropped + exponent + 149;
    if field >= 254 {
        return f32::from_bits(sign | 0x7f80_0000);
    }
    let mantissa = if dropped <= 0 {
        magnitude << -dropped
    } else if dropped < 64 {
        let kept = magnitude >> dropped;
        let rest = magnitude << (64 - dropped);
        let half = 1 << 63;
        kept + u64::from(rest > half || (rest == half && kept & 1 == 1))
    } else {
        u64::from(dropped == 64 && magnitude > 1 << 63)
    };
    // A carry out of the mantissa flows into the field, up to infinity.
    f32::from_bits(sign | (((field as u32) << 23) + mantissa as u32))
}

/// c0 + z (c1 + z (c2 + ...)).
#[inline(always)]
fn polynomial<const N: usize>(z: f32, coefficients: [u32; N]) -> f32 {
    let mut sum = 0.0;
    let mut index = N;
    while index > 0 {
        index -= 1;
        sum = sum * z + f32::from_bits(coefficients[index]);
    }
    sum
}

/// (sin, cos) of `turns` x 2 pi; the reduction is exact. Absolute error below 1.2e-7 for |turns| <= 2^20.
pub fn sin_cos_turns(turns: f32) -> (f32, f32) {
    let quarters = clamp(turns, -1_048_576.0, 1_048_576.0) * 4.0;
    let quadrant = round(quarters);
    // Exact: both are multiples of the unit in the last place of `quarters`, and they differ by at most 1/2.
    let r = quarters - quadrant as f32;
    let z = r * r;
    let sine = r * polynomial(z, [0x3fc9_0fdb, 0xbf25_5de7, 0x3da3_35dd, 0xbb99_654f, 0x3925_e44c]);
    let cosine = 1.0 + z * polynomial(z, [0xbf9d_e9e6, 0x3e81_e0f8, 0xbcaa_e9e1, 0x3a70_f639, 0xb7d0_f444]);
    turn_quadrant(quadrant, sine, cosine)
}

/// (sin, cos) of `x` radians. Absolute error below 1.2e-7 for |x| <= 2^14; beyond that `x` is limited to +-2^14.
pub fn sin_cos(x: f32) -> (f32, f32) {
    let x = clamp(x, -16_384.0, 16_384.0);
    let quadrant = round(x * f32::from_bits(0x3f22_f983));
    let q = quadrant as f32;
    // pi / 2 in four parts, of which the first three have so few bits that q times them is exact (Cody and Waite).
    let r = x - q * f32::from_bits(0x3fc9_0000);
    let r = r - q * f32::from_bits(0x39fd_8000);
    let r = r - q * f32::from_bits(0x34a8_8000);
    let r = r - q * f32::from_bits(0x2e85_a309);
    let z = r * r;
    let sine = r + r * (z * polynomial(z, [0xbe2a_aaab, 0x3c08_8887, 0xb950_09d4, 0x3636_df25]));
    let cosine = 1.0 - z * 0.5 + (z * z) * polynomial(z, [0x3d2a_aaab, 0xbab6_0b60, 0x37d0_0ae3, 0xb492_923a]);
    turn_quadrant(quadrant, sine, cosine)
}

#[inline(always)]
fn turn_quadrant(quadrant: i32, sine: f32, cosine: f32) -> (f32, f32) {
    match quadrant & 3 {
        0 => (sine, cosine),
        1 => (cosine, -sine),
        2 => (-sine, -cosine),
        _ => (-cosine, sine),
    }
}

/// e^x. Relative error below 2.0e-7 where the result is normal; 0 below -104, infinite above 88.73.
pub fn exp(x: f32) -> f32 {
    let limited = clamp(x, -104.0, 89.0);
    if limited <= -104.0 {
        #[allow(clippy::eq_op)]
        return if x == x { 0.0 } else { f32::from_bits(0x7fc0_0000) };
    }
    let k = round(limited * f32::from_bits(0x3fb8_aa3b));
    let q = k as f32;
    // ln 2 in two parts, the first of 12 bits, so that q times it is exact.
    let r = limited - q * f32::from_bits(0x3f31_7000);
    let r = r - q * f32::from_bits(0x3805_fdf4);
    let mantissa =
        1.0 + (r + (r * r) * polynomial(r, [0x3f00_0000, 0x3e2a_aa6e, 0x3d2a_aa5c, 0x3c09_05b3, 0x3ab6_ba9d]));
    scale_by_power_of_two(mantissa, k)
}

/// x 2^k for 1/2 <= x <= 2, in two exact multiplications and at most one rounding.
fn scale_by_power_of_two(x: f32, k: i32) -> f32 {
    let first = k / 2;
    let second = k - first;
    x * f32::from_bits(((first + 127) as u32) << 23) * f32::from_bits(((second + 127) as u32) << 23)
}

/// The natural logarithm. Error below 1.2e-7 relative to max(|ln x|, 0.35) for positive x; -infinity at 0, NaN below.
pub fn ln(x: f32) -> f32 {
    let pattern = bits(x);
    if pattern << 1 == 0 {
        return f32::from_bits(0xff80_0000);
    }
    if pattern >= 0x7f80_0000 {
        return if pattern == 0x7f80_0000 { x } else { f32::from_bits(0x7fc0_0000) };
    }
    let (scaled, bias) = if pattern < 0x0080_0000 { (x * 8_388_608.0, 23) } else { (x, 0) };
    let pattern = scaled.to_bits();
    // The mantissa in sqrt(1/2)..sqrt(2), so that the logarithm does not cancel near 1.
    let shifted = pattern.wrapping_sub(0x3f35_04f3);
    let exponent = (shifted as i32) >> 23;
    let m = f32::from_bits((shifted & 0x007f_ffff) + 0x3f35_04f3);
    let f = m - 1.0;
    let s = f / (2.0 + f);
    let z = s * s;
    // ln m = 2 atanh s = f - s (f - 2 s^2 (1/3 + ...)), the form that keeps f exact.
    let tail = z * polynomial(z, [0x3eaa_aaab, 0x3e4c_ccf6, 0x3e12_2e07, 0x3dee_ec24]);
    let e = (exponent - bias) as f32;
    let low = e * f32::from_bits(0x3805_fdf4) - s * (f - 2.0 * tail);
    (low + f) + e * f32::from_bits(0x3f31_7000)
}

/// The angle of (x, y) in -pi..=pi; 0 at the origin. Absolute error below 4.0e-7.
pub fn atan2(y: f32, x: f32) -> f32 {
    let (ax, ay) = (abs(x), abs(y));
    let (small, large) = if ay > ax { (ax, ay) } else { (ay, ax) };
    // NaN and the origin; two infinities count as the diagonal.
    if !(large > 0.0 && small <= large) {
        return 0.0;
    }
    let t = if is_finite(small) { small / large } else { 1.0 };
    // atan t = pi/4 + atan((t - 1) / (t + 1)) above tan(pi / 8).
    let (base, t) =
        if t > f32::from_bits(0x3ed4_13cd) { (f32::from_bits(0x3f49_0fdb), (t - 1.0) / (t + 1.0)) } else { (0.0, t) };
    let z = t * t;
    let angle = base + (t + t * (z * polynomial(z, [0xbeaa_aaaa, 0x3e4c_cba5, 0xbe12_118d, 0x3ddc_22f8, 0xbd84_70d5])));
    let angle = if ay > ax { HALF_PI - angle } else { angle };
    let angle = if is_negative(x) { PI - angle } else { angle };
    if is_negative(y) { -angle } else { angle }
}

/// The angle whose cosine is `x` (limited to -1..=1, NaN: -1). Absolute error below 5.0e-7.
pub fn acos(x: f32) -> f32 {
    let x = clamp(x, -1.0, 1.0);
    atan2(sqrt((1.0 - x) * (1.0 + x)), x)
}

/// Vectors of three, with every sum in the order written here.
pub mod vector {
    use super::sqrt;

    /// Three coordinates or three colour channels.
    pub type Vec3 = [f32; 3];

    /// a + b.
    #[inline(always)]
    pub fn add(a: Vec3, b: Vec3) -> Vec3 {
        [a[0] + b[0], a[1] + b[1], a[2] + b[2]]
    }

    /// a - b.
    #[inline(always)]
    pub fn subtract(a: Vec3, b: Vec3) -> Vec3 {
        [a[0] - b[0], a[1] - b[1], a[2] - b[2]]
    }

    /// Channel by channel product.
    #[inline(always)]
    pub fn multiply(a: Vec3, b: Vec3) -> Vec3 {
        [a[0] * b[0], a[1] * b[1], a[2] * b[2]]
    }

    /// a s.
    #[inline(always)]
    pub fn scale(a: Vec3, s: f32) -> Vec3 {
        [a[0] * s, a[1] * s, a[2] * s]
    }

    /// -a.
    #[inline(always)]
    pub fn negate(a: Vec3) -> Vec3 {
        [-a[0], -a[1], -a[2]]
    }

    /// (a0 b0 + a1 b1) + a2 b2.
    #[inline(always)]
    pub fn dot(a: Vec3, b: Vec3) -> f32 {
        a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
    }

    /// The cross product.
    #[inline(always)]
    pub fn cross(a: Vec3, b: Vec3) -> Vec3 {
        [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
    }

    /// The Euclidean length.
    #[inline(always)]
    pub fn length(a: Vec3) -> f32 {
        sqrt(dot(a, a))
    }

    /// a / |a|, or `otherwise` where |a| is zero or not a number.
    #[inline(always)]
    pub fn normalize_or(a: Vec3, otherwise: Vec3) -> Vec3 {
        let length = length(a);
        if length > 0.0 { scale(a, 1.0 / length) } else { otherwise }
    }

    /// (a (1 - u - v) + b u) + c v.
    #[inline(always)]
    pub fn interpolate(a: Vec3, b: Vec3, c: Vec3, u: f32, v: f32) -> Vec3 {
        let w = 1.0 - u - v;
        add(add(scale(a, w), scale(b, u)), scale(c, v))
    }

    /// Rec. 709 luminance of linear colour.
    #[inline(always)]
    pub fn luminance(a: Vec3) -> f32 {
        dot(a, [f32::from_bits(0x3e59_b3d0), f32::from_bits(0x3f37_1759), f32::from_bits(0x3d93_dd98)])
    }

    /// The largest channel.
    #[inline(always)]
    pub fn largest(a: Vec3) -> f32 {
        super::max(super::max(a[0], a[1]), a[2])
    }
}
