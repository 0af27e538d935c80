//! Owns `idl`: the interface of each program as Anchor describes it, in `idl/<library>.json`.
//!
//! With the feature `idl-build`, anchor-lang adds tests to a program that print their part of the IDL; this runs them and joins the parts.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::command;
use crate::places::{self, Places};
use crate::programs::{self, Program};

/// Writes the programs' IDLs to idl/
#[derive(clap::Args)]
pub struct Arguments {
    /// Writes nothing; fails if a file is not what it should be
    #[arg(long)]
    pub check: bool,
}

/// `cargo xtask idl`
pub fn run(arguments: Arguments) -> Result<()> {
    let places = Places::find()?;
    for program in programs::all(&places)? {
        let mut text = serde_json::to_string_pretty(&of(&places, &program)?)?;
        text.push('\n');
        let path = file(&places, &program);
        write_or_compare(&places, &path, text.as_bytes(), arguments.check, "cargo xtask idl")?;
    }
    Ok(())
}

/// Where the IDL of a program is.
pub fn file(places: &Places, program: &Program) -> PathBuf {
    places.root.join("idl").join(format!("{}.json", program.library))
}

/// Writes a generated file, or fails if it is out of date.
pub fn write_or_compare(places: &Places, path: &PathBuf, content: &[u8], check: bool, verb: &str) -> Result<()> {
    let name = path.strip_prefix(&places.root).unwrap_or(path).display();
    if check {
        let current = std::fs::read(path).is_ok_and(|present| present == content);
        ensure!(current, "{name} is out of date: run {verb} and commit it");
    } else if places::write_if_changed(path, content)? {
        println!("{name} written");
    }
    Ok(())
}

fn of(places: &Places, program: &Program) -> Result<Value> {
    let mut cargo = command::cargo(places);
    cargo.args(["test", "--quiet", "--package", &program.package, "--lib", "--features", "idl-build"]);
    cargo.args(["__anchor_private_print_idl", "--", "--show-output"]);
    let printed = command::output(cargo.env("ANCHOR_IDL_BUILD_PROGRAM_PATH", &program.folder))?;
    join(&sections(&printed)?).with_context(|| format!("the IDL of {}", program.package))
}

/// What stands between `--- IDL begin X ---` and `--- IDL end X ---`, by X, in the order printed.
fn sections(printed: &str) -> Result<BTreeMap<&str, Vec<String>>> {
    let mut sections: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let mut open: Option<(&str, String)> = None;
    for line in printed.lines() {
        if let Some(name) = line.strip_prefix("--- IDL begin ").and_then(|rest| rest.strip_suffix(" ---")) {
            open = Some((name, String::new()));
        } else if line.starts_with("--- IDL end ") {
            let (name, text) = open.take().context("a section of the IDL ends before it begins")?;
            sections.entry(name).or_default().push(text);
        } else if let Some((_, text)) = &mut open {
            text.push_str(line);
            text.push('\n');
        }
    }
    if let Some((name, _)) = open {
        bail!("the section {name} of the IDL does not end");
    }
    Ok(sections)
}

/// One IDL from the parts: the program's own, with the address, constants, events, errors and the events' types put in.
fn join(sections: &BTreeMap<&str, Vec<String>>) -> Result<Value> {
    let parts = |name: &str| -> Result<Vec<Value>> {
        let texts = sections.get(name).map(Vec::as_slice).unwrap_or_default();
        texts
            .iter()
            .map(|text| serde_json::from_str(text).with_context(|| format!("the part {name} is not JSON")))
            .collect()
    };
    let [mut idl] = <[Value; 1]>::try_from(parts("program")?).ok().context("there is not exactly one program")?;
    let address = sections.get("address").and_then(|texts| texts.first()).context("there is no address")?;
    idl["address"] = address.trim().trim_matches(|c: char| !c.is_alphanumeric()).into();

    let mut types = BTreeMap::new();
    let mut events = Vec::new();
    for mut part in parts("event")? {
        events.push(part["event"].take());
        collect_by_name(&mut types, part["types"].take());
    }
    collect_by_name(&mut types, idl["types"].take());
    idl["types"] = types.into_values().collect();
    idl["events"] = events.into();
    idl["constants"] = parts("const")?.into();
    idl["errors"] = parts("errors")?.iter().filter_map(Value::as_array).flatten().cloned().collect();
    for name in ["accounts", "constants", "events", "instructions"] {
        if let Some(items) = idl[name].as_array_mut() {
            items.sort_by_key(|item| item["name"].to_string());
        }
    }
    sort_by_code(&mut idl["errors"]);
    shorten_paths(&mut idl);
    ensure_distinct_discriminators(&idl)?;
    Ok(idl)
}

