//! Owns `test`: every test of the workspace, against the programs that are shipped and a real validator.

use std::process::Command;

use anyhow::Result;

use crate::build;
use crate::command;
use crate::places::Places;
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
    command::run(&mut cargo)
}

/// Builds what tests start as processes of their own, and names it to a process: the validator, and the folder of the
/// workspace's binaries.
pub fn tell_processes(command: &mut Command, places: &Places) -> Result<()> {
    let validator = setup::validator(places)?;
    command::run(command::cargo(places).args(["build", "--quiet", "--workspace", "--bins"]))?;
    command.env("RENDER_COMPUTE_VALIDATOR", validator).env("RENDER_COMPUTE_BIN", places.target().join("debug"));
    Ok(())
}

/// Names each built program to a process: `render_compute` is in `RENDER_COMPUTE_SO`.
pub fn tell_programs(command: &mut Command, places: &Places, programs: &[Program]) {
    for program in programs {
        command.env(format!("{}_SO", program.library.to_uppercase()), program.shared_object(places));
    }
}
