//! Speed of the render engine, beside Embree on the same mesh and the same rays, one thread each, in one run.
//!
//! `cargo run --release -p kernels --example kernels-bench [-- --json PATH]` prints the rows of the bench file (areas
//! `slice` and `referee`), one a line, and writes them to PATH. The peer is `embreex` from PyPI, driven by `embree.py` beside this file
//! in the Python environment `target/venv-embree`, which is made when it is missing; without it the ratios are null and
//! the row says why.

#[path = "../tests/scenes/cave.rs"]
mod cave;
#[path = "../tests/scenes/mod.rs"]
mod scenes;

use cave::{Rays, cave, diffuse_rays, primary_rays};
use kernels::render::bvh;
use kernels::render::intersect::padded_bounds;
use kernels::render::*;
use kernels::strict::LARGEST;
use kernels::strict::vector::Vec3;
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;
use std::time::Instant;

const COMMAND: &str = "cargo run --release -p kernels --example kernels-bench";
/// Rays across and down the picture.
const EDGE: u32 = 512;
const REPETITIONS: usize = 9;
/// Traces that are computed in one go.
const HASHINGS: u32 = 100;
/// Rays that are timed together: a few milliseconds.
const CHUNK: usize = 4096;

/// Million rays per second and the sum of the distances. Each chunk of rays counts with the best of its repetitions, so
/// that other work on the machine does not show.
fn measure(tracer: &Tracer, (origins, directions): &Rays) -> (f64, f64) {
    let (mut seconds, mut sum) = (0.0, 0.0);
    for (origins, directions) in origins.chunks(CHUNK).zip(directions.chunks(CHUNK)) {
        let mut best = f64::INFINITY;
        let mut distance = 0.0;
        for _ in 0..REPETITIONS {
            let start = Instant::now();
            distance = 0.0;
            for (origin, direction) in origins.iter().zip(directions) {
                if let Some(hit) = closest_hit(tracer, *origin, *direction, LARGEST) {
                    distance += f64::from(hit.t);
                }
            }
            best = best.min(start.elapsed().as_secs_f64());
        }
        seconds += best;
        sum += distance;
    }
    (origins.len() as f64 / seconds / 1.0e6, sum)
}

/// Time that this thread spent on a processor; where the system does not tell, time on the wall.
struct Clock {
    wall: Instant,
    processor: Option<u64>,
}

impl Clock {
    fn start() -> Clock {
        Clock { wall: Instant::now(), processor: Clock::nanoseconds() }
    }

    fn nanoseconds() -> Option<u64> {
        std::fs::read_to_string("/proc/thread-self/schedstat").ok()?.split(' ').next()?.parse().ok()
    }

    fn seconds(&self) -> f64 {
        match (self.processor, Clock::nanoseconds()) {
            (Some(start), Some(end)) if end > start => (end - start) as f64 / 1.0e9,
            _ => self.wall.elapsed().as_secs_f64(),
        }
    }
}

fn write_floats(path: &Path, vectors: &[Vec3]) -> std::io::Result<()> {
    let bytes: Vec<u8> = vectors.as_flattened().iter().flat_map(|value| value.to_le_bytes()).collect();
    std::fs::write(path, bytes)
}

/// Runs Embree on the same mesh and rays; its answer, or why there is none.
fn embree(scene: &Scene, rays: &[(&str, &Rays)]) -> Result<Value, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let environment = root.join("target/venv-embree");
    let python = environment.join("bin/python");
    if !python.exists() {
        let made = Command::new("python3").args(["-m", "venv"]).arg(&environment).status();
        if !made.is_ok_and(|status| status.success()) {
            return Err("python3 with venv is not installed".into());
        }
    }
    let has_peer = |python: &Path| {
        Command::new(python).args(["-c", "import embreex, numpy"]).status().is_ok_and(|status| status.success())
    };
    if !has_peer(&python) {
        let installed = Command::new(&python).args(["-m", "pip", "install", "-q", "embreex", "numpy"]).status();
        if !installed.is_ok_and(|status| status.success()) {
            return Err("embreex could not be installed from PyPI".into());
        }
    }
    let folder = root.join("target/bench/embree");
    let write = || -> std::io::Result<()> {
        std::fs::create_dir_all(&folder)?;
        write_floats(&folder.join("positions.f32"), &scene.mesh.positions)?;
        let indices: Vec<u8> = scene.mesh.triangles.as_flattened().iter().flat_map(|i| i.to_le_bytes()).collect();
        std::fs::write(folder.join("triangles.u32"), indices)?;
        for (name, (origins, directions)) in rays {
            write_floats(&folder.join(format!("{name}.origins.f32")), origins)?;
            write_floats(&folder.join(format!("{name}.directions.f32")), directions)?;
        }
        Ok(())
    };
    write().map_err(|error| format!("{}: {error}", folder.display()))?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/embree.py");
    let mut command = Command::new(&python);
    command
        .arg(script)
        .arg(&folder)
        .arg(REPETITIONS.to_string())
        .arg(CHUNK.to_string())
        .args(rays.iter().map(|(name, _)| name));
    let output = command.output().map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).lines().last().unwrap_or("embree.py failed").into());
    }
    serde_json::from_slice(&output.stdout).map_err(|error| error.to_string())
}

