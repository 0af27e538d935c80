//! The memory image of a scene: the words that machines read and that the Merkle root commits to.
//!
//! | section | record | content |
//! |---|---|---|
//! | header | 64 words | see the constants below; the camera fills one leaf of its own |
//! | pairs | 16 words = one leaf | two nodes of low (3), child, high (3), 0 |
//! | slots | 10 words | a triangle in leaf order: three corners, its index in the mesh |
//! | faces | 4 words | a triangle in mesh order: three vertices, its material |
//! | vertices | 12 words | position (3), normal (3), uv (2), tangent (4) |
//! | materials | 16 words = one leaf | base (3), metallic, roughness, specular, normal scale, emission (3), textures (base, metallic-roughness, normal, emission), light density, 0 |
//! | textures | 4 words | see `super::texture`; the texels follow all records |
//! | lights | 4 words | threshold, alias, triangle (or [`NONE`]: the environment), 0 |
//! | environment | 4 words per texel | radiance (3), density of its directions |
//! | environment table | 2 words per texel | threshold, alias |
//!
//! A leaf is 16 words; every section begins on a leaf and the whole is filled up with zeros. Numbers are little endian
//! in bytes.

use super::bvh::{self, Child, Node};
use super::intersect::{Bounds, LARGEST_COORDINATE, padded_bounds};
use super::light;
use super::scene::{Camera, Environment, Scene, SceneError, Texture};
use super::texture;
use crate::machine::{Fault, Memory};
use crate::merkle::{self, Digest};
use crate::strict::vector::{Vec3, add, cross, length, luminance, multiply, scale, subtract};
use crate::strict::{abs, is_finite, min};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// "No texture", "no triangle".
pub const NONE: u32 = u32::MAX;
/// Words of a Merkle leaf.
pub const LEAF_WORDS: usize = 16;

/// "RCSI" and the layout's number.
const MAGIC: u32 = 0x4953_4352;
const LAYOUT: u32 = 1;
/// Where the pairs begin: right behind the header, so that a step that reads a pair reads one leaf only.
pub const PAIRS: u32 = 64;
/// Words of one pair.
pub const PAIR: u32 = 16;
/// Words of one slot.
pub const SLOT: u32 = 10;
/// Words of one face.
pub const FACE: u32 = 4;
/// Words of one vertex.
pub const VERTEX: u32 = 12;
/// Words of one material.
pub const MATERIAL: u32 = 16;
/// Words of one light.
pub const LIGHT: u32 = 4;
/// Words of one texel of the environment.
pub const TEXEL: u32 = 4;

/// Indices of header words.
pub mod header {
    /// Words of the whole image.
    pub const LENGTH: u32 = 2;
    /// Number of pairs.
    pub const PAIR_COUNT: u32 = 3;
    /// Number of triangles.
    pub const TRIANGLE_COUNT: u32 = 4;
    /// First word of the slots.
    pub const SLOTS: u32 = 5;
    /// First word of the faces.
    pub const FACES: u32 = 6;
    /// First word of the vertices.
    pub const VERTICES: u32 = 7;
    /// First word of the materials.
    pub const MATERIALS: u32 = 8;
    /// First word of the texture records.
    pub const TEXTURES: u32 = 9;
    /// First word of the lights.
    pub const LIGHTS: u32 = 10;
    /// Number of lights.
    pub const LIGHT_COUNT: u32 = 11;
    /// First word of the environment's texels.
    pub const ENVIRONMENT: u32 = 12;
    /// First word of the environment's alias table.
    pub const ENVIRONMENT_TABLE: u32 = 13;
    /// Columns of the environment.
    pub const ENVIRONMENT_WIDTH: u32 = 14;
    /// Rows of the environment.
    pub const ENVIRONMENT_HEIGHT: u32 = 15;
    /// Position, right, up, forward (3 each), tangent of half the field of view, lens radius, focus distance.
    pub const CAMERA: u32 = 16;
    /// Number of vertices.
    pub const VERTEX_COUNT: u32 = 32;
    /// Number of materials.
    pub const MATERIAL_COUNT: u32 = 33;
    /// Number of textures.
    pub const TEXTURE_COUNT: u32 = 34;
}

/// Limits of what an image can hold.
const MOST_TRIANGLES: usize = 1 << 24;
const LARGEST_IMAGE_EDGE: u32 = 16_384;

