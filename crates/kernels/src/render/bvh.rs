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
/// Up to this many items are put in fewer bins.
const MANY: usize = 64;
const FEW_BINS: usize = 8;
/// Up to this many items are binned on one axis only.
const FEW: usize = 12;
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

/// Four lanes, so that one corner of a box is one SIMD register; the fourth means nothing to geometry.
type Lanes = [f32; 4];

#[inline(always)]
fn least(a: Lanes, b: Lanes) -> Lanes {
    [min(a[0], b[0]), min(a[1], b[1]), min(a[2], b[2]), min(a[3], b[3])]
}

#[inline(always)]
fn greatest(a: Lanes, b: Lanes) -> Lanes {
    [max(a[0], b[0]), max(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3])]
}

/// A triangle while it is sorted into place: half a cache line.
#[derive(Clone, Copy)]
#[repr(C, align(32))]
struct Item {
    /// The fourth lane carries the bits of the triangle's index, which are only moved, never computed with.
    low: Lanes,
    high: Lanes,
}

impl Item {
    fn new(index: u32, bounds: &Bounds) -> Item {
        let [low, high] = [bounds.low, bounds.high];
        Item { low: [low[0], low[1], low[2], f32::from_bits(index)], high: [high[0], high[1], high[2], 0.0] }
    }

    fn index(&self) -> u32 {
        self.low[3].to_bits()
    }
}

/// A growing box.
#[derive(Clone, Copy)]
struct Extent {
    low: Lanes,
    high: Lanes,
}

impl Extent {
    const EMPTY: Extent = Extent { low: [crate::strict::LARGEST; 4], high: [-crate::strict::LARGEST; 4] };

    #[inline(always)]
    fn add(&mut self, low: Lanes, high: Lanes) {
        self.low = least(low, self.low);
        self.high = greatest(high, self.high);
    }

    fn bounds(&self) -> Bounds {
        let [low, high] = [self.low, self.high].map(|[x, y, z, _]| [x, y, z]);
        Bounds { low, high }
    }
}

/// Builds the hierarchy over the padded boxes of the triangles (fewer than 2^28).
pub fn build(boxes: &[Bounds]) -> Hierarchy {
    let mut items: Vec<Item> = (0..).zip(boxes).map(|(index, bounds)| Item::new(index, bounds)).collect();
    let mut pairs = Vec::with_capacity(items.len());
    if items.len() == 1 {
        // One triangle has no sibling: the second node is a box that no ray enters, over a pair that is never read.
        let leaf = Node { bounds: boxes[0], child: Child::Leaf { first: 0, count: 1 } };
        pairs.push([leaf, Node { bounds: Bounds::EMPTY, child: Child::Leaf { first: 0, count: 1 } }]);
    } else if !items.is_empty() {
        let (bounds, centres) = extent(&items);
        let cut = divide(&mut items, &bounds, &centres, 0, true).unwrap_or(items.len() / 2);
        split(&mut items, 0, cut, 0, &mut pairs);
    }
    Hierarchy { pairs, order: items.iter().map(Item::index).collect() }
}

/// The box around the items, and that around twice their centres.
fn extent(items: &[Item]) -> (Bounds, Bounds) {
    let mut bounds = Extent::EMPTY;
    let mut centres = Extent::EMPTY;
    for Item { low, high } in items {
        bounds.add(*low, *high);
        let centre = [low[0] + high[0], low[1] + high[1], low[2] + high[2], low[3] + high[3]];
        centres.add(centre, centre);
    }
    (bounds.bounds(), centres.bounds())
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
    let Some(best) = cheapest(items, centres) else {
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

/// What falls between two planes.
#[derive(Clone, Copy)]
struct Bin {
    extent: Extent,
    count: u32,
}

impl Bin {
    const EMPTY: Bin = Bin { extent: Extent::EMPTY, count: 0 };

    #[inline(always)]
    fn add(&mut self, other: &Extent, count: u32) {
        self.extent.add(other.low, other.high);
        self.count = self.count.wrapping_add(count);
    }

    #[inline(always)]
    fn cost(&self) -> f32 {
        let Extent { low, high } = &self.extent;
        let [x, y, z] = [high[0] - low[0], high[1] - low[1], high[2] - low[2]];
        (x * y + y * z + z * x) * self.count as f32
    }
}

/// The cheapest plane: the first one where several are equal; `None` if all centres coincide.
///
/// Few items (the bulk of the work, near the leaves) are only binned on the axis along which their centres spread most.
fn cheapest(items: &[Item], centres: &Bounds) -> Option<Plane> {
    let extents = [0, 1, 2].map(|axis| centres.high[axis] - centres.low[axis]);
    let cheaper = |best: Plane, next: Plane| if next.cost < best.cost { next } else { best };
    if items.len() > MANY {
        let plane = |axis| binned::<BINS>(items, axis, centres.low[axis], extents[axis]);
        [plane(0), plane(1), plane(2)].into_iter().flatten().reduce(cheaper)
    } else if items.len() > FEW {
        let plane = |axis| binned::<FEW_BINS>(items, axis, centres.low[axis], extents[axis]);
        [plane(0), plane(1), plane(2)].into_iter().flatten().reduce(cheaper)
    } else {
        let axis = if extents[0] >= extents[1] && extents[0] >= extents[2] {
            0
        } else if extents[1] >= extents[2] {
            1
        } else {
            2
        };
        binned::<FEW_BINS>(items, axis, centres.low[axis], extents[axis])
    }
}

/// The cheapest plane across one axis.
fn binned<const N: usize>(items: &[Item], axis: usize, start: f32, extent: f32) -> Option<Plane> {
    let scale = N as f32 / extent;
    // Centres that coincide, or an extent too small to be divided further.
    if !(extent > 0.0 && scale < crate::strict::LARGEST) {
        return None;
    }
    let binning = Binning { start, scale, last: (N - 1) as f32 };
    let mut table = [Bin::EMPTY; N];
    for item in items {
        let bin = &mut table[binning.bin(item.low[axis] + item.high[axis]) as usize & (N - 1)];
        bin.add(&Extent { low: item.low, high: item.high }, 1);
    }
    let mut from_right = [-1.0; N];
    let mut sum = Bin::EMPTY;
    for bin in (1..N).rev() {
        let next = &table[bin];
        if next.count > 0 {
            sum.add(&next.extent, next.count);
        }
        if sum.count > 0 {
            from_right[bin] = sum.cost();
        }
    }
    let mut best: Option<Plane> = None;
    let mut sum = Bin::EMPTY;
    for bin in 1..N {
        let next = &table[bin - 1];
        // A plane behind an empty bin divides like the one before it.
        if next.count == 0 || from_right[bin] < 0.0 {
            continue;
        }
        sum.add(&next.extent, next.count);
        let cost = sum.cost() + from_right[bin];
        if best.as_ref().is_none_or(|best| cost < best.cost) {
            best = Some(Plane { axis, bin: bin as u32, binning, cost });
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
