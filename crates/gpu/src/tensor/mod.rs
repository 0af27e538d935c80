//! Matrix products on the device: exact in integers on tensor cores, strict in f32 on the plain cores, and exact
//! fp32-grade through integers.
//!
//! What is computed is defined in `kernels::tensor`. This module owns how it is divided: tiles of the result to blocks
//! and warps, panels of the operands to the block's memory ([`layout`]), and the order of copies and products. The
//! integer products may be added in any order because integers are; the strict product adds by ascending depth in every
//! tiling, and so no kernel here divides the depth among threads.
//!
//! All operands are row-major with the depth along the rows: the left one is rows x depth, the right one columns x
//! depth. Rows begin at addresses that are multiples of 16 ([`Matrix::pitch`]).

#[cfg(target_arch = "nvptx64")]
#[macro_use]
mod instructions;
#[cfg(all(target_arch = "nvptx64", feature = "sm_80"))]
mod cores;
pub mod int8;
pub mod layout;
pub mod limb;
#[cfg(target_arch = "nvptx64")]
mod limb_cores;
#[cfg(target_arch = "nvptx64")]
mod outer;
#[cfg(target_arch = "nvptx64")]
mod panel;
pub mod strict;

use crate::abi::Pointer;

/// Threads of a block of the products on plain cores.
const OUTER_THREADS: u32 = 256;

/// Rows and columns of a block's tile in the products on plain cores.
const OUTER_SIDE: u32 = 128;

/// What a block of a product on plain cores computes: with asynchronous copies it has three stages, else two.
const fn outer_tile(capability: u32) -> Tile {
    let stages = if capability >= 80 { 3 } else { 2 };
    Tile { rows: OUTER_SIDE, columns: OUTER_SIDE, block_memory: stages * 2 * OUTER_SIDE * STAGE_BYTES }
}

/// Bytes of a row that a stage of the pipeline holds: every panel in the block's memory has rows of so many.
pub const STAGE_BYTES: u32 = 64;

/// Rows and pointers begin at multiples of so many bytes: the widest copy.
pub const ALIGNMENT: u32 = 16;

/// A matrix in the device's memory.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Matrix<T> {
    /// The first row; a multiple of [`ALIGNMENT`].
    pub values: Pointer<T>,
    /// Bytes from a row to the next; a multiple of [`ALIGNMENT`].
    pub pitch: u64,
}

impl<T> Matrix<T> {
    /// Address of a value.
    #[inline(always)]
    pub const fn address(&self, row: u32, column: u32) -> u64 {
        self.values.address() + row as u64 * self.pitch + column as u64 * size_of::<T>() as u64
    }
}

/// Extents of a product: the result is rows x columns, each value a sum over the depth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Shape {
    /// Rows of the left operand and of the result.
    pub rows: u32,
    /// Rows of the right operand, which are columns of the result.
    pub columns: u32,
    /// Values in each row of both operands.
    pub depth: u32,
    /// Nothing; makes the size a multiple of 8.
    pub reserved: u32,
}

impl Shape {
    /// A product of so many rows and columns over so much depth.
    pub const fn new(rows: u32, columns: u32, depth: u32) -> Self {
        Shape { rows, columns, depth, reserved: 0 }
    }
}

/// Rows and columns of the result that one block computes, and what the block needs for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tile {
    /// Rows.
    pub rows: u32,
    /// Columns.
    pub columns: u32,
    /// Bytes of block memory.
    pub block_memory: u32,
}

impl Tile {
    /// Blocks that cover a result.
    pub const fn blocks(&self, shape: Shape) -> u32 {
        shape.rows.div_ceil(self.rows) * shape.columns.div_ceil(self.columns)
    }
}
