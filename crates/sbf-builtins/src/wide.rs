//! Owns 128-bit arithmetic over two 64-bit words.
//!
//! No function here multiplies or divides a `u128`: the compiler would turn that into a call of the very function it is
//! part of. Everything wraps, because the compiler checks for overflow and for zero before it calls.

const HALF: u32 = 32;
const LOW_HALF: u64 = 0xffff_ffff;

/// A 128-bit number as its two words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wide {
    /// Bits 0 to 63
    pub lo: u64,
    /// Bits 64 to 127
    pub hi: u64,
}

impl Wide {
    const ZERO: Self = Self { lo: 0, hi: 0 };

    fn at_least(self, other: Self) -> bool {
        self.hi > other.hi || (self.hi == other.hi && self.lo >= other.lo)
    }

    fn minus(self, other: Self) -> Self {
        let (lo, borrow) = self.lo.overflowing_sub(other.lo);
        Self { lo, hi: self.hi.wrapping_sub(other.hi).wrapping_sub(u64::from(borrow)) }
    }

    fn is_negative(self) -> bool {
        self.hi >> 63 == 1
    }

    fn negated_if(self, negate: bool) -> Self {
        if negate { Self::ZERO.minus(self) } else { self }
    }

    fn shifted_left(self, bits: u32) -> Self {
        // In two shifts, since a shift by 64 is not one: bits = 0 leaves nothing of the low word.
        let carried = (self.lo >> 1).wrapping_shr(63_u32.wrapping_sub(bits));
        Self { lo: self.lo.wrapping_shl(bits), hi: self.hi.wrapping_shl(bits) | carried }
    }
}

/// The whole product of two words, from their 32-bit halves.
fn product(a: u64, b: u64) -> Wide {
    let (a_lo, a_hi) = (a & LOW_HALF, a >> HALF);
    let (b_lo, b_hi) = (b & LOW_HALF, b >> HALF);
    // None of these can overflow: (2^32 - 1)^2 + 2 (2^32 - 1) = 2^64 - 1.
    let low = a_lo.wrapping_mul(b_lo);
    let cross = a_hi.wrapping_mul(b_lo).wrapping_add(low >> HALF);
    let middle = a_lo.wrapping_mul(b_hi).wrapping_add(cross & LOW_HALF);
    Wide {
        lo: (middle << HALF) | (low & LOW_HALF),
        hi: a_hi.wrapping_mul(b_hi).wrapping_add(cross >> HALF).wrapping_add(middle >> HALF),
    }
}

/// The low 128 bits of the product; the same for signed and unsigned numbers.
pub fn mul(a: Wide, b: Wide) -> Wide {
    let low = product(a.lo, b.lo);
    Wide { lo: low.lo, hi: low.hi.wrapping_add(a.lo.wrapping_mul(b.hi)).wrapping_add(a.hi.wrapping_mul(b.lo)) }
}

/// Quotient and remainder of unsigned numbers. `d` is not zero: the compiler refuses that before it calls.
pub fn div_rem(n: Wide, d: Wide) -> (Wide, Wide) {
    if d.hi != 0 {
        return div_rem_by_two_words(n, d);
    }
    if n.hi == 0 {
        return (Wide { lo: n.lo / d.lo, hi: 0 }, Wide { lo: n.lo % d.lo, hi: 0 });
    }
    // Schoolbook with 64-bit digits: what the first digit leaves over is below the divisor, as the second needs.
    let (hi, rest) = if n.hi < d.lo { (0, n.hi) } else { (n.hi / d.lo, n.hi % d.lo) };
    let (lo, remainder) = div_rem_by_one_word(Wide { lo: n.lo, hi: rest }, d.lo);
    (Wide { lo, hi }, Wide { lo: remainder, hi: 0 })
}

/// Quotient (rounded toward zero) and remainder (with the sign of `n`) of two's-complement numbers.
pub fn div_rem_signed(n: Wide, d: Wide) -> (Wide, Wide) {
    let (quotient, remainder) = div_rem(n.negated_if(n.is_negative()), d.negated_if(d.is_negative()));
    (quotient.negated_if(n.is_negative() != d.is_negative()), remainder.negated_if(n.is_negative()))
}

