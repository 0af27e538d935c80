//! Owns `ptx`: the kernels for NVIDIA cards, from `crates/gpu` to the committed `crates/gpu/ptx`. Neither a card nor CUDA is
//! needed: upstream Rust writes the PTX, NVIDIA's assembler (a package of PyPI) shows that every card can take it.

mod assemble;
mod compile;
mod rules;

use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::{Context, Result, bail, ensure};

use crate::idl::write_or_compare;
use crate::places::{self, Places};
use crate::setup;

/// Writes the GPU kernels' PTX, their rules checked, and the table of registers, to crates/gpu/ptx
#[derive(clap::Args)]
pub struct Arguments {
    /// Writes nothing; fails if a file is not what it should be
    #[arg(long)]
    pub check: bool,
    /// Instead, writes a PTX to this file in which multiplications and additions may be fused as CUDA's own compiler does by
    /// default: what strictness costs is measured against it. Its results have other bits
    #[arg(long, value_name = "FILE", conflicts_with = "check")]
    pub contracted: Option<PathBuf>,
}

/// Cards that share one PTX.
pub struct Family {
    /// Compute capability that the PTX is for
    capability: u32,
    /// Features of `crates/gpu`
    features: &'static [&'static str],
    /// Compute capabilities that it is assembled for
    cards: &'static [u32],
}

const FAMILIES: [Family; 2] = [
    Family { capability: 75, features: &[], cards: &[75] },
    Family { capability: 80, features: &["sm_80"], cards: &[80, 86, 89, 90, 100, 120] },
];

/// `cargo xtask ptx`
pub fn run(arguments: Arguments) -> Result<()> {
    let places = Places::find()?;
    setup::compiler()?;
    if let Some(path) = arguments.contracted {
        let text = compile::compile(&places, &FAMILIES[1], true)?;
        places::write_if_changed(&std::path::absolute(&path)?, text.as_bytes())?;
        println!("{} written: its results have other bits", path.display());
        return Ok(());
    }
    let folder = places.root.join("crates/gpu/ptx");
    let ptxas = setup::ptxas(&places)?;
    let compiler = compile::compiler()?;
    let mut table = assemble::Table::default();
    for family in &FAMILIES {
        let path = folder.join(format!("kernels.sm_{}.ptx", family.capability));
        let made = format!("// {compiler}\n{}", compile::compile(&places, family, false)?);
        refuse_broken_rules(&made, family)?;
        let committed = std::fs::read_to_string(&path).unwrap_or_default();
        if arguments.check && committed.lines().next() != made.lines().next() {
            // Another compiler writes other instructions with the same meaning; the committed ones are what is shipped.
            ensure!(!committed.is_empty(), "{} is missing: run cargo xtask ptx and commit it", path.display());
            refuse_broken_rules(&committed, family)?;
            eprintln!(
                "ptx: {} was made by another compiler than this machine's {compiler}: its rules are checked and it is \
                 assembled, but not compared",
                path.display()
            );
        } else {
            write_or_compare(&places, &path, made.as_bytes(), arguments.check, "cargo xtask ptx")?;
        }
        let shipped = if arguments.check { committed } else { made };
        for card in family.cards {
            table.add(*card, assemble::assemble(&places, &ptxas, &shipped, *card)?);
        }
    }
    table.refuse_spills()?;
    write_or_compare(&places, &folder.join("registers.md"), table.text().as_bytes(), arguments.check, "cargo xtask ptx")
}

fn refuse_broken_rules(text: &str, family: &Family) -> Result<()> {
    let broken = rules::broken(text);
    if broken.is_empty() {
        return Ok(());
    }
    let mut list = String::new();
    for violation in &broken {
        writeln!(list, "  {violation}").context("text")?;
    }
    bail!("the PTX for compute capability {} breaks the rules of strict arithmetic:\n{list}", family.capability)
}