fn collect_by_name(types: &mut BTreeMap<String, Value>, list: Value) {
    if let Value::Array(list) = list {
        types.extend(list.into_iter().map(|item| (item["name"].as_str().unwrap_or_default().to_owned(), item)));
    }
}

fn sort_by_code(errors: &mut Value) {
    if let Some(errors) = errors.as_array_mut() {
        errors.sort_by_key(|error| error["code"].as_u64());
    }
}

/// `module::path::Name` to `Name`: our types have distinct names, and clients have no modules.
fn shorten_paths(value: &mut Value) {
    match value {
        Value::String(text) => {
            let is_path =
                text.split("::").all(|word| !word.is_empty() && word.chars().all(|c| c.is_alphanumeric() || c == '_'));
            if is_path && let Some((_, name)) = text.rsplit_once("::") {
                *text = name.to_owned();
            }
        }
        Value::Array(items) => items.iter_mut().for_each(shorten_paths),
        Value::Object(fields) => {
            // Documentation may well write a path.
            fields.iter_mut().filter(|(key, _)| *key != "docs").for_each(|(_, field)| shorten_paths(field));
        }
        _ => {}
    }
}

/// A discriminator that begins another one would be taken for it.
fn ensure_distinct_discriminators(idl: &Value) -> Result<()> {
    for kind in ["accounts", "events", "instructions"] {
        let items = idl[kind].as_array().map(Vec::as_slice).unwrap_or_default();
        let bytes = |item: &Value| item["discriminator"].as_array().cloned().unwrap_or_default();
        for (position, item) in items.iter().enumerate() {
            let own = bytes(item);
            ensure!(!own.is_empty(), "{kind} {} has an empty discriminator", item["name"]);
            let others = items.iter().enumerate().filter(|(other, _)| *other != position);
            if let Some((_, other)) = others.into_iter().find(|(_, other)| bytes(other).starts_with(&own)) {
                bail!("{kind} {} and {} have discriminators that cannot be told apart", item["name"], other["name"]);
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const PRINTED: &str = r#"
running 4 tests
---- __anchor_private_print_idl_address stdout ----
--- IDL begin address ---
"Fg6PaFpoGXkYsidMpWTK6W2BeZ7FEfcYkg476zPFsLnS"
--- IDL end address ---
--- IDL begin event ---
{"event":{"name":"Bought","discriminator":[2]},"types":[{"name":"market::events::Bought","type":"u64"}]}
--- IDL end event ---
--- IDL begin errors ---
[{"code":6001,"name":"B","msg":"use a::b"},{"code":6000,"name":"A"}]
--- IDL end errors ---
--- IDL begin program ---
{"address":"","instructions":[{"name":"z","discriminator":[2]},{"name":"a","discriminator":[1]}],
 "accounts":[],"types":[{"name":"market::state::Job","docs":["see a::b"],"type":"u8"}]}
--- IDL end program ---
"#;

    #[test]
    fn the_printed_parts_become_one_sorted_idl() {
        let idl = join(&sections(PRINTED).unwrap()).unwrap();
        assert_eq!(idl["address"], "Fg6PaFpoGXkYsidMpWTK6W2BeZ7FEfcYkg476zPFsLnS");
        assert_eq!(idl["instructions"][0]["name"], "a");
        assert_eq!(idl["errors"][0]["name"], "A");
        assert_eq!(
            idl["types"],
            json!([{"name":"Bought","type":"u64"},{"name":"Job","docs":["see a::b"],"type":"u8"}])
        );
        assert_eq!(idl["errors"][1]["msg"], "use a::b");
    }

    #[test]
    fn two_discriminators_that_cannot_be_told_apart_are_refused() {
        let printed = PRINTED.replace("\"name\":\"a\",\"discriminator\":[1]", "\"name\":\"a\",\"discriminator\":[2,1]");
        let error = join(&sections(&printed).unwrap()).unwrap_err();
        assert!(error.to_string().contains("cannot be told apart"), "{error}");
    }
}
