//! Owns `clients`: the TypeScript client of each program, made from its IDL into `app/src/generated/<library>/`.
//!
//! Codama writes it. Its tools are locked in `xtask/clients` and installed into the cache; Node.js 20.18 or newer runs them.

mod aliases;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::command;
use crate::idl;
use crate::places::{self, Places};
use crate::programs::{self, Program};
use crate::setup;

/// Writes the TypeScript clients to app/src/generated/
#[derive(clap::Args)]
pub struct Arguments {
    /// Writes nothing; fails if a file is not what it should be
    #[arg(long)]
    pub check: bool,
}

/// `cargo xtask clients`
pub fn run(arguments: Arguments) -> Result<()> {
    let places = Places::find()?;
    let node = setup::node(&places)?;
    let tools = tools(&places)?;
    for program in programs::all(&places)? {
        let generated = generate(&places, &node, &tools, &program)?;
        let committed = places.root.join("app/src/generated").join(&program.library);
        if arguments.check {
            let current = files(&generated)? == files(&committed)?;
            let name = committed.strip_prefix(&places.root).unwrap_or(&committed).display();
            ensure!(current, "{name} is out of date: run cargo xtask clients and commit it");
        } else {
            replace(&committed, &generated)?;
        }
    }
    Ok(())
}

/// Codama with its lock file, in a folder of the cache that is named after what is locked.
fn tools(places: &Places) -> Result<PathBuf> {
    let source = places.root.join("xtask/clients");
    let names = ["package.json", "package-lock.json", "generate.mjs"];
    let read = |name| fs::read(source.join(name)).with_context(|| format!("xtask/clients/{name} cannot be read"));
    let contents = names.map(read).into_iter().collect::<Result<Vec<_>>>()?;
    let folder = places.cache.join(format!("clients-{}", setup::fingerprint(&contents)));
    if folder.is_dir() {
        return Ok(folder);
    }
    eprintln!("setup: installing Codama");
    let part = places.cache.join(format!("clients.{}", std::process::id()));
    for (name, content) in names.iter().zip(&contents) {
        places::write_if_changed(&part.join(name), content)?;
    }
    command::run(Command::new("npm").args(["ci", "--no-audit", "--no-fund", "--loglevel=error"]).current_dir(&part))?;
    fs::rename(&part, &folder).with_context(|| format!("{} cannot be created", folder.display()))?;
    Ok(folder)
}

fn generate(places: &Places, node: &Path, tools: &Path, program: &Program) -> Result<PathBuf> {
    let idl = idl::file(places, program);
    let text =
        fs::read_to_string(&idl).with_context(|| format!("{} is missing: run cargo xtask idl", idl.display()))?;
    let mut idl = serde_json::from_str(&text).with_context(|| format!("{} is not JSON", idl.display()))?;
    aliases::resolve(&mut idl);
    let folder = places.target().join("clients").join(&program.library);
    let resolved = folder.with_extension("json");
    places::write_if_changed(&resolved, idl.to_string().as_bytes())?;
    command::run(Command::new(node).arg(tools.join("generate.mjs")).arg(&resolved).arg(&folder))?;
    Ok(folder)
}

/// Every file below a folder, by its path in it.
fn files(folder: &Path) -> Result<BTreeMap<PathBuf, Vec<u8>>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        let Ok(entries) = fs::read_dir(&next) else { continue };
        for entry in entries {
            let path = entry.with_context(|| format!("{} cannot be listed", next.display()))?.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let content = fs::read(&path).with_context(|| format!("{} cannot be read", path.display()))?;
                found.insert(path.strip_prefix(folder).unwrap_or(&path).to_owned(), content);
            }
        }
    }
    Ok(found)
}

fn replace(committed: &Path, generated: &Path) -> Result<()> {
    let (present, wanted) = (files(committed)?, files(generated)?);
    for gone in present.keys().filter(|path| !wanted.contains_key(*path)) {
        fs::remove_file(committed.join(gone)).with_context(|| format!("{} cannot be deleted", gone.display()))?;
    }
    for (path, content) in &wanted {
        places::write_if_changed(&committed.join(path), content)?;
    }
    println!("{} files in {}", wanted.len(), committed.display());
    Ok(())
}
