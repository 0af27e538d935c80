//! Owns `test`: every test of the workspace, against the programs that are shipped and a real validator.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::build;
use crate::command;
use crate::places::{self, Places};
use crate::programs::Program;
use crate::setup;

/// Sets up, builds, and runs every test
#[derive(clap::Args)]
pub struct Arguments {
    /// Arguments for cargo test, such as `--package market-model` or a test's name
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    cargo: Vec<String>,
}

/// `cargo xtask test`
pub fn run(arguments: Arguments) -> Result<()> {
    let places = Places::find()?;
    let programs = build::all(&places)?;
    let mut cargo = command::cargo(&places);
    cargo.arg("test");
    let chooses = |word: &String| ["-p", "--package"].contains(&word.as_str()) || word.starts_with("--package=");
    if !arguments.cargo.iter().any(chooses) {
        cargo.arg("--workspace");
    }
    cargo.args(&arguments.cargo);
    tell_programs(&mut cargo, &places, &programs);
    tell_processes(&mut cargo, &places)?;
    command::run(&mut cargo)?;
    if arguments.cargo.is_empty() { on_emulated_gpu(&places) } else { Ok(()) }
}

/// Runs the tests of the GPU's host side again for each committed PTX, with a CUDA driver whose devices execute it on the
/// processor. Before, in the workspace's run, they met the machine's own driver, or said that there is none.
fn on_emulated_gpu(places: &Places) -> Result<()> {
    let folder = places.root.join("crates/gpu-host/tests");
    let mut names = Vec::new();
    for entry in std::fs::read_dir(&folder).with_context(|| format!("{} cannot be read", folder.display()))? {
        let path = entry?.path();
        if let (Some(name), Some("rs")) = (path.file_stem(), path.extension().and_then(|ending| ending.to_str())) {
            names.push(name.to_owned());
        }
    }
    let driver = emulated_driver(places)?;
    for capability in ["75", "80"] {
        println!("the GPU tests again, on an emulated card of compute capability {capability}:");
        let mut cargo = command::cargo(places);
        // By their names and for the whole workspace: for one package, cargo would build what it needs with other features again.
        cargo.args(["test", "--workspace"]);
        for name in &names {
            cargo.arg("--test").arg(name);
        }
        cargo.env("LD_LIBRARY_PATH", &driver).env("EMULATED_CUDA_CAPABILITY", capability);
        command::run(&mut cargo)?;
    }
    Ok(())
}

/// The folder of the emulated CUDA driver, built.
fn emulated_driver(places: &Places) -> Result<PathBuf> {
    command::run(command::cargo(places).args(["build", "--quiet", "--package", "emulated-gpu"]))?;
    // A folder of its own: nothing but these tests may find it.
    let folder = places.target().join("emulated-gpu");
    let built = places.target().join("debug/libemulated_cuda.so");
    let library = std::fs::read(&built).with_context(|| format!("{} cannot be read", built.display()))?;
    places::write_if_changed(&folder.join("libcuda.so.1"), &library)?;
    Ok(folder)
}

/// Builds what tests start as processes of their own, and names it to a process: the validator, the folder of the
/// workspace's binaries, and that of the emulated CUDA driver.
pub fn tell_processes(command: &mut Command, places: &Places) -> Result<()> {
    let validator = setup::validator(places)?;
    command::run(command::cargo(places).args(["build", "--quiet", "--workspace", "--bins"]))?;
    command.env("RENDER_COMPUTE_VALIDATOR", validator).env("RENDER_COMPUTE_BIN", places.target().join("debug"));
    command.env("RENDER_COMPUTE_EMULATED_CUDA", emulated_driver(places)?);
    Ok(())
}

/// Names each built program to a process: `render_compute` is in `RENDER_COMPUTE_SO`.
pub fn tell_programs(command: &mut Command, places: &Places, programs: &[Program]) {
    for program in programs {
        command.env(format!("{}_SO", program.library.to_uppercase()), program.shared_object(places));
    }
}
