//! Owns Node.js, which makes the TypeScript client and the web app.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use super::packages;
use crate::command;
use crate::places::Places;

/// What the tools of `xtask/clients` ask for.
const OLDEST: (u32, u32, u32) = (20, 18, 0);
/// Debian 12's own is older; this one comes from the npm registry, which carries the binary as a package.
const VERSION: &str = "22.12.0";

/// A new enough `node`, installed where there is none. npm is there afterwards as well.
pub fn ensure(places: &Places) -> Result<PathBuf> {
    packages::ensure_npm()?;
    let is_new = command::ask("node", &["--version"]).and_then(|text| command::version(&text)) >= Some(OLDEST);
    if is_new {
        return Ok("node".into());
    }
    let folder = places.cache.join(format!("node-{VERSION}"));
    let architecture = if std::env::consts::ARCH == "aarch64" { "arm64" } else { "x64" };
    let node = folder.join(format!("node_modules/node-linux-{architecture}/bin/node"));
    if !node.is_file() {
        eprintln!("setup: installing Node.js {VERSION}");
        std::fs::create_dir_all(&folder).with_context(|| format!("{} cannot be created", folder.display()))?;
        let package = format!("node-linux-{architecture}@{VERSION}");
        let mut npm = Command::new("npm");
        npm.args(["install", "--no-audit", "--no-fund", "--loglevel=error", "--prefix"]).arg(&folder).arg(package);
        command::run(&mut npm)?;
    }
    Ok(node)
}
