//! The probes on a device against `kernels::probe`.

mod common;

use gpu::probe::{ChainAdvance, ChainAdvanceArguments};
use gpu_host::probe::{Again, Chain, ProbeError, Walk, stream, stream_into};
use gpu_host::{Device, GpuError};
use kernels::probe::machine::{HASHES, Job};
use kernels::probe::prove::{Processor, Recompute};
use kernels::probe::{Key, Plan, ShapeError, chain, clock, stream as stream_definition, walk};

const SEED: [u8; 32] = [11; 32];

/// A size as it is, and on an emulated device the other.
fn sized(device: &Device, size: u32, emulated: u32) -> u32 {
    if device.info().is_emulated { emulated } else { size }
}

#[test]
fn a_chain_on_the_device_has_the_checkpoints_of_the_processor() {
    let Some(device) = common::device() else { return };
    let size = sized(&device, 2048, 128);
    let shape = chain::Shape { size, rounds: 4, rounds_per_checkpoint: 2 };
    let mut on_device = Chain::new(&device, &SEED, shape).unwrap();
    on_device.run(&device).unwrap();
    assert_eq!(on_device.checkpoints(&device).unwrap(), chain::run(&SEED, &shape).unwrap());
}

#[test]
fn a_rounds_sums_become_the_next_matrix_at_every_place() {
    let Some(device) = common::device() else { return };
    let size = sized(&device, 4096, 384);
    // All bits of the sums, not only those that products reach.
    let sums: Vec<i32> =
        (0..u64::from(size * size / 4)).flat_map(|index| Key([1; 4]).draw(index)).map(u32::cast_signed).collect();
    let mut expected = vec![0; sums.len()];
    chain::advance(0x1234_5678, size, &sums, &mut expected);
    let sums = device.upload(&sums).unwrap();
    let matrix = device.allocate::<i8>(expected.len()).unwrap();
    let arguments = ChainAdvanceArguments { sums: sums.pointer(), matrix: matrix.pointer(), size, round: 0x1234_5678 };
    // SAFETY: both are size x size.
    unsafe { device.launch(ChainAdvance, ChainAdvance::blocks(size), ChainAdvance::BLOCK_MEMORY, &arguments).unwrap() };
    let matrix = device.download(&matrix).unwrap();
    let wrong = matrix.iter().zip(&expected).position(|(device, processor)| device != processor);
    assert_eq!(wrong, None, "first wrong place");
}

#[test]
fn a_walk_on_the_device_has_the_answer_of_the_processor() {
    let Some(device) = common::device() else { return };
    let small = walk::Shape { walkers: 160, slices: 3, steps: 2, passes: 2, reads: 5 };
    let large = walk::Shape { walkers: 1 << 14, slices: 16, steps: 64, passes: 2, reads: 256 };
    let emulated = walk::Shape { walkers: 64, slices: 4, steps: 8, passes: 3, reads: 16 };
    for shape in [small, if device.info().is_emulated { emulated } else { large }] {
        let answer = Walk::new(&device, &SEED, shape).unwrap().run(&device).unwrap();
        assert_eq!(answer, walk::run(&SEED, &shape).unwrap(), "{shape:?}");
    }
}

#[test]
fn a_walk_takes_the_memory_that_it_is_given() {
    let Some(device) = common::device() else { return };
    let bytes = 1 << 30;
    let shape = Walk::shape_for(&device, bytes, 1, 8).unwrap();
    let row = u64::from(shape.walkers) * u64::from(shape.slices) * walk::CELL_BYTES;
    assert!(shape.bytes() <= bytes && shape.bytes() + row > bytes, "{shape:?}");
    let error = Walk::shape_for(&device, 1, 1, 8).unwrap_err();
    assert_eq!(error, ProbeError::Shape(ShapeError { field: "steps", must: "1 to 65536" }));
}

#[test]
fn a_stream_on_the_device_has_the_sum_of_the_processor() {
    let Some(device) = common::device() else { return };
    let nonce = stream_definition::nonce(&SEED);
    for count in [1, 2, 255, 256, 257, 1024, 5000, sized(&device, 100_000_001, 40_001)] {
        let vectors: Vec<[u32; 4]> = (0..u64::from(count)).map(|index| Key([9; 4]).draw(index)).collect();
        let buffer = device.upload(&vectors).unwrap();
        let expected = stream_definition::sum(nonce, 0, &vectors);
        assert_eq!(stream(&device, &buffer, nonce).unwrap(), expected, "{count} vectors");
    }
}

#[test]
fn sums_of_two_streams_add_up_in_one_number() {
    let Some(device) = common::device() else { return };
    let [one, other] = [[1; 32], [2; 32]].map(|seed| stream_definition::nonce(&seed));
    let buffer = device.upload(&[[1_u32, 2, 3, 4]; 77]).unwrap();
    let mut sum = device.upload(&[u64::MAX]).unwrap();
    stream_into(&device, &buffer, one, &mut sum).unwrap();
    stream_into(&device, &buffer, other, &mut sum).unwrap();
    let expected = [one, other].map(|nonce| stream_definition::sum(nonce, 0, &[[1, 2, 3, 4]; 77]));
    assert_eq!(device.download(&sum).unwrap()[0], u64::MAX.wrapping_add(expected[0]).wrapping_add(expected[1]));
    let odd = device.allocate::<u8>(15).unwrap();
    assert!(matches!(stream(&device, &odd, one), Err(GpuError::Failed(_))));
}

#[test]
fn no_measured_rate_is_above_what_the_device_allows() {
    let Some(device) = common::device() else { return };
    for row in gpu_host::measure::probe::rows(&device).unwrap() {
        let value = row.value.unwrap();
        assert!(value > 0.0 && row.floor.is_none_or(|floor| value <= floor), "{row:?}");
    }
    assert!(gpu_host::measure::probe::clock_row().value.unwrap() > 0.0);
}

#[test]
fn what_a_party_of_a_dispute_asks_again_is_the_same_of_a_device_and_a_processor() {
    let Some(device) = common::device() else { return };
    let plan = Plan {
        clock: clock::Shape { segments: 1, steps: HASHES },
        chain: chain::Shape { size: 128, rounds: 4, rounds_per_checkpoint: 2 },
        walk: walk::Shape { walkers: 64, slices: 3, steps: 2, passes: 2, reads: 4 },
    };
    let job = Job { plan, seed: SEED };
    let (mut device, mut processor) = (Again::new(device, job).unwrap(), Processor::new(job).unwrap());
    // Forwards, backwards, and from one kind of question to the other.
    for round in [2, 4, 1] {
        assert_eq!(device.left(round).unwrap(), processor.left(round).unwrap(), "round {round}");
    }
    for (pass, slice) in [(0, 2), (0, 1), (1, 0), (0, 1), (0, 0), (1, 2)] {
        assert_eq!(device.slice(pass, slice).unwrap(), processor.slice(pass, slice).unwrap(), "{slice} of pass {pass}");
    }
    for (walkers, reads) in [(0..64, 4), (7..8, 1), (30..50, 3)] {
        assert_eq!(device.walked(walkers.clone(), reads).unwrap(), processor.walked(walkers, reads).unwrap());
    }
    assert_eq!(device.left(0).unwrap(), processor.left(0).unwrap());
}
