//! Why a referee does not answer.

/// A question, or its evidence, that is not in order. The codes are stable; a program adds 6000 to them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum RefereeError {
    /// The statement begins with another format number.
    Format = 1,
    /// A field of the statement is out of range, or its padding is not zero.
    Statement = 2,
    /// The job has no such unit.
    UnitOutOfRange = 3,
    /// The evidence ends before what it must hold.
    EvidenceShort = 4,
    /// The evidence is longer than any can be.
    EvidenceLong = 5,
    /// The bytes of the state are none of the machine's.
    State = 6,
    /// The state has another hash than the one agreed on.
    StateHash = 7,
    /// The state belongs to another frame.
    ForeignState = 8,
    /// More leaves than any step reads.
    TooManyLeaves = 9,
    /// The leaves are not in ascending order of their indices.
    LeafOrder = 10,
    /// The image has no such leaf.
    LeafOutOfRange = 11,
    /// The proof is not made of as many hashes as the leaves need.
    ProofLength = 12,
    /// The leaves and the proof give another root than the image's.
    Proof = 13,
    /// The step reads a leaf that the evidence does not hold.
    MissingLeaf = 14,
}

impl RefereeError {
    /// All of them, in the order of their codes.
    pub const ALL: [RefereeError; 14] = [
        RefereeError::Format,
        RefereeError::Statement,
        RefereeError::UnitOutOfRange,
        RefereeError::EvidenceShort,
        RefereeError::EvidenceLong,
        RefereeError::State,
        RefereeError::StateHash,
        RefereeError::ForeignState,
        RefereeError::TooManyLeaves,
        RefereeError::LeafOrder,
        RefereeError::LeafOutOfRange,
        RefereeError::ProofLength,
        RefereeError::Proof,
        RefereeError::MissingLeaf,
    ];

    /// The stable code, from 1.
    pub fn code(self) -> u32 {
        self as u32
    }

    /// What is wrong, in plain words.
    pub fn message(self) -> &'static str {
        match self {
            RefereeError::Format => "the statement has a format that this referee does not know",
            RefereeError::Statement => "the statement describes no valid job",
            RefereeError::UnitOutOfRange => "the job has no such unit",
            RefereeError::EvidenceShort => "the evidence ends before what it must hold",
            RefereeError::EvidenceLong => "the evidence is longer than any can be",
            RefereeError::State => "the evidence holds no state of the machine",
            RefereeError::StateHash => "the state in the evidence is not the one agreed on",
            RefereeError::ForeignState => "the state belongs to another frame",
            RefereeError::TooManyLeaves => "the evidence holds more than 16 leaves",
            RefereeError::LeafOrder => "the leaves are not in ascending order",
            RefereeError::LeafOutOfRange => "the image has no such leaf",
            RefereeError::ProofLength => "the proof has more or fewer hashes than its leaves need",
            RefereeError::Proof => "the leaves are not those of the image",
            RefereeError::MissingLeaf => "the step reads a leaf that the evidence does not hold",
        }
    }
}

impl core::fmt::Display for RefereeError {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        out.write_str(self.message())
    }
}

impl core::error::Error for RefereeError {}
