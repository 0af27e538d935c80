//! Meshes from shapes: every shape brings its own vertices, with normals, texture coordinates and tangents.

use kernels::render::scene::{Camera, Environment, Material, Mesh, Scene, Texture};

use crate::math::{Vec3, add, cross, dot, narrow, normalize, scale, sub};

/// Collects shapes into one mesh.
#[derive(Default)]
pub(super) struct Builder {
    mesh: Mesh,
}

/// A point of a parametric surface with its derivatives.
pub(super) struct Point {
    pub(super) position: Vec3,
    pub(super) normal: Vec3,
    /// Direction of increasing u.
    pub(super) tangent: Vec3,
}

impl Builder {
    /// A grid of `columns` x `rows` quads over u, v in 0..=1, counter-clockwise where u runs right and v runs down.
    /// With `poles`, the rows at v = 0 and v = 1 are points (a sphere): triangles without an area are left out.
    pub(super) fn patch(
        &mut self,
        material: u32,
        (columns, rows): (u32, u32),
        poles: bool,
        tiles: [f64; 2],
        point: impl Fn(f64, f64) -> Point,
    ) {
        let first = self.mesh.positions.len() as u32;
        for row in 0..=rows {
            for column in 0..=columns {
                let (u, v) = (f64::from(column) / f64::from(columns), f64::from(row) / f64::from(rows));
                let Point { position, normal, tangent } = point(u, v);
                let flat = sub(tangent, scale(normal, dot(normal, tangent)));
                let [x, y, z] = narrow(normalize(flat).unwrap_or([1.0, 0.0, 0.0]));
                self.mesh.positions.push(narrow(position));
                self.mesh.normals.push(narrow(normal));
                self.mesh.uvs.push([(u * tiles[0]) as f32, (v * tiles[1]) as f32]);
                self.mesh.tangents.push([x, y, z, 1.0]);
            }
        }
        let vertex = |column: u32, row: u32| first + row * (columns + 1) + column;
        for row in 0..rows {
            for column in 0..columns {
                let (a, b) = (vertex(column, row), vertex(column + 1, row));
                let (c, d) = (vertex(column, row + 1), vertex(column + 1, row + 1));
                if !(poles && row == 0) {
                    self.triangle([a, c, b], material);
                }
                if !(poles && row + 1 == rows) {
                    self.triangle([b, c, d], material);
                }
            }
        }
    }

    fn triangle(&mut self, vertices: [u32; 3], material: u32) {
        self.mesh.triangles.push(vertices);
        self.mesh.material_of.push(material);
    }

    /// A flat parallelogram from its upper left corner; it faces `cross(down, right)`.
    pub(super) fn quad(&mut self, material: u32, corner: Vec3, right: Vec3, down: Vec3, tiles: [f64; 2]) {
        let normal = normalize(cross(down, right)).unwrap_or([0.0, 1.0, 0.0]);
        self.patch(material, (1, 1), false, tiles, |u, v| Point {
            position: add(corner, add(scale(right, u), scale(down, v))),
            normal,
            tangent: right,
        });
    }

    /// A box that stands on `base` (the centre of its bottom), turned by `angle` radians around the vertical.
    pub(super) fn cuboid(&mut self, material: u32, base: Vec3, size: Vec3, angle: f64) {
        let (sin, cos) = angle.sin_cos();
        let x = scale([cos, 0.0, -sin], size[0]);
        let y = [0.0, size[1], 0.0];
        let z = scale([sin, 0.0, cos], size[2]);
        let center = add(base, scale(y, 0.5));
        let mut face = |out: Vec3, right: Vec3, down: Vec3| {
            let corner = sub(sub(add(center, scale(out, 0.5)), scale(right, 0.5)), scale(down, 0.5));
            self.quad(material, corner, right, down, [1.0, 1.0]);
        };
        let (back, left, under) = (scale(z, -1.0), scale(x, -1.0), scale(y, -1.0));
        face(z, x, under);
        face(back, left, under);
        face(x, back, under);
        face(left, z, under);
        face(y, x, z);
        face(under, x, back);
    }

    /// A sphere; u runs around the equator, v from the top to the bottom.
    pub(super) fn sphere(&mut self, material: u32, center: Vec3, radius: f64, segments: u32, tiles: [f64; 2]) {
        self.patch(material, (segments * 2, segments), true, tiles, |u, v| {
            let (sin_phi, cos_phi) = (u * std::f64::consts::TAU).sin_cos();
            let (sin_theta, cos_theta) = (v * std::f64::consts::PI).sin_cos();
            let normal = [sin_theta * sin_phi, cos_theta, sin_theta * cos_phi];
            Point { position: add(center, scale(normal, radius)), normal, tangent: [cos_phi, 0.0, -sin_phi] }
        });
    }

