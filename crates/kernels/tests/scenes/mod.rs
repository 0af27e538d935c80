//! Scenes for the tests of the render engine: a Cornell box and random textured ones.
#![allow(dead_code, missing_docs)]

use kernels::render::*;
use kernels::rng;
use kernels::strict::vector::{Vec3, cross, normalize_or, subtract};

/// Numbers from a seed.
pub struct Random {
    seed: u64,
    count: u32,
}

impl Random {
    pub fn new(seed: u64) -> Random {
        Random { seed, count: 0 }
    }

    pub fn word(&mut self) -> u32 {
        self.count += 1;
        rng::draw(self.seed, self.count, 0, 0)[0]
    }

    pub fn below(&mut self, limit: u32) -> u32 {
        self.word() % limit
    }

    pub fn unit(&mut self) -> f32 {
        rng::unit(self.word())
    }

    pub fn between(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.unit()
    }

    pub fn point(&mut self, size: f32) -> Vec3 {
        [self.between(-size, size), self.between(-size, size), self.between(-size, size)]
    }
}

/// Adds a triangle with its own three vertices.
pub fn add_triangle(mesh: &mut Mesh, corners: [Vec3; 3], uvs: [[f32; 2]; 3], material: u32) {
    let first = mesh.positions.len() as u32;
    let edge = subtract(corners[1], corners[0]);
    let normal = normalize_or(cross(edge, subtract(corners[2], corners[0])), [0.0; 3]);
    let [x, y, z] = normalize_or(edge, [1.0, 0.0, 0.0]);
    for corner in 0..3 {
        mesh.positions.push(corners[corner]);
        mesh.normals.push(normal);
        mesh.uvs.push(uvs[corner]);
        mesh.tangents.push([x, y, z, 1.0]);
    }
    mesh.triangles.push([first, first + 1, first + 2]);
    mesh.material_of.push(material);
}

/// Adds a parallelogram `origin`, `origin + a`, `origin + a + b`, `origin + b`.
pub fn add_quad(mesh: &mut Mesh, origin: Vec3, a: Vec3, b: Vec3, material: u32) {
    let at = |s: f32, t: f32| [0, 1, 2].map(|axis| origin[axis] + a[axis] * s + b[axis] * t);
    let (p, q, r, s) = (at(0.0, 0.0), at(1.0, 0.0), at(1.0, 1.0), at(0.0, 1.0));
    add_triangle(mesh, [p, q, r], [[0.0, 1.0], [1.0, 1.0], [1.0, 0.0]], material);
    add_triangle(mesh, [p, r, s], [[0.0, 1.0], [1.0, 0.0], [0.0, 0.0]], material);
}

/// Adds an axis-aligned box.
pub fn add_box(mesh: &mut Mesh, low: Vec3, high: Vec3, material: u32) {
    let [x, y, z] = subtract(high, low);
    add_quad(mesh, low, [0.0, y, 0.0], [x, 0.0, 0.0], material);
    add_quad(mesh, [low[0], low[1], high[2]], [x, 0.0, 0.0], [0.0, y, 0.0], material);
    add_quad(mesh, low, [0.0, 0.0, z], [0.0, y, 0.0], material);
    add_quad(mesh, [high[0], low[1], low[2]], [0.0, y, 0.0], [0.0, 0.0, z], material);
    add_quad(mesh, low, [x, 0.0, 0.0], [0.0, 0.0, z], material);
    add_quad(mesh, [low[0], high[1], low[2]], [0.0, 0.0, z], [x, 0.0, 0.0], material);
}

pub fn diffuse(red: f32, green: f32, blue: f32) -> Material {
    Material { base_color: [red, green, blue], ..Material::default() }
}

