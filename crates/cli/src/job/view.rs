//! Owns how a job and its leases are read and shown.

use market_model::lease::LeaseState;
use market_model::price::BandwidthTier;
use market_model::tier::Tier;
use render_compute::state::{JOB_CANCELLED, JOB_DONE, Job, Lease};
use render_compute_client::{Address, account, address};
use serde::Serialize;

use crate::amount::Usd;
use crate::output::{facts, table};
use crate::{CliError, Context};

/// A job as it stands.
#[derive(Clone, Debug, Serialize)]
pub struct JobView {
    /// Its account.
    pub job: String,
    /// Who pays.
    pub requester: String,
    /// Its number among the requester's.
    pub number: u64,
    /// SHA-256 of the manifest.
    pub manifest_sha256: String,
    /// `open`, `overdue`, `cancelled` or `done`.
    pub status: &'static str,
    /// Units of work.
    pub units: u64,
    /// Units accepted.
    pub units_accepted: u64,
    /// Leases.
    pub leases: u32,
    /// Leases accepted or refunded.
    pub leases_settled: u32,
    /// For each unit, to the node that computes it.
    pub price_per_unit_credit_units: u64,
    /// For each unit, for audits.
    pub premium_per_unit_credit_units: u64,
    /// Nodes that compute each lease.
    pub replicas: u8,
    /// `economy` or `priority`.
    pub tier: &'static str,
    /// Least bandwidth of its nodes.
    pub bandwidth_tier: &'static str,
    /// Held for units that are neither accepted nor refunded.
    pub escrow_credit_units: u64,
    /// Paid for accepted units.
    pub spent_credit_units: u64,
    /// Given back.
    pub refunded_credit_units: u64,
    /// When it was opened.
    pub opened_at_unix_seconds: i64,
    /// After it no lease can be claimed.
    pub deadline_unix_seconds: i64,
}

/// A lease as it stands.
#[derive(Clone, Debug, Serialize)]
pub struct LeaseView {
    /// Position in the job.
    pub lease: u32,
    /// First unit.
    pub first_unit: u64,
    /// Units in it.
    pub units: u64,
    /// `waiting`, `claimed`, `committed`, `being audited`, `audits being revealed`, `revealed`, `disputed`, `accepted`, `returned`,
    /// `expired` or `refunded`.
    pub state: &'static str,
    /// Who holds it.
    pub node: Option<String>,
    /// Until when the present state lasts.
    pub deadline_unix_seconds: Option<i64>,
    /// How often it was given up before.
    pub attempt: u16,
    /// Its account; none before it was first claimed.
    pub account: Option<String>,
    /// Audits that must agree before it is accepted.
    pub audits_owed: u8,
    /// Audits whose roots are public.
    pub audits_revealed: u8,
    /// Audits that agreed and were paid.
    pub audits_paid: u8,
    /// Disputes ever opened over it.
    pub disputes: u32,
    /// The dispute that is open over it.
    pub dispute: Option<String>,
}

/// A job and its leases.
#[derive(Clone, Debug, Serialize)]
pub struct JobDetails {
    /// The job.
    #[serde(flatten)]
    pub job: JobView,
    /// Units by what has become of them.
    pub progress: Progress,
    /// Every lease, in order.
    pub lease_list: Vec<LeaseView>,
}

/// Units by what has become of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Progress {
    /// Held by nobody.
    pub waiting: u64,
    /// Being rendered.
    pub claimed: u64,
    /// Rendered; the result is bound and not shown.
    pub committed: u64,
    /// The result is shown and may be challenged.
    pub revealed: u64,
    /// Paid.
    pub accepted: u64,
    /// Taken back.
    pub refunded: u64,
}

impl Progress {
    /// Units that a node holds.
    pub fn in_flight(&self) -> u64 {
        self.claimed.saturating_add(self.committed).saturating_add(self.revealed)
    }
}

/// A job with its leases as they lie on the chain.
pub(super) struct Snapshot {
    pub address: Address,
    pub job: Job,
    pub leases: Vec<Option<Lease>>,
    pub now: i64,
}

impl Snapshot {
    pub(super) async fn read(context: &Context<'_>, address: &Address) -> Result<Self, CliError> {
        let job = super::read(context, address).await?;
        let addresses: Vec<Address> = (0..job.leases).map(|index| address::lease(address, index, 0)).collect();
        let leases = account::find_all::<Lease>(context.chain, &addresses).await?;
        let now = context.chain.clock().await?.unix_timestamp;
        Ok(Self { address: *address, job, leases, now })
    }