fn row(name: &str, value: f64, unit: &str, bar: Value, better: &str) -> Value {
    json!({"area": "slice", "name": name, "value": value, "unit": unit, "bar": bar, "better": better,
        "peer": null, "ratio": null, "command": COMMAND})
}

/// Rendering a unit of a Cornell box with its trace beside rendering it without, on one thread, each part with the best of
/// its repetitions. The digest of the result, which both need, is computed on the way to the trace and counted with neither.
fn trace_row() -> Value {
    let image = compile(&scenes::cornell()).expect("the box is valid");
    let tracer = Tracer::new(image).expect("the compiled image is whole");
    let frame = Frame { width: 64, height: 64, tile: 64, samples: 8, max_bounces: 4, seed: 1 };
    let (mut with, mut hashing, mut digest) = (f64::INFINITY, f64::INFINITY, f64::INFINITY);
    let mut repeat = || {
        let start = Clock::start();
        let output = render_unit(&tracer, &frame, 0).expect("the frame is valid");
        with = with.min(start.seconds());
        // Hashing takes a hundredth of that: repeated until it is as long, so that the clock's grain does not show.
        let start = Clock::start();
        for _ in 0..HASHINGS {
            let root = trace::trace_root(&frame, 0, std::hint::black_box(&output.radiance));
            assert_eq!(root, output.trace);
        }
        hashing = hashing.min(start.seconds() / f64::from(HASHINGS));
        let bytes = output.to_bytes();
        let start = Clock::start();
        for _ in 0..HASHINGS {
            assert_eq!(digest_of_bytes(0, std::hint::black_box(&bytes)), Some(output.digest));
        }
        digest = digest.min(start.seconds() / f64::from(HASHINGS));
    };
    let thread = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a thread can be had");
    thread.install(|| (0..REPETITIONS).for_each(|_| repeat()));
    let ratio = with / (with - (hashing - digest));
    let mut line = row("render_with_trace_8_samples", ratio, "", json!(1.01), "lower");
    line["area"] = json!("referee");
    line
}

fn main() {
    let scene = cave();
    let triangles = scene.mesh.triangles.len() as f64;
    let boxes: Vec<_> = scene
        .mesh
        .triangles
        .iter()
        .map(|triangle| padded_bounds(&triangle.map(|vertex| scene.mesh.positions[vertex as usize])))
        .collect();
    let mut build = f64::INFINITY;
    for _ in 0..REPETITIONS {
        let start = Clock::start();
        std::hint::black_box(bvh::build(std::hint::black_box(&boxes)));
        build = build.min(start.seconds());
    }
    let image = compile(&scene).expect("the generated mesh is valid");
    let canonical_bytes = image.traversal_bytes() as f64;
    let start = Clock::start();
    let tracer = Tracer::new(image).expect("the compiled image is whole");
    let widen = start.seconds();

    let primary = primary_rays::<EDGE>(&scene);
    let diffuse = diffuse_rays(&scene, &tracer, &primary);
    let rays = [("primary", &primary), ("diffuse", &diffuse)];
    let peer = embree(&scene, &rays);
    let mut rows = Vec::new();
    for (name, rays) in rays {
        let (rate, distance) = measure(&tracer, rays);
        let mut line = row(&format!("closest_hit_{name}"), rate, "Mray/s", Value::Null, "higher");
        match &peer {
            Ok(peer) => {
                let theirs = peer[name]["rate"].as_f64().unwrap_or(f64::NAN);
                let agreement = peer[name]["distance"].as_f64().unwrap_or(f64::NAN) / distance;
                line["bar"] = json!(theirs / 2.0);
                line["peer"] =
                    json!(format!("embreex {}: {theirs:.3} Mray/s", peer["version"].as_str().unwrap_or("?")));
                line["ratio"] = json!(rate / theirs);
                line["peer_distance_ratio"] = json!(agreement);
            }
            Err(why) => line["why"] = json!(why),
        }
        rows.push(line);
    }
    rows.push(row("bvh_build_one_core", triangles / build / 1.0e6, "Mtri/s", json!(1.0), "higher"));
    rows.push(row("bvh_bytes_per_triangle", canonical_bytes / triangles, "B", json!(100), "lower"));
    rows.push(row("bvh_wide_bytes_per_triangle", tracer.wide_bytes() as f64 / triangles, "B", json!(100), "lower"));
    rows.push(row("bvh_widen", triangles / widen / 1.0e6, "Mtri/s", Value::Null, "higher"));
    let frame = Frame { width: 128, height: 128, tile: 128, samples: 4, max_bounces: 4, seed: 1 };
    let start = Instant::now();
    render_unit(&tracer, &frame, 0).expect("the frame is valid");
    let rate = frame.unit_work(0) as f64 / start.elapsed().as_secs_f64() / 1.0e6;
    rows.push(row("render_cave_all_cores", rate, "Msample/s", Value::Null, "higher"));

    rows.push(trace_row());

    for row in &rows {
        println!("{row}");
    }
    let text = serde_json::to_string_pretty(&json!({"rows": rows})).expect("rows are plain values");
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, flag, path] = arguments.as_slice()
        && flag == "--json"
        && let Err(error) = std::fs::write(path, &text)
    {
        eprintln!("{path}: {error}");
        std::process::exit(1);
    }
}
