//! What the path tracer reaches: rays of both kinds, whole paths, what hashing and starting cost.
//!
//! The scene is the generated landscape of `scene`, seen by its camera. Rays are the ones that the waves of a frame
//! have: those of wave 0 come from the camera and are coherent, those of wave 1 from a scattering and are not. All rays
//! of a wave go into one launch, and only the launch is timed.

use std::cell::Cell;
use std::time::Instant;

use kernels::render::compressed::{Compressed, Slices, Tree, closest};
use kernels::render::intersect::Ray;
use kernels::render::wave::{Gathered, Order, PathRay, begin, shade};
use kernels::render::{Frame, Scene, Tracer, compile};

use super::{Peaks, Row, Work};
use crate::device::Device;
use crate::error::GpuError;
use crate::render::Renderer;

/// Instructions of a GPU thread to test the eight boxes of a node and to choose the next one, and to test a triangle
/// that is missed: counted in what ptxas makes of `render_closest` for 9.0.
const NODE_INSTRUCTIONS: f64 = 234.0;
const TRIANGLE_INSTRUCTIONS: f64 = 70.0;
/// Names a PTX file of the same kernels in which multiplications and additions may be fused.
const CONTRACTED_PTX: &str = "RENDER_COMPUTE_CONTRACTED_PTX";
/// Times each search is run.
const RUNS: usize = 7;

/// Sizes of a measurement: those of a card, or those that an emulator can bear.
struct Sizes {
    triangles: u32,
    frame: Frame,
    sampled_rays: u64,
}

impl Sizes {
    fn of(device: &Device) -> Sizes {
        let (triangles, width, height, samples, sampled_rays) =
            if device.info().is_emulated { (2_000, 16, 8, 1, 128) } else { (300_000, 1920, 1080, 16, 16_384) };
        Sizes { triangles, frame: Frame { width, height, tile: 32, samples, max_bounces: 4, seed: 1 }, sampled_rays }
    }
}

/// The rows of the render engine.
pub fn rows(device: &Device) -> Result<Vec<Row>, GpuError> {
    let sizes = Sizes::of(device);
    let scene: Scene = scene::terrain(sizes.triangles);
    let tracer = compile(&scene).ok().and_then(|image| Tracer::new(image).ok());
    let tracer = tracer.ok_or_else(|| GpuError::Failed("the landscape does not compile".into()))?;
    let mut renderer = Renderer::new(device, &tracer)?;
    let mut rows = ray_rows(device, &mut renderer, &tracer, &sizes)?;
    rows.extend(frame_rows(&mut renderer, &tracer, &sizes)?);
    rows.push(strictness(device, &tracer, &sizes, rows[1].value)?);
    Ok(rows)
}

/// Rays per second of the searches alone.
fn ray_rows(device: &Device, renderer: &mut Renderer, tracer: &Tracer, sizes: &Sizes) -> Result<Vec<Row>, GpuError> {
    let waves = renderer.profile(&sizes.frame, RUNS)?;
    let floors = floors(device, tracer, sizes);
    let name = |kind: &str| format!("render: {kind} rays on {} triangles", tracer.image().triangle_count());
    let rate = |rays: u32, time: std::time::Duration| f64::from(rays) / time.as_secs_f64();
    let mut rows = Vec::new();
    let places = [("coherent", 2.0e9), ("incoherent", 1.0e9)];
    for (bounce, (wave, (kind, bar))) in waves.iter().zip(places).enumerate() {
        let floor = floors.get(bounce).copied();
        rows.push(Row::rate(name(kind), rate(wave.rays, wave.closest), "rays/s").bar(bar).floor(floor).why(format!(
            "{} rays in one launch; the floor counts the visits of these rays and no waiting",
            wave.rays
        )));
    }
    if let Some(wave) = waves.get(1).filter(|wave| wave.shadow_rays > 0) {
        rows.push(Row::rate(name("shadow"), rate(wave.shadow_rays, wave.occlusion), "rays/s"));
    }
    let shade: f64 = waves.iter().map(|wave| wave.shade.as_secs_f64()).sum();
    let all: f64 = waves.iter().map(|wave| (wave.closest + wave.occlusion + wave.shade).as_secs_f64()).sum();
    rows.push(Row::cost("render: share of a path's time that is shading", shade / all, "of 1"));
    Ok(rows)
}

/// A tree that counts what is read of it.
struct Counted<'a> {
    tree: Slices<'a>,
    nodes: Cell<u64>,
    triangles: Cell<u64>,
}

impl Tree for Counted<'_> {
    fn node(&self, index: u32) -> [[u32; 4]; 5] {
        self.nodes.set(self.nodes.get() + 1);
        self.tree.node(index)
    }

    fn triangle(&self, index: u32) -> [[u32; 4]; 3] {
        self.triangles.set(self.triangles.get() + 1);
        self.tree.triangle(index)
    }
}

