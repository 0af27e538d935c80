//! Audits: computing what other operators' nodes have committed to, and the duties that keep audited leases going.

use super::{
    Done, Outlook, Worker,
    dispute::Play,
    hold::{ACCEPT, Action, COMMIT, Meaning, REVEAL, Work, is},
    view::{HeldAudit, Moment, View, work},
};
use crate::{
    error::WorkerError,
    journal::{LeaseKey, Record},
    plan::{self, AuditChoice, AuditDuty, AuditStep, Contender, LeaseStep, OpenAudit, audit_duty, audit_step},
    scenes::PrepareError,
};
use market_model::{audit::AuditState, lease::LeaseState};
use render_compute::{
    constants::{CLASS_PROBE, PROBE_ENGINE},
    state::{Audit, Job, Lease, Node, Probe},
};
use render_compute_client::{
    ChainError, ClientError, Signer, account,
    address::{self, RENDER_ENGINE},
    instruction,
    manifest::Digest,
};
use solana_address::Address;
use std::collections::{BTreeMap, BTreeSet, HashSet};

const CLAIM: &str = "a claim of an audit";
const EXPIRE: &str = "marking a missed deadline of an audit";
const LAPSE: &str = "ending the wait for audits";
const FORFEIT: &str = "a forfeit";
const CLOSE: &str = "closing an audit";
const OPEN: &str = "opening a dispute";
/// Chain seconds after which a job whose blobs were missing is looked at again.
const LOOK_AGAIN_SECONDS: i64 = 60;

impl Worker {
    /// What an audit waits for.
    pub(super) fn next_audit_step(&self, held: &HeldAudit, moment: Moment) -> AuditStep {
        let key = held.key();
        let sealed = self.at_hand(key);
        let step = audit_step(&held.audit, held.lease.as_ref(), sealed.is_some(), moment.now, moment.slot);
        match sealed {
            Some(sealed) if step == AuditStep::Reveal && !self.can_reveal(key, &sealed, &held.audit.commitment) => {
                AuditStep::Duty
            }
            _ => step,
        }
    }

    /// How an audit ended, by what the chain says about it. `None` while it goes on.
    pub(super) fn audit_ending(&self, key: LeaseKey, lease: Option<&Lease>, view: &View) -> Option<Record> {
        let lost = |reason: &str| Some(Record::Lost { reason: reason.to_owned() });
        let found = view.audit_account(key)?;
        let is_revealed = self.journal.has(key, |record| matches!(record, Record::Revealed));
        match (found, self.claimed_until(key)) {
            (Some(audit), _) if audit.node == self.node => None,
            (Some(_), None) => lost("another node was first"),
            (None, None) => lost("the claim was not executed"),
            (Some(_), Some(_)) => lost("its deadline passed"),
            (None, Some(_)) if is_revealed => match lease {
                Some(lease) if lease.attempt == key.attempt && lease.audits_paid > 0 => {
                    Some(Record::Accepted { value: lease.value })
                }
                _ => lost("its account was closed after it was settled"),
            },
            // A node of the chain that lags behind must not end one.
            (None, Some(deadline)) if view.moment.now > deadline => lost("its account is closed"),
            (None, Some(_)) => None,
        }
    }

