//! Tests: the compressed hierarchy holds every triangle, and passes by no box that it may not pass by.

use super::super::bvh::{Child, DEEPEST, Hierarchy, Node as Canonical};
use super::super::hits::{Random, brute_force, ray, shuffled_hierarchy, soup};
use super::super::image::{SceneImage, compile, lay_out};
use super::super::intersect::{Bounds, LARGEST_COORDINATE, Ray, padded_bounds, selected, triangle_hit};
use super::super::scene::{Material, Mesh, Scene};
use super::*;
use crate::rng;
use crate::sha256::sha256;
use crate::strict::LARGEST;
use crate::strict::vector::{Vec3, add, interpolate, normalize_or, scale, subtract};
use proptest::prelude::*;
use std::cell::RefCell;
use std::vec;
use std::vec::Vec;

const SIZES: [f32; 8] = [1.0, 1.0e-6, 3.0e5, 1.0e-18, 1.0e3, 0.01, 1.0e-30, 5.0e8];

fn scene_of(triangles: &[[Vec3; 3]]) -> Scene {
    let mut mesh = Mesh::default();
    for (first, corners) in (0..).step_by(3).zip(triangles) {
        mesh.positions.extend(corners);
        mesh.triangles.push([first, first + 1, first + 2]);
    }
    let vertices = mesh.positions.len();
    mesh.normals = vec![[0.0; 3]; vertices];
    mesh.uvs = vec![[0.0; 2]; vertices];
    mesh.tangents = vec![[0.0; 4]; vertices];
    mesh.material_of = vec![0; mesh.triangles.len()];
    Scene { mesh, materials: vec![Material::default()], ..Scene::default() }
}

fn images(random: &mut Random, scene: &Scene) -> Vec<SceneImage> {
    let mut images = vec![compile(scene).unwrap()];
    if scene.mesh.triangles.len() > 1 {
        let hierarchy = shuffled_hierarchy(random, scene);
        images.push(lay_out(scene, &hierarchy).unwrap());
    }
    images
}

fn corners_of(triangle: &Triangle) -> [Vec3; 3] {
    triangle.words.map(|[x, y, z, _]| [x, y, z].map(f32::from_bits))
}

/// A box with planes that f64 holds exactly, or nearly so.
type Planes = [[f64; 2]; 3];

fn planes_of(node: &Node, slot: usize) -> (Planes, [f64; 3]) {
    let [words, ..] = node.words;
    assert_eq!(words[3] & 0xff00_0000, SHIFTED);
    let steps = [0, 1, 2].map(|axis| f64::from(f32::from_bits((words[3] >> (8 * axis) & 0xff) << 23)));
    let bytes: Vec<u8> = node.words[2..].as_flattened().iter().flat_map(|word| word.to_le_bytes()).collect();
    let plane = |axis: usize, plane: usize| {
        f64::from(f32::from_bits(words[axis])) + f64::from(bytes[8 * plane + slot]) * steps[axis]
    };
    ([0, 1, 2].map(|axis| [plane(axis, axis), plane(axis, axis + 3)]), steps)
}

/// Everything below a node: for each triangle the (node, slot) pairs that lead to it, from the root.
fn paths(compressed: &Compressed) -> Vec<(u32, Vec<(usize, usize)>)> {
    fn visit(
        compressed: &Compressed,
        index: usize,
        above: &[(usize, usize)],
        to: &mut Vec<(u32, Vec<(usize, usize)>)>,
    ) {
        let [before, first, inner, leaves] = compressed.nodes()[index].words[1];
        assert_eq!((inner | leaves) >> 24, 0);
        let (mut node, mut triangle) = (before.wrapping_add(1), first);
        for slot in 0..WIDTH {
            let mut path = above.to_vec();
            path.push((index, slot));
            let (inner, leaves) = (inner >> (3 * slot) & SLOT, leaves >> (3 * slot) & SLOT);
            match (inner, leaves) {
                (0, 0) => {}
                (0, 0b001 | 0b011 | 0b111) => {
                    for _ in 0..leaves.count_ones() {
                        to.push((triangle, path.clone()));
                        triangle += 1;
                    }
                }
                (0b110, 0) => {
                    visit(compressed, node as usize, &path, to);
                    node += 1;
                }
                _ => panic!("slot {slot} of node {index} is a node and a leaf"),
            }
        }
    }
    let mut found = Vec::new();
    visit(compressed, 0, &[], &mut found);
    found
}