/// A compiled scene.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SceneImage {
    words: Vec<u32>,
}

impl Memory for SceneImage {
    #[inline(always)]
    fn word(&self, index: u32) -> Result<u32, Fault> {
        self.words.word(index)
    }
}

impl SceneImage {
    /// All words.
    pub fn words(&self) -> &[u32] {
        &self.words
    }

    /// Little-endian bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.words.len() * 4);
        for word in &self.words {
            bytes.extend_from_slice(&word.to_le_bytes());
        }
        bytes
    }

    /// Reads and validates an image: after this, no step on it faults and every traversal gives the canonical hits.
    ///
    /// # Errors
    /// The first field that is out of place.
    pub fn from_bytes(bytes: &[u8]) -> Result<SceneImage, SceneError> {
        if !bytes.len().is_multiple_of(4 * LEAF_WORDS) {
            return Err(error("image", format!("{} bytes are not a multiple of 64; fetch it again", bytes.len())));
        }
        let words =
            bytes.chunks_exact(4).map(|word| u32::from_le_bytes([word[0], word[1], word[2], word[3]])).collect();
        let image = SceneImage { words };
        image.validate()?;
        Ok(image)
    }

    /// Number of Merkle leaves.
    pub fn leaf_count(&self) -> u64 {
        (self.words.len() / LEAF_WORDS) as u64
    }

    /// Hashes of all leaves.
    pub fn leaves(&self) -> Vec<Digest> {
        self.words
            .chunks(LEAF_WORDS)
            .map(|words| {
                let mut bytes = [0; 4 * LEAF_WORDS];
                for (place, word) in bytes.chunks_exact_mut(4).zip(words) {
                    place.copy_from_slice(&word.to_le_bytes());
                }
                merkle::leaf(&bytes)
            })
            .collect()
    }

    /// Merkle root over the 64-byte leaves.
    pub fn root(&self) -> Digest {
        merkle::root(&self.leaves())
    }

    /// The number of triangles.
    pub fn triangle_count(&self) -> u32 {
        self.words[header::TRIANGLE_COUNT as usize]
    }

    /// The number of node pairs.
    pub fn pair_count(&self) -> u32 {
        self.words[header::PAIR_COUNT as usize]
    }

    /// Bytes that traversal reads: pairs and slots.
    pub fn traversal_bytes(&self) -> u64 {
        4 * (u64::from(self.pair_count()) * u64::from(PAIR) + u64::from(self.triangle_count()) * u64::from(SLOT))
    }

    /// Corners and mesh index of the triangle in a slot.
    pub fn slot(&self, slot: u32) -> Result<([Vec3; 3], u32), Fault> {
        read_slot(self, self.words[header::SLOTS as usize], slot)
    }

    fn validate(&self) -> Result<(), SceneError> {
        let word = |index: u32| self.words.get(index as usize).copied().unwrap_or(0);
        if self.words.len() < PAIRS as usize || word(0) != MAGIC || word(1) != LAYOUT {
            return Err(error("image.header", "not a scene image of this layout; compile the scene again".into()));
        }
        if word(header::LENGTH) as usize != self.words.len() {
            return Err(error("image.length", "the header states another length; fetch it again".into()));
        }
        let triangles = word(header::TRIANGLE_COUNT);
        let (width, height) = (word(header::ENVIRONMENT_WIDTH), word(header::ENVIRONMENT_HEIGHT));
        if triangles == 0 || triangles as usize > MOST_TRIANGLES {
            return Err(error("image.triangle_count", format!("{triangles} is outside 1..=2^24")));
        }
        if !(1..=LARGEST_IMAGE_EDGE).contains(&width) || !(1..=LARGEST_IMAGE_EDGE).contains(&height) {
            return Err(error("image.environment", format!("{width} x {height} is outside 1..=16384")));
        }
        let texels = width.saturating_mul(height);
        let section = |name: &str, first: u32, count: u32, size: u32| {
            let end = u64::from(first) + u64::from(count) * u64::from(size);
            if first < PAIRS || end > self.words.len() as u64 {
                return Err(error(name, "the section lies outside the image; compile the scene again".into()));
            }
            Ok(())
        };
        for index in [
            header::SLOTS,
            header::FACES,
            header::VERTICES,
            header::MATERIALS,
            header::TEXTURES,
            header::LIGHTS,
            header::ENVIRONMENT,
            header::ENVIRONMENT_TABLE,
        ] {
            if !(word(index) as usize).is_multiple_of(LEAF_WORDS) {
                return Err(error("image.header", format!("word {index}: the section does not begin on a leaf")));
            }
        }
        section("image.pairs", PAIRS, word(header::PAIR_COUNT), PAIR)?;
        section("image.slots", word(header::SLOTS), triangles, SLOT)?;
        section("image.faces", word(header::FACES), triangles, FACE)?;
        section("image.vertices", word(header::VERTICES), word(header::VERTEX_COUNT), VERTEX)?;
        section("image.materials", word(header::MATERIALS), word(header::MATERIAL_COUNT), MATERIAL)?;
        section("image.textures", word(header::TEXTURES), word(header::TEXTURE_COUNT), texture::RECORD)?;
        section("image.lights", word(header::LIGHTS), word(header::LIGHT_COUNT), LIGHT)?;
        section("image.environment", word(header::ENVIRONMENT), texels, TEXEL)?;
        section("image.environment_table", word(header::ENVIRONMENT_TABLE), texels, 2)?;

        let finite = |name: &str, first: u32, count: u32| match (first..first + count)
            .find(|index| !is_finite(f32::from_bits(word(*index))))
        {
            Some(index) => Err(error(name, format!("word {index} is not a finite number"))),
            None => Ok(()),
        };
        finite("image.camera", header::CAMERA, 15)?;
        finite("image.vertices", word(header::VERTICES), word(header::VERTEX_COUNT) * VERTEX)?;
        finite("image.environment", word(header::ENVIRONMENT), texels * TEXEL)?;
        for vertex in 0..word(header::VERTEX_COUNT) {
            let position = self.vec3(word(header::VERTICES) + vertex * VERTEX).unwrap_or_default();
            if position.iter().any(|coordinate| abs(*coordinate) > LARGEST_COORDINATE) {
                return Err(error("image.vertices", format!("vertex {vertex} lies beyond 2^30")));
            }
        }
        for material in 0..word(header::MATERIAL_COUNT) {
            let record = word(header::MATERIALS) + material * MATERIAL;
            finite("image.materials", record, 10)?;
            finite("image.materials", record + 14, 1)?;
            for slot in 10..14 {
                let texture = word(record + slot);
                if texture != NONE && texture >= word(header::TEXTURE_COUNT) {
                    return Err(error("image.materials", format!("material {material} names texture {texture}")));
                }
            }
        }
        for index in 0..word(header::TEXTURE_COUNT) {
            let record = word(header::TEXTURES) + index * texture::RECORD;
            let (width, height) = (word(record + 1), word(record + 2));
            if !(1..=LARGEST_IMAGE_EDGE).contains(&width) || !(1..=LARGEST_IMAGE_EDGE).contains(&height) {
                return Err(error("image.textures", format!("texture {index} is {width} x {height}")));
            }
            section("image.texels", word(record), width * height, 1)?;
        }
        for light in 0..word(header::LIGHT_COUNT) {
            let record = word(header::LIGHTS) + light * LIGHT;
            let triangle = word(record + 2);
            if word(record + 1) >= word(header::LIGHT_COUNT) || (triangle != NONE && triangle >= triangles) {
                return Err(error("image.lights", format!("light {light} points outside the scene")));
            }
        }
        for texel in 0..texels {
            if word(word(header::ENVIRONMENT_TABLE) + texel * 2 + 1) >= texels {
                return Err(error("image.environment_table", format!("texel {texel} points outside the table")));
            }
        }
        self.validate_triangles(triangles)?;
        self.validate_hierarchy(triangles)
    }

    /// Every slot repeats the corners of a different triangle whose vertices and material exist.
    fn validate_triangles(&self, triangles: u32) -> Result<(), SceneError> {
        let word = |index: u32| self.words.get(index as usize).copied().unwrap_or(0);
        let mut seen = alloc::vec![false; triangles as usize];
        for slot in 0..triangles {
            let (corners, primitive) = self.slot(slot).map_err(unreadable)?;
            let fresh = seen.get_mut(primitive as usize).filter(|seen| !**seen);
            let Some(fresh) = fresh else {
                return Err(error("image.slots", format!("slot {slot} names triangle {primitive} wrongly")));
            };
            *fresh = true;
            let face = word(header::FACES) + primitive * FACE;
            if word(face + 3) >= word(header::MATERIAL_COUNT) {
                return Err(error("image.faces", format!("triangle {primitive} has no material")));
            }
            for (corner, position) in (0..).zip(corners) {
                let vertex = word(face + corner);
                if vertex >= word(header::VERTEX_COUNT) {
                    return Err(error("image.faces", format!("triangle {primitive} has no vertex {vertex}")));
                }
                let stored = self.vec3(word(header::VERTICES) + vertex * VERTEX).map_err(unreadable)?;
                if stored.map(f32::to_bits) != position.map(f32::to_bits) {
                    return Err(error("image.slots", format!("slot {slot} differs from triangle {primitive}")));
                }
            }
        }
        Ok(())
    }

    /// The pairs form one tree within the depth limit, every slot is in one leaf, every box contains what is below it.
    fn validate_hierarchy(&self, triangles: u32) -> Result<(), SceneError> {
        let refuse = |pair: u32, reason: &str| Err(error("image.pairs", format!("pair {pair}: {reason}")));
        if self.pair_count() > triangles {
            return refuse(self.pair_count(), "more pairs than triangles");
        }
        let mut covered = alloc::vec![false; triangles as usize];
        let mut visited = alloc::vec![false; self.pair_count() as usize];
        // (pair, depth, box that must contain it)
        let everything = Bounds { low: [-crate::strict::LARGEST; 3], high: [crate::strict::LARGEST; 3] };
        let mut pending = alloc::vec![(0_u32, 1_usize, everything)];
        while let Some((pair, depth, outer)) = pending.pop() {
            match visited.get_mut(pair as usize) {
                Some(visited) if !*visited && depth <= bvh::DEEPEST => *visited = true,
                _ => return refuse(pair, "not part of one tree of at most 48 levels"),
            }
            for node in read_pair(self, pair).map_err(unreadable)? {
                if node.bounds == Bounds::EMPTY {
                    continue;
                }
                let corners = [node.bounds.low, node.bounds.high];
                if !corners.iter().flatten().all(|x| abs(*x) <= 2.0 * LARGEST_COORDINATE) {
                    return refuse(pair, "a box beyond 2^31");
                }
                if !outer.contains(&node.bounds) {
                    return refuse(pair, "a box that is not inside the one above");
                }
                match node.child {
                    Child::Pair(below) => pending.push((below, depth + 1, node.bounds)),
                    Child::Leaf { first, count } => {
                        for slot in first..first + count {
                            match covered.get_mut(slot as usize) {
                                Some(covered) if !*covered => *covered = true,
                                _ => return refuse(pair, "a slot in two leaves or in none"),
                            }
                            let (corners, _) = self.slot(slot).map_err(unreadable)?;
                            if !node.bounds.contains(&padded_bounds(&corners)) {
                                return refuse(pair, "a triangle that is not inside its box");
                            }
                        }
                    }
                }
            }
        }
        if !covered.iter().all(|covered| *covered) || !visited.iter().all(|visited| *visited) {
            return refuse(0, "some slots or pairs are not reached from the root");
        }
        Ok(())
    }
}

