//! Peers: this node measures the bandwidth of probed nodes of other operators, and lets theirs measure its own.
//!
//! A measure is committed to under a salt that comes again, and is one of so few numbers that it is found again from its
//! commitment: nothing has to be kept between commit and reveal.

use super::{Done, Worker, probes::Watch, view::View};
use crate::{
    bandwidth::{
        self, Refusal, Request,
        client::{MeasureError, measure},
    },
    error::WorkerError,
    journal::LeaseKey,
};
use market_model::{probe::PEERS, race::eligible_at};
use render_compute::{
    probe,
    state::{Job, Node, PEER_COMMITTED, PEER_FREE, Probe},
};
use render_compute_client::{Keypair, Signer, account, address, instruction};
use solana_address::Address;
use std::{collections::HashMap, net::SocketAddr, sync::Arc};
use tokio::sync::oneshot;

const COMMIT: &str = "a measure";
const REVEAL: &str = "showing a measure";
/// Largest measure that is reported, Mbit/s: forty times what counts at most by default, and few enough to be tried.
const MOST_MBPS: u32 = 65_535;
/// Chain seconds until a busy node is asked again.
const AGAIN_SECONDS: i64 = 10;

/// Measures of one probe.
enum Measure {
    /// Under way.
    Running(oneshot::Receiver<Result<u64, MeasureError>>),
    /// Done, Mbit/s.
    Known(u32),
    /// To be made again from this moment.
    Later(i64),
}

/// The measures this node makes.
#[derive(Default)]
pub(super) struct Measures(HashMap<Address, Measure>);

impl Worker {
    /// Opens or closes the door for peers, measures where this node's turn has come, and shows what it measured.
    pub(super) async fn measure_duties(&mut self, view: &View, done: &mut Vec<Done>) -> Result<(), WorkerError> {
        let now = view.moment.now;
        match view.probe.filter(|probe| now <= probe.deadline && probe.revealed == 0) {
            Some(probe) => {
                let operator = view.node.operator;
                self.door.open(address::probe(&self.node, probe.number), self.probes.peers(&operator));
            }
            None => self.door.close(),
        }
        let is_able = view.node.enrolled == 1 && view.node.stake >= view.network.parameters().min_stake;
        if !self.settings.measures || !is_able || !self.probes.has_others(&view.node.operator) {
            return Ok(());
        }
        let probes = account::probes(&*self.chain).await?;
        self.measures.0.retain(|address, _| probes.iter().any(|(known, _)| known == address));
        let own = self.node;
        for (address, probe) in probes.into_iter().filter(|(_, probe)| probe.node != own) {
            let place = (0..).zip(probe.peers).find(|(_, peer)| peer.node == own && peer.state != PEER_FREE);
            match place {
                Some((index, peer)) if peer.state == PEER_COMMITTED => {
                    if usize::from(probe.committed) == PEERS || now > probe.deadline {
                        self.show(&address, &probe, index, &peer.commitment, view, done).await?;
                    } else {
                        self.wake_at(probe.deadline.saturating_add(1));
                    }
                }
                Some(_) => {}
                None if now <= probe.deadline && probe.revealed == 0 => {
                    self.take_place(&address, &probe, view, done).await?;
                }
                None => {}
            }
        }
        Ok(())
    }

    fn measure_salt(&self, probe: &Address, index: u8) -> [u8; 32] {
        // A probe's address is no lease's.
        self.salts.salt(LeaseKey::of_lease(*probe, u16::from(index)))
    }

    async fn show(
        &mut self,
        address: &Address,
        probe: &Probe,
        index: u8,
        commitment: &[u8; 32],
        view: &View,
        done: &mut Vec<Done>,
    ) -> Result<(), WorkerError> {
        let now = view.moment.now;
        if self.must_wait(REVEAL, *address, now) {
            return Ok(());
        }
        let salt = self.measure_salt(address, index);
        let fits = |mbps: &u32| probe::measurement(address, &self.node, &view.node, index, *mbps, &salt) == *commitment;
        let Some(mbps) = (0..=MOST_MBPS).find(fits) else {
            // Another worker used this identity: it alone knows.
            return Ok(());
        };
        let identity = self.settings.identity.pubkey();
        match self.send(&[instruction::measure_reveal(&identity, probe, index, mbps, salt)]).await {
            Ok(confirmed) => {
                let (probe, signature) = (*address, confirmed.signature);
                self.report(done, Done::MeasureShown { probe, mbps, signature });
                Ok(())
            }
            Err(error) => self.refused(REVEAL, *address, now, error, done),
        }
    }

