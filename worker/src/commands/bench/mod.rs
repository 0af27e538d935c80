//! `bench`: what this machine does in a second, for people or as rows like those of `cargo xtask bench`.
//!
//! What is promised of a GPU has its rows on a machine without one too, with the reason why they hold no value: who compares
//! two files sees what was not measured.

mod gpu;
mod machine;
mod processor;
mod rays;

use super::Context;
use crate::{cli::Bench, error::WorkerError};
use gpu_host::measure::Row;
use serde_json::{Value, json};
use std::{cell::RefCell, fmt};

const COMMAND: &str = "render-worker bench --json";

pub(super) fn bench(context: &Context, arguments: Bench) -> anyhow::Result<()> {
    let settings = &context.settings;
    // Who names a GPU wants that one measured: it is asked for before anything takes time.
    let device = match gpu::open(&settings.device) {
        Err(reason) if !settings.device.is_all() => return Err(WorkerError::NotReady(reason).into()),
        device => device,
    };
    let rows = RefCell::new(Vec::new());
    let take = |area, row| {
        let row = Measured { area, row };
        if !context.is_json {
            println!("{row}");
        }
        rows.borrow_mut().push(row);
    };
    processor::measure(settings.threads, arguments.quick, &|row| take("cpu", row))?;
    gpu::measure(device, &|row| take("gpu", row));
    if context.is_json {
        let rows: Vec<Value> = rows.borrow().iter().map(Measured::to_json).collect();
        println!("{:#}", json!({ "machine": machine::describe(), "rows": rows }));
    }
    Ok(())
}

/// A row, and what it is about: "cpu" or "gpu".
struct Measured {
    area: &'static str,
    row: Row,
}

impl Measured {
    /// As `cargo xtask bench` writes it.
    fn to_json(&self) -> Value {
        let Row { name, value, unit, better, bar, peer, ratio, floor, why } = &self.row;
        json!({
            "area": self.area,
            "name": name,
            "value": value,
            "unit": unit,
            "better": better,
            "bar": bar,
            "peer": peer,
            "ratio": ratio,
            "floor": floor,
            "why": why,
            "command": COMMAND,
        })
    }
}

impl fmt::Display for Measured {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Row { name, value, unit, better, bar, peer, ratio, floor, why } = &self.row;
        let shown = value.map_or_else(|| "-".to_owned(), figure);
        write!(formatter, "{:<4} {name:<66} {shown:>10} {unit:<14} ", self.area)?;
        let mut notes = Vec::new();
        match (value, bar) {
            (Some(value), Some(bar)) => {
                let is_reached = if *better == "higher" { value >= bar } else { value <= bar };
                notes.push(format!("{} {}", if is_reached { "reaches" } else { "MISSES" }, figure(*bar)));
            }
            (None, Some(bar)) => notes.push(format!("to reach {}", figure(*bar))),
            (_, None) => {}
        }
        notes.extend(ratio.map(|ratio| format!("{ratio:.2} of {}", peer.as_deref().unwrap_or("its peer"))));
        notes.extend(floor.map(|floor| format!("the device allows {}", figure(floor))));
        notes.extend(why.clone());
        formatter.write_str(&notes.join("; "))
    }
}

/// Four digits that count.
fn figure(value: f64) -> String {
    if value.abs() >= 1e6 {
        return format!("{value:.3e}");
    }
    let whole = value.abs().log10().floor().max(0.0);
    // At most three decimals, none for what is a thousand or more.
    let decimals = (3.0 - whole).clamp(0.0, 3.0) as usize;
    format!("{value:.decimals$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_for_people_says_whether_it_reaches_its_bar() {
        let row = Row::rate("sha256_tree", 199.4, "GB/s").bar(200.0).floor(Some(240.0));
        let line = Measured { area: "gpu", row }.to_string();
        assert!(line.starts_with("gpu  sha256_tree ") && line.contains(" 199.4 GB/s"), "{line}");
        assert!(line.ends_with("MISSES 200.0; the device allows 240.0"), "{line}");
        let row = Row::cost("start_up", 3.0, "ms").bar(50.0);
        assert!(Measured { area: "gpu", row }.to_string().ends_with("reaches 50.00"));
    }

    #[test]
    fn a_row_of_json_has_every_field_of_the_bench_file() {
        let row = Row::unmeasured("rays_coherent", "Gray/s", "higher", "no CUDA device").bar(2.0);
        let json = Measured { area: "gpu", row }.to_json();
        for field in ["area", "name", "value", "unit", "better", "bar", "peer", "ratio", "command", "why"] {
            assert!(json.get(field).is_some(), "{field}");
        }
        assert!(json["value"].is_null() && json["why"] == "no CUDA device");
    }

    #[test]
    fn figures_have_four_digits_that_count() {
        let figures = [0.12345, 1.0, 12.3456, 999.94, 123_456.7, 2e9].map(figure);
        assert_eq!(figures, ["0.123", "1.000", "12.35", "999.9", "123457", "2.000e9"]);
    }
}
