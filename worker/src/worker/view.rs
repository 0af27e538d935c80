//! One look at the chain: what everything in a pass is decided from.

use crate::{error::WorkerError, journal::LeaseKey};
use market_model::lease::LeaseState;
use render_compute::state::{Audit, Epoch, Job, Lease, Network, Node, Probe};
use render_compute_client::{
    Chain,
    account::{self, MarketAccount},
    address,
};
use solana_address::Address;
use std::collections::{BTreeMap, BTreeSet};

/// The chain's time at the look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moment {
    pub(super) now: i64,
    pub(super) slot: u64,
}

/// A lease that names this node, with its job.
pub(super) struct Held {
    pub(super) address: Address,
    pub(super) lease: Lease,
    /// `None` once the job is closed.
    pub(super) job: Option<Job>,
}

impl Held {
    pub(super) fn key(&self) -> LeaseKey {
        LeaseKey::of_lease(self.address, self.lease.attempt)
    }

    /// Pixels x samples, as the job is priced.
    pub(super) fn work(&self) -> u64 {
        work(&self.lease, self.job.as_ref())
    }
}

/// An audit that names this node.
pub(super) struct HeldAudit {
    pub(super) audit: Audit,
    /// The audited lease; `None` once it is closed.
    pub(super) lease: Option<Lease>,
    /// Its job; `None` once that is closed.
    pub(super) job: Option<Job>,
}

impl HeldAudit {
    pub(super) fn key(&self) -> LeaseKey {
        LeaseKey::of_audit(self.audit.lease, self.audit.attempt, self.audit.index)
    }

    /// The audited lease, while it is the attempt that this audits.
    pub(super) fn live_lease(&self) -> Option<&Lease> {
        self.lease.as_ref().filter(|lease| lease.attempt == self.audit.attempt)
    }
}

/// How much work a lease is: pixels x samples, as the job is priced.
pub(super) fn work(lease: &Lease, job: Option<&Job>) -> u64 {
    job.map_or(0, |job| job.work_per_unit.saturating_mul(u64::from(lease.units)))
}

pub(super) struct View {
    pub(super) moment: Moment,
    pub(super) network: Network,
    pub(super) node: Node,
    /// The latest epoch opened, if any.
    pub(super) epoch: Option<Epoch>,
    /// The probe of this node that is under way.
    pub(super) probe: Option<Probe>,
    /// The leases that were asked for, as they are now; `None` for an empty address.
    pub(super) leases: BTreeMap<Address, Option<Lease>>,
    /// Those of them that name this node, and those a search found. Sorted by address.
    pub(super) held: Vec<Held>,
    /// The audits that this node holds.
    pub(super) audits: Vec<HeldAudit>,
    /// The accounts of audits that were asked for, as they are now.
    audit_accounts: BTreeMap<Address, Option<Audit>>,
    /// The audits of every lease here that is audited, by the lease.
    audits_of: BTreeMap<Address, Vec<Audit>>,
}

