//! What arithmetic does to the 32 lanes of a warp, instruction by instruction.
//!
//! Every operation here is total: lanes that take no part compute on whatever they hold, and keep what they had.

/// A register of 32 bits for each lane. A register of 64 bits is two of them, the low half first.
pub(crate) type Row = [u32; 32];

/// Index of a row.
pub(crate) type Slot = u32;

/// What hardware gives for every f32 result that is not a number.
pub(crate) const NAN: u32 = 0x7fff_ffff;

pub(crate) fn single(value: f32) -> u32 {
    if value.is_nan() { NAN } else { value.to_bits() }
}

fn float(bits: u32) -> f32 {
    f32::from_bits(bits)
}

fn double(bits: u64) -> f64 {
    f64::from_bits(bits)
}

#[inline(always)]
pub(crate) fn wide(registers: &[Row], slot: Slot) -> [u64; 32] {
    let (low, high) = (&registers[slot as usize], &registers[slot as usize + 1]);
    let mut values = [0; 32];
    for lane in 0..32 {
        values[lane] = u64::from(low[lane]) | u64::from(high[lane]) << 32;
    }
    values
}

#[inline(always)]
pub(crate) fn put(registers: &mut [Row], mask: &Row, slot: Slot, values: &Row) {
    let row = &mut registers[slot as usize];
    for lane in 0..32 {
        row[lane] = (values[lane] & mask[lane]) | (row[lane] & !mask[lane]);
    }
}

#[inline(always)]
pub(crate) fn put_wide(registers: &mut [Row], mask: &Row, slot: Slot, values: &[u64; 32]) {
    let mut half = [0; 32];
    for lane in 0..32 {
        half[lane] = values[lane] as u32;
    }
    put(registers, mask, slot, &half);
    for lane in 0..32 {
        half[lane] = (values[lane] >> 32) as u32;
    }
    put(registers, mask, slot + 1, &half);
}

/// An operation on one lane of its operands.
macro_rules! of_lane {
    ($expression:expr, $lane:ident, [$($operand:ident),*]) => {
        ($expression)($($operand[$lane]),*)
    };
}

/// Makes an enum of operations and what they do to one lane, and what runs them on a warp.
macro_rules! operations {
    ($name:ident $operands:tt ($($operand:ident: $read:ident),*) -> $write:ident: $result:ty { $($operation:ident => $expression:expr,)* }) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum $name { $($operation,)* }

        impl $name {
            /// Runs it on a warp, for the lanes of the mask.
            #[allow(clippy::too_many_arguments)]
            pub fn run(self, registers: &mut [Row], mask: &Row, result: Slot, $($operand: Slot),*) {
                $(let $operand = $read(registers, $operand);)*
                let mut values = [<$result>::default(); 32];
                match self {
                    $($name::$operation => for lane in 0..32 {
                        values[lane] = of_lane!($expression, lane, $operands);
                    },)*
                }
                $write(registers, mask, result, &values);
            }
        }
    };
}

#[inline(always)]
fn narrow(registers: &[Row], slot: Slot) -> Row {
    registers[slot as usize]
}

