//! The leases this node holds: rendering, committing, drawing, revealing, accepting, giving back. Also what leases and audits
//! share: their transactions, and what is rendered next. What comes of a rendering is in `rendered`.

use super::{
    Done, Worker,
    dispute::Play,
    view::{Held, Moment, View},
};
use crate::{
    backend::{Order, Task},
    error::WorkerError,
    journal::{LeaseKey, Record, Sealed},
    plan::{LeaseStep, lease_step},
    scenes::PrepareError,
};
use bytes::Bytes;
use futures_util::future::join_all;
use kernels::{
    attestation,
    probe::{Plan, machine},
};
use market_model::{lease::LeaseState, reputation::Reason};
use render_compute::{
    constants::CLASS_PROBE,
    state::{Job, Lease},
};
use render_compute_client::{
    ChainError, ClientError, Instruction, Signer,
    chain::Confirmed,
    event::Event,
    flow, instruction,
    lottery::{Lottery, look, slot_hashes},
};
use solana_address::Address;
use std::collections::BTreeSet;

pub(super) const COMMIT: &str = "a commitment";
const DRAW: &str = "a draw";
pub(super) const REVEAL: &str = "a reveal";
pub(super) const ACCEPT: &str = "an acceptance";
const RETURN: &str = "a return";
const EXPIRE: &str = "marking a missed deadline";
const PREPARE: &str = "preparing an acceptance";
pub(super) const RENDER: &str = "rendering";

/// Why a lease is given back.
#[derive(Clone, Debug)]
pub(super) struct Surrender {
    /// For the chain.
    reason: Reason,
    /// For people.
    words: String,
}

impl Surrender {
    /// For a reason that lies with this node.
    pub(super) fn own(words: impl ToString) -> Self {
        Self { reason: Reason::LeaseReturned, words: words.to_string() }
    }

    /// Because the job's inputs cannot be used: by nobody, as far as this node can see.
    fn inputs(words: impl ToString) -> Self {
        Self { reason: Reason::InputsUnusable, words: words.to_string() }
    }
}

/// A transaction about a lease or an audit, and what it means when it stands.
pub(super) struct Action {
    pub(super) what: &'static str,
    pub(super) key: LeaseKey,
    pub(super) instructions: Vec<Instruction>,
    pub(super) meaning: Meaning,
}

pub(super) enum Meaning {
    Commit,
    Draw,
    Reveal {
        result: [u8; 32],
    },
    Accept {
        value: u64,
    },
    Return {
        reason: String,
    },
    Expire {
        node: Address,
    },
    /// The audit is another node's as well as this one's.
    ExpireAudit {
        node: Address,
    },
    AcceptOther {
        value: u64,
    },
    Lapse,
    Forfeit {
        node: Address,
    },
    Close,
    Dispute {
        dispute: Address,
    },
    /// A probe's question is known.
    Seed,
}

/// Units that are to be rendered, for a lease or an audit.
pub(super) struct Work<'a> {
    pub(super) key: LeaseKey,
    pub(super) lease: &'a Lease,
    pub(super) job: Option<&'a Job>,
    /// Latest moment of what needs the result.
    pub(super) deadline: i64,
    /// Whether nothing is committed to yet: only then it can be given up.
    pub(super) is_fresh: bool,
}

/// The last moment to give a lease back or see its commitment arrive: a twentieth of its time before the deadline.
fn last_call(lease: &Lease) -> i64 {
    let whole = lease.deadline.saturating_sub(lease.entered_at);
    lease.deadline.saturating_sub((whole / 20).max(2))
}

