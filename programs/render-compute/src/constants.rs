//! Seeds, sizes and flags that every part of the system must agree on.

/// Bytes of a job's statement.
pub use kernels::referee::STATEMENT_BYTES;

/// Seed of the one [`Network`](crate::state::Network) account.
pub const SEED_NETWORK: &[u8] = b"network";
/// Seed of the token account that holds every node's stake.
pub const SEED_STAKE_VAULT: &[u8] = b"stake-vault";
/// Seed of the emission [`Schedule`](crate::state::Schedule).
pub const SEED_SCHEDULE: &[u8] = b"schedule";
/// Seed of the publisher-set [`Oracle`](crate::state::Oracle).
pub const SEED_ORACLE: &[u8] = b"oracle";
/// Seed of an [`Engine`](crate::state::Engine), followed by its id.
pub const SEED_ENGINE: &[u8] = b"engine";
/// Seed of a [`CreditAccount`](crate::state::CreditAccount), followed by its owner.
pub const SEED_CREDIT: &[u8] = b"credit";
/// Seed of an [`Operator`](crate::state::Operator), followed by its wallet.
pub const SEED_OPERATOR: &[u8] = b"operator";
/// Seed of a [`Node`](crate::state::Node), followed by its identity key.
pub const SEED_NODE: &[u8] = b"node";
/// Seed of a [`Job`](crate::state::Job), followed by the requester and a nonce.
pub const SEED_JOB: &[u8] = b"job";
/// Seed of a [`Lease`](crate::state::Lease), followed by the job, its index and its replica.
pub const SEED_LEASE: &[u8] = b"lease";
/// Seed of an [`Audit`](crate::state::Audit), followed by the lease, its attempt and the audit's index.
pub const SEED_AUDIT: &[u8] = b"audit";
/// Seed of a [`Dispute`](crate::state::Dispute), followed by the lease and the dispute's number.
pub const SEED_DISPUTE: &[u8] = b"dispute";
/// Seed of an evidence account, followed by the dispute and its author.
pub const SEED_EVIDENCE: &[u8] = b"evidence";
/// Seed of an [`Epoch`](crate::state::Epoch), followed by its number.
pub const SEED_EPOCH: &[u8] = b"epoch";
/// Seed of an [`EpochShard`](crate::state::EpochShard), followed by the epoch's number and the shard's.
pub const SEED_EPOCH_SHARD: &[u8] = b"epoch-shard";
/// Seed of a [`NodeEpoch`](crate::state::NodeEpoch), followed by the node and the epoch's number.
pub const SEED_NODE_EPOCH: &[u8] = b"node-epoch";
/// Seed of the token account that holds all voting RENDER.
pub const SEED_VOTE_VAULT: &[u8] = b"vote-vault";
/// Seed of a [`VoteLock`](crate::state::VoteLock), followed by its wallet.
pub const SEED_VOTE_LOCK: &[u8] = b"vote-lock";
/// Seed of a [`Proposal`](crate::state::Proposal), followed by its number.
pub const SEED_PROPOSAL: &[u8] = b"proposal";
/// Seed of a [`Vote`](crate::state::Vote), followed by the proposal and the wallet.
pub const SEED_VOTE: &[u8] = b"vote";

/// Seed of a [`JobEpoch`](crate::state::JobEpoch), followed by the job and the epoch's number.
pub const SEED_JOB_EPOCH: &[u8] = b"job-epoch";
/// Seed of a compute [`Client`](crate::state::Client), followed by its id.
pub const SEED_CLIENT: &[u8] = b"client";
/// Seed of the one [`MintLimiter`](crate::state::MintLimiter).
pub const SEED_LIMITER: &[u8] = b"limiter";

/// Seed of a [`Probe`](crate::state::Probe), followed by the node and the probe's number.
pub const SEED_PROBE: &[u8] = b"probe";

