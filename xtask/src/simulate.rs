//! Owns `simulate`: the market's economy under honest and dishonest populations, by the binary of the package `market-simulation`.

use anyhow::Result;

use crate::command;
use crate::places::Places;

/// Runs the economy for `--epochs` weeks; `target/simulate/report.html` has the result, `--help` all options
#[derive(clap::Args)]
#[command(disable_help_flag = true)]
pub struct Arguments {
    /// Arguments for the simulation
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    simulation: Vec<String>,
}

/// `cargo xtask simulate`
pub fn run(arguments: Arguments) -> Result<()> {
    let places = Places::find()?;
    let mut simulation = command::cargo(&places);
    // The development profile optimises the simulation and the rules.
    simulation.args(["run", "--quiet", "--package", "market-simulation", "--"]).args(&arguments.simulation);
    command::run(&mut simulation)
}
