//! Job manifests: what exactly is to be computed. The chain holds only the SHA-256 of the canonical form, so one meaning must
//! have one form: JSON with sorted keys, no spaces, integers only.

use kernels::render::job::Frame;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use std::fmt;

/// Most bytes of a manifest that are read: they come from strangers.
pub const MOST_BYTES: usize = 4_096;
/// Most bytes of a scene.
pub const MOST_SCENE_BYTES: u64 = 1 << 40;

/// Why a manifest is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    /// A field is missing, unknown, or out of its bounds.
    #[error("manifest field `{field}`: {reason}")]
    Field {
        /// Path of the field.
        field: String,
        /// What is wrong and what would be right.
        reason: String,
    },
    /// It is not JSON.
    #[error("the manifest is not JSON: {0}")]
    Syntax(String),
    /// It says what it should in another form than the canonical one.
    #[error("the manifest is not in canonical form (sorted keys, no spaces): its digest would not be the job's")]
    NotCanonical,
    /// It is longer than any manifest.
    #[error("the manifest has {0} bytes; at most {MOST_BYTES} are allowed")]
    TooLong(usize),
}

fn field(field: &str, reason: impl Into<String>) -> ManifestError {
    ManifestError::Field { field: field.to_owned(), reason: reason.into() }
}

/// A SHA-256 digest, 64 lower-case hexadecimal digits in JSON.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, JsonSchema)]
#[schemars(transparent)]
pub struct Digest(#[schemars(with = "String", regex(pattern = "^[0-9a-f]{64}$"))] pub [u8; 32]);

impl Digest {
    /// The digest of some bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl std::str::FromStr for Digest {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_canonical = text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
        let mut bytes = [0; 32];
        if !is_canonical || hex::decode_to_slice(text, &mut bytes).is_err() {
            return Err("must be 64 lower-case hexadecimal digits".to_owned());
        }
        Ok(Self(bytes))
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

/// A 64-bit number as a decimal string: JSON readers in other languages lose integers above 2^53.
mod decimal {
    use super::*;

    pub fn serialize<S: Serializer>(value: &u64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(value)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
        let text = String::deserialize(deserializer)?;
        match text.parse::<u64>() {
            Ok(value) if value.to_string() == text => Ok(value),
            _ => Err(D::Error::custom("must be a decimal number below 2^64 in a string, without leading zeros")),
        }
    }
}

/// Name of an engine that has manifests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Engine {
    /// The path tracer of `crates/kernels`.
    Render,
}

/// A render job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// What runs it.
    pub engine: Engine,
    /// Version of this form; 1.
    #[schemars(range(min = 1, max = 1))]
    pub version: u32,
    /// What is rendered.
    pub scene: SceneReference,
    /// The picture that is taken of it.
    pub frame: FrameOrder,
}

/// A compiled scene in the blob store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SceneReference {
    /// SHA-256 of the scene image's bytes; its name in the blob store.
    pub blob: Digest,
    /// Merkle root of the scene image, which results are checked against.
    pub root: Digest,
    /// Length of the blob.
    #[schemars(range(min = 1, max = 1_099_511_627_776_u64))]
    pub bytes: u64,
}

/// The fields of [`Frame`], in the manifest's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FrameOrder {
    /// Pixels across.
    #[schemars(range(min = 1, max = 16_384))]
    pub width: u32,
    /// Pixels down.
    #[schemars(range(min = 1, max = 16_384))]
    pub height: u32,
    /// Edge of a tile (one unit of the job) in pixels.
    #[schemars(range(min = 1, max = 128))]
    pub tile: u32,
    /// Samples of each pixel.
    #[schemars(range(min = 1, max = 65_536))]
    pub samples: u32,
    /// Scatterings of a path at most.
    #[schemars(range(max = 64))]
    pub max_bounces: u32,
    /// Seed of all random numbers, as a decimal string.
    #[serde(with = "decimal")]
    #[schemars(with = "String", regex(pattern = "^(0|[1-9][0-9]{0,19})$"))]
    pub seed: u64,
}

impl From<Frame> for FrameOrder {
    fn from(frame: Frame) -> Self {
        let Frame { width, height, tile, samples, max_bounces, seed } = frame;
        Self { width, height, tile, samples, max_bounces, seed }
    }
}

impl Manifest {
    /// The manifest of a frame of a scene.
    pub fn render(scene: SceneReference, frame: Frame) -> Self {
        Self { engine: Engine::Render, version: 1, scene, frame: frame.into() }
    }

