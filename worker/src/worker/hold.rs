//! The leases this node holds: rendering, committing, revealing, accepting, giving back.

use super::{
    Done, Worker,
    view::{Held, Moment, View},
};
use crate::{
    backend::{BackendError, Finished, Order},
    error::WorkerError,
    journal::{LeaseKey, Record, Sealed},
    plan::{LeaseStep, lease_step},
    scenes::PrepareError,
};
use bytes::Bytes;
use futures_util::future::join_all;
use kernels::{attestation, merkle::sha256, render::UnitOutput};
use market_model::lease::LeaseState;
use render_compute::state::Lease;
use render_compute_client::{ChainError, ClientError, Instruction, Signer, chain::Confirmed, flow, instruction};
use solana_address::Address;
use std::ops::Range;

const COMMIT: &str = "a commitment";
const REVEAL: &str = "a reveal";
const ACCEPT: &str = "an acceptance";
const RETURN: &str = "a return";
const EXPIRE: &str = "marking a missed deadline";
const PREPARE: &str = "preparing an acceptance";

/// A transaction about a lease, and what it means when it stands.
struct Action {
    what: &'static str,
    key: LeaseKey,
    instructions: Vec<Instruction>,
    meaning: Meaning,
}

enum Meaning {
    Commit,
    Reveal { result: [u8; 32] },
    Accept { value: u64 },
    Return { reason: String },
    Expire { node: Address },
}

/// The last moment to give a lease back or see its commitment arrive: a twentieth of its time before the deadline.
fn last_call(lease: &Lease) -> i64 {
    let whole = lease.deadline.saturating_sub(lease.entered_at);
    lease.deadline.saturating_sub((whole / 20).max(2))
}

fn is(lease: &Lease, state: LeaseState) -> bool {
    lease.status == u8::from(state)
}

