//! The fast traversal: an eight-wide hierarchy collapsed from the canonical one, walked with SIMD.
//!
//! It gives the hits of the canonical traversal bit for bit because its boxes are boxes of the canonical hierarchy and
//! its triangle test does the same operations in eight lanes (the argument stands in `super::intersect`). One generic
//! source is compiled for AVX2, chosen at run time, and for any other machine.

use super::bvh::{Child, Node};
use super::image::{NONE, SceneImage, read_pair};
use super::intersect::{Bounds, Hit, Ray, SLACK, confirm};
use crate::machine::Fault;
use crate::strict::LARGEST;
use crate::strict::vector::Vec3;
use alloc::vec::Vec;

/// Triangles of a subtree that become one block of lanes.
const BLOCK_SIZE: u32 = 8;
/// Entries that the stack needs on any canonical hierarchy: seven for each of 48 levels, and one.
const DEEP_STACK: usize = 7 * super::bvh::DEEPEST + 1;
/// Entries that all but degenerate scenes get by with.
const STACK: usize = 128;
/// Marks a child that is a block.
const IS_BLOCK: u32 = 1 << 31;

/// Eight boxes, axis by axis, and what they lead to.
#[repr(C, align(64))]
struct WideNode {
    /// Low x, y, z, high x, y, z.
    planes: [[f32; 8]; 6],
    children: [u32; 8],
}

/// Up to eight triangles, coordinate by coordinate.
#[repr(C, align(64))]
struct Block {
    /// Index 3 corner + axis. Unused lanes hold a triangle without area, which is never hit.
    corners: [[f32; 8]; 9],
    primitives: [u32; 8],
}

impl Block {
    fn corners_of(&self, lane: usize) -> [Vec3; 3] {
        [0, 1, 2].map(|corner| [0, 1, 2].map(|axis| self.corners[3 * corner + axis][lane]))
    }
}

/// The wide hierarchy of a scene image.
pub struct Wide {
    nodes: Vec<WideNode>,
    blocks: Vec<Block>,
    /// Whether the short stack suffices.
    shallow: bool,
    #[cfg(all(feature = "std", target_arch = "x86_64"))]
    avx2: bool,
}

impl Wide {
    /// Collapses the canonical hierarchy of a validated image.
    ///
    /// # Errors
    /// [`Fault::Memory`] where the image is not whole.
    pub fn new(image: &SceneImage) -> Result<Wide, Fault> {
        let mut counts = alloc::vec![0; image.pair_count() as usize];
        count_triangles(image, 0, &mut counts)?;
        let mut builder = Builder { image, counts, nodes: Vec::new(), blocks: Vec::new(), deepest: 0 };
        let roots = read_pair(image, 0)?;
        builder.node(&roots, 1)?;
        let Builder { nodes, blocks, deepest, .. } = builder;
        Ok(Wide {
            nodes,
            blocks,
            shallow: 7 * deepest < STACK,
            #[cfg(all(feature = "std", target_arch = "x86_64"))]
            avx2: std::is_x86_feature_detected!("avx2")
                && std::is_x86_feature_detected!("bmi1")
                && std::is_x86_feature_detected!("bmi2")
                && std::is_x86_feature_detected!("lzcnt"),
        })
    }

    /// Bytes of nodes and blocks.
    pub fn bytes(&self) -> u64 {
        (size_of_val(self.nodes.as_slice()) + size_of_val(self.blocks.as_slice())) as u64
    }

    /// The closest hit at up to `limit`.
    pub fn closest(&self, origin: Vec3, direction: Vec3, limit: f32) -> Option<Hit> {
        let ray = Ray::new(origin, direction);
        #[cfg(all(feature = "std", target_arch = "x86_64"))]
        if self.avx2 {
            // SAFETY: the processor has AVX2.
            return unsafe { closest_avx2(self, &ray, limit) };
        }
        self.search::<Portable, false>(&ray, limit)
    }

