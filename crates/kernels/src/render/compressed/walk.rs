//! How a ray goes through the compressed hierarchy: the one source for processors and GPUs.
//!
//! The module above says why it finds the hits of the definition. The operations are chosen for the GPU, where moving
//! bytes, comparing and selecting costs twice what multiplying and adding costs.

use super::super::image::NONE;
use super::super::intersect::{Hit, Ray, greater, lesser, triangle_hit};
use super::{HITS, MEMBERS, Node, SLOT, STACK, Triangle};
use crate::strict::abs;
use core::hint::select_unpredictable;
use core::mem::MaybeUninit;

/// Where nodes and triangles are read from. Indices are those that the builder wrote.
pub trait Tree {
    /// The words of a node.
    fn node(&self, index: u32) -> [[u32; 4]; 5];
    /// The words of a triangle.
    fn triangle(&self, index: u32) -> [[u32; 4]; 3];
}

/// A tree in this machine's memory.
#[derive(Clone, Copy)]
pub struct Slices<'a> {
    /// The nodes, root first.
    pub nodes: &'a [Node],
    /// The triangles.
    pub triangles: &'a [Triangle],
}

impl Tree for Slices<'_> {
    #[inline(always)]
    fn node(&self, index: u32) -> [[u32; 4]; 5] {
        self.nodes[index as usize].words
    }

    #[inline(always)]
    fn triangle(&self, index: u32) -> [[u32; 4]; 3] {
        self.triangles[index as usize].words
    }
}

/// The closest hit at up to `limit`; its primitive is [`NONE`] where there is none. No component of the direction may
/// exceed 2^20.
#[inline(always)]
pub fn closest<T: Tree>(tree: &T, ray: &Ray, limit: f32) -> Hit {
    search::<T, false>(tree, ray, limit)
}

/// Whether anything is hit at up to `limit`. No component of the direction may exceed 2^20.
#[inline(always)]
pub fn occluded<T: Tree>(tree: &T, ray: &Ray, limit: f32) -> bool {
    search::<T, true>(tree, ray, limit).primitive != NONE
}

#[inline(always)]
fn search<T: Tree, const ANY: bool>(tree: &T, ray: &Ray, limit: f32) -> Hit {
    let mut stack = Stack::new();
    let mut walk = Walk::<ANY>::new(&mut stack);
    walk.begin(ray, limit);
    while walk.turn(tree) {}
    walk.hit()
}

/// Triangles that a thread tests before the others of its warp may go on to their next nodes. Most nodes of most rays
/// have none or few; if all waited for the one that has most, a warp would need twice as many instructions for diffuse
/// rays on the measured scene. The order of what one ray reads does not depend on it.
const TURNS: u32 = 2;

/// Children of one node that are still to be visited.
#[repr(C, align(8))]
#[derive(Clone, Copy)]
struct Group {
    /// Index of the node before the first child.
    before: u32,
    /// [`MEMBERS`] of the node, and [`HITS`] to be visited.
    slots: u32,
}

/// For each bit of a slot's number, from the highest: the slots whose bit is the one that the ray meets first.
#[inline(always)]
fn preferences(ray: &Ray) -> [u32; 3] {
    let preferred = |axis: usize, set: u32| if ray.negative[axis] { set } else { !set };
    [preferred(2, 0o77770000), preferred(1, 0o77007700), preferred(0, 0o70707070)]
}

/// Groups that a walk comes back to.
///
/// Not a part of [`Walk`]: beside what is read by an index, LLVM would keep the rest of it in memory too.
pub struct Stack([MaybeUninit<Group>; STACK]);

impl Stack {
    /// Not filled with zeros: on a GPU that would write more than most walks do.
    #[inline(always)]
    #[expect(clippy::new_without_default, reason = "a stack without contents is no value of its own")]
    pub fn new() -> Stack {
        Stack([MaybeUninit::uninit(); STACK])
    }
}

/// A ray on its way: to the closest hit, or to `ANY`. It can be left after every turn, so that a thread whose ray has
/// arrived takes another one while the rest of its warp goes on.
pub struct Walk<'a, const ANY: bool> {
    ray: Ray,
    best: Hit,
    /// The current [`Group`], not as one value: LLVM would make one number of it and take that apart in every turn.
    before: u32,
    slots: u32,
    /// The node's triangles that are still to be tested.
    triangles: u32,
    /// All triangles of the node.
    leaves: u32,
    /// Index of the node's first triangle.
    first: u32,
    depth: u32,
    stack: &'a mut Stack,
}

impl<'a, const ANY: bool> Walk<'a, ANY> {
    /// The place for walks, of which the first has yet to begin.
    #[inline(always)]
    pub fn new(stack: &'a mut Stack) -> Self {
        Walk {
            ray: Ray {
                origin: [0.0; 3],
                direction: [0.0; 3],
                inverse: [0.0; 3],
                negative: [false; 3],
                axes: [0; 3],
                shear: [0.0; 3],
            },
            best: Hit { t: 0.0, primitive: NONE, u: 0.0, v: 0.0 },
            before: 0,
            slots: 0,
            triangles: 0,
            leaves: 0,
            first: 0,
            depth: 0,
            stack,
        }
    }

