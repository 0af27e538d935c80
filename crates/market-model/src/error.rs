//! The one error type of the rules. Codes stand in bands of 100 per subject and are never reused; messages are plain
//! sentences that name the fix where there is one.

use core::fmt;

macro_rules! market_errors {
    ($($name:ident = $code:literal, $message:literal;)+) => {
        /// Why a rule refused. Each variant's text is its [`MarketError::message`].
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum MarketError {
            $(#[doc = $message] $name,)+
        }

        impl MarketError {
            /// Every error, in the order of the codes.
            pub const ALL: &'static [MarketError] = &[$(MarketError::$name),+];

            /// The stable code, unique over the crate.
            pub const fn code(self) -> u32 {
                match self { $(MarketError::$name => $code,)+ }
            }

            /// The error in plain words.
            pub const fn message(self) -> &'static str {
                match self { $(MarketError::$name => $message,)+ }
            }
        }
    };
}

market_errors! {
    Overflow = 1, "an amount or a time does not fit its type";
    DivisionByZero = 2, "a divisor is zero";
    Underflow = 3, "an amount is larger than what it is taken from";
    RateAboveWhole = 4, "a share is larger than 10,000 bps";

    PriceNotPositive = 100, "the price, less its confidence, is not positive";
    PriceStale = 101, "the price is too old; publish a newer one and try again";
    PriceFromTheFuture = 102, "the price is dated in the future";
    PriceConfidenceTooWide = 103, "the confidence interval of the price is too wide; wait for a steadier price";
    TooFewReports = 104, "fewer than half of the publishers plus one have a fresh report";
    PublisherSetInvalid = 105, "the publisher set is empty, larger than 16, or smaller than the number of reports";

    NoCredits = 200, "the number of credits is zero";
    SlippageExceeded = 201, "the purchase costs more RENDER than the stated maximum";
    CreditsUnavailable = 202, "not enough available credits; buy credits or close finished jobs";
    EscrowTooSmall = 203, "more is taken out of escrow than is in it";

    JobWithoutUnits = 300, "a job needs at least one unit";
    LeaseWithoutUnits = 301, "units per lease must be at least one";
    JobWithoutPrice = 302, "the price per unit must be at least one credit unit";
    TooManyLeases = 303, "a job has at most 1,024 leases; raise the units per lease";
    JobDeadlineInvalid = 304, "the deadline must lie after the opening and within the longest job duration";
    JobNotOpen = 305, "the job is not open";
    JobDeadlinePassed = 306, "the deadline of the job has passed";
    JobAlreadyClosed = 307, "the job is already closed";
    JobStillOpen = 308, "the job still has leases to claim; cancel it or wait for its deadline";
    LeasesInFlight = 309, "a lease of the job is still in flight; wait for its acceptance or its expiry";
    NoSuchLease = 310, "the lease index is not below the lease count of the job";
    ProgressInvalid = 311, "accepted and running leases are more than the leases of the job";
    AskAboveCap = 312, "the ask of the node is above the price cap of the job";

    NotYetEligible = 400, "the race delay of this node has not passed yet";
    LeaseNotClaimable = 401, "the lease is held by a node or is accepted";
    LeaseNotClaimed = 402, "the lease is not in the claimed state";
    LeaseNotCommitted = 403, "the lease has no commitment to reveal";
    LeaseNotRevealed = 404, "the lease has no revealed root to accept";
    LeaseDeadlinePassed = 405, "the deadline to commit has passed";
    RevealDeadlinePassed = 406, "the deadline to reveal has passed";
    ChallengeWindowOpen = 407, "the challenge window has not closed yet";
    LeaseNotExpired = 408, "the lease has not passed its deadline";
    AttemptsExhausted = 409, "the lease was handed out too many times";
    UnknownState = 410, "the state code is unknown";
    ChallengeWindowClosed = 411, "the challenge window has closed";

    NoAmount = 500, "the amount is zero";
    StakeTooSmall = 501, "the stake is too small for this";
    NothingUnbonding = 502, "nothing is unbonding";
    StillUnbonding = 503, "the unbonding period has not passed yet";

    HalfLifeInvalid = 600, "the half-life of reputation must be at least one second";
    ScoreOutOfRange = 601, "a reputation lies between 0 and 10,000 bps";
    UnknownReason = 602, "the reason code is unknown";
    JobWithoutLeases = 603, "a job that is judged has at least one lease, and no more leases with faults than leases";

    ScheduleAboveCap = 700, "the emission schedule sums to more than the cap";
    PeriodInvalid = 701, "the period ends before it begins";
    SplitsInvalid = 702, "operations and creators must not be more than 10,000 bps together, and availability must be a share of nodes";
    ShareAboveTotal = 703, "the share is larger than the total it is part of";
    EpochNotOver = 704, "the epoch has not ended yet";
    YearBegun = 705, "the year has begun by the end of the latest epoch; only later years can be changed";
    YearAboveCap = 706, "no year may emit more than a tenth of the cap";
    NoSuchYear = 707, "the schedule has the years 1 to 60";

    ParameterOutOfBounds = 800, "a parameter lies outside its bounds";
    WashBoundTooHigh = 801, "the bounds on work and creator rewards would let a requester who is its own node profit; lower them";

    PenaltyDoesNotDeter = 900, "the penalty, times the chance to be caught by an honest auditor, is below what cheating gains; raise the audit probability or the penalty multiple";
    StakeDoesNotCover = 901, "the stake does not cover the penalties of what the node would hold; deposit more or finish leases first";
    LotteryDrawn = 902, "the audit lottery of this lease has been drawn";
    LotteryNotDrawn = 903, "the audit lottery of this lease has not been drawn: send audit_draw first";
    AuditsUnfinished = 904, "the audits of the lease are not finished";
    LeaseNotAuditing = 905, "no audit of the lease waits for a claim";
    AuditNotClaimed = 906, "the audit is not in the claimed state";
    AuditNotCommitted = 907, "the audit is not committed, or other audits of the lease are not";
    AuditDeadlinePassed = 908, "the deadline of the audit has passed";
    AuditNotExpired = 909, "the audit has not passed its deadline";
    AuditStillWanted = 910, "the audit may still be claimed or is under way";
    ReplicasInvalid = 911, "a lease is computed by one to three nodes";
    LeaseAudited = 912, "the lease was audited: a missed reveal is marked with audit_forfeit, which names an auditor";

    NotDefendersTurn = 1000, "the dispute does not wait for the defender";
    NotChallengersTurn = 1001, "the dispute does not wait for the challenger";
    WrongStage = 1002, "the dispute is at another stage";
    WrongHashCount = 1003, "the number of hashes is not the one that this division needs";
    NoSuchPart = 1004, "the part is not one of those posted";
    TurnPassed = 1005, "the deadline of this move has passed";
    TurnNotPassed = 1006, "the deadline of the move has not passed yet";
    NotDecided = 1007, "the dispute has no verdict yet";
    TraceInvalid = 1008, "the referee's numbers describe no trace";
    LeaseNotDisputed = 1009, "the lease is not under dispute";

    MintLimited = 1100, "too much RENDER was minted lately; nothing is lost, claim again when the mint limiter has forgotten enough of it";
    MintAboveLimit = 1101, "the amount alone is above mint_limit; nothing is lost, it can be claimed once governance raises the limit";
    MintLimiterInvalid = 1102, "the mint limiter needs a window of at least one second";
    ClientShareTooHigh = 1103, "the client's share is above client_share_max_bps";
    ClientShareRaised = 1104, "a client can only lower its share; register another client for a higher one";

    ProposerLockTooSmall = 1150, "a proposer needs at least gov_proposer_lock locked: lock more with vote_lock_deposit";
    ProposerBusy = 1151, "the votes on the last proposal of this lock may still run: wait for their end";
    VoteNotRunning = 1152, "no vote on the proposal runs now";
    NoVotes = 1153, "the wallet has no RENDER locked: lock some with vote_lock_deposit";
    VoteStillRunning = 1154, "the vote on the proposal has not ended yet";
    NothingToCount = 1155, "the proposal waits for its execution, not for a count";
    ProposalNotAccepted = 1156, "the proposal is not accepted";
    TimelockRunning = 1157, "the timelock of the proposal has not passed yet";
    ExecutionWindowPassed = 1158, "the time to execute the proposal has passed: advance it, so that it expires";
    TooLateToCancel = 1159, "a proposal can be cancelled only while the first vote on it runs";
    ProposalOver = 1160, "the proposal is over";
    StillLocked = 1161, "the RENDER counts in a vote: wait until its lock ends";
    LockTooSmall = 1162, "less RENDER is locked than is taken out";
    NoChanges = 1163, "the proposal changes nothing";
    TooManyChanges = 1164, "a proposal makes at most 8 changes";
    ChangeRepeated = 1165, "the proposal changes the same thing twice";
    NoSuchParameter = 1166, "there is no parameter of this number";

    ProbeNotDue = 1200, "no probe of the node is due at this slot";
    ProbeSlotPast = 1201, "the slot is not later than the node's latest probe or, after enrolment, its first interval";
    ProbeSlotTooOld = 1202, "the slot is too long ago: a due probe must be opened within probe_open_slots";
    MaintenanceEmpty = 1210, "maintenance must end after it begins";
    MaintenanceTooSoon = 1211, "maintenance must be announced maintenance_notice_seconds before it begins";
    MaintenanceTooLong = 1212, "the node would announce more than maintenance_max_seconds in this epoch; shorten the period";

    BandwidthTierUnknown = 1301, "the bandwidth tier is unknown: there are eight, from 0 (25 MB/s) to 7 (1 GB/s)";
    NetworkPriceAboveCap = 1302, "the network's price is above the stated price per unit; raise it, or open the job at your own price";

    UnknownTier = 1400, "the tier is unknown: 0 is economy, 1 is priority";
}

impl fmt::Display for MarketError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.message())
    }
}

impl core::error::Error for MarketError {}
