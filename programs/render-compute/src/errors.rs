//! Every reason the program refuses for. Bands of 100 per actor; codes are never reused.

use anchor_lang::prelude::*;
use market_model::MarketError;

/// Error codes: 6000 + the number below. Rules of the market model are at 8000 + `MarketError::code()`.
#[error_code]
pub enum RenderError {
    /// Network, governance, engines.
    #[msg("the signer is not the program's upgrade authority")]
    NotUpgradeAuthority = 0,
    #[msg("the signer is not the network's authority")]
    NotAuthority = 1,
    #[msg("the signer has not been offered the authority")]
    NotPendingAuthority = 2,
    #[msg("this part of the network is paused")]
    Paused = 3,
    #[msg("the pause bits contain an unknown bit")]
    UnknownPauseBit = 4,
    #[msg("the mint must have 8 decimals and the network account as its mint authority")]
    WrongMint = 5,
    #[msg("the token account has another mint or owner than this instruction needs")]
    WrongTokenAccount = 6,
    #[msg("the engine is disabled")]
    EngineDisabled = 7,
    #[msg("the class or verification kind is unknown")]
    UnknownKind = 8,
    #[msg("a value that must be set is zero")]
    ZeroValue = 9,
    #[msg("the statement has another format than the engine's referee reads")]
    WrongFormat = 10,
    #[msg("the engine has no referee, so that no dispute over its results could be decided")]
    NoReferee = 11,
    #[msg("there is no parameter of this number")]
    UnknownParameter = 12,

    /// Oracle and credits.
    #[msg("the price account is not the one the network reads")]
    WrongOracle = 100,
    #[msg("the signer is not a publisher of this oracle")]
    NotPublisher = 101,
    #[msg("more publishers than an oracle holds, or the same one twice")]
    BadPublisherSet = 102,
    #[msg("the Pyth price update is malformed, for another feed, or not fully verified")]
    BadPriceUpdate = 103,
    #[msg("a report must be newer than the publisher's last one and not from the future")]
    ReportOutOfOrder = 104,
    #[msg("the credit account belongs to another wallet")]
    WrongCreditAccount = 105,

    /// Jobs.
    #[msg("the signer is not the job's requester")]
    NotRequester = 200,
    #[msg("the nonce is not the requester's next one")]
    WrongNonce = 201,
    #[msg("the job is not open")]
    JobNotOpen = 202,
    #[msg("the job is not over: cancel it, or wait for its deadline")]
    JobNotOver = 203,
    #[msg("the job has leases that are not settled")]
    JobNotSettled = 204,
    #[msg("the job has its seed already")]
    AlreadySeeded = 205,
    #[msg("no slot after the job's opening has a hash yet")]
    TooEarlyToSeed = 206,
    #[msg("the job has no seed yet: send job_seed first")]
    NotSeeded = 207,
    #[msg("the job's deadline has passed")]
    JobPastDeadline = 208,
    #[msg("the lease was accepted or released already")]
    AlreadySettled = 209,
    #[msg("a lease must last at least 5 seconds and no longer than a job may be open")]
    BadLeaseSeconds = 210,
    #[msg("at_network_price is 1 to pay the network's price or 0 to pay the order's own")]
    BadPricing = 211,

    /// Leases.
    #[msg("the lease index is not one of the job's")]
    NoSuchLease = 300,
    #[msg("the lease belongs to another job or node")]
    WrongLease = 302,
    #[msg("the node does not meet the job's requirements")]
    RequirementsNotMet = 304,
    #[msg("the job pays less than the node asks")]
    BelowAsk = 305,
    #[msg("the node holds as many leases as it may")]
    NodeFull = 306,
    #[msg("the node is draining")]
    NodeDraining = 307,
    #[msg("the lease is held by a node")]
    LeaseHeld = 308,
    #[msg("the lease account is still needed")]
    LeaseNeeded = 309,

    /// Attestations.
    #[msg("root, salt and node do not give the commitment")]
    CommitmentMismatch = 400,
    #[msg("a reveal must come at least one slot after its commitment")]
    RevealTooEarly = 401,

