//! Writes the specifications of the engines: their words, and answers that the kernels give.

use std::fmt::Write as _;

use kernels::attestation::lease_root;
use kernels::probe::machine::Job;
use kernels::probe::{Plan, Ratings, trace};
use kernels::render::job::first_digest;
use kernels::render::scene::Scene;
use kernels::render::{Frame, RADIANCE_ONE, Tracer, UnitOutput, compile, render_units};

/// Steps into the first sample whose states are stated.
const STEPS: [u64; 5] = [1, 5, 20, 60, 120];

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
* Hash of a state: with head the first 112 bytes of the committed form and path the other 452, SHA-256(head) where the path is
  all zero, as it is between samples, else SHA-256(head, SHA-256(path)).
* Trace of a unit of n pixels: Merkle tree over the hashes of the states at the start of the pixels 1 to n - 1
  (kernels::render::trace); every pixel is a segment of samples x kernels::render::steps_per_sample steps.
* Root of a lease: kernels::attestation::lease_root over its units, each with digest, steps and trace root: leaves
  SHA-256(0x00, unit, digest, steps, trace), numbers as u64 little-endian. The lease's result is the units' bytes, one after the
  other; its SHA-256 is revealed beside the root.
* The scene is committed to by the Merkle root of its image over 64-byte leaves. A job states frame, root and counts in the 128
  bytes of kernels::referee::Statement, format 1.
* Referee: the program render_referee answers what follows a state (programs/render-referee/SPEC.md).

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
        let (digest, trace) = (hex::encode(output.digest), hex::encode(output.trace));
        writeln!(text, "| {name} | unit {unit}, {} steps | {digest} |", output.steps).expect("a string");
        writeln!(text, "| {name} | unit {unit}, trace | {trace} |").expect("a string");
    }
    // Boundaries do not show how the machine divides a sample into steps; states inside one do.
    let states = tracer.states(&frame, 0, 0, first_digest(0), &STEPS).expect("offsets inside the first sample");
    for (step, state) in STEPS.iter().zip(states) {
        writeln!(text, "| {name} | unit 0, state after {step} steps | {} |", hex::encode(state.hash()))
            .expect("a string");
    }
    let attested: Vec<_> = units.iter().map(UnitOutput::unit_attestation).collect();
    writeln!(text, "| {name} | lease root of all units | {} |", hex::encode(lease_root(0, &attested)))
        .expect("a string");
}

const PROBE_WORDS: &str = "\
# The `probe` engine

The SHA-256 of this file is the engine's digest on chain: whoever answers or audits a probe under that digest means exactly this.

* What a result is: the step machine of crates/kernels/src/probe/machine.rs over the functions of clock.rs, chain.rs and walk.rs beside it. Every
  bit is defined; all of it is integers.
* Statement, format 2: what a node of declared ratings computes, and the seed; kernels::probe::Plan.
* Units: 0 the clock, 1 the chain, 2 the walk. The output of a unit is the digest that its machine ends with.
* Hash of a state: SHA-256 of its bytes, in the form that machine.rs states.
* Trace of a unit: Merkle tree over the hashes of the states at the boundaries between its segments (kernels::probe::trace).
* Root of a lease: kernels::attestation::lease_root over the three units, each with output, steps and trace root.
* Referee: the program probe_referee answers what follows a state (programs/probe-referee/SPEC.md).

## Answers

For the seed of 32 bytes 7 and a work time of one second. An implementation that does not give these answers is not this engine.

| compute, memory MiB, clock | what | value |
|---|---|---|
";

/// The whole file of the probes.
pub fn probe() -> String {
    let mut text = PROBE_WORDS.to_owned();
    for ratings in [Ratings { compute: 1, memory_mib: 1, clock: 1 }, Ratings { compute: 8, memory_mib: 2, clock: 300 }]
    {
        let Ratings { compute, memory_mib, clock } = ratings;
        let job = Job { plan: Plan::of(&ratings, 1), seed: [7; 32] };
        let units = trace::run(&job).expect("a plan of ratings is one");
        let attested = units.attest(&job);
        let mut row = |what: String, value: [u8; 32]| {
            writeln!(text, "| {compute}, {memory_mib}, {clock} | {what} | {} |", hex::encode(value)).expect("a string");
        };
        for (unit, attestation) in attested.iter().enumerate() {
            row(format!("unit {unit}, {} steps", attestation.steps), attestation.output);
            row(format!("unit {unit}, trace"), attestation.trace);
        }
        row("lease root".to_owned(), lease_root(0, &attested));
    }
    text
}
