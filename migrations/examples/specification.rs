//! Prints the specification of the `render` engine with the answers of the kernels that it is built with:
//! `cargo run -p migrations --example specification > migrations/engines/render.md`.

#[path = "../tests/support/specification.rs"]
mod specification;

fn main() {
    print!("{}", specification::render());
}