operations!(Unary32 [a] (a: narrow) -> put: u32 {
    Move => |a| a,
    Not => |a: u32| !a,
    LogicalNot => |a: u32| u32::from(a == 0),
    Negate => |a: u32| a.wrapping_neg(),
    Absolute => |a: u32| (a as i32).wrapping_abs() as u32,
    CountOnes => |a: u32| a.count_ones(),
    CountLeadingZeros => |a: u32| a.leading_zeros(),
    Reverse => |a: u32| a.reverse_bits(),
    FindUnsigned => |a: u32| 31u32.wrapping_sub(a.leading_zeros()),
    FindSigned => |a: u32| 31u32.wrapping_sub(((a as i32 >> 31) as u32 ^ a).leading_zeros()),
    FindUnsignedShift => |a: u32| if a == 0 { u32::MAX } else { a.leading_zeros() },
    FindSignedShift => |a: u32| {
        let a = (a as i32 >> 31) as u32 ^ a;
        if a == 0 { u32::MAX } else { a.leading_zeros() }
    },
    Low16 => |a: u32| a & 0xffff,
    Negate16 => |a: u32| a.wrapping_neg() & 0xffff,
    Not16 => |a: u32| !a & 0xffff,
    Absolute16 => |a: u32| u32::from((a as i16).wrapping_abs() as u16),
    SignExtend8 => |a: u32| a as i8 as u32,
    SignExtend16 => |a: u32| a as i16 as u32,
    ZeroExtend8 => |a: u32| a & 0xff,
    FloatNegate => |a: u32| a ^ 0x8000_0000,
    FloatAbsolute => |a: u32| a & 0x7fff_ffff,
    SquareRoot => |a| single(float(a).sqrt()),
    Reciprocal => |a| single(1.0 / float(a)),
    FloatOfSigned => |a: u32| (a as i32 as f32).to_bits(),
    FloatOfUnsigned => |a: u32| (a as f32).to_bits(),
    SignedOfFloat => |a| float(a) as i32 as u32,
    UnsignedOfFloat => |a| float(a) as u32,
});

operations!(Binary32 [a, b] (a: narrow, b: narrow) -> put: u32 {
    Add => |a: u32, b: u32| a.wrapping_add(b),
    Subtract => |a: u32, b: u32| a.wrapping_sub(b),
    Multiply => |a: u32, b: u32| a.wrapping_mul(b),
    MultiplyHighUnsigned => |a, b| ((u64::from(a) * u64::from(b)) >> 32) as u32,
    MultiplyHighSigned => |a: u32, b: u32| ((i64::from(a as i32) * i64::from(b as i32)) >> 32) as u32,
    DivideUnsigned => |a: u32, b| a.checked_div(b).unwrap_or(u32::MAX),
    DivideSigned => |a: u32, b| if b == 0 { u32::MAX } else { (a as i32).wrapping_div(b as i32) as u32 },
    RemainderUnsigned => |a: u32, b| a.checked_rem(b).unwrap_or(a),
    RemainderSigned => |a: u32, b| if b == 0 { a } else { (a as i32).wrapping_rem(b as i32) as u32 },
    MinimumUnsigned => |a: u32, b: u32| a.min(b),
    MinimumSigned => |a: u32, b: u32| (a as i32).min(b as i32) as u32,
    MaximumUnsigned => |a: u32, b: u32| a.max(b),
    MaximumSigned => |a: u32, b: u32| (a as i32).max(b as i32) as u32,
    And => |a: u32, b: u32| a & b,
    Or => |a: u32, b: u32| a | b,
    Xor => |a: u32, b: u32| a ^ b,
    ShiftLeft => |a: u32, b| a.checked_shl(b).unwrap_or(0),
    ShiftRightUnsigned => |a: u32, b| a.checked_shr(b).unwrap_or(0),
    ShiftRightSigned => |a: u32, b: u32| ((a as i32) >> b.min(31)) as u32,
    Multiply24Unsigned => |a: u32, b: u32| (a & 0xff_ffff).wrapping_mul(b & 0xff_ffff),
    AddFloat => |a, b| single(float(a) + float(b)),
    SubtractFloat => |a, b| single(float(a) - float(b)),
    MultiplyFloat => |a, b| single(float(a) * float(b)),
    DivideFloat => |a, b| single(float(a) / float(b)),
    MinimumFloat => minimum,
    MaximumFloat => maximum,
    MinimumFloatOrNan => |a, b| if float(a).is_nan() || float(b).is_nan() { NAN } else { minimum(a, b) },
    MaximumFloatOrNan => |a, b| if float(a).is_nan() || float(b).is_nan() { NAN } else { maximum(a, b) },
    // PTX takes the sign of the first and the rest of the second.
    CopySign => |a: u32, b: u32| (a & 0x8000_0000) | (b & 0x7fff_ffff),
    Add16 => |a: u32, b: u32| a.wrapping_add(b) & 0xffff,
    Subtract16 => |a: u32, b: u32| a.wrapping_sub(b) & 0xffff,
    Multiply16 => |a: u32, b: u32| a.wrapping_mul(b) & 0xffff,
    MultiplyHighUnsigned16 => |a: u32, b: u32| ((a & 0xffff) * (b & 0xffff)) >> 16,
    MultiplyHighSigned16 => |a: u32, b: u32| ((i32::from(a as i16) * i32::from(b as i16)) >> 16) as u32 & 0xffff,
    MultiplyWideUnsigned16 => |a: u32, b: u32| (a & 0xffff) * (b & 0xffff),
    MultiplyWideSigned16 => |a: u32, b: u32| (i32::from(a as i16) * i32::from(b as i16)) as u32,
    DivideUnsigned16 => |a: u32, b: u32| (a & 0xffff).checked_div(b & 0xffff).unwrap_or(0xffff),
    RemainderUnsigned16 => |a: u32, b: u32| (a & 0xffff).checked_rem(b & 0xffff).unwrap_or(a & 0xffff),
    DivideSigned16 => |a: u32, b: u32| if b & 0xffff == 0 { 0xffff } else {
        u32::from((a as i16).wrapping_div(b as i16) as u16)
    },
    RemainderSigned16 => |a: u32, b: u32| if b & 0xffff == 0 { a & 0xffff } else {
        u32::from((a as i16).wrapping_rem(b as i16) as u16)
    },
    MinimumUnsigned16 => |a: u32, b: u32| (a & 0xffff).min(b & 0xffff),
    MinimumSigned16 => |a: u32, b: u32| u32::from((a as i16).min(b as i16) as u16),
    MaximumUnsigned16 => |a: u32, b: u32| (a & 0xffff).max(b & 0xffff),
    MaximumSigned16 => |a: u32, b: u32| u32::from((a as i16).max(b as i16) as u16),
    ShiftLeft16 => |a: u32, b| a.checked_shl(b).unwrap_or(0) & 0xffff,
    ShiftRightUnsigned16 => |a: u32, b| (a & 0xffff).checked_shr(b).unwrap_or(0),
    ShiftRightSigned16 => |a: u32, b: u32| u32::from(((a as i16) >> b.min(15)) as u16),
});