fn unreadable(fault: Fault) -> SceneError {
    error("image", format!("{fault}; compile the scene again"))
}

fn error(field: &str, reason: String) -> SceneError {
    SceneError { field: field.into(), reason }
}

/// Both nodes of a pair.
///
/// # Errors
/// [`Fault::Memory`] for a missing word.
#[inline]
pub fn read_pair<M: Memory + ?Sized>(memory: &M, pair: u32) -> Result<[Node; 2], Fault> {
    let first = pair.wrapping_mul(PAIR).wrapping_add(PAIRS);
    let node = |first: u32| -> Result<Node, Fault> {
        Ok(Node {
            bounds: Bounds { low: memory.vec3(first)?, high: memory.vec3(first.wrapping_add(4))? },
            child: Child::from_word(memory.word(first.wrapping_add(3))?),
        })
    };
    Ok([node(first)?, node(first.wrapping_add(8))?])
}

/// Corners and mesh index of the triangle in a slot, of the slots that begin at word `slots`.
///
/// # Errors
/// [`Fault::Memory`] for a missing word.
#[inline]
pub fn read_slot<M: Memory + ?Sized>(memory: &M, slots: u32, slot: u32) -> Result<([Vec3; 3], u32), Fault> {
    let first = slot.wrapping_mul(SLOT).wrapping_add(slots);
    let corners = [memory.vec3(first)?, memory.vec3(first.wrapping_add(3))?, memory.vec3(first.wrapping_add(6))?];
    Ok((corners, memory.word(first.wrapping_add(9))?))
}

