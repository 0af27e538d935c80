//! Owns the `cargo xtask` command line: one verb, one file. CI, Anchor.toml and the README call these verbs and nothing else.
//! Under the names `cargo-build-sbf` and `local-validator` the same binary stands before a compiler and an installed validator.

mod bench;
mod build;
mod cargo_build_sbf;
mod check;
mod clients;
mod command;
mod demo;
mod idl;
mod installed_validator;
mod localnet;
mod places;
mod programs;
mod ptx;
mod sbf;
mod setup;
mod simulate;
mod test;
mod verb;

use std::process::ExitCode;

fn main() -> ExitCode {
    let result = if let Some(arguments) = cargo_build_sbf::arguments() {
        cargo_build_sbf::run(arguments)
    } else if let Some(arguments) = installed_validator::arguments() {
        installed_validator::run(arguments)
    } else {
        verb::run()
    };
    if let Err(error) = result {
        eprintln!("error: {error:#}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
