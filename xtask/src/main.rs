//! Owns the `cargo xtask` command line: one verb, one file. CI, Anchor.toml and the README call these verbs and nothing else.
//! Under the name `cargo-build-sbf` the same binary is the compiler front end that the Anchor CLI looks for.

mod bench;
mod build;
mod cargo_build_sbf;
mod check;
mod clients;
mod command;
mod demo;
mod idl;
mod localnet;
mod places;
mod programs;
mod sbf;
mod setup;
mod test;

use std::process::ExitCode;

use clap::Parser;

/// The project's tasks
#[derive(Parser)]
#[command(bin_name = "cargo xtask")]
enum Verb {
    Setup(setup::Arguments),
    Build(build::Arguments),
    Idl(idl::Arguments),
    Clients(clients::Arguments),
    Test(test::Arguments),
    Demo(demo::Arguments),
    Localnet(localnet::Arguments),
    Bench(bench::Arguments),
    Check(check::Arguments),
}

fn main() -> ExitCode {
    let result = match cargo_build_sbf::arguments() {
        Some(arguments) => cargo_build_sbf::run(arguments),
        None => match Verb::parse() {
            Verb::Setup(arguments) => setup::run(arguments),
            Verb::Build(arguments) => build::run(arguments),
            Verb::Idl(arguments) => idl::run(arguments),
            Verb::Clients(arguments) => clients::run(arguments),
            Verb::Test(arguments) => test::run(arguments),
            Verb::Demo(arguments) => demo::run(arguments),
            Verb::Localnet(arguments) => localnet::run(arguments),
            Verb::Bench(arguments) => bench::run(arguments),
            Verb::Check(arguments) => check::run(arguments),
        },
    };
    if let Err(error) = result {
        eprintln!("error: {error:#}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
