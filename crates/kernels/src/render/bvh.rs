//! The canonical binary bounding volume hierarchy: built once, deterministically, by binned surface area heuristic
//! (Wald, "On fast construction of SAH-based bounding volume hierarchies", 2007), and committed with the scene.
//!
//! Decisions are strict f32 in a fixed order, so whoever builds it gets the same words. Hits do not depend on its
//! shape (see `super::intersect`), the number of machine steps does.

use super::intersect::Bounds;
use crate::strict::{clamp, max, min};
use alloc::vec::Vec;

/// No path from the root to a leaf has more pairs than this, which bounds the machine's stack.
pub const DEEPEST: usize = 48;
/// Triangles of a leaf at most.
pub const LEAF_SIZE: usize = 4;
const BINS: usize = 16;
/// Cost of a box pair in units of a triangle test.
const TRAVERSAL_COST: f32 = 1.0;

/// What a node of the hierarchy leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Child {
    /// Index of a pair of nodes.
    Pair(u32),
    /// Triangle slots `first..first + count`, 1 to 8 of them.
    Leaf {
        /// First slot.
        first: u32,
        /// How many.
        count: u32,
    },
}

impl Child {
    /// One word: bit 31 says leaf, then three bits of `count - 1`, then 28 bits of index.
    #[inline(always)]
    pub fn to_word(self) -> u32 {
        match self {
            Child::Pair(index) => index,
            Child::Leaf { first, count } => 0x8000_0000 | ((count - 1) & 7) << 28 | first,
        }
    }

    /// The inverse of [`Child::to_word`]; every word means something.
    #[inline(always)]
    pub fn from_word(word: u32) -> Child {
        if word >> 31 == 0 {
            Child::Pair(word)
        } else {
            Child::Leaf { first: word & 0x0fff_ffff, count: (word >> 28 & 7) + 1 }
        }
    }
}

/// A box and what is in it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Node {
    /// Contains the padded boxes of all triangles below.
    pub bounds: Bounds,
    /// What is below.
    pub child: Child,
}

/// A built hierarchy.
#[derive(Clone, Debug)]
pub struct Hierarchy {
    /// Siblings side by side, in depth-first order; pair 0 holds the two children of the root.
    pub pairs: Vec<[Node; 2]>,
    /// The triangle in each slot.
    pub order: Vec<u32>,
}

/// A triangle while it is sorted into place: half a cache line.
#[derive(Clone, Copy)]
#[repr(C, align(32))]
struct Item {
    low: [f32; 3],
    index: u32,
    high: [f32; 3],
}

impl Item {
    #[inline(always)]
    fn bounds(&self) -> Bounds {
        Bounds { low: self.low, high: self.high }
    }

    /// Twice the centre of the box.
    #[inline(always)]
    fn centre(&self) -> [f32; 3] {
        [self.low[0] + self.high[0], self.low[1] + self.high[1], self.low[2] + self.high[2]]
    }
}

/// Builds the hierarchy over the padded boxes of the triangles (fewer than 2^28).
pub fn build(boxes: &[Bounds]) -> Hierarchy {
    let mut items: Vec<Item> =
        (0..).zip(boxes).map(|(index, bounds)| Item { low: bounds.low, index, high: bounds.high }).collect();
    let mut pairs = Vec::with_capacity(items.len());
    if items.len() == 1 {
        // One triangle has no sibling: the second node is a box that no ray enters, over a pair that is never read.
        let leaf = Node { bounds: items[0].bounds(), child: Child::Leaf { first: 0, count: 1 } };
        pairs.push([leaf, Node { bounds: Bounds::EMPTY, child: Child::Leaf { first: 0, count: 1 } }]);
    } else if !items.is_empty() {
        let (bounds, centres) = extent(&items);
        let cut = divide(&mut items, &bounds, &centres, 0, true).unwrap_or(items.len() / 2);
        split(&mut items, 0, cut, 0, &mut pairs);
    }
    Hierarchy { pairs, order: items.iter().map(|item| item.index).collect() }
}

/// The box around the items, and that around their centres.
fn extent(items: &[Item]) -> (Bounds, Bounds) {
    let mut bounds = Bounds::EMPTY;
    let mut centres = Bounds::EMPTY;
    for item in items {
        bounds = bounds.union(item.bounds());
        let centre = item.centre();
        centres = centres.union(Bounds { low: centre, high: centre });
    }
    (bounds, centres)
}

/// Appends the pair for `items` divided at `cut`, then everything below it; returns the pair's index.
fn split(items: &mut [Item], first: u32, cut: usize, depth: usize, pairs: &mut Vec<[Node; 2]>) -> u32 {
    let place = pairs.len();
    let unset = Node { bounds: Bounds::EMPTY, child: Child::Pair(0) };
    pairs.push([unset; 2]);
    let (left, right) = items.split_at_mut(cut);
    let starts = [first, first + cut as u32];
    for (side, (half, start)) in [left, right].into_iter().zip(starts).enumerate() {
        let (bounds, centres) = extent(half);
        let child = match divide(half, &bounds, &centres, depth + 1, false) {
            Some(cut) => Child::Pair(split(half, start, cut, depth + 1, pairs)),
            None => Child::Leaf { first: start, count: half.len() as u32 },
        };
        pairs[place][side] = Node { bounds, child };
    }
    place as u32
}

