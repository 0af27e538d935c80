//! Where everything lies: operands in the block's memory, matrix fragments in the threads of a warp, tiles in the grid.
//!
//! All of it is plain index arithmetic, so that it is tested without a device: that nothing is lost or doubled, that
//! the fragments are those of the PTX manual (sections "Matrix Fragments for mma.m16n8k32" and "ldmatrix"), and that
//! no access to the block's memory meets another in the same bank.

use super::STAGE_BYTES;

/// Bytes that one thread copies at once, and that one thread names a row of an 8 x 16-byte matrix by.
pub const CHUNK: u32 = 16;

/// Chunks in a row of a panel.
pub const CHUNKS: u32 = STAGE_BYTES / CHUNK;

/// Rows of tiles that are walked together before the next column of tiles: a wave of blocks then reads about as many
/// rows of the left operand as of the right one, which is when the second-level cache serves it best.
pub const GROUP: u32 = 16;

/// Byte offset of a chunk of a row in a panel.
///
/// Two rows share the 128 bytes that the 32 banks hold. With the chunk's number changed by the row's pair, the same
/// chunk of eight consecutive rows lies in eight different groups of four banks, and so do all chunks of two rows.
#[inline(always)]
pub const fn place(row: u32, chunk: u32) -> u32 {
    row * STAGE_BYTES + ((chunk ^ ((row >> 1) & 3)) * CHUNK)
}

/// The (row, chunk) that a thread copies into a panel in its first pass; each further pass is `threads / CHUNKS` rows
/// further down.
#[inline(always)]
pub const fn copied(thread: u32) -> (u32, u32) {
    (thread / CHUNKS, thread % CHUNKS)
}

/// The (row, chunk) that a lane names to `ldmatrix.x4` for the left operand: 16 rows x 32 bytes. The four registers are
/// then those of an `m16n8k32` left fragment.
#[inline(always)]
pub const fn left_source(lane: u32) -> (u32, u32) {
    (lane & 15, lane >> 4)
}

/// The (row, chunk) that a lane names to `ldmatrix.x4` for the right operand: 16 of its rows, which are columns of the
/// result, x 32 bytes. The registers are then the fragments of the first eight columns (two) and of the last eight.
#[inline(always)]
pub const fn right_source(lane: u32) -> (u32, u32) {
    ((lane & 7) + ((lane >> 4) << 3), (lane >> 3) & 1)
}

/// The (row, column) in a 16 x 8 product of a lane's accumulator.
#[inline(always)]
pub const fn accumulated(lane: u32, register: u32) -> (u32, u32) {
    ((lane >> 2) + ((register >> 1) << 3), ((lane & 3) << 1) + (register & 1))
}

/// The (row, column) by which a lane of a warp stands in its 4 x 8 grid of threads for products of plain cores.
///
/// A 16-byte load from the block's memory serves half a warp at once if its lanes agree in pairs (lane and lane ^ 1, or
/// lane and lane ^ 2). Rows do not depend on bit 0 and columns not on bit 1, so both operands' loads do, and half a
/// warp then reads at most 128 different bytes.
#[inline(always)]
pub const fn standing(lane: u32) -> (u32, u32) {
    (((lane >> 1) & 1) | ((lane >> 4) << 1), (lane & 1) | (((lane >> 2) & 3) << 1))
}

/// The (row, column) of the tile that a block computes, among so many rows and columns of tiles.
#[inline(always)]
pub const fn tile_of(block: u32, rows: u32, columns: u32) -> (u32, u32) {
    let group = block / (GROUP * columns);
    let first = group * GROUP;
    let height = if rows - first < GROUP { rows - first } else { GROUP };
    let within = block - group * GROUP * columns;
    (first + within % height, within / height)
}

/// Bytes from row to row where a warp of the int8 product lays 16 x 64 sums down to read them by rows: with 8 words
/// more than the row has, the 8 bytes that each lane of half a warp writes are in different banks.
pub const SUMS_PITCH: u32 = (64 + 8) * 4;

/// Bytes from row to row where a warp of the exact product lays 32 x 32 sums of 8 bytes down: with 64 bytes more than
/// the row has, the 16 bytes that each lane of a quarter of a warp writes are in different banks.
pub const EXACT_PITCH: u32 = (32 + 8) * 8;

#[cfg(test)]
mod tests;