    /// Reads a manifest as a person may have written it: any order of keys, any spaces.
    pub fn parse(json: &[u8]) -> Result<Self, ManifestError> {
        if json.len() > MOST_BYTES {
            return Err(ManifestError::TooLong(json.len()));
        }
        let mut reader = serde_json::Deserializer::from_slice(json);
        let manifest: Self = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
            let path = error.path().to_string();
            let reason = error.into_inner();
            if reason.is_data() { field(&path, unplaced(&reason)) } else { ManifestError::Syntax(reason.to_string()) }
        })?;
        reader.end().map_err(|error| ManifestError::Syntax(error.to_string()))?;
        manifest.validate()?;
        Ok(manifest)
    }

    /// Reads a manifest from the blob store; anything but the canonical form is refused.
    pub fn decode(bytes: &[u8]) -> Result<Self, ManifestError> {
        let manifest = Self::parse(bytes)?;
        if manifest.canonical() != bytes { Err(ManifestError::NotCanonical) } else { Ok(manifest) }
    }

    /// Checks what the types do not.
    pub fn validate(&self) -> Result<(), ManifestError> {
        if self.version != 1 {
            return Err(field("version", format!("{} is unknown; 1 is the only one", self.version)));
        }
        if self.scene.bytes == 0 || self.scene.bytes > MOST_SCENE_BYTES {
            return Err(field("scene.bytes", format!("{} is outside 1..={MOST_SCENE_BYTES}", self.scene.bytes)));
        }
        self.frame().validate().map_err(|error| field(&format!("frame.{}", error.field), error.reason))
    }

    /// The frame by the engine's own type.
    pub fn frame(&self) -> Frame {
        let FrameOrder { width, height, tile, samples, max_bounces, seed } = self.frame;
        Frame { width, height, tile, samples, max_bounces, seed }
    }

    /// The one form that is hashed.
    pub fn canonical(&self) -> Vec<u8> {
        // Plain structs of strings and integers always have a JSON form.
        let value = serde_json::to_value(self).unwrap_or(Value::Null);
        let mut text = String::new();
        write_canonical(&value, &mut text);
        text.into_bytes()
    }

    /// SHA-256 of the canonical form: `job.manifest`, and its name in the blob store.
    pub fn digest(&self) -> Digest {
        Digest::of(&self.canonical())
    }

    /// The JSON schema of manifests, as committed in `schema/manifest.schema.json`.
    pub fn schema() -> Value {
        schemars::schema_for!(Manifest).to_value()
    }
}

/// The library's reason without its position, which says nothing about one line of JSON.
fn unplaced(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rsplit_once(" at line ") {
        Some((reason, _)) => reason.to_owned(),
        None => text,
    }
}

