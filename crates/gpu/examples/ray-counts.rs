//! What a ray costs a warp: instructions of the committed searches, counted on the machine that executes PTX, over the cave of
//! the kernels' measurements. Every hit is compared with the processor's.
//!
//! `cargo run --release -p gpu --example ray-counts`. The emulated warps reconverge at the lowest address; a card may do
//! better or worse, and no memory is waited for here.

#[path = "../../kernels/tests/scenes/cave.rs"]
mod cave;

use std::mem::offset_of;

use cave::{Rays, cave, diffuse_rays, primary_rays};
use gpu::render::{Closest, Occlusion, WaveArguments};
use gpu::{Kernel, ptx};
use kernels::render::compressed::{Compressed, closest};
use kernels::render::image::NONE;
use kernels::render::intersect::Ray;
use kernels::render::{Tracer, compile};
use kernels::strict::LARGEST;
use kernels::strict::vector::{add, normalize_or, scale, subtract};
use ptx_machine::{Memory, Module, Options, Shape};

/// Rays across and down the picture.
const EDGE: u32 = 512;
/// Of every sixteenth run of so many rays that are neighbours.
const RUN: usize = 2_048;
/// Rays that each thread has, one after another.
const RAYS_PER_THREAD: u32 = 8;

/// Rays of one kind.
struct Kind<'a> {
    name: &'static str,
    rays: &'a Rays,
    /// Any hit up to here, or the closest one.
    shadow: Option<f32>,
    /// Wave in which a frame has such rays.
    bounce: u32,
}

fn main() {
    let scene = cave();
    let image = compile(&scene).expect("the cave is a scene");
    let compressed = Compressed::new(&image).expect("the image is whole");
    let tracer = Tracer::new(image).expect("the image is whole");
    let primary = in_blocks(&primary_rays::<EDGE>(&scene));
    let diffuse = diffuse_rays(&scene, &tracer, &primary);
    let lit = to_a_light(&compressed, &primary);
    for kind in [
        Kind { name: "coherent, closest", rays: &primary, shadow: None, bounce: 0 },
        Kind { name: "incoherent, closest", rays: &diffuse, shadow: None, bounce: 1 },
        Kind { name: "from camera hits to one light, any", rays: &lit, shadow: Some(1.5), bounce: 1 },
        Kind { name: "incoherent, any within 1", rays: &diffuse, shadow: Some(1.0), bounce: 2 },
    ] {
        count(&compressed, &kind);
    }
}

/// In the order in which the waves take pixels: blocks of 8 x 4.
fn in_blocks((origins, directions): &Rays) -> Rays {
    let place = |block: u32, inside: u32| {
        let (row, column) = (block / (EDGE / 8) * 4 + inside / 8, block % (EDGE / 8) * 8 + inside % 8);
        (row * EDGE + column) as usize
    };
    let places = (0..EDGE * EDGE).map(|index| place(index / 32, index % 32));
    places.map(|place| (origins[place], directions[place])).unzip()
}

/// From what the camera sees to a light beside it.
fn to_a_light(compressed: &Compressed, (origins, directions): &Rays) -> Rays {
    let light = add(origins[0], [0.05, 0.3, 0.1]);
    let rays = origins.iter().zip(directions).map(|(&origin, &direction)| {
        let distance = compressed.closest(origin, direction, LARGEST).map_or(1.0, |hit| hit.t) * 0.999;
        let point = add(origin, scale(direction, distance));
        (point, normalize_or(subtract(light, point), [0.0, 0.0, 1.0]))
    });
    rays.unzip()
}

