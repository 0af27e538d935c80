//! A small glTF 2.0 writer: one binary file per scene, with its textures as PNG inside.
//!
//! Owns: the way back from the engine's scene to a file that any glTF tool opens, so that the project's own scenes take
//! the same road through the importer as everybody's. What glTF has no place for goes into `extras`: the lens of the
//! camera (`lensRadius`, `focusDistance`) and the environment (`width`, `height` and a `bufferView` of little-endian
//! RGB floats, in the extras of the scene).

use std::collections::BTreeMap;
use std::io::Cursor;

use image::ImageEncoder as _;
use kernels::render::scene::{Camera, Encoding, Material, Mesh, Scene, Texture, Wrap};
use serde_json::{Value, json};

/// Why a scene cannot be written as glTF.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// An index leads nowhere; [`kernels::render::compile`] refuses the same scene.
    #[error("{field}: it points to something that does not exist; correct the index")]
    Dangling {
        /// Path of the field.
        field: String,
    },
    /// glTF fixes how each kind of texture is encoded.
    #[error("materials[{material}].{field}: glTF wants a texture of another encoding there; use one that is {wanted}")]
    Encoding {
        /// Index of the material.
        material: usize,
        /// Which of its textures.
        field: &'static str,
        /// `Srgb` or `Linear`.
        wanted: &'static str,
    },
    /// The sizes of a texture, the environment or the mesh do not agree with their data.
    #[error("{field}: its length does not fit; give one entry per texel or vertex")]
    Length {
        /// Path of the field.
        field: String,
    },
    /// A GLB cannot be larger than 4 GiB.
    #[error("the scene is larger than a GLB can be (4 GiB); use fewer triangles or smaller textures")]
    TooLarge,
}

/// Writes a scene as a binary glTF file that [`crate::import_bytes`] reads back.
///
/// Vertices are written once per run of triangles with one material, in ascending order and without unused ones: a mesh
/// whose runs already own consecutive vertices reads back exactly as it was.
pub fn write_glb(scene: &Scene) -> Result<Vec<u8>, WriteError> {
    let mut writer = Writer::default();
    let mesh = writer.mesh(scene)?;
    let textures = writer.textures(scene)?;
    let materials: Vec<Value> = scene
        .materials
        .iter()
        .enumerate()
        .map(|(index, material)| material_json(scene, index, material))
        .collect::<Result<_, _>>()?;
    let environment = writer.environment(scene)?;
    let (camera, camera_node) = camera_json(&scene.camera);
    let mut document = json!({
        "asset": { "version": "2.0", "generator": concat!("scene ", env!("CARGO_PKG_VERSION")) },
        "scene": 0,
        "scenes": [{ "nodes": [0, 1], "extras": { "environment": environment } }],
        "nodes": [{ "mesh": 0, "name": "scene" }, camera_node],
        "meshes": [mesh],
        "materials": materials,
        "cameras": [camera],
        "accessors": writer.accessors,
        "bufferViews": writer.views,
        "buffers": [{ "byteLength": writer.bytes.len() }],
    });
    let mut extensions = Vec::new();
    if scene.materials.iter().any(|material| strength(material.emission) != 1.0) {
        extensions.push("KHR_materials_emissive_strength");
    }
    if scene.materials.iter().any(|material| material.specular != 1.0) {
        extensions.push("KHR_materials_specular");
    }
    if !extensions.is_empty() {
        document["extensionsUsed"] = json!(extensions);
    }
    if let Some((images, samplers, textures)) = textures {
        document["images"] = images;
        document["samplers"] = samplers;
        document["textures"] = textures;
    }
    container(document.to_string().into_bytes(), writer.bytes)
}

#[derive(Default)]
struct Writer {
    bytes: Vec<u8>,
    views: Vec<Value>,
    accessors: Vec<Value>,
}