    /// Measures when this node's turn has come, and takes a place with what it found.
    async fn take_place(
        &mut self,
        address: &Address,
        probe: &Probe,
        view: &View,
        done: &mut Vec<Done>,
    ) -> Result<(), WorkerError> {
        let now = view.moment.now;
        let free = (0..).zip(probe.peers).find(|(_, peer)| peer.state == PEER_FREE);
        let Some((index, _)) = free else { return Ok(()) };
        if probe.peers.iter().any(|peer| peer.operator == view.node.operator) {
            return Ok(());
        }
        let Some(job) = account::find::<Job>(&*self.chain, &probe.job).await?.filter(|job| job.seeded == 1) else {
            self.wake_at(now.saturating_add(1));
            return Ok(());
        };
        let entry = probe::peer_entry(&view.network, address, probe, &job.seed, &self.node, &view.node);
        let turn = entry.ok().and_then(|entry| eligible_at(probe.opened_at, entry.delay_ms).ok());
        let Some(turn) = turn.filter(|turn| *turn <= probe.deadline) else { return Ok(()) };
        if now < turn {
            self.wake_at(turn);
            return Ok(());
        }
        let Some(mbps) = self.measured(address, probe, view).await? else { return Ok(()) };
        if self.must_wait(COMMIT, *address, now) {
            return Ok(());
        }
        let salt = self.measure_salt(address, index);
        let commitment = probe::measurement(address, &self.node, &view.node, index, mbps, &salt);
        let identity = self.settings.identity.pubkey();
        match self.send(&[instruction::measure_commit(&identity, probe, index, commitment)]).await {
            Ok(confirmed) => {
                self.wake_at(now.saturating_add(1));
                let signature = confirmed.signature;
                self.report(done, Done::Measured { probe: *address, node: probe.node, mbps, signature });
                Ok(())
            }
            Err(error) => self.refused(COMMIT, *address, now, error, done),
        }
    }

    /// What this node measured; starts the measure where there is none. A node that shows no bandwidth has none: its peers' median
    /// decides, so a fault of this one's line is one among several.
    async fn measured(&mut self, address: &Address, probe: &Probe, view: &View) -> Result<Option<u32>, WorkerError> {
        let now = view.moment.now;
        if let Some(Measure::Running(outcome)) = self.measures.0.get_mut(address) {
            let next = match outcome.try_recv() {
                Ok(Ok(mbps)) => Measure::Known(u32::try_from(mbps).unwrap_or(MOST_MBPS).min(MOST_MBPS)),
                Ok(Err(MeasureError::Refused(Refusal::Busy))) => Measure::Later(now.saturating_add(AGAIN_SECONDS)),
                Ok(Err(error)) => {
                    tracing::info!(node = %probe.node, %error, "no bandwidth could be measured: reported as none");
                    Measure::Known(0)
                }
                Err(oneshot::error::TryRecvError::Empty) => {
                    self.wake_at(now.saturating_add(1));
                    return Ok(None);
                }
                Err(oneshot::error::TryRecvError::Closed) => Measure::Later(now.saturating_add(AGAIN_SECONDS)),
            };
            self.measures.0.insert(*address, next);
        }
        match self.measures.0.get(address) {
            Some(Measure::Known(mbps)) => return Ok(Some(*mbps)),
            Some(Measure::Later(at)) if now < *at => {
                let at = *at;
                self.wake_at(at);
                return Ok(None);
            }
            _ => {}
        }
        let node: Node = account::fetch(&*self.chain, &probe.node).await?;
        let endpoint = bandwidth::endpoint(&node.address, node.port)
            .filter(|endpoint| self.settings.private_peers || bandwidth::is_public(endpoint.ip()));
        let next = match endpoint {
            None => Measure::Known(0),
            Some(endpoint) => {
                self.wake_at(now.saturating_add(1));
                self.start(*address, probe.node, endpoint)
            }
        };
        let known = if let Measure::Known(mbps) = next { Some(mbps) } else { None };
        self.measures.0.insert(*address, next);
        Ok(known)
    }

    /// Measures on a thread of its own: the comparison of every byte must not hold up the chain's side, nor be held up by it.
    fn start(&self, probe: Address, node: Address, endpoint: SocketAddr) -> Measure {
        let (answer, outcome) = oneshot::channel();
        let identity: Arc<Keypair> = Arc::clone(&self.settings.identity);
        // Unknown to everyone before, and another for every attempt.
        let nonce = Keypair::new().pubkey().to_bytes();
        let request = Request { probe, peer: identity.pubkey(), nonce, bytes: bandwidth::MOST_BYTES };
        let spawned = std::thread::Builder::new().name("measure".into()).spawn(move || {
            let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
            // Nobody waits any more when the probe is over.
            let _ = answer.send(runtime.block_on(measure(endpoint, &node, &request, &identity)));
        });
        match spawned {
            Ok(_) => Measure::Running(outcome),
            Err(_) => Measure::Later(self.last.map_or(0, |last| last.now.saturating_add(AGAIN_SECONDS))),
        }
    }
}

impl Watch {
    /// Whether another operator's node is enrolled.
    fn has_others(&self, operator: &Address) -> bool {
        self.peers(operator).next().is_some()
    }
}
