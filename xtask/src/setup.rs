//! Owns `setup`: everything the other verbs need that cargo does not bring. Each step looks first and does nothing twice.
//!
//! An installed Solana toolchain is preferred: `cargo-build-sbf` with a compiler as new as the workspace asks for, and
//! `solana-test-validator`. Without one, programs are built by Debian's `rustc-web` with its own std source and a linker that uses LLVM 23, all of it from package registries.

mod linker;
mod llvm;
mod node;
mod packages;
mod ptxas;
mod validator;

use std::fs::File;
use std::path::PathBuf;

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

use crate::cargo_build_sbf;
use crate::command;
use crate::installed_validator;
use crate::places::{self, Places};

/// The cargo and rustc of Debian's rustc-web: called by path, since rustup's come first on PATH.
pub const CARGO: &str = "/usr/bin/cargo";
/// See [`CARGO`].
pub const RUSTC: &str = "/usr/bin/rustc";

/// Gets this machine ready: compiler and linker for programs, a real validator. Does nothing twice.
#[derive(clap::Args)]
pub struct Arguments {
    /// Only what building the programs takes, not the validator
    #[arg(long)]
    programs_only: bool,
}

/// What compiles programs on this machine.
pub enum Toolchain {
    /// An installed Solana toolchain's `cargo-build-sbf`
    Solana(PathBuf),
    /// Upstream Rust with this linker
    Upstream {
        /// Executable that takes sbpf-linker's arguments
        linker: PathBuf,
    },
}

/// `cargo xtask setup`
pub fn run(arguments: Arguments) -> Result<()> {
    let places = Places::find()?;
    match toolchain(&places)? {
        Toolchain::Solana(path) => println!("programs: the installed {}", path.display()),
        Toolchain::Upstream { linker } => println!("programs: {RUSTC} with {}", linker.display()),
    }
    println!("GPU kernels: assembled by {}", ptxas(&places)?.display());
    println!("for the Anchor CLI: put {} first on PATH", places.tools().display());
    if !arguments.programs_only {
        println!("validator: {}", validator(&places)?.display());
    }
    Ok(())
}

/// The compiler for programs, made ready where it is not.
pub fn toolchain(places: &Places) -> Result<Toolchain> {
    match installed_solana(places) {
        Some(installed) => Ok(Toolchain::Solana(installed)),
        None => Ok(Toolchain::Upstream { linker: upstream_linker(places)? }),
    }
}

/// Upstream Rust's linker; the compiler beside it is [`RUSTC`].
pub fn upstream_linker(places: &Places) -> Result<PathBuf> {
    let _lock = lock(places, "programs")?;
    packages::ensure_for_programs()?;
    let linker = linker::ensure(places)?;
    place_ourselves(places, cargo_build_sbf::NAME)?;
    Ok(linker)
}

/// Upstream Rust's compiler with its own core, [`CARGO`] and [`RUSTC`]; for what needs no linker.
pub fn compiler() -> Result<()> {
    packages::ensure_for_programs()
}

/// NVIDIA's PTX assembler, made ready where it is not.
pub fn ptxas(places: &Places) -> Result<PathBuf> {
    let _lock = lock(places, "ptxas")?;
    ptxas::ensure(places)
}

/// The real validator: an installed one behind the flags of ours, or ours, built where it is not.
pub fn validator(places: &Places) -> Result<PathBuf> {
    let _lock = lock(places, "validator")?;
    let installed =
        command::ask(installed_validator::INSTALLED, &["--version"]).and_then(|text| command::version(&text));
    if installed >= Some(installed_validator::OLDEST) {
        return place_ourselves(places, installed_validator::NAME);
    }
    validator::ensure(places)
}

/// Node.js, made ready where it is not.
pub fn node(places: &Places) -> Result<PathBuf> {
    let _lock = lock(places, "node")?;
    node::ensure(places)
}

/// A short hash, for the name of something that is made from these contents.
pub fn fingerprint(contents: &[Vec<u8>]) -> String {
    let mut hash = Sha256::new();
    hash.update(std::env::consts::ARCH);
    for content in contents {
        hash.update((content.len() as u64).to_le_bytes());
        hash.update(content);
    }
    hash.finalize().iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}

/// `cargo-build-sbf` on PATH that is not ours, if its compiler is as new as the workspace asks for.
fn installed_solana(places: &Places) -> Option<PathBuf> {
    let path = places::on_path(cargo_build_sbf::NAME, &places.tools())?;
    let versions = command::ask(&path, &["--version"])?;
    let rustc = command::version(versions.lines().find(|line| line.starts_with("rustc"))?)?;
    let wanted = command::version(&format!("{}.0", env!("CARGO_PKG_RUST_VERSION")))?;
    if rustc < wanted {
        eprintln!(
            "setup: {} compiles with {}.{}, the programs need {}: using upstream Rust instead",
            path.display(),
            rustc.0,
            rustc.1,
            env!("CARGO_PKG_RUST_VERSION")
        );
        return None;
    }
    Some(path)
}

/// Puts a copy of ourselves among the tools, under a name that decides what it does.
fn place_ourselves(places: &Places, name: &str) -> Result<PathBuf> {
    let ourselves = std::env::current_exe().and_then(std::fs::read).context("this binary cannot be read")?;
    let path = places.tools().join(name);
    if places::write_if_changed(&path, &ourselves)? {
        places::make_executable(&path)?;
    }
    Ok(path)
}

/// One setup of a thing at a time per machine: the verbs call it, and several may run.
fn lock(places: &Places, thing: &str) -> Result<File> {
    std::fs::create_dir_all(&places.cache).with_context(|| format!("{} cannot be created", places.cache.display()))?;
    let path = places.cache.join(format!("{thing}.lock"));
    let file = File::create(&path).with_context(|| format!("{} cannot be created", path.display()))?;
    file.lock().with_context(|| format!("{} cannot be locked", path.display()))?;
    Ok(file)
}