/// Reorders `items` into two parts and says where the second begins; `None` makes a leaf.
fn divide(items: &mut [Item], bounds: &Bounds, centres: &Bounds, depth: usize, root: bool) -> Option<usize> {
    let count = items.len();
    if count <= 2 && !root {
        return None;
    }
    // Halving from here on reaches leaves of one just within the depth that the stack allows.
    let halvings = usize::BITS as usize - count.leading_zeros() as usize;
    if depth + halvings + 1 >= DEEPEST {
        return Some(count / 2);
    }
    let Some(best) = cheapest(items, centres, if count < 64 { 8 } else { BINS }) else {
        return if count <= LEAF_SIZE && !root { None } else { Some(count / 2) };
    };
    let area = bounds.half_area();
    if count <= LEAF_SIZE && !root && best.cost + TRAVERSAL_COST * area >= count as f32 * area {
        return None;
    }
    Some(partition(items, &best))
}

/// A plane between two bins.
struct Plane {
    axis: usize,
    bin: u32,
    binning: Binning,
    cost: f32,
}

/// Centre to bin on one axis.
#[derive(Clone, Copy)]
struct Binning {
    start: f32,
    scale: f32,
    last: f32,
}

impl Binning {
    /// Adding 2^23 rounds to the nearest integer and leaves it in the low bits.
    #[inline(always)]
    fn bin(&self, centre: f32) -> u32 {
        (clamp((centre - self.start) * self.scale - 0.5, 0.0, self.last) + 8_388_608.0).to_bits() & (BINS as u32 - 1)
    }
}

/// Boxes with a fourth lane, so that one SIMD register holds one corner.
#[derive(Clone, Copy)]
struct Bin {
    low: [f32; 4],
    high: [f32; 4],
    count: u32,
}

impl Bin {
    const EMPTY: Bin = Bin { low: [crate::strict::LARGEST; 4], high: [-crate::strict::LARGEST; 4], count: 0 };

    #[inline(always)]
    fn add(&mut self, low: [f32; 4], high: [f32; 4], count: u32) {
        for lane in 0..4 {
            self.low[lane] = min(low[lane], self.low[lane]);
            self.high[lane] = max(high[lane], self.high[lane]);
        }
        self.count = self.count.wrapping_add(count);
    }

    #[inline(always)]
    fn cost(&self) -> f32 {
        let [x, y, z] = [0, 1, 2].map(|axis| self.high[axis] - self.low[axis]);
        (x * y + y * z + z * x) * self.count as f32
    }
}

/// The cheapest plane over all axes: the first one where several are equal; `None` if all centres coincide.
fn cheapest(items: &[Item], centres: &Bounds, bins: usize) -> Option<Plane> {
    let binnings = [0, 1, 2].map(|axis| {
        let extent = centres.high[axis] - centres.low[axis];
        let scale = if extent > 0.0 { bins as f32 / extent } else { 0.0 };
        // A scale that overflows belongs to an extent that cannot be divided further.
        let scale = if scale < crate::strict::LARGEST { scale } else { 0.0 };
        Binning { start: centres.low[axis], scale, last: (bins - 1) as f32 }
    });
    let mut table = [[Bin::EMPTY; BINS]; 3];
    for item in items {
        let centre = item.centre();
        let low = [item.low[0], item.low[1], item.low[2], 0.0];
        let high = [item.high[0], item.high[1], item.high[2], 0.0];
        for axis in 0..3 {
            let bin = binnings[axis].bin(centre[axis]) as usize;
            table[axis][bin].add(low, high, 1);
        }
    }
    let mut best: Option<Plane> = None;
    for axis in 0..3 {
        if binnings[axis].scale == 0.0 {
            continue;
        }
        let mut from_right = [0.0; BINS];
        let mut sum = Bin::EMPTY;
        for bin in (1..bins).rev() {
            let next = table[axis][bin];
            sum.add(next.low, next.high, next.count);
            from_right[bin] = if sum.count == 0 { -1.0 } else { sum.cost() };
        }
        let mut sum = Bin::EMPTY;
        for bin in 1..bins {
            let next = table[axis][bin - 1];
            sum.add(next.low, next.high, next.count);
            if sum.count == 0 || from_right[bin] < 0.0 {
                continue;
            }
            let cost = sum.cost() + from_right[bin];
            if best.as_ref().is_none_or(|best| cost < best.cost) {
                best = Some(Plane { axis, bin: bin as u32, binning: binnings[axis], cost });
            }
        }
    }
    best
}

/// Moves the items left of the plane to the front, by swaps from both ends; returns their number, which is neither 0
/// nor all, because both sides of a plane hold items.
fn partition(items: &mut [Item], plane: &Plane) -> usize {
    let is_left = |item: &Item| plane.binning.bin(item.low[plane.axis] + item.high[plane.axis]) < plane.bin;
    let (mut left, mut right) = (0, items.len());
    loop {
        while left < right && is_left(&items[left]) {
            left += 1;
        }
        while left < right && !is_left(&items[right - 1]) {
            right -= 1;
        }
        if left >= right {
            return left;
        }
        items.swap(left, right - 1);
        left += 1;
        right -= 1;
    }
}
