//! Owns what SCENE on the command line may be: a glTF file, or one of the project's own scenes by name.

use std::path::{Path, PathBuf};

use kernels::render::scene::Scene;
use kernels::render::{SceneImage, compile};
use scene::{ImportOptions, Imported, import_path, load_environment};

use crate::CliError;

/// A scene that is ready to be ordered, and what could not be kept of its file.
pub struct Source {
    /// The engine's memory.
    pub image: SceneImage,
    /// One sentence each.
    pub warnings: Vec<String>,
}

impl Source {
    /// Loads and compiles `name`: `cornell`, `still-life`, or a .glb or .gltf file. `environment` replaces the light from outside.
    pub fn load(name: &str, environment: Option<&Path>) -> Result<Self, CliError> {
        let environment = environment
            .map(load_environment)
            .transpose()
            .map_err(|error| CliError::usage(format!("--environment: {error}")))?;
        let built_in = |mut scene: Scene| {
            if let Some(environment) = environment.clone() {
                scene.environment = environment;
            }
            Imported { scene, warnings: Vec::new() }
        };
        let imported = match name {
            "cornell" => built_in(scene::cornell_box()),
            "still-life" => built_in(scene::textured_still_life()),
            _ => {
                let path = file(name)?;
                let options = ImportOptions { environment, ..ImportOptions::default() };
                import_path(&path, &options).map_err(|error| refused(name, &error))?
            }
        };
        let image = compile(&imported.scene).map_err(|error| refused(name, &error))?;
        Ok(Self { image, warnings: imported.warnings.iter().map(ToString::to_string).collect() })
    }
}

fn refused(name: &str, reason: &dyn std::fmt::Display) -> CliError {
    let reason = reason.to_string();
    // Some reasons begin with the file already.
    match reason.starts_with(name) {
        true => CliError::usage(format!("SCENE: {reason}")),
        false => CliError::usage(format!("SCENE: {name}: {reason}")),
    }
}

fn file(name: &str) -> Result<PathBuf, CliError> {
    let path = PathBuf::from(name);
    let extension = path.extension().and_then(|extension| extension.to_str()).map(str::to_ascii_lowercase);
    match extension.as_deref() {
        Some("glb" | "gltf") => Ok(path),
        _ => Err(CliError::usage(format!(
            "SCENE: {name:?} is not a scene; give a .glb or .gltf file, `cornell` or `still-life`"
        ))),
    }
}
