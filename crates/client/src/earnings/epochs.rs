//! One epoch of a node: shares, pools, amounts, and why something is missing.

use super::{Explained, Facts, Reason, refused, usd_micros};
use crate::error::ClientError;
use market_model::{
    MarketError,
    amount::{Round, WHOLE_BPS, mul_div},
    epoch::{availability_claim, claim_share},
};
use render_compute::{
    constants::CLASSES,
    state::{EPOCH_FINALIZED, Epoch, NodeEpoch},
};
use serde::Serialize;

/// Names of the classes, by their code.
pub(super) const CLASS_NAMES: [&str; CLASSES] = ["render", "compute"];

/// Where an epoch stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EpochState {
    /// Work counts in it.
    Running,
    /// It is over, and its pools are not fixed yet.
    Ended,
    /// Its pools are fixed.
    Finalized,
    /// Its account is not there.
    Absent,
}

/// What a node is paid for an epoch: RENDER base units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Amounts {
    /// For work, by class.
    pub work: [u64; CLASSES],
    /// For availability.
    pub availability: u64,
}

impl Amounts {
    /// All together.
    pub fn total(&self) -> u64 {
        self.work.iter().fold(self.availability, |sum, amount| sum.saturating_add(*amount))
    }
}

/// What the chain pays for a record of a finalized epoch; nothing while the epoch is not finalized.
///
/// # Errors
/// A record that has more than all nodes together.
pub fn amounts(epoch: &Epoch, record: &NodeEpoch) -> Result<Amounts, MarketError> {
    if epoch.state != EPOCH_FINALIZED {
        return Ok(Amounts::default());
    }
    let mut work = [0; CLASSES];
    for (amount, ((part, whole), pool)) in
        work.iter_mut().zip(record.work.iter().zip(&epoch.work).zip(&epoch.work_pools))
    {
        *amount = claim_share(*part, *whole, *pool)?;
    }
    let pool = epoch.availability_pool;
    let availability = availability_claim(counted(record), epoch.availability, pool, epoch.availability_cap)?;
    Ok(Amounts { work, availability })
}

/// A node's share of a class.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ClassShare {
    /// "render" or "compute".
    pub class: &'static str,
    /// Credits of the node's accepted work.
    pub credits: u64,
    /// Credits of all accepted work, as far as they are summed.
    pub of_credits: u64,
    /// The node's share, bps, rounded down.
    pub share_bps: u64,
    /// RENDER for all, base units.
    pub pool: u64,
    /// RENDER for the node, base units.
    pub amount: u64,
}

/// A node's availability.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Points {
    /// Probes passed.
    pub passed: u32,
    /// Probes missed or disproved.
    pub missed: u32,
    /// Least share of probes to pass, bps.
    pub qualify_bps: u64,
    /// Whether enough were passed.
    pub is_qualified: bool,
    /// Points of the probes passed (Q20).
    pub points: u64,
    /// Points for opening and auditing others' probes (Q20).
    pub service_points: u64,
    /// Points that count.
    pub counted: u64,
    /// Points of all nodes, as far as they are summed.
    pub of_points: u64,
    /// The node's share, bps, rounded down.
    pub share_bps: u64,
    /// RENDER for all, base units.
    pub pool: u64,
    /// Most for one node, base units.
    pub cap: u64,
    /// RENDER for the node, base units.
    pub amount: u64,
}

/// A node's epoch.
#[derive(Clone, Debug, Serialize)]
pub struct EpochReport {
    /// Number.
    pub number: u64,
    /// Where it stands.
    pub state: EpochState,
    /// Start, unix seconds; 0 where its account is not there.
    pub starts_at: i64,
    /// End, unix seconds; 0 where its account is not there.
    pub ends_at: i64,
    /// By class.
    pub work: Vec<ClassShare>,
    /// Availability.
    pub availability: Points,
    /// RENDER for the node as far as it is fixed, base units.
    pub amount: u64,
    /// The same in 10^-6 USD at the price of now; `None` without a price.
    pub amount_usd_micros: Option<u64>,
    /// Whether it was claimed.
    pub is_claimed: bool,
    /// RENDER that was minted for it, base units.
    pub claimed: u64,
    /// Why it is not more.
    pub reasons: Vec<Explained>,
}

fn share_bps(part: u64, whole: u64) -> u64 {
    mul_div(part.min(whole), WHOLE_BPS, whole.max(1), Round::Down).unwrap_or(0)
}

