//! The published specification of an engine against the engine itself.

#[path = "support/specification.rs"]
mod specification;

#[test]
fn the_kernels_give_the_answers_that_the_specification_of_render_states() {
    assert_eq!(
        migrations::engine::RENDER.specification,
        specification::render(),
        "results changed: run `cargo run -p migrations --example specification > migrations/engines/render.md`"
    );
}

#[test]
fn the_kernels_give_the_answers_that_the_specification_of_probes_states() {
    assert_eq!(
        migrations::engine::PROBE.specification,
        specification::probe(),
        "results changed: run `cargo run -p migrations --example specification probe > migrations/engines/probe.md`"
    );
}