/// Writes JSON with sorted keys and no spaces, whatever order the value keeps its keys in.
fn write_canonical(value: &Value, out: &mut String) {
    match value {
        Value::Object(map) => {
            let mut keys: Vec<&String> = map.keys().collect();
            keys.sort();
            out.push('{');
            for (position, key) in keys.into_iter().enumerate() {
                if position > 0 {
                    out.push(',');
                }
                out.push_str(&Value::String(key.clone()).to_string());
                out.push(':');
                write_canonical(&map[key], out);
            }
            out.push('}');
        }
        Value::Array(items) => {
            out.push('[');
            for (position, item) in items.iter().enumerate() {
                if position > 0 {
                    out.push(',');
                }
                write_canonical(item, out);
            }
            out.push(']');
        }
        simple => out.push_str(&simple.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn manifest() -> Manifest {
        let scene = SceneReference { blob: Digest([0xab; 32]), root: Digest([1; 32]), bytes: 4_096 };
        Manifest::render(scene, Frame { width: 64, height: 48, tile: 16, samples: 8, max_bounces: 4, seed: u64::MAX })
    }

    /// The manifest as JSON with one field replaced; `path` is separated by points.
    fn with(path: &str, value: Value) -> Vec<u8> {
        let mut json = serde_json::to_value(manifest()).unwrap();
        *json.pointer_mut(&format!("/{}", path.replace('.', "/"))).unwrap() = value;
        json.to_string().into_bytes()
    }

    fn refused_field(json: &[u8]) -> String {
        match Manifest::parse(json).unwrap_err() {
            ManifestError::Field { field, .. } => field,
            other => panic!("{other}"),
        }
    }

    #[test]
    fn the_canonical_form_has_sorted_keys_and_no_spaces() {
        let expected = format!(
            "{{\"engine\":\"render\",\"frame\":{{\"height\":48,\"max_bounces\":4,\"samples\":8,\"seed\":\"18446744073709551615\",\
             \"tile\":16,\"width\":64}},\"scene\":{{\"blob\":\"{}\",\"bytes\":4096,\"root\":\"{}\"}},\"version\":1}}",
            "ab".repeat(32),
            "01".repeat(32)
        );
        assert_eq!(String::from_utf8(manifest().canonical()).unwrap(), expected);
    }

    #[test]
    fn the_digest_is_the_sha256_of_the_canonical_form() {
        assert_eq!(manifest().digest(), Digest::of(&manifest().canonical()));
    }

    #[test]
    fn keys_in_any_order_mean_the_same_job() {
        let json = serde_json::to_string_pretty(&manifest()).unwrap();
        let read = Manifest::parse(json.as_bytes()).unwrap();
        assert_eq!(read.digest(), manifest().digest());
        assert_eq!(Manifest::decode(json.as_bytes()), Err(ManifestError::NotCanonical));
        assert_eq!(Manifest::decode(&manifest().canonical()), Ok(manifest()));
    }

    #[test]
    fn a_value_out_of_bounds_is_refused_by_the_name_of_its_field() {
        for (path, value) in [
            ("version", 2.into()),
            ("scene.bytes", 0.into()),
            ("scene.bytes", (MOST_SCENE_BYTES + 1).into()),
            ("frame.width", 0.into()),
            ("frame.height", 20_000.into()),
            ("frame.tile", 0.into()),
            ("frame.samples", 0.into()),
            ("frame.max_bounces", 65.into()),
        ] {
            assert_eq!(refused_field(&with(path, value)), path);
        }
    }

    #[test]
    fn a_value_of_the_wrong_kind_is_refused_by_the_name_of_its_field() {
        for (path, value) in [
            ("engine", "blender".into()),
            ("frame.samples", (-1).into()),
            ("frame.samples", 1.5.into()),
            ("frame.samples", "8".into()),
            ("frame.width", 5_000_000_000_u64.into()),
            ("frame.seed", 7.into()),
            ("frame.seed", "007".into()),
            ("frame.seed", "+7".into()),
            ("frame.seed", "18446744073709551616".into()),
            ("scene.blob", "AB".repeat(32).into()),
            ("scene.root", "ab".into()),
            ("scene.root", Value::Null),
        ] {
            assert_eq!(refused_field(&with(path, value.clone())), path, "{value}");
        }
    }

    #[test]
    fn a_missing_field_is_named() {
        let mut json = serde_json::to_value(manifest()).unwrap();
        json["frame"].as_object_mut().unwrap().remove("tile");
        let error = Manifest::parse(json.to_string().as_bytes()).unwrap_err();
        assert_eq!(error.to_string(), "manifest field `frame`: missing field `tile`");
    }

    #[test]
    fn an_unknown_field_is_refused() {
        let mut json = serde_json::to_value(manifest()).unwrap();
        json["frame"]["denoise"] = true.into();
        let error = Manifest::parse(json.to_string().as_bytes()).unwrap_err();
        assert!(error.to_string().starts_with("manifest field `frame.denoise`: unknown field"), "{error}");
    }

    #[test]
    fn what_is_not_json_is_refused() {
        for text in ["", "{", "nonsense", "\u{0}"] {
            assert!(matches!(Manifest::parse(text.as_bytes()), Err(ManifestError::Syntax(_))), "{text:?}");
        }
        let mut twice = manifest().canonical();
        twice.extend(manifest().canonical());
        assert!(matches!(Manifest::parse(&twice), Err(ManifestError::Syntax(_))));
        assert_eq!(Manifest::parse(&[b' '; MOST_BYTES + 1]), Err(ManifestError::TooLong(MOST_BYTES + 1)));
    }

    #[test]
    fn the_committed_schema_is_the_structs() {
        let committed: Value = serde_json::from_str(include_str!("../schema/manifest.schema.json")).unwrap();
        assert_eq!(
            committed,
            Manifest::schema(),
            "run cargo run -p render-compute-client --example manifest_schema > crates/client/schema/manifest.schema.json"
        );
    }

    proptest! {
        #[test]
        fn any_valid_manifest_survives_its_canonical_form(
            blob: [u8; 32], root: [u8; 32], bytes in 1..=MOST_SCENE_BYTES, width in 1..=16_384_u32, height in 1..=16_384_u32,
            tile in 1..=128_u32, samples in 1..=65_536_u32, max_bounces in 0..=64_u32, seed: u64,
        ) {
            let scene = SceneReference { blob: Digest(blob), root: Digest(root), bytes };
            let manifest = Manifest::render(scene, Frame { width, height, tile, samples, max_bounces, seed });
            prop_assert_eq!(Manifest::decode(&manifest.canonical()), Ok(manifest));
        }

        #[test]
        fn no_bytes_make_the_parser_panic(bytes: Vec<u8>) {
            let _ = Manifest::parse(&bytes);
        }
    }
}
