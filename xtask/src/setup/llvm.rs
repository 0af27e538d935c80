//! Owns LLVM 23: Debian's library, unpacked into the cache with every library it needs. Nothing is installed.
//!
//! rustc 1.96 brings LLVM 22, whose BPF back end knows neither arguments on the stack nor 128-bit calls. LLVM 23 is in Debian's unstable
//! suite, built against a newer libc, so it runs through the loader that is unpacked beside it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use super::packages;
use crate::command;
use crate::places::Places;

const PACKAGE: &str = "libllvm23";
const SUITE: &str = "sid";
const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// The unpacked library.
pub struct Llvm {
    /// Folder of the libraries
    pub libraries: PathBuf,
    /// The program that starts others with those libraries
    pub loader: PathBuf,
}

/// Unpacks the library where it is not.
pub fn ensure_unpacked(places: &Places) -> Result<Llvm> {
    let prefix = places.cache.join("llvm-23");
    if let Some(llvm) = find(&prefix) {
        return Ok(llvm);
    }
    eprintln!("setup: unpacking {PACKAGE} and what it needs into {}", prefix.display());
    let scratch = places.cache.join(format!("llvm-23.{}", std::process::id()));
    let unpacked = unpack(&scratch);
    let placed = unpacked.and_then(|tree| {
        let _ = fs::remove_dir_all(&prefix);
        fs::rename(&tree, &prefix).with_context(|| format!("{} cannot be created", prefix.display()))
    });
    let _ = fs::remove_dir_all(&scratch);
    placed?;
    find(&prefix).with_context(|| format!("{PACKAGE} was unpacked but {} has no LLVM library", prefix.display()))
}

fn find(prefix: &Path) -> Option<Llvm> {
    let (triple, loader) = match std::env::consts::ARCH {
        "x86_64" => ("x86_64-linux-gnu", "ld-linux-x86-64.so.2"),
        "aarch64" => ("aarch64-linux-gnu", "ld-linux-aarch64.so.1"),
        _ => return None,
    };
    let libraries = prefix.join("usr/lib").join(triple);
    let loader = libraries.join(loader);
    let is_llvm = |entry: fs::DirEntry| entry.file_name().to_string_lossy().starts_with("libLLVM");
    let has_llvm = fs::read_dir(&libraries).ok()?.flatten().any(is_llvm);
    (has_llvm && loader.is_file()).then_some(Llvm { libraries, loader })
}

/// Resolves the package against an empty system, so that the list of what it needs is apt's and never out of date.
fn unpack(scratch: &Path) -> Result<PathBuf> {
    let folders = ["lists/partial", "cache/archives/partial", "debs", "tree"].map(|folder| scratch.join(folder));
    for folder in &folders {
        fs::create_dir_all(folder).with_context(|| format!("{} cannot be created", folder.display()))?;
    }
    let [_, _, debs, tree] = folders;
    let source = format!("deb [signed-by={KEYRING}] {} {SUITE} main\n", mirror()?);
    fs::write(scratch.join("sources.list"), source).context("the list of sources cannot be written")?;
    fs::write(scratch.join("status"), "").context("the empty package status cannot be written")?;

    command::run(apt(scratch).args(["--quiet=2", "update"]))?;
    let plan = command::output(apt(scratch).args(["--simulate", "install", "--no-install-recommends", PACKAGE]))?;
    let needed: Vec<_> = plan.lines().filter_map(|line| line.strip_prefix("Inst ")?.split(' ').next()).collect();
    ensure!(needed.contains(&PACKAGE), "apt-get found no {PACKAGE} in Debian {SUITE}");
    command::run(apt(scratch).args(["--quiet=2", "download"]).args(needed).current_dir(&debs))?;
    for deb in fs::read_dir(&debs).context("the downloaded packages cannot be listed")?.flatten() {
        command::run(Command::new("dpkg").arg("--extract").arg(deb.path()).arg(&tree))?;
    }
    Ok(tree)
}

/// The Debian mirror that this machine is configured with.
fn mirror() -> Result<String> {
    let arguments = ["indextargets", "--format", "$(REPO_URI)", "Created-By: Packages"];
    let targets = command::output(Command::new("apt-get").args(arguments))?;
    let is_debian = |line: &&str| line.trim_end_matches('/').ends_with("/debian");
    match targets.lines().find(is_debian) {
        Some(mirror) => Ok(mirror.to_owned()),
        None => bail!(
            "apt has no Debian mirror: install {PACKAGE} or an sbpf-linker with LLVM inside, or add one to apt's sources"
        ),
    }
}

/// apt-get with a state of its own under `scratch`.
fn apt(scratch: &Path) -> Command {
    let mut apt = packages::apt();
    let mut set = |name: &str, value: &str| {
        apt.args(["-o", &format!("{name}={value}")]);
    };
    let inside = |name: &str| command::path(scratch.join(name));
    set("Dir::Etc::sourcelist", &inside("sources.list"));
    set("Dir::Etc::sourceparts", "-");
    set("Dir::State::lists", &inside("lists"));
    set("Dir::State::status", &inside("status"));
    set("Dir::Cache", &inside("cache"));
    set("APT::Sandbox::User", "");
    apt
}
