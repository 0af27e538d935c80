//! Rays, boxes and triangles: the one definition of a hit that every traversal shares.
//!
//! # The closest hit does not depend on the hierarchy
//! The closest hit is the minimum of (t, primitive index), compared in this order, over **all** triangles that
//! [`triangle_hit`] accepts. A hierarchy only skips work. Why skipping is exact, bit for bit:
//!
//! 1. For one axis, `((plane - o) x inv)` with fixed `o` and `inv` is a monotone function of `plane`, because rounded
//!    subtraction and rounded multiplication by a fixed number are monotone. [`slab`] takes the entry plane and the
//!    exit plane by the sign of `inv`. So if box B contains box A (per axis `B.low <= A.low`, `A.high <= B.high`, exact
//!    compares), then per axis `entry_B <= entry_A` and `exit_A <= exit_B`; maximum over the entries, minimum over the
//!    exits, and the multiplication of the entry by the constant [`SLACK`] keep the order: `near_B <= near_A`,
//!    `far_A <= far_B`. No operation can give NaN: coordinates are bounded by [`LARGEST_COORDINATE`], and `inv` is
//!    finite because direction components below 2^-60 count as 2^-60 (with their sign).
//! 2. A triangle is accepted only if `near <= far` for its own padded box ([`padded_bounds`]), and then its `t` is
//!    moved into `near..=far`, and must lie in `0 < t <= limit`.
//! 3. A box is entered if `near <= far`, `far > 0` and `near <= limit`. For any box B that contains the triangle's
//!    padded box: `near_B <= near <= t <= far <= far_B`, so `near_B <= far_B`, `far_B >= t > 0`, `near_B <= t`.
//!    While the best hit so far is not better than this triangle, `limit >= t`, hence B is entered.
//!
//! Thus every hierarchy whose boxes contain the padded boxes of the triangles below them, in whatever order, finds the
//! same minimum. The same holds for "is there any hit up to the limit". The padding and the slack only make sure that
//! rounding does not lose a real hit on triangles whose box has no thickness.
//!
//! The edge test is that of Woop, Benthin and Wald, "Watertight ray/triangle intersection" (JCGT 2013), without its
//! double-precision fallback: the edge functions of a shared edge are exact negatives of each other, and zero counts
//! as inside for both neighbours, so no ray passes between two triangles.

use crate::strict::vector::{Vec3, subtract};
use crate::strict::{abs, clamp, is_negative, max, min, with_sign};
use core::hint::select_unpredictable;

/// Factor 1 - 2^-19 on the entry distance: more than the rounding of two slab distances, about 2^-22.
pub const SLACK: f32 = f32::from_bits(0x3f7f_ffe0);
/// Coordinates of vertices may not exceed this: 2^30.
pub const LARGEST_COORDINATE: f32 = 1_073_741_824.0;
/// Direction components nearer to zero than 2^-60 count as this.
const SMALLEST_DIRECTION: f32 = f32::from_bits(0x2180_0000);

/// The lesser of two numbers. A GPU does this in one instruction, which differs from [`min`] where a number is NaN and
/// in the sign of zeros. Neither shows here: boxes and slabs are made of finite numbers, a NaN among the edge functions
/// makes the distance NaN, which is refused, and of a zero the sign is never looked at.
#[inline(always)]
pub(super) fn lesser(a: f32, b: f32) -> f32 {
    if cfg!(target_arch = "nvptx64") { a.min(b) } else { min(a, b) }
}

/// The greater of two numbers, as [`lesser`].
#[inline(always)]
pub(super) fn greater(a: f32, b: f32) -> f32 {
    if cfg!(target_arch = "nvptx64") { a.max(b) } else { max(a, b) }
}

/// An axis-aligned box.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bounds {
    /// Least coordinates.
    pub low: Vec3,
    /// Greatest coordinates.
    pub high: Vec3,
}

impl Bounds {
    /// A box that contains nothing and that no ray enters.
    pub const EMPTY: Bounds = Bounds { low: [crate::strict::LARGEST; 3], high: [-crate::strict::LARGEST; 3] };

