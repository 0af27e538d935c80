//! What was measured on, with the names that `cargo xtask bench` gives these facts.

use crate::backend::{accelerators, processor};
use serde_json::{Value, json};
use std::fs;

pub(super) fn describe() -> Value {
    let found = accelerators();
    let gpus = found.devices.unwrap_or_default();
    let names = gpus.iter().map(|gpu| format!("{}: {} ({})", gpu.ordinal, gpu.name, gpu.uuid));
    json!({
        "cpu": processor(),
        "cores": std::thread::available_parallelism().ok().map(usize::from),
        "memory": field("/proc/meminfo", "MemTotal"),
        "gpu": (!gpus.is_empty()).then(|| names.collect::<Vec<_>>().join(", ")),
        "driver": found.driver,
        "system": field("/etc/os-release", "PRETTY_NAME"),
        "worker": env!("CARGO_PKG_VERSION"),
    })
}

fn field(path: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let value = text.lines().find_map(|line| line.strip_prefix(name))?;
    Some(value.trim_matches([' ', '\t', ':', '=', '"']).to_owned())
}
