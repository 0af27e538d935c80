//! Conversions between types, of any widths; PTX ISA, cvt.

use crate::operation::single;
use crate::program::{Conversion, Rounding, Scalar};

/// The value of the source as the result's register holds it.
pub(crate) fn convert(conversion: &Conversion, source: u64) -> u64 {
    let value = match (conversion.from, conversion.to) {
        (Scalar::Unsigned(bits), Scalar::Unsigned(_) | Scalar::Signed(_)) => {
            integer(i128::from(low(source, bits)), conversion)
        }
        (Scalar::Signed(bits), Scalar::Unsigned(_) | Scalar::Signed(_)) => {
            integer(i128::from(signed(source, bits)), conversion)
        }
        (Scalar::Unsigned(bits), Scalar::Single) => return u64::from((low(source, bits) as f32).to_bits()),
        (Scalar::Signed(bits), Scalar::Single) => return u64::from((signed(source, bits) as f32).to_bits()),
        (Scalar::Unsigned(bits), Scalar::Double) => return (low(source, bits) as f64).to_bits(),
        (Scalar::Signed(bits), Scalar::Double) => return (signed(source, bits) as f64).to_bits(),
        (Scalar::Single, Scalar::Single) => {
            let value = f32::from_bits(source as u32);
            return u64::from(single(rounded(f64::from(value), conversion.rounding) as f32));
        }
        (Scalar::Double, Scalar::Single) => return u64::from(single(f64::from_bits(source) as f32)),
        (Scalar::Single, Scalar::Double) => return f64::from(f32::from_bits(source as u32)).to_bits(),
        (Scalar::Double, Scalar::Double) => {
            return rounded(f64::from_bits(source), conversion.rounding).to_bits();
        }
        (Scalar::Single, Scalar::Unsigned(bits) | Scalar::Signed(bits)) => {
            let value = f32::from_bits(source as u32);
            // Zero for what is not a number, but for 64 bits the sign alone.
            if value.is_nan() { if bits == 64 { 1 << 63 } else { 0 } } else { of_float(f64::from(value), conversion) }
        }
        (Scalar::Double, Scalar::Unsigned(bits) | Scalar::Signed(bits)) => {
            let value = f64::from_bits(source);
            if value.is_nan() { 1 << (bits - 1) } else { of_float(value, conversion) }
        }
    };
    extended(value, conversion)
}

fn low(value: u64, bits: u32) -> u64 {
    if bits == 64 { value } else { value & ((1 << bits) - 1) }
}

fn signed(value: u64, bits: u32) -> i64 {
    let shift = 64 - bits;
    ((value << shift) as i64) >> shift
}

/// Least and greatest value of an integer type.
fn range(kind: Scalar) -> (i128, i128) {
    match kind {
        Scalar::Signed(bits) => (-(1 << (bits - 1)), (1 << (bits - 1)) - 1),
        Scalar::Unsigned(bits) => (0, (1 << bits) - 1),
        Scalar::Single | Scalar::Double => (0, 0),
    }
}

fn integer(value: i128, conversion: &Conversion) -> u64 {
    let (least, greatest) = range(conversion.to);
    if conversion.saturate { value.clamp(least, greatest) as u64 } else { value as u64 }
}

fn of_float(value: f64, conversion: &Conversion) -> u64 {
    let (least, greatest) = range(conversion.to);
    // Infinities are clamped by the cast.
    (rounded(value, conversion.rounding) as i128).clamp(least, greatest) as u64
}

fn rounded(value: f64, rounding: Rounding) -> f64 {
    match rounding {
        Rounding::Nearest => value.round_ties_even(),
        Rounding::Zero => value.trunc(),
        Rounding::Down => value.floor(),
        Rounding::Up => value.ceil(),
    }
}

/// As a wider register holds it.
fn extended(value: u64, conversion: &Conversion) -> u64 {
    let value = match conversion.to {
        Scalar::Signed(bits) => signed(value, bits) as u64,
        Scalar::Unsigned(bits) => low(value, bits),
        Scalar::Single | Scalar::Double => value,
    };
    if conversion.result_half { low(value, 16) } else { value }
}
