//! What a node could work on now, and what is in its way.

use super::{Reason, epochs::CLASS_NAMES};
use crate::{account, chain::Chain, error::ClientError};
use market_model::{lease::LeaseState, price::BandwidthTier, race::eligible_at};
use render_compute::{
    constants::CLASS_PROBE,
    race,
    state::{Job, Lease, Network, Node},
};
use solana_address::Address;
use std::collections::BTreeMap;

/// Jobs whose leases are looked at: each is a request to the chain.
const MOST_JOBS: usize = 32;

/// Why a job is not for a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unfit {
    /// The node does not serve its class, by its code.
    Class(u8),
    /// It wants more memory.
    Memory,
    /// It wants a better reputation.
    Reputation,
    /// It wants a higher tier of measured bandwidth.
    Bandwidth,
    /// Its requester has a lower reputation than the node asks for.
    Requester,
    /// It pays less than the node asks.
    Ask,
    /// The chain would refuse with this code.
    Other(u64),
}

/// A job whose leases can be claimed.
#[derive(Clone)]
pub struct OpenWork {
    /// The job.
    pub job: Job,
    /// Why it is not for the node.
    pub unfit: Option<Unfit>,
    /// Leases that nobody holds.
    pub free: u32,
    /// The first moment at which the node's turn comes for one of them.
    pub turn_at: Option<i64>,
    /// Leases that others hold because their turn came before the node's.
    pub lost: u32,
    /// Leases that others hold although the node's turn had come before they were claimed.
    pub missed: u32,
}

/// What could be worked on.
#[derive(Clone, Default)]
pub struct Market {
    /// The jobs.
    pub open: Vec<OpenWork>,
    /// The node's reputation now, bps.
    pub reputation_bps: u64,
}

impl Market {
    /// Reads the jobs that can be claimed now, and the leases of those that are for the node.
    pub(super) async fn read(
        chain: &(impl Chain + ?Sized),
        network: &Network,
        address: &Address,
        node: &Node,
        now: i64,
    ) -> Result<Self, ClientError> {
        let rules = network.parameters().reputation_rules();
        let reputation_bps = node.reputation_model().decayed(now, &rules).map_or(0, |reputation| reputation.bps());
        let mut open = Vec::new();
        let jobs = account::open_jobs(chain).await?;
        for (job_address, job) in jobs.into_iter().filter(|(_, job)| now <= job.deadline && job.class != CLASS_PROBE) {
            let unfit = unfit(network, &job, node, reputation_bps, now);
            let mut work = OpenWork { job, unfit, free: 0, turn_at: None, lost: 0, missed: 0 };
            if unfit.is_none() && open.len() < MOST_JOBS {
                let leases = account::leases_of_job(chain, &job_address).await?;
                let leases = leases.into_iter().map(|(_, lease)| (lease.index, lease)).collect();
                work.look_at(network, &job_address, &leases, address, node, now);
            }
            open.push(work);
        }
        Ok(Self { open, reputation_bps })
    }

    /// What these jobs say about why the node has no work.
    pub(super) fn reasons(&self, node: &Node) -> Vec<Reason> {
        let mut reasons = Vec::new();
        if self.open.is_empty() {
            reasons.push(Reason::NoJobs);
        }
        let mut groups: BTreeMap<Unfit, Vec<&Job>> = BTreeMap::new();
        for work in &self.open {
            if let Some(unfit) = work.unfit {
                groups.entry(unfit).or_default().push(&work.job);
            }
        }
        for (unfit, jobs) in groups {
            reasons.push(self.reason(unfit, &jobs, node));
        }
        let fit = || self.open.iter().filter(|work| work.unfit.is_none());
        let sum = |count: fn(&OpenWork) -> u32| fit().map(count).fold(0_u32, u32::saturating_add);
        let (lost, missed, free) = (sum(|work| work.lost), sum(|work| work.missed), sum(|work| work.free));
        if lost > 0 {
            reasons.push(Reason::RacesLost { leases: lost });
        }
        if missed > 0 {
            reasons.push(Reason::TurnsMissed { leases: missed });
        }
        if free > 0 {
            reasons.push(Reason::TurnAhead { leases: free, at: fit().filter_map(|work| work.turn_at).min() });
        }
        reasons
    }

