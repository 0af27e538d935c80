//! The committed PTX, run by this machine, against the source that it was made from.

use gpu::unary::{Function, Unary, UnaryArguments};
use gpu::{Kernel, Pointer};
use ptx_machine::{Memory, Module, Options, Shape};

/// First patterns of runs in which functions of one f32 turn: zeros, subnormals, ones, infinities, NaNs, halves, large
/// integers; and some anywhere.
fn runs() -> Vec<u32> {
    let mut runs = Vec::new();
    for sign in [0, 0x8000_0000_u32] {
        for edge in [
            0_u32,
            0x7f_ff80,
            0x337f_ff80,
            0x3eff_ff80,
            0x3f7f_ff80,
            0x3fff_ff80,
            0x4049_0f80,
            0x42b1_7200,
            0x4aff_ff80,
            0x4eff_ff80,
            0x5eff_ff80,
            0x7f7f_ff80,
            0x7fbf_ff80,
            0x7fff_ff00,
        ] {
            runs.push(sign | edge);
        }
    }
    let mut state = 1_u32;
    for _ in 0..20 {
        state = state.wrapping_mul(0x915f_77f5).wrapping_add(0x9e37_79b9);
        runs.push(state ^ state >> 16);
    }
    runs
}

/// Not a multiple of a block, nor of a warp.
const COUNT: u32 = 271;
const OPTIONS: Options =
    Options { workers: 1, races: true, unwritten: true, details: false, instructions: 1 << 20, shared_bytes: 0 };

fn bytes_of(arguments: UnaryArguments) -> Vec<u8> {
    let mut bytes = arguments.results.address().to_le_bytes().to_vec();
    for word in [arguments.function, arguments.first, arguments.count, 0] {
        bytes.extend_from_slice(&word.to_le_bytes());
    }
    bytes
}

/// The first function and pattern whose bits differ between a text and the source.
fn first_difference(text: &str) -> Option<(Function, u32)> {
    let memory = Memory::new(1 << 20);
    let module = Module::load(text, &memory).unwrap();
    let kernel = module.kernel(Unary::NAME.to_str().unwrap()).unwrap();
    let results = memory.allocate(4 * u64::from(COUNT)).unwrap();
    for function in Function::ALL {
        for first in runs() {
            let arguments =
                UnaryArguments { results: Pointer::new(results), function: function as u32, first, count: COUNT };
            kernel.launch(&memory, Shape::line(2, Unary::THREADS), &bytes_of(arguments), OPTIONS).unwrap();
            let mut bytes = [0; 4 * COUNT as usize];
            memory.read(results, &mut bytes).unwrap();
            for (index, word) in bytes.chunks_exact(4).enumerate() {
                let pattern = first.wrapping_add(index as u32);
                if u32::from_le_bytes(word.try_into().unwrap()) != function.at(pattern) {
                    return Some((function, pattern));
                }
            }
        }
    }
    None
}

#[test]
fn every_strict_function_has_the_same_bits_in_the_ptx_of_every_family_as_in_rust() {
    for ptx in gpu::ptx::ALL {
        assert_eq!(first_difference(ptx.text), None, "sm_{}", ptx.capability);
    }
}

#[test]
fn a_changed_instruction_of_the_ptx_changes_bits() {
    let text = gpu::ptx::ALL[0].text;
    let root = text.replace("sqrt.rn.f32", "rcp.rn.f32");
    assert_eq!(first_difference(&root).map(|(function, _)| function), Some(Function::Sqrt));
    let sign = text.replace("neg.f32", "abs.f32");
    assert!(first_difference(&sign).is_some());
}

#[test]
fn every_kernel_of_the_committed_ptx_is_understood() {
    for ptx in gpu::ptx::ALL {
        let module = Module::load(ptx.text, &Memory::new(1 << 20)).unwrap();
        assert_eq!(module.target(), ptx.capability);
        for name in module.names() {
            module.kernel(name).unwrap_or_else(|error| panic!("{name}, sm_{}: {error}", ptx.capability));
        }
    }
}
