//! Owns what comes from the system's package manager, on Debian and its relatives.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail, ensure};

use super::{CARGO, RUSTC};
use crate::command;

/// rustc with the std source (rustc 1.96 of Debian security), and what links build scripts.
const FOR_PROGRAMS: [&str; 4] = ["rustc-web", "cargo-web", "rust-web-src", "build-essential"];
/// bindgen reads C headers with libclang; protobuf, RocksDB and OpenSSL are compiled.
const FOR_VALIDATOR: [&str; 4] = ["libclang-dev", "build-essential", "perl", "pkg-config"];
/// Older compilers cannot emit what the linker reads.
const OLDEST_RUSTC: (u32, u32, u32) = (1, 96, 0);

/// The compiler for programs, wherever it came from.
pub fn ensure_for_programs() -> Result<()> {
    if has_upstream_rust() {
        return Ok(());
    }
    install(&missing(&FOR_PROGRAMS)?)?;
    ensure!(has_upstream_rust(), "{RUSTC} is older than 1.96 or has no std source: install Debian 12's rustc-web");
    Ok(())
}

/// What the validator is built with.
pub fn ensure_for_validator() -> Result<()> {
    install(&missing(&FOR_VALIDATOR)?)
}

/// npm, wherever it came from.
pub fn ensure_npm() -> Result<()> {
    if command::ask("npm", &["--version"]).is_some() {
        return Ok(());
    }
    install(&missing(&["nodejs", "npm"])?)
}

/// Python's pip, wherever it came from.
pub fn ensure_pip() -> Result<()> {
    if command::ask("python3", &["-m", "pip", "--version"]).is_some() {
        return Ok(());
    }
    install(&missing(&["python3", "python3-pip"])?)
}

/// Installs packages as root, or says how.
fn install(packages: &[&str]) -> Result<()> {
    if packages.is_empty() {
        return Ok(());
    }
    let install = format!("apt-get install --yes --no-install-recommends {}", packages.join(" "));
    if !is_root() {
        bail!("{} is missing; run as root: apt-get update && {install}", packages.join(" "));
    }
    eprintln!("setup: {install}");
    command::run(apt().args(["--quiet=2", "update"]))?;
    command::run(apt().args(["--quiet=2", "install", "--yes", "--no-install-recommends"]).args(packages))
}

/// apt-get that asks nothing and waits for its turn.
pub fn apt() -> Command {
    let mut apt = Command::new("apt-get");
    apt.env("DEBIAN_FRONTEND", "noninteractive").args(["-o", "DPkg::Lock::Timeout=600"]);
    apt
}

fn has_upstream_rust() -> bool {
    let version = command::ask(RUSTC, &["--version"]).and_then(|text| command::version(&text));
    let sysroot = command::ask(RUSTC, &["--print", "sysroot"]).unwrap_or_default();
    let std_source = Path::new(sysroot.trim()).join("lib/rustlib/src/rust/library/std");
    version >= Some(OLDEST_RUSTC) && Path::new(CARGO).is_file() && std_source.is_dir()
}

fn missing(packages: &[&'static str]) -> Result<Vec<&'static str>> {
    if command::ask("dpkg-query", &["--version"]).is_none() {
        bail!(
            "this is not Debian, so setup cannot install: what Debian 12 calls {}; an installed Solana toolchain \
             (cargo-build-sbf with rustc {} or newer) serves as well",
            packages.join(" "),
            env!("CARGO_PKG_RUST_VERSION"),
        );
    }
    let is_missing = |package: &&str| {
        let status = command::ask("dpkg-query", &["--show", "--showformat=${db:Status-Status}", package]);
        status.as_deref() != Some("installed")
    };
    Ok(packages.iter().copied().filter(is_missing).collect())
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}