/// Runs the search of one kind of rays and prints what it took.
fn count(compressed: &Compressed, kind: &Kind) {
    let memory = Memory::new(1 << 28);
    let module = Module::load(ptx::ALL[0].text, &memory).expect("the committed PTX is understood");
    let place = |words: &[u32]| {
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        let address = memory.allocate(bytes.len() as u64).expect("there is memory");
        memory.write(address, &bytes).expect("it was allocated");
        address
    };
    let nodes: Vec<u32> = compressed.nodes().iter().flat_map(|node| node.words).flatten().collect();
    let triangles: Vec<u32> = compressed.triangles().iter().flat_map(|triangle| triangle.words).flatten().collect();
    let runs = kind.rays.0.chunks(RUN).zip(kind.rays.1.chunks(RUN)).step_by(16);
    let rays: Vec<_> = runs.flat_map(|(origins, directions)| origins.iter().zip(directions)).collect();
    let capacity = rays.len();
    // Records of rays, or of shadow rays with their limits, a contribution of 1 and their place: see `kernels::render::wave`.
    let mut table: Vec<u32> = Vec::new();
    for axis in 0..3 {
        table.extend(rays.iter().map(|(origin, _)| origin[axis].to_bits()));
    }
    for axis in 0..3 {
        table.extend(rays.iter().map(|(_, direction)| direction[axis].to_bits()));
    }
    if let Some(limit) = kind.shadow {
        table.extend(std::iter::repeat_n(limit.to_bits(), capacity));
        table.extend(std::iter::repeat_n(1.0_f32.to_bits(), 3 * capacity));
        table.extend(0..capacity as u32);
    }
    let table = place(&table);
    // Hits of rays, or what the paths of shadow rays have gathered.
    let results = place(&vec![0; 4 * capacity]);
    let counts = place(&[capacity as u32; 8]);

    let mut arguments = vec![0; size_of::<WaveArguments>()];
    let mut put = |at: usize, value: &[u8]| arguments[at..at + value.len()].copy_from_slice(value);
    put(offset_of!(WaveArguments, nodes), &place(&nodes).to_le_bytes());
    put(offset_of!(WaveArguments, triangles), &place(&triangles).to_le_bytes());
    put(offset_of!(WaveArguments, current.rays), &table.to_le_bytes());
    put(offset_of!(WaveArguments, current.gathered), &results.to_le_bytes());
    put(offset_of!(WaveArguments, hits), &results.to_le_bytes());
    put(offset_of!(WaveArguments, shadows), &table.to_le_bytes());
    put(offset_of!(WaveArguments, counts), &counts.to_le_bytes());
    put(offset_of!(WaveArguments, capacity), &(capacity as u32).to_le_bytes());
    put(offset_of!(WaveArguments, samples), &(capacity as u32).to_le_bytes());
    put(offset_of!(WaveArguments, bounce), &kind.bounce.to_le_bytes());

    let name = if kind.shadow.is_some() { Occlusion::NAME } else { Closest::NAME };
    let kernel = module.kernel(name.to_str().expect("a name of the PTX")).expect("it is in the PTX");
    let shape = Shape::line((capacity as u32).div_ceil(Closest::THREADS * RAYS_PER_THREAD), Closest::THREADS);
    let took = kernel.launch(&memory, shape, &arguments, Options::default()).expect("the search ends");

    let mut bytes = vec![0; 16 * capacity];
    memory.read(results, &mut bytes).expect("it was allocated");
    let found: Vec<u32> = bytes.as_chunks::<4>().0.iter().map(|word| u32::from_le_bytes(*word)).collect();
    for (index, &(&origin, &direction)) in rays.iter().enumerate() {
        let hit = closest(&compressed.slices(), &Ray::new(origin, direction), kind.shadow.unwrap_or(LARGEST));
        let word = |number: usize| found[number * capacity + index];
        if kind.shadow.is_some() {
            assert_eq!(word(0) == 0, hit.primitive != NONE, "shadow ray {index}");
        } else {
            assert_eq!(word(3), hit.primitive, "ray {index}");
            let bits = [hit.t, hit.u, hit.v].map(f32::to_bits);
            assert!(hit.primitive == NONE || [word(0), word(1), word(2)] == bits, "ray {index}");
        }
    }
    let (warp, thread) = (took.total_warp() as f64, took.total() as f64);
    println!(
        "{:<36} {capacity} rays, hits equal: {:.0} warp instructions a ray, {:.2} of the lanes at work",
        kind.name,
        warp / capacity as f64,
        thread / warp / 32.0
    );
}