    /// [`Wide::closest`] as a machine without AVX2 computes it.
    #[cfg(test)]
    pub(super) fn closest_portable(&self, origin: Vec3, direction: Vec3, limit: f32) -> Option<Hit> {
        self.search::<Portable, false>(&Ray::new(origin, direction), limit)
    }

    /// Whether anything is hit at up to `limit`.
    pub fn occluded(&self, origin: Vec3, direction: Vec3, limit: f32) -> bool {
        let ray = Ray::new(origin, direction);
        #[cfg(all(feature = "std", target_arch = "x86_64"))]
        if self.avx2 {
            // SAFETY: the processor has AVX2.
            return unsafe { any_avx2(self, &ray, limit) }.is_some();
        }
        self.search::<Portable, true>(&ray, limit).is_some()
    }

    #[inline(always)]
    fn search<L: Lanes, const ANY: bool>(&self, ray: &Ray, limit: f32) -> Option<Hit> {
        if self.shallow { self.walk::<L, ANY, STACK>(ray, limit) } else { self.walk::<L, ANY, DEEP_STACK>(ray, limit) }
    }

    /// Nearest child first; an entry of the stack is the entry distance (not below zero, so that its bits are ordered)
    /// above the child.
    #[inline(always)]
    fn walk<L: Lanes, const ANY: bool, const DEPTH: usize>(&self, ray: &Ray, limit: f32) -> Option<Hit> {
        let mut best = Hit { t: limit, primitive: NONE, u: 0.0, v: 0.0 };
        let mut stack = [0_u64; DEPTH];
        let mut depth = 0;
        let mut current = 0_u32;
        let origin = ray.origin.map(L::splat);
        let inverse = ray.inverse.map(L::splat);
        let slack = L::splat(SLACK);
        let zero = L::splat(0.0);
        let near_planes = [0, 1, 2].map(|axis| if ray.negative[axis] { axis + 3 } else { axis });
        let far_planes = [0, 1, 2].map(|axis| if ray.negative[axis] { axis } else { axis + 3 });
        loop {
            if current & IS_BLOCK == 0 {
                let node = &self.nodes[current as usize];
                let plane = |planes: [usize; 3], axis: usize| {
                    L::load(&node.planes[planes[axis]]).subtract(origin[axis]).multiply(inverse[axis])
                };
                let near = plane(near_planes, 0).max(plane(near_planes, 1)).max(plane(near_planes, 2));
                let near = near.multiply(slack);
                let far = plane(far_planes, 0).min(plane(far_planes, 1)).min(plane(far_planes, 2));
                let mut entered = near.not_above(far) & zero.below(far) & near.not_above(L::splat(best.t));
                if entered != 0 {
                    let mut distances = [0.0; 8];
                    near.max(zero).store(&mut distances);
                    let key = |lane: usize| u64::from(distances[lane].to_bits()) << 32 | u64::from(node.children[lane]);
                    let mut nearest = key(entered.trailing_zeros() as usize);
                    entered &= entered - 1;
                    let bottom = depth;
                    while entered != 0 {
                        let mut other = key(entered.trailing_zeros() as usize);
                        entered &= entered - 1;
                        if other < nearest {
                            core::mem::swap(&mut other, &mut nearest);
                        }
                        // Keeps the new entries ordered, the nearest on top.
                        let mut place = depth;
                        while place > bottom && stack[place - 1] < other {
                            stack[place] = stack[place - 1];
                            place -= 1;
                        }
                        stack[place] = other;
                        depth += 1;
                    }
                    current = nearest as u32;
                    continue;
                }
            } else {
                let block = &self.blocks[(current & !IS_BLOCK) as usize];
                test_block::<L>(block, ray, &origin, &mut best);
                if ANY && best.primitive != NONE {
                    return Some(best);
                }
            }
            loop {
                if depth == 0 {
                    return if best.primitive == NONE { None } else { Some(best) };
                }
                depth -= 1;
                let entry = stack[depth];
                if f32::from_bits((entry >> 32) as u32) <= best.t {
                    current = entry as u32;
                    break;
                }
            }
        }
    }
}