impl Writer {
    fn view(&mut self, bytes: &[u8], target: Option<u32>) -> usize {
        let offset = self.bytes.len();
        self.bytes.extend_from_slice(bytes);
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
        let mut view = json!({ "buffer": 0, "byteOffset": offset, "byteLength": bytes.len() });
        if let Some(target) = target {
            view["target"] = json!(target);
        }
        self.views.push(view);
        self.views.len() - 1
    }

    fn floats<const N: usize>(&mut self, values: &[[f32; N]], bounds: bool) -> usize {
        const ARRAY_BUFFER: u32 = 34962;
        let bytes: Vec<u8> = values.iter().flatten().flat_map(|value| value.to_le_bytes()).collect();
        let view = self.view(&bytes, Some(ARRAY_BUFFER));
        let mut accessor =
            json!({ "bufferView": view, "componentType": 5126, "count": values.len(), "type": format!("VEC{N}") });
        if bounds {
            let fold = |pick: fn(f32, f32) -> f32, start: f32| {
                values.iter().fold([start; N], |most, value| std::array::from_fn(|axis| pick(most[axis], value[axis])))
            };
            accessor["min"] = json!(fold(f32::min, f32::INFINITY).to_vec());
            accessor["max"] = json!(fold(f32::max, f32::NEG_INFINITY).to_vec());
        }
        self.accessors.push(accessor);
        self.accessors.len() - 1
    }

    fn mesh(&mut self, scene: &Scene) -> Result<Value, WriteError> {
        let mesh = &scene.mesh;
        check_mesh(scene)?;
        let mut primitives = Vec::new();
        let mut start = 0;
        while start < mesh.triangles.len() {
            let material = mesh.material_of[start];
            let run = mesh.material_of[start..].iter().take_while(|other| **other == material).count();
            primitives.push(self.primitive(scene, &mesh.triangles[start..start + run], material));
            start += run;
        }
        Ok(json!({ "name": "scene", "primitives": primitives }))
    }

    fn primitive(&mut self, scene: &Scene, triangles: &[[u32; 3]], material: u32) -> Value {
        const ELEMENT_ARRAY_BUFFER: u32 = 34963;
        let mesh: &Mesh = &scene.mesh;
        let mut used: Vec<u32> = triangles.iter().flatten().copied().collect();
        used.sort_unstable();
        used.dedup();
        let number: BTreeMap<u32, u32> = used.iter().zip(0..).map(|(vertex, number)| (*vertex, number)).collect();
        let gather = |vertex: &u32| *vertex as usize;
        let positions: Vec<[f32; 3]> = used.iter().map(gather).map(|vertex| mesh.positions[vertex]).collect();
        let normals: Vec<[f32; 3]> = used.iter().map(gather).map(|vertex| mesh.normals[vertex]).collect();
        let uvs: Vec<[f32; 2]> = used.iter().map(gather).map(|vertex| mesh.uvs[vertex]).collect();
        let tangents: Vec<[f32; 4]> = used.iter().map(gather).map(|vertex| mesh.tangents[vertex]).collect();
        let mut attributes = json!({
            "POSITION": self.floats(&positions, true),
            "NORMAL": self.floats(&normals, false),
        });
        if uvs.iter().any(|uv| *uv != [0.0; 2]) {
            attributes["TEXCOORD_0"] = json!(self.floats(&uvs, false));
        }
        if scene.materials[material as usize].normal_texture.is_some() {
            attributes["TANGENT"] = json!(self.floats(&tangents, false));
        }
        let corners: Vec<u8> = triangles.iter().flatten().flat_map(|vertex| number[vertex].to_le_bytes()).collect();
        let view = self.view(&corners, Some(ELEMENT_ARRAY_BUFFER));
        self.accessors
            .push(json!({ "bufferView": view, "componentType": 5125, "count": triangles.len() * 3, "type": "SCALAR" }));
        json!({ "attributes": attributes, "indices": self.accessors.len() - 1, "material": material, "mode": 4 })
    }

