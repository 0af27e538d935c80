//! Owns the executable `cargo-build-sbf`, which `anchor build` and `anchor test` call: the arguments of Solana's own, compiled by
//! [`crate::sbf`]. `setup` places it in the cache; put that folder first on PATH.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use clap::Parser;

use crate::command;
use crate::places::{self, Places};
use crate::programs;
use crate::sbf::{self, Compilation};
use crate::setup;

/// The name under which this binary is that executable.
pub const NAME: &str = "cargo-build-sbf";

/// Compiles Solana programs with upstream Rust
#[derive(Parser)]
#[command(name = NAME, version)]
pub struct Arguments {
    /// Cargo.toml of a program, or of the workspace for all of them
    #[arg(long, value_name = "PATH")]
    manifest_path: Option<PathBuf>,
    /// Where the shared objects go (target/deploy unless told)
    #[arg(long, value_name = "DIR")]
    sbf_out_dir: Option<PathBuf>,
    /// All programs of the workspace
    #[arg(long)]
    workspace: bool,
    /// One program of the workspace
    #[arg(short, long, value_name = "NAME")]
    package: Vec<String>,
    /// Features of the program
    #[arg(long, value_name = "NAMES", num_args = 1..)]
    features: Vec<String>,
    /// Without the program's default features
    #[arg(long)]
    no_default_features: bool,
    /// Crates only from what is already downloaded
    #[arg(long)]
    offline: bool,
    /// Parallel jobs
    #[arg(short, long, value_name = "NUMBER")]
    jobs: Option<u32>,
    /// Prints cargo's commands
    #[arg(short, long)]
    verbose: bool,
    /// Accepted for Solana's own platform tools; the compiler here is the system's
    #[arg(long, value_name = "VERSION", hide = true)]
    tools_version: Option<String>,
    /// As above: every program is compiled for v3
    #[arg(long, hide = true, value_parser = ["v3"])]
    arch: Option<String>,
    /// As above: there is nothing to install
    #[arg(long, hide = true)]
    skip_tools_install: bool,
    /// As above: rustup is not used
    #[arg(long, hide = true)]
    no_rustup_override: bool,
    /// As above: everything is one unit already
    #[arg(long, hide = true)]
    lto: bool,
    /// Arguments for cargo build
    #[arg(last = true)]
    cargo: Vec<String>,
}

/// The command line, if this binary was started under that name. Cargo repeats the name of a subcommand as its first argument.
pub fn arguments() -> Option<Arguments> {
    let mut words = env::args_os();
    let name = words.next()?;
    (Path::new(&name).file_name()? == NAME).then(|| {
        let words: Vec<OsString> = words.collect();
        let given = words.strip_prefix(&[OsString::from("build-sbf")]).unwrap_or(&words);
        Arguments::parse_from(std::iter::once(OsString::from(NAME)).chain(given.iter().cloned()))
    })
}

/// `cargo build-sbf`
pub fn run(arguments: Arguments) -> Result<()> {
    let manifest = match &arguments.manifest_path {
        Some(path) => {
            path.canonicalize().with_context(|| format!("--manifest-path: there is no {}", path.display()))?
        }
        None => env::current_dir().context("the current folder is gone")?.join("Cargo.toml"),
    };
    let places = Places::at(workspace_of(&manifest)?)?;
    let linker = setup::upstream_linker(&places)?;
    let out = match &arguments.sbf_out_dir {
        Some(out) => env::current_dir().context("the current folder is gone")?.join(out),
        None => places.deploy(),
    };
    let whole = arguments.workspace || manifest == places.root.join("Cargo.toml");
    let chosen: Vec<_> = programs::all(&places)?
        .into_iter()
        .filter(|program| match arguments.package.as_slice() {
            [] => whole || manifest == program.folder.join("Cargo.toml"),
            packages => packages.contains(&program.package),
        })
        .collect();
    ensure!(!chosen.is_empty(), "{} is no program: its library needs crate-type cdylib", manifest.display());
    let extra = arguments.for_cargo();
    for program in chosen {
        let compilation = Compilation {
            package: &program.package,
            library: &program.library,
            floats: program.floats,
            arguments: &extra,
        };
        let built = sbf::compile(&places, &linker, &compilation)?;
        let content = std::fs::read(&built).with_context(|| format!("{} cannot be read", built.display()))?;
        places::write_if_changed(&out.join(format!("{}.so", program.library)), &content)?;
    }
    Ok(())
}

impl Arguments {
    fn for_cargo(&self) -> Vec<String> {
        let mut words = Vec::new();
        if !self.features.is_empty() {
            words.extend(["--features".into(), self.features.join(",")]);
        }
        let switches = [
            (self.no_default_features, "--no-default-features"),
            (self.offline, "--offline"),
            (self.verbose, "--verbose"),
        ];
        words.extend(switches.iter().filter(|(given, _)| *given).map(|(_, word)| word.to_string()));
        if let Some(jobs) = self.jobs {
            words.extend(["--jobs".into(), jobs.to_string()]);
        }
        words.extend_from_slice(&self.cargo);
        words
    }
}

fn workspace_of(manifest: &Path) -> Result<PathBuf> {
    let mut cargo = Command::new(setup::CARGO);
    cargo.args(["locate-project", "--workspace", "--message-format", "plain", "--manifest-path"]).arg(manifest);
    let workspace = command::output(command::forget_rustup(&mut cargo))?;
    Ok(Path::new(workspace.trim()).parent().context("the workspace has no folder")?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_anchor_passes_reaches_cargo() {
        let line = "cargo-build-sbf --tools-version v1.52 --manifest-path a/Cargo.toml --sbf-out-dir out --features x y -- --locked";
        let arguments = Arguments::try_parse_from(line.split(' ')).unwrap();
        assert_eq!(arguments.sbf_out_dir.as_deref(), Some(Path::new("out")));
        assert_eq!(arguments.for_cargo(), ["--features", "x,y", "--locked"]);
    }
}