/// [`super::intersect::triangle_hit`] in eight lanes.
#[inline(always)]
fn test_block<L: Lanes>(block: &Block, ray: &Ray, origin: &[L; 3], best: &mut Hit) {
    let [kx, ky, kz] = ray.axes;
    let [sx, sy, sz] = ray.shear.map(L::splat);
    let shear = |corner: usize| {
        let along = |axis: usize| L::load(&block.corners[3 * corner + axis]).subtract(origin[axis]);
        let z = along(kz);
        (along(kx).subtract(sx.multiply(z)), along(ky).subtract(sy.multiply(z)), sz.multiply(z))
    };
    let (ax, ay, az) = shear(0);
    let (bx, by, bz) = shear(1);
    let (cx, cy, cz) = shear(2);
    let u = cx.multiply(by).subtract(cy.multiply(bx));
    let v = ax.multiply(cy).subtract(ay.multiply(cx));
    let w = bx.multiply(ay).subtract(by.multiply(ax));
    let zero = L::splat(0.0);
    let outside = u.min(v).min(w).below(zero) & zero.below(u.max(v).max(w));
    if outside == 0xff {
        return;
    }
    let inverse = L::splat(1.0).divide(u.add(v).add(w));
    let t = u.multiply(az).add(v.multiply(bz)).add(w.multiply(cz)).multiply(inverse);
    let mut hits = !outside & zero.below(t) & t.below(L::splat(LARGEST));
    if hits == 0 {
        return;
    }
    let (mut distances, mut second, mut third) = ([0.0; 8], [0.0; 8], [0.0; 8]);
    t.store(&mut distances);
    v.multiply(inverse).store(&mut second);
    w.multiply(inverse).store(&mut third);
    while hits != 0 {
        let lane = hits.trailing_zeros() as usize & 7;
        hits &= hits - 1;
        let primitive = block.primitives[lane];
        if let Some(t) = confirm(ray, &block.corners_of(lane), distances[lane], best.t)
            && (t < best.t || primitive < best.primitive)
        {
            *best = Hit { t, primitive, u: second[lane], v: third[lane] };
        }
    }
}

/// Triangles below each pair.
fn count_triangles(image: &SceneImage, pair: u32, counts: &mut [u32]) -> Result<u32, Fault> {
    let mut total = 0;
    for node in read_pair(image, pair)? {
        if node.bounds != Bounds::EMPTY {
            total += match node.child {
                Child::Leaf { count, .. } => count,
                Child::Pair(below) => count_triangles(image, below, counts)?,
            };
        }
    }
    *counts.get_mut(pair as usize).ok_or(Fault::State("pair"))? = total;
    Ok(total)
}

struct Builder<'a> {
    image: &'a SceneImage,
    counts: Vec<u32>,
    nodes: Vec<WideNode>,
    blocks: Vec<Block>,
    deepest: usize,
}

