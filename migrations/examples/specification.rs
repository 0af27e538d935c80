//! Prints the specification of the `render` engine, or of the one that is named, with the answers of the kernels that it is built with:
//! `cargo run -p migrations --example specification > migrations/engines/render.md`, or with `probe` for `probe.md`.

#[path = "../tests/support/specification.rs"]
mod specification;

fn main() {
    let text = match std::env::args().nth(1).as_deref() {
        Some("probe") => specification::probe(),
        _ => specification::render(),
    };
    print!("{text}");
}