/// The camera of an image.
///
/// # Errors
/// [`Fault::Memory`] for a missing word.
pub fn read_camera<M: Memory + ?Sized>(memory: &M) -> Result<Camera, Fault> {
    let first = header::CAMERA;
    Ok(Camera {
        position: memory.vec3(first)?,
        right: memory.vec3(first + 3)?,
        up: memory.vec3(first + 6)?,
        forward: memory.vec3(first + 9)?,
        tan_half_fov_y: memory.float(first + 12)?,
        lens_radius: memory.float(first + 13)?,
        focus_distance: memory.float(first + 14)?,
    })
}

/// Validates a scene and lays it out: hierarchy, light tables, textures. The same scene gives the same words.
///
/// # Errors
/// The first field that is out of range, with what to do.
pub fn compile(scene: &Scene) -> Result<SceneImage, SceneError> {
    validate_scene(scene)?;
    let mesh = &scene.mesh;
    let corners_of = |triangle: &[u32; 3]| triangle.map(|vertex| mesh.positions[vertex as usize]);
    let boxes: Vec<Bounds> = mesh.triangles.iter().map(|triangle| padded_bounds(&corners_of(triangle))).collect();
    let hierarchy = bvh::build(&boxes);
    drop(boxes);
    lay_out(scene, &hierarchy)
}