/// The smaller, -0 below +0, a number before NaN.
fn minimum(a: u32, b: u32) -> u32 {
    let (x, y) = (float(a), float(b));
    if x.is_nan() {
        return if y.is_nan() { NAN } else { b };
    }
    if y.is_nan() || x < y {
        return a;
    }
    if x == y { a | b } else { b }
}

/// The greater, +0 above -0, a number before NaN.
fn maximum(a: u32, b: u32) -> u32 {
    let (x, y) = (float(a), float(b));
    if x.is_nan() {
        return if y.is_nan() { NAN } else { b };
    }
    if y.is_nan() || x > y {
        return a;
    }
    if x == y { a & b } else { b }
}

operations!(Ternary32 [a, b, c] (a: narrow, b: narrow, c: narrow) -> put: u32 {
    MultiplyAdd => |a: u32, b: u32, c: u32| a.wrapping_mul(b).wrapping_add(c),
    MultiplyAddHighUnsigned => |a, b, c: u32| (((u64::from(a) * u64::from(b)) >> 32) as u32).wrapping_add(c),
    MultiplyAddHighSigned => |a: u32, b: u32, c: u32| {
        (((i64::from(a as i32) * i64::from(b as i32)) >> 32) as u32).wrapping_add(c)
    },
    MultiplyAdd16 => |a: u32, b: u32, c: u32| a.wrapping_mul(b).wrapping_add(c) & 0xffff,
    MultiplyAddWideUnsigned16 => |a: u32, b: u32, c: u32| ((a & 0xffff) * (b & 0xffff)).wrapping_add(c),
    MultiplyAddWideSigned16 => |a: u32, b: u32, c: u32| {
        ((i32::from(a as i16) * i32::from(b as i16)) as u32).wrapping_add(c)
    },
    FunnelLeftWrap => |low, high, amount| funnel_left(low, high, amount & 31),
    FunnelLeftClamp => |low, high, amount: u32| funnel_left(low, high, amount.min(32)),
    FunnelRightWrap => |low, high, amount| funnel_right(low, high, amount & 31),
    FunnelRightClamp => |low, high, amount: u32| funnel_right(low, high, amount.min(32)),
    ExtractUnsigned => |a, position, length| extract(u64::from(a), position, length, 32) as u32,
    ExtractSigned => |a: u32, position, length| extract_signed(a as i32 as i64, position, length, 32) as u32,
    Permute => permute,
    PermuteForward4 => |a, b, c: u32| permute(a, b, [0x3210, 0x4321, 0x5432, 0x6543][(c & 3) as usize]),
    PermuteBackward4 => |a, b, c: u32| permute(a, b, [0x5670, 0x6701, 0x7012, 0x0123][(c & 3) as usize]),
    PermuteReplicate8 => |a, b, c: u32| permute(a, b, [0x0000, 0x1111, 0x2222, 0x3333][(c & 3) as usize]),
    PermuteEdgeLeft => |a, b, c: u32| permute(a, b, [0x3210, 0x3211, 0x3222, 0x3333][(c & 3) as usize]),
    PermuteEdgeRight => |a, b, c: u32| permute(a, b, [0x0000, 0x1110, 0x2210, 0x3210][(c & 3) as usize]),
    PermuteReplicate16 => |a, b, c: u32| permute(a, b, [0x1010, 0x3232, 0x1010, 0x3232][(c & 3) as usize]),
    DotSigned => |a: u32, b: u32, c: u32| dot(|i| i32::from((a >> i) as i8), |i| i32::from((b >> i) as i8), c),
    DotUnsigned => |a: u32, b: u32, c: u32| dot(|i| i32::from((a >> i) as u8), |i| i32::from((b >> i) as u8), c),
    DotSignedUnsigned => |a: u32, b: u32, c: u32| dot(|i| i32::from((a >> i) as i8), |i| i32::from((b >> i) as u8), c),
    DotUnsignedSigned => |a: u32, b: u32, c: u32| dot(|i| i32::from((a >> i) as u8), |i| i32::from((b >> i) as i8), c),
    DifferencesUnsigned => |a: u32, b: u32, c: u32| c.wrapping_add(a.abs_diff(b)),
    DifferencesSigned => |a: u32, b: u32, c: u32| c.wrapping_add((a as i32).abs_diff(b as i32)),
    FusedMultiplyAdd => |a, b, c| single(float(a).mul_add(float(b), float(c))),
    SelectBySign => |a: u32, b: u32, c: u32| if c as i32 >= 0 { a } else { b },
    SelectBySignOfFloat => |a: u32, b: u32, c| if float(c) >= 0.0 { a } else { b },
    PackSigned8 => |a: u32, b: u32, c: u32| pack(a, b, c, -128, 127),
    PackUnsigned8 => |a: u32, b: u32, c: u32| pack(a, b, c, 0, 255),
});

