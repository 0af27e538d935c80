//! Owns `check`: what a change must pass beside the tests.

use anyhow::Result;

use crate::clients;
use crate::command;
use crate::idl;
use crate::places::Places;
use crate::ptx;

/// Format, lints, and that generated files are what their source makes
#[derive(clap::Args)]
pub struct Arguments {}

/// `cargo xtask check`
pub fn run(Arguments {}: Arguments) -> Result<()> {
    let places = Places::find()?;
    let validator = places.root.join("xtask/validator/Cargo.toml");
    command::run(command::cargo(&places).args(["fmt", "--all", "--", "--check"]))?;
    command::run(command::cargo(&places).args(["fmt", "--manifest-path"]).arg(validator).args(["--", "--check"]))?;
    command::run(command::cargo(&places).args(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))?;
    ptx::run(ptx::Arguments { check: true, contracted: None })?;
    idl::run(idl::Arguments { check: true })?;
    clients::run(clients::Arguments { check: true })
}
