//! The processor's rows: the path tracer, the exact int8 product, hashing, and the probes that a processor can run.

use super::rays::{FRAME, Landscape};
use crate::error::WorkerError;
use gpu_host::measure::Row;
use kernels::{
    merkle,
    probe::{Key, chain, clock, stream, walk},
    render::{closest_hit, render_unit},
    strict::LARGEST,
    tensor::{
        Shape,
        fast::{
            Instructions, gemm_i8,
            peak::{Mix, spin},
        },
    },
};
use rayon::{ThreadPool, ThreadPoolBuilder, prelude::*};
use std::{
    hint::black_box,
    time::{Duration, Instant},
};

/// As many as GPUs are measured with.
const TRIANGLES: u32 = 300_000;
const SEED: [u8; 32] = *b"render-worker bench, on a cpu   ";

/// How much is measured.
struct Amount {
    /// Rays across and down the picture.
    edge: u32,
    /// Rows and columns of the int8 matrices.
    size: u32,
    /// Bytes that are hashed and streamed.
    bytes: usize,
    /// Time that each figure may take, about.
    time: Duration,
}

const WHOLE: Amount = Amount { edge: 1_024, size: 2_048, bytes: 1 << 28, time: Duration::from_secs(2) };
const QUICK: Amount = Amount { edge: 256, size: 1_024, bytes: 1 << 24, time: Duration::from_millis(200) };

/// Measures with `threads` threads, 0 for one per core, and gives each row as soon as it is known.
pub(super) fn measure(threads: usize, quick: bool, take: &dyn Fn(Row)) -> Result<(), WorkerError> {
    let pool = ThreadPoolBuilder::new().num_threads(threads).build();
    let pool = pool.map_err(|error| WorkerError::NotReady(format!("threads: {error}; set fewer threads")))?;
    let amount = if quick { QUICK } else { WHOLE };
    render(&pool, &amount, take).map_err(WorkerError::NotReady)?;
    multiply(&pool, &amount, take).map_err(WorkerError::NotReady)?;
    hash(&pool, &amount, take);
    probes(&pool, &amount, take);
    Ok(())
}

/// How much of a work is done in a second when a run of `run` does `work` of it: by the fastest of as many runs as fit into
/// the time, so that other work on the machine shows as little as possible.
fn rate<T>(amount: &Amount, work: f64, mut run: impl FnMut() -> T) -> f64 {
    let begun = Instant::now();
    let mut best = Duration::MAX;
    while best == Duration::MAX || begun.elapsed() < amount.time {
        let start = Instant::now();
        black_box(run());
        best = best.min(start.elapsed());
    }
    work / best.as_secs_f64()
}

/// Rays among many triangles, and whole samples.
fn render(pool: &ThreadPool, amount: &Amount, take: &dyn Fn(Row)) -> Result<(), String> {
    let landscape = Landscape::new(TRIANGLES)?;
    let on = format!("{} triangles, {} threads", landscape.triangles(), pool.current_num_threads());
    let tracer = &landscape.tracer;
    let coherent = landscape.coherent(amount.edge);
    let incoherent = landscape.incoherent(&coherent);
    for (name, rays) in [("render: coherent rays", &coherent), ("render: incoherent rays", &incoherent)] {
        let hits = || rays.par_iter().filter(|(from, to)| closest_hit(tracer, *from, *to, LARGEST).is_some()).count();
        let rate = pool.install(|| rate(amount, rays.len() as f64, hits));
        take(Row::rate(name, rate / 1e6, "M rays/s").why(on.as_str()));
    }
    render_unit(tracer, &FRAME, 0).map_err(|error| error.to_string())?;
    let samples = pool.install(|| rate(amount, FRAME.unit_work(0) as f64, || render_unit(tracer, &FRAME, 0)));
    take(Row::rate("render: paths", samples / 1e6, "M paths/s").why(on));
    Ok(())
}