fn funnel_left(low: u32, high: u32, amount: u32) -> u32 {
    (((u64::from(high) << 32 | u64::from(low)) << amount) >> 32) as u32
}

fn funnel_right(low: u32, high: u32, amount: u32) -> u32 {
    ((u64::from(high) << 32 | u64::from(low)) >> amount) as u32
}

fn extract(value: u64, position: u32, length: u32, width: u32) -> u64 {
    let (position, length) = (position & 0xff, length & 0xff);
    if length == 0 || position >= width {
        return 0;
    }
    let shifted = value >> position;
    if length >= 64 { shifted } else { shifted & ((1 << length) - 1) }
}

fn extract_signed(value: i64, position: u32, length: u32, width: u32) -> u64 {
    let (position, length) = (position & 0xff, length & 0xff);
    if length == 0 {
        return 0;
    }
    // Past the end of the value its sign goes on.
    let last = (position + length - 1).min(width - 1);
    let sign = (value >> last) & 1;
    let field = if position >= width { 0 } else { (value >> position) as u64 };
    let kept = if position > last { 0 } else { last - position + 1 };
    let field = if kept >= 64 { field } else { field & ((1 << kept) - 1) };
    if sign != 0 && kept < 64 { field | u64::MAX << kept } else { field }
}

pub(crate) fn permute(a: u32, b: u32, selector: u32) -> u32 {
    let bytes = u64::from(b) << 32 | u64::from(a);
    let mut result = 0;
    for index in 0..4 {
        let choice = selector >> (4 * index);
        let byte = (bytes >> (8 * (choice & 7))) as u8;
        let byte = if choice & 8 == 0 { byte } else { ((byte as i8) >> 7) as u8 };
        result |= u32::from(byte) << (8 * index);
    }
    result
}

