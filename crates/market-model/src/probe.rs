//! Probes: what availability is paid for, and how much.
//!
//! **Score** (RNP-004): P = b^4 x t^3 x m^2 x c with each factor the ratio of a proved rating to the reference node's: bandwidth b, tensor
//! throughput t, memory m, core clock c. A ratio is taken in bps, rounded down, and clamped to `rating_min_bps` and `rating_max_bps` (at most
//! 4), so that no rating alone decides and P is at most 4^10 = 2^20. P is Q20:
//!
//! ```text
//! x = floor(b^4 x 2^48 / 10^16)        Q48, b in bps: b^4 < 2^62
//! y = floor(t^3 m^2 c x 2^32 / 10^24)  Q32: the product with 2^32 stays below 2^124
//! P = floor(x y / 2^60)                Q20
//! ```
//!
//! Each step rounds down and grows with each ratio, so P never falls when a rating rises. With ratios of at least 1/4 x is exact to a part in 2^40 and
//! y to one in 2^20.
//!
//! **Points.** A probe passed is worth P x the operator's concentration penalty ([`crate::concentration`]), rounded down. Paying each passed
//! probe and not the share passed / due is the same but for a constant: every node's number of due probes has the same mean, since whether one is due
//! is an independent draw for each slot. A node that was asked less is not paid for it, and one that was not probed is paid nothing.
//!
//! What this does not claim: that splitting a machine over identities gains nothing. Each identity needs the least stake, answers
//! each probe with all of its rated hardware within the time for it, and may be probed in the same minute as the others;
//! identities of one operator pay the concentration penalty. Identities of different wallets pay stake only.
//!
//! **Dueness.** For each slot that has a hash, node i is due when the first eight bytes of SHA-256("render-compute:probe", hash, i), as a little-endian
//! number, are below 2^64 / `interval_slots`, rounded down. The draws are independent: nobody knows a due slot before the slot is over, also not
//! somebody who knows all earlier ones, and after a probe the next one is as far away as ever.
//!
//! **Record.** In an epoch the points of the passed probes count only while passed / (passed + missed) >= `qualify_bps` (RNP-013: half). A disproved
//! probe is a missed one, and what was earned before it in the epoch is void.
//!
//! **Uptime** is a moving average over probes, rounded down to the lower value in both directions.

use crate::amount::{self, Round, WHOLE_BPS, mul_div};
use crate::error::MarketError;
use crate::reputation::Reason;

/// One in Q20.
pub const ONE_Q20: u64 = 1 << 20;

/// Peers that measure a node's bandwidth in one probe.
pub const PEERS: usize = 5;

/// Revealed measurements without which a median counts for nothing.
pub const PEERS_NEEDED: usize = 3;

/// 10,000^4.
const WHOLE_TO_THE_4: u128 = 10_000_000_000_000_000;
/// 10,000^6.
const WHOLE_TO_THE_6: u128 = 1_000_000_000_000_000_000_000_000;

/// What a node says its hardware can do, and what was measured of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ratings {
    /// Compute, 1e9 int8 operations per second (t).
    pub compute: u64,
    /// Memory, MiB (m).
    pub memory_mib: u64,
    /// Sequential hash rate of one core, 1e3 per second (c).
    pub clock: u64,
    /// Bandwidth as peers measured it, Mbit/s (b).
    pub bandwidth: u64,
}

/// The parameters of probes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProbeRules {
    /// Ratings of the reference node, each at least 1.
    pub reference: Ratings,
    /// Lower clamp of a ratio.
    pub rating_min_bps: u64,
    /// Upper clamp of a ratio, at most 40,000.
    pub rating_max_bps: u64,
    /// Mean number of slots between two probes of a node.
    pub interval_slots: u64,
    /// Slots after a due one in which the probe may be opened.
    pub open_slots: u64,
    /// What the opener earns, as a share of the probed node's points.
    pub opener_bps: u64,
    /// Least share of its probes that a node must pass.
    pub qualify_bps: u64,
    /// Weight of a probe in the uptime.
    pub uptime_weight_bps: u64,
}

/// How a probe ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Answered in time and not denied.
    Passed,
    /// Nothing was committed in time.
    NotAnswered,
    /// A commitment was not revealed in time.
    Hidden,
    /// The answer lost a dispute.
    Disproved,
}

impl From<Outcome> for u8 {
    fn from(outcome: Outcome) -> u8 {
        match outcome {
            Outcome::Passed => 1,
            Outcome::NotAnswered => 2,
            Outcome::Hidden => 3,
            Outcome::Disproved => 4,
        }
    }
}

impl TryFrom<u8> for Outcome {
    type Error = MarketError;

    fn try_from(code: u8) -> Result<Self, MarketError> {
        match code {
            1 => Ok(Outcome::Passed),
            2 => Ok(Outcome::NotAnswered),
            3 => Ok(Outcome::Hidden),
            4 => Ok(Outcome::Disproved),
            _ => Err(MarketError::UnknownState),
        }
    }
}

impl Outcome {
    /// What a node is remembered by it with.
    pub fn reason(self) -> Reason {
        match self {
            Outcome::Passed => Reason::ProbePassed,
            Outcome::NotAnswered | Outcome::Hidden => Reason::ProbeMissed,
            Outcome::Disproved => Reason::ProbeDisproved,
        }
    }
}

/// A rating over the reference's, in bps, rounded down and clamped.
pub fn ratio_bps(rating: u64, reference: u64, rules: &ProbeRules) -> Result<u64, MarketError> {
    let highest = rules.rating_max_bps.min(MOST_RATIO_BPS);
    // Too large for 64 bits is above any clamp; a reference of zero is an error all the same.
    let ratio = match mul_div(rating, WHOLE_BPS, reference, Round::Down) {
        Err(MarketError::Overflow) => u64::MAX,
        other => other?,
    };
    Ok(ratio.max(rules.rating_min_bps).min(highest))
}

