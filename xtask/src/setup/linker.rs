//! Owns sbpf-linker, which turns LLVM bitcode into a program for the chain.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::llvm;
use crate::command;
use crate::places::{self, Places};

const VERSION: &str = "0.2.6";

/// An executable that links programs, made where there is none.
pub fn ensure(places: &Places) -> Result<PathBuf> {
    if let Some(installed) = installed() {
        return Ok(installed);
    }
    let llvm = llvm::ensure_unpacked(places)?;
    let folder = places.cache.join(format!("sbpf-linker-{VERSION}"));
    let binary = folder.join("bin/sbpf-linker");
    if !binary.is_file() {
        eprintln!("setup: building sbpf-linker {VERSION}, about two minutes");
        let build = places.cache.join("build/sbpf-linker");
        let mut install = command::cargo(places);
        install.args(["install", "--quiet", "--locked", &format!("sbpf-linker@{VERSION}"), "--root"]).arg(&folder);
        command::run(install.arg("--target-dir").arg(&build))?;
        std::fs::remove_dir_all(&build).with_context(|| format!("{} cannot be deleted", build.display()))?;
    }
    let wrapper = folder.join("sbpf-linker.sh");
    // The linker looks for LLVM in LD_LIBRARY_PATH, and that LLVM needs the loader of the libc that it was built with.
    let script = format!(
        "#!/bin/sh\nLD_LIBRARY_PATH={libraries} exec {loader} --library-path {libraries} {binary} \"$@\"\n",
        libraries = quoted(&llvm.libraries),
        loader = quoted(&llvm.loader),
        binary = quoted(&binary),
    );
    if places::write_if_changed(&wrapper, script.as_bytes())? {
        places::make_executable(&wrapper)?;
    }
    Ok(wrapper)
}

/// A release binary on PATH has LLVM inside: it answers without ours.
fn installed() -> Option<PathBuf> {
    let path = places::on_path("sbpf-linker", Path::new(""))?;
    let version = command::version(&command::ask(&path, &["--version"])?)?;
    (Some(version) >= command::version(VERSION)).then_some(path)
}

fn quoted(path: &Path) -> String {
    format!("'{}'", path.to_string_lossy().replace('\'', r"'\''"))
}