#[inline(always)]
fn dot(a: impl Fn(u32) -> i32, b: impl Fn(u32) -> i32, c: u32) -> u32 {
    let sum = a(0) * b(0) + a(8) * b(8) + a(16) * b(16) + a(24) * b(24);
    c.wrapping_add(sum as u32)
}

fn pack(a: u32, b: u32, c: u32, least: i32, greatest: i32) -> u32 {
    let byte = |value: u32| (value as i32).clamp(least, greatest) as u32 & 0xff;
    byte(a) << 8 | byte(b) | c << 16
}

/// Any function of three bits, by its table.
pub(crate) fn logic(a: u32, b: u32, c: u32, table: u32) -> u32 {
    let mut result = 0;
    for index in 0..8 {
        if table >> index & 1 != 0 {
            let term = |value: u32, bit: u32| if index >> bit & 1 != 0 { value } else { !value };
            result |= term(a, 2) & term(b, 1) & term(c, 0);
        }
    }
    result
}

operations!(Insert32 [a, b, position, length] (a: narrow, b: narrow, position: narrow, length: narrow) -> put: u32 {
    Insert => |a: u32, b: u32, position, length| insert(u64::from(a), u64::from(b), position, length, 32) as u32,
});

fn insert(field: u64, into: u64, position: u32, length: u32, width: u32) -> u64 {
    let (position, length) = (position & 0xff, length & 0xff);
    if length == 0 || position >= width {
        return into;
    }
    let mask = if length >= 64 { u64::MAX } else { (1 << length) - 1 } << position;
    (into & !mask) | ((field << position) & mask)
}

operations!(Insert64 [a, b, position, length] (a: wide, b: wide, position: narrow, length: narrow) -> put_wide: u64 {
    Insert => |a: u64, b: u64, position, length| insert(a, b, position, length, 64),
});

operations!(Unary64 [a] (a: wide) -> put_wide: u64 {
    Move => |a| a,
    Not => |a: u64| !a,
    LogicalNot => |a: u64| u64::from(a == 0),
    Negate => |a: u64| a.wrapping_neg(),
    Absolute => |a: u64| (a as i64).wrapping_abs() as u64,
    Reverse => |a: u64| a.reverse_bits(),
    FloatNegate => |a: u64| a ^ 1 << 63,
    FloatAbsolute => |a: u64| a & !(1 << 63),
    SquareRoot => |a| double(a).sqrt().to_bits(),
    Reciprocal => |a| (1.0 / double(a)).to_bits(),
});

operations!(Count64 [a] (a: wide) -> put: u32 {
    CountOnes => |a: u64| a.count_ones(),
    CountLeadingZeros => |a: u64| a.leading_zeros(),
    FindUnsigned => |a: u64| 63u32.wrapping_sub(a.leading_zeros()),
    FindSigned => |a: u64| 63u32.wrapping_sub(((a as i64 >> 63) as u64 ^ a).leading_zeros()),
});

