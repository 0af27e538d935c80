//! Probes: having them opened, answering this node's own, and seeing those through whose rent it paid.
//!
//! The answer is a lease like any other, so `hold` computes, commits and reveals it; here is what leases do not have. Whether a
//! probe is due at a slot only that slot's hash says, so each new hash is looked at once, for every enrolled node. A probe of
//! another operator's node is opened for the opener's fee, some seconds after it fell due, so that not every node sends the same.

use super::{
    Done, Worker,
    hold::{Action, Meaning, is},
    view::{Held, Moment, View},
};
use crate::{
    error::WorkerError,
    journal::{LeaseKey, Record},
    plan::LeaseStep,
};
use kernels::merkle::sha256;
use market_model::{
    lease::LeaseState,
    probe::{Outcome, check_slot, is_due},
};
use render_compute::{
    constants::PAUSE_LEASES,
    probe,
    state::{Lease, Node, Probe},
};
use render_compute_client::{
    Signer, account, address,
    event::Event,
    instruction,
    lottery::{first_after, slot_hashes, slots},
};
use solana_address::Address;
use std::collections::{BTreeMap, BTreeSet};

const OPEN: &str = "opening a probe";
const EXPIRE: &str = "marking a missed probe";
const FINISH: &str = "finishing a probe";
const SEED: &str = "seeding a probe";
/// Chain seconds between two looks at which nodes are enrolled, and at probes whose rent this node paid.
const LOOK_SECONDS: i64 = 20;
/// Chain seconds between two looks at new slots for this node itself; a due probe can be opened for about a minute.
const OWN_SECONDS: i64 = 5;
/// Chain seconds over which the nodes of the network spread the opening of one probe.
const SPREAD_SECONDS: u32 = 15;
/// Enrolled nodes that are looked at: each is a hash a slot.
const MOST_NODES: usize = 4_096;

/// What is known of others' probes, and when to look again.
#[derive(Default)]
pub(super) struct Watch {
    /// Nodes that can be probed, as they were when they were listed.
    nodes: Vec<(Address, Node)>,
    /// Probes whose rent this node paid.
    paid: BTreeSet<Address>,
    look_at: Option<i64>,
    /// Slots up to this one have been looked at.
    looked_slot: Option<u64>,
    /// Due probes: the slot, and when to open it.
    due: BTreeMap<Address, (u64, i64)>,
}

impl Watch {
    /// Other operators' nodes that could measure this node, by their identities.
    pub(super) fn peers<'a>(&'a self, operator: &'a Address) -> impl Iterator<Item = Address> + 'a {
        self.nodes.iter().filter(move |(_, node)| node.operator != *operator).map(|(_, node)| node.identity)
    }
}

impl Worker {
    /// What a probe's lease waits for and no other lease has. True where nothing else is to be done about it.
    pub(super) async fn advance_probe(
        &mut self,
        held: &Held,
        step: LeaseStep,
        actions: &mut Vec<Action>,
        moment: Moment,
    ) -> Result<bool, WorkerError> {
        let key = held.key();
        // It cannot be given back.
        self.giving_up.remove(&key);
        let unseeded = held.job.as_ref().filter(|job| job.seeded == 0);
        match (step, unseeded) {
            (LeaseStep::Render, Some(job)) => {
                if first_after(&slot_hashes(&*self.chain).await?, job.opened_slot).is_some() {
                    let instructions = vec![instruction::job_seed(&held.lease.job)];
                    actions.push(Action { what: SEED, key, instructions, meaning: Meaning::Seed });
                }
                self.wake_at(moment.now);
                Ok(true)
            }
            (LeaseStep::Render, None) => {
                self.wake_at(held.lease.deadline.saturating_add(1));
                Ok(false)
            }
            (LeaseStep::Overdue, _) if is(&held.lease, LeaseState::Claimed) => {
                if self.renderer.current() == Some(key) {
                    self.renderer.cancel();
                }
                Ok(true)
            }
            (LeaseStep::Accept | LeaseStep::Over, _) => Ok(true),
            _ => Ok(false),
        }
    }

    /// Opens, expires and finishes probes as far as it is this node's turn to.
    pub(super) async fn probe_duties(&mut self, view: &View, done: &mut Vec<Done>) -> Result<(), WorkerError> {
        if !self.settings.probes {
            return Ok(());
        }
        let now = view.moment.now;
        if self.probes.look_at.is_none_or(|at| now >= at) {
            self.probes.look_at = Some(now.saturating_add(LOOK_SECONDS));
            self.look_at_nodes(view).await?;
        }
        if !self.is_stopping && !view.network.is_paused(PAUSE_LEASES) {
            self.look_at_slots(view).await?;
            self.open_due(view, done).await?;
        }
        self.see_through(view, done).await?;
        self.measure_duties(view, done).await
    }