/// Writes the sections of a valid scene over any hierarchy of its triangles.
pub(super) fn lay_out(scene: &Scene, hierarchy: &bvh::Hierarchy) -> Result<SceneImage, SceneError> {
    let mesh = &scene.mesh;
    let corners_of = |triangle: &[u32; 3]| triangle.map(|vertex| mesh.positions[vertex as usize]);
    let lights = light_tables(scene);

    let mut words = alloc::vec![0_u32; PAIRS as usize];
    for pair in &hierarchy.pairs {
        for node in pair {
            words.extend(node.bounds.low.map(f32::to_bits));
            words.push(node.child.to_word());
            words.extend(node.bounds.high.map(f32::to_bits));
            words.push(0);
        }
    }
    let slots = align(&mut words);
    for index in &hierarchy.order {
        words.extend(corners_of(&mesh.triangles[*index as usize]).as_flattened().iter().map(|x| x.to_bits()));
        words.push(*index);
    }
    let faces = align(&mut words);
    for (triangle, material) in mesh.triangles.iter().zip(&mesh.material_of) {
        words.extend(triangle);
        words.push(*material);
    }
    let vertices = align(&mut words);
    for vertex in 0..mesh.positions.len() {
        words.extend(mesh.positions[vertex].map(f32::to_bits));
        words.extend(mesh.normals[vertex].map(f32::to_bits));
        words.extend(mesh.uvs[vertex].map(f32::to_bits));
        words.extend(mesh.tangents[vertex].map(f32::to_bits));
    }
    let materials = align(&mut words);
    for (material, light_density) in scene.materials.iter().zip(&lights.material_density) {
        words.extend(material.base_color.map(f32::to_bits));
        words.extend(
            [material.metallic, material.roughness, material.specular, material.normal_scale].map(f32::to_bits),
        );
        words.extend(material.emission.map(f32::to_bits));
        for texture in [
            material.base_color_texture,
            material.metallic_roughness_texture,
            material.normal_texture,
            material.emission_texture,
        ] {
            words.push(texture.unwrap_or(NONE));
        }
        words.extend([light_density.to_bits(), 0]);
    }
    let textures = align(&mut words);
    let records = words.len();
    words.resize(records + scene.textures.len() * texture::RECORD as usize, 0);
    for (index, source) in scene.textures.iter().enumerate() {
        let offset = align(&mut words);
        let record = records + index * texture::RECORD as usize;
        words[record..record + 4].copy_from_slice(&[offset, source.width, source.height, texture::flags(source)]);
        words.extend(source.texels.iter().map(|texel| u32::from_le_bytes(*texel)));
    }
    let light_records = align(&mut words);
    for (entry, triangle) in lights.table.iter().zip(&lights.triangles) {
        words.extend([entry.threshold, entry.alias, *triangle, 0]);
    }
    let environment = align(&mut words);
    for (texel, density) in scene.environment.texels.iter().zip(&lights.texel_density) {
        words.extend(texel.map(f32::to_bits));
        words.push(density.to_bits());
    }
    let environment_table = align(&mut words);
    for entry in &lights.texel_table {
        words.extend([entry.threshold, entry.alias]);
    }
    align(&mut words);
    if words.len() > u32::MAX as usize {
        return Err(error("scene", "the image exceeds 2^32 words; use smaller textures".into()));
    }

    let mut set = |index: u32, value: u32| words[index as usize] = value;
    set(0, MAGIC);
    set(1, LAYOUT);
    set(header::PAIR_COUNT, hierarchy.pairs.len() as u32);
    set(header::TRIANGLE_COUNT, mesh.triangles.len() as u32);
    set(header::SLOTS, slots);
    set(header::FACES, faces);
    set(header::VERTICES, vertices);
    set(header::MATERIALS, materials);
    set(header::TEXTURES, textures);
    set(header::LIGHTS, light_records);
    set(header::LIGHT_COUNT, lights.table.len() as u32);
    set(header::ENVIRONMENT, environment);
    set(header::ENVIRONMENT_TABLE, environment_table);
    set(header::ENVIRONMENT_WIDTH, scene.environment.width);
    set(header::ENVIRONMENT_HEIGHT, scene.environment.height);
    set(header::VERTEX_COUNT, mesh.positions.len() as u32);
    set(header::MATERIAL_COUNT, scene.materials.len() as u32);
    set(header::TEXTURE_COUNT, scene.textures.len() as u32);
    let camera = &scene.camera;
    let vectors = [camera.position, camera.right, camera.up, camera.forward];
    let numbers = [camera.tan_half_fov_y, camera.lens_radius, camera.focus_distance];
    for (index, value) in (header::CAMERA..).zip(vectors.as_flattened().iter().chain(&numbers)) {
        set(index, value.to_bits());
    }
    let length = words.len() as u32;
    words[header::LENGTH as usize] = length;
    Ok(SceneImage { words })
}

