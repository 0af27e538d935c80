//! A mountainous height field of any number of triangles, for measuring.

use kernels::render::scene::{Encoding, Material, Scene, Texture, Wrap};

use super::noise;
use super::shape::{Builder, Point, look, paint, sky};
use super::still_life::evening;
use crate::math::normalize;

/// Half the edge of the terrain, metres.
const HALF: f64 = 10.0;

/// At least `triangles` triangles (up to 2^24) of mountains under an evening sky.
pub fn terrain(triangles: u32) -> Scene {
    let wanted = f64::from(triangles.clamp(2, 1 << 24));
    let edge = (wanted / 2.0).sqrt().ceil() as u32;
    let mut shapes = Builder::default();
    shapes.patch(0, (edge, edge), false, [1.0, 1.0], |u, v| {
        let (x, z) = ((u * 2.0 - 1.0) * HALF, (v * 2.0 - 1.0) * HALF);
        // Slopes over a fixed small distance, so that shading does not depend on the number of triangles.
        let step = 1e-3;
        let slope_x = (height(x + step, z) - height(x - step, z)) / (2.0 * step);
        let slope_z = (height(x, z + step) - height(x, z - step)) / (2.0 * step);
        Point {
            position: [x, height(x, z), z],
            normal: normalize([-slope_x, 1.0, -slope_z]).unwrap_or([0.0, 1.0, 0.0]),
            tangent: [1.0, slope_x, 0.0],
        }
    });
    let materials =
        vec![Material { base_color_texture: Some(0), roughness: 0.9, specular: 1.0, ..Material::default() }];
    let camera = look([0.0, 3.6, 10.5], [0.0, 2.0, 0.0], 42.0);
    shapes.finish(camera, materials, vec![ground()], sky(128, evening))
}

/// Ridged mountains, lower toward the viewer.
fn height(x: f64, z: f64) -> f64 {
    let broad = noise::fractal((x + HALF) * 0.22, (z + HALF) * 0.22, 1 << 16, 2, 41);
    let ridges = 1.0 - (2.0 * noise::fractal((x + HALF) * 0.35, (z + HALF) * 0.35, 1 << 16, 7, 17) - 1.0).abs();
    let rise = 0.25 + 0.95 * ((HALF - z) / (2.0 * HALF)).clamp(0.0, 1.0);
    rise * (1.6 * broad + 7.0 * (ridges - 0.5).max(0.0) * broad + 0.6 * ridges)
}

/// Grass, rock and snow by height and steepness.
fn ground() -> Texture {
    let texture = paint(512, Encoding::Srgb, |u, v| {
        let (x, z) = ((u * 2.0 - 1.0) * HALF, (v * 2.0 - 1.0) * HALF);
        let step = 0.02;
        let slope = ((height(x + step, z) - height(x - step, z)).hypot(height(x, z + step) - height(x, z - step)))
            / (2.0 * step);
        let ragged = 0.25 * noise::fractal(x * 3.0 + 40.0, z * 3.0 + 40.0, 1 << 16, 4, 91);
        let level = height(x, z) + ragged;
        let steep = ((slope - 0.9) * 2.0).clamp(0.0, 1.0);
        let mix = |a: [f64; 3], b: [f64; 3], t: f64| std::array::from_fn(|i| a[i] * (1.0 - t) + b[i] * t);
        let low: [f64; 3] = mix([0.48, 0.56, 0.30], [0.62, 0.57, 0.51], steep);
        mix(low, [0.93, 0.94, 0.96], ((level - 2.6) * 2.0).clamp(0.0, 1.0) * (1.0 - 0.6 * steep))
    });
    Texture { wrap_u: Wrap::Clamp, wrap_v: Wrap::Clamp, ..texture }
}