operations!(Binary64 [a, b] (a: wide, b: wide) -> put_wide: u64 {
    Add => |a: u64, b: u64| a.wrapping_add(b),
    Subtract => |a: u64, b: u64| a.wrapping_sub(b),
    Multiply => |a: u64, b: u64| a.wrapping_mul(b),
    MultiplyHighUnsigned => |a, b| ((u128::from(a) * u128::from(b)) >> 64) as u64,
    MultiplyHighSigned => |a: u64, b: u64| ((i128::from(a as i64) * i128::from(b as i64)) >> 64) as u64,
    DivideUnsigned => |a: u64, b| a.checked_div(b).unwrap_or(u64::MAX),
    DivideSigned => |a: u64, b| if b == 0 { u64::MAX } else { (a as i64).wrapping_div(b as i64) as u64 },
    RemainderUnsigned => |a: u64, b| a.checked_rem(b).unwrap_or(a),
    RemainderSigned => |a: u64, b| if b == 0 { a } else { (a as i64).wrapping_rem(b as i64) as u64 },
    MinimumUnsigned => |a: u64, b: u64| a.min(b),
    MinimumSigned => |a: u64, b: u64| (a as i64).min(b as i64) as u64,
    MaximumUnsigned => |a: u64, b: u64| a.max(b),
    MaximumSigned => |a: u64, b: u64| (a as i64).max(b as i64) as u64,
    And => |a: u64, b: u64| a & b,
    Or => |a: u64, b: u64| a | b,
    Xor => |a: u64, b: u64| a ^ b,
    AddFloat => |a, b| (double(a) + double(b)).to_bits(),
    SubtractFloat => |a, b| (double(a) - double(b)).to_bits(),
    MultiplyFloat => |a, b| (double(a) * double(b)).to_bits(),
    DivideFloat => |a, b| (double(a) / double(b)).to_bits(),
    MinimumFloat => |a, b| double(a).min(double(b)).to_bits(),
    MaximumFloat => |a, b| double(a).max(double(b)).to_bits(),
    CopySign => |a: u64, b: u64| (a & 1 << 63) | (b & !(1 << 63)),
});

operations!(Shift64 [a, amount] (a: wide, amount: narrow) -> put_wide: u64 {
    Left => |a: u64, amount| a.checked_shl(amount).unwrap_or(0),
    RightUnsigned => |a: u64, amount| a.checked_shr(amount).unwrap_or(0),
    RightSigned => |a: u64, amount: u32| ((a as i64) >> amount.min(63)) as u64,
});

operations!(Extract64 [a, position, length] (a: wide, position: narrow, length: narrow) -> put_wide: u64 {
    Unsigned => |a, position, length| extract(a, position, length, 64),
    Signed => |a: u64, position, length| extract_signed(a as i64, position, length, 64),
});

operations!(Widen [a] (a: narrow) -> put_wide: u64 {
    Unsigned => |a: u32| u64::from(a),
    Signed => |a: u32| a as i32 as u64,
    Double => |a| f64::from(float(a)).to_bits(),
    DoubleOfSigned => |a: u32| f64::from(a as i32).to_bits(),
    DoubleOfUnsigned => |a: u32| f64::from(a).to_bits(),
});

operations!(MultiplyWide [a, b] (a: narrow, b: narrow) -> put_wide: u64 {
    Unsigned => |a: u32, b: u32| u64::from(a) * u64::from(b),
    Signed => |a: u32, b: u32| (i64::from(a as i32) * i64::from(b as i32)) as u64,
});

operations!(MultiplyAddWide [a, b, c] (a: narrow, b: narrow, c: wide) -> put_wide: u64 {
    Unsigned => |a: u32, b: u32, c: u64| (u64::from(a) * u64::from(b)).wrapping_add(c),
    Signed => |a: u32, b: u32, c: u64| ((i64::from(a as i32) * i64::from(b as i32)) as u64).wrapping_add(c),
});

