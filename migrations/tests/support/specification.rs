//! Writes the specification of the `render` engine: its words, and answers that the kernels give.

use std::fmt::Write as _;

use kernels::render::scene::Scene;
use kernels::render::{Frame, RADIANCE_ONE, Tracer, compile, render_units};

const WORDS: &str = "\
# The `render` engine

The SHA-256 of this file is the engine's digest on chain: whoever opens or runs a job of the engine `render` under that digest
means exactly this.

* What a result is: the step machine `kernels::render::Render` (crates/kernels/src/render/path.rs) over the scene image of
  crates/kernels/src/render/image.rs, in strict single precision (crates/kernels/src/strict.rs). Every bit is defined.
* Unit: one tile of the frame, row-major. Its result is 24 bytes per pixel, row-major in the tile: three little-endian i64, the
  sums of red, green and blue over all samples in units of 1/RADIANCE_ONE.
* Digest of a unit: SHA-256(\"render-compute:render-unit\", unit as u64 little-endian), then for each pixel
  SHA-256(digest before, the pixel's 24 bytes).
* Root of a lease: kernels::attestation::lease_root over the digests of its units. The lease's result is the units' bytes, one
  after the other; its SHA-256 is revealed beside the root.
* The scene is committed to by the Merkle root of its image over 64-byte leaves.

## Answers

The project's own scenes (crates/scene), each rendered with tile 8, samples 4, max_bounces 4 and seed 1 at 16 x 16 pixels.
An implementation that does not give these answers is not this engine.
";

/// The whole file.
pub fn render() -> String {
    let mut text = WORDS.to_owned();
    writeln!(text, "RADIANCE_ONE is {RADIANCE_ONE}.\n\n| scene | what | value |\n|---|---|---|").expect("a string");
    answers(&mut text, "cornell", &scene::cornell_box());
    answers(&mut text, "still-life", &scene::textured_still_life());
    text
}

fn answers(text: &mut String, name: &str, scene: &Scene) {
    let image = compile(scene).expect("the project's own scenes compile");
    writeln!(text, "| {name} | image root | {} |", hex::encode(image.root())).expect("a string");
    let frame = Frame { width: 16, height: 16, tile: 8, samples: 4, max_bounces: 4, seed: 1 };
    let tracer = Tracer::new(image).expect("a compiled image is whole");
    let units = render_units(&tracer, &frame, 0..frame.units()).expect("a valid frame");
    for (unit, output) in units.iter().enumerate() {
        let digest = hex::encode(output.digest);
        writeln!(text, "| {name} | unit {unit}, {} steps | {digest} |", output.steps).expect("a string");
    }
}
