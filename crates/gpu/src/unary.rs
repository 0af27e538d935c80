//! The strict functions of one argument over a range of bit patterns: what compares the card's arithmetic with the
//! processor's on all 2^32 inputs.

use crate::abi::{Kernel, Pointer};
use kernels::strict;

/// A function of one f32, by the number that a launch names it with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Function {
    /// Square root.
    Sqrt = 0,
    /// Sine of turns.
    SinTurns = 1,
    /// Cosine of turns.
    CosTurns = 2,
    /// Sine of radians.
    Sin = 3,
    /// Cosine of radians.
    Cos = 4,
    /// Exponential.
    Exp = 5,
    /// Natural logarithm.
    Ln = 6,
    /// Arc cosine.
    Acos = 7,
    /// Greatest integer not above.
    Floor = 8,
    /// Nearest integer.
    Round = 9,
    /// 1 / x.
    Reciprocal = 10,
    /// Angle of (1, x).
    Atan = 11,
    /// Fixed-point radiance, its two halves folded into one word.
    FixedPoint = 12,
}

impl Function {
    /// All of them.
    pub const ALL: [Function; 13] = [
        Function::Sqrt,
        Function::SinTurns,
        Function::CosTurns,
        Function::Sin,
        Function::Cos,
        Function::Exp,
        Function::Ln,
        Function::Acos,
        Function::Floor,
        Function::Round,
        Function::Reciprocal,
        Function::Atan,
        Function::FixedPoint,
    ];

    /// The bits of the function at the f32 with the given bits; every NaN has one pattern.
    #[inline(always)]
    pub fn at(self, pattern: u32) -> u32 {
        let x = f32::from_bits(pattern);
        match self {
            Function::Sqrt => strict::bits(strict::sqrt(x)),
            Function::SinTurns => strict::bits(strict::sin_cos_turns(x).0),
            Function::CosTurns => strict::bits(strict::sin_cos_turns(x).1),
            Function::Sin => strict::bits(strict::sin_cos(x).0),
            Function::Cos => strict::bits(strict::sin_cos(x).1),
            Function::Exp => strict::bits(strict::exp(x)),
            Function::Ln => strict::bits(strict::ln(x)),
            Function::Acos => strict::bits(strict::acos(x)),
            Function::Floor => strict::floor(x) as u32,
            Function::Round => strict::round(x) as u32,
            Function::Reciprocal => strict::bits(1.0 / x),
            Function::Atan => strict::bits(strict::atan2(x, 1.0)),
            Function::FixedPoint => {
                let fixed = kernels::render::path::to_fixed_point(x) as u64;
                fixed as u32 ^ (fixed >> 32) as u32
            }
        }
    }
}

/// Evaluates one function at consecutive bit patterns.
pub struct Unary;

/// Of [`Unary`].
#[derive(Clone, Copy)]
#[repr(C)]
pub struct UnaryArguments {
    /// Where the results go, one word for each pattern.
    pub results: Pointer<u32>,
    /// Which [`Function`].
    pub function: u32,
    /// The first pattern.
    pub first: u32,
    /// How many patterns.
    pub count: u32,
}

impl Kernel for Unary {
    type Arguments = UnaryArguments;
    const NAME: &'static core::ffi::CStr = c"unary";
    const THREADS: u32 = 256;
}

#[cfg(target_arch = "nvptx64")]
#[unsafe(no_mangle)]
unsafe extern "ptx-kernel" fn unary(arguments: UnaryArguments) {
    let index = crate::device::index();
    if index >= u64::from(arguments.count) {
        return;
    }
    let Some(function) = Function::ALL.get(arguments.function as usize) else { return };
    let value = function.at(arguments.first.wrapping_add(index as u32));
    // SAFETY: the host gives room for `count` results.
    unsafe { arguments.results.get().add(index as usize).write(value) };
}
