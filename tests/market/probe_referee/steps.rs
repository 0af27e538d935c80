//! What the chain computes for a step of a probe is what this processor computes, bit for bit.

use kernels::probe::machine::{CHAIN, CLOCK, HASHES, Job, UNITS, WALK};
use kernels::probe::{Plan, chain, clock, referee, walk};
use kernels::referee::Outcome;
use market_tests::probe_referee::{SMALL, measure_probe_steps, prover};
use market_tests::referee::{Referee, STEP_BAR};
use proptest::prelude::*;

/// Compares steps of a unit, the first, the last, and those that `every` picks; gives how many.
fn compare(program: &mut Referee, job: Job, unit: u64, every: u64) -> u64 {
    let mut prover = prover(job);
    let statement = job.plan.statement(&job.seed);
    let steps = job.steps(unit).expect("a unit");
    let mut compared = 0;
    for step in (0..steps).filter(|step| step % every == 0 || *step + 1 == steps) {
        let (before, after) = (prover.state(unit, step).expect("a step"), prover.state(unit, step + 1));
        let evidence = prover.evidence(unit, step).expect("a step");
        let (outcome, _) = program.step_of(&statement, &before.hash(), &evidence).expect("honest evidence");
        assert_eq!(outcome, Outcome::State(after.expect("a step").hash()), "step {step} of unit {unit}");
        compared += 1;
    }
    compared
}

#[test]
fn thousands_of_steps_of_every_unit_give_the_same_bits_on_the_chain() {
    let mut program = Referee::of_probes();
    let job = Job { plan: SMALL, seed: [11; 32] };
    let compared: u64 =
        [(CLOCK, 1), (CHAIN, 23), (WALK, 1)].map(|(unit, every)| compare(&mut program, job, unit, every)).iter().sum();
    assert!(compared > 3_000, "{compared} steps");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn steps_of_any_shape_give_the_same_bits_on_the_chain(
        size in 1..4_u32, leaves in 1..3_u32, parts in 1..3_u32, slices in 2..17_u32, steps in 1..4_u32, passes in 1..3_u32,
        hashes in 1..3_u64, seed: [u8; 32],
    ) {
        let plan = Plan {
            clock: clock::Shape { segments: 2, steps: hashes * HASHES },
            chain: chain::Shape { size: 128 * size, rounds: 2, rounds_per_checkpoint: 2 },
            walk: walk::Shape { walkers: 32 * leaves * parts, slices, steps, passes, reads: steps * parts },
        };
        let (mut program, job) = (Referee::of_probes(), Job { plan, seed });
        for (unit, every) in [(CLOCK, 1), (CHAIN, 16_411), (WALK, 37)] {
            compare(&mut program, job, unit, every);
        }
    }
}

#[test]
fn both_ends_of_every_trace_are_the_same_on_the_chain() {
    let mut program = Referee::of_probes();
    let job = Job { plan: SMALL, seed: [12; 32] };
    let statement = job.plan.statement(&job.seed);
    for unit in 0..=UNITS {
        assert_eq!(program.begin_of(&statement, unit).ok(), referee::begin(&job, unit).ok());
        let output = [unit as u8; 32];
        assert_eq!(program.end_of(&statement, unit, &output).ok(), referee::end(&job, unit, output).ok());
    }
}

#[test]
fn nothing_follows_the_last_state_of_a_unit() {
    let mut program = Referee::of_probes();
    let job = Job { plan: SMALL, seed: [13; 32] };
    let mut prover = prover(job);
    for unit in 0..UNITS {
        let last = prover.state(unit, job.steps(unit).expect("a unit")).expect("the end");
        let outcome = program.step_of(&job.plan.statement(&job.seed), &last.hash(), &last.to_bytes());
        assert_eq!(outcome.expect("a state").0, Outcome::Fault);
    }
}

#[test]
fn no_step_of_a_probe_costs_more_than_a_transaction_has_to_spare() {
    let measured = measure_probe_steps();
    println!("{measured:#?}");
    assert_eq!(measured.len(), 5 + 2, "{measured:?}");
    let over: Vec<_> = measured.iter().filter(|(_, units)| **units > STEP_BAR).collect();
    assert!(over.is_empty(), "a referee that is called needs the rest of a transaction: {over:?}");
}
