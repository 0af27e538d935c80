//! Honest traces of probes to ask the probe referee about, and what its answers cost.

use crate::referee::Referee;
use kernels::{
    merkle::{Digest, empty_root},
    probe::{
        Key, Plan, Ratings, ShapeError, chain, clock,
        machine::{CHAIN, CLOCK, HASHES, Job, Place, WALK},
        prove::{Processor, Prover, Recompute},
        trace::{Units, run},
        walk,
    },
    referee::wire,
};
use std::{collections::BTreeMap, ops::Range, sync::Arc};

/// Three rounds, six slices in two passes, two segments of the walk: all kinds of steps in a moment.
pub const SMALL: Plan = Plan {
    clock: clock::Shape { segments: 3, steps: 2 * HASHES },
    chain: chain::Shape { size: 128, rounds: 3, rounds_per_checkpoint: 1 },
    walk: walk::Shape { walkers: 64, slices: 3, steps: 3, passes: 2, reads: 6 },
};

/// A party that ran a probe on this processor.
pub fn prover(job: Job) -> Prover<Processor> {
    Prover::new(job, run(&job).expect("a plan"), Processor::new(job).expect("a plan"))
}

/// Matrices of the largest chain that has a row's evidence, without its products: a step is judged by the roots in its state
/// alone, and nobody here asks whether a round led to them.
struct Unmultiplied {
    job: Job,
    walk: Processor,
}

impl Recompute for Unmultiplied {
    type Error = ShapeError;

    fn left(&mut self, round: u32) -> Result<Arc<Vec<i8>>, ShapeError> {
        let key = Key([round, 1, 2, 3]);
        Ok(Arc::new(chain::matrix(key, self.job.plan.chain.size)))
    }

    fn slice(&mut self, pass: u32, slice: u32) -> Result<Arc<Vec<walk::Cell>>, ShapeError> {
        self.walk.slice(pass, slice)
    }

    fn walked(&mut self, walkers: Range<u32>, reads: u32) -> Result<Vec<walk::Cell>, ShapeError> {
        self.walk.walked(walkers, reads)
    }
}

/// What each kind of step costs at most, and the questions about the ends of a trace: a chain of the largest matrices, a walk
/// through 64 MiB whose proofs have 12 hashes a leaf. The largest walk that a statement can ask for has 26 of them, which is
/// 42 hashes of 65 bytes more.
pub fn measure_probe_steps() -> BTreeMap<String, u64> {
    let walk = Plan::of(&Ratings { compute: 1, memory_mib: 64, clock: 1 }, 1).walk;
    let chain = chain::Shape { size: 8_192, rounds: 2, rounds_per_checkpoint: 1 };
    let job = Job { plan: Plan { chain, walk, ..SMALL }, seed: [3; 32] };
    let run = run(&Job { plan: Plan { chain: SMALL.chain, ..job.plan }, ..job }).expect("a plan");
    let digests: Vec<Digest> = run.to_bytes().as_chunks::<32>().0.to_vec();
    let (clock, rest) = digests.split_at(3);
    let (_, rest) = rest.split_at(3);
    let (slices, finals) = rest.split_at((walk.passes * walk.slices) as usize);
    let chain_roots = vec![empty_root(); 2];
    let units = Units::new(&job.plan, clock.to_vec(), chain_roots, slices.to_vec(), finals.to_vec());
    let again = Unmultiplied { job, walk: Processor::new(job).expect("a plan") };
    let mut prover = Prover::new(job, units.expect("as many as the plan says"), again);

    let mut referee = Referee::of_probes();
    let statement = job.plan.statement(&job.seed);
    let mut most = BTreeMap::new();
    let mut note = |name: &str, units: u64| {
        let most = most.entry(name.to_owned()).or_insert(0);
        *most = units.max(*most);
    };
    for unit in [CLOCK, CHAIN, WALK] {
        let begin = referee.ask(&wire::trace_begin(unit, &statement), None).expect("the unit exists");
        note("trace_begin", begin.compute_units);
        let end = referee.ask(&wire::trace_end(unit, &[1; 32], &statement), None).expect("the unit exists");
        note("trace_end", end.compute_units);
    }
    let bytes = job.plan.chain.bytes();
    let fills = u64::from(walk.passes * walk.slices) * walk.slice_cells();
    let reads = u64::from(walk.reads);
    let chain_steps = [1_023, bytes - 1, bytes + 1_023, 2 * bytes - 2];
    let slice = walk.slice_cells();
    let fill_steps = (0..24).map(|index| index * fills / 24 + slice / 2 - 1).chain([slice - 1, fills - 1]);
    let walk_steps = (1..24).map(|index| fills + (index * 31 + 31) * reads - 1).chain([fills, fills + 3]);
    let steps = [(CLOCK, vec![0, 3]), (CHAIN, chain_steps.into()), (WALK, fill_steps.chain(walk_steps).collect())];
    for (unit, step) in steps.into_iter().flat_map(|(unit, steps)| steps.into_iter().map(move |step| (unit, step))) {
        let name = match job.place(unit, step).expect("a step") {
            Place::Clock => "clock",
            Place::Chain { round: 0, .. } => "chain, first round",
            Place::Chain { .. } => "chain",
            Place::Fill { .. } => "walk, a cell written",
            Place::Walk { .. } | Place::Done => "walk, a cell read",
        };
        let before = prover.state(unit, step).expect("a step").hash();
        let evidence = prover.evidence(unit, step).expect("a step");
        let (_, units) = referee.step_of(&statement, &before, &evidence).expect("honest evidence");
        note(name, units);
    }
    most
}