    /// A lying ring around a vertical axis.
    pub(super) fn torus(&mut self, material: u32, center: Vec3, radii: [f64; 2], segments: [u32; 2], tiles: [f64; 2]) {
        let [ring, tube] = radii;
        self.patch(material, (segments[0], segments[1]), false, tiles, |u, v| {
            let (sin_phi, cos_phi) = (u * std::f64::consts::TAU).sin_cos();
            // From the outermost line downward, inward and over the top: seen from outside, v runs down.
            let (sin_psi, cos_psi) = (-v * std::f64::consts::TAU).sin_cos();
            let outward = [sin_phi, 0.0, cos_phi];
            let normal = add(scale(outward, cos_psi), [0.0, sin_psi, 0.0]);
            let position = add(center, add(scale(outward, ring), scale(normal, tube)));
            Point { position, normal, tangent: [cos_phi, 0.0, -sin_phi] }
        });
    }

    /// The finished scene. Tangents stay only where a normal texture reads them, as the importer has it.
    pub(super) fn finish(
        mut self,
        camera: Camera,
        materials: Vec<Material>,
        textures: Vec<Texture>,
        environment: Environment,
    ) -> Scene {
        let mut bumpy = vec![false; self.mesh.positions.len()];
        for (triangle, material) in self.mesh.triangles.iter().zip(&self.mesh.material_of) {
            if materials.get(*material as usize).is_some_and(|material| material.normal_texture.is_some()) {
                triangle.iter().for_each(|vertex| bumpy[*vertex as usize] = true);
            }
        }
        for (tangent, bumpy) in self.mesh.tangents.iter_mut().zip(bumpy) {
            if !bumpy {
                *tangent = [0.0; 4];
            }
        }
        self.drop_unused();
        Scene { camera, mesh: self.mesh, materials, textures, environment }
    }

    /// Removes vertices that no triangle uses: a sphere leaves one at each pole.
    fn drop_unused(&mut self) {
        let mesh = &mut self.mesh;
        let mut number: Vec<Option<u32>> = vec![None; mesh.positions.len()];
        mesh.triangles.iter().flatten().for_each(|vertex| number[*vertex as usize] = Some(0));
        (0..).zip(number.iter_mut().flatten()).for_each(|(next, slot)| *slot = next);
        fn keep<T: Copy>(values: &mut Vec<T>, number: &[Option<u32>]) {
            *values = values.iter().zip(number).filter(|(_, slot)| slot.is_some()).map(|(value, _)| *value).collect();
        }
        keep(&mut mesh.positions, &number);
        keep(&mut mesh.normals, &number);
        keep(&mut mesh.uvs, &number);
        keep(&mut mesh.tangents, &number);
        for vertex in mesh.triangles.iter_mut().flatten() {
            *vertex = number[*vertex as usize].unwrap_or(0);
        }
    }
}

/// A texture whose texel at column x, row y is `color(u, v)` at its centre.
pub(super) fn paint(
    edge: u32,
    encoding: kernels::render::scene::Encoding,
    color: impl Fn(f64, f64) -> [f64; 3],
) -> Texture {
    let center = |index: u32| (f64::from(index) + 0.5) / f64::from(edge);
    let byte = |value: f64| (value.clamp(0.0, 1.0) * 255.0).round() as u8;
    let mut texels = Vec::with_capacity((edge * edge) as usize);
    for row in 0..edge {
        for column in 0..edge {
            let [red, green, blue] = color(center(column), center(row));
            texels.push([byte(red), byte(green), byte(blue), 255]);
        }
    }
    Texture { width: edge, height: edge, texels, encoding, ..Texture::default() }
}

/// An equirectangular sky of `height` rows from a function of the direction.
pub(super) fn sky(height: u32, radiance: impl Fn(Vec3) -> Vec3) -> Environment {
    let width = height * 2;
    let mut texels = Vec::with_capacity((width * height) as usize);
    for row in 0..height {
        let (sin_theta, cos_theta) = ((f64::from(row) + 0.5) / f64::from(height) * std::f64::consts::PI).sin_cos();
        for column in 0..width {
            let phi = ((f64::from(column) + 0.5) / f64::from(width) - 0.5) * std::f64::consts::TAU;
            let direction = [sin_theta * phi.sin(), cos_theta, -sin_theta * phi.cos()];
            texels.push(narrow(radiance(direction)));
        }
    }
    Environment { width, height, texels }
}

/// A camera at `position` that looks at `target`, upright, `degrees` high.
pub(super) fn look(position: Vec3, target: Vec3, degrees: f64) -> Camera {
    // The angle is rounded first: it is what a file stores, and its tangent then reads back to the same bit.
    let yfov = degrees.to_radians() as f32;
    crate::import::look_at(position, target, (f64::from(yfov) / 2.0).tan() as f32)
}
