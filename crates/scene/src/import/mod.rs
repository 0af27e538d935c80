//! glTF 2.0 import (.glb, and .gltf with files beside it or data URIs) into the engine's scene.
//!
//! Owns: the order of the steps, the options, and what counts as too large. Every file is untrusted: documents are
//! validated first, all indices are looked up (never indexed), all byte ranges are checked in `container` and
//! `accessor`, and nothing in here relies on catching a panic.

mod accessor;
mod camera;
mod container;
mod error;
mod geometry;
mod hierarchy;
mod material;
mod tangent;

pub(crate) use camera::look_at;
pub use error::ImportError;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::Path;

use kernels::render::scene::{Environment, Mesh, Scene};

use crate::Warning;
use container::Document;
use geometry::Surface;

/// How large an imported scene may become; a small file can ask for much (instances, accessors without data).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Triangles after instancing.
    pub triangles: usize,
    /// Vertices after instancing, and elements of one accessor.
    pub vertices: usize,
    /// Texels of all textures together.
    pub texels: usize,
    /// Bytes of all buffers together.
    pub buffer_bytes: usize,
}

impl Default for Limits {
    /// 32 Mi triangles, 64 Mi vertices, 256 Mi texels (16 textures of 4096 x 4096), 4 GiB of buffers.
    fn default() -> Self {
        Limits { triangles: 1 << 25, vertices: 1 << 26, texels: 1 << 28, buffer_bytes: 1 << 32 }
    }
}

/// What the caller decides about an import.
#[derive(Clone, Debug, Default)]
pub struct ImportOptions {
    /// Light from outside; it replaces one that the file carries.
    pub environment: Option<Environment>,
    /// Refusals for size.
    pub limits: Limits,
}

/// A scene and what could not be kept of the file.
#[derive(Clone, Debug, PartialEq)]
pub struct Imported {
    /// Ready for [`kernels::render::compile`].
    pub scene: Scene,
    /// In the order in which they were noticed.
    pub warnings: Vec<Warning>,
}

/// Imports a .glb or .gltf file; buffers and images that it names are looked for in its folder.
pub fn import_path(path: &Path, options: &ImportOptions) -> Result<Imported, ImportError> {
    let bytes = std::fs::read(path)
        .map_err(|source| ImportError::File { path: path.to_path_buf(), reason: source.to_string() })?;
    let folder = path.parent().unwrap_or(Path::new("."));
    import_bytes(&bytes, Some(folder), options)
}

/// Imports a .glb or .gltf from memory. Without a `folder`, a file that names other files is refused.
pub fn import_bytes(bytes: &[u8], folder: Option<&Path>, options: &ImportOptions) -> Result<Imported, ImportError> {
    let document = Document::open(bytes, folder, &options.limits)?;
    let mut warnings = document.warnings();
    let placed = hierarchy::visit(&document)?;
    let mut materials = material::import(&document, &mut warnings)?;

    // One mesh may stand in the scene many times: its surfaces are read once, on first use.
    let mut surfaces: BTreeMap<usize, Vec<Surface>> = BTreeMap::new();
    let mut mesh = Mesh::default();
    for node in &placed {
        let Some(index) = node.mesh else { continue };
        if node.skinned {
            warnings.push(Warning::Skin { node: node.name.clone() });
        }
        let read = match surfaces.entry(index) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => new.insert(geometry::read_mesh(&document, index, &mut materials, &mut warnings)?),
        };
        for surface in read.iter() {
            surface.place(node, &options.limits, &mut mesh)?;
        }
    }
    if mesh.triangles.is_empty() {
        return Err(ImportError::Empty);
    }

    let camera = match camera::find(&document, &placed, &mut warnings)? {
        Some(camera) => camera,
        None => {
            warnings.push(Warning::AutomaticCamera);
            camera::framing(&mesh)
        }
    };
    let carried = document.environment()?;
    let environment = match options.environment.clone().or(carried) {
        Some(environment) => environment,
        None if gives_light(&mesh, &materials.materials) => Environment::default(),
        None => {
            warnings.push(Warning::AutomaticEnvironment);
            Environment { width: 1, height: 1, texels: vec![[1.0; 3]] }
        }
    };
    let scene = Scene { camera, mesh, materials: materials.materials, textures: materials.textures, environment };
    Ok(Imported { scene, warnings })
}

/// True where some triangle has a material that emits.
fn gives_light(mesh: &Mesh, materials: &[kernels::render::scene::Material]) -> bool {
    mesh.material_of
        .iter()
        .any(|index| materials.get(*index as usize).is_some_and(|material| material.emission.iter().any(|e| *e > 0.0)))
}