impl Builder<'_> {
    fn count(&self, node: &Node) -> u32 {
        match node.child {
            Child::Leaf { count, .. } => count,
            Child::Pair(pair) => self.counts.get(pair as usize).copied().unwrap_or(0),
        }
    }

    /// Opens the largest boxes until eight stand side by side; returns the index of the new node.
    fn node(&mut self, pair: &[Node; 2], depth: usize) -> Result<u32, Fault> {
        self.deepest = self.deepest.max(depth);
        let mut children: Vec<Node> = pair.iter().filter(|node| node.bounds != Bounds::EMPTY).copied().collect();
        while children.len() < 8 {
            let mut widest: Option<(usize, u32, f32)> = None;
            for (index, node) in children.iter().enumerate() {
                if let Child::Pair(below) = node.child
                    && self.count(node) > BLOCK_SIZE
                {
                    let area = node.bounds.half_area();
                    if widest.is_none_or(|(_, _, widest)| area > widest) {
                        widest = Some((index, below, area));
                    }
                }
            }
            let Some((index, below, _)) = widest else { break };
            children.remove(index);
            children.extend(read_pair(self.image, below)?.iter().filter(|node| node.bounds != Bounds::EMPTY));
        }
        let place = self.nodes.len();
        let empty = |low: usize| if low < 3 { [LARGEST; 8] } else { [-LARGEST; 8] };
        self.nodes.push(WideNode { planes: [0, 1, 2, 3, 4, 5].map(empty), children: [0; 8] });
        for (lane, child) in children.iter().enumerate() {
            let target = match child.child {
                Child::Pair(below) if self.count(child) > BLOCK_SIZE => {
                    self.node(&read_pair(self.image, below)?, depth + 1)?
                }
                _ => self.block(child)?,
            };
            let node = &mut self.nodes[place];
            for axis in 0..3 {
                node.planes[axis][lane] = child.bounds.low[axis];
                node.planes[axis + 3][lane] = child.bounds.high[axis];
            }
            node.children[lane] = target;
        }
        Ok(place as u32)
    }

    /// Gathers the triangles below a node into a block.
    fn block(&mut self, node: &Node) -> Result<u32, Fault> {
        let mut block = Block { corners: [[0.0; 8]; 9], primitives: [NONE; 8] };
        let mut lane = 0;
        self.gather(node, &mut block, &mut lane)?;
        for empty in lane..8 {
            for coordinate in 0..9 {
                block.corners[coordinate][empty] = block.corners[coordinate % 3][0];
            }
        }
        self.blocks.push(block);
        Ok((self.blocks.len() - 1) as u32 | IS_BLOCK)
    }

    fn gather(&self, node: &Node, block: &mut Block, lane: &mut usize) -> Result<(), Fault> {
        match node.child {
            Child::Pair(below) => {
                for node in read_pair(self.image, below)? {
                    if node.bounds != Bounds::EMPTY {
                        self.gather(&node, block, lane)?;
                    }
                }
            }
            Child::Leaf { first, count } => {
                for slot in first..first + count {
                    let (corners, primitive) = self.image.slot(slot)?;
                    for (coordinate, value) in corners.as_flattened().iter().enumerate() {
                        block.corners[coordinate][*lane] = *value;
                    }
                    block.primitives[*lane] = primitive;
                    *lane += 1;
                }
            }
        }
        Ok(())
    }
}

/// Eight f32 side by side; comparisons give one bit per lane.
trait Lanes: Copy {
    fn splat(value: f32) -> Self;
    fn load(values: &[f32; 8]) -> Self;
    fn store(self, values: &mut [f32; 8]);
    fn add(self, other: Self) -> Self;
    fn subtract(self, other: Self) -> Self;
    fn multiply(self, other: Self) -> Self;
    fn divide(self, other: Self) -> Self;
    fn min(self, other: Self) -> Self;
    fn max(self, other: Self) -> Self;
    fn below(self, other: Self) -> u32;
    fn not_above(self, other: Self) -> u32;
}

/// Plain arrays, which every compiler knows how to vectorise.
#[derive(Clone, Copy)]
struct Portable([f32; 8]);

impl Portable {
    #[inline(always)]
    fn zip(self, other: Self, f: impl Fn(f32, f32) -> f32) -> Self {
        let mut result = self;
        for lane in 0..8 {
            result.0[lane] = f(self.0[lane], other.0[lane]);
        }
        result
    }

    #[inline(always)]
    fn compare(self, other: Self, f: impl Fn(f32, f32) -> bool) -> u32 {
        (0..8).fold(0, |mask, lane| mask | (f(self.0[lane], other.0[lane]) as u32) << lane)
    }
}

