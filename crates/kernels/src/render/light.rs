//! Lights: which one to sample, where on it, and with what density.
//!
//! All emissive triangles and the environment stand in one alias table (Walker 1977, in the form of Vose 1991), built
//! from integer weights. A triangle's weight is its area times the mean luminance of its material's emission; the
//! environment, where there are triangles too, weighs as much as all of them together. Inside the environment a second
//! alias table picks a texel by luminance times solid angle, and the direction is uniform in the texel's solid angle.

use crate::machine::{Fault, Memory};
use crate::strict::vector::Vec3;
use crate::strict::{INVERSE_PI, acos, atan2, clamp, max, min, sin_cos_turns, sqrt};
use alloc::vec::Vec;

/// One entry of an alias table: keep the index if a random word is below `threshold`, else take `alias`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Alias {
    /// Of 2^32.
    pub threshold: u32,
    /// The other index.
    pub alias: u32,
}

/// Integers proportional to `weights`, the largest 2^40. All zero if no weight is above zero.
pub fn quantize(weights: &[f32]) -> Vec<u64> {
    let greatest = weights.iter().copied().fold(0.0, max);
    if greatest <= 0.0 {
        return alloc::vec![0; weights.len()];
    }
    weights.iter().map(|weight| (clamp(weight / greatest, 0.0, 1.0) * 1_099_511_627_776.0) as u64).collect()
}

/// The alias table of integer weights, of which at least one is above zero.
pub fn alias_table(weights: &[u64]) -> Vec<Alias> {
    let total: u128 = weights.iter().map(|weight| u128::from(*weight)).sum::<u128>().max(1);
    let count = weights.len() as u128;
    let mut scaled: Vec<u128> = weights.iter().map(|weight| u128::from(*weight) * count).collect();
    let mut table: Vec<Alias> = (0..).take(weights.len()).map(|alias| Alias { threshold: u32::MAX, alias }).collect();
    let (mut small, mut large): (Vec<usize>, Vec<usize>) = (0..weights.len()).partition(|index| scaled[*index] < total);
    while let (Some(under), Some(over)) = (small.pop(), large.last().copied()) {
        table[under] =
            Alias { threshold: ((scaled[under] << 32) / total).min(u128::from(u32::MAX)) as u32, alias: over as u32 };
        scaled[over] -= total - scaled[under];
        if scaled[over] < total {
            large.pop();
            small.push(over);
        }
    }
    table
}

/// Picks an index of a table of `count` entries, each `stride` words long, whose first two words are the [`Alias`].
///
/// # Errors
/// [`Fault::Memory`] for a missing word.
pub fn pick<M: Memory + ?Sized>(
    memory: &M,
    table: u32,
    count: u32,
    stride: u32,
    random: [u32; 2],
) -> Result<u32, Fault> {
    let index = ((u64::from(random[0]) * u64::from(count)) >> 32) as u32;
    let entry = table.wrapping_add(index.wrapping_mul(stride));
    if random[1] < memory.word(entry)? { Ok(index) } else { memory.word(entry.wrapping_add(1)) }
}

/// The texel (column, row) of the environment that a unit direction falls in.
pub fn environment_texel(direction: Vec3, width: u32, height: u32) -> (u32, u32) {
    let [x, y, z] = direction;
    let across = 0.5 + atan2(x, -z) * (0.5 * INVERSE_PI);
    let down = acos(y) * INVERSE_PI;
    let cell = |position: f32, size: u32| {
        let cell = clamp(position * size as f32, 0.0, 16_777_216.0) as u32;
        if cell < size { cell } else { size.saturating_sub(1) }
    };
    (cell(across, width), cell(down, height))
}

/// Cosines of the upper and lower edge of a row of the environment, from +Y.
fn row_edges(row: u32, height: u32) -> (f32, f32) {
    let cosine = |edge: u32| sin_cos_turns(edge as f32 / height as f32 * 0.5).1;
    (cosine(row), cosine(row.wrapping_add(1)))
}

/// Solid angle of a texel in a row of the environment.
pub fn texel_solid_angle(row: u32, width: u32, height: u32) -> f32 {
    let (upper, lower) = row_edges(row, height);
    (upper - lower) * (crate::strict::TWO_PI / width as f32)
}

/// A direction uniform in the solid angle of a texel.
pub fn direction_in_texel(column: u32, row: u32, width: u32, height: u32, random: [f32; 2]) -> Vec3 {
    let (upper, lower) = row_edges(row, height);
    let y = upper + (lower - upper) * random[0];
    let radius = sqrt(max(1.0 - y * y, 0.0));
    // The middle column looks to -Z and columns grow toward +X.
    let (sine, cosine) = sin_cos_turns((column as f32 + random[1]) / width as f32 - 0.5);
    [radius * sine, y, -(radius * cosine)]
}

/// Barycentric weights (u, v) of a point uniform on a triangle.
pub fn point_in_triangle(random: [f32; 2]) -> (f32, f32) {
    let root = sqrt(random[0]);
    (min(root * random[1], 1.0), 1.0 - root)
}

/// Weight of a sample drawn with density `own` when the same light could also be found with density `other`: the power
/// heuristic (Veach, 1997, section 9.2.4) own^2 / (own^2 + other^2).
#[inline]
pub fn power_heuristic(own: f32, other: f32) -> f32 {
    let ratio = other / own;
    1.0 / (1.0 + ratio * ratio)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alias_table_gives_each_index_its_share() {
        let weights = [3_u64, 0, 1, 12, 7, 1];
        let table = alias_table(&weights);
        let total: u64 = weights.iter().sum();
        let mut share = [0.0_f64; 6];
        for (index, entry) in table.iter().enumerate() {
            let keep = (f64::from(entry.threshold) / 4_294_967_296.0).min(1.0);
            share[index] += keep / 6.0;
            share[entry.alias as usize] += (1.0 - keep) / 6.0;
        }
        for (share, weight) in share.iter().zip(weights) {
            assert!((share - weight as f64 / total as f64).abs() < 1e-9);
        }
    }

    #[test]
    fn a_direction_drawn_in_a_texel_is_found_in_that_texel() {
        let (width, height) = (16, 8);
        for row in 0..height {
            for column in 0..width {
                for random in [[0.1, 0.9], [0.5, 0.5], [0.97, 0.03]] {
                    let direction = direction_in_texel(column, row, width, height, random);
                    assert_eq!(environment_texel(direction, width, height), (column, row));
                }
            }
        }
    }

    #[test]
    fn the_texels_of_the_environment_cover_the_sphere_once() {
        let total: f64 = (0..8).map(|row| 16.0 * f64::from(texel_solid_angle(row, 16, 8))).sum();
        assert!((total - 4.0 * std::f64::consts::PI).abs() < 1e-5);
    }
}