    fn reason(&self, unfit: Unfit, of: &[&Job], node: &Node) -> Reason {
        let jobs = of.len();
        match unfit {
            Unfit::Class(class) => {
                Reason::OtherClass { jobs, class: CLASS_NAMES.get(usize::from(class)).copied().unwrap_or("another") }
            }
            Unfit::Memory => Reason::WantsMemory {
                jobs,
                least_mib: of.iter().map(|job| job.minimum_memory_mib).min().unwrap_or(0),
                has_mib: node.memory_mib,
            },
            Unfit::Reputation => Reason::WantsReputation {
                jobs,
                least_bps: of.iter().map(|job| u64::from(job.minimum_reputation)).min().unwrap_or(0),
                has_bps: self.reputation_bps,
            },
            Unfit::Bandwidth => Reason::WantsBandwidth {
                jobs,
                least_mbps: of.iter().map(|job| required_mbit(job)).min().unwrap_or(0),
                has_mbps: node.measured_bandwidth,
            },
            Unfit::Requester => Reason::RequesterUnknown { jobs, asks_bps: node.minimum_requester_reputation },
            Unfit::Ask => Reason::AskTooHigh {
                jobs,
                asks: of.first().and_then(|job| node.asks.get(usize::from(job.class))).copied().unwrap_or(u64::MAX),
                best: of.iter().map(|job| pays(job)).max().unwrap_or(0),
            },
            Unfit::Other(code) => Reason::Refused { jobs, sentence: sentence(code) },
        }
    }
}

/// Credits that a job pays for a million of the work measure, rounded down: in the unit of asks.
fn pays(job: &Job) -> u64 {
    let pay = u128::from(job.price_per_unit) * u128::from(race::ASK_WORK);
    u64::try_from(pay / u128::from(job.work_per_unit.max(1))).unwrap_or(u64::MAX)
}

/// Mbit/s that the job's tier of bandwidth requires.
fn required_mbit(job: &Job) -> u64 {
    BandwidthTier::try_from(job.bandwidth_tier).map_or(u64::MAX, |tier| tier.required_mbit())
}

fn sentence(code: u64) -> String {
    let known = u32::try_from(code).ok().and_then(crate::error::describe);
    known.map_or_else(|| format!("the chain would refuse with code {code}"), |(_, sentence)| sentence.to_owned())
}

/// Why the chain would refuse a claim of this job; what is wrong with the node itself is told elsewhere.
fn unfit(network: &Network, job: &Job, node: &Node, reputation_bps: u64, now: i64) -> Option<Unfit> {
    // As the node would be with enough stake, and free.
    let mut able = *node;
    able.stake = node.stake.max(network.parameters().min_stake);
    (able.draining, able.leases_held, able.capacity) = (0, 0, node.capacity.max(1));
    (able.maintenance_from, able.maintenance_until) = (0, 0);
    let error = race::require_requirements(network, job, &able, now).err()?;
    Some(match () {
        () if !node.serves(job.class) => Unfit::Class(job.class),
        () if node.memory_mib < job.minimum_memory_mib => Unfit::Memory,
        () if node.measured_bandwidth < required_mbit(job) => Unfit::Bandwidth,
        () if reputation_bps < u64::from(job.minimum_reputation) => Unfit::Reputation,
        () if race::ask(job, node).is_ok_and(|ask| ask > job.price_per_unit) => Unfit::Ask,
        () if job.requester_reputation < node.minimum_requester_reputation => Unfit::Requester,
        () => Unfit::Other(error.into()),
    })
}

impl OpenWork {
    /// Judges the race for every lease of the job by the node as it stands now.
    fn look_at(
        &mut self,
        network: &Network,
        job_address: &Address,
        leases: &BTreeMap<u32, Lease>,
        address: &Address,
        node: &Node,
        now: i64,
    ) {
        let job = self.job;
        let Ok(reputation) = node.reputation_model().decayed(now, &network.parameters().reputation_rules()) else {
            return;
        };
        for index in (0..job.leases).filter(|index| !job.is_settled(*index)) {
            let lease = leases.get(&index);
            let (attempt, claimable_at) = lease.map_or((0, job.opened_at), |lease| (lease.attempt, lease.claimable_at));
            let entry = race::entry(network, job_address, &job, address, node, index, attempt, 0, &reputation);
            // Without a seed nobody knows his turn.
            let entry = entry.ok().filter(|_| job.seeded == 1);
            let turn = entry.and_then(|entry| eligible_at(claimable_at, entry.delay_ms).ok());
            let state = lease.and_then(|lease| LeaseState::try_from(lease.status).ok());
            match (lease, state, turn) {
                (Some(lease), Some(state), Some(turn)) if state.is_in_flight() && lease.node != *address => {
                    let claimed_at = if lease.claimed_at > 0 { lease.claimed_at } else { lease.entered_at };
                    let count = if turn < claimed_at { &mut self.missed } else { &mut self.lost };
                    *count = count.saturating_add(1);
                }
                (_, state, turn) if state.is_none_or(LeaseState::is_claimable) => {
                    self.free = self.free.saturating_add(1);
                    self.turn_at = [self.turn_at, turn].into_iter().flatten().min();
                }
                _ => {}
            }
        }
    }
}
