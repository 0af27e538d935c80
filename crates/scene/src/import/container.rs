//! The file around the document: GLB chunks, JSON with its validation, buffers, data URIs and neighbouring files.
//!
//! Owns: every byte that comes from outside, and that a file can only name files in its own folder (a scene from a
//! stranger must not be able to carry other files of this computer into a job). Must not know what the bytes mean.

use std::borrow::Cow;
use std::path::{Component, Path, PathBuf};

use base64::Engine as _;
use gltf::json::validation::{Error as Fault, Validate};
use gltf::json::{self, Root};
use kernels::render::scene::Environment;
use serde::Deserialize;

use super::{ImportError, Limits};
use crate::Warning;

/// Extensions that are applied, or that change nothing in a path-traced picture; all others are reported.
const UNDERSTOOD: &[&str] = &[
    "KHR_materials_emissive_strength",
    "KHR_materials_specular",
    "KHR_mesh_quantization",
    "KHR_texture_transform",
    // Reported light by light.
    "KHR_lights_punctual",
    "KHR_xmp_json_ld",
];

const REPAIR: &str = "export the scene again";

/// A validated document and its buffers.
pub(super) struct Document<'a> {
    pub(super) root: Root,
    /// `materials[i].normalTexture.extensions.KHR_texture_transform`, which the typed document has no room for.
    pub(super) normal_transforms: Vec<Option<json::extensions::texture::TextureTransform>>,
    pub(super) limits: &'a Limits,
    buffers: Vec<Cow<'a, [u8]>>,
    folder: Option<&'a Path>,
}

#[derive(Deserialize)]
struct LooseDocument {
    #[serde(default)]
    materials: Vec<LooseMaterial>,
}

#[derive(Deserialize)]
struct LooseMaterial {
    #[serde(default, rename = "normalTexture")]
    normal_texture: Option<LooseNormalTexture>,
}

#[derive(Deserialize)]
struct LooseNormalTexture {
    #[serde(default)]
    extensions: LooseExtensions,
}

#[derive(Default, Deserialize)]
struct LooseExtensions {
    #[serde(default, rename = "KHR_texture_transform")]
    transform: Option<json::extensions::texture::TextureTransform>,
}

/// The project's own note in a scene's `extras`: glTF has no environment light of its own.
#[derive(Deserialize)]
struct SceneExtras {
    environment: Option<EnvironmentExtras>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EnvironmentExtras {
    width: u32,
    height: u32,
    buffer_view: u32,
}

impl<'a> Document<'a> {
    /// Reads the container, validates the document and loads every buffer.
    pub(super) fn open(bytes: &'a [u8], folder: Option<&'a Path>, limits: &'a Limits) -> Result<Self, ImportError> {
        let (text, blob) = split(bytes)?;
        let mut root: Root = serde_json::from_slice(text).map_err(not_json)?;
        let loose: LooseDocument = serde_json::from_slice(text).map_err(not_json)?;
        // The validator below does not know that these are applied here.
        root.extensions_required.retain(|name| name != "KHR_mesh_quantization" && name != "KHR_materials_specular");
        validate(&root)?;
        let mut document = Document {
            normal_transforms: loose
                .materials
                .into_iter()
                .map(|material| material.normal_texture.and_then(|texture| texture.extensions.transform))
                .collect(),
            root,
            limits,
            buffers: Vec::new(),
            folder,
        };
        document.load_buffers(blob)?;
        Ok(document)
    }

    /// What the whole file asks for that is not done, whatever its nodes show.
    pub(super) fn warnings(&self) -> Vec<Warning> {
        let mut warnings = Vec::new();
        for name in &self.root.extensions_used {
            if !UNDERSTOOD.contains(&name.as_str()) {
                warnings.push(Warning::Extension { name: name.clone() });
            }
        }
        if !self.root.animations.is_empty() {
            warnings.push(Warning::Animations { count: self.root.animations.len() });
        }
        let lights = self.root.extensions.as_ref().and_then(|extensions| extensions.khr_lights_punctual.as_ref());
        if let Some(lights) = lights
            && !lights.lights.is_empty()
        {
            let name = |(index, light): (usize, &json::extensions::scene::khr_lights_punctual::Light)| {
                label("light", index, light.name.as_deref())
            };
            warnings.push(Warning::PunctualLights { lights: lights.lights.iter().enumerate().map(name).collect() });
        }
        warnings
    }