    /// Collects what the audits of this node wait for, and what can be done about the audits of its leases.
    pub(super) async fn advance_audits<'a>(
        &mut self,
        view: &'a View,
        actions: &mut Vec<Action>,
        to_render: &mut Vec<Work<'a>>,
        plays: &mut Vec<Play>,
        done: &mut Vec<Done>,
    ) -> Result<(), WorkerError> {
        let moment = view.moment;
        let mut duties: BTreeMap<Address, &Lease> = BTreeMap::new();
        for held in &view.audits {
            let key = held.key();
            let step = self.next_audit_step(held, moment);
            if step != AuditStep::Render && self.renderer.current() == Some(key) {
                self.renderer.cancel();
            }
            let Some(lease) = held.live_lease() else {
                actions.push(self.close_audit(held));
                continue;
            };
            match step {
                AuditStep::Render => {
                    let is_fresh = held.audit.status == u8::from(AuditState::Claimed);
                    let deadline = if is_fresh { held.audit.deadline } else { lease.deadline };
                    self.wake_at(deadline.saturating_add(1));
                    to_render.push(Work { key, lease, job: held.job.as_ref(), deadline, is_fresh });
                }
                AuditStep::Commit => actions.extend(self.commit_audit(held)),
                AuditStep::Reveal => actions.extend(self.reveal_audit(held, lease, moment, done).await),
                AuditStep::Duty => {
                    duties.insert(held.audit.lease, lease);
                }
                AuditStep::Play => plays.push(Play::of_audit(held, lease)),
                AuditStep::Close => actions.push(self.close_audit(held)),
                AuditStep::Wait => self.wake_at(moment.now),
            }
        }
        let awaiting = view.held.iter().filter(|held| self.next_step(held, moment) == LeaseStep::Audits);
        duties.extend(awaiting.map(|held| (held.address, &held.lease)));
        for (address, lease) in duties {
            self.do_duty(address, lease, view, actions, done).await?;
        }
        Ok(())
    }

    fn commit_audit(&self, held: &HeldAudit) -> Option<Action> {
        let key = held.key();
        let sealed = self.journal.sealed(key)?;
        let commitment = self.commitment(key, &sealed);
        let identity = self.settings.identity.pubkey();
        Some(Action {
            what: COMMIT,
            key,
            instructions: vec![instruction::audit_commit(&identity, &held.audit, commitment)],
            meaning: Meaning::Commit,
        })
    }

    async fn reveal_audit(
        &mut self,
        held: &HeldAudit,
        lease: &Lease,
        moment: Moment,
        done: &mut Vec<Done>,
    ) -> Option<Action> {
        let (key, job) = (held.key(), held.job.as_ref()?);
        let sealed = self.journal.sealed(key)?;
        match self.check(key, lease, job, done).await {
            Ok(true) => {}
            Ok(false) => return None,
            Err(error) => {
                tracing::error!(what = %key, %error, "the result cannot be checked; trying again");
                self.wake_at(moment.now.saturating_add(1));
                return None;
            }
        }
        let identity = self.settings.identity.pubkey();
        Some(Action {
            what: REVEAL,
            key,
            instructions: vec![instruction::audit_reveal(&identity, &held.audit, sealed.root, sealed.salt)],
            meaning: Meaning::Reveal { result: sealed.result },
        })
    }

    fn close_audit(&self, held: &HeldAudit) -> Action {
        let instructions = vec![instruction::audit_close(&held.audit)];
        Action { what: CLOSE, key: held.key(), instructions, meaning: Meaning::Close }
    }

    /// Does what anyone can do about a lease's audits, when it is this node's turn: at once where it is its own lease or audit,
    /// otherwise a little later, so that not every node sends the same.
    async fn do_duty(
        &mut self,
        address: Address,
        lease: &Lease,
        view: &View,
        actions: &mut Vec<Action>,
        done: &mut Vec<Done>,
    ) -> Result<(), WorkerError> {
        let now = view.moment.now;
        let mut audits = view.audits_of(&address).to_vec();
        audits.sort_by_key(|audit| (audit.node != self.node, audit.index));
        let duty = audit_duty(lease, &audits, now);
        let of = |index: u8| audits.iter().find(|audit| audit.index == index).copied();
        let holds = lease.node == self.node;
        let (audit, since, is_first) = match duty {
            AuditDuty::Wait(at) => {
                if let Some(at) = at {
                    self.wake_at(at);
                }
                return Ok(());
            }
            AuditDuty::Lapse => (None, lease.deadline, holds),
            AuditDuty::Expire(index) => {
                let audit = of(index);
                let is_commitment = is(lease, LeaseState::Auditing);
                let since = audit.filter(|_| is_commitment).map_or(lease.deadline, |audit| audit.deadline);
                (audit, since, holds)
            }
            AuditDuty::Forfeit(index) | AuditDuty::Accept(index) | AuditDuty::Dispute(index) => {
                let audit = of(index);
                let is_own = audit.is_some_and(|audit| audit.node == self.node);
                let since = if matches!(duty, AuditDuty::Dispute(_)) { lease.entered_at } else { lease.deadline };
                (audit, since, is_own)
            }
        };
        let turn = if is_first { now } else { self.turn(since) };
        if now < turn {
            self.wake_at(turn);
            return Ok(());
        }
        match (duty, audit) {
            (AuditDuty::Lapse, _) => actions.push(Action {
                what: LAPSE,
                key: LeaseKey::of_lease(address, lease.attempt),
                instructions: vec![instruction::audit_lapse(lease)],
                meaning: Meaning::Lapse,
            }),
            (AuditDuty::Expire(_), Some(audit)) => actions.push(Action {
                what: EXPIRE,
                key: key_of(&audit),
                instructions: vec![instruction::audit_expire(&audit)],
                meaning: Meaning::ExpireAudit { node: audit.node },
            }),
            (AuditDuty::Forfeit(_), Some(audit)) => actions.push(Action {
                what: FORFEIT,
                key: key_of(&audit),
                instructions: vec![instruction::audit_forfeit(lease, &audit)],
                meaning: Meaning::Forfeit { node: lease.node },
            }),
            (AuditDuty::Dispute(_), Some(audit)) => actions.push(Action {
                what: OPEN,
                key: key_of(&audit),
                instructions: vec![instruction::dispute_open_audit(
                    &self.settings.identity.pubkey(),
                    &address::engine(if lease.class == CLASS_PROBE { &PROBE_ENGINE } else { &RENDER_ENGINE }),
                    lease,
                    &audit,
                )],
                meaning: Meaning::Dispute { dispute: address::dispute(&address, lease.disputes) },
            }),
            (AuditDuty::Accept(_), Some(audit)) => actions.extend(self.accept_audit(lease, &audit, view, done).await?),
            _ => {}
        }
        Ok(())
    }

    /// Has an audit paid that agrees with its lease, after the result is where everyone can read it.
    async fn accept_audit(
        &mut self,
        lease: &Lease,
        audit: &Audit,
        view: &View,
        done: &mut Vec<Done>,
    ) -> Result<Option<Action>, WorkerError> {
        let key = key_of(audit);
        let is_own = audit.node == self.node;
        let identity = match is_own {
            true => self.settings.identity.pubkey(),
            false => account::fetch::<Node>(&*self.chain, &audit.node).await?.identity,
        };
        if is_own && let Err(error) = self.publish_for(key, lease).await {
            // The holder should have: whoever fetches the picture must not depend on it.
            tracing::warn!(what = %key, %error, "the result cannot be published beside the holder's");
        }
        let Some(epoch) = self.ready_epoch_of(&identity, view, done).await? else { return Ok(None) };
        let accept = match lease.class {
            CLASS_PROBE => {
                let job: Job = account::fetch(&*self.chain, &lease.job).await?;
                let number = u32::try_from(job.nonce).unwrap_or(u32::MAX);
                let probe: Probe = account::fetch(&*self.chain, &address::probe(&job.requester, number)).await?;
                instruction::audit_accept_probe(audit, &identity, epoch, &probe)
            }
            _ => instruction::audit_accept(audit, &identity, epoch),
        };
        let instructions = vec![accept];
        let value = audit.value;
        let meaning = if is_own { Meaning::Accept { value } } else { Meaning::AcceptOther { value } };
        Ok(Some(Action { what: ACCEPT, key, instructions, meaning }))
    }

    /// Puts this node's own bytes into the store where those that the holder names are missing: they are the same, or the holder names
    /// what nobody has.
    async fn publish_for(&mut self, key: LeaseKey, lease: &Lease) -> Result<(), WorkerError> {
        if self.at_hand(key).is_some() && !self.store.has(&Digest(lease.result)).await.map_err(ClientError::from)? {
            self.publish(key).await?;
        }
        Ok(())
    }

    /// Claims audits whose turn has come. Gives the number claimed beside the outlook: they take room from leases.
    pub(super) async fn claim_audits(
        &mut self,
        view: &View,
        done: &mut Vec<Done>,
    ) -> Result<(Outlook, usize), WorkerError> {
        let nothing = (Outlook::Nothing, 0);
        if !self.settings.audits {
            return Ok(nothing);
        }
        let moment = view.moment;
        let leases = account::leases_in(&*self.chain, LeaseState::Auditing).await?;
        for (address, lease) in &leases {
            if moment.now > lease.deadline && !self.works_on(address) {
                let key = LeaseKey::of_lease(*address, lease.attempt);
                self.move_on(key, lease.node, lease.deadline, moment, done).await?;
            }
        }
        let mut open = self.open_audits(leases, view).await?;
        let is_probe = |open: &OpenAudit| open.lease.class == CLASS_PROBE;
        if !open.iter().all(is_probe) && !self.knows_engine(&address::engine(&RENDER_ENGINE)).await? {
            open.retain(is_probe);
        }
        if open.is_empty() {
            return Ok(nothing);
        }
        let (count, backlog) = self.backlog(view);
        let contender = Contender {
            network: &view.network,
            address: self.node,
            node: &view.node,
            room: self.settings.queue.saturating_sub(count),
            backlog_seconds: self.pace.seconds(backlog),
        };
        let plan = plan::audits(&contender, &open, moment.now);
        if let Some(at) = plan.next_at {
            self.wake_at(at);
        }
        let mut claimed = 0;
        for choice in &plan.choices {
            let Some(open) = open.iter().find(|open| open.address == choice.lease) else { continue };
            if self.claim_audit(choice, open, moment, done).await? {
                claimed += 1;
            }
        }
        Ok(match (claimed, plan.next_at) {
            (0, None) if plan.choices.is_empty() => nothing,
            (0, _) => (Outlook::Later, 0),
            _ => (Outlook::Claimed, claimed),
        })
    }

    async fn claim_audit(
        &mut self,
        choice: &AuditChoice,
        open: &OpenAudit,
        moment: Moment,
        done: &mut Vec<Done>,
    ) -> Result<bool, WorkerError> {
        let key = LeaseKey::of_audit(choice.lease, choice.attempt, choice.index);
        if self.must_wait(CLAIM, choice.lease, moment.now) {
            return Ok(false);
        }
        // Looked at before it is claimed: an audit cannot be given back.
        let (reason, until) = match self.task(&open.lease, &open.job).await {
            Ok(_) => return self.send_claim(key, open, moment, done).await,
            Err(PrepareError::Wrong(reason) | PrepareError::TooLarge(reason)) => (reason, None),
            Err(PrepareError::Absent(reason) | PrepareError::Unreachable(reason)) => {
                (reason, Some(moment.now.saturating_add(LOOK_AGAIN_SECONDS)))
            }
        };
        self.pass_over(open.lease.job, until);
        self.report(done, Done::PassedOver { job: open.lease.job, reason });
        Ok(false)
    }

    async fn send_claim(
        &mut self,
        key: LeaseKey,
        open: &OpenAudit,
        moment: Moment,
        done: &mut Vec<Done>,
    ) -> Result<bool, WorkerError> {
        let index = key.audit.unwrap_or_default();
        let job = open.lease.job;
        self.journal.write(key, Record::Claiming { job, index: u32::from(index) })?;
        let identity = self.settings.identity.pubkey();
        match self.send(&[instruction::audit_claim(&identity, &open.lease, index)]).await {
            Ok(confirmed) => {
                self.backoff.worked(CLAIM, key.lease);
                let deadline = moment.now.saturating_add(i64::from(open.job.lease_seconds));
                self.journal.write(key, Record::Claimed { deadline })?;
                self.report(done, Done::AuditClaimed { key, job, signature: confirmed.signature });
                Ok(true)
            }
            Err(error @ ChainError::Refused { .. }) => {
                self.end(key, Record::Lost { reason: error.to_string() })?;
                self.refused(CLAIM, key.lease, moment.now, error, done)?;
                Ok(false)
            }
            // It may have been executed: the next pass looks.
            Err(error) => self.refused(CLAIM, key.lease, moment.now, error, done).map(|()| false),
        }
    }

    /// The leases whose audits wait for claims, as far as this worker may be able to serve them.
    async fn open_audits(&self, mut leases: Vec<(Address, Lease)>, view: &View) -> Result<Vec<OpenAudit>, WorkerError> {
        let now = view.moment.now;
        let own = view.node.operator;
        leases.retain(|(_, lease)| {
            now <= lease.deadline
                && lease.node != self.node
                && lease.audits_claimed < lease.audits_owed
                && !lease.auditors.contains(&own)
                && !self.passed_over.contains_key(&lease.job)
        });
        if leases.is_empty() {
            return Ok(Vec::new());
        }
        let unique = |addresses: BTreeSet<Address>| addresses.into_iter().collect::<Vec<_>>();
        let jobs = unique(leases.iter().map(|(_, lease)| lease.job).collect());
        let nodes = unique(leases.iter().map(|(_, lease)| lease.node).collect());
        let found_jobs = account::find_all::<Job>(&*self.chain, &jobs).await?;
        let found_nodes = account::find_all::<Node>(&*self.chain, &nodes).await?;
        let jobs: BTreeMap<Address, Option<Job>> = jobs.into_iter().zip(found_jobs).collect();
        let nodes: BTreeMap<Address, Option<Node>> = nodes.into_iter().zip(found_nodes).collect();
        let (render, probe) = (address::engine(&RENDER_ENGINE), address::engine(&PROBE_ENGINE));
        let open = leases.into_iter().filter_map(|(address, lease)| {
            let job = jobs.get(&lease.job).copied().flatten()?;
            let holder = nodes.get(&lease.node).copied().flatten()?;
            let is_served = match lease.class {
                // As the chain judges it: memory is one of the requirements of every job.
                CLASS_PROBE => job.engine == probe && view.node.rated_compute >= holder.rated_compute,
                _ => job.engine == render,
            };
            let holder = Some(holder.operator).filter(|_| is_served)?;
            let seconds = self.pace.seconds(work(&lease, Some(&job)));
            Some(OpenAudit { address, lease, job, holder, seconds })
        });
        Ok(open.collect())
    }

    /// How many leases and audits wait to be rendered before anything new, and how much work that is.
    pub(super) fn backlog(&self, view: &View) -> (usize, u64) {
        let mut seen = HashSet::new();
        let leases = view
            .held
            .iter()
            .filter(|held| {
                is(&held.lease, LeaseState::Claimed) && self.next_step(held, view.moment) == LeaseStep::Render
            })
            .map(|held| (held.key(), held.work()));
        let audits = view
            .audits
            .iter()
            .filter(|held| self.next_audit_step(held, view.moment) == AuditStep::Render)
            .map(|held| (held.key(), held.lease.as_ref().map_or(0, |lease| work(lease, held.job.as_ref()))));
        let waiting: Vec<u64> =
            leases.chain(audits).filter(|(key, _)| seen.insert(*key)).map(|(_, work)| work).collect();
        (waiting.len(), waiting.iter().fold(0, |sum, work| sum.saturating_add(*work)))
    }
}

fn key_of(audit: &Audit) -> LeaseKey {
    LeaseKey::of_audit(audit.lease, audit.attempt, audit.index)
}
