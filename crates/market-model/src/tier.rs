//! Tiers: which nodes are first for work that pays for priority, and how a node gets there and falls back.
//!
//! Render serves tier 2 (priority) by nodes that have proved themselves and tier 3 (economy) by the others (knowledge base, job
//! assignment); Spheron moves providers between trust tiers by the uptime of eras, slower up than down. Here:
//!
//! * Every node begins in Economy. Once for each finalized epoch in which it has a record, it is *reviewed* by what it is then:
//!   reputation and uptime in bps, and whether the epoch saw it do anything (accepted work, or a probe passed or missed).
//! * The epoch is **good** when reputation >= `promote_reputation_bps` and uptime >= `promote_uptime_bps`, **bad** when reputation
//!   < `demote_reputation_bps` or uptime < `demote_uptime_bps`, **middling** in between, **idle** when nothing happened.
//! * A good epoch lengthens the row of good ones and ends that of bad ones; a bad one the other way round; a middling one ends both; an idle
//!   one changes nothing. Reviews go forward in time; an epoch that is left out (the node has no record of it, or nobody reviewed it) ends the
//!   row of good epochs, so that no node is promoted over an epoch that it would rather not have seen.
//! * `promote_epochs` good ones in a row make Priority, `demote_epochs` bad ones in a row Economy; the row then begins anew.
//! * A lost dispute makes Economy at once and ends the row of good epochs, without waiting for a review.
//!
//! The bar to fall lies below the bar to rise (6,500 and 5,500 of reputation, 9,500 and 9,000 of uptime by default), so that nobody flickers.

use crate::error::MarketError;

/// A tier of nodes and of jobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tier {
    /// Cheap and patient: Render's tier 3.
    Economy,
    /// First served, by nodes that have proved themselves: Render's tier 2.
    Priority,
}

impl Tier {
    /// Every tier, in the order of the codes.
    pub const ALL: [Tier; 2] = [Tier::Economy, Tier::Priority];

    /// What it is called.
    pub const fn name(self) -> &'static str {
        match self {
            Tier::Economy => "economy",
            Tier::Priority => "priority",
        }
    }

    /// Its stable code.
    pub const fn code(self) -> u8 {
        match self {
            Tier::Economy => 0,
            Tier::Priority => 1,
        }
    }
}

impl From<Tier> for u8 {
    fn from(tier: Tier) -> u8 {
        tier.code()
    }
}

impl TryFrom<u8> for Tier {
    type Error = MarketError;

    fn try_from(code: u8) -> Result<Self, MarketError> {
        Tier::ALL.into_iter().find(|tier| tier.code() == code).ok_or(MarketError::UnknownTier)
    }
}

/// Milliseconds that a node waits for its tier's sake before its turn in the race for a lease.
///
/// Render gives economy work out only after all priority work is assigned. What is assigned is spread over all jobs' accounts, and a claim
/// that had to look at them all would be neither O(1) nor parallel. So the rule is a head start: the first `spill_seconds` of a
/// lease belong to priority nodes on priority work; priority work then spills to economy nodes, and economy work begins for everybody. Whoever is
/// free when work of both tiers is opened finds the priority work first, and takes it first where it finds both (`worker/src/plan.rs`).
/// It is checked from two bytes of two accounts that the claim reads anyway. It starves nobody: the wait is part of the race's delay, which
/// ends at `delay_cap_ms` whatever the tier, so that an economy lease waits at most that long however much priority work there is.
pub fn head_start_ms(job: Tier, node: Tier, spill_seconds: u64) -> u64 {
    match (job, node) {
        (Tier::Priority, Tier::Priority) => 0,
        _ => spill_seconds.saturating_mul(1_000),
    }
}

/// A node's tier and the rows that lead out of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Its tier.
    pub tier: Tier,
    /// Good epochs in a row.
    pub good: u8,
    /// Bad epochs in a row.
    pub bad: u8,
}

/// What is known of a node and an epoch when it is reviewed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EpochFacts {
    /// Reputation, bps.
    pub reputation_bps: u64,
    /// Uptime, bps.
    pub uptime_bps: u64,
    /// Whether work of it was accepted or a probe of it opened in the epoch.
    pub is_active: bool,
    /// Whether it is the epoch after the one reviewed before.
    pub is_next: bool,
}

/// What an epoch counts as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing happened.
    Idle,
    /// Counts towards promotion.
    Good,
    /// Counts towards neither.
    Middling,
    /// Counts towards demotion.
    Bad,
}

impl Verdict {
    /// Its stable code.
    pub const fn code(self) -> u8 {
        match self {
            Verdict::Idle => 0,
            Verdict::Good => 1,
            Verdict::Middling => 2,
            Verdict::Bad => 3,
        }
    }
}

/// The parameters of tiers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TierRules {
    /// Least reputation of a good epoch, bps.
    pub promote_reputation_bps: u64,
    /// Least uptime of a good epoch, bps.
    pub promote_uptime_bps: u64,
    /// Good epochs in a row for promotion.
    pub promote_epochs: u64,
    /// Reputation below which an epoch is bad, bps.
    pub demote_reputation_bps: u64,
    /// Uptime below which an epoch is bad, bps.
    pub demote_uptime_bps: u64,
    /// Bad epochs in a row for demotion.
    pub demote_epochs: u64,
}

/// What an epoch counts as.
pub fn verdict(facts: &EpochFacts, rules: &TierRules) -> Verdict {
    if !facts.is_active {
        Verdict::Idle
    } else if facts.reputation_bps < rules.demote_reputation_bps || facts.uptime_bps < rules.demote_uptime_bps {
        Verdict::Bad
    } else if facts.reputation_bps >= rules.promote_reputation_bps && facts.uptime_bps >= rules.promote_uptime_bps {
        Verdict::Good
    } else {
        Verdict::Middling
    }
}

/// A node's standing after an epoch. Rows stop counting at 255, above any bound of the parameters.
pub fn review(standing: Standing, facts: &EpochFacts, rules: &TierRules) -> (Standing, Verdict) {
    let verdict = verdict(facts, rules);
    let good = if facts.is_next { standing.good } else { 0 };
    let mut after = match verdict {
        Verdict::Idle => Standing { good, ..standing },
        Verdict::Good => Standing { good: good.saturating_add(1), bad: 0, ..standing },
        Verdict::Middling => Standing { good: 0, bad: 0, ..standing },
        Verdict::Bad => Standing { good: 0, bad: standing.bad.saturating_add(1), ..standing },
    };
    if after.tier == Tier::Economy && u64::from(after.good) >= rules.promote_epochs.max(1) {
        after = Standing { tier: Tier::Priority, good: 0, bad: 0 };
    } else if after.tier == Tier::Priority && u64::from(after.bad) >= rules.demote_epochs.max(1) {
        after = Standing { tier: Tier::Economy, good: 0, bad: 0 };
    }
    (after, verdict)
}

/// A node's standing after it lost a dispute.
pub fn after_lost_dispute(standing: Standing) -> Standing {
    Standing { tier: Tier::Economy, good: 0, ..standing }
}
