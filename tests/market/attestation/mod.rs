//! Attestations.

mod attestation_commit;
mod attestation_reveal;
