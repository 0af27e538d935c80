//! A scene of the size that measurements are made on, and rays in it.
#![allow(dead_code, missing_docs)]

use kernels::render::intersect::leave_surface;
use kernels::render::*;
use kernels::rng;
use kernels::strict::vector::{Vec3, add, cross, dot, normalize_or, scale, subtract};
use kernels::strict::{LARGEST, sin_cos_turns, sqrt};

/// A closed, rough sphere of 2 x columns x rows triangles.
fn add_rock(mesh: &mut Mesh, centre: Vec3, radius: f32, columns: u32, rows: u32, seed: u64, roughness: f32) {
    let first = mesh.positions.len() as u32;
    for row in 0..=rows {
        for column in 0..columns {
            let (sine, cosine) = sin_cos_turns(column as f32 / columns as f32);
            let (radial, height) = sin_cos_turns(0.5 * row as f32 / rows as f32);
            let direction = [radial * cosine, height, radial * sine];
            let mut bumps = 0.0;
            for octave in 0..4_u32 {
                let frequency = [1.3, 2.9, 6.1, 13.7][octave as usize];
                let phase = rng::draw(seed, octave, 0, 0).map(rng::unit);
                let wave = |axis: usize| sin_cos_turns(direction[axis] * frequency * 0.5 + phase[axis]).0;
                bumps += wave(0) * wave(1) * wave(2) / frequency;
            }
            mesh.positions.push(add(centre, scale(direction, radius * (1.0 + roughness * bumps))));
        }
    }
    let at = |row: u32, column: u32| first + row * columns + column % columns;
    for row in 0..rows {
        for column in 0..columns {
            mesh.triangles.push([at(row, column), at(row, column + 1), at(row + 1, column)]);
            mesh.triangles.push([at(row, column + 1), at(row + 1, column + 1), at(row + 1, column)]);
        }
    }
}

/// A cave with sixteen rocks in it: every ray hits something, near or far. 288,000 triangles.
pub fn cave() -> Scene {
    let mut mesh = Mesh::default();
    add_rock(&mut mesh, [0.0; 3], 10.0, 400, 200, 1, 0.6);
    for rock in 0..16_u32 {
        let place = rng::draw(2, rock, 0, 0).map(rng::unit);
        let centre = [place[0] * 12.0 - 6.0, place[1] * 8.0 - 4.0, place[2] * 10.0 - 7.0];
        add_rock(&mut mesh, centre, 0.6 + place[3], 100, 40, 10 + u64::from(rock), 1.0);
    }
    let vertices = mesh.positions.len();
    mesh.normals = vec![[0.0; 3]; vertices];
    mesh.uvs = vec![[0.0; 2]; vertices];
    mesh.tangents = vec![[0.0; 4]; vertices];
    mesh.material_of = vec![0; mesh.triangles.len()];
    Scene {
        camera: Camera { position: [0.0, 0.0, 7.5], ..Camera::default() },
        mesh,
        materials: vec![Material { base_color: [0.7; 3], ..Material::default() }],
        environment: Environment { texels: vec![[1.0; 3]], ..Environment::default() },
        ..Scene::default()
    }
}

/// Origins and directions.
pub type Rays = (Vec<Vec3>, Vec<Vec3>);

/// The rays of a picture of EDGE x EDGE pixels, through their middles.
pub fn primary_rays<const EDGE: u32>(scene: &Scene) -> Rays {
    let rays = (0..EDGE * EDGE).map(|index| {
        let (x, y) = ((index % EDGE) as f32 + 0.5, (index / EDGE) as f32 + 0.5);
        camera::ray(&scene.camera, x, y, EDGE, EDGE, [0.0; 2])
    });
    rays.unzip()
}

/// One direction of a cosine distribution from every point that the given rays hit.
pub fn diffuse_rays(scene: &Scene, tracer: &Tracer, (origins, directions): &Rays) -> Rays {
    let rays = (0..).zip(origins.iter().zip(directions)).filter_map(|(index, (origin, direction))| {
        let hit = closest_hit(tracer, *origin, *direction, LARGEST)?;
        let [a, b, c] =
            scene.mesh.triangles[hit.primitive as usize].map(|vertex| scene.mesh.positions[vertex as usize]);
        let normal = normalize_or(cross(subtract(b, a), subtract(c, a)), [0.0, 1.0, 0.0]);
        let normal = if dot(normal, *direction) > 0.0 { scale(normal, -1.0) } else { normal };
        let random = rng::draw(3, index, 0, 0).map(rng::unit);
        let (sine, cosine) = sin_cos_turns(random[0]);
        let (tangent, bitangent) = bsdf::basis(normal);
        let radius = sqrt(random[1]);
        let across = add(scale(tangent, radius * cosine), scale(bitangent, radius * sine));
        let bounce = add(across, scale(normal, sqrt(1.0 - random[1])));
        let point = add(*origin, scale(*direction, hit.t));
        Some((leave_surface(point, normal), normalize_or(bounce, normal)))
    });
    rays.unzip()
}