    /// The smallest box around both.
    #[inline(always)]
    pub fn union(self, other: Bounds) -> Bounds {
        let low = [0, 1, 2].map(|axis| min(self.low[axis], other.low[axis]));
        let high = [0, 1, 2].map(|axis| max(self.high[axis], other.high[axis]));
        Bounds { low, high }
    }

    /// Whether every point of `other` is inside.
    pub fn contains(&self, other: &Bounds) -> bool {
        (0..3).all(|axis| self.low[axis] <= other.low[axis] && other.high[axis] <= self.high[axis])
    }

    /// Half the surface area; 0 for an empty box.
    #[inline(always)]
    pub fn half_area(&self) -> f32 {
        let [x, y, z] = subtract(self.high, self.low);
        if x < 0.0 { 0.0 } else { x * y + y * z + z * x }
    }
}

/// The box of a triangle, widened on every side by 2^-21 of its largest coordinate on that axis plus 2^-80.
#[inline(always)]
pub fn padded_bounds(corners: &[Vec3; 3]) -> Bounds {
    let [a, b, c] = *corners;
    let mut bounds = Bounds::EMPTY;
    for axis in 0..3 {
        let low = lesser(lesser(a[axis], b[axis]), c[axis]);
        let high = greater(greater(a[axis], b[axis]), c[axis]);
        let padding = greater(abs(low), abs(high)) * f32::from_bits(0x3500_0000) + f32::from_bits(0x1780_0000);
        bounds.low[axis] = low - padding;
        bounds.high[axis] = high + padding;
    }
    bounds
}

/// A ray with what the tests derive from its direction.
#[derive(Clone, Copy, Debug)]
pub struct Ray {
    /// Start.
    pub origin: Vec3,
    /// Direction, of any length but about 1 in use.
    pub direction: Vec3,
    /// One over the direction, never infinite.
    pub inverse: Vec3,
    /// Which axes point to lower coordinates.
    pub negative: [bool; 3],
    /// Axes x, y, z of the sheared space; z is the largest of the direction, the first one where several are.
    pub axes: [usize; 3],
    /// Shear along x and y, scale along z.
    pub shear: Vec3,
}

impl Ray {
    /// Derives the constants of a ray.
    #[inline(always)]
    pub fn new(origin: Vec3, direction: Vec3) -> Ray {
        let safe = direction.map(|d| with_sign(max(abs(d), SMALLEST_DIRECTION), d));
        let (x, y, z) = (abs(safe[0]), abs(safe[1]), abs(safe[2]));
        let kz = if x >= y && x >= z {
            0
        } else if y >= z {
            1
        } else {
            2
        };
        let kx = if kz == 2 { 0 } else { kz + 1 };
        let ky = if kx == 2 { 0 } else { kx + 1 };
        let axes = [kx, ky, kz];
        let along = 1.0 / component(&safe, axes, 2);
        Ray {
            origin,
            direction,
            inverse: safe.map(|d| 1.0 / d),
            negative: safe.map(is_negative),
            axes,
            shear: [component(&direction, axes, 0) * along, component(&direction, axes, 1) * along, along],
        }
    }
}

/// The component of `v` along one of the axes of the sheared space. A GPU selects, because it cannot index registers.
#[inline(always)]
fn component(v: &Vec3, axes: [usize; 3], axis: usize) -> f32 {
    if cfg!(target_arch = "nvptx64") { selected(v, axes[2], axis) } else { v[axes[axis]] }
}

/// [`component`] from the last axis alone: the first two follow it in the order x, y, z, x, y.
#[inline(always)]
pub(super) fn selected(v: &Vec3, last: usize, axis: usize) -> f32 {
    let [if_x, if_y, if_z] = [v[(axis + 1) % 3], v[(axis + 2) % 3], v[axis]];
    select_unpredictable(last == 0, if_x, select_unpredictable(last == 1, if_y, if_z))
}

