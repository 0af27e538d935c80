//! A scene by name: one of the project's own, or a glTF file.

use std::path::Path;

use kernels::render::Scene;

/// The project's own scenes take the road through a written and imported glTF file, like everybody's.
pub fn scene(name: &str) -> Result<Scene, String> {
    let own = match name {
        "cornell" => scene::cornell_box(),
        "still-life" => scene::textured_still_life(),
        "terrain" => scene::terrain(262_144),
        file => return imported(scene::import_path(Path::new(file), &scene::ImportOptions::default())),
    };
    let bytes = scene::write_glb(&own).map_err(|error| error.to_string())?;
    imported(scene::import_bytes(&bytes, None, &scene::ImportOptions::default()))
}

fn imported(result: Result<scene::Imported, scene::ImportError>) -> Result<Scene, String> {
    let imported = result.map_err(|error| error.to_string())?;
    for warning in &imported.warnings {
        eprintln!("warning: {warning}");
    }
    Ok(imported.scene)
}