impl Worker {
    /// Brings the journal up to what the chain says.
    pub(super) fn reconcile(&mut self, view: &View, done: &mut Vec<Done>) -> Result<(), WorkerError> {
        for held in &view.held {
            let key = held.key();
            let is_in_flight = LeaseState::try_from(held.lease.status).is_ok_and(LeaseState::is_in_flight);
            let is_known = self.journal.has(key, |record| matches!(record, Record::Claimed { .. }));
            if is_in_flight && !is_known {
                self.journal.write(key, Record::Claimed { deadline: held.lease.deadline })?;
            }
        }
        let open: Vec<LeaseKey> = self.journal.open_leases().collect();
        for key in open {
            let Some(lease) = view.leases.get(&key.lease) else { continue };
            match self.ending(key, lease.as_ref(), view.moment) {
                Some(Record::Accepted { value }) => {
                    self.end(key, Record::Accepted { value })?;
                    self.report(done, Done::Accepted { key, value, signature: None });
                }
                Some(Record::Lost { reason }) => {
                    self.end(key, Record::Lost { reason: reason.clone() })?;
                    self.report(done, Done::Lost { key, reason });
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// How a lease ended, by what the chain says about it. A node of the chain that lags behind must not end one.
    fn ending(&self, key: LeaseKey, lease: Option<&Lease>, moment: Moment) -> Option<Record> {
        let lost = |reason: &str| Some(Record::Lost { reason: reason.to_owned() });
        let claimed = self.journal.records(key).iter().rev().find_map(|record| match record {
            Record::Claimed { deadline } => Some(*deadline),
            _ => None,
        });
        match (lease, claimed) {
            (Some(lease), _) if lease.attempt == key.attempt && lease.node == self.node => {
                is(lease, LeaseState::Accepted).then_some(Record::Accepted { value: lease.value })
            }
            (Some(lease), _) if lease.attempt > key.attempt => lost("it was given up or its deadline passed"),
            (None, Some(_)) if self.journal.has(key, |record| matches!(record, Record::Revealed)) => {
                lost("its account was closed after it was settled")
            }
            (_, Some(deadline)) => {
                if moment.now > deadline {
                    lost("its deadline passed and the chain does not name this node")
                } else {
                    None
                }
            }
            (Some(_), None) => lost("another node was first"),
            (None, None) => lost("the claim was not executed"),
        }
    }

    /// Ends a lease in the journal and forgets everything about it.
    pub(super) fn end(&mut self, key: LeaseKey, record: Record) -> Result<(), WorkerError> {
        self.journal.write(key, record)?;
        self.spool.remove(key);
        self.giving_up.remove(&key);
        self.published.remove(&key);
        Ok(())
    }

    /// What a lease waits for.
    pub(super) fn next_step(&self, held: &Held, moment: Moment) -> LeaseStep {
        let key = held.key();
        let sealed = self.journal.sealed(key).filter(|_| self.spool.has(key) || self.published.contains(&key));
        let step = lease_step(&held.lease, sealed.is_some(), moment.now, moment.slot);
        match sealed {
            // Someone else used this identity. Rendering again would give the same bits: it can only wait for its deadline.
            Some(sealed) if step == LeaseStep::Reveal && self.commitment(held, &sealed) != held.lease.commitment => {
                LeaseStep::Wait(held.lease.deadline.checked_add(1))
            }
            _ => step,
        }
    }

    fn commitment(&self, held: &Held, sealed: &Sealed) -> [u8; 32] {
        attestation::commitment(
            held.address.as_array(),
            self.node.as_array(),
            self.registered_slot,
            held.lease.attempt,
            &sealed.root,
            &sealed.salt,
        )
    }

    /// Does what every held lease waits for.
    pub(super) async fn advance(&mut self, view: &View, done: &mut Vec<Done>) -> Result<(), WorkerError> {
        let moment = view.moment;
        let mut actions = Vec::new();
        let mut to_render = Vec::new();
        let mut has_acceptable = false;
        for held in &view.held {
            let key = held.key();
            let step = self.next_step(held, moment);
            if is(&held.lease, LeaseState::Claimed) && step == LeaseStep::Render {
                self.guard_deadline(held, moment.now);
            }
            // What was rendered in the last moment after all is committed to.
            if let Some(reason) = self.giving_up.get(&key).filter(|_| step == LeaseStep::Render) {
                if is(&held.lease, LeaseState::Claimed) && self.renderer.current() != Some(key) {
                    actions.push(self.give_back(held, reason.clone()));
                }
                continue;
            }
            match step {
                LeaseStep::Render => to_render.push(held),
                LeaseStep::Commit => actions.extend(self.commit(held)),
                LeaseStep::Reveal => match self.publish(held).await {
                    Ok(sealed) => actions.push(self.reveal(held, sealed)),
                    Err(error) => {
                        tracing::error!(lease = %held.address, %error, "the result cannot be published; trying again");
                        self.wake_at(moment.now.saturating_add(1));
                    }
                },
                LeaseStep::Accept => has_acceptable = true,
                LeaseStep::Wait(at) => self.wake_at(at.unwrap_or(moment.now)),
                LeaseStep::Overdue => {
                    if self.renderer.current() == Some(key) {
                        self.renderer.cancel();
                    }
                    actions.push(expire(held));
                }
                LeaseStep::Over => {}
            }
        }
        if has_acceptable {
            actions.extend(self.accept_all(view, done).await?);
        }
        self.send_all(actions, moment, done).await?;
        self.render_next(to_render, moment).await;
        Ok(())
    }

    /// Calls a rendering off that would miss its deadline: giving back costs less than missing it.
    fn guard_deadline(&mut self, held: &Held, now: i64) {
        let (key, last) = (held.key(), last_call(&held.lease));
        if now < last {
            self.wake_at(last);
        } else if let std::collections::hash_map::Entry::Vacant(entry) = self.giving_up.entry(key) {
            entry.insert("it would not be ready before its deadline".into());
            if self.renderer.current() == Some(key) {
                self.renderer.cancel();
            }
        }
    }

    fn give_back(&self, held: &Held, reason: String) -> Action {
        let identity = self.settings.identity.pubkey();
        Action {
            what: RETURN,
            key: held.key(),
            instructions: vec![instruction::lease_return(&identity, &held.address)],
            meaning: Meaning::Return { reason },
        }
    }

    fn commit(&self, held: &Held) -> Option<Action> {
        let key = held.key();
        let sealed = self.journal.sealed(key)?;
        let commitment = self.commitment(held, &sealed);
        let identity = self.settings.identity.pubkey();
        Some(Action {
            what: COMMIT,
            key,
            instructions: vec![instruction::attestation_commit(&identity, &held.address, commitment)],
            meaning: Meaning::Commit,
        })
    }

    /// Puts the result where everyone can read it. Its commitment stands already.
    async fn publish(&mut self, held: &Held) -> Result<Sealed, WorkerError> {
        let key = held.key();
        let sealed = self.journal.sealed(key).ok_or_else(|| WorkerError::NotReady("it is not rendered".into()))?;
        if self.published.contains(&key) {
            return Ok(sealed);
        }
        let bytes = self
            .spool
            .read(key)
            .map_err(|source| WorkerError::Machine { what: "cannot read a result that waits".into(), source })?;
        let digest = self.store.put(Bytes::from(bytes)).await.map_err(ClientError::from)?;
        if digest.0 != sealed.result {
            // The file was damaged; it is rendered again.
            self.spool.remove(key);
            return Err(WorkerError::NotReady("the result on disk is damaged and is rendered again".into()));
        }
        self.published.insert(key);
        Ok(sealed)
    }

    fn reveal(&self, held: &Held, sealed: Sealed) -> Action {
        let identity = self.settings.identity.pubkey();
        let Sealed { root, result, salt } = sealed;
        Action {
            what: REVEAL,
            key: held.key(),
            instructions: vec![instruction::attestation_reveal(&identity, &held.address, root, result, salt)],
            meaning: Meaning::Reveal { result },
        }
    }

    /// Makes sure that an epoch runs and has this node's records, and accepts what can be accepted.
    async fn accept_all(&mut self, view: &View, done: &mut Vec<Done>) -> Result<Vec<Action>, WorkerError> {
        let now = view.moment.now;
        if self.must_wait(PREPARE, self.node, now) {
            return Ok(Vec::new());
        }
        let Some(epoch) = self.ready_epoch(view, done).await? else { return Ok(Vec::new()) };
        let identity = self.settings.identity.pubkey();
        let acceptable = view.held.iter().filter(|held| self.next_step(held, view.moment) == LeaseStep::Accept);
        Ok(acceptable
            .map(|held| Action {
                what: ACCEPT,
                key: held.key(),
                instructions: vec![instruction::lease_accept(&held.lease, &identity, epoch)],
                meaning: Meaning::Accept { value: held.lease.value },
            })
            .collect())
    }

    /// The epoch that accepted work counts in now, with this node's shard and record open. `None` when it has to wait.
    async fn ready_epoch(&mut self, view: &View, done: &mut Vec<Done>) -> Result<Option<u64>, WorkerError> {
        let now = view.moment.now;
        match self.open_accounts(view.running_epoch().map(|epoch| epoch.number)).await {
            Ok(epoch) => {
                self.backoff.worked(PREPARE, self.node);
                Ok(Some(epoch))
            }
            Err(error) => self.duty_failed(PREPARE, self.node, now, error, done).map(|()| None),
        }
    }

    async fn open_accounts(&self, running: Option<u64>) -> Result<u64, ClientError> {
        let identity = &*self.settings.identity;
        let epoch = match running {
            Some(number) => number,
            None => flow::ensure_running_epoch(&*self.chain, identity).await?.0,
        };
        let missing = flow::prepare_accept(&*self.chain, &identity.pubkey(), &identity.pubkey(), epoch).await?;
        if !missing.is_empty() {
            self.send(&missing).await?;
        }
        Ok(epoch)
    }

    async fn send_all(
        &mut self,
        actions: Vec<Action>,
        moment: Moment,
        done: &mut Vec<Done>,
    ) -> Result<(), WorkerError> {
        let mut ready = Vec::new();
        for action in actions {
            if !self.must_wait(action.what, action.key.lease, moment.now) {
                ready.push(action);
            }
        }
        // They concern different leases, so they go out together; each is confirmed by itself.
        let sent = join_all(ready.iter().map(|action| self.send(&action.instructions))).await;
        let mut unanswered = None;
        for (action, sent) in ready.into_iter().zip(sent) {
            match sent {
                Ok(confirmed) => {
                    self.backoff.worked(action.what, action.key.lease);
                    self.stands(action, &confirmed, done)?;
                    // The next step may be possible in the next slot.
                    self.wake_at(moment.now);
                }
                Err(error @ ChainError::Refused { .. }) => {
                    self.refused(action.what, action.key.lease, moment.now, error, done)?;
                }
                Err(error) => unanswered = Some(error),
            }
        }
        match unanswered {
            Some(error) => self.refused(COMMIT, self.node, moment.now, error, done),
            None => Ok(()),
        }
    }

    /// Notes what a confirmed transaction means.
    fn stands(&mut self, action: Action, confirmed: &Confirmed, done: &mut Vec<Done>) -> Result<(), WorkerError> {
        let Action { key, meaning, .. } = action;
        let signature = confirmed.signature;
        match meaning {
            Meaning::Commit => {
                self.journal.write(key, Record::Committed { slot: confirmed.slot })?;
                self.report(done, Done::Committed { key, slot: confirmed.slot, signature });
            }
            Meaning::Reveal { result } => {
                self.journal.write(key, Record::Revealed)?;
                self.spool.remove(key);
                self.report(done, Done::Revealed { key, result, signature });
            }
            Meaning::Accept { value } => {
                self.end(key, Record::Accepted { value })?;
                self.report(done, Done::Accepted { key, value, signature: Some(signature) });
            }
            Meaning::Return { reason } => {
                self.end(key, Record::Returned { reason: reason.clone() })?;
                self.report(done, Done::Returned { key, reason, signature });
            }
            Meaning::Expire { node } => {
                self.end(key, Record::Lost { reason: "its deadline passed".into() })?;
                self.report(done, Done::Expired { lease: key.lease, node, signature });
            }
        }
        Ok(())
    }

    /// Begins the rendering that is due first. A lease that cannot be rendered here is given back.
    async fn render_next(&mut self, mut to_render: Vec<&Held>, moment: Moment) {
        // A commitment that must be opened goes first: missing it cannot be averted by giving back.
        to_render.sort_by_key(|held| (is(&held.lease, LeaseState::Claimed), held.lease.deadline, held.address));
        for held in to_render {
            let key = held.key();
            if self.renderer.current().is_some() {
                if self.is_stopping && self.renderer.current() != Some(key) && is(&held.lease, LeaseState::Claimed) {
                    self.give_up(key, "the worker is stopping", moment.now);
                }
                continue;
            }
            if self.is_stopping && is(&held.lease, LeaseState::Claimed) {
                self.give_up(key, "the worker is stopping", moment.now);
                continue;
            }
            let Some(job) = &held.job else {
                self.give_up(key, "its job is gone", moment.now);
                continue;
            };
            match self.scenes.prepare(held.lease.job, job).await {
                Ok(job) => {
                    if self.renderer.begin(Order { key, job, units: held.units(), work: held.work() }) {
                        self.render_began = moment.now;
                    }
                }
                Err(error @ (PrepareError::Wrong(_) | PrepareError::Absent(_))) => {
                    // Whether it can be served later is looked at before it is claimed again.
                    self.give_up(key, &error.to_string(), moment.now);
                }
                Err(PrepareError::Unreachable(reason)) => {
                    // The guard of its deadline gives it back when this lasts.
                    tracing::warn!(lease = %held.address, reason, "the lease cannot be rendered yet; trying again");
                    self.wake_at(moment.now.saturating_add(2));
                }
            }
        }
    }

    fn give_up(&mut self, key: LeaseKey, reason: &str, now: i64) {
        self.giving_up.insert(key, reason.to_owned());
        self.wake_at(now);
    }

    /// Takes over what the renderer gave: the result is on disk and in the journal when this returns.
    pub(super) fn keep(&mut self, finished: Finished) -> Result<Vec<Done>, WorkerError> {
        let Finished { key, units, work, outcome } = finished;
        let mut done = Vec::new();
        match outcome {
            Ok(outputs) => self.seal(key, units, work, &outputs, &mut done)?,
            Err(BackendError::Cancelled) => {
                self.giving_up.entry(key).or_insert_with(|| "rendering was called off".into());
            }
            Err(error) => {
                self.giving_up.insert(key, error.to_string());
            }
        }
        Ok(done)
    }

    fn seal(
        &mut self,
        key: LeaseKey,
        units: Range<u64>,
        work: u64,
        outputs: &[UnitOutput],
        done: &mut Vec<Done>,
    ) -> Result<(), WorkerError> {
        let digests: Vec<[u8; 32]> = outputs.iter().map(|output| output.digest).collect();
        let bytes: Vec<u8> = outputs.iter().flat_map(UnitOutput::to_bytes).collect();
        let sealed = Sealed {
            root: attestation::lease_root(units.start, &digests),
            result: sha256(&[&bytes]),
            salt: self.salts.salt(key),
        };
        if let Err(error) = self.spool.keep(key, &bytes) {
            // Without a disk nothing can be finished; what is held goes back while there is time.
            self.giving_up.insert(key, format!("its result cannot be kept on disk: {error}"));
            return Ok(());
        }
        if self.journal.sealed(key) != Some(sealed) {
            self.journal.write(key, Record::Rendered(sealed))?;
        }
        // The next look at the chain says how long it took.
        self.rendered_work = Some(work);
        self.report(done, Done::Rendered { key, units: digests.len() as u64, root: sealed.root });
        Ok(())
    }
}

fn expire(held: &Held) -> Action {
    Action {
        what: EXPIRE,
        key: held.key(),
        instructions: vec![instruction::lease_expire(&held.lease)],
        meaning: Meaning::Expire { node: held.lease.node },
    }
}
