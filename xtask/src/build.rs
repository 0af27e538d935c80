//! Owns `build`: every program in `programs/` to `target/deploy/<library>.so`. Seconds when nothing changed.

use std::process::Command;

use anyhow::{Context, Result};

use crate::command;
use crate::places::{self, Places};
use crate::programs::{self, Program};
use crate::sbf::{self, Compilation};
use crate::setup::{self, Toolchain};

/// Compiles the programs for the chain into target/deploy
#[derive(clap::Args)]
pub struct Arguments {}

/// `cargo xtask build`
pub fn run(Arguments {}: Arguments) -> Result<()> {
    all(&Places::find()?).map(|_| ())
}

/// Sets up what is missing, builds every program and returns them.
pub fn all(places: &Places) -> Result<Vec<Program>> {
    let toolchain = setup::toolchain(places)?;
    let programs = programs::all(places)?;
    for program in &programs {
        build(places, &toolchain, program)?;
    }
    Ok(programs)
}

fn build(places: &Places, toolchain: &Toolchain, program: &Program) -> Result<()> {
    let deployed = program.shared_object(places);
    match toolchain {
        Toolchain::Solana(cargo_build_sbf) => {
            let mut build = Command::new(cargo_build_sbf);
            command::forget_rustup(&mut build).current_dir(&places.root);
            build
                .arg("--manifest-path")
                .arg(program.folder.join("Cargo.toml"))
                .arg("--sbf-out-dir")
                .arg(places.deploy());
            command::run(&mut build)?;
        }
        Toolchain::Upstream { linker } => {
            let Program { package, library, floats, .. } = program;
            let compilation = Compilation { package, library, floats: *floats, arguments: &[] };
            let built = sbf::compile(places, linker, &compilation)?;
            let content = std::fs::read(&built).with_context(|| format!("{} cannot be read", built.display()))?;
            places::write_if_changed(&deployed, &content)?;
        }
    }
    let size = std::fs::metadata(&deployed).with_context(|| format!("{} was not made", deployed.display()))?.len();
    println!("{} ({size} bytes)", deployed.strip_prefix(&places.root).unwrap_or(&deployed).display());
    Ok(())
}
