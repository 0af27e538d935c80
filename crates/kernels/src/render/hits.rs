//! Tests: hits depend on the triangles alone, whatever hierarchy and whatever traversal finds them.

use super::bvh::{Child, Hierarchy, Node};
use super::compressed::Compressed;
use super::image::{SceneImage, compile, lay_out};
use super::intersect::{Bounds, Hit, Ray, padded_bounds, triangle_hit};
use super::path::canonical_hit;
use super::scene::{Material, Mesh, Scene};
use super::wide::Wide;
use crate::rng;
use crate::strict::LARGEST;
use crate::strict::vector::{Vec3, add, interpolate, normalize_or, scale, subtract};
use std::vec;
use std::vec::Vec;

pub(super) struct Random(pub u64, pub u32);

impl Random {
    pub fn word(&mut self) -> u32 {
        self.1 += 1;
        rng::draw(self.0, self.1, 1, 2)[3]
    }
    pub fn below(&mut self, limit: u32) -> u32 {
        self.word() % limit
    }
    pub fn signed(&mut self) -> f32 {
        2.0 * rng::unit(self.word()) - 1.0
    }
    pub fn point(&mut self) -> Vec3 {
        [self.signed(), self.signed(), self.signed()]
    }
}

/// Triangles of every kind: free ones, flat ones in axis planes, on a shared grid, slivers, points, and doubles.
pub(super) fn soup(random: &mut Random, size: f32) -> Scene {
    let mut mesh = Mesh::default();
    let count = 1 + random.below(120);
    for _ in 0..count {
        let centre = random.point();
        let mut corners = [0, 1, 2].map(|_| add(centre, scale(random.point(), 0.5)));
        match random.below(7) {
            0 => {
                let axis = random.below(3) as usize;
                let level = random.below(5) as f32 * 0.25;
                for corner in &mut corners {
                    corner[axis] = level;
                }
            }
            1 => corners = corners.map(|corner| corner.map(|x| (x * 4.0) as i32 as f32 * 0.25)),
            2 => corners[2] = interpolate(corners[0], corners[1], corners[1], 0.5, 0.0),
            3 => corners = [corners[0]; 3],
            4 if !mesh.triangles.is_empty() => {
                let other = mesh.triangles[random.below(mesh.triangles.len() as u32) as usize];
                corners = other.map(|vertex| scale(mesh.positions[vertex as usize], 1.0 / size));
            }
            _ => {}
        }
        let first = mesh.positions.len() as u32;
        mesh.positions.extend(corners.map(|corner| scale(corner, size)));
        mesh.triangles.push([first, first + 1, first + 2]);
    }
    let vertices = mesh.positions.len();
    mesh.normals = vec![[0.0; 3]; vertices];
    mesh.uvs = vec![[0.0; 2]; vertices];
    mesh.tangents = vec![[0.0; 4]; vertices];
    mesh.material_of = vec![0; mesh.triangles.len()];
    Scene { mesh, materials: vec![Material::default()], ..Scene::default() }
}

/// Rays that provoke ties: through corners, along axes with zeros of both signs, inside planes, from far away.
pub(super) fn ray(random: &mut Random, scene: &Scene, size: f32) -> (Vec3, Vec3) {
    let positions = &scene.mesh.positions;
    let corner = positions[random.below(positions.len() as u32) as usize];
    let mut origin = scale(random.point(), 2.0 * size);
    let mut direction = random.point();
    match random.below(6) {
        0 => direction = subtract(corner, origin),
        1 => {
            let axis = random.below(3) as usize;
            direction = [0.0, -0.0, 0.0];
            direction[axis] = if random.below(2) == 0 { 1.0 } else { -1.0 };
            origin = corner;
            origin[axis] -= 3.0 * size * direction[axis];
        }
        2 => origin = corner,
        3 => origin = scale(random.point(), 1000.0 * size),
        4 => direction[random.below(3) as usize] = 0.0,
        _ => {}
    }
    (origin, normalize_or(direction, [0.0, 0.0, 1.0]))
}

/// The definition: the least (t, primitive) over all triangles.
pub(super) fn brute_force(scene: &Scene, origin: Vec3, direction: Vec3, limit: f32) -> Option<Hit> {
    let ray = Ray::new(origin, direction);
    let mut best: Option<Hit> = None;
    for (primitive, triangle) in (0..).zip(&scene.mesh.triangles) {
        let corners = triangle.map(|vertex| scene.mesh.positions[vertex as usize]);
        if let Some((t, u, v)) = triangle_hit(&ray, &corners, limit)
            && best.is_none_or(|best| t < best.t)
        {
            best = Some(Hit { t, primitive, u, v });
        }
    }
    best
}

/// A hierarchy that ignores where the triangles are, with boxes wider than they need to be.
pub(super) fn shuffled_hierarchy(random: &mut Random, scene: &Scene) -> Hierarchy {
    let mut order: Vec<u32> = (0..scene.mesh.triangles.len() as u32).collect();
    for last in (1..order.len()).rev() {
        order.swap(last, random.below(last as u32 + 1) as usize);
    }
    let boxes: Vec<Bounds> = order
        .iter()
        .map(|index| {
            let triangle = scene.mesh.triangles[*index as usize];
            padded_bounds(&triangle.map(|vertex| scene.mesh.positions[vertex as usize]))
        })
        .collect();
    fn node(random: &mut Random, boxes: &[Bounds], first: u32, count: u32, pairs: &mut Vec<[Node; 2]>) -> Node {
        let below = &boxes[first as usize..(first + count) as usize];
        let bounds = below.iter().fold(Bounds::EMPTY, |sum, bounds| sum.union(*bounds));
        if count <= 1 + random.below(8) {
            return Node { bounds, child: Child::Leaf { first, count } };
        }
        Node { bounds, child: Child::Pair(pair(random, boxes, first, count, pairs)) }
    }
    fn pair(random: &mut Random, boxes: &[Bounds], first: u32, count: u32, pairs: &mut Vec<[Node; 2]>) -> u32 {
        let place = pairs.len();
        pairs.push([Node { bounds: Bounds::EMPTY, child: Child::Pair(0) }; 2]);
        let left = count / 2;
        pairs[place][0] = node(random, boxes, first, left, pairs);
        pairs[place][1] = node(random, boxes, first + left, count - left, pairs);
        place as u32
    }
    let mut pairs = Vec::new();
    pair(random, &boxes, 0, order.len() as u32, &mut pairs);
    Hierarchy { pairs, order }
}

