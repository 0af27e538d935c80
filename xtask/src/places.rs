//! Owns where things are: the checkout, its target folder, and the cache of tools that checkouts share.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The folders that verbs read and write.
pub struct Places {
    /// The checkout
    pub root: PathBuf,
    /// Tools that are made once per machine
    pub cache: PathBuf,
}

impl Places {
    /// The checkout that this binary was built from.
    pub fn find() -> Result<Self> {
        // Cargo sets the variable when it runs us; the constant serves a direct start of the binary.
        let package =
            env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
        let root = package.parent().context("xtask lies at the root of the file system")?.to_owned();
        Self::at(root)
    }

    /// A given checkout.
    pub fn at(root: PathBuf) -> Result<Self> {
        let cache = match env::var_os("RENDER_COMPUTE_CACHE") {
            Some(cache) => PathBuf::from(cache),
            None => env::home_dir()
                .context("HOME is not set: set it or RENDER_COMPUTE_CACHE")?
                .join(".cache/render-compute"),
        };
        Ok(Self { root, cache })
    }

    /// What cargo builds for this machine.
    pub fn target(&self) -> PathBuf {
        env::var_os("CARGO_TARGET_DIR").map_or_else(|| self.root.join("target"), |target| self.root.join(target))
    }

    /// What cargo builds for the chain. A folder of its own, so that the two compilers never undo each other's work.
    pub fn sbf_target(&self) -> PathBuf {
        self.root.join("target/sbf")
    }

    /// The programs as they are deployed, where Anchor looks for them.
    pub fn deploy(&self) -> PathBuf {
        self.root.join("target/deploy")
    }

    /// Executables for PATH, such as `cargo-build-sbf`.
    pub fn tools(&self) -> PathBuf {
        self.cache.join("bin")
    }
}

/// The executable of that name in the folders of PATH, other than those in `not_in`.
pub fn on_path(name: &str, not_in: &Path) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path)
        .filter(|folder| folder != not_in)
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
}

/// Writes a file only when that changes it, so that whoever depends on its time does not run again.
pub fn write_if_changed(path: &Path, content: &[u8]) -> Result<bool> {
    if std::fs::read(path).is_ok_and(|present| present == content) {
        return Ok(false);
    }
    let folder = path.parent().context("a file has no folder")?;
    std::fs::create_dir_all(folder).with_context(|| format!("{} cannot be created", folder.display()))?;
    // By renaming, so that nobody ever sees half a file or a busy one.
    let part = folder.join(format!(".{}.{}", path.file_name().unwrap_or_default().display(), std::process::id()));
    std::fs::write(&part, content).with_context(|| format!("{} cannot be written", part.display()))?;
    std::fs::rename(&part, path).with_context(|| format!("{} cannot be written", path.display()))?;
    Ok(true)
}

/// Makes a file executable by everyone.
pub fn make_executable(path: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755))
        .with_context(|| format!("{} cannot be made executable", path.display()))
}
