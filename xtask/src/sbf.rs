//! Owns how a program is compiled for the chain with upstream Rust: the target, the flags, and why each is there.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::command;
use crate::places::{self, Places};
use crate::setup::{CARGO, RUSTC};

const TARGET: &str = "sbpf-solana-solana";
/// From `rustc --print target-spec-json --target bpfel-unknown-none`, made into the chain's: its name, v3 instructions, atomics as
/// plain memory (one thread runs), the linker.
const TARGET_TEMPLATE: &str = include_str!("../sbpf-solana-solana.json");
/// Overflow checks, one unit, everything inlined: see the root Cargo.toml.
const PROFILE: &str = "sbf";

/// What rustc calls for f32 arithmetic. Exported, so that the linker keeps them when it meets the calls.
const SOFT_FLOATS: [&str; 18] = [
    "__addsf3",
    "__subsf3",
    "__mulsf3",
    "__divsf3",
    "__negsf2",
    "__eqsf2",
    "__nesf2",
    "__ltsf2",
    "__lesf2",
    "__gtsf2",
    "__gesf2",
    "__unordsf2",
    "__fixsfdi",
    "__fixsfsi",
    "__fixunssfsi",
    "__floatsisf",
    "__floatunsisf",
    "__floatundisf",
];

/// One compilation.
pub struct Compilation<'a> {
    /// Package to compile
    pub package: &'a str,
    /// Name of its library
    pub library: &'a str,
    /// It computes with f32
    pub floats: bool,
    /// Arguments for cargo, such as `--features`
    pub arguments: &'a [String],
}

/// Compiles one program and returns the shared object that cargo made.
pub fn compile(places: &Places, linker: &Path, compilation: &Compilation) -> Result<PathBuf> {
    let target_folder = places.sbf_target();
    let target = target_folder.join(format!("{TARGET}.json"));
    places::write_if_changed(&target, target_specification(linker)?.as_bytes())?;

    let mut cargo = Command::new(CARGO);
    command::forget_rustup(&mut cargo).current_dir(&places.root).env("RUSTC", RUSTC);
    // The stable compiler is asked for a custom target and for its own std, both of which it reserves for nightly.
    cargo.env("RUSTC_BOOTSTRAP", "1").env("RUSTC_BOOTSTRAP_SYNTHETIC_TARGET", "1");
    cargo.env("CARGO_ENCODED_RUSTFLAGS", flags(compilation.floats).join("\x1f"));
    cargo.args(["build", "--package", compilation.package, "--lib", "--profile", PROFILE]);
    cargo.args(["-Z", "json-target-spec", "-Z", "build-std=std,panic_abort", "-Z", "build-std-features="]);
    cargo.arg("--target").arg(&target).arg("--target-dir").arg(&target_folder).args(compilation.arguments);
    command::run(&mut cargo)?;
    Ok(target_folder.join(TARGET).join(PROFILE).join(format!("lib{}.so", compilation.library)))
}

fn target_specification(linker: &Path) -> Result<String> {
    let linker = serde_json::to_string(linker.to_str().context("the path of the linker is not text")?)?;
    Ok(TARGET_TEMPLATE.replace("\"LINKER\"", &linker))
}

fn flags(floats: bool) -> Vec<String> {
    let mut flags: Vec<String> = [
        // A panic ends the program at once: no message, no unwinding, nothing to link for it.
        "-Zunstable-options",
        "-Cpanic=immediate-abort",
        // anchor-lang's dependencies name std, of which nothing is left after linking. These two make upstream std
        // compile: they choose its system layer without an operating system, and an alignment for its allocator.
        "-Aexplicit_builtin_cfgs_in_flags",
        "--cfg=target_os=\"zkvm\"",
        "--cfg=target_arch=\"sparc64\"",
        "-Ctarget-cpu=v3",
        "-Clink-arg=--arch=v3",
        "-Clink-arg=--llvm-args=-bpf-stack-size=4096",
        "-Clink-arg=--export=entrypoint",
        "-Clink-arg=--log-level=error",
    ]
    .map(str::to_owned)
    .into();
    if floats {
        flags.push(format!("-Clink-arg=--export={}", SOFT_FLOATS.join(",")));
    }
    flags
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_target_specification_is_json_with_the_linker_in_it() {
        let text = target_specification(Path::new("/a \"b\"/linker.sh")).unwrap();
        let specification: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(specification["linker"], "/a \"b\"/linker.sh");
        assert_eq!(specification["cpu"], "v3");
    }
}
