//! One look at the chain: what everything in a pass is decided from.

use crate::{error::WorkerError, journal::LeaseKey};
use market_model::lease::LeaseState;
use render_compute::state::{Epoch, Job, Lease, Network, Node};
use render_compute_client::{Chain, account, address};
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
        LeaseKey { lease: self.address, attempt: self.lease.attempt }
    }

    pub(super) fn units(&self) -> std::ops::Range<u64> {
        let first = self.lease.first_unit;
        first..first.saturating_add(u64::from(self.lease.units))
    }

    /// Pixels x samples, as the job is priced.
    pub(super) fn work(&self) -> u64 {
        self.job.as_ref().map_or(0, |job| job.work_per_unit.saturating_mul(u64::from(self.lease.units)))
    }
}

pub(super) struct View {
    pub(super) moment: Moment,
    pub(super) network: Network,
    pub(super) node: Node,
    /// The latest epoch opened, if any.
    pub(super) epoch: Option<Epoch>,
    /// The leases that were asked for, as they are now; `None` for an empty address.
    pub(super) leases: BTreeMap<Address, Option<Lease>>,
    /// Those of them that name this node, and those a search found. Sorted by address.
    pub(super) held: Vec<Held>,
}

impl View {
    /// Reads what a pass needs. `known` are leases this node may hold; `search` finds those it forgot.
    pub(super) async fn read(
        chain: &dyn Chain,
        identity: &Address,
        known: BTreeSet<Address>,
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
        let mut leases = BTreeMap::new();
        if !known.is_empty() {
            let addresses: Vec<Address> = known.into_iter().collect();
            leases.extend(addresses.iter().copied().zip(account::find_all::<Lease>(chain, &addresses).await?));
        }
        if search {
            for state in [LeaseState::Claimed, LeaseState::Committed, LeaseState::Revealed] {
                let filters = [
                    (std::mem::offset_of!(Lease, node), own.to_bytes().to_vec()),
                    (std::mem::offset_of!(Lease, status), vec![u8::from(state)]),
                ];
                let found = account::list::<Lease>(chain, &filters).await?;
                leases.extend(found.into_iter().map(|(address, lease)| (address, Some(lease))));
            }
        }
        let named: Vec<(Address, Lease)> = leases
            .iter()
            .filter_map(|(address, lease)| lease.filter(|lease| lease.node == own).map(|lease| (*address, lease)))
            .collect();
        let jobs: Vec<Address> =
            named.iter().map(|(_, lease)| lease.job).collect::<BTreeSet<_>>().into_iter().collect();
        let contents = if jobs.is_empty() { Vec::new() } else { account::find_all::<Job>(chain, &jobs).await? };
        let held = named
            .into_iter()
            .map(|(address, lease)| {
                let job = jobs.binary_search(&lease.job).ok().and_then(|position| contents[position]);
                Held { address, lease, job }
            })
            .collect();
        Ok(Self { moment, network, node, epoch, leases, held })
    }

    /// The epoch that work accepted now counts in, when it is open.
    pub(super) fn running_epoch(&self) -> Option<&Epoch> {
        self.epoch.as_ref().filter(|epoch| (epoch.starts_at..epoch.ends_at).contains(&self.moment.now))
    }
}