#[test]
fn every_triangle_is_in_one_leaf_and_inside_all_boxes_above_it_with_the_margin() {
    for seed in 0..160 {
        let random = &mut Random(seed, 7);
        let scene = soup(random, SIZES[seed as usize % SIZES.len()]);
        for image in images(random, &scene) {
            let compressed = Compressed::new(&image).unwrap();
            let mut seen = vec![false; scene.mesh.triangles.len()];
            for (index, path) in paths(&compressed) {
                let triangle = compressed.triangles()[index as usize];
                let primitive = triangle.words[0][3] as usize;
                assert!(!core::mem::replace(&mut seen[primitive], true));
                let corners = scene.mesh.triangles[primitive].map(|vertex| scene.mesh.positions[vertex as usize]);
                assert_eq!(corners_of(&triangle), corners);
                let bounds = padded_bounds(&corners);
                assert!(path.len() <= DEEPEST + 2);
                for (node, slot) in path {
                    let (planes, steps) = planes_of(&compressed.nodes()[node], slot);
                    for axis in 0..3 {
                        let margin = steps[axis] / 128.0;
                        assert!(planes[axis][0] + margin <= f64::from(bounds.low[axis]), "seed {seed}");
                        assert!(planes[axis][1] - margin >= f64::from(bounds.high[axis]), "seed {seed}");
                    }
                }
            }
            assert!(seen.iter().all(|seen| *seen), "seed {seed}");
        }
    }
}

#[test]
fn no_box_above_an_accepted_triangle_is_passed_by_at_the_tightest_limit() {
    let mut accepted = 0;
    for seed in 0..64 {
        let random = &mut Random(seed, 11);
        let size = SIZES[seed as usize % SIZES.len()];
        let scene = soup(random, size);
        let image = compile(&scene).unwrap();
        let compressed = Compressed::new(&image).unwrap();
        let paths = paths(&compressed);
        for _ in 0..400 {
            let (origin, direction) = ray(random, &scene, size);
            let ray = Ray::new(origin, direction);
            for (index, path) in &paths {
                let corners = corners_of(&compressed.triangles()[*index as usize]);
                let Some((t, ..)) = triangle_hit(&ray, &corners, LARGEST) else { continue };
                accepted += 1;
                for (node, slot) in path {
                    let missed = walk::missed(&compressed.nodes()[*node].words, &ray, t);
                    assert_eq!(missed >> (3 * slot + 2) & 1, 0, "seed {seed} from {origin:?} to {direction:?}");
                }
            }
        }
    }
    assert!(accepted > 5_000, "the rays must hit something to prove anything: {accepted}");
}

/// The same hierarchy with every low (or high) plane of one axis moved inward by so many steps.
fn shrunk(compressed: &Compressed, plane: usize, steps: u8) -> Compressed {
    let mut nodes = compressed.nodes().to_vec();
    for node in &mut nodes {
        for half in 0..2 {
            let word = &mut node.words[2 + plane / 2][2 * (plane % 2) + half];
            let moved = |byte: u8| if plane < 3 { byte.saturating_add(steps) } else { byte.saturating_sub(steps) };
            *word = u32::from_le_bytes(word.to_le_bytes().map(moved));
        }
    }
    Compressed::from_parts(nodes, compressed.triangles().to_vec())
}

/// How many of the rays that graze the scene lose their hit in what `change` makes of the hierarchy.
fn lost(change: impl Fn(&Compressed) -> Compressed) -> u32 {
    let mut lost = 0;
    for seed in 0..24 {
        let random = &mut Random(seed, 13);
        let scene = soup(random, 1.0);
        let compressed = change(&Compressed::new(&compile(&scene).unwrap()).unwrap());
        for _ in 0..200 {
            let (origin, direction) = ray(random, &scene, 1.0);
            let expected = brute_force(&scene, origin, direction, LARGEST);
            lost += (compressed.closest(origin, direction, LARGEST) != expected) as u32;
        }
    }
    lost
}

#[test]
fn planes_moved_inward_by_one_step_lose_hits_and_planes_left_alone_lose_none() {
    assert_eq!(lost(Compressed::clone), 0);
    for plane in 0..6 {
        assert_eq!(lost(|compressed| shrunk(compressed, plane, 0)), 0);
        assert_ne!(lost(|compressed| shrunk(compressed, plane, 1)), 0, "plane {plane}");
    }
}

