//! Every reason the program refuses for: 6000 + `RefereeError::code()`. Codes are never reused.

use anchor_lang::prelude::*;
use kernels::probe::referee;

/// First code of the engine's refusals.
pub const REFEREE_ERROR_OFFSET: u32 = 6_000;

/// The same as [`referee::RefereeError`], for the IDL; a test compares them.
#[error_code]
pub enum RefereeError {
    #[msg("the statement has a format that this referee does not know")]
    Format = 1,
    #[msg("the statement describes no valid probe")]
    Statement = 2,
    #[msg("a probe has no such unit")]
    UnitOutOfRange = 3,
    #[msg("the evidence ends before what it must hold")]
    EvidenceShort = 4,
    #[msg("the evidence is longer than its step needs")]
    EvidenceLong = 5,
    #[msg("the evidence holds no state of the machine")]
    State = 6,
    #[msg("the state in the evidence is not the one agreed on")]
    StateHash = 7,
    #[msg("the unfinished leaf is not the one in the state")]
    Unfinished = 8,
    #[msg("the proof has more or fewer hashes than its leaves need")]
    ProofLength = 9,
    #[msg("a leaf is not below its root in the state")]
    Proof = 10,
}

/// Maps the engine's refusal to its code.
pub fn refused(error: referee::RefereeError) -> Error {
    Error::Custom(REFEREE_ERROR_OFFSET + error.code())
}