    async fn look_at_nodes(&mut self, view: &View) -> Result<(), WorkerError> {
        let enrolled = (std::mem::offset_of!(Node, enrolled), vec![1]);
        let least = view.network.parameters().min_stake;
        let mut nodes = account::list::<Node>(&*self.chain, &[enrolled]).await?;
        nodes.retain(|(_, node)| node.stake >= least);
        nodes.truncate(MOST_NODES);
        self.probes.nodes = nodes;
        let identity = self.settings.identity.pubkey();
        let payer = (std::mem::offset_of!(Probe, payer), identity.to_bytes().to_vec());
        let paid = account::list::<Probe>(&*self.chain, &[payer]).await?;
        self.probes.paid = paid.into_iter().map(|(address, _)| address).collect();
        if !self.probes.nodes.is_empty() {
            let next = view.moment.now.saturating_add(LOOK_SECONDS);
            self.wake_at(next);
        }
        Ok(())
    }

    /// Draws for every slot with a hash that was not looked at yet.
    async fn look_at_slots(&mut self, view: &View) -> Result<(), WorkerError> {
        let own = (self.node, view.node);
        let others = self.probes.nodes.iter().filter(|(_, node)| node.operator != view.node.operator);
        let nodes: Vec<&(Address, Node)> =
            std::iter::once(&own).filter(|(_, node)| node.enrolled == 1).chain(others).collect();
        if nodes.is_empty() {
            return Ok(());
        }
        let rules = view.network.parameters().probe_rules();
        let oldest = view.moment.slot.saturating_sub(rules.open_slots);
        let after = self.probes.looked_slot.unwrap_or(oldest).max(oldest);
        let hashes = slot_hashes(&*self.chain).await?;
        let mut due = Vec::new();
        for (slot, hash) in slots(&hashes).take_while(|(slot, _)| *slot > after) {
            self.probes.looked_slot = self.probes.looked_slot.max(Some(slot));
            for (address, node) in &nodes {
                if slot > node.probed_slot && is_due(probe::draw(&hash, address), rules.interval_slots) {
                    let at = if *address == self.node {
                        view.moment.now
                    } else {
                        self.opening_turn(address, slot, view.moment.now)
                    };
                    due.push((*address, slot, at));
                }
            }
        }
        for (address, slot, at) in due {
            self.probes.due.insert(address, (slot, at));
            self.wake_at(at);
        }
        // A slot to come may be one.
        if view.node.enrolled == 1 && view.node.is_probed == 0 {
            self.wake_at(view.moment.now.saturating_add(OWN_SECONDS));
        }
        Ok(())
    }

    /// When it is this node's turn to open another's probe.
    fn opening_turn(&self, node: &Address, slot: u64, now: i64) -> i64 {
        let hash = sha256(&[b"render-worker:opening", self.node.as_ref(), node.as_ref(), &slot.to_le_bytes()]);
        let spread = SPREAD_SECONDS.min(self.settings.duty_spread_seconds).saturating_add(1);
        now.saturating_add(i64::from(u32::from_le_bytes([hash[0], hash[1], hash[2], hash[3]]) % spread))
    }

    async fn open_due(&mut self, view: &View, done: &mut Vec<Done>) -> Result<(), WorkerError> {
        let now = view.moment.now;
        let ready: Vec<(Address, u64)> =
            self.probes.due.iter().filter(|(_, (_, at))| now >= *at).map(|(node, (slot, _))| (*node, *slot)).collect();
        for (address, slot) in ready {
            self.probes.due.remove(&address);
            let node = match address == self.node {
                true => Some(view.node),
                false => account::find::<Node>(&*self.chain, &address).await?,
            };
            let Some(node) = node.filter(|node| can_be_probed(view, node, slot)) else { continue };
            let identity = self.settings.identity.pubkey();
            let opener = (address != self.node).then_some(self.node);
            let open = instruction::probe_open(&identity, &address, node.probes, slot, opener);
            match self.send(&[open]).await {
                Ok(confirmed) => {
                    let probe = address::probe(&address, node.probes);
                    self.probes.paid.insert(probe);
                    self.wake_at(now);
                    let signature = confirmed.signature;
                    self.report(done, Done::ProbeOpened { probe, node: address, slot, signature });
                }
                Err(error) => self.refused(OPEN, address, now, error, done)?,
            }
        }
        Ok(())
    }

