//! Executes PTX on the processor, instruction by instruction, as the PTX ISA defines it: for tests of the shipped PTX where
//! there is no GPU.
//!
//! A [`Module`] is read once into programs with resolved operands; a launch runs a program for every thread of a grid. What
//! hardware leaves undefined is an error here, with the line of the text and the thread: accesses out of bounds or out of
//! alignment, races in a block's memory, barriers and warp instructions that not all of their threads reach. What hardware
//! leaves arbitrary is not zero here: registers, fresh memory, a block's memory before it is written, and the target of an
//! asynchronous copy before it is waited for.
//!
//! It knows nothing of this project's kernels, and nothing of time: an order of threads is chosen, not simulated.

mod access;
mod collective;
mod convert;
mod counters;
mod decode;
mod error;
mod launch;
mod matrix;
mod memory;
mod operation;
mod program;
mod shared;
mod text;
mod token;
mod warp;

pub use counters::{CLASSES, Class, Counters};
pub use error::{Fault, FaultKind, LoadError, MemoryError};
pub use launch::{LineCount, Options, Shape};
pub use memory::{BASE, Memory};

use operation::Slot;
use program::{Constant, Program};
use std::collections::HashMap;
use text::{Initial, Place};

/// A text that is loaded into the memory of a device.
pub struct Module {
    kernels: Vec<(String, Result<Kernel, LoadError>)>,
    variables: Vec<(String, u64, u64)>,
    target: u32,
}

/// An entry of a module.
pub struct Kernel {
    program: Program,
    constants: Vec<(Slot, u64, bool)>,
}

impl Module {
    /// Reads a text and places its variables. Kernels that this machine cannot run are refused one by one, by
    /// [`kernel`](Module::kernel).
    pub fn load(ptx: &str, memory: &Memory) -> Result<Module, LoadError> {
        let text = text::parse(ptx)?;
        let placed: Vec<&text::Variable<'_>> = text
            .variables
            .iter()
            .filter(|variable| matches!(variable.place, Place::Global | Place::Constant))
            .collect();
        let mut names = HashMap::new();
        let mut variables = Vec::new();
        for variable in &placed {
            let bytes = variable.bytes.unwrap_or(0);
            let address = memory.allocate(bytes)?;
            names.insert(variable.name, variables.len());
            variables.push((variable.name.to_string(), address, bytes));
        }
        for (variable, (_, address, bytes)) in placed.iter().zip(&variables) {
            let image = image(variable, *bytes, &names, &variables)?;
            memory.write(*address, &image)?;
        }
        let kernels = text
            .functions
            .iter()
            .filter(|function| function.is_entry && function.body.is_some())
            .map(|function| {
                let program = decode::entry(&text, &names, function);
                let kernel = program.map(|program| {
                    let constants = program.constants.iter().map(|(slot, constant)| match *constant {
                        Constant::Narrow(value) => (*slot, u64::from(value), false),
                        Constant::Wide(value) => (*slot, value, true),
                        Constant::Address(variable, offset) => {
                            (*slot, variables[variable].1.wrapping_add_signed(offset), true)
                        }
                        // Replaced when the extent of declared memory was known.
                        Constant::Dynamic(offset, wide) => (*slot, offset as u64, wide),
                    });
                    Kernel { constants: constants.collect(), program }
                });
                (function.name.to_string(), kernel)
            })
            .collect();
        Ok(Module { kernels, variables, target: text.target })
    }

    /// The architecture that the text names, as in 80 for sm_80.
    pub fn target(&self) -> u32 {
        self.target
    }

    /// Names of all kernels.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.kernels.iter().map(|(name, _)| name.as_str())
    }

    /// A kernel by its name.
    pub fn kernel(&self, name: &str) -> Result<&Kernel, LoadError> {
        match self.kernels.iter().find(|(kernel, _)| kernel == name) {
            Some((_, Ok(kernel))) => Ok(kernel),
            Some((_, Err(error))) => Err(error.clone()),
            None => Err(LoadError::NoKernel(name.to_string())),
        }
    }

    /// Address and size of a variable.
    pub fn variable(&self, name: &str) -> Option<(u64, u64)> {
        self.variables.iter().find(|(variable, _, _)| variable == name).map(|(_, address, bytes)| (*address, *bytes))
    }

    /// Frees what the module's variables take.
    pub fn unload(&self, memory: &Memory) -> Result<(), MemoryError> {
        self.variables.iter().try_for_each(|(_, address, _)| memory.free(*address))
    }
}

/// The bytes of a variable at the start.
fn image(
    variable: &text::Variable<'_>,
    bytes: u64,
    names: &HashMap<&str, usize>,
    variables: &[(String, u64, u64)],
) -> Result<Vec<u8>, LoadError> {
    let mut image = Vec::with_capacity(bytes as usize);
    let element = variable.element as usize;
    let address_of = |name: &str| match names.get(name) {
        Some(index) => Ok(variables[*index].1),
        None => Err(LoadError::Text {
            line: 0,
            what: format!("{name}, of which {} has the address, is not a variable", variable.name),
        }),
    };
    for initial in &variable.initial {
        let value = match initial {
            Initial::Bits(bits) => *bits,
            Initial::Address { name, offset } => address_of(name)?.wrapping_add_signed(*offset),
            Initial::AddressByte { name, mask } => (address_of(name)? & mask) >> mask.trailing_zeros(),
        };
        image.extend_from_slice(&value.to_le_bytes()[..element.min(8)]);
    }
    image.resize(bytes as usize, 0);
    Ok(image)
}

impl Kernel {
    /// Name of the entry.
    pub fn name(&self) -> &str {
        &self.program.name
    }

    /// Instructions of the program, with those of the functions that it calls.
    pub fn instructions(&self) -> usize {
        self.program.code.len()
    }

    /// Offset and size of each argument.
    pub fn parameters(&self) -> &[(u64, u64)] {
        &self.program.parameters
    }

    /// Bytes of all arguments.
    pub fn parameter_bytes(&self) -> u64 {
        self.program.parameter_bytes
    }

    /// Bytes of a block's memory that the kernel declares.
    pub fn shared_bytes(&self) -> u64 {
        self.program.shared_bytes
    }

    /// Bytes of memory that each thread has of its own.
    pub fn local_bytes(&self) -> u64 {
        self.program.local_bytes
    }

    /// The most threads that a block may have.
    pub fn maximum_threads(&self) -> u32 {
        self.program.required_threads.or(self.program.maximum_threads).unwrap_or(1024)
    }

    /// Runs the kernel for every thread of a grid.
    pub fn launch(&self, memory: &Memory, shape: Shape, arguments: &[u8], options: Options) -> Result<Counters, Fault> {
        self.launch_counted(memory, shape, arguments, options).map(|(counters, _)| counters)
    }

    /// Runs the kernel and tells how often each of its instructions ran, in the order of the program.
    pub fn launch_counted(
        &self,
        memory: &Memory,
        shape: Shape,
        arguments: &[u8],
        options: Options,
    ) -> Result<(Counters, Vec<LineCount>), Fault> {
        launch::Launch { program: &self.program, constants: &self.constants, arguments, shape, options }.run(memory)
    }
}
