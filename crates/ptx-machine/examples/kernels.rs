//! Lists the kernels of a PTX file with what they need, and the reason for those that the machine cannot run:
//! `cargo run -p ptx-machine --example kernels -- FILE.ptx`

use ptx_machine::{Memory, Module};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    for file in std::env::args().skip(1) {
        let memory = Memory::new(1 << 30);
        let module = Module::load(&std::fs::read_to_string(&file)?, &memory)?;
        println!("{file}: sm_{}", module.target());
        for name in module.names() {
            match module.kernel(name) {
                Ok(kernel) => println!(
                    "  {name}: {} instructions, {} bytes of arguments, {} of the block, {} of each thread",
                    kernel.instructions(),
                    kernel.parameter_bytes(),
                    kernel.shared_bytes(),
                    kernel.local_bytes()
                ),
                Err(error) => println!("  {name}: {error}"),
            }
        }
    }
    Ok(())
}