    /// Marks missed probes and finishes those that are over: this node's own, and those whose rent it paid.
    async fn see_through(&mut self, view: &View, done: &mut Vec<Done>) -> Result<(), WorkerError> {
        let own = view.probe.map(|probe| address::probe(&self.node, probe.number));
        let addresses: Vec<Address> =
            self.probes.paid.iter().copied().chain(own).collect::<BTreeSet<_>>().into_iter().collect();
        if addresses.is_empty() {
            return Ok(());
        }
        let probes = account::find_all::<Probe>(&*self.chain, &addresses).await?;
        for (address, probe) in addresses.into_iter().zip(probes) {
            let Some(probe) = probe else {
                self.probes.paid.remove(&address);
                continue;
            };
            let Some(lease) = account::find::<Lease>(&*self.chain, &probe.lease).await? else { continue };
            self.move_probe(&address, &probe, &lease, view, done).await?;
        }
        Ok(())
    }

    async fn move_probe(
        &mut self,
        address: &Address,
        probe: &Probe,
        lease: &Lease,
        view: &View,
        done: &mut Vec<Done>,
    ) -> Result<(), WorkerError> {
        let now = view.moment.now;
        let Ok(state) = LeaseState::try_from(lease.status) else { return Ok(()) };
        let is_late = now > lease.deadline;
        match state {
            LeaseState::Claimed if is_late => {
                if self.must_wait(EXPIRE, *address, now) {
                    return Ok(());
                }
                match self.send(&[instruction::probe_expire(probe)]).await {
                    Ok(confirmed) => {
                        self.wake_at(now);
                        let signature = confirmed.signature;
                        self.report(done, Done::ProbeExpired { probe: *address, node: probe.node, signature });
                    }
                    Err(error) => self.refused(EXPIRE, *address, now, error, done)?,
                }
            }
            LeaseState::Revealed if is_late && lease.audits_paid >= lease.audits_owed => {
                self.finish_probe(address, probe, view, done).await?;
            }
            state if state.is_claimable() => self.finish_probe(address, probe, view, done).await?,
            // Its own are moved by `hold`.
            LeaseState::Committed | LeaseState::Auditing if is_late && lease.node != self.node => {
                let key = LeaseKey::of_lease(probe.lease, lease.attempt);
                self.move_on(key, lease.node, lease.deadline, view.moment, done).await?;
            }
            _ => self.wake_at(lease.deadline.saturating_add(1).max(now.saturating_add(1))),
        }
        Ok(())
    }

    async fn finish_probe(
        &mut self,
        address: &Address,
        probe: &Probe,
        view: &View,
        done: &mut Vec<Done>,
    ) -> Result<(), WorkerError> {
        let now = view.moment.now;
        if self.must_wait(FINISH, *address, now) {
            return Ok(());
        }
        let node = match probe.node == self.node {
            true => view.node,
            false => account::fetch(&*self.chain, &probe.node).await?,
        };
        let own = self.settings.identity.pubkey();
        if probe.opener == self.node && self.ready_epoch_of(&own, view, done).await?.is_none() {
            return Ok(());
        }
        let Some(epoch) = self.ready_epoch_of(&node.identity, view, done).await? else { return Ok(()) };
        let has_record = match probe.opener == Address::default() {
            true => false,
            false => account::node_epoch(&*self.chain, &probe.opener, epoch).await?.is_some(),
        };
        match self.send(&[instruction::probe_finish(probe, &node, epoch, has_record)]).await {
            Ok(confirmed) => {
                self.probes.paid.remove(address);
                self.wake_at(now);
                let finished = confirmed.events.iter().find_map(|event| match event {
                    Event::ProbeFinished(event) => Some(*event),
                    _ => None,
                });
                let outcome = finished
                    .and_then(|event| u8::try_from(event.outcome).ok())
                    .and_then(|code| Outcome::try_from(code).ok());
                let points = finished.map_or(0, |event| event.points);
                let key = LeaseKey::of_lease(probe.lease, 0);
                if outcome == Some(Outcome::Passed) && self.journal.open_leases().any(|open| open == key) {
                    // It earns points, no credits.
                    self.end(key, Record::Accepted { value: 0 })?;
                }
                let signature = confirmed.signature;
                self.report(
                    done,
                    Done::ProbeFinished { probe: *address, node: probe.node, outcome, points, signature },
                );
                Ok(())
            }
            Err(error) => self.refused(FINISH, *address, now, error, done),
        }
    }
}

/// Whether the chain would open a probe of the node for this slot, as far as accounts say.
fn can_be_probed(view: &View, node: &Node, slot: u64) -> bool {
    let parameters = view.network.parameters();
    node.enrolled == 1
        && node.is_probed == 0
        && !node.maintenance().lasts(view.moment.now)
        && node.stake_model().check_may_work(&parameters.stake_rules()).is_ok()
        && check_slot(slot, node.probed_slot, view.moment.slot, &parameters.probe_rules()).is_ok()
}