/// The exact int8 product, on one core beside what its registers alone could do, and as the probe's chain on all.
fn multiply(pool: &ThreadPool, amount: &Amount, take: &dyn Fn(Row)) -> Result<(), String> {
    let instructions = Instructions::best();
    let shape = Shape::dense(amount.size, amount.size, amount.size);
    let matrix = |purpose| chain::matrix(Key::new(purpose, &SEED), amount.size);
    let (a, b) = (matrix("left"), matrix("right"));
    let mut c = vec![0; a.len()];
    let mut product = || gemm_i8(instructions, &shape, &a, &b, &mut c);
    product().map_err(|error| error.to_string())?;
    let operations = 2.0 * shape.operations() as f64;
    let one = ThreadPoolBuilder::new().num_threads(1).build().map_err(|error| error.to_string())?;
    let row = Row::rate("int8 GEMM, one core", one.install(|| rate(amount, operations, product)) / 1e9, "Gop/s");
    let on = format!("{0} x {0} x {0}, {instructions:?}, one core", amount.size);
    let rounds = 1 << 18;
    take(match spin(instructions, Mix::Int8, rounds) {
        Some(most) => {
            let peak = rate(amount, 2.0 * most as f64, || spin(instructions, Mix::Int8, rounds)) / 1e9;
            let row = row.bar(peak / 2.0).peer(format!("the same instructions without memory: {peak:.1} Gop/s"), peak);
            row.why(on)
        }
        None => row.why(format!("{on}; there is no loop of these instructions to compare with")),
    });

    let chain = chain::Shape { size: amount.size, rounds: 1, rounds_per_checkpoint: 1 };
    let operations = chain.operations() as f64;
    let on = format!("a round with its matrices and its checkpoint, {} threads", pool.current_num_threads());
    take(
        Row::rate(
            "probe: matrix chain",
            pool.install(|| rate(amount, operations, || chain::run(&SEED, &chain))) / 1e9,
            "Gop/s",
        )
        .why(on),
    );
    Ok(())
}

/// Commitments: a Merkle tree over bytes, and the chain of hashes that one core can do.
fn hash(pool: &ThreadPool, amount: &Amount, take: &dyn Fn(Row)) {
    let bytes: Vec<u8> = (0..amount.bytes).map(|index| ((index * 167) >> 3) as u8).collect();
    let tree = pool.install(|| rate(amount, bytes.len() as f64, || merkle::root_of_bytes(&bytes)));
    let on = format!("{} threads", pool.current_num_threads());
    take(Row::rate("SHA-256 tree", tree / 1e9, "GB/s").why(on));
    let steps = 1 << 16;
    let clock = rate(amount, steps as f64, || clock::advance(SEED, steps));
    take(Row::rate("probe: clock", clock / 1e6, "M hashes/s").why("one core, each hash of the one before"));
}

/// The walk and the stream through as many bytes.
fn probes(pool: &ThreadPool, amount: &Amount, take: &dyn Fn(Row)) {
    let shape = walk_shape(amount.bytes as u64);
    let on = format!("{} MiB, {} threads", shape.bytes() >> 20, pool.current_num_threads());
    let key = walk::key(&SEED);
    let mut memory = vec![[0; 8]; shape.cells() as usize];
    pool.install(|| (0..shape.slices).for_each(|slice| walk::fill_slice(&shape, key, 0, slice, &mut memory)));
    let reads = pool.install(|| rate(amount, shape.all_reads() as f64, || walk::walk_all(&shape, key, &memory)));
    take(Row::rate("probe: memory walk", reads / 1e6, "M reads/s").why(on.as_str()));
    let vectors: Vec<stream::Vector> =
        memory.iter().flat_map(|[a, b, c, d, e, f, g, h]| [[*a, *b, *c, *d], [*e, *f, *g, *h]]).collect();
    drop(memory);
    let nonce = stream::nonce(&SEED);
    let bytes = vectors.len() as f64 * stream::VECTOR_BYTES as f64;
    let rate = pool.install(|| rate(amount, bytes, || stream::sum(nonce, 0, &vectors)));
    take(Row::rate("probe: stream", rate / 1e9, "GB/s").why(on));
}

/// A walk through so many bytes, written once.
fn walk_shape(bytes: u64) -> walk::Shape {
    let (walkers, slices) = (1_024, 16);
    let steps = bytes / walk::CELL_BYTES / u64::from(walkers * slices);
    walk::Shape { walkers, slices, steps: steps as u32, passes: 1, reads: 1_024 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_walks_shapes_are_ones_that_exist_and_fill_the_memory() {
        for amount in [WHOLE, QUICK] {
            let shape = walk_shape(amount.bytes as u64);
            assert_eq!(shape.check(), Ok(()));
            assert_eq!(shape.bytes(), amount.bytes as u64);
        }
    }
}
