//! Attestations.

pub mod attestation_commit;
pub mod attestation_reveal;
