//! The traversal for GPUs: an eight-wide hierarchy with boxes of one byte per plane, collapsed from the canonical one
//! (Ylitie, Karras and Laine, "Efficient incoherent ray traversal on GPUs through compressed wide BVHs", 2017).
//!
//! It knows nothing of GPUs: [`walk`] is one source over a [`Tree`], which here is two slices and there two addresses.
//!
//! # A node: 80 bytes, five loads of sixteen
//! | word | content |
//! |---|---|
//! | 0..3 | origin p of the node's grid |
//! | 3 | the grid's steps: exponent of 2 plus 127, one byte per axis; above them the exponent of 2^15 ([`SHIFTED`]) |
//! | 4 | index of the node before its first child (children stand side by side, in the order of their slots) |
//! | 5 | index of its first triangle (triangles stand side by side, in the order of their slots) |
//! | 6 | inner slots: bits 3 slot + 2 ([`HITS`]) and 3 slot + 1 ([`MEMBERS`]) for each slot that is a node |
//! | 7 | leaf slots: bits 3 slot, 3 slot + 1, 3 slot + 2 for a first, second and third triangle |
//! | 8..20 | low x, low y, low z, high x, high y, high z: a byte for each of eight slots |
//!
//! Which child has which slot says from where it is seen first: bit 0 of the slot is set for children towards greater
//! x, bit 1 for y, bit 2 for z, as well as eight children can be given eight corners. A ray takes the slots in the
//! order that its signs prefer, and nothing is sorted. A triangle is 48 bytes: three corners, each with a word beside
//! it, the first of which is the triangle's index in the mesh.
//!
//! # Why the hits are those of the definition, bit for bit
//! Only *skipping* is done with planes of less precision; [`triangle_hit`](super::intersect::triangle_hit) decides what
//! is hit and where. By the argument of [`super::intersect`], which takes every candidate in any order, it is enough
//! that a box is entered whenever a triangle below it is accepted at the limit that stands at that time. The bits of
//! the distances to these boxes do not matter, only on which side of the truth they are; so they may be computed with
//! a fused multiplication on one machine and without on another.
//!
//! *Names.* u = 2^-24. Everything without fl() is a real number. On one axis a ray has origin o, inverse i with
//! 2^-20 <= |i| <= 2^60 (components of directions are at most 2^20), a node has origin p and step s = 2^e, e >= -88.
//! A = |s i|; B = (p - o) i; plane q (0..=255) is P = p + q s, at T = (P - o) i. A triangle below has the plane X of its
//! padded box on the same side, at T' = (X - o) i. Coordinates are at most 2^31, so nothing overflows.
//!
//! *What is built* ([`build`]): P is at least s / 128 further out than the planes of all padded boxes below it. The
//! builder computes in f64 with a margin of s / 64, and the errors of its two operations are below 2^-44 s. Hence for
//! the plane where the ray enters T <= T' - A / 128, and for the one where it leaves T' <= T - A / 128.
//!
//! *What is computed* ([`walk`]): b = fl(fl(p - o) i); b- = fl(b - |2^-18 b|) and b+ = fl(b + |2^-18 b|);
//! c = fl(b± - 2^15 a) with a = s i, exact because s is a power of two; the byte q stands in the middle of a mantissa,
//! which makes it the number 2^15 + q; the distance is D = fl((2^15 + q) a + c), with one rounding or with two.
//! The errors: 2.01 u |B| in b, with the one for b± 3.02 u |B|; u (|b±| + 2^15 A) in c; at most
//! u (2^15 + 255) A + u (|b±| + 256 A) in D. Together with what may underflow, which is below 2^-140 and so below
//! u A (A >= 2^-108):
//! `|D - (T ± 2^-18 |B|)| <= 5.1 u |B| + 66,050 u A`, and 66,050 u < 0.00394.
//!
//! *Entry.* The definition accepts at t > 0 with t >= fl(M SLACK), where M is at least the reference's own value for this
//! axis, which is at least T' (1 - 2.01 u) - 2^-149 if T' > 0. So t >= T' (1 - k) - 2^-148 with k = 2^-19 + 2^-22.
//! - If T' <= 0: D <= T' - A / 128 + 0.00394 A - (2^-18 - 5.1 u) |B| < 0 < t.
//! - If 0 < T' <= |B| + 256 A: D <= T' - 0.0038 A - (2^-18 - 5.1 u) |B|. This is at most T' - k T' - 2^-148, because
//!   k |B| <= (2^-18 - 5.1 u) |B| and 256 k A + 2^-148 <= 0.0006 A. So D <= t.
//! - If T' > |B| + 256 A: T <= |B| + 255 A, so D <= |B| + 255.01 A <= (|B| + 256 A) (1 - k) - 2^-148 <= t.
//!
//! *Exit.* t is at most the reference's value for this axis; it is above 0, so T' is, and t <= T' (1 + 2.01 u) + 2^-149.
//! As T' <= T - A / 128 <= |B| + 255 A, t <= T - A / 128 + 2.01 u |B| + 513 u A + 2^-149, and
//! D >= T + (2^-18 - 5.1 u) |B| - 0.00394 A, which is more. So D >= t.
//!
//! Thus near = max D over the entries <= t <= min D over the exits = far. A box is passed by only where one of
//! fl(far - near), fl(limit - near) and far has its sign bit set; with near <= t <= far, t <= limit and 0 < t <= far
//! none has, as a difference rounded to nearest has the sign of the true difference, and that of equals is +0.
//! No distance is infinite or NaN, because |b| <= 2^93. The tests show it on rays and boxes, and that a plane moved
//! inward by one step loses hits.

pub mod build;
#[cfg(test)]
mod tests;
pub mod walk;

pub use build::Compressed;
pub use walk::{Slices, Stack, Tree, Walk, closest, occluded};

/// Children of a node at most.
pub const WIDTH: usize = 8;
/// Triangles of a slot at most.
pub const LEAF_SIZE: u32 = 3;
/// Places of the walk's stack. Every node on a path but the last leaves at most one entry; a path has at most
/// [`DEEPEST`](super::bvh::DEEPEST) nodes made of canonical pairs and two that divide a leaf of up to eight triangles.
/// A power of two, so that a place needs no check.
pub const STACK: usize = 64;
const _: () = assert!(STACK.is_power_of_two() && STACK > super::bvh::DEEPEST + 2);

/// The bit of each slot that says "hit".
pub const HITS: u32 = 0o44444444;
/// The bit of each slot that says "is a node".
pub const MEMBERS: u32 = 0o22222222;
/// The highest byte of the word of exponents: that of the float 2^15.
pub const SHIFTED: u32 = 0x4700_0000;
/// The bits of a slot.
pub const SLOT: u32 = 0o7;

/// Eight boxes and what is in them; the module's table says where.
#[repr(C, align(16))]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Node {
    /// The twenty words.
    pub words: [[u32; 4]; 5],
}

/// Three corners of three coordinates; the fourth word of the first one is the triangle's index in the mesh.
#[repr(C, align(16))]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Triangle {
    /// The twelve words.
    pub words: [[u32; 4]; 3],
}
