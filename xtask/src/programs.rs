//! Owns which on-chain programs there are: every package in `programs/` whose library is a cdylib.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::command;
use crate::places::Places;

/// One on-chain program.
pub struct Program {
    /// Name of the cargo package
    pub package: String,
    /// Name of its library, and so of the .so and the IDL
    pub library: String,
    /// Its folder
    pub folder: PathBuf,
    /// `[package.metadata.sbf] floats = true`: it computes with f32, so the soft-float calls are exported
    pub floats: bool,
}

impl Program {
    /// The deployed file.
    pub fn shared_object(&self, places: &Places) -> PathBuf {
        places.deploy().join(format!("{}.so", self.library))
    }

    /// The address that `declare_id!` gives it.
    pub fn address(&self) -> Result<String> {
        let path = self.folder.join("src/lib.rs");
        let source = std::fs::read_to_string(&path).with_context(|| format!("{} cannot be read", path.display()))?;
        let declared = source.split_once("declare_id!(\"").and_then(|(_, rest)| rest.split_once("\")"));
        let (address, _) = declared.with_context(|| format!("{} has no declare_id!(\"...\")", path.display()))?;
        Ok(address.to_owned())
    }
}

/// All programs of the checkout, by name.
pub fn all(places: &Places) -> Result<Vec<Program>> {
    let metadata = command::output(command::cargo(places).args(["metadata", "--no-deps", "--format-version", "1"]))?;
    let metadata: Value = serde_json::from_str(&metadata).context("cargo metadata wrote something that is not JSON")?;
    let packages = metadata["packages"].as_array().context("cargo metadata names no packages")?;
    let mut programs: Vec<_> = packages.iter().filter_map(|package| program(package, &places.root)).collect();
    programs.sort_by(|a, b| a.package.cmp(&b.package));
    ensure!(!programs.is_empty(), "there is no program in {}", places.root.join("programs").display());
    Ok(programs)
}

fn program(package: &Value, root: &Path) -> Option<Program> {
    let folder = Path::new(package["manifest_path"].as_str()?).parent()?;
    if !folder.starts_with(root.join("programs")) {
        return None;
    }
    let is_cdylib =
        |target: &&Value| target["crate_types"].as_array().is_some_and(|types| types.contains(&"cdylib".into()));
    let library = package["targets"].as_array()?.iter().find(is_cdylib)?;
    Some(Program {
        package: package["name"].as_str()?.to_owned(),
        library: library["name"].as_str()?.to_owned(),
        folder: folder.to_owned(),
        floats: package["metadata"]["sbf"]["floats"].as_bool().unwrap_or(false),
    })
}
