//! Owns `bench`: runs every benchmark of the registry and merges their rows into one file.
//!
//! The file: `{"machine":{...},"rows":[{"area","name","value","unit","bar","better","peer","ratio","command","why"}]}`. `bar` is the
//! figure to reach and `better` which way (`lower` or `higher`); `peer` and `ratio` stand when a peer ran beside it;
//! a row that could not be measured here has `"value":null` and a `"why"`.

mod registry;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::build;
use crate::command;
use crate::places::{self, Places};
use crate::test;
use registry::{BENCHMARKS, Benchmark, Profile, Target};

/// Measures what the project promises and writes it down
#[derive(clap::Args)]
pub struct Arguments {
    /// File whose rows are replaced or added to
    #[arg(long, value_name = "FILE", default_value = "target/bench.json")]
    json: PathBuf,
    /// Only the benchmarks with this name
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
}

/// `cargo xtask bench`
pub fn run(arguments: Arguments) -> Result<()> {
    let places = Places::find()?;
    let programs = build::all(&places)?;
    let path = places.root.join(&arguments.json);
    let mut rows = rows_of(&path)?;
    let chosen =
        |benchmark: &&Benchmark| arguments.only.is_empty() || arguments.only.iter().any(|name| name == benchmark.name);
    for benchmark in BENCHMARKS.iter().filter(chosen) {
        let mut cargo = command::cargo(&places);
        let target = match benchmark.target {
            Target::Binary => "--bin",
            Target::Example => "--example",
        };
        cargo.args(["run", "--quiet", "--package", benchmark.package, target, benchmark.name]);
        if benchmark.profile == Profile::Release {
            cargo.arg("--release");
        }
        cargo.arg("--").args(benchmark.arguments);
        test::tell_programs(&mut cargo, &places, &programs);
        if benchmark.needs_validator {
            test::tell_processes(&mut cargo, &places)?;
        }
        for row in measured(&command::output(&mut cargo)?, &format!("cargo xtask bench --only {}", benchmark.name))? {
            println!("{}", shown(&row));
            merge(&mut rows, row);
        }
    }
    let missed = rows.iter().filter(|row| misses_its_bar(row)).count();
    println!("{} rows, {missed} miss their bar: {}", rows.len(), path.display());
    let mut text = serde_json::to_string_pretty(&json!({ "machine": machine(), "rows": rows }))?;
    text.push('\n');
    places::write_if_changed(&path, text.as_bytes())?;
    Ok(())
}

fn rows_of(path: &Path) -> Result<Vec<Value>> {
    let Ok(text) = fs::read_to_string(path) else { return Ok(Vec::new()) };
    let mut file: Value = serde_json::from_str(&text).with_context(|| format!("{} is not JSON", path.display()))?;
    let rows = file["rows"].as_array_mut().with_context(|| format!("{} has no rows", path.display()))?;
    Ok(std::mem::take(rows))
}

/// The rows that a benchmark printed, one a line or all in the field `rows` of one object, each with the command that
/// measures it again.
fn measured(printed: &str, command: &str) -> Result<Vec<Value>> {
    let printed: Vec<Value> = match serde_json::from_str::<Value>(printed) {
        Ok(mut whole) if whole["rows"].is_array() => {
            let rows = whole["rows"].as_array_mut().context("an array")?;
            std::mem::take(rows)
        }
        _ => {
            let lines = printed.lines().filter(|line| !line.trim().is_empty());
            let row = |line| serde_json::from_str(line).with_context(|| format!("not a row of JSON: {line}"));
            lines.map(row).collect::<Result<_>>()?
        }
    };
    let mut rows = Vec::new();
    for mut row in printed {
        for field in ["area", "name", "unit", "better"] {
            ensure!(row[field].is_string(), "the row {row} has no {field}");
        }
        ensure!(row["value"].is_number() || row["why"].is_string(), "the row {row} has neither a value nor a why");
        if !row["command"].is_string() {
            row["command"] = command.into();
        }
        rows.push(row);
    }
    Ok(rows)
}

fn merge(rows: &mut Vec<Value>, row: Value) {
    let same = |other: &&mut Value| other["area"] == row["area"] && other["name"] == row["name"];
    match rows.iter_mut().find(same) {
        Some(present) => *present = row,
        None => rows.push(row),
    }
}

fn misses_its_bar(row: &Value) -> bool {
    let (Some(value), Some(bar)) = (row["value"].as_f64(), row["bar"].as_f64()) else { return false };
    if row["better"] == "higher" { value < bar } else { value > bar }
}

fn shown(row: &Value) -> String {
    let text = |field: &str| match &row[field] {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let verdict = match () {
        () if row["value"].is_null() => format!("not measured: {}", text("why")),
        () if row["bar"].is_null() => String::new(),
        () if misses_its_bar(row) => format!("MISSES {}", text("bar")),
        () => format!("reaches {}", text("bar")),
    };
    format!("{:<10} {:<32} {:>16} {:<10} {verdict}", text("area"), text("name"), text("value"), text("unit"))
}

fn machine() -> Value {
    let field = |path: &str, name: &str| {
        let text = fs::read_to_string(path).ok()?;
        let value = text.lines().find_map(|line| line.strip_prefix(name))?;
        Some(value.trim_matches([' ', '\t', ':', '=', '"']).to_owned())
    };
    json!({
        "cpu": field("/proc/cpuinfo", "model name"),
        "cores": std::thread::available_parallelism().ok().map(usize::from),
        "memory": field("/proc/meminfo", "MemTotal"),
        "gpu": command::ask("nvidia-smi", &["--query-gpu=name,driver_version", "--format=csv,noheader"]).map(|text| text.trim().to_owned()),
        "system": field("/etc/os-release", "PRETTY_NAME"),
        "rustc": rustc(),
    })
}

fn rustc() -> Option<String> {
    let output = Command::new("rustc").arg("--version").output().ok()?;
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(value: f64) -> Value {
        json!({"area": "slice", "name": "lease_claim", "value": value, "unit": "CU", "bar": 12_000, "better": "lower"})
    }

    #[test]
    fn a_row_replaces_the_one_of_the_same_area_and_name() {
        let mut rows = vec![row(13_000.0)];
        merge(&mut rows, row(11_000.0));
        merge(&mut rows, json!({"area": "gpu", "name": "lease_claim"}));
        assert_eq!((rows.len(), misses_its_bar(&rows[0])), (2, false));
    }

    #[test]
    fn a_row_without_a_value_must_say_why() {
        let without = r#"{"area":"gpu","name":"rays","unit":"1/s","better":"higher","value":null}"#;
        assert!(measured(without, "x").is_err());
        let with = without.replace("}", r#","why":"no GPU"}"#);
        assert_eq!(measured(&with, "x").unwrap()[0]["command"], "x");
    }

    #[test]
    fn rows_may_stand_in_one_object() {
        let object = json!({"machine": {}, "rows": [row(1.0), row(2.0)]}).to_string();
        assert_eq!(measured(&object, "x").unwrap().len(), 2);
    }
}