    fn load_buffers(&mut self, blob: Option<&'a [u8]>) -> Result<(), ImportError> {
        let mut total = 0u64;
        let mut buffers = Vec::with_capacity(self.root.buffers.len());
        for (index, buffer) in self.root.buffers.iter().enumerate() {
            let place = label("buffer", index, buffer.name.as_deref());
            let wanted = buffer.byte_length.0;
            total = total.saturating_add(wanted);
            if total > self.limits.buffer_bytes as u64 {
                let limit = self.limits.buffer_bytes as u64;
                return Err(ImportError::TooLarge { place, what: "bytes of buffers", count: total, limit });
            }
            let bytes = match (&buffer.uri, blob) {
                (Some(uri), _) => Cow::Owned(self.fetch(uri, &place)?),
                (None, Some(blob)) if index == 0 => Cow::Borrowed(blob),
                _ => {
                    return Err(ImportError::content(
                        place,
                        "it has neither a uri nor a binary chunk",
                        "export the scene again as .glb",
                    ));
                }
            };
            if (bytes.len() as u64) < wanted {
                let problem = format!("it should have {wanted} bytes and has {}", bytes.len());
                return Err(ImportError::content(place, problem, "the file was cut off or changed: copy it again"));
            }
            buffers.push(bytes);
        }
        self.buffers = buffers;
        Ok(())
    }

    /// The bytes of a data URI or of a file in the document's folder.
    pub(super) fn fetch(&self, uri: &str, place: &str) -> Result<Vec<u8>, ImportError> {
        if let Some(data) = uri.strip_prefix("data:") {
            let Some((head, body)) = data.split_once(',') else {
                return Err(ImportError::content(place, "its data URI has no comma", REPAIR));
            };
            if !head.ends_with(";base64") {
                return Err(ImportError::content(place, "its data URI is not base64", REPAIR));
            }
            return base64::engine::general_purpose::STANDARD
                .decode(body)
                .map_err(|error| ImportError::content(place, format!("its data URI is broken: {error}"), REPAIR));
        }
        let relative = self.relative(uri, place)?;
        let Some(folder) = self.folder else {
            let problem = format!("it is in another file ({uri})");
            return Err(ImportError::content(place, problem, "export the scene as one .glb"));
        };
        let path = folder.join(relative);
        let limit = self.limits.buffer_bytes as u64;
        let length = std::fs::metadata(&path).map_err(|error| file_error(&path, &error))?.len();
        if length > limit {
            return Err(ImportError::TooLarge { place: place.into(), what: "bytes", count: length, limit });
        }
        std::fs::read(&path).map_err(|error| file_error(&path, &error))
    }

    fn relative(&self, uri: &str, place: &str) -> Result<PathBuf, ImportError> {
        let remedy = "put the file beside the .gltf, or export one .glb";
        let Some(decoded) = percent_decode(uri) else {
            return Err(ImportError::content(place, format!("its uri {uri:?} is broken"), remedy));
        };
        let path = PathBuf::from(&decoded);
        let inside = path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
        if decoded.is_empty() || decoded.contains("://") || decoded.contains('\0') || !inside {
            let problem = format!("its uri {uri:?} leads out of the folder of the .gltf");
            return Err(ImportError::content(place, problem, remedy));
        }
        Ok(path)
    }

