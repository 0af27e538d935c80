//! What rays cost in the compressed hierarchy: nodes and triangles that they read, counted on the measured scene, and the
//! speed on this processor beside the hierarchy made for it.
//!
//! `cargo run --release -p kernels --example compressed-counts`. A GPU's bounds follow from the counts: instructions and
//! bytes per ray.

#[path = "../tests/scenes/cave.rs"]
mod cave;

use cave::{Rays, cave, diffuse_rays, primary_rays};
use kernels::render::compressed::{self, Compressed, Node, Slices, Tree, Triangle};
use kernels::render::intersect::Ray;
use kernels::render::*;
use kernels::strict::LARGEST;
use std::cell::Cell;
use std::time::Instant;

/// Rays across and down the picture.
const EDGE: u32 = 512;

/// Counts what is read.
struct Counted<'a> {
    slices: Slices<'a>,
    nodes: Cell<u64>,
    triangles: Cell<u64>,
}

impl Tree for Counted<'_> {
    fn node(&self, index: u32) -> [[u32; 4]; 5] {
        self.nodes.set(self.nodes.get() + 1);
        self.slices.node(index)
    }

    fn triangle(&self, index: u32) -> [[u32; 4]; 3] {
        self.triangles.set(self.triangles.get() + 1);
        self.slices.triangle(index)
    }
}

fn main() {
    let image = compile(&cave()).expect("the generated mesh is valid");
    let start = Instant::now();
    let compressed = Compressed::new(&image).expect("a compiled image is whole");
    let seconds = start.elapsed().as_secs_f64();
    let count = f64::from(image.triangle_count());
    println!("{count} triangles, built in {seconds:.3} s");
    println!(
        "{} nodes of {} bytes, {} triangles of {} bytes: {:.1} bytes per triangle",
        compressed.nodes().len(),
        size_of::<Node>(),
        compressed.triangles().len(),
        size_of::<Triangle>(),
        compressed.bytes() as f64 / count
    );
    let tracer = Tracer::new(image).expect("a compiled image is whole");
    let scene = cave();
    let primary = primary_rays::<EDGE>(&scene);
    let diffuse = diffuse_rays(&scene, &tracer, &primary);
    for (name, rays) in [("coherent", &primary), ("incoherent", &diffuse)] {
        report(name, &compressed, &tracer, rays);
    }
}

fn report(name: &str, compressed: &Compressed, tracer: &Tracer, (origins, directions): &Rays) {
    let rays = origins.len() as f64;
    for (kind, limit, any) in [("closest hit", LARGEST, false), ("any hit within 4", 4.0, true)] {
        let counted = Counted { slices: compressed.slices(), nodes: Cell::new(0), triangles: Cell::new(0) };
        for (origin, direction) in origins.iter().zip(directions) {
            let ray = Ray::new(*origin, *direction);
            if any {
                compressed::occluded(&counted, &ray, limit);
            } else {
                compressed::closest(&counted, &ray, limit);
            }
        }
        let (nodes, triangles) = (counted.nodes.get() as f64 / rays, counted.triangles.get() as f64 / rays);
        let bytes = nodes * size_of::<Node>() as f64 + triangles * size_of::<Triangle>() as f64;
        println!("{name}, {kind}: {nodes:.2} nodes, {triangles:.2} triangles, {bytes:.0} bytes per ray");
    }
    let speed = |closest: &dyn Fn(usize) -> bool| {
        let start = Instant::now();
        let hits = (0..origins.len()).filter(|index| closest(*index)).count();
        (rays / start.elapsed().as_secs_f64() / 1.0e6, hits)
    };
    let (here, hits) = speed(&|index| compressed.closest(origins[index], directions[index], LARGEST).is_some());
    let (wide, others) = speed(&|index| closest_hit(tracer, origins[index], directions[index], LARGEST).is_some());
    assert_eq!(hits, others, "both find the same hits");
    println!("{name}, one thread of this processor: {here:.2} Mrays/s, the wide hierarchy {wide:.2} Mrays/s");
}
