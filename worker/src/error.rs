//! Why the worker stops, in sentences, and the exit code each reason maps to.

use crate::{backend::BackendError, journal::JournalError, settings::SettingsError};
use render_compute_client::{ChainError, ClientError};

/// Everything worked.
pub const EXIT_OK: u8 = 0;
/// Something outside refused or failed.
pub const EXIT_FAILED: u8 = 1;
/// The command line or the settings are wrong.
pub const EXIT_USAGE: u8 = 2;

/// Why a command or the worker itself gave up.
#[derive(Debug, thiserror::Error)]
pub enum WorkerError {
    /// The settings cannot be used.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The journal cannot be used; going on without it would risk the stake.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The chain did not answer.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// An account, blob or manifest could not be read.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The machine cannot render.
    #[error(transparent)]
    Backend(#[from] BackendError),
    /// A file or thread of this machine failed.
    #[error("{what}: {source}")]
    Machine {
        /// What was tried.
        what: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The network lacks what the worker needs.
    #[error("{0}")]
    NotReady(String),
}

impl WorkerError {
    /// The exit code of this reason.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Settings(_) => EXIT_USAGE,
            _ => EXIT_FAILED,
        }
    }

    /// Whether trying again later may help.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Chain(_) | Self::Client(_))
    }
}

/// The exit code of what a command gave back.
pub fn exit_code(error: &anyhow::Error) -> u8 {
    error.chain().find_map(|cause| cause.downcast_ref::<WorkerError>()).map_or_else(
        || if error.downcast_ref::<SettingsError>().is_some() { EXIT_USAGE } else { EXIT_FAILED },
        WorkerError::exit_code,
    )
}