    /// The bytes of a buffer view.
    pub(super) fn view(&self, index: usize) -> Result<&[u8], ImportError> {
        let place = || format!("bufferView {index}");
        let Some(view) = self.root.buffer_views.get(index) else {
            return Err(ImportError::content(place(), "it does not exist", REPAIR));
        };
        let start = view.byte_offset.map_or(0, |offset| offset.0);
        let end = start.checked_add(view.byte_length.0);
        let bytes = self.buffers.get(view.buffer.value());
        let range = end.and_then(|end| Some((usize::try_from(start).ok()?, usize::try_from(end).ok()?)));
        match (bytes, range) {
            (Some(bytes), Some((start, end))) if end <= bytes.len() => Ok(&bytes[start..end]),
            _ => Err(ImportError::content(place(), "it reaches past the end of its buffer", REPAIR)),
        }
    }

    /// The stride of a buffer view where it sets one.
    pub(super) fn stride(&self, index: usize) -> Option<usize> {
        self.root.buffer_views.get(index)?.byte_stride.map(|stride| stride.0)
    }

    /// The scene that is shown: the default one, else the first.
    pub(super) fn shown(&self) -> Option<&json::Scene> {
        match self.root.scene {
            Some(index) => self.root.scenes.get(index.value()),
            None => self.root.scenes.first(),
        }
    }

