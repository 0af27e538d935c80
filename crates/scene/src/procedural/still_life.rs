//! A still life that uses every part of the material model: base colour, metallic-roughness, normal and emission
//! textures, an environment, and a lens.

use kernels::render::scene::{Encoding, Material, Scene, Texture, Wrap};

use super::noise;
use super::shape::{Builder, look, paint, sky};
use crate::math::{Vec3, add, dot, normalize, scale};

/// A checkered table with a bumpy relief, a metal sphere whose roughness grows toward the bottom, a glossy red sphere, a
/// hammered copper ring, a crate, and a glowing striped panel, under an evening sky.
pub fn textured_still_life() -> Scene {
    const CHECKER: u32 = 0;
    const RELIEF: u32 = 1;
    const GRADIENT: u32 = 2;
    const HAMMERED: u32 = 3;
    const PLANKS: u32 = 4;
    const STRIPES: u32 = 5;
    let textures = vec![
        checker(),
        relief(256, 16.0, 2.2, 7),
        roughness_gradient(),
        relief(128, 12.0, 1.6, 23),
        planks(),
        glowing_stripes(),
    ];

    const TABLE: u32 = 0;
    const STEEL: u32 = 1;
    const GLAZE: u32 = 2;
    const COPPER: u32 = 3;
    const CRATE: u32 = 4;
    const PANEL: u32 = 5;
    let materials = vec![
        Material {
            base_color_texture: Some(CHECKER),
            roughness: 0.45,
            specular: 1.0,
            normal_texture: Some(RELIEF),
            normal_scale: 0.6,
            ..Material::default()
        },
        Material {
            base_color: [0.92, 0.91, 0.88],
            metallic: 1.0,
            metallic_roughness_texture: Some(GRADIENT),
            specular: 1.0,
            ..Material::default()
        },
        Material { base_color: [0.7, 0.04, 0.03], roughness: 0.25, specular: 1.0, ..Material::default() },
        Material {
            base_color: [0.95, 0.55, 0.35],
            metallic: 1.0,
            roughness: 0.3,
            specular: 1.0,
            normal_texture: Some(HAMMERED),
            ..Material::default()
        },
        Material { base_color_texture: Some(PLANKS), roughness: 0.8, specular: 1.0, ..Material::default() },
        Material {
            base_color: [0.1; 3],
            emission: [6.0, 6.0, 6.0],
            emission_texture: Some(STRIPES),
            ..Material::default()
        },
    ];

    let mut shapes = Builder::default();
    shapes.quad(TABLE, [-12.0, 0.0, -18.0], [24.0, 0.0, 0.0], [0.0, 0.0, 24.0], [24.0, 24.0]);
    shapes.sphere(STEEL, [-0.75, 0.6, -0.2], 0.6, 48, [1.0, 1.0]);
    shapes.sphere(GLAZE, [0.62, 0.4, 0.45], 0.4, 48, [1.0, 1.0]);
    shapes.torus(COPPER, [-0.15, 0.13, 1.05], [0.36, 0.13], [96, 32], [6.0, 2.0]);
    shapes.cuboid(CRATE, [0.75, 0.0, -0.85], [0.8, 0.8, 0.8], 0.5);
    // Leans over the scene from the upper left; its back side, which glows too, faces away from everything.
    shapes.quad(PANEL, [-2.4, 2.2, 0.2], [0.9, 0.0, -1.1], [0.35, -1.1, 0.286], [1.0, 1.0]);

    let mut camera = look([0.9, 1.55, 3.6], [0.0, 0.45, 0.0], 36.0);
    camera.lens_radius = 0.02;
    shapes.finish(camera, materials, textures, sky(128, evening))
}

/// Blue above, warm at the horizon, dark below, and a soft sun.
pub(super) fn evening(direction: Vec3) -> Vec3 {
    let mix = |a: Vec3, b: Vec3, t: f64| add(scale(a, 1.0 - t), scale(b, t));
    let height = direction[1];
    if height < 0.0 {
        return mix([0.62, 0.50, 0.42], [0.10, 0.10, 0.11], (-height * 6.0).min(1.0));
    }
    let gradient = mix([0.85, 0.62, 0.45], [0.16, 0.30, 0.62], height.powf(0.4));
    let toward_sun = normalize([0.6, 0.45, 0.65]).map_or(0.0, |sun| dot(sun, direction)).max(0.0);
    add(gradient, scale([14.0, 10.5, 7.5], toward_sun.powi(90)))
}

fn checker() -> Texture {
    paint(128, Encoding::Srgb, |u, v| {
        let dark = ((u * 2.0).floor() + (v * 2.0).floor()) as i64 % 2 == 0;
        let grain = noise::fractal(u * 8.0, v * 8.0, 8, 4, 3) * 0.12;
        let base = if dark { [0.32, 0.36, 0.40] } else { [0.82, 0.80, 0.74] };
        base.map(|channel| channel - grain)
    })
}

/// A tangent-space normal map of periodic noise: `cells` across, `depth` steep.
fn relief(edge: u32, cells: f64, depth: f64, seed: u32) -> Texture {
    let height = |u: f64, v: f64| noise::fractal(u * cells, v * cells, cells as i64, 2, seed);
    paint(edge, Encoding::Linear, |u, v| {
        let step = 0.5 / f64::from(edge);
        let slope_u = (height(u + step, v) - height(u - step, v)) / (2.0 * step) / cells * depth * 0.5;
        // The map's green points up, v down.
        let slope_up = (height(u, v - step) - height(u, v + step)) / (2.0 * step) / cells * depth * 0.5;
        let normal = normalize([-slope_u, -slope_up, 1.0]).unwrap_or([0.0, 0.0, 1.0]);
        normal.map(|x| x * 0.5 + 0.5)
    })
}

/// Polished at the top (v = 0), rough at the bottom, metal everywhere.
fn roughness_gradient() -> Texture {
    let texture = paint(64, Encoding::Linear, |_, v| [0.0, 0.08 + 0.7 * v, 1.0]);
    Texture { wrap_u: Wrap::Clamp, wrap_v: Wrap::Clamp, ..texture }
}

fn planks() -> Texture {
    let texture = paint(128, Encoding::Srgb, |u, v| {
        let plank = (v * 5.0).floor();
        let edge = (v * 5.0 - plank - 0.5).abs() > 0.46;
        let grain = noise::fractal(u * 4.0 + plank * 1.7, v * 40.0, 64, 3, 11);
        let tone = 0.55 + 0.35 * grain + 0.06 * noise::value(plank, 0.0, 64, 5);
        let tone = if edge { tone * 0.35 } else { tone };
        [tone * 0.85, tone * 0.62, tone * 0.40]
    });
    Texture { wrap_u: Wrap::Mirror, wrap_v: Wrap::Mirror, ..texture }
}

fn glowing_stripes() -> Texture {
    let texture = paint(64, Encoding::Srgb, |u, v| {
        let stripe = (0.5 + 0.5 * (u * std::f64::consts::TAU * 4.0).cos()).powi(2);
        [0.25 + 0.75 * stripe, 0.22 + 0.6 * stripe * (1.0 - 0.4 * v), 0.15 + 0.5 * stripe * (1.0 - v)]
    });
    Texture { wrap_u: Wrap::Clamp, wrap_v: Wrap::Clamp, ..texture }
}
