//! The `tensor` engine's products: matrix products whose every bit is defined.
//!
//! Three of them, for three trades: [`int8`] is exact in integers, at the rate of a card's tensor cores; [`strict`] is
//! IEEE f32 with one order of summation; [`exact`] is as precise as f32 but sums exactly, so that any order of summation
//! gives its bits. All multiply A, of `rows` x `depth`, by the transpose of B, of `columns` x `depth`: both operands are read
//! along their rows, and element (i, j) of the result depends on row i of A and row j of B alone. The functions of one
//! element are the specification; processors ([`fast`]) and cards call them or are compared with them bit for bit.

pub mod exact;
#[cfg(feature = "std")]
pub mod fast;
pub mod int8;
pub mod shape;
pub mod strict;

pub use exact::gemm_f32_exact;
pub use int8::{Channel, Limits, gemm_i8, gemm_i8_requantised};
pub use shape::{Shape, TensorError};
pub use strict::gemm_f32_strict;