/// Knuth's algorithm D for two 32-bit digits: needs `n.hi < d`, so that the quotient is one word.
fn div_rem_by_one_word(n: Wide, d: u64) -> (u64, u64) {
    let shift = d.leading_zeros();
    let d = d.wrapping_shl(shift);
    let n = n.shifted_left(shift);
    let (first, rest) = quotient_digit(n.hi, n.lo >> HALF, d);
    let (second, rest) = quotient_digit(rest, n.lo & LOW_HALF, d);
    ((first << HALF) | second, rest.wrapping_shr(shift))
}

/// One 32-bit digit of `(high, next) / d`, and what is left. `d` has its top bit set and `high < d`.
fn quotient_digit(high: u64, next: u64, d: u64) -> (u64, u64) {
    let (d_hi, d_lo) = (d >> HALF, d & LOW_HALF);
    let (mut digit, mut rest) = (high / d_hi, high % d_hi);
    // The estimate is at most two too large.
    while digit > LOW_HALF || digit.wrapping_mul(d_lo) > ((rest << HALF) | next) {
        digit = digit.wrapping_sub(1);
        rest = rest.wrapping_add(d_hi);
        if rest > LOW_HALF {
            break;
        }
    }
    (digit, (high << HALF).wrapping_add(next).wrapping_sub(digit.wrapping_mul(d)))
}

/// For a divisor of two words the quotient is one word: divide the leading words, then correct by at most one.
fn div_rem_by_two_words(n: Wide, d: Wide) -> (Wide, Wide) {
    let shift = d.hi.leading_zeros();
    let leading = d.shifted_left(shift).hi;
    // Half of n keeps the high word below `leading`, which has its top bit set.
    let half = Wide { lo: (n.lo >> 1) | (n.hi << 63), hi: n.hi >> 1 };
    let (estimate, _) = div_rem_by_one_word(half, leading);
    // Never too small, at most one too large; one less is at most one too small.
    let mut quotient = estimate.wrapping_shr(63_u32.wrapping_sub(shift)).saturating_sub(1);
    let mut remainder = n.minus(mul(Wide { lo: quotient, hi: 0 }, d));
    if remainder.at_least(d) {
        quotient = quotient.wrapping_add(1);
        remainder = remainder.minus(d);
    }
    (Wide { lo: quotient, hi: 0 }, remainder)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn wide(value: u128) -> Wide {
        Wide { lo: value as u64, hi: (value >> 64) as u64 }
    }

    fn narrow(value: Wide) -> u128 {
        u128::from(value.hi) << 64 | u128::from(value.lo)
    }

    /// Numbers of every length, and the ones next to powers of two, where carries and estimates go wrong.
    fn number() -> impl Strategy<Value = u128> {
        let edge = (0..128u32, -2..=2i128).prop_map(|(bit, near)| (1u128 << bit).wrapping_add(near as u128));
        prop_oneof![(any::<u128>(), 0..128u32).prop_map(|(value, bits)| value >> bits), edge]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]

        #[test]
        fn products_equal_the_hosts(a in number(), b in number()) {
            prop_assert_eq!(narrow(mul(wide(a), wide(b))), a.wrapping_mul(b));
        }

        #[test]
        fn unsigned_quotients_and_remainders_equal_the_hosts(n in number(), d in number().prop_filter("zero", |d| *d != 0)) {
            let (quotient, remainder) = div_rem(wide(n), wide(d));
            prop_assert_eq!((narrow(quotient), narrow(remainder)), (n / d, n % d));
        }

        #[test]
        fn signed_quotients_and_remainders_equal_the_hosts(n in number(), d in number().prop_filter("zero", |d| *d != 0)) {
            let (quotient, remainder) = div_rem_signed(wide(n), wide(d));
            let (n, d) = (n as i128, d as i128);
            prop_assert_eq!((narrow(quotient) as i128, narrow(remainder) as i128), (n.wrapping_div(d), n.wrapping_rem(d)));
        }
    }
}
