//! The fast traversal: an eight-wide hierarchy collapsed from the canonical one, walked with SIMD.
//!
//! It gives the hits of the canonical traversal bit for bit because its boxes are boxes of the canonical hierarchy and
//! its triangle test does the same operations in eight lanes (the argument stands in `super::intersect`). One generic
//! source is compiled for AVX2, chosen at run time, and for any other machine.

use super::bvh::Node;
use super::collapse::{Collapse, Costs};
use super::image::{NONE, SceneImage};
use super::intersect::{Hit, Ray, SLACK, confirm};
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
        let collapse = Collapse::new(image, COSTS)?;
        let root = collapse.root()?;
        let mut builder = Builder { collapse, nodes: Vec::new(), blocks: Vec::new(), deepest: 0 };
        builder.node(root, 1)?;
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
        // No closures and no `map` around lanes: they would be compiled without the instruction set.
        let origin = splat3::<L>(ray.origin);
        let inverse = splat3::<L>(ray.inverse);
        let slack = L::splat(SLACK);
        let zero = L::splat(0.0);
        let near_planes = [0, 1, 2].map(|axis| if ray.negative[axis] { axis + 3 } else { axis });
        let far_planes = [0, 1, 2].map(|axis| if ray.negative[axis] { axis } else { axis + 3 });
        loop {
            if current & IS_BLOCK == 0 {
                let node = &self.nodes[current as usize];
                let near = distances_to(node, near_planes, &origin, &inverse);
                let far = distances_to(node, far_planes, &origin, &inverse);
                let near = near[0].max(near[1]).max(near[2]).multiply(slack);
                let far = far[0].min(far[1]).min(far[2]);
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

#[inline(always)]
fn splat3<L: Lanes>(v: Vec3) -> [L; 3] {
    [L::splat(v[0]), L::splat(v[1]), L::splat(v[2])]
}

/// Distances to one plane per axis of the eight boxes.
#[inline(always)]
fn distances_to<L: Lanes>(node: &WideNode, planes: [usize; 3], origin: &[L; 3], inverse: &[L; 3]) -> [L; 3] {
    [
        L::load(&node.planes[planes[0]]).subtract(origin[0]).multiply(inverse[0]),
        L::load(&node.planes[planes[1]]).subtract(origin[1]).multiply(inverse[1]),
        L::load(&node.planes[planes[2]]).subtract(origin[2]).multiply(inverse[2]),
    ]
}

/// The sheared coordinates of one corner of eight triangles.
#[inline(always)]
fn shear<L: Lanes>(corner: &[[f32; 8]], axes: [usize; 3], origin: &[L; 3], shear: &[L; 3]) -> [L; 3] {
    let [kx, ky, kz] = axes;
    let z = L::load(&corner[kz]).subtract(origin[kz]);
    [
        L::load(&corner[kx]).subtract(origin[kx]).subtract(shear[0].multiply(z)),
        L::load(&corner[ky]).subtract(origin[ky]).subtract(shear[1].multiply(z)),
        shear[2].multiply(z),
    ]
}

/// [`super::intersect::triangle_hit`] in eight lanes.
#[inline(always)]
fn test_block<L: Lanes>(block: &Block, ray: &Ray, origin: &[L; 3], best: &mut Hit) {
    let factors = splat3::<L>(ray.shear);
    let [ax, ay, az] = shear(&block.corners[0..3], ray.axes, origin, &factors);
    let [bx, by, bz] = shear(&block.corners[3..6], ray.axes, origin, &factors);
    let [cx, cy, cz] = shear(&block.corners[6..9], ray.axes, origin, &factors);
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

/// A block costs as much as a node, however many of its lanes are used.
const COSTS: Costs = Costs { node: 1.0, leaf: 1.0, triangle: 0.0, leaf_size: BLOCK_SIZE };

/// Lays out what the collapse plans.
struct Builder<'a> {
    collapse: Collapse<'a>,
    nodes: Vec<WideNode>,
    blocks: Vec<Block>,
    deepest: usize,
}

impl Builder<'_> {
    /// Adds the wide node for these children and all below it; returns its index.
    fn node(&mut self, children: Vec<Node>, depth: usize) -> Result<u32, Fault> {
        self.deepest = self.deepest.max(depth);
        let place = self.nodes.len();
        let empty = |plane: usize| if plane < 3 { [LARGEST; 8] } else { [-LARGEST; 8] };
        self.nodes.push(WideNode { planes: [0, 1, 2, 3, 4, 5].map(empty), children: [0; 8] });
        for (lane, child) in children.iter().enumerate() {
            let target = if self.collapse.is_leaf(child)? {
                self.block(child)?
            } else {
                self.node(self.collapse.below(child)?, depth + 1)?
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
        let mut triangles = Vec::with_capacity(BLOCK_SIZE as usize);
        self.collapse.gather(node, &mut triangles)?;
        for (lane, (corners, primitive)) in triangles.iter().enumerate() {
            for (coordinate, value) in corners.as_flattened().iter().enumerate() {
                block.corners[coordinate][lane] = *value;
            }
            block.primitives[lane] = *primitive;
        }
        for empty in triangles.len()..8 {
            for coordinate in 0..9 {
                block.corners[coordinate][empty] = block.corners[coordinate % 3][0];
            }
        }
        self.blocks.push(block);
        Ok((self.blocks.len() - 1) as u32 | IS_BLOCK)
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