    fn textures(&mut self, scene: &Scene) -> Result<Option<(Value, Value, Value)>, WriteError> {
        let (mut images, mut samplers, mut textures) = (Vec::new(), Vec::new(), Vec::new());
        for (index, texture) in scene.textures.iter().enumerate() {
            let png = texture_png(texture).ok_or_else(|| WriteError::Length { field: format!("textures[{index}]") })?;
            images.push(json!({ "bufferView": self.view(&png, None), "mimeType": "image/png" }));
            let (wrap_s, wrap_t) = (wrap_code(texture.wrap_u), wrap_code(texture.wrap_v));
            samplers.push(json!({ "magFilter": 9729, "minFilter": 9729, "wrapS": wrap_s, "wrapT": wrap_t }));
            textures.push(json!({ "source": index, "sampler": index }));
        }
        Ok((!textures.is_empty()).then(|| (json!(images), json!(samplers), json!(textures))))
    }

    fn environment(&mut self, scene: &Scene) -> Result<Value, WriteError> {
        let environment = &scene.environment;
        if environment.texels.len() as u64 != u64::from(environment.width) * u64::from(environment.height) {
            return Err(WriteError::Length { field: "environment.texels".into() });
        }
        let bytes: Vec<u8> = environment.texels.iter().flatten().flat_map(|value| value.to_le_bytes()).collect();
        let view = self.view(&bytes, None);
        Ok(json!({ "width": environment.width, "height": environment.height, "bufferView": view }))
    }
}

fn check_mesh(scene: &Scene) -> Result<(), WriteError> {
    let mesh = &scene.mesh;
    let vertices = mesh.positions.len();
    for (field, length) in
        [("mesh.normals", mesh.normals.len()), ("mesh.uvs", mesh.uvs.len()), ("mesh.tangents", mesh.tangents.len())]
    {
        if length != vertices {
            return Err(WriteError::Length { field: field.into() });
        }
    }
    if mesh.material_of.len() != mesh.triangles.len() {
        return Err(WriteError::Length { field: "mesh.material_of".into() });
    }
    let dangling = |field: String| Err(WriteError::Dangling { field });
    if let Some(triangle) = mesh.triangles.iter().position(|three| three.iter().any(|v| *v as usize >= vertices)) {
        return dangling(format!("mesh.triangles[{triangle}]"));
    }
    if let Some(triangle) = mesh.material_of.iter().position(|material| *material as usize >= scene.materials.len()) {
        return dangling(format!("mesh.material_of[{triangle}]"));
    }
    Ok(())
}

/// The texture as an eight-bit RGBA PNG, or nothing where its size and its texels do not agree.
pub(crate) fn texture_png(texture: &Texture) -> Option<Vec<u8>> {
    let raw: Vec<u8> = texture.texels.iter().flatten().copied().collect();
    if raw.is_empty() || raw.len() as u64 != u64::from(texture.width) * u64::from(texture.height) * 4 {
        return None;
    }
    let mut png = Vec::new();
    image::codecs::png::PngEncoder::new(Cursor::new(&mut png))
        .write_image(&raw, texture.width, texture.height, image::ExtendedColorType::Rgba8)
        .ok()?;
    Some(png)
}

fn wrap_code(wrap: Wrap) -> u32 {
    match wrap {
        Wrap::Repeat => 10497,
        Wrap::Clamp => 33071,
        Wrap::Mirror => 33648,
    }
}

/// The power of two that brings the emission into glTF's 0..=1: dividing by it loses no bit.
fn strength(emission: [f32; 3]) -> f32 {
    let largest = emission.iter().fold(0.0f32, |most, value| most.max(*value));
    let mut strength = 1.0f32;
    while strength < largest {
        strength *= 2.0;
    }
    strength
}

