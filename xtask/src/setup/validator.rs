//! Owns the real validator's binary: built once from `xtask/validator` and kept in the cache under the hash of its source.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::packages;
use crate::command;
use crate::places::Places;

/// The binary, built where it is not.
pub fn ensure(places: &Places) -> Result<PathBuf> {
    let source = places.root.join("xtask/validator");
    let binary = places.cache.join(format!("local-validator-{}/local-validator", fingerprint(&source)?));
    if binary.is_file() {
        return Ok(binary);
    }
    packages::ensure_for_validator()?;
    eprintln!("setup: building the Agave validator, once per machine, 15 to 30 minutes");
    let build = places.cache.join("build/local-validator");
    let mut cargo = command::cargo(places);
    cargo.args(["build", "--release", "--locked", "--manifest-path"]).arg(source.join("Cargo.toml"));
    command::run(cargo.env("CARGO_TARGET_DIR", &build))?;
    let folder = binary.parent().context("the binary has no folder")?;
    fs::create_dir_all(folder).with_context(|| format!("{} cannot be created", folder.display()))?;
    fs::rename(build.join("release/local-validator"), &binary).context("the built validator cannot be moved")?;
    // Gigabytes that nothing needs again.
    fs::remove_dir_all(&build).with_context(|| format!("{} cannot be deleted", build.display()))?;
    Ok(binary)
}

/// A short hash of everything that decides what the binary is.
fn fingerprint(source: &Path) -> Result<String> {
    let mut files = vec![source.join("Cargo.toml"), source.join("Cargo.lock")];
    let folder = source.join("src");
    for entry in fs::read_dir(&folder).with_context(|| format!("{} cannot be listed", folder.display()))? {
        files.push(entry.with_context(|| format!("{} cannot be listed", folder.display()))?.path());
    }
    files.sort();
    let read = |file: &PathBuf| fs::read(file).with_context(|| format!("{} cannot be read", file.display()));
    Ok(super::fingerprint(&files.iter().map(read).collect::<Result<Vec<_>>>()?))
}
