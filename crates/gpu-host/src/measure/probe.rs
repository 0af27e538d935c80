//! Measures the probes.

use std::time::Instant;

use kernels::probe::walk::CELL_BYTES;
use kernels::probe::{chain, clock, stream};

use super::{Peaks, Row, Work, median_time};
use crate::probe::{Chain, ProbeError, Walk, stream_into};
use crate::{Device, GpuError};

const SEED: [u8; 32] = [0; 32];

/// Products between two checkpoints of the chain.
const ROUNDS: u32 = 16;

/// Integer instructions for a byte of the chain's next matrix, and for sixteen bytes of the stream: counted in the machine
/// code that ptxas 12.9 makes for sm_90.
const ADVANCE_INSTRUCTIONS: f64 = 8.5;
const STREAM_INSTRUCTIONS: f64 = 16.0;

/// The chain's rate and what its commitments cost, the walk's reads and writes, the stream's rate.
///
/// # Errors
/// What the device answers.
pub fn rows(device: &Device) -> Result<Vec<Row>, GpuError> {
    let mut rows = chain_rows(device).map_err(gpu_error)?;
    rows.extend(memory_rows(device).map_err(gpu_error)?);
    Ok(rows)
}

/// The clock's rate on one core of this machine, which needs no device.
pub fn clock_row() -> Row {
    const STEPS: u64 = 1 << 20;
    let start = clock::start(&SEED);
    let begin = Instant::now();
    std::hint::black_box(clock::advance(start, STEPS));
    Row::rate("probe: clock", STEPS as f64 / begin.elapsed().as_secs_f64() / 1e6, "M hashes/s")
        .why("one core, SHA-256 of 32 bytes one after the other")
}

fn gpu_error(error: ProbeError) -> GpuError {
    match error {
        ProbeError::Gpu(error) => error,
        ProbeError::Shape(error) => GpuError::Failed(format!("no probe fits this device: {error}")),
    }
}

fn chain_rows(device: &Device) -> Result<Vec<Row>, ProbeError> {
    let is_emulated = device.info().is_emulated;
    let (size, rounds) = if is_emulated { (128, 2) } else { (8192, ROUNDS) };
    let shape = chain::Shape { size, rounds, rounds_per_checkpoint: rounds };
    let mut chain = Chain::new(device, &SEED, shape)?;
    let time = median_time(device, 3, || chain.run(device))?.as_secs_f64();
    let commit = median_time(device, 7, || chain.commit(device, 0))?.as_secs_f64();
    let bytes = shape.bytes() as f64;
    let rounds = f64::from(rounds);
    let mut work = super::merkle::work(shape.bytes());
    work.int8_tensor_operations = shape.operations() as f64;
    // A round reads both matrices, writes and reads the sums, and writes a matrix.
    work.memory_bytes += rounds * 11.0 * bytes;
    work.integer_instructions += rounds * ADVANCE_INSTRUCTIONS * bytes;
    let operations = shape.operations() as f64 / 1e12;
    let floor = Peaks::of(device.info()).floor_seconds(&work).map(|seconds| operations / seconds);
    Ok(vec![
        Row::rate("probe: matrix chain", operations / time, "TOPS")
            .floor(floor)
            .why(format!("{size} x {size}, commitments and the next matrices included")),
        Row::cost("probe: matrix chain, commitments", 100.0 * commit / time, "% of the time")
            .bar(1.0)
            .why(format!("one checkpoint in {rounds} products")),
    ])
}

fn memory_rows(device: &Device) -> Result<Vec<Row>, ProbeError> {
    let is_emulated = device.info().is_emulated;
    let reads = if is_emulated { 4 } else { 4096 };
    let shape = if is_emulated {
        kernels::probe::walk::Shape { walkers: 64, slices: 4, steps: 4, passes: 2, reads }
    } else {
        // The rest is for digests, and for whatever else lives on the card.
        Walk::shape_for(device, device.free_bytes()? / 8 * 7, 2, reads)?
    };
    let peaks = Peaks::of(device.info());
    let of_memory = |bytes: f64| peaks.floor_seconds(&Work { memory_bytes: bytes, ..Work::default() });
    let mut walk = Walk::new(device, &SEED, shape)?;
    let bytes = shape.bytes() as f64;
    let fill = |walk: &mut Walk, pass| (0..shape.slices).try_for_each(|slice| walk.fill(device, pass, slice));
    fill(&mut walk, 0)?;
    // Later passes do all that a pass does: a random cell and the old one are read, the new one is written.
    let pass = median_time(device, 1, || fill(&mut walk, 1))?.as_secs_f64();
    let time = median_time(device, 3, || walk.walk(device))?.as_secs_f64();
    let reads = shape.all_reads() as f64;
    let mut sum = device.allocate(1)?;
    let nonce = stream::nonce(&SEED);
    let streamed = median_time(device, 5, || stream_into(device, walk.memory(), nonce, &mut sum))?.as_secs_f64();
    let stream_work = Work {
        memory_bytes: bytes,
        integer_instructions: STREAM_INSTRUCTIONS * bytes / stream::VECTOR_BYTES as f64,
        ..Work::default()
    };
    let where_to = format!("{} walkers over {} bytes", shape.walkers, shape.bytes());
    Ok(vec![
        Row::rate("probe: memory walk", reads / time / 1e9, "G reads/s")
            .floor(of_memory(reads * CELL_BYTES as f64).map(|seconds| reads / seconds / 1e9))
            .why(format!("{where_to}; the floor counts 32 bytes a read, memory that moves 64 at once allows half")),
        Row::rate("probe: memory fill", bytes / pass / 1e9, "GB/s")
            .floor(of_memory(3.0 * bytes).map(|seconds| bytes / seconds / 1e9))
            .why(format!("{where_to}, second pass")),
        Row::rate("probe: stream", bytes / streamed / 1e9, "GB/s")
            .floor(peaks.floor_seconds(&stream_work).map(|seconds| bytes / seconds / 1e9)),
    ])
}