fn material_json(scene: &Scene, index: usize, material: &Material) -> Result<Value, WriteError> {
    let texture = |field: &'static str, number: Option<u32>, wanted: Encoding| match number {
        None => Ok(None),
        Some(number) => match scene.textures.get(number as usize) {
            None => Err(WriteError::Dangling { field: format!("materials[{index}].{field}") }),
            Some(texture) if texture.encoding != wanted => Err(WriteError::Encoding {
                material: index,
                field,
                wanted: if wanted == Encoding::Srgb { "Srgb" } else { "Linear" },
            }),
            Some(_) => Ok(Some(json!({ "index": number }))),
        },
    };
    let [red, green, blue] = material.base_color;
    let mut surface = json!({
        "baseColorFactor": [red, green, blue, 1.0],
        "metallicFactor": material.metallic,
        "roughnessFactor": material.roughness,
    });
    if let Some(info) = texture("base_color_texture", material.base_color_texture, Encoding::Srgb)? {
        surface["baseColorTexture"] = info;
    }
    if let Some(info) = texture("metallic_roughness_texture", material.metallic_roughness_texture, Encoding::Linear)? {
        surface["metallicRoughnessTexture"] = info;
    }
    let mut result = json!({ "pbrMetallicRoughness": surface, "doubleSided": true });
    if let Some(mut info) = texture("normal_texture", material.normal_texture, Encoding::Linear)? {
        info["scale"] = json!(material.normal_scale);
        result["normalTexture"] = info;
    }
    if let Some(info) = texture("emission_texture", material.emission_texture, Encoding::Srgb)? {
        result["emissiveTexture"] = info;
    }
    let mut extensions = json!({});
    if material.emission != [0.0; 3] {
        let strength = strength(material.emission);
        result["emissiveFactor"] = json!(material.emission.map(|value| value / strength));
        if strength != 1.0 {
            extensions["KHR_materials_emissive_strength"] = json!({ "emissiveStrength": strength });
        }
    }
    if material.specular != 1.0 {
        extensions["KHR_materials_specular"] = json!({ "specularFactor": material.specular });
    }
    if extensions != json!({}) {
        result["extensions"] = extensions;
    }
    Ok(result)
}

fn camera_json(camera: &Camera) -> (Value, Value) {
    let yfov = (2.0 * f64::from(camera.tan_half_fov_y).atan()) as f32;
    let [rx, ry, rz] = camera.right;
    let [ux, uy, uz] = camera.up;
    let [bx, by, bz] = camera.forward.map(|value| -value);
    let [px, py, pz] = camera.position;
    (
        json!({
            "type": "perspective",
            "perspective": { "yfov": yfov, "znear": 0.01 },
            "extras": { "lensRadius": camera.lens_radius, "focusDistance": camera.focus_distance },
        }),
        json!({
            "camera": 0,
            "name": "camera",
            "matrix": [rx, ry, rz, 0.0, ux, uy, uz, 0.0, bx, by, bz, 0.0, px, py, pz, 1.0],
        }),
    )
}

fn container(mut text: Vec<u8>, bytes: Vec<u8>) -> Result<Vec<u8>, WriteError> {
    text.resize(text.len().next_multiple_of(4), b' ');
    let total = 12 + 8 + text.len() + 8 + bytes.len();
    let word = |length: usize| u32::try_from(length).map(u32::to_le_bytes).map_err(|_| WriteError::TooLarge);
    let mut file = Vec::with_capacity(total);
    file.extend_from_slice(b"glTF");
    file.extend_from_slice(&2u32.to_le_bytes());
    file.extend_from_slice(&word(total)?);
    file.extend_from_slice(&word(text.len())?);
    file.extend_from_slice(b"JSON");
    file.extend_from_slice(&text);
    file.extend_from_slice(&word(bytes.len())?);
    file.extend_from_slice(b"BIN\0");
    file.extend_from_slice(&bytes);
    Ok(file)
}