/// Entry (times [`SLACK`]) and exit distance of a ray and a box; the entry is greater where the box is missed.
#[inline(always)]
pub fn slab(ray: &Ray, bounds: &Bounds) -> (f32, f32) {
    let plane = |axis: usize, far: bool| {
        let plane = if ray.negative[axis] != far { bounds.high[axis] } else { bounds.low[axis] };
        (plane - ray.origin[axis]) * ray.inverse[axis]
    };
    let near = greater(greater(plane(0, false), plane(1, false)), plane(2, false));
    let far = lesser(lesser(plane(0, true), plane(1, true)), plane(2, true));
    (near * SLACK, far)
}

/// Whether a box may hold a hit at up to `limit`, and its entry distance.
#[inline(always)]
pub fn enters(ray: &Ray, bounds: &Bounds, limit: f32) -> (bool, f32) {
    let (near, far) = slab(ray, bounds);
    (near <= far && far > 0.0 && near <= limit, near)
}

/// A point of a triangle on a ray: `corner0 (1 - u - v) + corner1 u + corner2 v`, at `t` times the direction.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hit {
    /// Distance in units of the direction's length, above 0.
    pub t: f32,
    /// Index of the triangle in the mesh.
    pub primitive: u32,
    /// Weight of the second corner.
    pub u: f32,
    /// Weight of the third corner.
    pub v: f32,
}

/// (t, u, v) where the ray meets the triangle, from either side, at `0 < t <= limit`.
#[inline(always)]
pub fn triangle_hit(ray: &Ray, corners: &[Vec3; 3], limit: f32) -> Option<(f32, f32, f32)> {
    let [sx, sy, sz] = ray.shear;
    let [a, b, c] = corners.map(|corner| subtract(corner, ray.origin));
    let along = |v: &Vec3, axis: usize| component(v, ray.axes, axis);
    let (az, bz, cz) = (along(&a, 2), along(&b, 2), along(&c, 2));
    let (ax, ay) = (along(&a, 0) - sx * az, along(&a, 1) - sy * az);
    let (bx, by) = (along(&b, 0) - sx * bz, along(&b, 1) - sy * bz);
    let (cx, cy) = (along(&c, 0) - sx * cz, along(&c, 1) - sy * cz);
    let u = cx * by - cy * bx;
    let v = ax * cy - ay * cx;
    let w = bx * ay - by * ax;
    let least = lesser(lesser(u, v), w);
    let greatest = greater(greater(u, v), w);
    if least < 0.0 && greatest > 0.0 {
        return None;
    }
    let determinant = u + v + w;
    let inverse = 1.0 / determinant;
    let distance = (u * (sz * az) + v * (sz * bz)) + w * (sz * cz);
    let t = distance * inverse;
    // Also refuses a zero determinant: t is then infinite or NaN.
    if !(t > 0.0 && t < crate::strict::LARGEST) {
        return None;
    }
    confirm(ray, corners, t, limit).map(|t| (t, v * inverse, w * inverse))
}

/// The last part of [`triangle_hit`]: the distance, moved into the triangle's own slab interval, if it counts.
#[inline(always)]
pub fn confirm(ray: &Ray, corners: &[Vec3; 3], t: f32, limit: f32) -> Option<f32> {
    let (near, far) = slab(ray, &padded_bounds(corners));
    let t = lesser(greater(t, near), far);
    if near <= far && t > 0.0 && t <= limit { Some(t) } else { None }
}

/// Moves a point of a surface off it, to the side of `normal`, by 256 units in the last place of each coordinate
/// (Wächter and Binder, "A fast and robust method for avoiding self-intersection", Ray Tracing Gems, chapter 6).
#[inline(always)]
pub fn leave_surface(point: Vec3, normal: Vec3) -> Vec3 {
    [0, 1, 2].map(|axis| {
        let (p, n) = (point[axis], normal[axis]);
        if abs(p) < 0.03125 {
            p + n * f32::from_bits(0x3780_0000)
        } else {
            let steps = clamp(n * 256.0, -256.0, 256.0) as i32;
            let pattern = crate::strict::bits(p) as i32;
            f32::from_bits(pattern.wrapping_add(if is_negative(p) { -steps } else { steps }) as u32)
        }
    })
}
