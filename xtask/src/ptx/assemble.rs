//! Owns what NVIDIA's assembler makes of the PTX for each card: that it takes it, and what each kernel uses.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};

use crate::places::Places;

/// What a kernel uses on a card.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    registers: u32,
    /// Bytes of a thread in local memory, arrays included
    stack: u32,
    /// Bytes that did not fit into registers, stored and loaded
    spills: (u32, u32),
    /// Bytes of a block that are declared; what a launch adds is not known here
    shared: u32,
}

/// Assembles the PTX for a card and returns what each entry point uses.
pub fn assemble(places: &Places, ptxas: &Path, text: &str, card: u32) -> Result<BTreeMap<String, Usage>> {
    let folder = places.root.join("target/ptx");
    let source = folder.join(format!("assembled.sm_{card}.ptx"));
    std::fs::write(&source, text).with_context(|| format!("{} cannot be written", source.display()))?;
    let mut command = Command::new(ptxas);
    command.args(["--verbose", "--gpu-name", &format!("sm_{card}"), "--output-file", "/dev/null"]).arg(&source);
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("{} does not run", ptxas.display()))?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        bail!("the assembler refuses the PTX for sm_{card}:\n{said}");
    }
    let usage = usage(&said);
    ensure!(!usage.is_empty(), "the assembler named no kernel for sm_{card}:\n{said}");
    Ok(usage)
}

/// Reads the assembler's own words.
fn usage(said: &str) -> BTreeMap<String, Usage> {
    let mut kernels: BTreeMap<String, Usage> = BTreeMap::new();
    let mut kernel = None;
    // Properties are also told of functions that kernels call; registers only of kernels.
    let mut told_of_kernel = false;
    for line in said.lines() {
        if let Some(rest) = line.split_once("Compiling entry function '").map(|(_, rest)| rest) {
            let name = rest.split('\'').next().unwrap_or_default().to_owned();
            kernels.insert(name.clone(), Usage::default());
            kernel = Some(name);
        } else if let Some((_, name)) = line.split_once("Function properties for ") {
            told_of_kernel = kernel.as_deref() == Some(name.trim());
        }
        let Some(usage) = kernel.as_ref().and_then(|name| kernels.get_mut(name)) else { continue };
        if line.contains("bytes stack frame") && told_of_kernel {
            usage.stack = number_before(line, " bytes stack frame");
            usage.spills = (number_before(line, " bytes spill stores"), number_before(line, " bytes spill loads"));
        } else if line.contains(" registers") {
            usage.registers = number_before(line, " registers");
            usage.shared = number_before(line, " bytes smem");
        }
    }
    kernels
}

fn number_before(line: &str, words: &str) -> u32 {
    let Some((before, _)) = line.split_once(words) else { return 0 };
    let digits = before.rsplit(|character: char| !character.is_ascii_digit()).next().unwrap_or_default();
    digits.parse().unwrap_or(0)
}

/// What every kernel uses on every card.
#[derive(Default)]
pub struct Table {
    kernels: BTreeMap<String, BTreeMap<u32, Usage>>,
}

impl Table {
    /// Adds a card.
    pub fn add(&mut self, card: u32, usage: BTreeMap<String, Usage>) {
        for (kernel, usage) in usage {
            self.kernels.entry(kernel).or_default().insert(card, usage);
        }
    }

    /// Fails if a kernel keeps in memory what belongs into registers.
    pub fn refuse_spills(&self) -> Result<()> {
        let spilled = |(kernel, cards): (&String, &BTreeMap<u32, Usage>)| {
            let (card, usage) = cards.iter().find(|(_, usage)| usage.spills != (0, 0))?;
            Some(format!("{kernel} on sm_{card}: {} bytes stored, {} loaded", usage.spills.0, usage.spills.1))
        };
        let spills: Vec<String> = self.kernels.iter().filter_map(spilled).collect();
        ensure!(spills.is_empty(), "registers are spilled: {}", spills.join("; "));
        Ok(())
    }

    /// As Markdown.
    pub fn text(&self) -> String {
        let cards: Vec<u32> = {
            let mut cards: Vec<u32> = self.kernels.values().flat_map(|cards| cards.keys().copied()).collect();
            cards.sort_unstable();
            cards.dedup();
            cards
        };
        let mut lines = vec![
            "# What each kernel uses".to_owned(),
            String::new(),
            "Written by `cargo xtask ptx` from what NVIDIA's assembler says (`ptxas --verbose`). Registers of a thread; behind a".to_owned(),
            "plus, bytes of a thread's arrays in local memory. No kernel spills registers: the command fails if one does. The".to_owned(),
            "memory of a block is given with the launch and not told here.".to_owned(),
            String::new(),
        ];
        let row = |cells: Vec<String>| format!("| {} |", cells.join(" | "));
        lines.push(row(std::iter::once("kernel".to_owned())
            .chain(cards.iter().map(|card| format!("sm_{card}")))
            .collect()));
        lines.push(row(vec!["---".to_owned(); cards.len() + 1]));
        for (kernel, usage) in &self.kernels {
            let cell = |card: &u32| match usage.get(card) {
                Some(Usage { registers, stack: 0, .. }) => registers.to_string(),
                Some(Usage { registers, stack, .. }) => format!("{registers} + {stack}"),
                None => "-".to_owned(),
            };
            lines.push(row(std::iter::once(format!("`{kernel}`")).chain(cards.iter().map(cell)).collect()));
        }
        lines.join("\n") + "\n"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: &str = "\
ptxas info    : 52 bytes gmem, 8 bytes cmem[4]
ptxas info    : Compiling entry function 'unary' for 'sm_80'
ptxas info    : Function properties for unary
    0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
ptxas info    : Used 22 registers, used 0 barriers, 376 bytes cmem[0], 116 bytes cmem[2]
ptxas info    : Compile time = 107.805 ms
ptxas info    : Function properties for acos
    8 bytes stack frame, 12 bytes spill stores, 16 bytes spill loads
ptxas info    : Compiling entry function 'walk' for 'sm_80'
ptxas info    : Function properties for walk
    384 bytes stack frame, 4 bytes spill stores, 8 bytes spill loads
ptxas info    : Used 64 registers, used 1 barriers, 1024 bytes smem, 376 bytes cmem[0]
";

    #[test]
    fn the_assembler_is_understood() {
        let usage = usage(SAID);
        assert_eq!(usage["unary"], Usage { registers: 22, ..Usage::default() });
        assert_eq!(usage["walk"], Usage { registers: 64, stack: 384, spills: (4, 8), shared: 1_024 });
        assert_eq!(usage.len(), 2);
    }

    #[test]
    fn a_spill_is_refused_and_named() {
        let mut table = Table::default();
        table.add(80, usage(SAID));
        let refused = table.refuse_spills().unwrap_err().to_string();
        assert_eq!(refused, "registers are spilled: walk on sm_80: 4 bytes stored, 8 loaded");
    }

    #[test]
    fn the_table_has_a_row_for_each_kernel_and_a_column_for_each_card() {
        let mut table = Table::default();
        table.add(80, usage(SAID));
        table.add(75, BTreeMap::from([("unary".to_owned(), Usage { registers: 20, ..Usage::default() })]));
        let text = table.text();
        assert!(
            text.ends_with(
                "| kernel | sm_75 | sm_80 |\n| --- | --- | --- |\n| `unary` | 20 | 22 |\n| `walk` | - | 64 + 384 |\n"
            ),
            "{text}"
        );
    }
}