    /// Index, account and state of every lease; settled ones are accepted or taken back.
    pub(super) fn each(&self) -> impl Iterator<Item = (u32, Option<&Lease>, LeaseStanding)> {
        (0_u32..).zip(&self.leases).map(|(index, lease)| {
            let lease = lease.as_ref();
            (index, lease, standing(self.job.is_settled(index), lease))
        })
    }

    pub(super) fn details(&self) -> Result<JobDetails, CliError> {
        let mut progress = Progress::default();
        let mut lease_list = Vec::with_capacity(self.leases.len());
        for (index, lease, standing) in self.each() {
            let range = self
                .job
                .terms()
                .lease_units(u64::from(index))
                .map_err(|error| CliError::operation(format!("the job at {} is damaged: {error}", self.address)))?;
            *progress.count(standing) += range.count;
            let held = lease.filter(|_| standing.is_held());
            lease_list.push(LeaseView {
                lease: index,
                first_unit: range.first,
                units: range.count,
                state: standing.name(),
                node: lease.filter(|lease| lease.node != Address::default()).map(|lease| lease.node.to_string()),
                deadline_unix_seconds: held.map(|lease| lease.deadline),
                attempt: lease.map_or(0, |lease| lease.attempt),
                account: lease.map(|_| address::lease(&self.address, index, 0).to_string()),
                audits_owed: lease.map_or(0, |lease| lease.audits_owed),
                audits_revealed: lease.map_or(0, |lease| lease.audits_revealed),
                audits_paid: lease.map_or(0, |lease| lease.audits_paid),
                disputes: lease.map_or(0, |lease| lease.disputes),
                dispute: lease
                    .filter(|_| standing == LeaseStanding::Market(LeaseState::Disputed))
                    .map(|lease| {
                        address::dispute(&address::lease(&self.address, index, 0), lease.disputes.saturating_sub(1))
                    })
                    .map(|dispute| dispute.to_string()),
            });
        }
        Ok(JobDetails { job: JobView::new(&self.address, &self.job, self.now), progress, lease_list })
    }

    /// Whether nothing will happen to the job unless its requester acts.
    pub(super) fn is_over(&self) -> bool {
        let over = self.job.status != render_compute::state::JOB_OPEN || self.now > self.job.deadline;
        over && self.each().all(|(_, _, standing)| !standing.is_held())
    }
}

/// What has become of a lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LeaseStanding {
    Market(LeaseState),
    Refunded,
    Unknown,
}

fn standing(is_settled: bool, lease: Option<&Lease>) -> LeaseStanding {
    let state = lease.map_or(Ok(LeaseState::Open), |lease| LeaseState::try_from(lease.status));
    match (is_settled, state) {
        (_, Err(_)) => LeaseStanding::Unknown,
        (_, Ok(LeaseState::Accepted)) => LeaseStanding::Market(LeaseState::Accepted),
        (true, Ok(_)) => LeaseStanding::Refunded,
        (false, Ok(state)) => LeaseStanding::Market(state),
    }
}

impl LeaseStanding {
    pub(super) fn is_held(self) -> bool {
        matches!(self, Self::Market(state) if state.is_in_flight())
    }

    pub(super) fn is_refunded(self) -> bool {
        self == Self::Refunded
    }

    fn name(self) -> &'static str {
        match self {
            Self::Market(LeaseState::Open) => "waiting",
            Self::Market(LeaseState::Claimed) => "claimed",
            Self::Market(LeaseState::Committed) => "committed",
            Self::Market(LeaseState::Revealed) => "revealed",
            Self::Market(LeaseState::Accepted) => "accepted",
            Self::Market(LeaseState::Returned) => "returned",
            Self::Market(LeaseState::Expired) => "expired",
            Self::Market(LeaseState::Auditing) => "being audited",
            Self::Market(LeaseState::Opening) => "audits being revealed",
            Self::Market(LeaseState::Disputed) => "disputed",
            Self::Refunded => "refunded",
            Self::Unknown => "unknown",
        }
    }
}

impl Progress {
    fn count(&mut self, standing: LeaseStanding) -> &mut u64 {
        match standing {
            LeaseStanding::Market(LeaseState::Claimed) => &mut self.claimed,
            LeaseStanding::Market(LeaseState::Committed | LeaseState::Auditing | LeaseState::Opening) => {
                &mut self.committed
            }
            LeaseStanding::Market(LeaseState::Revealed | LeaseState::Disputed) => &mut self.revealed,
            LeaseStanding::Market(LeaseState::Accepted) => &mut self.accepted,
            LeaseStanding::Refunded => &mut self.refunded,
            LeaseStanding::Market(_) | LeaseStanding::Unknown => &mut self.waiting,
        }
    }
}

