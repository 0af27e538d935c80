//! Runs a law over random cases that are the same in every run. A law is a closure, so that a mutated rule can be put in
//! the place of the real one: a law that its mutant passes would prove nothing.

use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};

/// What a law says of one case.
pub type Verdict = Result<(), TestCaseError>;

fn run<S: Strategy>(strategy: S, law: impl Fn(S::Value) -> Verdict) -> Result<(), String> {
    let config = Config { cases: 2_000, failure_persistence: None, ..Config::default() };
    let random = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    TestRunner::new_with_rng(config, random).run(&strategy, law).map_err(|failure| failure.to_string())
}

/// Panics with the smallest case that breaks the law.
pub fn holds<S: Strategy>(strategy: S, law: impl Fn(S::Value) -> Verdict) {
    if let Err(failure) = run(strategy, law) {
        panic!("{failure}");
    }
}

/// Panics if a mutated rule passes the law.
pub fn is_broken<S: Strategy>(strategy: S, law: impl Fn(S::Value) -> Verdict) {
    assert!(run(strategy, law).is_err(), "the mutated rule passes the law");
}
