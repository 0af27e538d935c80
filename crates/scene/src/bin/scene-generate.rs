//! `scene-generate SCENE OUT.glb`: writes one of the project's own scenes as a glTF file.

use std::path::Path;
use std::process::ExitCode;

const USAGE: &str = "usage: scene-generate cornell|still-life|terrain OUT.glb [TRIANGLES, for terrain; default 262144]";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match generate(&arguments) {
        Ok(summary) => {
            println!("{summary}");
            ExitCode::SUCCESS
        }
        Err(reason) => {
            eprintln!("{reason}");
            ExitCode::from(2)
        }
    }
}

fn generate(arguments: &[String]) -> Result<String, String> {
    let scene = match arguments {
        [name, _] if name == "cornell" => scene::cornell_box(),
        [name, _] if name == "still-life" => scene::textured_still_life(),
        [name, _] if name == "terrain" => scene::terrain(262_144),
        [name, _, triangles] if name == "terrain" => {
            let count = triangles.parse::<u32>().ok().filter(|count| (2..=1 << 24).contains(count));
            scene::terrain(count.ok_or_else(|| format!("TRIANGLES must be 2 to {}: {triangles}", 1 << 24))?)
        }
        _ => return Err(USAGE.into()),
    };
    let path = Path::new(&arguments[1]);
    let bytes = scene::write_glb(&scene).map_err(|error| error.to_string())?;
    std::fs::write(path, &bytes).map_err(|error| format!("{}: {error}; check the folder", path.display()))?;
    Ok(format!("{}: {} triangles, {} bytes", path.display(), scene.mesh.triangles.len(), bytes.len()))
}
