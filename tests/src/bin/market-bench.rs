//! Prints the compute units of the hot path, one JSON object a line in the format of `cargo xtask bench`.

use market_tests::compute::{BARS, measure};
use serde_json::json;

fn main() {
    let measured = measure();
    for (name, bar) in BARS {
        let row = json!({
            "area": "slice", "name": name, "value": measured.get(name), "unit": "CU", "bar": bar, "better": "lower",
            "why": if measured.contains_key(name) { None } else { Some("the scenario never sent it alone") },
        });
        println!("{row}");
    }
}
