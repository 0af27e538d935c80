//! Owns NVIDIA's PTX assembler: it needs neither a card nor a driver, and PyPI carries it.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::packages;
use crate::command;
use crate::places::{self, Places};

/// The last of CUDA 12, which knows compute capability 7.5 to 12.0. Another one uses other registers.
const VERSION: &str = "12.9.86";

/// The assembler, unpacked where it is not.
pub fn ensure(places: &Places) -> Result<PathBuf> {
    let folder = places.cache.join(format!("ptxas-{VERSION}"));
    let ptxas = folder.join("nvidia/cuda_nvcc/bin/ptxas");
    if ptxas.is_file() {
        return Ok(ptxas);
    }
    packages::ensure_pip()?;
    eprintln!("setup: unpacking ptxas {VERSION} into {}", folder.display());
    let scratch = places.cache.join(format!("ptxas-{VERSION}.{}", std::process::id()));
    let unpacked = unpack(&scratch).and_then(|()| {
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::rename(&scratch, &folder).with_context(|| format!("{} cannot be created", folder.display()))
    });
    let _ = std::fs::remove_dir_all(&scratch);
    unpacked?;
    ensure!(ptxas.is_file(), "nvidia-cuda-nvcc-cu12 {VERSION} was unpacked but holds no ptxas");
    places::make_executable(&ptxas)?;
    Ok(ptxas)
}

/// A wheel is a zip file; nothing is installed.
fn unpack(scratch: &std::path::Path) -> Result<()> {
    let wheels = scratch.join("wheel");
    let package = format!("nvidia-cuda-nvcc-cu12=={VERSION}");
    let mut pip = Command::new("python3");
    pip.args(["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary=:all:"]);
    command::run(pip.arg("--dest").arg(&wheels).arg(package))?;
    let entry = std::fs::read_dir(&wheels)?.next().context("pip downloaded nothing")??;
    command::run(Command::new("python3").args(["-m", "zipfile", "--extract"]).arg(entry.path()).arg(scratch))?;
    std::fs::remove_dir_all(&wheels).with_context(|| format!("{} cannot be removed", wheels.display()))
}
