//! Why a set-up stopped. Every message names the step or the field, and what to do.

use std::path::PathBuf;

use render_compute_client::error::ClientError;

/// Why a set-up stopped.
#[derive(Debug, thiserror::Error)]
pub enum MigrationError {
    /// A setting cannot be used.
    #[error("{field}: {reason}")]
    Setting {
        /// The key of the file, or the flag.
        field: String,
        /// What is wrong and how to mend it.
        reason: String,
    },
    /// The ledger cannot be read or written.
    #[error("ledger {}: {reason}", path.display())]
    Ledger {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        reason: String,
    },
    /// What is on the chain already does not fit this set-up.
    #[error("step {step}: {reason}")]
    Conflict {
        /// Number and name.
        step: String,
        /// What was found and how to mend it.
        reason: String,
    },
    /// The chain refused or could not be reached.
    #[error("step {step}: {source}")]
    Chain {
        /// Number and name.
        step: String,
        /// The chain's reason.
        source: Box<ClientError>,
    },
}

impl MigrationError {
    /// A setting that cannot be used.
    pub fn setting(field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Setting { field: field.into(), reason: reason.into() }
    }
}