/// The Cornell box in the cube -1..1, open toward the camera on +Z.
pub fn cornell() -> Scene {
    let mut mesh = Mesh::default();
    add_quad(&mut mesh, [-1.0, -1.0, -1.0], [2.0, 0.0, 0.0], [0.0, 0.0, 2.0], 0);
    add_quad(&mut mesh, [-1.0, 1.0, -1.0], [0.0, 0.0, 2.0], [2.0, 0.0, 0.0], 0);
    add_quad(&mut mesh, [-1.0, -1.0, -1.0], [0.0, 2.0, 0.0], [2.0, 0.0, 0.0], 0);
    add_quad(&mut mesh, [-1.0, -1.0, -1.0], [0.0, 0.0, 2.0], [0.0, 2.0, 0.0], 1);
    add_quad(&mut mesh, [1.0, -1.0, -1.0], [0.0, 2.0, 0.0], [0.0, 0.0, 2.0], 2);
    add_quad(&mut mesh, [-0.25, 0.99, -0.25], [0.5, 0.0, 0.0], [0.0, 0.0, 0.5], 3);
    add_box(&mut mesh, [-0.6, -1.0, -0.5], [-0.1, 0.2, 0.0], 4);
    add_box(&mut mesh, [0.2, -1.0, -0.1], [0.7, -0.4, 0.4], 0);
    Scene {
        camera: Camera { position: [0.0, 0.0, 3.8], tan_half_fov_y: 0.36, ..Camera::default() },
        mesh,
        materials: vec![
            diffuse(0.73, 0.73, 0.73),
            diffuse(0.63, 0.06, 0.05),
            diffuse(0.14, 0.45, 0.09),
            Material { emission: [17.0, 12.0, 4.0], ..diffuse(0.0, 0.0, 0.0) },
            Material { metallic: 1.0, roughness: 0.3, ..diffuse(0.9, 0.8, 0.5) },
        ],
        textures: vec![],
        environment: Environment::default(),
    }
}

/// Random triangles with random materials, textures and environment, seen through a lens.
pub fn random_scene(seed: u64) -> Scene {
    let random = &mut Random::new(seed);
    let triangles = 60 + random.below(200);
    scene_of(random, triangles)
}

/// The same with so many triangles.
pub fn crowded_scene(seed: u64, triangles: u32) -> Scene {
    scene_of(&mut Random::new(seed), triangles)
}

fn scene_of(random: &mut Random, triangles: u32) -> Scene {
    let textures: Vec<Texture> = (0..5)
        .map(|index| {
            let (width, height) = (1 + random.below(9), 1 + random.below(9));
            let wraps = [Wrap::Repeat, Wrap::Clamp, Wrap::Mirror];
            Texture {
                width,
                height,
                texels: (0..width * height).map(|_| random.word().to_le_bytes()).collect(),
                encoding: if index % 2 == 0 { Encoding::Srgb } else { Encoding::Linear },
                wrap_u: wraps[random.below(3) as usize],
                wrap_v: wraps[random.below(3) as usize],
            }
        })
        .collect();
    let materials: Vec<Material> = (0..8)
        .map(|_| {
            let mut texture = || (random.below(2) == 0).then(|| random.below(5));
            let textures = [texture(), texture(), texture(), texture()];
            let emission = if random.below(4) == 0 { [5.0, 4.0, 3.0] } else { [0.0; 3] };
            Material {
                base_color: [random.unit(), random.unit(), random.unit()],
                base_color_texture: textures[0],
                metallic: random.unit(),
                roughness: random.unit(),
                metallic_roughness_texture: textures[1],
                specular: random.unit(),
                normal_texture: textures[2],
                normal_scale: 1.0,
                emission,
                emission_texture: textures[3],
            }
        })
        .collect();
    let mut mesh = Mesh::default();
    for _ in 0..triangles {
        let centre = random.point(2.0);
        let corners = [0, 1, 2].map(|_| {
            let offset = random.point(0.7);
            [0, 1, 2].map(|axis| centre[axis] + offset[axis])
        });
        let uvs = [0, 1, 2].map(|_| [random.between(-2.0, 2.0), random.between(-2.0, 2.0)]);
        add_triangle(&mut mesh, corners, uvs, random.below(8));
    }
    add_quad(&mut mesh, [-4.0, -2.0, -4.0], [0.0, 0.0, 8.0], [8.0, 0.0, 0.0], 0);
    let (width, height) = (1 + random.below(6), 1 + random.below(6));
    let black = random.below(3) == 0;
    let texels = (0..width * height)
        .map(|_| if black { [0.0; 3] } else { [random.unit(), random.unit(), random.unit()] })
        .collect();
    Scene {
        camera: Camera { position: [0.0, 0.2, 5.0], lens_radius: 0.1, focus_distance: 5.0, ..Camera::default() },
        mesh,
        materials,
        textures,
        environment: Environment { width, height, texels },
    }
}
