//! The strict functions of one argument on a device, against this processor: all 2^32 arguments on a card, on the
//! emulator those around every power of two and a few thousand others.

mod common;

use gpu::unary::{Function, Unary, UnaryArguments};
use gpu_host::{Buffer, Device};
use rayon::prelude::*;

/// Arguments of one launch on a card: 64 MiB of results.
const CHUNK: u32 = 1 << 24;

/// The first argument, if any, at which the device's result is not the processor's.
fn first_difference(
    device: &Device,
    results: &Buffer<u32>,
    function: Function,
    first: u32,
    count: u32,
) -> Option<String> {
    let arguments = UnaryArguments { results: results.pointer(), function: function as u32, first, count };
    assert!(count as usize <= results.len());
    // SAFETY: the buffer has room for `count` results and lives until they are read.
    unsafe { device.launch(Unary, (count.div_ceil(256), 1), 0, &arguments).unwrap() };
    // The processor's side while the card computes.
    let expected: Vec<u32> =
        (0..count).into_par_iter().with_min_len(4096).map(|index| function.at(first.wrapping_add(index))).collect();
    let mut found = vec![0; count as usize];
    device.read(results, 0..count as usize, &mut found).unwrap();
    let index = found.iter().zip(&expected).position(|(found, expected)| found != expected)?;
    let pattern = first.wrapping_add(index as u32);
    Some(format!(
        "{function:?} of {pattern:#010x} is {:#010x} on the device, {:#010x} here",
        found[index], expected[index]
    ))
}

fn compare(device: &Device) {
    let is_emulated = device.info().is_emulated;
    let results = device.allocate(if is_emulated { 4096 } else { CHUNK as usize }).unwrap();
    for function in Function::ALL {
        let check = |first, count| {
            if let Some(difference) = first_difference(device, &results, function, first, count) {
                panic!("{difference}");
            }
        };
        if is_emulated {
            // Sixteen arguments around each power of two of both signs, zeros, infinities and the first NaNs.
            for exponent in 0..512_u32 {
                check((exponent << 23).wrapping_sub(8), 16);
            }
            // Some thousands between, from a counter's hash.
            for index in 0..16_u32 {
                check((index + 1).wrapping_mul(0x9e37_79b9), 256);
            }
        } else {
            for chunk in 0..=u32::MAX / CHUNK {
                check(chunk * CHUNK, CHUNK);
            }
        }
    }
}

#[test]
fn every_strict_function_has_the_processors_bits_on_the_device() {
    let Some(device) = common::device() else { return };
    compare(&device);
}

#[test]
fn the_older_familys_ptx_has_the_same_bits() {
    let Some(device) = common::device() else { return };
    let older = &gpu::ptx::ALL[1];
    assert_eq!(older.capability, 75);
    // A card runs the PTX of every family before its own.
    compare(&Device::open_with_ptx(device.info().ordinal, older.text).unwrap());
}