/// Rays per second of the first two waves if every scheduler issued an instruction in every clock and no thread of a
/// warp waited for another: from the nodes and triangles that some of these rays visit, counted on the processor.
fn floors(device: &Device, tracer: &Tracer, sizes: &Sizes) -> Vec<f64> {
    let Ok(compressed) = Compressed::new(tracer.image()) else { return Vec::new() };
    let order = Order::new(&sizes.frame, 0);
    let total = u64::from(order.unit_samples()) * sizes.frame.units();
    let mut rays: Vec<_> = (0..sizes.sampled_rays)
        .filter_map(|index| order.start(index * total / sizes.sampled_rays))
        .filter_map(|start| begin(tracer.image(), &sizes.frame, start).ok())
        .collect();
    let peaks = Peaks::of(device.info());
    let mut floors = Vec::new();
    for bounce in 0..2 {
        let tree = Counted { tree: compressed.slices(), nodes: Cell::new(0), triangles: Cell::new(0) };
        let traced = rays.len() as f64;
        let next = rays.iter().filter_map(|&(ray, path)| {
            let PathRay { origin, direction } = ray;
            let hit = closest(&tree, &Ray::new(origin, direction), kernels::strict::LARGEST);
            shade(tracer.image(), &sizes.frame, bounce, ray, path, Gathered { radiance: [0.0; 3] }, hit).ok()?.next
        });
        let next: Vec<_> = next.collect();
        let instructions =
            tree.nodes.get() as f64 * NODE_INSTRUCTIONS + tree.triangles.get() as f64 * TRIANGLE_INSTRUCTIONS;
        // They are of both kinds in about equal numbers, so what limits is that one is issued at a time.
        let work =
            Work { f32_instructions: instructions / 2.0, integer_instructions: instructions / 2.0, ..Work::default() };
        floors.extend(peaks.floor_seconds(&work).map(|seconds| traced / seconds));
        rays = next;
    }
    floors
}

/// Whole frames by the clock on the wall.
fn frame_rows(renderer: &mut Renderer, tracer: &Tracer, sizes: &Sizes) -> Result<Vec<Row>, GpuError> {
    let frame = sizes.frame;
    let units = 0..frame.units();
    let (no_progress, never) = (|_: u64| (), || false);
    let wall = |work: &mut dyn FnMut() -> Result<(), GpuError>| -> Result<f64, GpuError> {
        work()?;
        let mut times = Vec::new();
        for _ in 0..3 {
            let begun = Instant::now();
            work()?;
            times.push(begun.elapsed().as_secs_f64());
        }
        times.sort_by(f64::total_cmp);
        Ok(times[1])
    };
    let hashed = wall(&mut || renderer.render(&frame, units.clone(), &no_progress, &never).map(drop))?;
    let bare = wall(&mut || {
        let sums = |_, sums: &[[i64; 3]]| Ok(sums.to_vec());
        renderer.each_unit(&frame, units.clone(), &no_progress, &never, sums).map(drop)
    })?;
    let small = Frame { width: 8, height: 4, tile: 8, samples: 1, max_bounces: 0, ..frame };
    let started = wall(&mut || renderer.render(&small, 0..1, &no_progress, &never).map(drop))?;
    let samples: u64 = units.clone().map(|unit| frame.unit_work(unit)).sum();
    let name = format!(
        "render: paths of {} x {}, {} samples, {} triangles, with hashes",
        frame.width,
        frame.height,
        frame.samples,
        tracer.image().triangle_count()
    );
    Ok(vec![
        Row::rate(name, samples as f64 / hashed, "paths/s"),
        Row::cost("render: commitment's share of a job's time", (hashed - bare) / hashed, "of 1").bar(0.01),
        Row::cost("render: warm start, order to the result of 32 pixels", started * 1e3, "ms")
            .bar(50.0)
            .why("more than the time to the first kernel, which it contains"),
    ])
}

/// What separate rounding of every product and sum costs in the search for incoherent rays.
fn strictness(device: &Device, tracer: &Tracer, sizes: &Sizes, strict: Option<f64>) -> Result<Row, GpuError> {
    let name = "render: strictness tax on incoherent rays";
    let unmeasured = |why: String| Ok(Row::unmeasured(name, "of 1", "lower", why).bar(0.05));
    let Some(path) = std::env::var_os(CONTRACTED_PTX) else {
        return unmeasured(format!("{CONTRACTED_PTX} names no PTX in which products and sums may be fused"));
    };
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) => return unmeasured(format!("{}: {error}", path.display())),
    };
    let contracted = Device::open_with_ptx(device.info().ordinal, &text)?;
    let waves = Renderer::new(&contracted, tracer)?.profile(&sizes.frame, RUNS)?;
    match (waves.get(1), strict) {
        (Some(wave), Some(strict)) => {
            let rate = f64::from(wave.rays) / wave.closest.as_secs_f64();
            Ok(Row::cost(name, rate / strict - 1.0, "of 1").bar(0.05).why(format!("fused: {rate:.3e} rays/s")))
        }
        _ => unmeasured("the landscape scatters no ray".into()),
    }
}