/// Fills up to the next leaf and says where that is.
fn align(words: &mut Vec<u32>) -> u32 {
    words.resize(words.len().next_multiple_of(LEAF_WORDS), 0);
    words.len() as u32
}

/// What `super::light` samples from.
struct LightTables {
    table: Vec<light::Alias>,
    /// Of each light, the triangle, or [`NONE`] for the environment.
    triangles: Vec<u32>,
    /// Of each material, the density per area with which its triangles are sampled.
    material_density: Vec<f32>,
    texel_table: Vec<light::Alias>,
    /// Of each texel, the density per solid angle with which its directions are sampled.
    texel_density: Vec<f32>,
}

fn light_tables(scene: &Scene) -> LightTables {
    let environment = &scene.environment;
    let (width, height) = (environment.width, environment.height);
    let solid_angles: Vec<f32> = (0..height).map(|row| light::texel_solid_angle(row, width, height)).collect();
    let texel_weights: Vec<f32> = environment
        .texels
        .chunks(width as usize)
        .zip(&solid_angles)
        .flat_map(|(row, solid_angle)| row.iter().map(move |texel| luminance(*texel) * solid_angle))
        .collect();
    let texel_weights = light::quantize(&texel_weights);
    let texel_total: u64 = texel_weights.iter().sum();

    let strengths: Vec<f32> = scene
        .materials
        .iter()
        .map(|material| {
            let texture = material.emission_texture.map(|index| mean_colour(&scene.textures[index as usize]));
            luminance(multiply(material.emission, texture.unwrap_or([1.0; 3])))
        })
        .collect();
    let mesh = &scene.mesh;
    let mut triangles = Vec::new();
    let mut powers = Vec::new();
    for (index, (triangle, material)) in (0..).zip(mesh.triangles.iter().zip(&mesh.material_of)) {
        let strength = strengths[*material as usize];
        if strength > 0.0 {
            let [a, b, c] = triangle.map(|vertex| mesh.positions[vertex as usize]);
            let area = length(cross(subtract(b, a), subtract(c, a))) * 0.5;
            let power = area * strength;
            if power > 0.0 && is_finite(power) {
                triangles.push(index);
                powers.push(power);
            }
        }
    }
    let total_power = powers.iter().fold(0.0, |sum, power| sum + power);
    let mut weights = light::quantize(&powers);
    let (triangle_share, environment_share) = match (weights.is_empty(), texel_total > 0) {
        (false, true) => (0.5, 0.5),
        (false, false) => (1.0, 0.0),
        (true, true) => (0.0, 1.0),
        (true, false) => (0.0, 0.0),
    };
    if environment_share > 0.0 {
        weights.push(weights.iter().sum::<u64>().max(1));
        triangles.push(NONE);
    }
    // 2^100 stands for a density that overflows, of lights too small to be found.
    let densest = f32::from_bits(0x7180_0000);
    LightTables {
        table: if weights.is_empty() { Vec::new() } else { light::alias_table(&weights) },
        triangles,
        material_density: strengths
            .iter()
            .map(
                |strength| {
                    if triangle_share > 0.0 { min(strength * triangle_share / total_power, densest) } else { 0.0 }
                },
            )
            .collect(),
        texel_density: texel_weights
            .chunks(width as usize)
            .zip(&solid_angles)
            .flat_map(|(row, solid_angle)| {
                row.iter().map(move |weight| {
                    if *weight == 0 {
                        0.0
                    } else {
                        min(*weight as f32 / texel_total as f32 * environment_share / solid_angle, densest)
                    }
                })
            })
            .collect(),
        texel_table: light::alias_table(&texel_weights),
    }
}