    /// Operators, nodes and stakes.
    #[msg("the signer is not the node's identity")]
    NotIdentity = 500,
    #[msg("the signer is not the node's operator")]
    NotOperator = 501,
    #[msg("the node belongs to another operator")]
    WrongNode = 502,
    #[msg("the node still has stake, slashed RENDER or leases")]
    NodeBusy = 503,
    #[msg("the operator still has nodes")]
    OperatorBusy = 504,
    #[msg(
        "the requester's reputation is below what the node works for: lower its minimum_requester_reputation, or take other jobs"
    )]
    RequesterReputationTooLow = 505,
    #[msg("a lease is given back for the node's own reasons (2) or because its inputs are unusable (14)")]
    BadReturnReason = 506,
    #[msg("the node was reviewed by this epoch already")]
    AlreadyReviewed = 507,
    #[msg("the node was not reviewed by this epoch yet: send node_review first")]
    NotReviewed = 508,

    /// Epochs.
    #[msg("the epoch is not the one this instruction needs")]
    WrongEpoch = 600,
    #[msg("the moment lies outside the epoch")]
    OutsideEpoch = 601,
    #[msg("the epoch has not ended")]
    EpochNotOver = 602,
    #[msg("the epoch is not finalized")]
    EpochNotFinalized = 603,
    #[msg("the epoch is finalized already")]
    EpochFinalized = 604,
    #[msg("the shard is not the one this instruction needs")]
    WrongShard = 605,
    #[msg("the shard was summed already")]
    ShardSummed = 606,
    #[msg("shards are missing from the sum")]
    ShardsMissing = 607,
    #[msg("it was claimed already")]
    AlreadyClaimed = 608,

    /// Audits.
    #[msg("the slot that decides the audit has not come yet")]
    TooEarlyToDraw = 700,
    #[msg("too late to prove which hash decides the audit: the lease can only expire, as one that was picked")]
    LotteryLost = 701,
    #[msg("the audit belongs to another lease, attempt or node")]
    WrongAudit = 702,
    #[msg("the lease owes no audit of this number, or a node has it")]
    NoSuchAudit = 703,
    #[msg("an auditor must be of another operator than the holder and the other auditors")]
    SameOperator = 704,
    #[msg("the audit's root differs from the lease's: open a dispute")]
    RootsDiffer = 705,
    #[msg("the audit has not been revealed")]
    AuditNotRevealed = 706,

    /// Disputes.
    #[msg("the signer does not move for the defender")]
    NotDefender = 800,
    #[msg("the signer does not move for the challenger")]
    NotChallenger = 801,
    #[msg("the account does not belong to the dispute")]
    WrongDispute = 802,
    #[msg("the audit found the root that the lease has: there is nothing to dispute")]
    RootsAgree = 803,
    #[msg("the hashes do not give the root under dispute")]
    WrongDivision = 804,
    #[msg("output and trace, with the steps that the referee counts, do not give the unit's leaf")]
    WrongLeaf = 805,
    #[msg("the proof does not place the state in the unit's trace")]
    WrongProof = 806,
    #[msg("the referee did not answer in the form of a referee")]
    BadReferee = 807,
    #[msg("the dispute is not settled: send dispute_settle first")]
    DisputeUnsettled = 808,
    #[msg("the signer is not the author of the evidence")]
    NotAuthor = 809,
    #[msg("only its author may close evidence while the dispute exists")]
    EvidenceNeeded = 810,
    #[msg("evidence has 1 to 20,000 bytes")]
    EvidenceOutOfBounds = 811,

    /// Rebates and compute clients.
    #[msg("the record belongs to another job or epoch")]
    WrongJobEpoch = 900,
    #[msg("a rebate is paid to the requester's own associated token account")]
    WrongRebateAccount = 901,
    #[msg("the rebate was not claimed yet")]
    RebateUnclaimed = 902,
    #[msg("the compute client or its payout account is not the one that the job names")]
    WrongClient = 903,
    #[msg("the compute client is disabled")]
    ClientDisabled = 904,
    #[msg("the signer does not speak for the compute client")]
    NotClientAuthority = 905,
    /// Governance.
    #[msg("the network is governed: this changes by proposals only")]
    Governed = 1000,
    #[msg("the vote lock or the vote belongs to another wallet")]
    WrongVoteLock = 1001,
    #[msg("the vote lock still holds RENDER: withdraw it first")]
    VoteLockNotEmpty = 1002,
    #[msg("the proposal is not the one that this instruction needs; a new one has the network's next number")]
    WrongProposal = 1003,
    #[msg("the signer did not open the proposal")]
    NotProposer = 1004,
    #[msg("the proposal's action is unknown, or carries what belongs to another action")]
    UnknownAction = 1005,
    #[msg("exactly a proposal that replaces the guardian names a key, and not zero")]
    WrongGuardian = 1006,
    #[msg("the proposal is not over: its account is still needed")]
    ProposalNeeded = 1007,
    #[msg("the votes on the proposal are not counted: the vote is still needed")]
    VoteNeeded = 1008,
    /// Probes.
    #[msg("this is a probe, which only probe_expire and probe_finish end")]
    IsProbe = 1150,
    #[msg("the job, engine or audit is not of a probe")]
    NotProbe = 1151,
    #[msg("the account does not belong to the probe")]
    WrongProbe = 1152,
    #[msg("the node is not enrolled for probes: send probe_enroll first")]
    NotEnrolled = 1153,
    #[msg("a probe of the node is open: it must be finished first")]
    ProbeUnderWay = 1154,
    #[msg("the node is in maintenance")]
    NodeInMaintenance = 1155,
    #[msg("the slot has no hash that the chain knows: it was skipped, is too long ago, or is not over")]
    NoSlotHash = 1156,
    #[msg("the probe's place for a measurement does not exist, is taken, or is of another node")]
    WrongPlace = 1157,
    #[msg("measurements can be committed until the probe's deadline, and before any is revealed")]
    MeasurementsClosed = 1158,
    #[msg("measurements can be revealed when all places are committed or the probe's deadline has passed")]
    MeasurementsOpen = 1159,
    #[msg("a probe proves compute, clock and memory ratings: each must be at least 1")]
    RatingMissing = 1160,
}

/// First code of the market model's refusals.
pub const MARKET_ERROR_OFFSET: u32 = 8_000;

/// Maps a rule's refusal to its code.
pub fn refused(error: MarketError) -> Error {
    Error::Custom(MARKET_ERROR_OFFSET.saturating_add(error.code()))
}
