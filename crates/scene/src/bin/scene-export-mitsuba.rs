//! `scene-export-mitsuba SCENE FOLDER`: writes a scene for Mitsuba 3, for `tools/mitsuba/compare.py`.

use std::path::Path;
use std::process::ExitCode;

#[path = "common/named.rs"]
mod named;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [name, folder] = &arguments[..] else {
        eprintln!("usage: scene-export-mitsuba cornell|still-life|terrain|FILE.glb FOLDER");
        return ExitCode::from(2);
    };
    let result = named::scene(name)
        .and_then(|scene| scene::export_mitsuba(&scene, Path::new(folder)).map_err(|e| e.to_string()));
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("{reason}");
            ExitCode::from(1)
        }
    }
}