operations!(Ternary64 [a, b, c] (a: wide, b: wide, c: wide) -> put_wide: u64 {
    MultiplyAdd => |a: u64, b: u64, c: u64| a.wrapping_mul(b).wrapping_add(c),
    MultiplyAddHighUnsigned => |a, b, c: u64| (((u128::from(a) * u128::from(b)) >> 64) as u64).wrapping_add(c),
    MultiplyAddHighSigned => |a: u64, b: u64, c: u64| {
        (((i128::from(a as i64) * i128::from(b as i64)) >> 64) as u64).wrapping_add(c)
    },
    FusedMultiplyAdd => |a, b, c| double(a).mul_add(double(b), double(c)).to_bits(),
});

/// Makes the enum of comparisons of one width, and what runs them on a warp.
macro_rules! comparisons {
    ($name:ident $read:ident $unsigned:ident $signed:ident $float:ident) => {
        comparisons!($name $read {
            Equal => |a: $unsigned, b: $unsigned| a == b,
            NotEqual => |a: $unsigned, b: $unsigned| a != b,
            LessUnsigned => |a: $unsigned, b: $unsigned| a < b,
            LessEqualUnsigned => |a: $unsigned, b: $unsigned| a <= b,
            GreaterUnsigned => |a: $unsigned, b: $unsigned| a > b,
            GreaterEqualUnsigned => |a: $unsigned, b: $unsigned| a >= b,
            LessSigned => |a: $unsigned, b: $unsigned| (a as $signed) < b as $signed,
            LessEqualSigned => |a: $unsigned, b: $unsigned| a as $signed <= b as $signed,
            GreaterSigned => |a: $unsigned, b: $unsigned| a as $signed > b as $signed,
            GreaterEqualSigned => |a: $unsigned, b: $unsigned| a as $signed >= b as $signed,
            // The operators themselves are false where either is NaN, but for "not equal".
            FloatEqual => |a, b| $float(a) == $float(b),
            FloatNotEqual => |a, b| !($float(a).is_nan() || $float(b).is_nan()) && $float(a) != $float(b),
            FloatLess => |a, b| $float(a) < $float(b),
            FloatLessEqual => |a, b| $float(a) <= $float(b),
            FloatGreater => |a, b| $float(a) > $float(b),
            FloatGreaterEqual => |a, b| $float(a) >= $float(b),
            FloatEqualOrNan => |a, b| $float(a).is_nan() || $float(b).is_nan() || $float(a) == $float(b),
            FloatNotEqualOrNan => |a, b| $float(a) != $float(b),
            FloatLessOrNan => |a, b| $float(a).is_nan() || $float(b).is_nan() || $float(a) < $float(b),
            FloatLessEqualOrNan => |a, b| $float(a).is_nan() || $float(b).is_nan() || $float(a) <= $float(b),
            FloatGreaterOrNan => |a, b| $float(a).is_nan() || $float(b).is_nan() || $float(a) > $float(b),
            FloatGreaterEqualOrNan => |a, b| $float(a).is_nan() || $float(b).is_nan() || $float(a) >= $float(b),
            Ordered => |a, b| !($float(a).is_nan() || $float(b).is_nan()),
            Unordered => |a, b| $float(a).is_nan() || $float(b).is_nan(),
        });
    };
    ($name:ident $read:ident { $($operation:ident => $expression:expr,)* }) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum $name { $($operation,)* }

        impl $name {
            /// The lanes for which it holds, of all 32.
            pub fn run(self, registers: &[Row], a: Slot, b: Slot) -> u32 {
                let (a, b) = ($read(registers, a), $read(registers, b));
                let mut lanes = 0;
                match self {
                    $($name::$operation => for lane in 0..32 {
                        lanes |= u32::from(($expression)(a[lane], b[lane])) << lane;
                    },)*
                }
                lanes
            }
        }
    };
}

comparisons!(Compare32 narrow u32 i32 float);
comparisons!(Compare64 wide u64 i64 double);
