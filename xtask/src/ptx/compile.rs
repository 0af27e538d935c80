//! Owns how crates/gpu becomes PTX with upstream Rust, and why each flag is there.

use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::Family;
use crate::command;
use crate::places::Places;
use crate::setup::{CARGO, RUSTC};

const TARGET: &str = "nvptx64-nvidia-cuda";
/// One unit, everything inlined, no overflow checks: see the root Cargo.toml.
const PROFILE: &str = "ptx";

/// Name and version of the compiler: the same one gives the same text.
pub fn compiler() -> Result<String> {
    let version = command::ask(RUSTC, &["--version"]).with_context(|| format!("{RUSTC} does not run"))?;
    Ok(version.trim().to_owned())
}

/// The PTX of a family, `contracted` or strict.
pub fn compile(places: &Places, family: &Family, contracted: bool) -> Result<String> {
    // A folder for each, because the last crate's assembly has the same name in all.
    let kind = if contracted { "contracted" } else { "strict" };
    let target_folder = places.root.join(format!("target/ptx/{kind}-{}", family.capability));
    let mut cargo = Command::new(CARGO);
    command::forget_rustup(&mut cargo).current_dir(&places.root).env("RUSTC", RUSTC);
    // The stable compiler is asked for its own core and for the PTX calling convention, which it reserves for nightly.
    cargo.env("RUSTC_BOOTSTRAP", "1");
    cargo.env("CARGO_ENCODED_RUSTFLAGS", flags(family, contracted).join("\x1f"));
    cargo.args(["rustc", "--quiet", "--package", "gpu", "--lib", "--crate-type", "cdylib", "--profile", PROFILE]);
    if !family.features.is_empty() {
        cargo.arg("--features").arg(family.features.join(","));
    }
    cargo.args(["-Z", "build-std=core,alloc", "--target", TARGET, "--target-dir"]).arg(&target_folder);
    // Only the last crate is asked for assembly: it holds everything, because of link-time optimisation.
    cargo.args(["--", "--emit=asm"]);
    command::run(&mut cargo)?;
    let path = target_folder.join(TARGET).join(PROFILE).join("deps/gpu.s");
    let text = std::fs::read_to_string(&path).with_context(|| format!("{} was not made", path.display()))?;
    let unresolved: Vec<&str> = text.lines().filter(|line| line.starts_with(".extern .func")).collect();
    ensure!(unresolved.is_empty(), "the PTX calls functions that it does not hold: {}", unresolved.join(", "));
    Ok(text)
}

fn flags(family: &Family, contracted: bool) -> Vec<String> {
    let mut flags = vec![
        format!("-Ctarget-cpu=sm_{}", family.capability),
        // A panic ends the kernel at once: no message, nothing to link for it.
        "-Zunstable-options".to_owned(),
        "-Cpanic=immediate-abort".to_owned(),
        // PTX needs no linking: the assembly of the last crate is whole.
        "-Clinker=/bin/true".to_owned(),
    ];
    if contracted {
        flags.push("-Cllvm-args=-nvptx-fma-level=2".to_owned());
    }
    flags
}