/// Tells one epoch.
pub(super) fn report(
    facts: &Facts,
    number: u64,
    epoch: Option<&Epoch>,
    record: Option<&NodeEpoch>,
    price: Option<u64>,
) -> Result<EpochReport, ClientError> {
    let empty: (Epoch, NodeEpoch) = (bytemuck::Zeroable::zeroed(), bytemuck::Zeroable::zeroed());
    let state = match epoch {
        None => EpochState::Absent,
        Some(epoch) if epoch.state == EPOCH_FINALIZED => EpochState::Finalized,
        Some(epoch) if facts.now < epoch.ends_at => EpochState::Running,
        Some(_) => EpochState::Ended,
    };
    let reasons = reasons(facts, state, epoch, record).map_err(refused)?;
    let (epoch, record) = (epoch.unwrap_or(&empty.0), record.unwrap_or(&empty.1));
    let due = amounts(epoch, record).map_err(refused)?;
    let is_claimed = record.is_claimed == 1;
    let work = (0..CLASSES).map(|class| ClassShare {
        class: CLASS_NAMES[class],
        credits: record.work[class],
        of_credits: epoch.work[class],
        share_bps: share_bps(record.work[class], epoch.work[class]),
        pool: epoch.work_pools[class],
        amount: due.work[class],
    });
    let counted = counted(record);
    let amount = if is_claimed { record.claimed } else { due.total() };
    Ok(EpochReport {
        number,
        state,
        starts_at: epoch.starts_at,
        ends_at: epoch.ends_at,
        work: work.collect(),
        availability: Points {
            passed: record.probes_passed,
            missed: record.probes_missed,
            qualify_bps: facts.network.parameters().probe_qualify_bps,
            is_qualified: record.is_qualified == 1,
            points: record.points,
            service_points: record.service_points,
            counted,
            of_points: epoch.availability,
            share_bps: share_bps(counted, epoch.availability),
            pool: epoch.availability_pool,
            cap: epoch.availability_cap,
            amount: due.availability,
        },
        amount,
        amount_usd_micros: price.and_then(|price| usd_micros(amount, price)),
        is_claimed,
        claimed: record.claimed,
        reasons: reasons.into_iter().map(Explained::from).collect(),
    })
}

/// Points of a record that take part in the division of the availability pool.
fn counted(record: &NodeEpoch) -> u64 {
    record.availability.saturating_add(record.service_points)
}

/// Why an epoch did not bring more.
fn reasons(
    facts: &Facts,
    state: EpochState,
    epoch: Option<&Epoch>,
    record: Option<&NodeEpoch>,
) -> Result<Vec<Reason>, MarketError> {
    let mut reasons = Vec::new();
    let Some(epoch) = epoch else {
        reasons.push(Reason::NoEpoch);
        return Ok(reasons);
    };
    match state {
        EpochState::Running => reasons.push(Reason::StillRunning { ends_at: epoch.ends_at }),
        EpochState::Ended => reasons.push(Reason::NotFinalized { ended_at: epoch.ends_at }),
        EpochState::Finalized | EpochState::Absent => {}
    }
    let Some(record) = record else {
        reasons.push(Reason::NoRecord);
        return Ok(reasons);
    };
    for (class, name) in CLASS_NAMES.into_iter().enumerate() {
        if record.work[class] == 0 {
            if facts.node.serves(u8::try_from(class).unwrap_or(u8::MAX)) {
                reasons.push(Reason::NoWork { class: name });
            }
            continue;
        }
        if state == EpochState::Finalized {
            let carried = epoch.carry[CARRY_OF_WORK + class];
            let bound_bps = facts.network.parameters().work_bound_bps;
            if epoch.rate_burned == 0 {
                reasons.push(Reason::NothingBurned { class: name });
            } else if carried > 0 {
                reasons.push(Reason::Bounded { class: name, carried, bound_bps });
            }
        }
    }
    probes(facts, state, epoch, record, &mut reasons)?;
    if state == EpochState::Finalized && record.is_claimed == 0 {
        let amount = amounts(epoch, record)?.total();
        let rules = facts.network.limiter_rules();
        let earliest = facts.limiter.map(|limiter| limiter.model().earliest(amount, &rules));
        match earliest {
            _ if amount == 0 => {}
            Some(Ok(at)) if at > facts.now => reasons.push(Reason::MintLimited { amount, at }),
            Some(Err(_)) => reasons.push(Reason::AboveMintLimit { amount, limit: rules.limit }),
            _ => reasons.push(Reason::Unclaimed { amount }),
        }
    }
    Ok(reasons)
}

/// Position of the carry of the first class of work in `Epoch::carry`.
const CARRY_OF_WORK: usize = 2;
/// Position of the carry of availability in `Epoch::carry`.
const CARRY_OF_AVAILABILITY: usize = 1;

fn probes(
    facts: &Facts,
    state: EpochState,
    epoch: &Epoch,
    record: &NodeEpoch,
    reasons: &mut Vec<Reason>,
) -> Result<(), MarketError> {
    let (passed, missed) = (record.probes_passed, record.probes_missed);
    if passed == 0 && missed == 0 {
        reasons.push(Reason::NoProbes { is_enrolled: facts.node.enrolled == 1 });
    }
    if missed > 0 {
        reasons.push(Reason::ProbesMissed { missed, of: passed.saturating_add(missed) });
    }
    if passed > 0 && record.availability == 0 {
        let qualify_bps = facts.network.parameters().probe_qualify_bps;
        reasons.push(Reason::NotQualified { passed, of: passed.saturating_add(missed), qualify_bps });
    }
    if state == EpochState::Finalized && counted(record) > 0 {
        let whole = claim_share(counted(record), epoch.availability, epoch.availability_pool)?;
        if amounts(epoch, record)?.availability < whole {
            reasons.push(Reason::Capped { share: whole, cap: epoch.availability_cap });
        }
        let carried = epoch.carry[CARRY_OF_AVAILABILITY];
        if carried > 0 {
            reasons.push(Reason::AvailabilityCarried { carried, qualified: epoch.qualified });
        }
    }
    Ok(())
}