impl Lanes for Portable {
    #[inline(always)]
    fn splat(value: f32) -> Self {
        Portable([value; 8])
    }
    #[inline(always)]
    fn load(values: &[f32; 8]) -> Self {
        Portable(*values)
    }
    #[inline(always)]
    fn store(self, values: &mut [f32; 8]) {
        *values = self.0;
    }
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        self.zip(other, |a, b| a + b)
    }
    #[inline(always)]
    fn subtract(self, other: Self) -> Self {
        self.zip(other, |a, b| a - b)
    }
    #[inline(always)]
    fn multiply(self, other: Self) -> Self {
        self.zip(other, |a, b| a * b)
    }
    #[inline(always)]
    fn divide(self, other: Self) -> Self {
        self.zip(other, |a, b| a / b)
    }
    #[inline(always)]
    fn min(self, other: Self) -> Self {
        self.zip(other, crate::strict::min)
    }
    #[inline(always)]
    fn max(self, other: Self) -> Self {
        self.zip(other, crate::strict::max)
    }
    #[inline(always)]
    fn below(self, other: Self) -> u32 {
        self.compare(other, |a, b| a < b)
    }
    #[inline(always)]
    fn not_above(self, other: Self) -> u32 {
        self.compare(other, |a, b| a <= b)
    }
}

#[cfg(all(feature = "std", target_arch = "x86_64"))]
mod avx2 {
    //! The lanes as one AVX register. `min` and `max` of the instruction set give the second operand where a NaN is
    //! involved, which is the rule of `strict`.
    use super::Lanes;
    use core::arch::x86_64::*;

    #[derive(Clone, Copy)]
    pub struct Avx2(__m256);

    // SAFETY of every block below: these methods are inlined into functions compiled for AVX2, which are only called
    // after the processor was asked; loads and stores are unaligned ones on arrays of the right size.
    impl Lanes for Avx2 {
        #[inline(always)]
        fn splat(value: f32) -> Self {
            Avx2(unsafe { _mm256_set1_ps(value) })
        }
        #[inline(always)]
        fn load(values: &[f32; 8]) -> Self {
            Avx2(unsafe { _mm256_loadu_ps(values.as_ptr()) })
        }
        #[inline(always)]
        fn store(self, values: &mut [f32; 8]) {
            unsafe { _mm256_storeu_ps(values.as_mut_ptr(), self.0) }
        }
        #[inline(always)]
        fn add(self, other: Self) -> Self {
            Avx2(unsafe { _mm256_add_ps(self.0, other.0) })
        }
        #[inline(always)]
        fn subtract(self, other: Self) -> Self {
            Avx2(unsafe { _mm256_sub_ps(self.0, other.0) })
        }
        #[inline(always)]
        fn multiply(self, other: Self) -> Self {
            Avx2(unsafe { _mm256_mul_ps(self.0, other.0) })
        }
        #[inline(always)]
        fn divide(self, other: Self) -> Self {
            Avx2(unsafe { _mm256_div_ps(self.0, other.0) })
        }
        #[inline(always)]
        fn min(self, other: Self) -> Self {
            Avx2(unsafe { _mm256_min_ps(self.0, other.0) })
        }
        #[inline(always)]
        fn max(self, other: Self) -> Self {
            Avx2(unsafe { _mm256_max_ps(self.0, other.0) })
        }
        #[inline(always)]
        fn below(self, other: Self) -> u32 {
            unsafe { _mm256_movemask_ps(_mm256_cmp_ps::<_CMP_LT_OQ>(self.0, other.0)) as u32 }
        }
        #[inline(always)]
        fn not_above(self, other: Self) -> u32 {
            unsafe { _mm256_movemask_ps(_mm256_cmp_ps::<_CMP_LE_OQ>(self.0, other.0)) as u32 }
        }
    }
}

#[cfg(all(feature = "std", target_arch = "x86_64"))]
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt")]
fn closest_avx2(wide: &Wide, ray: &Ray, limit: f32) -> Option<Hit> {
    wide.search::<avx2::Avx2, false>(ray, limit)
}

#[cfg(all(feature = "std", target_arch = "x86_64"))]
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt")]
fn any_avx2(wide: &Wide, ray: &Ray, limit: f32) -> Option<Hit> {
    wide.search::<avx2::Avx2, true>(ray, limit)
}
