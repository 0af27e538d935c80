//! Owns what a command says when it cannot do what was asked: one sentence, and who has to act on it.

use migrations::MigrationError;
use render_compute_client::{ChainError, ClientError};

/// Who has to act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The network, the disk, or the state of the market: exit code 1.
    Operation,
    /// The caller: an argument or an input file cannot be used. Exit code 2.
    Usage,
}

/// Why a command ended without its result.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct CliError {
    fault: Fault,
    message: String,
}

impl CliError {
    /// Something outside the command line stands in the way.
    pub fn operation(message: impl Into<String>) -> Self {
        Self { fault: Fault::Operation, message: message.into() }
    }

    /// The command line or an input cannot be used.
    pub fn usage(message: impl Into<String>) -> Self {
        Self { fault: Fault::Usage, message: message.into() }
    }

    /// Who has to act.
    pub fn fault(&self) -> Fault {
        self.fault
    }

    /// The process's exit code.
    pub fn exit_code(&self) -> u8 {
        match self.fault {
            Fault::Operation => 1,
            Fault::Usage => 2,
        }
    }
}

impl From<ChainError> for CliError {
    fn from(error: ChainError) -> Self {
        Self::operation(error.to_string())
    }
}

impl From<ClientError> for CliError {
    fn from(error: ClientError) -> Self {
        Self::operation(error.to_string())
    }
}

impl From<MigrationError> for CliError {
    fn from(error: MigrationError) -> Self {
        match error {
            MigrationError::Setting { .. } => Self::usage(error.to_string()),
            _ => Self::operation(error.to_string()),
        }
    }
}