    /// The environment that `write_glb` stores in the extras of the scene.
    pub(super) fn environment(&self) -> Result<Option<Environment>, ImportError> {
        let Some(extras) = self.shown().and_then(|scene| scene.extras.as_ref()) else { return Ok(None) };
        // Extras belong to whoever wrote them: other shapes are somebody else's and are left alone.
        let Ok(SceneExtras { environment: Some(note) }) = serde_json::from_str(extras.get()) else { return Ok(None) };
        let place = "extras.environment of the scene";
        let texels = u64::from(note.width) * u64::from(note.height);
        if texels > self.limits.texels as u64 {
            let limit = self.limits.texels as u64;
            return Err(ImportError::TooLarge { place: place.into(), what: "texels", count: texels, limit });
        }
        let bytes = self.view(note.buffer_view as usize)?;
        if texels == 0 || bytes.len() as u64 != texels * 12 {
            let problem = format!("{} x {} texels do not fill {} bytes", note.width, note.height, bytes.len());
            return Err(ImportError::content(place, problem, REPAIR));
        }
        let number = |four: &[u8]| f32::from_le_bytes([four[0], four[1], four[2], four[3]]);
        let texel = |twelve: &[u8]| [number(&twelve[0..4]), number(&twelve[4..8]), number(&twelve[8..12])];
        let texels: Vec<[f32; 3]> = bytes.chunks_exact(12).map(texel).collect();
        if texels.iter().flatten().any(|value| !value.is_finite() || *value < 0.0) {
            return Err(ImportError::content(place, "a radiance is negative or not a finite number", REPAIR));
        }
        Ok(Some(Environment { width: note.width, height: note.height, texels }))
    }
}

/// A name for messages: the kind, the index, and the file's own name where it has one.
pub(super) fn label(kind: &str, index: usize, name: Option<&str>) -> String {
    match name {
        Some(name) if !name.is_empty() => format!("{kind} {index} ({name:?})"),
        _ => format!("{kind} {index}"),
    }
}

fn file_error(path: &Path, error: &std::io::Error) -> ImportError {
    ImportError::File { path: path.to_path_buf(), reason: error.to_string() }
}

fn not_json(error: serde_json::Error) -> ImportError {
    ImportError::NotGltf { reason: format!("its JSON is broken ({error})") }
}

fn validate(root: &Root) -> Result<(), ImportError> {
    require_positions(root)?;
    let mut first: Option<(String, Fault)> = None;
    root.validate(root, json::Path::new, &mut |path, fault| {
        if first.is_none() {
            first = Some((path().to_string(), fault));
        }
    });
    let Some((path, fault)) = first else { return Ok(()) };
    let reason = match fault {
        Fault::IndexOutOfBounds => format!("{path} points to something that does not exist; {REPAIR}"),
        Fault::Invalid => format!("{path} has a value that glTF 2.0 does not allow; {REPAIR}"),
        Fault::Missing => format!("{path} is missing; {REPAIR}"),
        Fault::Oversize => format!("{path} is larger than this computer can address; {REPAIR}"),
        Fault::Unsupported => {
            format!("{path} is needed by the file and not supported; export the scene without that extension")
        }
    };
    Err(ImportError::Document { reason })
}

/// The crate's validator looks every primitive's POSITION accessor up before it has checked that there is one of that number.
fn require_positions(root: &Root) -> Result<(), ImportError> {
    for (number, mesh) in root.meshes.iter().enumerate() {
        for (position, primitive) in mesh.primitives.iter().enumerate() {
            let key = json::validation::Checked::Valid(json::mesh::Semantic::Positions);
            if primitive.attributes.get(&key).is_some_and(|accessor| accessor.value() >= root.accessors.len()) {
                let path = format!("meshes[{number}].primitives[{position}].attributes[\"POSITION\"]");
                return Err(ImportError::Document {
                    reason: format!("{path} points to something that does not exist; {REPAIR}"),
                });
            }
        }
    }
    Ok(())
}

/// Splits a GLB into its JSON and binary chunks; anything that does not begin with the GLB magic is taken as JSON.
fn split(bytes: &[u8]) -> Result<(&[u8], Option<&[u8]>), ImportError> {
    let broken = |reason: &str| ImportError::NotGltf { reason: reason.into() };
    if !bytes.starts_with(b"glTF") {
        let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        return match text.iter().find(|byte| !byte.is_ascii_whitespace()) {
            Some(b'{') => Ok((text, None)),
            _ => Err(broken("it begins neither with the GLB magic nor with JSON")),
        };
    }
    let word = |at: usize| Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
    match word(4) {
        Some(2) => {}
        Some(version) => return Err(broken(&format!("it is GLB version {version}, not 2"))),
        None => return Err(broken("it ends inside the header")),
    }
    let length = word(8).ok_or_else(|| broken("it ends inside the header"))? as usize;
    let Some(mut rest) = bytes.get(12..length) else {
        return Err(broken(&format!("its header promises {length} bytes and it has {}", bytes.len())));
    };
    let mut text = None;
    let mut blob = None;
    while !rest.is_empty() {
        let head = rest.get(..8).ok_or_else(|| broken("it ends inside the head of a chunk"))?;
        let size = u32::from_le_bytes([head[0], head[1], head[2], head[3]]) as usize;
        let Some(body) = rest.get(8..8usize.saturating_add(size)) else {
            return Err(broken("a chunk reaches past the end of the file"));
        };
        match &head[4..8] {
            b"JSON" if text.is_none() => text = Some(body),
            b"BIN\0" if blob.is_none() => blob = Some(body),
            // The standard asks readers to skip chunks that they do not know.
            _ => {}
        }
        rest = &rest[8 + size..];
    }
    Ok((text.ok_or_else(|| broken("it has no JSON chunk"))?, blob))
}

fn percent_decode(uri: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(uri.len());
    let mut rest = uri.as_bytes().iter();
    while let Some(byte) = rest.next() {
        if *byte == b'%' {
            let digit = |byte: &u8| char::from(*byte).to_digit(16);
            let value = digit(rest.next()?)? * 16 + digit(rest.next()?)?;
            bytes.push(value as u8);
        } else {
            bytes.push(*byte);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percent_signs_are_decoded_and_broken_ones_refused() {
        assert_eq!(percent_decode("a%20b.bin").as_deref(), Some("a b.bin"));
        assert_eq!(percent_decode("a%2"), None);
        assert_eq!(percent_decode("a%zz"), None);
    }

    #[test]
    fn a_glb_length_below_its_own_header_is_refused() {
        let mut bytes = b"glTF".to_vec();
        bytes.extend(2u32.to_le_bytes());
        bytes.extend(3u32.to_le_bytes());
        assert!(matches!(split(&bytes), Err(ImportError::NotGltf { .. })));
    }
}
