//! Owns the list of benchmarks. Each is a binary of the workspace that prints its rows to standard output, one JSON object a line,
//! in the format of [`super`].

/// One benchmark.
pub struct Benchmark {
    /// Package that has the binary
    pub package: &'static str,
    /// Name of the binary
    pub binary: &'static str,
    /// Its arguments
    pub arguments: &'static [&'static str],
}

/// All benchmarks, in the order in which they run.
pub const BENCHMARKS: &[Benchmark] = &[];