impl JobView {
    fn new(address: &Address, job: &Job, now: i64) -> Self {
        Self {
            job: address.to_string(),
            requester: job.requester.to_string(),
            number: job.nonce,
            manifest_sha256: hex::encode(job.manifest),
            status: match job.status {
                JOB_DONE => "done",
                JOB_CANCELLED => "cancelled",
                _ if now > job.deadline => "overdue",
                _ => "open",
            },
            units: job.units,
            units_accepted: job.units_accepted,
            leases: job.leases,
            leases_settled: job.leases_settled,
            price_per_unit_credit_units: job.price_per_unit,
            premium_per_unit_credit_units: job.premium_per_unit,
            replicas: job.replicas,
            tier: Tier::try_from(job.tier).map_or("unknown", Tier::name),
            bandwidth_tier: BandwidthTier::try_from(job.bandwidth_tier).map_or("unknown", BandwidthTier::name),
            escrow_credit_units: job.escrow,
            spent_credit_units: job.spent,
            refunded_credit_units: job.refunded,
            opened_at_unix_seconds: job.opened_at,
            deadline_unix_seconds: job.deadline,
        }
    }
}

/// Jobs of a wallet, or everybody's, oldest first.
pub async fn list(context: &Context<'_>, requester: Option<&Address>) -> Result<Vec<JobView>, CliError> {
    let jobs = match requester {
        Some(wallet) => account::jobs_of(context.chain, wallet).await?,
        None => account::jobs(context.chain).await?,
    };
    let now = context.chain.clock().await?.unix_timestamp;
    let mut views: Vec<JobView> = jobs.iter().map(|(address, job)| JobView::new(address, job, now)).collect();
    views.sort_by_key(|view| (view.opened_at_unix_seconds, view.number));
    Ok(views)
}

/// A job and its leases.
pub async fn show(context: &Context<'_>, job: &Address) -> Result<JobDetails, CliError> {
    Snapshot::read(context, job).await?.details()
}

pub(super) fn text_of_all(jobs: &[JobView]) -> String {
    let rows: Vec<[String; 6]> = jobs
        .iter()
        .map(|job| {
            [
                job.number.to_string(),
                job.job.clone(),
                job.status.to_owned(),
                format!("{}/{}", job.units_accepted, job.units),
                Usd(job.spent_credit_units).to_string(),
                Usd(job.escrow_credit_units).to_string(),
            ]
        })
        .collect();
    table(["no", "job", "status", "tiles", "spent", "escrow"], &rows)
}

impl LeaseView {
    /// Audits and disputes in a few words; nothing where there are none.
    fn audits(&self) -> String {
        let mut text = match (self.audits_owed, self.audits_paid) {
            (0, _) => String::new(),
            (owed, 0) => format!("{} of {owed} revealed", self.audits_revealed),
            (owed, paid) => format!("{paid} of {owed} agreed"),
        };
        if self.disputes > 0 {
            let comma = if text.is_empty() { "" } else { ", " };
            let plural = if self.disputes == 1 { "dispute" } else { "disputes" };
            text.push_str(&format!("{comma}{} {plural}", self.disputes));
        }
        text
    }
}

impl JobDetails {
    pub(super) fn text(&self) -> String {
        let job = &self.job;
        let head = facts(&[
            ("job", job.job.clone()),
            ("requester", job.requester.clone()),
            ("number", job.number.to_string()),
            ("status", job.status.to_owned()),
            ("tiles", format!("{} of {} accepted", job.units_accepted, job.units)),
            (
                "price",
                format!(
                    "{} per tile, {} for audits",
                    Usd(job.price_per_unit_credit_units),
                    Usd(job.premium_per_unit_credit_units)
                ),
            ),
            ("replicas", job.replicas.to_string()),
            ("tier", format!("{}, bandwidth {}", job.tier, job.bandwidth_tier)),
            ("spent", Usd(job.spent_credit_units).to_string()),
            ("escrow", Usd(job.escrow_credit_units).to_string()),
            ("refunded", Usd(job.refunded_credit_units).to_string()),
            ("deadline", job.deadline_unix_seconds.to_string()),
            ("manifest", job.manifest_sha256.clone()),
        ]);
        let rows: Vec<[String; 5]> = self
            .lease_list
            .iter()
            .map(|lease| {
                let last = lease.first_unit.saturating_add(lease.units).saturating_sub(1);
                [
                    lease.lease.to_string(),
                    format!("{}-{last}", lease.first_unit),
                    lease.state.to_owned(),
                    lease.audits(),
                    lease.node.clone().unwrap_or_default(),
                ]
            })
            .collect();
        format!("{head}\n\n{}", table(["lease", "tiles", "state", "audits", "node"], &rows))
    }
}
