//! `scene-render SCENE OUT.exr [--png OUT.png] [--width N] [--height N] [--samples N] [--bounces N] [--seed N]
//! [--exposure STOPS]`: renders a whole frame on this computer, for comparisons and to look at a scene before a job.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use kernels::render::{Frame, Tracer, compile, render_units};

#[path = "common/named.rs"]
mod named;

const USAGE: &str = "usage: scene-render cornell|still-life|terrain|FILE.glb OUT.exr [--png OUT.png] [--width N] \
                     [--height N] [--samples N] [--bounces N] [--seed N] [--exposure STOPS]";

struct Options {
    scene: String,
    exr: PathBuf,
    png: Option<PathBuf>,
    frame: Frame,
    exposure: f32,
}

fn main() -> ExitCode {
    let options = match parse(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(reason) => {
            eprintln!("{reason}");
            return ExitCode::from(2);
        }
    };
    match render(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("{reason}");
            ExitCode::from(1)
        }
    }
}

fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Options, String> {
    let (Some(scene), Some(exr)) = (arguments.next(), arguments.next()) else { return Err(USAGE.into()) };
    let mut options = Options {
        scene,
        exr: exr.into(),
        png: None,
        frame: Frame { width: 256, height: 256, tile: 32, samples: 64, max_bounces: 8, seed: 1 },
        exposure: 0.0,
    };
    while let Some(flag) = arguments.next() {
        let value = arguments.next().ok_or_else(|| format!("{flag} wants a value; {USAGE}"))?;
        let whole = || value.parse::<u64>().map_err(|_| format!("{flag} wants a whole number: {value}"));
        let small = || u32::try_from(whole()?).map_err(|_| format!("{flag} is too large: {value}"));
        match flag.as_str() {
            "--png" => options.png = Some(value.into()),
            "--width" => options.frame.width = small()?,
            "--height" => options.frame.height = small()?,
            "--samples" => options.frame.samples = small()?,
            "--bounces" => options.frame.max_bounces = small()?,
            "--seed" => options.frame.seed = whole()?,
            "--exposure" => {
                options.exposure = value.parse().map_err(|_| format!("--exposure wants a number: {value}"))?;
            }
            _ => return Err(format!("{flag} is not known; {USAGE}")),
        }
    }
    Ok(options)
}

fn render(options: &Options) -> Result<(), String> {
    let scene = named::scene(&options.scene)?;
    let image = compile(&scene).map_err(|error| error.to_string())?;
    let tracer = Tracer::new(image).map_err(|fault| fault.to_string())?;
    let frame = &options.frame;
    let outputs = render_units(&tracer, frame, 0..frame.units()).map_err(|error| error.to_string())?;
    let mut picture = scene::Picture::new(frame).map_err(|error| error.to_string())?;
    for (unit, output) in (0..).zip(&outputs) {
        picture.place(unit, output).map_err(|error| error.to_string())?;
    }
    write(&picture, &options.exr, options)
}

fn write(picture: &scene::Picture, exr: &Path, options: &Options) -> Result<(), String> {
    picture.write_exr(exr).map_err(|error| error.to_string())?;
    if let Some(png) = &options.png {
        let tone = scene::ToneMap { exposure: options.exposure, ..scene::ToneMap::default() };
        picture.write_png(png, &tone).map_err(|error| error.to_string())?;
    }
    Ok(())
}