#[test]
fn rays_from_very_far_away_and_rays_that_start_on_surfaces_hit_what_the_definition_says() {
    let mut found = 0;
    for seed in 0..60 {
        let random = &mut Random(seed, 17);
        let size = [1.0, 1.0e-3, 3.0e4, 5.0e8][seed as usize % 4];
        let scene = soup(random, size);
        let compressed = Compressed::new(&compile(&scene).unwrap()).unwrap();
        for index in 0..200 {
            let triangle = scene.mesh.triangles[random.below(scene.mesh.triangles.len() as u32) as usize];
            let [a, b, c] = triangle.map(|vertex| scene.mesh.positions[vertex as usize]);
            let inside = interpolate(a, b, c, 0.5 * rng::unit(random.word()), 0.5 * rng::unit(random.word()));
            let (origin, direction) = match index % 3 {
                0 => {
                    let origin = scale(random.point(), 1.0e9);
                    (origin, normalize_or(subtract(inside, origin), [0.0, 0.0, 1.0]))
                }
                1 => (inside, normalize_or(random.point(), [1.0, 0.0, 0.0])),
                _ => {
                    // Lengths of directions up to the limit.
                    let factor = f32::from_bits((107 + random.below(40)) << 23);
                    let origin = add(inside, scale(random.point(), size));
                    (origin, scale(normalize_or(subtract(inside, origin), [0.0, 1.0, 0.0]), factor))
                }
            };
            let expected = brute_force(&scene, origin, direction, LARGEST);
            found += expected.is_some() as u32;
            let context = || std::format!("seed {seed} from {origin:?} to {direction:?}");
            assert_eq!(compressed.closest(origin, direction, LARGEST), expected, "{}", context());
            assert_eq!(compressed.occluded(origin, direction, LARGEST), expected.is_some(), "{}", context());
            if let Some(hit) = expected {
                let before = f32::from_bits(hit.t.to_bits() - 1);
                assert_eq!(compressed.closest(origin, direction, hit.t), expected, "{}", context());
                let earlier = brute_force(&scene, origin, direction, before).is_some();
                assert_eq!(compressed.occluded(origin, direction, before), earlier, "{}", context());
            }
        }
    }
    assert!(found > 3_000, "the rays must hit something to prove anything: {found}");
}

/// A hierarchy as deep as a valid one can be: of every pair one side is the rest, the other a leaf that has to be
/// divided, so that something waits on every level. All is so small that no plan costs less than another.
fn deepest_image() -> SceneImage {
    let count = DEEPEST - 1;
    let place = |index: usize| (index as f32 + 1.0) * 1.0e-28;
    let at = |x: f32| [[x, 0.0, 0.0], [x, 1.0e-28, 0.0], [x, 0.0, 1.0e-28]];
    // Eight triangles at each place: a leaf that is divided twice.
    let triangles: Vec<[Vec3; 3]> = (0..count).flat_map(|index| [at(place(index)); 8]).collect();
    let scene = scene_of(&triangles);
    let boxes: Vec<Bounds> = triangles.iter().map(padded_bounds).collect();
    let around = |first: usize| boxes[8 * first..].iter().fold(Bounds::EMPTY, |sum, bounds| sum.union(*bounds));
    let leaf =
        |index: usize| Canonical { bounds: boxes[8 * index], child: Child::Leaf { first: 8 * index as u32, count: 8 } };
    let pairs = (0..count - 1)
        .map(|index| {
            let last = index + 2 == count;
            let rest = Canonical { bounds: around(index + 1), child: Child::Pair(index as u32 + 1) };
            [leaf(index), if last { leaf(index + 1) } else { rest }]
        })
        .collect();
    let order = (0..triangles.len() as u32).collect();
    lay_out(&scene, &Hierarchy { pairs, order }).unwrap()
}

/// Remembers which nodes and triangles were read, and how often.
struct Counted<'a> {
    slices: Slices<'a>,
    nodes: RefCell<Vec<u32>>,
    triangles: RefCell<Vec<u32>>,
}

impl Tree for Counted<'_> {
    fn node(&self, index: u32) -> [[u32; 4]; 5] {
        self.nodes.borrow_mut()[index as usize] += 1;
        self.slices.node(index)
    }

    fn triangle(&self, index: u32) -> [[u32; 4]; 3] {
        self.triangles.borrow_mut()[index as usize] += 1;
        self.slices.triangle(index)
    }
}

