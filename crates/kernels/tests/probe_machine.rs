//! The probes' step machine and their fast runs are the same function, bit for bit; and evidence is for one step alone.

use kernels::attestation::lease_root;
use kernels::merkle::{self, Digest};
use kernels::probe::machine::{CHAIN, CLOCK, HASHES, Job, Place, WALK};
use kernels::probe::prove::{Processor, ProveError, Prover};
use kernels::probe::referee::{self, MOST_EVIDENCE_BYTES, RefereeError};
use kernels::probe::trace::{Units, run};
use kernels::probe::{Plan, Ratings, chain, clock, walk};
use kernels::referee::Outcome;
use proptest::prelude::*;

/// 3 rounds, 6 slices of 6 leaves in two passes, 2 parts of the walk.
const PLAN: Plan = Plan {
    clock: clock::Shape { segments: 3, steps: 2 * HASHES },
    chain: chain::Shape { size: 128, rounds: 3, rounds_per_checkpoint: 1 },
    walk: walk::Shape { walkers: 64, slices: 3, steps: 3, passes: 2, reads: 6 },
};

fn prover(job: Job) -> Prover<Processor> {
    Prover::new(job, run(&job).expect("a plan"), Processor::new(job).expect("a plan"))
}

/// Every step of a unit from its first state to its last.
fn step_through(job: Job, unit: u64) {
    let mut prover = prover(job);
    let attested = prover.units().attest(&job)[unit as usize];
    let begin = referee::begin(&job, unit).expect("a unit");
    assert_eq!(begin.segments * begin.segment_steps, attested.steps);
    let (mut hash, mut boundaries) = (begin.start, Vec::new());
    for step in 0..attested.steps {
        if step > 0 && step % begin.segment_steps == 0 {
            boundaries.push(hash);
        }
        let evidence = prover.evidence(unit, step).expect("a step");
        assert!(evidence.len() <= MOST_EVIDENCE_BYTES);
        assert_eq!(prover.state(unit, step).expect("a step").hash(), hash, "unit {unit}, step {step}");
        let outcome = referee::step(&job, &hash, &evidence);
        let Ok(Outcome::State(after)) = outcome else {
            panic!("unit {unit}, {:?}: {outcome:?}", job.place(unit, step))
        };
        hash = after;
    }
    assert_eq!(hash, referee::end(&job, unit, attested.output).expect("a unit"));
    assert_eq!(boundaries, prover.units().boundaries(&job, unit));
    assert_eq!(attested.trace, merkle::root(&boundaries));
    let last = prover.state(unit, attested.steps).expect("the end");
    assert_eq!(last.hash(), hash);
    assert_eq!(referee::step(&job, &hash, &last.to_bytes()), Ok(Outcome::Fault), "nothing follows the last state");
    assert_eq!(prover.evidence(unit, attested.steps), Err(ProveError::OutOfRange));
    assert_eq!(prover.state(unit, attested.steps + 1), Err(ProveError::OutOfRange));
}

#[test]
fn the_chain_is_stepped_from_the_seed_to_its_output() {
    step_through(Job { plan: PLAN, seed: [9; 32] }, CHAIN);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn clocks_of_any_shape_are_stepped_to_their_output(segments in 1..6_u32, steps in 1..4_u64, seed: Digest) {
        let clock = clock::Shape { segments, steps: steps * HASHES };
        step_through(Job { plan: Plan { clock, ..PLAN }, seed }, CLOCK);
    }

    #[test]
    fn walks_of_any_shape_are_stepped_to_their_output(
        leaves in 1..4_u32, parts in 1..3_u32, slices in 2..5_u32, steps in 1..4_u32, passes in 1..4_u32, seed: Digest,
    ) {
        let walk = walk::Shape { walkers: 32 * leaves * parts, slices, steps, passes, reads: steps * parts };
        step_through(Job { plan: Plan { walk, ..PLAN }, seed }, WALK);
    }

    #[test]
    fn chains_of_any_shape_are_stepped_as_they_are_run(
        size in 1..5_u32, segments in 1..3_u32, rounds_per_checkpoint in 1..3_u32, seed: Digest, places: [u64; 24],
    ) {
        let chain = chain::Shape { size: 128 * size, rounds: segments * rounds_per_checkpoint, rounds_per_checkpoint };
        let job = Job { plan: Plan { chain, ..PLAN }, seed };
        let mut prover = prover(job);
        let steps = job.steps(CHAIN).expect("a unit");
        let ends = (1..=u64::from(chain.rounds)).map(|round| round * chain.bytes() - 1);
        // Steps sorted, because the processor goes through the rounds in their order.
        let mut steps: Vec<u64> = places.iter().map(|place| place % steps).chain(ends).collect();
        steps.sort_unstable();
        for step in steps {
            let (before, after) = (prover.state(CHAIN, step).expect("a step"), prover.state(CHAIN, step + 1));
            let evidence = prover.evidence(CHAIN, step).expect("a step");
            let outcome = referee::step(&job, &before.hash(), &evidence);
            prop_assert_eq!(outcome, Ok(Outcome::State(after.expect("a step").hash())), "step {}", step);
        }
    }
}

#[test]
fn the_digests_of_a_run_are_kept_as_bytes() {
    let job = Job { plan: PLAN, seed: [2; 32] };
    let units = run(&job).expect("a plan");
    let bytes = units.to_bytes();
    assert_eq!(bytes.len(), 32 * (3 + 3 + 6 + 2));
    assert_eq!(Units::from_bytes(&PLAN, &bytes).as_ref(), Some(&units));
    assert_eq!(Units::from_bytes(&PLAN, &bytes[1..]), None);
    assert_eq!(Units::from_bytes(&PLAN, &bytes[32..]), None);
    assert_eq!(Units::from_bytes(&PLAN, &[&bytes[..], &[0; 32]].concat()), None);
}

