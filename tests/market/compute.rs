//! COMPUTE.md: what each instruction costs, held against what it cost when the file was last written.

use market_tests::compute::{BARS, measure};
use render_compute_client::instruction;
use std::{collections::BTreeMap, fmt::Write, fs, path::Path};

const HEADER: &str = "\
# Compute units per instruction

Measured by `cargo xtask test` in one fixed scenario (`tests/src/compute.rs`): each instruction alone in a transaction, token
calls included, the largest of its runs. A test fails when an instruction grows by more than 2 % over this file;
`UPDATE_GOLDEN=1 cargo xtask test --package market-tests` writes it anew.

| instruction | CU | bar |
|---|---:|---:|
";

fn table(measured: &BTreeMap<String, u64>) -> String {
    let mut text = HEADER.to_owned();
    for (name, units) in measured {
        let bar = BARS.iter().find(|(of, _)| of == name);
        let bar = bar.map_or(String::new(), |(_, bar)| format!("{bar}{}", if units > bar { ", missed" } else { "" }));
        writeln!(text, "| `{name}` | {units} | {bar} |").expect("a string takes all text");
    }
    text
}

fn parse(text: &str) -> BTreeMap<String, u64> {
    text.lines()
        .filter_map(|line| {
            let mut cells = line.strip_prefix("| `")?.split('|');
            let name = cells.next()?.trim().trim_end_matches('`').to_owned();
            Some((name, cells.next()?.trim().parse().ok()?))
        })
        .collect()
}

#[test]
fn no_instruction_costs_two_percent_more_than_compute_md_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../COMPUTE.md");
    let measured = measure();
    for name in instruction::NAMES {
        assert!(measured.contains_key(*name), "the scenario never sends {name} alone");
    }
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, table(&measured)).expect("COMPUTE.md can be written");
        return;
    }
    let written = parse(&fs::read_to_string(&path).unwrap_or_default());
    let grown: Vec<_> = measured
        .iter()
        .filter(|(name, units)| written.get(*name).is_none_or(|before| **units * 100 > before * 102))
        .map(|(name, units)| format!("{name}: {units}, was {:?}", written.get(name)))
        .collect();
    assert!(grown.is_empty(), "write COMPUTE.md anew with UPDATE_GOLDEN=1 if this is meant: {grown:#?}");
    let gone: Vec<_> = written.keys().filter(|name| !measured.contains_key(*name)).collect();
    assert!(gone.is_empty(), "COMPUTE.md lists what is not an instruction any more: {gone:?}");
}

#[test]
fn the_table_is_read_as_it_is_written() {
    let measured = BTreeMap::from([("lease_claim".to_owned(), 12_345), ("job_open".to_owned(), 7)]);
    assert_eq!(parse(&table(&measured)), measured);
}