    /// Begins at the root; a hit counts at up to `limit`. No component of the direction may exceed 2^20.
    #[inline(always)]
    pub fn begin(&mut self, ray: &Ray, limit: f32) {
        self.ray = *ray;
        self.best = Hit { t: limit, primitive: NONE, u: 0.0, v: 0.0 };
        // The root, as the only child of a node that is nowhere.
        (self.before, self.slots) = (u32::MAX, SLOT & (HITS | MEMBERS));
        (self.triangles, self.leaves, self.first) = (0, 0, 0);
        self.depth = 0;
    }

    /// What has been hit so far; its primitive is [`NONE`] where nothing has.
    #[inline(always)]
    pub fn hit(&self) -> Hit {
        self.best
    }

    /// One node, or some triangles of one, or both; whether the walk goes on. Only for a walk that does.
    ///
    /// It has one way out to all that goes on: the threads of a warp must meet at each node, whether they came to it from
    /// its parent or from the stack.
    #[inline(always)]
    pub fn turn<T: Tree>(&mut self, tree: &T) -> bool {
        if self.triangles == 0 {
            let mut slot = self.slots & HITS;
            for preferred in preferences(&self.ray) {
                slot = select_unpredictable(slot & preferred != 0, slot & preferred, slot);
            }
            let rank = (self.slots & MEMBERS & slot.wrapping_sub(1)).count_ones();
            let node = tree.node(self.before.wrapping_add(rank));
            self.slots ^= slot;
            self.stack.0[self.depth as usize % STACK].write(Group { before: self.before, slots: self.slots });
            self.depth += (self.slots & HITS != 0) as u32;

            let hits = !missed(&node, &self.ray, self.best.t);
            (self.before, self.slots) = (node[1][0], node[1][2] & (hits | MEMBERS));
            (self.first, self.leaves) = (node[1][1], node[1][3]);
            // All three bits of a slot that is hit.
            self.triangles = ((hits & HITS) >> 2).wrapping_mul(SLOT) & self.leaves;
        }

        let mut turn = 0;
        while self.triangles != 0 && turn < TURNS {
            let below = (self.triangles & self.triangles.wrapping_neg()) - 1;
            self.triangles &= self.triangles - 1;
            turn += 1;
            let words = tree.triangle(self.first.wrapping_add((self.leaves & below).count_ones()));
            let corners = words.map(|[x, y, z, _]| [x, y, z].map(f32::from_bits));
            let primitive = words[0][3];
            if let Some((t, u, v)) = triangle_hit(&self.ray, &corners, self.best.t)
                && (t < self.best.t || primitive < self.best.primitive)
            {
                self.best = Hit { t, primitive, u, v };
                if ANY {
                    return false;
                }
            }
        }

        let is_done = self.triangles == 0 && self.slots & HITS == 0;
        if is_done && self.depth == 0 {
            return false;
        }
        let top = self.depth.saturating_sub(1);
        // SAFETY: the first place is written at the root, and every place below the depth before the depth passed it,
        // which is at most 49.
        let waiting = unsafe { self.stack.0[top as usize % STACK].assume_init() };
        self.depth = select_unpredictable(is_done, top, self.depth);
        self.before = select_unpredictable(is_done, waiting.before, self.before);
        self.slots = select_unpredictable(is_done, waiting.slots, self.slots);
        true
    }
}

/// Bit 3 slot + 2 of each slot whose box is passed by; the other bits mean nothing.
#[inline(always)]
pub(super) fn missed(node: &[[u32; 4]; 5], ray: &Ray, limit: f32) -> u32 {
    let [px, py, pz, exponents] = node[0];
    let axes = [
        Axis::new(ray, 0, px, exponents << 23),
        Axis::new(ray, 1, py, exponents << 15),
        Axis::new(ray, 2, pz, exponents << 7),
    ];
    let [low_x, low_y] = halves(node[2]);
    let [low_z, high_x] = halves(node[3]);
    let [high_y, high_z] = halves(node[4]);
    let [near_x, far_x] = in_order(ray.negative[0], low_x, high_x);
    let [near_y, far_y] = in_order(ray.negative[1], low_y, high_y);
    let [near_z, far_z] = in_order(ray.negative[2], low_z, high_z);
    let near = [[near_x[0], near_y[0], near_z[0]], [near_x[1], near_y[1], near_z[1]]];
    let far = [[far_x[0], far_y[0], far_z[0]], [far_x[1], far_y[1], far_z[1]]];
    let passed = Passed { axes, limit, exponents };
    // The highest slot first, because each one moves those before it up.
    let all = passed.push::<3>(0, near[1], far[1]);
    let all = passed.push::<2>(all, near[1], far[1]);
    let all = passed.push::<1>(all, near[1], far[1]);
    let all = passed.push::<0>(all, near[1], far[1]);
    let all = passed.push::<3>(all, near[0], far[0]);
    let all = passed.push::<2>(all, near[0], far[0]);
    let all = passed.push::<1>(all, near[0], far[0]);
    passed.push::<0>(all, near[0], far[0])
}