pub(super) fn is(lease: &Lease, state: LeaseState) -> bool {
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
        for held in &view.audits {
            let key = held.key();
            if !self.journal.has(key, |record| matches!(record, Record::Claimed { .. })) {
                self.journal.write(key, Record::Claimed { deadline: held.audit.deadline })?;
            }
        }
        let open: Vec<LeaseKey> = self.journal.open_leases().collect();
        for key in open {
            let Some(lease) = view.leases.get(&key.lease) else { continue };
            let ending = match key.audit {
                Some(_) => self.audit_ending(key, lease.as_ref(), view),
                None => self.ending(key, lease.as_ref(), view.moment),
            };
            match ending {
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
        match (lease, self.claimed_until(key)) {
            (Some(lease), _) if lease.attempt == key.attempt && lease.node == self.node => {
                is(lease, LeaseState::Accepted).then_some(Record::Accepted { value: lease.value })
            }
            (Some(lease), _) if lease.attempt > key.attempt => {
                lost("it was given up, a deadline passed, or a dispute over it was lost")
            }
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

    /// The deadline that a lease or audit was claimed with; `None` while no claim is known to stand.
    pub(super) fn claimed_until(&self, key: LeaseKey) -> Option<i64> {
        self.journal.records(key).iter().rev().find_map(|record| match record {
            Record::Claimed { deadline } => Some(*deadline),
            _ => None,
        })
    }

    /// Ends a lease or audit in the journal and forgets everything about it.
    pub(super) fn end(&mut self, key: LeaseKey, record: Record) -> Result<(), WorkerError> {
        self.journal.write(key, record)?;
        self.spool.remove(key);
        self.giving_up.remove(&key);
        self.published.remove(&key);
        self.indefensible.remove(&key);
        self.checked.remove(&key);
        Ok(())
    }

    /// The sealed result of a lease or audit, while its bytes are at hand.
    pub(super) fn at_hand(&self, key: LeaseKey) -> Option<Sealed> {
        self.journal.sealed(key).filter(|_| self.spool.has(key) || self.published.contains(&key))
    }

    /// What a lease waits for.
    pub(super) fn next_step(&self, held: &Held, moment: Moment) -> LeaseStep {
        let key = held.key();
        let sealed = self.at_hand(key);
        let step = lease_step(&held.lease, sealed.is_some(), moment.now, moment.slot);
        match sealed {
            // Someone else used this identity, or the result does not stand: rendering again would give the same bits. It can only
            // wait for its deadline.
            Some(sealed) if step == LeaseStep::Reveal && !self.can_reveal(key, &sealed, &held.lease.commitment) => {
                LeaseStep::Wait(held.lease.deadline.checked_add(1))
            }
            _ => step,
        }
    }

    /// Whether a result opens the commitment that the chain holds, and is one that this node can defend as far as it knows.
    pub(super) fn can_reveal(&self, key: LeaseKey, sealed: &Sealed, commitment: &[u8; 32]) -> bool {
        self.commitment(key, sealed) == *commitment && !self.indefensible.contains(&key)
    }

    pub(super) fn commitment(&self, key: LeaseKey, sealed: &Sealed) -> [u8; 32] {
        attestation::commitment(
            key.account().as_array(),
            self.node.as_array(),
            self.registered_slot,
            key.attempt,
            &sealed.root,
            &sealed.salt,
        )
    }

    /// Does what every held lease and audit waits for.
    pub(super) async fn advance(&mut self, view: &View, done: &mut Vec<Done>) -> Result<(), WorkerError> {
        let moment = view.moment;
        let mut actions = Vec::new();
        let mut to_render = Vec::new();
        let mut plays = Vec::new();
        let mut has_acceptable = false;
        for held in &view.held {
            let key = held.key();
            let step = self.next_step(held, moment);
            if held.lease.class == CLASS_PROBE && self.advance_probe(held, step, &mut actions, moment).await? {
                continue;
            }
            if is(&held.lease, LeaseState::Claimed) && step == LeaseStep::Render && held.lease.class != CLASS_PROBE {
                self.guard_deadline(held, moment.now);
            }
            // What was rendered in the last moment after all is committed to.
            if let Some(surrender) = self.giving_up.get(&key).filter(|_| step == LeaseStep::Render) {
                if is(&held.lease, LeaseState::Claimed) && self.renderer.current() != Some(key) {
                    actions.push(self.give_back(held, surrender.clone()));
                }
                continue;
            }
            match step {
                LeaseStep::Render => to_render.push(Work {
                    key,
                    lease: &held.lease,
                    job: held.job.as_ref(),
                    deadline: held.lease.deadline,
                    is_fresh: is(&held.lease, LeaseState::Claimed) && held.lease.class != CLASS_PROBE,
                }),
                LeaseStep::Commit => actions.extend(self.commit(held)),
                LeaseStep::Draw => actions.extend(self.draw(held, moment, done).await?),
                LeaseStep::Reveal => {
                    if let Some(sealed) = self.revealable(held, moment, done).await {
                        actions.push(self.reveal(held, sealed));
                    }
                }
                // Below, with the audits that this node holds itself.
                LeaseStep::Audits => {}
                LeaseStep::Play => plays.push(Play::of_lease(held)),
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
        self.advance_audits(view, &mut actions, &mut to_render, &mut plays, done).await?;
        self.send_all(actions, moment, done).await?;
        self.play_all(plays, view, done).await?;
        self.render_next(to_render, moment).await;
        Ok(())
    }

    /// Calls a rendering off that would miss its deadline: giving back costs less than missing it.
    fn guard_deadline(&mut self, held: &Held, now: i64) {
        let (key, last) = (held.key(), last_call(&held.lease));
        if now < last {
            self.wake_at(last);
        } else if let std::collections::hash_map::Entry::Vacant(entry) = self.giving_up.entry(key) {
            entry.insert(Surrender::own("it would not be ready before its deadline"));
            if self.renderer.current() == Some(key) {
                self.renderer.cancel();
            }
        }
    }

    fn give_back(&self, held: &Held, surrender: Surrender) -> Action {
        let identity = self.settings.identity.pubkey();
        Action {
            what: RETURN,
            key: held.key(),
            instructions: vec![instruction::lease_return(&identity, &held.lease, surrender.reason)],
            meaning: Meaning::Return { reason: surrender.words },
        }
    }

    fn commit(&self, held: &Held) -> Option<Action> {
        let key = held.key();
        let sealed = self.journal.sealed(key)?;
        let commitment = self.commitment(key, &sealed);
        let identity = self.settings.identity.pubkey();
        Some(Action {
            what: COMMIT,
            key,
            instructions: vec![instruction::attestation_commit(&identity, &held.address, commitment)],
            meaning: Meaning::Commit,
        })
    }

    /// Draws the audit lottery. What it will say can be seen beforehand: where the lease is not picked, it is revealed in the same
    /// transaction.
    async fn draw(&mut self, held: &Held, moment: Moment, done: &mut Vec<Done>) -> Result<Option<Action>, WorkerError> {
        let (key, is_late) = (held.key(), moment.now > held.lease.deadline);
        let Some(job) = &held.job else { return Ok(None) };
        let hashes = slot_hashes(&*self.chain).await?;
        let is_picked = match look(&hashes, &held.address, &held.lease, job) {
            Lottery::Early => {
                self.wake_at(moment.now);
                return Ok(None);
            }
            Lottery::Lost if is_late => return Ok(Some(expire(held))),
            Lottery::Lost => {
                self.wake_at(held.lease.deadline.saturating_add(1));
                return Ok(None);
            }
            Lottery::Ready { is_picked } => is_picked,
        };
        let draw = instruction::audit_draw(&held.lease);
        if is_picked {
            return Ok(Some(Action { what: DRAW, key, instructions: vec![draw], meaning: Meaning::Draw }));
        }
        if is_late {
            let Action { what, key, instructions, meaning } = expire(held);
            let instructions = [vec![draw], instructions].concat();
            return Ok(Some(Action { what, key, instructions, meaning }));
        }
        let opens = self.at_hand(key).is_some_and(|sealed| self.can_reveal(key, &sealed, &held.lease.commitment));
        let sealed = if opens { self.revealable(held, moment, done).await } else { None };
        Ok(Some(match sealed {
            Some(sealed) => {
                let Action { what, key, instructions, meaning } = self.reveal(held, sealed);
                Action { what, key, instructions: [vec![draw], instructions].concat(), meaning }
            }
            None => Action { what: DRAW, key, instructions: vec![draw], meaning: Meaning::Draw },
        }))
    }

    /// The result of a lease that is about to be revealed: checked once more, and in the store. Its commitment stands already.
    async fn revealable(&mut self, held: &Held, moment: Moment, done: &mut Vec<Done>) -> Option<Sealed> {
        let key = held.key();
        let Some(job) = &held.job else { return None };
        match self.check(key, &held.lease, job, done).await {
            Ok(true) => {}
            Ok(false) => return None,
            Err(error) => {
                tracing::error!(lease = %held.address, %error, "the result cannot be checked; trying again");
                self.wake_at(moment.now.saturating_add(1));
                return None;
            }
        }
        match self.publish(key).await {
            Ok(sealed) => Some(sealed),
            Err(error) => {
                tracing::error!(lease = %held.address, %error, "the result cannot be published; trying again");
                self.wake_at(moment.now.saturating_add(1));
                None
            }
        }
    }

    /// Puts a result where everyone can read it.
    pub(super) async fn publish(&mut self, key: LeaseKey) -> Result<Sealed, WorkerError> {
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
        // A probe is finished instead, see `probes`.
        let is_acceptable =
            |held: &&Held| held.lease.class != CLASS_PROBE && self.next_step(held, view.moment) == LeaseStep::Accept;
        let acceptable: Vec<&Held> = view.held.iter().filter(is_acceptable).collect();
        let jobs: BTreeSet<Address> = acceptable.iter().map(|held| held.lease.job).collect();
        if let Err(error) = self.open_job_records(&jobs, epoch).await {
            return self.duty_failed(PREPARE, self.node, now, error, done).map(|()| Vec::new());
        }
        Ok(acceptable
            .into_iter()
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
        let identity = self.settings.identity.pubkey();
        self.ready_epoch_of(&identity, view, done).await
    }

    /// The same for the node of another identity.
    pub(super) async fn ready_epoch_of(
        &mut self,
        identity: &Address,
        view: &View,
        done: &mut Vec<Done>,
    ) -> Result<Option<u64>, WorkerError> {
        let now = view.moment.now;
        match self.open_accounts(identity, view.running_epoch().map(|epoch| epoch.number)).await {
            Ok(epoch) => {
                self.backoff.worked(PREPARE, self.node);
                Ok(Some(epoch))
            }
            Err(error) => self.duty_failed(PREPARE, self.node, now, error, done).map(|()| None),
        }
    }

    async fn open_accounts(&self, identity: &Address, running: Option<u64>) -> Result<u64, ClientError> {
        let payer = &*self.settings.identity;
        let epoch = match running {
            Some(number) => number,
            None => flow::ensure_running_epoch(&*self.chain, payer).await?.0,
        };
        let missing = flow::prepare_accept(&*self.chain, &payer.pubkey(), identity, epoch).await?;
        if !missing.is_empty() {
            self.send(&missing).await?;
        }
        Ok(epoch)
    }

    /// Opens the epoch's records of the jobs whose leases are accepted, where they are missing.
    async fn open_job_records(&self, jobs: &BTreeSet<Address>, epoch: u64) -> Result<(), ClientError> {
        let payer = &*self.settings.identity;
        for job in jobs {
            flow::ensure_job_epoch(&*self.chain, payer, job, epoch).await?;
        }
        Ok(())
    }

    pub(super) async fn send_all(
        &mut self,
        actions: Vec<Action>,
        moment: Moment,
        done: &mut Vec<Done>,
    ) -> Result<(), WorkerError> {
        let mut ready = Vec::new();
        for action in actions {
            if !self.must_wait(action.what, action.key.account(), moment.now) {
                ready.push(action);
            }
        }
        // They concern different leases, so they go out together; each is confirmed by itself.
        let sent = join_all(ready.iter().map(|action| self.send(&action.instructions))).await;
        let mut unanswered = None;
        for (action, sent) in ready.into_iter().zip(sent) {
            match sent {
                Ok(confirmed) => {
                    self.backoff.worked(action.what, action.key.account());
                    self.stands(action, &confirmed, done)?;
                    // The next step may be possible in the next slot.
                    self.wake_at(moment.now);
                }
                Err(error @ ChainError::Refused { .. }) => {
                    self.refused(action.what, action.key.account(), moment.now, error, done)?;
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
            Meaning::Draw => self.note_draw(key, confirmed, done),
            Meaning::Reveal { result } => {
                self.note_draw(key, confirmed, done);
                self.journal.write(key, Record::Revealed)?;
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
            // The journal follows when the chain is looked at next: the audit may be this node's or another's.
            Meaning::ExpireAudit { node } => self.report(done, Done::AuditExpired { key, node, signature }),
            Meaning::AcceptOther { value } => {
                self.report(done, Done::Accepted { key, value, signature: Some(signature) });
            }
            Meaning::Lapse => self.report(done, Done::AuditsLapsed { lease: key.lease, signature }),
            Meaning::Forfeit { node } => self.report(done, Done::Forfeited { lease: key.lease, node, signature }),
            Meaning::Close => {
                let reason = "its lease is open again or gone".to_owned();
                self.end(key, Record::Lost { reason })?;
                self.report(done, Done::AuditClosed { key, signature });
            }
            Meaning::Seed => {}
            Meaning::Dispute { dispute } => self.report(done, Done::DisputeOpened { dispute, key, signature }),
        }
        Ok(())
    }

    /// Reports what a draw in the transaction said. Where the node keeps no record of transactions, nothing is known.
    fn note_draw(&self, key: LeaseKey, confirmed: &Confirmed, done: &mut Vec<Done>) {
        let drawn = confirmed.events.iter().find_map(|event| match event {
            Event::AuditDrawn(event) => Some(event.audits),
            _ => None,
        });
        if let Some(audits) = drawn {
            let audits = u8::try_from(audits).unwrap_or(u8::MAX);
            self.report(done, Done::Drawn { key, audits, signature: confirmed.signature });
        }
    }

    /// Makes a lease's work ready: its scene, or what a probe asks for.
    pub(super) async fn task(&mut self, lease: &Lease, job: &Job) -> Result<Task, PrepareError> {
        if lease.class != CLASS_PROBE {
            let prepared = self.scenes.prepare(lease.job, job).await?;
            return Ok(Task::Render { job: prepared, units: lease.range() });
        }
        if job.seeded == 0 {
            return Err(PrepareError::Unreachable("the probe has no seed yet".into()));
        }
        Ok(Task::Probe { job: lease.job, asked: asked(job)? })
    }

    /// Calls off what is being rendered when a probe waits that would else be late. What was called off is begun again after the probe,
    /// while its own deadline allows it.
    fn make_way(&mut self, to_render: &[Work<'_>], now: i64) {
        let Some(current) = self.renderer.current() else { return };
        let of = |key| to_render.iter().find(|work| work.key == key);
        let Some(probe) = to_render.iter().find(|work| work.lease.class == CLASS_PROBE) else { return };
        let Some(running) = of(current).filter(|running| running.lease.class != CLASS_PROBE) else { return };
        // A commitment that must be opened, and an audit, cannot be given back: they go on unless they can wait.
        let takes = probe.job.map_or(0, |job| i64::from(job.lease_seconds));
        let can_wait = running.deadline > now.saturating_add(takes.saturating_mul(2));
        if self.render_can_return || can_wait {
            tracing::info!(probe = %probe.key.lease, instead_of = %current, "a probe goes first");
            self.set_aside = Some(current);
            self.renderer.cancel();
        }
    }

    /// Begins the rendering that is due first. A lease that cannot be rendered here is given back; an audit runs out.
    async fn render_next(&mut self, mut to_render: Vec<Work<'_>>, moment: Moment) {
        // A commitment that must be opened goes first: missing it cannot be averted by giving back.
        // Before all else come probes, which leave the least time.
        to_render.sort_by_key(|work| (work.lease.class != CLASS_PROBE, work.is_fresh, work.deadline, work.key));
        self.make_way(&to_render, moment.now);
        for work in to_render {
            let key = work.key;
            if self.renderer.current().is_some() {
                if self.is_stopping && self.renderer.current() != Some(key) && work.is_fresh {
                    self.give_up(key, "the worker is stopping", moment.now);
                }
                continue;
            }
            if self.is_stopping && work.is_fresh && key.audit.is_none() {
                self.give_up(key, "the worker is stopping", moment.now);
                continue;
            }
            if self.must_wait(RENDER, key.account(), moment.now) {
                continue;
            }
            let Some(job) = work.job else {
                self.give_up(key, "its job is gone", moment.now);
                continue;
            };
            match self.task(work.lease, job).await {
                Ok(task) => {
                    let amount = super::view::work(work.lease, Some(job));
                    if self.renderer.begin(Order { key, task, work: amount }) {
                        self.render_began = moment.now;
                        self.render_can_return = work.is_fresh && key.audit.is_none();
                    }
                }
                // Whether it can be served later is looked at before it is claimed again.
                Err(error @ (PrepareError::Wrong(_) | PrepareError::Absent(_)))
                    if work.is_fresh && key.audit.is_none() =>
                {
                    self.giving_up.insert(key, Surrender::inputs(error));
                    self.wake_at(moment.now);
                }
                Err(error @ PrepareError::TooLarge(_)) if work.is_fresh && key.audit.is_none() => {
                    self.give_up(key, &error.to_string(), moment.now);
                }
                Err(error) => {
                    // The guard of its deadline gives a lease back when this lasts; an audit cannot be given back.
                    tracing::warn!(what = %key, reason = %error, "it cannot be rendered yet; trying again");
                    self.wake_at(moment.now.saturating_add(2));
                }
            }
        }
    }

    pub(super) fn give_up(&mut self, key: LeaseKey, reason: &str, now: i64) {
        if key.audit.is_some() {
            return;
        }
        self.giving_up.insert(key, Surrender::own(reason));
        self.wake_at(now);
    }
}

/// What the job of a probe asks for.
pub(super) fn asked(job: &Job) -> Result<machine::Job, PrepareError> {
    let (plan, seed) = Plan::from_statement(&job.statement).map_err(|error| PrepareError::Wrong(error.to_string()))?;
    Ok(machine::Job { plan, seed })
}

fn expire(held: &Held) -> Action {
    Action {
        what: EXPIRE,
        key: held.key(),
        instructions: vec![instruction::lease_expire(&held.lease)],
        meaning: Meaning::Expire { node: held.lease.node },
    }
}