impl View {
    /// Reads what a pass needs. `known` are leases and audits this node may hold; `search` finds those it forgot.
    pub(super) async fn read(
        chain: &dyn Chain,
        identity: &Address,
        known: &BTreeSet<LeaseKey>,
        search: bool,
    ) -> Result<Self, WorkerError> {
        let own = address::node(identity);
        let clock = chain.clock().await?;
        let moment = Moment { now: clock.unix_timestamp, slot: clock.slot };
        let network = account::network(chain).await?;
        let Some(node) = account::node(chain, identity).await? else {
            return Err(WorkerError::NotReady(format!(
                "identity {identity} is not registered as a node; run render-worker init"
            )));
        };
        let epoch = if network.epoch == 0 { None } else { account::epoch(chain, network.epoch).await? };
        let probe = account::probe_of(chain, &own, &node).await?;
        let mut audit_accounts =
            read_all::<Audit>(chain, known.iter().filter(|key| key.audit.is_some()).map(LeaseKey::account)).await?;
        if search {
            let filter = (std::mem::offset_of!(Audit, node), own.to_bytes().to_vec());
            let found = account::list::<Audit>(chain, &[filter]).await?;
            audit_accounts.extend(found.into_iter().map(|(address, audit)| (address, Some(audit))));
        }
        let audited = audit_accounts.values().flatten().filter(|audit| audit.node == own).map(|audit| audit.lease);
        let wanted = known.iter().map(|key| key.lease).chain(audited).chain(probe.map(|probe| probe.lease));
        let mut leases = read_all::<Lease>(chain, wanted).await?;
        if search {
            for state in STATES_HELD {
                let filters = [
                    (std::mem::offset_of!(Lease, node), own.to_bytes().to_vec()),
                    (std::mem::offset_of!(Lease, status), vec![u8::from(state)]),
                ];
                let found = account::list::<Lease>(chain, &filters).await?;
                leases.extend(found.into_iter().map(|(address, lease)| (address, Some(lease))));
            }
        }
        let jobs = read_all::<Job>(chain, leases.values().flatten().map(|lease| lease.job)).await?;
        let job_of = |lease: &Lease| jobs.get(&lease.job).copied().flatten();
        let held = leases
            .iter()
            .filter_map(|(address, lease)| lease.filter(|lease| lease.node == own).map(|lease| (*address, lease)))
            .map(|(address, lease)| Held { address, lease, job: job_of(&lease) })
            .collect();
        let audits = audit_accounts
            .values()
            .flatten()
            .filter(|audit| audit.node == own)
            .map(|audit| {
                let lease = leases.get(&audit.lease).copied().flatten();
                HeldAudit { audit: *audit, lease, job: lease.as_ref().and_then(job_of) }
            })
            .collect();
        let audits_of = read_audits_of(chain, &leases).await?;
        Ok(Self { moment, network, node, epoch, probe, leases, held, audits, audit_accounts, audits_of })
    }

    /// The audits of a lease's present attempt.
    pub(super) fn audits_of(&self, lease: &Address) -> &[Audit] {
        self.audits_of.get(lease).map_or(&[], Vec::as_slice)
    }

    /// The account of an audit that the journal knows; `None` where it was not asked for.
    pub(super) fn audit_account(&self, key: LeaseKey) -> Option<Option<&Audit>> {
        self.audit_accounts.get(&key.account()).map(Option::as_ref)
    }

    /// The epoch that work accepted now counts in, when it is open.
    pub(super) fn running_epoch(&self) -> Option<&Epoch> {
        self.epoch.as_ref().filter(|epoch| (epoch.starts_at..epoch.ends_at).contains(&self.moment.now))
    }
}

/// States of a lease in which a node holds it.
const STATES_HELD: [LeaseState; 6] = [
    LeaseState::Claimed,
    LeaseState::Committed,
    LeaseState::Auditing,
    LeaseState::Opening,
    LeaseState::Revealed,
    LeaseState::Disputed,
];

async fn read_all<T: MarketAccount>(
    chain: &dyn Chain,
    addresses: impl Iterator<Item = Address>,
) -> Result<BTreeMap<Address, Option<T>>, WorkerError> {
    let addresses: Vec<Address> = addresses.collect::<BTreeSet<_>>().into_iter().collect();
    if addresses.is_empty() {
        return Ok(BTreeMap::new());
    }
    let found = account::find_all::<T>(chain, &addresses).await?;
    Ok(addresses.into_iter().zip(found).collect())
}

async fn read_audits_of(
    chain: &dyn Chain,
    leases: &BTreeMap<Address, Option<Lease>>,
) -> Result<BTreeMap<Address, Vec<Audit>>, WorkerError> {
    let owing = leases.iter().filter_map(|(address, lease)| Some((address, lease.as_ref()?)));
    let places = owing.flat_map(|(address, lease)| {
        let indexes = 0..u8::try_from(lease.auditors.len()).unwrap_or(u8::MAX);
        let taken = indexes.zip(lease.auditors).filter(|(_, auditor)| *auditor != Address::default());
        taken.map(|(index, _)| address::audit(address, lease.attempt, index))
    });
    let mut audits_of: BTreeMap<Address, Vec<Audit>> = BTreeMap::new();
    for audit in read_all::<Audit>(chain, places).await?.into_values().flatten() {
        audits_of.entry(audit.lease).or_default().push(audit);
    }
    for audits in audits_of.values_mut() {
        audits.sort_by_key(|audit| audit.index);
    }
    Ok(audits_of)
}
