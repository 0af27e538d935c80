//! How fast the machine is: the committed kernel of strict functions over a million patterns, on one thread.
//! `cargo run -p ptx-machine --example speed`

use gpu::Kernel;
use gpu::unary::{Function, Unary};
use ptx_machine::{Memory, Module, Options, Shape};
use std::time::Instant;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    const COUNT: u32 = 1 << 20;
    let memory = Memory::new(1 << 24);
    let module = Module::load(gpu::ptx::ALL[0].text, &memory)?;
    let kernel = module.kernel(Unary::NAME.to_str()?)?;
    let results = memory.allocate(4 * u64::from(COUNT))?;
    let options = Options { workers: 1, ..Options::default() };
    for function in [Function::Sqrt, Function::Sin, Function::Exp, Function::Atan] {
        let mut arguments = results.to_le_bytes().to_vec();
        // Consecutive patterns of ordinary numbers.
        for word in [function as u32, 0x3f00_0000, COUNT, 0] {
            arguments.extend_from_slice(&word.to_le_bytes());
        }
        let began = Instant::now();
        let counters =
            kernel.launch(&memory, Shape::line(COUNT / Unary::THREADS, Unary::THREADS), &arguments, options)?;
        let seconds = began.elapsed().as_secs_f64();
        println!(
            "{function:?}: {:.0} million thread instructions per second, {:.1} million of warps ({} per thread)",
            counters.total() as f64 / seconds / 1e6,
            counters.total_warp() as f64 / seconds / 1e6,
            counters.total() / u64::from(COUNT)
        );
    }
    Ok(())
}