#[test]
fn the_deepest_hierarchy_fits_the_stack_and_a_ray_through_all_boxes_reads_each_node_and_triangle_once() {
    let image = deepest_image();
    SceneImage::from_bytes(&image.to_bytes()).unwrap();
    let compressed = Compressed::new(&image).unwrap();
    let deepest = paths(&compressed).iter().map(|(_, path)| path.len()).max().unwrap();
    assert!(deepest > DEEPEST - 4 && deepest <= DEEPEST + 2, "{deepest}");
    for direction in [[1.0, 0.0, 0.0], [-1.0, 0.0, 0.0]] {
        let counted = Counted {
            slices: compressed.slices(),
            nodes: RefCell::new(vec![0; compressed.nodes().len()]),
            triangles: RefCell::new(vec![0; compressed.triangles().len()]),
        };
        // So small that no triangle is hit: their edge functions are zero.
        let origin = add(scale(direction, -1.0e-26), [0.0, 2.0e-29, 2.0e-29]);
        assert!(!occluded(&counted, &Ray::new(origin, direction), LARGEST));
        assert!(counted.nodes.take().iter().all(|count| *count == 1));
        assert!(counted.triangles.take().iter().all(|count| *count == 1));
    }
}

#[test]
fn the_bytes_of_the_hierarchy_are_those_of_every_machine() {
    let mut bytes = Vec::new();
    for seed in 0..12 {
        let scene = soup(&mut Random(seed, 19), SIZES[seed as usize % SIZES.len()]);
        let compressed = Compressed::new(&compile(&scene).unwrap()).unwrap();
        let nodes = compressed.nodes().iter().flat_map(|node| node.words).flatten();
        let triangles = compressed.triangles().iter().flat_map(|triangle| triangle.words).flatten();
        bytes.extend(nodes.chain(triangles).flat_map(u32::to_le_bytes));
    }
    assert!(bytes.len() > 30_000);
    assert_eq!(sha256(&[&bytes])[..8], [219, 187, 202, 85, 127, 91, 15, 97]);
}

proptest! {
    #[test]
    fn a_component_selected_by_the_last_axis_is_the_one_that_the_axes_name(
        v in prop::array::uniform3(-1.0e9_f32..1.0e9),
        direction in prop::array::uniform3(-1.0_f32..1.0),
    ) {
        let axes = Ray::new([0.0; 3], direction).axes;
        for axis in 0..3 {
            prop_assert_eq!(selected(&v, axes[2], axis), v[axes[axis]]);
        }
    }

    #[test]
    fn few_triangles_of_any_numbers_are_hit_as_the_definition_says(
        corners in prop::collection::vec(prop::array::uniform3(prop::array::uniform3(coordinate())), 1..20),
        targets in prop::collection::vec((any::<u32>(), 0.0_f32..0.5, 0.0_f32..0.5), 1..10),
        origin in prop::array::uniform3(coordinate()),
        limit in prop_oneof![Just(LARGEST), 1.0e-6_f32..1.0e10],
    ) {
        let scene = scene_of(&corners);
        let compressed = Compressed::new(&compile(&scene).unwrap()).unwrap();
        for (which, u, v) in targets {
            let [a, b, c] = corners[which as usize % corners.len()];
            let target = interpolate(a, b, c, u, v);
            let direction = normalize_or(subtract(target, origin), [0.0, 0.0, 1.0]);
            let expected = brute_force(&scene, origin, direction, limit);
            prop_assert_eq!(compressed.closest(origin, direction, limit), expected);
            prop_assert_eq!(compressed.occluded(origin, direction, limit), expected.is_some());
        }
    }
}

/// Numbers of all sizes that a vertex can have, and many that are equal.
fn coordinate() -> impl Strategy<Value = f32> {
    prop_oneof![
        3 => -1.0_f32..1.0,
        1 => (-4_i32..4).prop_map(|x| x as f32 * 0.25),
        1 => -LARGEST_COORDINATE..LARGEST_COORDINATE,
        1 => any::<u32>().prop_map(|bits| {
            let x = f32::from_bits(bits);
            if x.abs() <= LARGEST_COORDINATE { x } else { f32::from_bits(bits & 0x80ff_ffff) }
        }),
    ]
}