fn mean_colour(source: &Texture) -> Vec3 {
    let srgb = source.encoding == super::scene::Encoding::Srgb;
    // Row by row, so that the f32 sum of many texels keeps its precision.
    let rows = source
        .texels
        .chunks(source.width as usize)
        .map(|row| row.iter().fold([0.0; 3], |sum, texel| add(sum, texture::decode(u32::from_le_bytes(*texel), srgb))));
    let sum = rows.fold([0.0; 3], add);
    scale(sum, 1.0 / source.texels.len() as f32)
}

fn validate_scene(scene: &Scene) -> Result<(), SceneError> {
    let mesh = &scene.mesh;
    let vertices = mesh.positions.len();
    if mesh.triangles.is_empty() {
        return Err(error("mesh.triangles", "the mesh is empty; a scene needs at least one triangle".into()));
    }
    if mesh.triangles.len() > MOST_TRIANGLES {
        return Err(error("mesh.triangles", format!("{} exceed 2^24; simplify the mesh", mesh.triangles.len())));
    }
    if vertices > 3 * MOST_TRIANGLES {
        return Err(error("mesh.positions", format!("{vertices} exceed 3 x 2^24; remove unused vertices")));
    }
    for (name, count) in
        [("mesh.normals", mesh.normals.len()), ("mesh.uvs", mesh.uvs.len()), ("mesh.tangents", mesh.tangents.len())]
    {
        if count != vertices {
            return Err(error(name, format!("{count} entries for {vertices} vertices; give one per vertex")));
        }
    }
    if mesh.material_of.len() != mesh.triangles.len() {
        let counts = (mesh.material_of.len(), mesh.triangles.len());
        return Err(error(
            "mesh.material_of",
            format!("{} entries for {} triangles; give one each", counts.0, counts.1),
        ));
    }
    numbers("mesh.positions", &mesh.positions, -LARGEST_COORDINATE, LARGEST_COORDINATE)?;
    numbers("mesh.normals", &mesh.normals, -2.0, 2.0)?;
    numbers("mesh.uvs", &mesh.uvs, -LARGEST_COORDINATE, LARGEST_COORDINATE)?;
    numbers("mesh.tangents", &mesh.tangents, -2.0, 2.0)?;
    for (index, triangle) in mesh.triangles.iter().enumerate() {
        if let Some(vertex) = triangle.iter().find(|vertex| **vertex as usize >= vertices) {
            return Err(error(
                &format!("mesh.triangles[{index}]"),
                format!("vertex {vertex} of {vertices} does not exist"),
            ));
        }
        let material = mesh.material_of[index] as usize;
        if material >= scene.materials.len() {
            let count = scene.materials.len();
            return Err(error(
                &format!("mesh.material_of[{index}]"),
                format!("material {material} of {count} does not exist"),
            ));
        }
    }
    for (index, material) in scene.materials.iter().enumerate() {
        let name = |field: &str| format!("materials[{index}].{field}");
        numbers(&name("base_color"), &[material.base_color], 0.0, 1.0)?;
        numbers(&name("metallic"), &[[material.metallic]], 0.0, 1.0)?;
        numbers(&name("roughness"), &[[material.roughness]], 0.0, 1.0)?;
        numbers(&name("specular"), &[[material.specular]], 0.0, 1.0)?;
        numbers(&name("normal_scale"), &[[material.normal_scale]], -64.0, 64.0)?;
        numbers(&name("emission"), &[material.emission], 0.0, LARGEST_RADIANCE)?;
        for (field, texture) in [
            ("base_color_texture", material.base_color_texture),
            ("metallic_roughness_texture", material.metallic_roughness_texture),
            ("normal_texture", material.normal_texture),
            ("emission_texture", material.emission_texture),
        ] {
            if let Some(texture) = texture.filter(|texture| *texture as usize >= scene.textures.len()) {
                let count = scene.textures.len();
                return Err(error(&name(field), format!("texture {texture} of {count} does not exist")));
            }
        }
    }
    for (index, texture) in scene.textures.iter().enumerate() {
        picture_size(&format!("textures[{index}]"), texture.width, texture.height, texture.texels.len())?;
    }
    let Environment { width, height, texels } = &scene.environment;
    picture_size("environment", *width, *height, texels.len())?;
    numbers("environment.texels", texels, 0.0, LARGEST_RADIANCE)?;
    validate_camera(&scene.camera)
}

