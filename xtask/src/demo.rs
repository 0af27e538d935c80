//! Owns `demo`: the whole market on one real scene, by the binary of the package `market-demo`.

use anyhow::Result;

use crate::build;
use crate::command;
use crate::places::Places;
use crate::setup;
use crate::test;

/// Sets up, builds, and runs the demo; `--validator` runs it on a real validator with workers of their own
#[derive(clap::Args)]
pub struct Arguments {
    /// Arguments for the demo
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    demo: Vec<String>,
}

/// `cargo xtask demo`
pub fn run(arguments: Arguments) -> Result<()> {
    let places = Places::find()?;
    let programs = build::all(&places)?;
    let mut demo = command::cargo(&places);
    // The same profile as the tests: what renders is optimised there too, and nothing is built twice.
    demo.args(["run", "--quiet", "--package", "market-demo", "--"]).args(&arguments.demo);
    test::tell_programs(&mut demo, &places, &programs);
    if arguments.demo.iter().any(|word| word == "--validator") {
        // Workers are processes of their own there.
        let binaries = ["build", "--quiet", "--bins", "--package", "render-worker", "--package", "render-compute-cli"];
        command::run(command::cargo(&places).args(binaries))?;
        demo.env("RENDER_COMPUTE_VALIDATOR", setup::validator(&places)?);
        demo.env("RENDER_COMPUTE_BIN", places.target().join("debug"));
    }
    command::run(&mut demo)
}