/// Four times the reference: what the bounds of the products below are derived from.
const MOST_RATIO_BPS: u64 = 40_000;

/// P in Q20, rounded down; see the header.
pub fn score(ratings: &Ratings, rules: &ProbeRules) -> Result<u64, MarketError> {
    let reference = &rules.reference;
    let compute = u128::from(ratio_bps(ratings.compute, reference.compute, rules)?);
    let memory = u128::from(ratio_bps(ratings.memory_mib, reference.memory_mib, rules)?);
    let clock = u128::from(ratio_bps(ratings.clock, reference.clock, rules)?);
    let bandwidth = u128::from(ratio_bps(ratings.bandwidth, reference.bandwidth, rules)?);
    // 40,000^4 < 2^62; with 48 more bits below 2^110.
    let square = bandwidth.wrapping_mul(bandwidth);
    let x = (square.wrapping_mul(square) << 48) / WHOLE_TO_THE_4;
    // 40,000^6 < 2^92; with 32 more bits below 2^124.
    let cube = compute.wrapping_mul(compute).wrapping_mul(compute);
    let y = (cube.wrapping_mul(memory).wrapping_mul(memory).wrapping_mul(clock) << 32) / WHOLE_TO_THE_6;
    // x <= 2^56 and y <= 2^44.
    u64::try_from(x.wrapping_mul(y) >> 60).map_err(|_| MarketError::Overflow)
}

/// Whether a probe of the node is due, by the uniform number of a slot and the node.
pub fn is_due(draw: u64, interval_slots: u64) -> bool {
    let threshold = (1_u128 << 64).checked_div(u128::from(interval_slots)).unwrap_or(0);
    u128::from(draw) < threshold
}

/// Refuses a slot that a probe cannot be opened for at `now_slot`: the node was probed or enrolled later, or it is too long ago.
pub fn check_slot(slot: u64, probed_slot: u64, now_slot: u64, rules: &ProbeRules) -> Result<(), MarketError> {
    if slot <= probed_slot {
        return Err(MarketError::ProbeSlotPast);
    }
    if now_slot > slot.saturating_add(rules.open_slots) {
        return Err(MarketError::ProbeSlotTooOld);
    }
    Ok(())
}

/// The slot after which a node that enrols or changes its ratings may be probed: one mean interval later. A node that leaves when it
/// sees a probe coming so gives up as much as the probe would have brought.
pub fn first_slot(now_slot: u64, rules: &ProbeRules) -> u64 {
    now_slot.saturating_add(rules.interval_slots)
}

/// What the opener of a probe earns, in points, rounded down.
pub fn opener_points(points: u64, rules: &ProbeRules) -> Result<u64, MarketError> {
    amount::bps_of(points, rules.opener_bps, Round::Down)
}

/// A node's probes in an epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// Points of the passed ones.
    pub points: u64,
    /// Passed.
    pub passed: u32,
    /// Not answered, hidden or disproved.
    pub missed: u32,
}

impl Record {
    /// Whether enough of its probes were passed. A node without probes does not qualify.
    pub fn qualifies(&self, qualify_bps: u64) -> bool {
        let all = u64::from(self.passed).saturating_add(u64::from(self.missed));
        self.passed > 0 && u64::from(self.passed).saturating_mul(WHOLE_BPS) >= all.saturating_mul(qualify_bps)
    }

    /// The points that count.
    pub fn availability(&self, qualify_bps: u64) -> u64 {
        if self.qualifies(qualify_bps) { self.points } else { 0 }
    }

    /// The record with one probe more, worth `points` where it was passed.
    pub fn with(self, outcome: Outcome, points: u64) -> Result<Self, MarketError> {
        let missed = || self.missed.checked_add(1).ok_or(MarketError::Overflow);
        Ok(match outcome {
            Outcome::Passed => Self {
                points: amount::add(self.points, points)?,
                passed: self.passed.checked_add(1).ok_or(MarketError::Overflow)?,
                ..self
            },
            Outcome::NotAnswered | Outcome::Hidden => Self { missed: missed()?, ..self },
            Outcome::Disproved => Self { points: 0, missed: missed()?, ..self },
        })
    }
}

/// Uptime after a probe, in bps.
pub fn uptime_after(uptime_bps: u64, is_passed: bool, weight_bps: u64) -> Result<u64, MarketError> {
    let uptime = uptime_bps.min(WHOLE_BPS);
    if is_passed {
        amount::add(uptime, amount::bps_of(amount::sub(WHOLE_BPS, uptime)?, weight_bps, Round::Down)?)
    } else {
        amount::sub(uptime, amount::bps_of(uptime, weight_bps, Round::Up)?)
    }
}

/// Milliseconds of a slot as the network aims at them.
const SLOT_MS: u64 = 400;

/// Seconds for which a passed probe stands, times the node's places for leases, rounded down.
pub fn capacity_seconds(interval_slots: u64, capacity: u32) -> Result<u64, MarketError> {
    mul_div(amount::mul(interval_slots, SLOT_MS)?, u64::from(capacity), 1_000, Round::Down)
}

/// The median of what peers measured, the lower one of two; none where they are too few.
pub fn median(measured: &[u64]) -> Option<u64> {
    if measured.len() < PEERS_NEEDED {
        return None;
    }
    // The lower median is the value with fewer than half below it and at least half at or below it.
    let needed = measured.len().saturating_add(1) / 2;
    measured.iter().copied().find(|value| {
        let below = measured.iter().filter(|other| *other < value).count();
        let upto = measured.iter().filter(|other| *other <= value).count();
        below < needed && needed <= upto
    })
}