/// Radiance beyond 2^40 would be clamped at accumulation anyway.
const LARGEST_RADIANCE: f32 = 1_099_511_627_776.0;

fn picture_size(name: &str, width: u32, height: u32, texels: usize) -> Result<(), SceneError> {
    if !(1..=LARGEST_IMAGE_EDGE).contains(&width) || !(1..=LARGEST_IMAGE_EDGE).contains(&height) {
        return Err(error(name, format!("{width} x {height} is outside 1..=16384; resize it")));
    }
    if texels as u64 != u64::from(width) * u64::from(height) {
        return Err(error(&format!("{name}.texels"), format!("{texels} texels for {width} x {height}")));
    }
    Ok(())
}

fn validate_camera(camera: &Camera) -> Result<(), SceneError> {
    numbers("camera.position", &[camera.position], -LARGEST_COORDINATE, LARGEST_COORDINATE)?;
    for (name, vector) in [("camera.right", camera.right), ("camera.up", camera.up), ("camera.forward", camera.forward)]
    {
        numbers(name, &[vector], -2.0, 2.0)?;
        let is_unit = abs(length(vector) - 1.0) < 0.001;
        if !is_unit {
            return Err(error(name, "not a unit vector; normalise it".into()));
        }
    }
    let smallest = f32::from_bits(0x3580_0000);
    numbers("camera.tan_half_fov_y", &[[camera.tan_half_fov_y]], smallest, 1_048_576.0)?;
    numbers("camera.lens_radius", &[[camera.lens_radius]], 0.0, LARGEST_COORDINATE)?;
    numbers("camera.focus_distance", &[[camera.focus_distance]], smallest, LARGEST_COORDINATE)
}

/// Every component is a number in `low..=high`.
fn numbers<const N: usize>(name: &str, values: &[[f32; N]], low: f32, high: f32) -> Result<(), SceneError> {
    for (index, value) in values.iter().enumerate() {
        if let Some(wrong) = value.iter().find(|x| !(**x >= low && **x <= high)) {
            let field = if values.len() == 1 { name.into() } else { format!("{name}[{index}]") };
            return Err(SceneError { field, reason: format!("{wrong} is not a number in {low}..={high}") });
        }
    }
    Ok(())
}
