//! COMPUTE.md: what each instruction and each step of an engine costs, held against what it cost when the file was last
//! written.

use market_tests::compute::{BARS, measure};
use market_tests::probe_referee::measure_probe_steps;
use market_tests::referee::{STEP_BAR, measure_steps};
use render_compute_client::instruction;
use std::{collections::BTreeMap, fmt::Write, fs, path::PathBuf};

const INSTRUCTIONS: &str = "\
# Compute units per instruction

Measured by `cargo xtask test` in one fixed scenario (`tests/src/compute.rs`): each instruction alone in a transaction, token
calls included, the largest of its runs. A test fails when an instruction grows by more than 2 % over this file;
`UPDATE_GOLDEN=1 cargo xtask test --package market-tests` writes it anew.

| instruction | CU | bar |
|---|---:|---:|
";

const STEPS: &str = "\
# Steps of the render engine on chain

Measured in the same way (`tests/src/referee.rs`): one instruction of `render-referee` alone in a transaction. For a step the
largest of hundreds over all phases of the machine, spread over units of six random scenes and of one of 20,000 triangles, proofs of
its memory included; the rows are the phases of `kernels::render::Phase`, and the two questions about the ends of a trace.

| step | CU | bar |
|---|---:|---:|
";

const PROBE_STEPS: &str = "\
# Steps of the probe engine on chain

Measured in the same way (`tests/src/probe_referee.rs`): one instruction of `probe-referee` alone in a transaction. A chain's byte of
the largest matrices, 8,192 x 8,192; a walk through 64 MiB, whose proofs have 12 hashes of at most 26.

| step | CU | bar |
|---|---:|---:|
";

type Costs = BTreeMap<String, u64>;

/// All tables: instructions, and steps of both engines.
struct Tables {
    instructions: Costs,
    steps: Costs,
    probe_steps: Costs,
}

impl Tables {
    fn write(&self) -> String {
        let mut text = INSTRUCTIONS.to_owned();
        rows(&mut text, &self.instructions, |name| BARS.iter().find(|(of, _)| *of == name).map(|(_, bar)| *bar));
        text.push('\n');
        text.push_str(STEPS);
        rows(&mut text, &self.steps, |_| Some(STEP_BAR));
        text.push('\n');
        text.push_str(PROBE_STEPS);
        rows(&mut text, &self.probe_steps, |_| Some(STEP_BAR));
        text
    }

    fn read(text: &str) -> Self {
        let cut = |text: &'_ str, table: &str| {
            let title = table.lines().next().expect("the table has a title");
            let (before, after) = text.split_once(title).unwrap_or((text, ""));
            (before.to_owned(), after.to_owned())
        };
        let (instructions, rest) = cut(text, STEPS);
        let (steps, probe_steps) = cut(&rest, PROBE_STEPS);
        Self { instructions: parse(&instructions), steps: parse(&steps), probe_steps: parse(&probe_steps) }
    }
}

fn rows(text: &mut String, costs: &Costs, bar_of: impl Fn(&str) -> Option<u64>) {
    for (name, units) in costs {
        let bar =
            bar_of(name).map_or(String::new(), |bar| format!("{bar}{}", if *units > bar { ", missed" } else { "" }));
        writeln!(text, "| `{name}` | {units} | {bar} |").expect("a string takes all text");
    }
}

fn parse(text: &str) -> Costs {
    text.lines()
        .filter_map(|line| {
            let mut cells = line.strip_prefix("| `")?.split('|');
            let name = cells.next()?.trim().trim_end_matches('`').to_owned();
            Some((name, cells.next()?.trim().parse().ok()?))
        })
        .collect()
}

fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../COMPUTE.md")
}

fn written() -> Tables {
    Tables::read(&fs::read_to_string(path()).unwrap_or_default())
}

fn compare(measured: &Costs, written: &Costs) {
    let grown: Vec<_> = measured
        .iter()
        .filter(|(name, units)| written.get(*name).is_none_or(|before| **units * 100 > before * 102))
        .map(|(name, units)| format!("{name}: {units}, was {:?}", written.get(name)))
        .collect();
    assert!(grown.is_empty(), "write COMPUTE.md anew with UPDATE_GOLDEN=1 if this is meant: {grown:#?}");
    let gone: Vec<_> = written.keys().filter(|name| !measured.contains_key(*name)).collect();
    assert!(gone.is_empty(), "COMPUTE.md lists what does not exist any more: {gone:?}");
}

/// One test for all tables: the file is written once, whole.
#[test]
fn nothing_costs_two_percent_more_than_compute_md_says_and_no_step_too_much_for_a_transaction() {
    let measured = Tables { instructions: measure(), steps: measure_steps(), probe_steps: measure_probe_steps() };
    for name in instruction::NAMES {
        assert!(measured.instructions.contains_key(*name), "the scenario never sends {name} alone");
    }
    // Seventeen phases, of which nothing follows the last, and both ends of a trace.
    assert_eq!(measured.steps.len(), 16 + 2, "{:?}", measured.steps);
    let steps = measured.steps.iter().chain(&measured.probe_steps);
    let over: Vec<_> = steps.filter(|(_, units)| **units > STEP_BAR).collect();
    assert!(over.is_empty(), "a referee that is called needs the rest of a transaction: {over:?}");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(path(), measured.write()).expect("COMPUTE.md can be written");
        return;
    }
    let written = written();
    compare(&measured.instructions, &written.instructions);
    compare(&measured.steps, &written.steps);
    compare(&measured.probe_steps, &written.probe_steps);
}

#[test]
fn the_tables_are_read_as_they_are_written() {
    let instructions = Costs::from([("lease_claim".to_owned(), 12_345), ("job_open".to_owned(), 7)]);
    let steps = Costs::from([("Camera".to_owned(), 21_000), ("trace_end".to_owned(), 9)]);
    let probe_steps = Costs::from([("clock".to_owned(), 250_000), ("trace_end".to_owned(), 11)]);
    let written = Tables { instructions: instructions.clone(), steps: steps.clone(), probe_steps: probe_steps.clone() };
    let tables = Tables::read(&written.write());
    assert_eq!((tables.instructions, tables.steps, tables.probe_steps), (instructions, steps, probe_steps));
}
