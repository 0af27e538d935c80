//! Owns which engines a network starts with, and what their digests are digests of.
//!
//! An engine's digest is the SHA-256 of its published specification, `migrations/engines/<name>.md`: besides words it states answers
//! (scene roots and unit digests) that the engine must give, so that no change of results can leave the digest as it was.

use sha2::{Digest as _, Sha256};
use solana_address::Address;

/// An engine as it is registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EngineEntry {
    /// Zero-padded ASCII name.
    pub id: [u8; 16],
    /// The published specification.
    pub specification: &'static str,
    /// The program that executes one step of it on the chain.
    pub referee: Address,
    /// Version of the formats of statement, state, memory and evidence.
    pub format: u32,
    /// One of the program's `CLASS_*`.
    pub class: u8,
    /// One of the program's `VERIFICATION_*`.
    pub verification: u8,
}

impl EngineEntry {
    /// SHA-256 of the specification.
    pub fn digest(&self) -> [u8; 32] {
        Sha256::digest(self.specification.as_bytes()).into()
    }

    /// The name without its padding.
    pub fn name(&self) -> String {
        String::from_utf8_lossy(&self.id).trim_end_matches('\0').to_owned()
    }
}

/// The exact path tracer of `crates/kernels`.
pub const RENDER: EngineEntry = EngineEntry {
    id: *b"render\0\0\0\0\0\0\0\0\0\0",
    specification: include_str!("../engines/render.md"),
    referee: render_referee::ID,
    format: kernels::referee::FORMAT,
    class: render_compute::constants::CLASS_RENDER,
    verification: render_compute::constants::VERIFICATION_EXACT,
};

/// The probes of nodes' hardware.
pub const PROBE: EngineEntry = EngineEntry {
    id: render_compute::constants::PROBE_ENGINE,
    specification: include_str!("../engines/probe.md"),
    referee: probe_referee::ID,
    format: kernels::probe::FORMAT,
    class: render_compute::constants::CLASS_PROBE,
    verification: render_compute::constants::VERIFICATION_EXACT,
};

/// Every engine that a network starts with.
pub const ENGINES: [EngineEntry; 2] = [RENDER, PROBE];