#[test]
fn every_hierarchy_and_every_traversal_finds_the_hit_of_the_definition() {
    let mut found = 0;
    for seed in 0..240 {
        let random = &mut Random(seed, 0);
        let size = [1.0, 1.0e-6, 3.0e5, 1.0e-18, 1.0e3, 0.01][seed as usize % 6];
        let scene = soup(random, size);
        let mut images: Vec<SceneImage> = vec![compile(&scene).unwrap()];
        if scene.mesh.triangles.len() > 1 {
            let hierarchy = shuffled_hierarchy(random, &scene);
            images.push(lay_out(&scene, &hierarchy).unwrap());
        }
        let wides: Vec<Wide> = images.iter().map(|image| Wide::new(image).unwrap()).collect();
        let compressed: Vec<Compressed> = images.iter().map(|image| Compressed::new(image).unwrap()).collect();
        for image in &images {
            assert_eq!(&SceneImage::from_bytes(&image.to_bytes()).unwrap(), image);
        }
        for _ in 0..300 {
            let (origin, direction) = ray(random, &scene, size);
            let limit = if random.below(3) == 0 { size * rng::unit(random.word()) * 4.0 } else { LARGEST };
            let expected = brute_force(&scene, origin, direction, limit);
            found += expected.is_some() as u32;
            for ((image, wide), compressed) in images.iter().zip(&wides).zip(&compressed) {
                let context = || std::format!("seed {seed} from {origin:?} to {direction:?} up to {limit}");
                let canonical = canonical_hit(image, origin, direction, limit, false).unwrap();
                assert_eq!(canonical, expected, "canonical {}", context());
                assert_eq!(wide.closest(origin, direction, limit), expected, "wide {}", context());
                assert_eq!(wide.closest_portable(origin, direction, limit), expected, "portable {}", context());
                assert_eq!(compressed.closest(origin, direction, limit), expected, "compressed {}", context());
                let blocked = canonical_hit(image, origin, direction, limit, true).unwrap().is_some();
                assert_eq!(blocked, expected.is_some());
                assert_eq!(wide.occluded(origin, direction, limit), expected.is_some());
                assert_eq!(compressed.occluded(origin, direction, limit), expected.is_some());
            }
        }
    }
    assert!(found > 10_000, "the rays must hit something to prove anything: {found}");
}

#[test]
fn no_ray_passes_between_the_triangles_of_a_tessellated_plane() {
    // Corners on a grid, edges along the axes: the hardest case for boxes without thickness.
    let mut mesh = Mesh::default();
    let grid = 16;
    for y in 0..=grid {
        for x in 0..=grid {
            mesh.positions.push([x as f32 / grid as f32, y as f32 / grid as f32, 0.3]);
        }
    }
    for y in 0..grid {
        for x in 0..grid {
            let corner = y * (grid + 1) + x;
            mesh.triangles.push([corner, corner + 1, corner + grid + 2]);
            mesh.triangles.push([corner, corner + grid + 2, corner + grid + 1]);
        }
    }
    let vertices = mesh.positions.len();
    mesh.normals = vec![[0.0; 3]; vertices];
    mesh.uvs = vec![[0.0; 2]; vertices];
    mesh.tangents = vec![[0.0; 4]; vertices];
    mesh.material_of = vec![0; mesh.triangles.len()];
    let scene = Scene { mesh, materials: vec![Material::default()], ..Scene::default() };
    let wide = Wide::new(&compile(&scene).unwrap()).unwrap();
    let random = &mut Random(77, 0);
    for index in 0..200_000 {
        let distance = [1.0, 30.0, 1000.0][index % 3];
        let origin =
            add([0.5, 0.5, 0.3], scale(normalize_or(add(random.point(), [0.0, 0.0, 1.5]), [0.0, 0.0, 1.0]), distance));
        let cell = |random: &mut Random| (1 + random.below(grid - 1)) as f32 / grid as f32;
        // Aim at edges and corners of the grid.
        let target =
            [cell(random), if index % 2 == 0 { cell(random) } else { 0.25 + 0.5 * rng::unit(random.word()) }, 0.3];
        let direction = normalize_or(subtract(target, origin), [0.0, 0.0, 1.0]);
        assert!(wide.closest(origin, direction, LARGEST).is_some(), "from {origin:?} to {target:?}");
    }
}

#[test]
fn an_image_whose_boxes_do_not_hold_their_triangles_is_refused() {
    let random = &mut Random(5, 0);
    let scene = soup(random, 1.0);
    let mut hierarchy = shuffled_hierarchy(random, &scene);
    let deepest = hierarchy.pairs.len() - 1;
    hierarchy.pairs[deepest][0].bounds.low[1] += 0.001;
    let image = lay_out(&scene, &hierarchy).unwrap();
    assert_eq!(SceneImage::from_bytes(&image.to_bytes()).unwrap_err().field, "image.pairs");
}