/// Layout version written into every account.
pub const LAYOUT_VERSION: u8 = 1;
/// Decimals of RENDER.
pub const RENDER_DECIMALS: u8 = 8;
/// Shards an epoch's running totals are spread over, so that accepting work takes no network-wide write lock.
pub const EPOCH_SHARDS: u8 = 32;
/// Leases a job can have: one bit each in the job account.
pub const MAX_LEASES_PER_JOB: u32 = 1_024;
/// Shortest lease a job may ask for.
pub const MINIMUM_LEASE_SECONDS: u32 = 5;
/// Audits a lease can have.
pub const MAX_AUDITS: usize = 2;
/// The lottery draws from the first slot later than this many after the commitment: a leader makes four slots in a row, so the
/// one who took the commitment in does not make the hash.
pub const LOTTERY_DELAY_SLOTS: u64 = 4;
/// Parts of one division of a range of steps; one hash less is posted.
pub const STEP_PARTS: usize = market_model::dispute::STEP_PARTS as usize;
/// Bytes before the evidence in its account: discriminator, author, dispute.
pub const EVIDENCE_HEADER: usize = 8 + 32 + 32;
/// Most bytes of evidence: a state, 16 leaves of memory and their proof in the largest image that has one.
pub const MAX_EVIDENCE: u32 = 20_000;
/// Bytes of evidence that an account can be opened with: a program cannot make more than 10,240 bytes at once.
pub const EVIDENCE_AT_ONCE: u32 = 10_000;
/// Publishers an oracle can have.
pub const MAX_PUBLISHERS: usize = 16;

/// Reputation of a newcomer: 5,000 basis points with 16 fraction bits.
pub const NEUTRAL_REPUTATION: u32 = 5_000 << 16;

/// Class of a job: rendering (design section 2).
pub const CLASS_RENDER: u8 = 0;
/// Class of a job: general compute.
pub const CLASS_COMPUTE: u8 = 1;
/// Number of classes that requesters pay for.
pub const CLASSES: usize = 2;
/// Class of a job that the network opened as a probe. Nobody pays for it, and only its node holds it.
pub const CLASS_PROBE: u8 = 2;
/// Id of the engine that runs probes.
pub const PROBE_ENGINE: [u8; 16] = *b"probe\0\0\0\0\0\0\0\0\0\0\0";
/// Units of a probe: clock, chain, walk.
pub const PROBE_UNITS: u32 = 3;

/// Tier of a job or a node: cheap and patient (Render's tier 3).
pub const TIER_ECONOMY: u8 = 0;
/// Tier of a job or a node: first served, by nodes that have proved themselves (Render's tier 2).
pub const TIER_PRIORITY: u8 = 1;
/// Number of tiers.
pub const TIERS: usize = 2;
/// Outcomes that a node or a requester is remembered by.
pub const OUTCOMES: usize = 8;

/// How an engine's results are verified: the step machine of `crates/kernels`, bit for bit.
pub const VERIFICATION_EXACT: u8 = 0;

/// Where the price of RENDER comes from: the median of a set of publishers.
pub const ORACLE_PUBLISHERS: u8 = 0;
/// Where the price of RENDER comes from: a Pyth pull-oracle account.
pub const ORACLE_PYTH: u8 = 1;

/// Pause bit: no credits are sold.
pub const PAUSE_CREDITS: u64 = 1;
/// Pause bit: no jobs are opened.
pub const PAUSE_JOBS: u64 = 1 << 1;
/// Pause bit: no leases and no audits are claimed. Work already leased can be finished and is paid.
pub const PAUSE_LEASES: u64 = 1 << 2;
/// Pause bit: no nodes are registered and no stake is deposited. Unbonding and withdrawal always work.
pub const PAUSE_STAKES: u64 = 1 << 3;
/// Every pause bit there is.
pub const PAUSE_ALL: u64 = PAUSE_CREDITS | PAUSE_JOBS | PAUSE_LEASES | PAUSE_STAKES;

/// What a proposal does: changes parameters.
pub const ACTION_PARAMETERS: u8 = 0;
/// What a proposal does: changes years of the emission schedule.
pub const ACTION_YEARS: u8 = 1;
/// What a proposal does: sets the pause bits.
pub const ACTION_PAUSE: u8 = 2;
/// What a proposal does: replaces the guardian.
pub const ACTION_AUTHORITY: u8 = 3;
/// Changes that one proposal makes at most.
pub const MAX_CHANGES: usize = market_model::governance::MAX_CHANGES;
/// Bytes of a proposal's title.
pub const TITLE_BYTES: usize = 64;
/// Bytes of a proposal's link.
pub const LINK_BYTES: usize = 96;

/// The shard that a key's contributions to an epoch are added to.
pub const fn shard_of(key: &[u8; 32]) -> u8 {
    key[0] % EPOCH_SHARDS
}

/// Where byte `offset` of evidence lies in its account.
pub const fn evidence_place(offset: u32) -> usize {
    EVIDENCE_HEADER + offset as usize
}

/// Bytes of an account that is opened for `size` bytes of evidence.
pub const fn evidence_space(size: u32) -> usize {
    evidence_place(if size < EVIDENCE_AT_ONCE { size } else { EVIDENCE_AT_ONCE })
}
