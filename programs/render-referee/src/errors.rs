//! Every reason the program refuses for: 6000 + `RefereeError::code()`. Codes are never reused.

use anchor_lang::prelude::*;
use kernels::referee;

/// First code of the engine's refusals.
pub const REFEREE_ERROR_OFFSET: u32 = 6_000;

/// The same as [`referee::RefereeError`], for the IDL; a test compares them.
#[error_code]
pub enum RefereeError {
    #[msg("the statement has a format that this referee does not know")]
    Format = 1,
    #[msg("the statement describes no valid job")]
    Statement = 2,
    #[msg("the job has no such unit")]
    UnitOutOfRange = 3,
    #[msg("the evidence ends before what it must hold")]
    EvidenceShort = 4,
    #[msg("the evidence is longer than any can be")]
    EvidenceLong = 5,
    #[msg("the evidence holds no state of the machine")]
    State = 6,
    #[msg("the state in the evidence is not the one agreed on")]
    StateHash = 7,
    #[msg("the state belongs to another frame")]
    ForeignState = 8,
    #[msg("the evidence holds more than 16 leaves")]
    TooManyLeaves = 9,
    #[msg("the leaves are not in ascending order")]
    LeafOrder = 10,
    #[msg("the image has no such leaf")]
    LeafOutOfRange = 11,
    #[msg("the proof has more or fewer hashes than its leaves need")]
    ProofLength = 12,
    #[msg("the leaves are not those of the image")]
    Proof = 13,
    #[msg("the step reads a leaf that the evidence does not hold")]
    MissingLeaf = 14,
}

/// Maps the engine's refusal to its code.
pub fn refused(error: referee::RefereeError) -> Error {
    Error::Custom(REFEREE_ERROR_OFFSET + error.code())
}