#[test]
fn one_wrong_bit_in_any_digest_of_a_run_is_another_root() {
    let job = Job { plan: PLAN, seed: [2; 32] };
    let bytes = run(&job).expect("a plan").to_bytes();
    let root = |bytes: &[u8]| lease_root(0, &Units::from_bytes(&PLAN, bytes).expect("as many").attest(&job));
    let right = root(&bytes);
    for at in (0..bytes.len()).step_by(32) {
        let mut wrong = bytes.clone();
        wrong[at] ^= 1;
        assert_ne!(root(&wrong), right, "byte {at}");
    }
}

#[test]
fn a_device_and_a_processor_answer_with_the_same_digests() {
    // What `gpu_host::probe` downloads: checkpoints, the slices' roots, and the final states.
    let job = Job { plan: PLAN, seed: [3; 32] };
    let finals = walk::run_with(&job.seed, &PLAN.walk, |_| {}).expect("a shape");
    let answer = walk::run(&job.seed, &PLAN.walk).expect("a shape");
    let units = Units::new(
        &PLAN,
        clock::run(&job.seed, 3, 2 * HASHES),
        chain::run(&job.seed, &PLAN.chain).expect("a shape"),
        answer.slices,
        kernels::probe::trace::leaves_of_finals(&finals),
    );
    let units = units.expect("as many as the plan says");
    assert_eq!(units, run(&job).expect("a plan"));
    assert_eq!(units.output(WALK), Some(answer.finals));
}

/// A step that reads all that its kind reads.
fn of_kind(job: &Job, unit: u64, is_wanted: impl Fn(Place) -> bool) -> u64 {
    let steps = job.steps(unit).expect("a unit");
    (0..steps).find(|step| is_wanted(job.place(unit, *step).expect("a step"))).expect("there is one")
}

#[test]
fn no_changed_byte_of_evidence_gives_another_answer() {
    let job = Job { plan: PLAN, seed: [5; 32] };
    let mut prover = prover(job);
    let steps = [
        (CLOCK, 3),
        (CHAIN, of_kind(&job, CHAIN, |place| matches!(place, Place::Chain { round: 0, byte: 77 }))),
        (CHAIN, of_kind(&job, CHAIN, |place| matches!(place, Place::Chain { round: 1, byte: 1_100 }))),
        (WALK, of_kind(&job, WALK, |place| matches!(place, Place::Fill { pass: 0, slice: 0, cell: 5 }))),
        (WALK, of_kind(&job, WALK, |place| matches!(place, Place::Fill { pass: 1, slice: 1, cell: 150 }))),
        (WALK, of_kind(&job, WALK, |place| matches!(place, Place::Walk { walker: 3, read: 5 }))),
    ];
    for (unit, step) in steps {
        let before = prover.state(unit, step).expect("a step").hash();
        let evidence = prover.evidence(unit, step).expect("a step");
        assert!(matches!(referee::step(&job, &before, &evidence), Ok(Outcome::State(_))));
        for at in 0..evidence.len() {
            let mut wrong = evidence.clone();
            wrong[at] ^= 0x10;
            assert!(referee::step(&job, &before, &wrong).is_err(), "unit {unit}, step {step}, byte {at}");
        }
        for length in 0..evidence.len() {
            assert!(referee::step(&job, &before, &evidence[..length]).is_err(), "{length} bytes of unit {unit}");
        }
        let longer = [&evidence[..], &[0; 32]].concat();
        let error = referee::step(&job, &before, &longer).expect_err("longer");
        assert!(matches!(error, RefereeError::EvidenceLong | RefereeError::ProofLength), "{error}");
    }
}

#[test]
fn the_largest_plan_s_evidence_fits_what_the_market_takes() {
    let plan = Plan::of(&Ratings { compute: u64::MAX, memory_mib: u64::MAX, clock: u64::MAX }, u64::MAX);
    let job = Job { plan, seed: [0; 32] };
    let leaves = merkle::leaves_of(plan.walk.slice_cells() * walk::CELL_BYTES);
    let state = 80 + 32 * (16 + u64::BITS as usize - leaves.leading_zeros() as usize);
    let proof = 1_024 + 32 * merkle::proof_length(0, leaves);
    assert!(state + 1_023 + 3 * proof <= MOST_EVIDENCE_BYTES);
    let rows = 9 * 1_024 + 32 * 2 * 17;
    assert!(80 + 32 * 17 + 1_023 + rows <= MOST_EVIDENCE_BYTES);
    for unit in [CLOCK, CHAIN, WALK] {
        let begin = referee::begin(&job, unit).expect("a unit");
        assert_eq!(begin.segments.checked_mul(begin.segment_steps), job.steps(unit));
        assert!(matches!(job.place(unit, job.steps(unit).expect("a unit")), Some(Place::Done)));
    }
}

#[test]
fn a_probe_has_three_units() {
    let job = Job { plan: PLAN, seed: [0; 32] };
    assert_eq!(referee::begin(&job, 3), Err(RefereeError::UnitOutOfRange));
    assert_eq!(referee::end(&job, 3, [0; 32]), Err(RefereeError::UnitOutOfRange));
    assert_eq!(job.place(3, 0), None);
}
