//! Owns the list of verbs and which file does each.

use anyhow::Result;
use clap::Parser;

use crate::{bench, build, check, clients, demo, idl, localnet, ptx, setup, simulate, test};

/// The project's tasks
#[derive(Parser)]
#[command(bin_name = "cargo xtask")]
enum Verb {
    Setup(setup::Arguments),
    Build(build::Arguments),
    Ptx(ptx::Arguments),
    Idl(idl::Arguments),
    Clients(clients::Arguments),
    Test(test::Arguments),
    Demo(demo::Arguments),
    Localnet(localnet::Arguments),
    Bench(bench::Arguments),
    Simulate(simulate::Arguments),
    Check(check::Arguments),
}

/// Does what the command line asks for.
pub fn run() -> Result<()> {
    match Verb::parse() {
        Verb::Setup(arguments) => setup::run(arguments),
        Verb::Build(arguments) => build::run(arguments),
        Verb::Ptx(arguments) => ptx::run(arguments),
        Verb::Idl(arguments) => idl::run(arguments),
        Verb::Clients(arguments) => clients::run(arguments),
        Verb::Test(arguments) => test::run(arguments),
        Verb::Demo(arguments) => demo::run(arguments),
        Verb::Localnet(arguments) => localnet::run(arguments),
        Verb::Bench(arguments) => bench::run(arguments),
        Verb::Simulate(arguments) => simulate::run(arguments),
        Verb::Check(arguments) => check::run(arguments),
    }
}