#[inline(always)]
fn halves([a, b, c, d]: [u32; 4]) -> [[u32; 2]; 2] {
    [[a, b], [c, d]]
}

/// The planes where the ray enters, then those where it leaves.
#[inline(always)]
fn in_order(negative: bool, low: [u32; 2], high: [u32; 2]) -> [[u32; 2]; 2] {
    let near = [0, 1].map(|half| select_unpredictable(negative, high[half], low[half]));
    let far = [0, 1].map(|half| select_unpredictable(negative, low[half], high[half]));
    [near, far]
}

/// Distances to the planes of one node on one axis: `(2^15 + q) step + near` and `... + far`.
struct Axis {
    step: f32,
    near: f32,
    far: f32,
}

impl Axis {
    #[inline(always)]
    fn new(ray: &Ray, axis: usize, origin: u32, exponent: u32) -> Axis {
        let step = f32::from_bits(exponent & 0x7f80_0000) * ray.inverse[axis];
        let distance = (f32::from_bits(origin) - ray.origin[axis]) * ray.inverse[axis];
        let doubt = abs(distance * f32::from_bits(0x3680_0000));
        Axis {
            step,
            near: multiply_add(step, -32_768.0, distance - doubt),
            far: multiply_add(step, -32_768.0, distance + doubt),
        }
    }
}

/// The test of a node's boxes.
struct Passed {
    axes: [Axis; 3],
    limit: f32,
    exponents: u32,
}

impl Passed {
    /// Tests the box in byte `BYTE` of the planes: moves `all` up by a slot and puts below it the three highest bits of
    /// a number whose sign says that the box is passed by.
    #[inline(always)]
    fn push<const BYTE: u32>(&self, all: u32, near: [u32; 3], far: [u32; 3]) -> u32 {
        let shifted = |word: u32| shifted::<BYTE>(word, self.exponents);
        let [x, y, z] = &self.axes;
        let near = greater(
            greater(multiply_add(shifted(near[0]), x.step, x.near), multiply_add(shifted(near[1]), y.step, y.near)),
            multiply_add(shifted(near[2]), z.step, z.near),
        );
        let far = lesser(
            lesser(multiply_add(shifted(far[0]), x.step, x.far), multiply_add(shifted(far[1]), y.step, y.far)),
            multiply_add(shifted(far[2]), z.step, z.far),
        );
        funnel(all, (far - near).to_bits() | (self.limit - near).to_bits() | far.to_bits())
    }
}

/// 2^15 + q for byte `BYTE` of a word: the byte in the middle of a mantissa below the exponent that stands in the
/// highest byte of the word of exponents. For a GPU one instruction, where a conversion would cost four.
#[inline(always)]
fn shifted<const BYTE: u32>(word: u32, exponents: u32) -> f32 {
    #[cfg(target_arch = "nvptx64")]
    {
        let number;
        // The bytes are, from the highest: the exponents' highest, its sign (0), the plane, the sign again.
        // SAFETY: an instruction on registers.
        unsafe {
            core::arch::asm!("prmt.b32 {}, {}, {}, {};", out(reg32) number, in(reg32) word, in(reg32) exponents,
                const 0x7f0f + 16 * BYTE, options(pure, nomem, nostack, preserves_flags));
        }
        f32::from_bits(number)
    }
    #[cfg(not(target_arch = "nvptx64"))]
    f32::from_bits(exponents & 0xff00_0000 | (word >> (8 * BYTE) & 0xff) << 8)
}

/// `all` moved up by three bits, below it the three highest bits of `next`.
#[inline(always)]
fn funnel(all: u32, next: u32) -> u32 {
    #[cfg(target_arch = "nvptx64")]
    {
        let moved;
        // SAFETY: an instruction on registers.
        unsafe {
            core::arch::asm!("shf.l.wrap.b32 {}, {}, {}, 3;", out(reg32) moved, in(reg32) next, in(reg32) all,
                options(pure, nomem, nostack, preserves_flags));
        }
        moved
    }
    #[cfg(not(target_arch = "nvptx64"))]
    {
        all << 3 | next >> 29
    }
}

/// a b + c, with one rounding where that is one instruction.
#[inline(always)]
fn multiply_add(a: f32, b: f32, c: f32) -> f32 {
    #[cfg(target_arch = "nvptx64")]
    {
        let sum;
        // SAFETY: an instruction on registers.
        unsafe {
            core::arch::asm!("fma.rn.f32 {}, {}, {}, {};", out(reg32) sum, in(reg32) a, in(reg32) b, in(reg32) c,
                options(pure, nomem, nostack, preserves_flags));
        }
        sum
    }
    #[cfg(not(target_arch = "nvptx64"))]
    {
        a * b + c
    }
}
