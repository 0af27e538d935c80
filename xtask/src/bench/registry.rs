//! Owns the list of benchmarks. Each is a binary or example of the workspace that prints its rows to standard output, one JSON
//! object a line, in the format of [`super`].

/// One benchmark.
pub struct Benchmark {
    /// Package that has it
    pub package: &'static str,
    /// Kind of its target
    pub target: Target,
    /// Name of its target
    pub name: &'static str,
    /// How it is built
    pub profile: Profile,
    /// Its arguments
    pub arguments: &'static [&'static str],
    /// Whether it runs on a real validator, with the workspace's binaries as processes
    pub needs_validator: bool,
}

/// Kind of a benchmark's target.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// A binary
    Binary,
    /// An example
    Example,
}

/// How a benchmark is built.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// As the tests are: for figures that do not depend on the build of the benchmark
    Development,
    /// As what is shipped
    Release,
}

/// All benchmarks, in the order in which they run.
pub const BENCHMARKS: &[Benchmark] = &[
    // Compute units: the program's build decides, not the benchmark's.
    Benchmark {
        package: "market-tests",
        target: Target::Binary,
        name: "market-bench",
        profile: Profile::Development,
        arguments: &[],
        needs_validator: false,
    },
    // Compute units, and the times of the virtual machine, which is optimised in both profiles.
    Benchmark {
        package: "market-tests",
        target: Target::Binary,
        name: "epoch-bench",
        profile: Profile::Development,
        arguments: &[],
        needs_validator: false,
    },
    // Rounds, transactions and ratios of times; the time on a validator is the chain's, not the build's.
    Benchmark {
        package: "market-tests",
        target: Target::Binary,
        name: "referee-bench",
        profile: Profile::Development,
        arguments: &[],
        needs_validator: true,
    },
    // A worker with nothing to do and slots of 400 ms: an upper bound of what an optimised build needs.
    Benchmark {
        package: "market-tests",
        target: Target::Binary,
        name: "validator-bench",
        profile: Profile::Development,
        arguments: &[],
        needs_validator: true,
    },
    Benchmark {
        package: "kernels",
        target: Target::Example,
        name: "kernels-bench",
        profile: Profile::Release,
        arguments: &[],
        needs_validator: false,
    },
    Benchmark {
        package: "kernels",
        target: Target::Example,
        name: "tensor-bench",
        profile: Profile::Release,
        arguments: &[],
        needs_validator: false,
    },
    // The GPU's figures, and the same of the processor.
    Benchmark {
        package: "render-worker",
        target: Target::Binary,
        name: "render-worker",
        profile: Profile::Release,
        arguments: &["bench", "--json"],
        needs_validator: false,
    },
];
