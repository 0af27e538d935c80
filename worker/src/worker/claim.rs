//! Winning leases: which jobs this node can serve, and claiming when its turn in the race has come.

use super::{
    Done, Outlook, PassedOver, Worker,
    view::{Moment, View},
};
use crate::{
    error::WorkerError,
    journal::{LeaseKey, Record},
    plan::{self, Choice, Contender, OpenJob, Plan, Unfit, earlier},
    scenes::PrepareError,
};
use futures_util::future::join_all;
use market_model::lease::LeaseState;
use render_compute::state::{Engine, Job, Lease};
use render_compute_client::{
    ChainError, Instruction, Signer, account,
    address::{self, RENDER_ENGINE},
    error::describe,
    event::Event,
    flow, instruction,
    lottery::{first_after, slot_hashes},
};
use solana_address::Address;
use std::collections::{BTreeMap, HashSet};

const CLAIM: &str = "a claim";
const SEED: &str = "seeding a job";
const MOVE_ON: &str = "moving an abandoned lease on";
/// Chain seconds after which a job whose blobs were missing is looked at again.
const LOOK_AGAIN_SECONDS: i64 = 60;
/// Slots that SlotHashes remembers, less some for the time a transaction takes: an older job's seed is whatever slot is the
/// oldest when `job_seed` executes, so it is sent by itself first.
const FORESEEABLE_SLOTS: u64 = 450;

impl Worker {
    /// Claims what can be claimed now. `audits`: audits that were claimed in the same pass.
    pub(super) async fn claim(
        &mut self,
        view: &View,
        audits: usize,
        done: &mut Vec<Done>,
    ) -> Result<Outlook, WorkerError> {
        let moment = view.moment;
        let (count, work) = self.backlog(view);
        let room = self.settings.queue.saturating_sub(count).saturating_sub(audits);
        let backlog_seconds = self.pace.seconds(work);
        let mut jobs = self.open_jobs(view).await?;
        let contender =
            Contender { network: &view.network, address: self.node, node: &view.node, room, backlog_seconds };
        for (job, unfit) in plan::shortlist(&contender, &mut jobs, moment.now) {
            tracing::debug!(%job, reason = sentence(unfit), "left alone");
        }
        if room == 0 || jobs.is_empty() {
            // A rendering that ends makes room and wakes the worker by itself.
            return Ok(if jobs.is_empty() { Outlook::Nothing } else { Outlook::Later });
        }
        self.foresee_seeds(&mut jobs, moment, done).await?;
        for open in &mut jobs {
            let leases = account::leases_of_job(&*self.chain, &open.address).await?;
            open.leases = leases.into_iter().map(|(_, lease)| (lease.index, lease)).collect();
        }
        self.draw_abandoned(&jobs, moment, done).await?;
        loop {
            let plan = plan::claims(&contender, &jobs, moment.now);
            let Some(unservable) = self.first_unservable(&plan, &jobs, moment, done).await else {
                return self.claim_all(plan, &jobs, moment, done).await;
            };
            jobs.retain(|open| open.address != unservable);
        }
    }

    /// The jobs that leases can be claimed of and that this worker may be able to serve.
    async fn open_jobs(&mut self, view: &View) -> Result<Vec<OpenJob>, WorkerError> {
        let now = view.moment.now;
        let all = account::open_jobs(&*self.chain).await?;
        let open: HashSet<Address> = all.iter().map(|(address, _)| *address).collect();
        self.passed_over.retain(|job, passed| open.contains(job) && passed.until.is_none_or(|until| until > now));
        let next = self.passed_over.values().filter_map(|passed| passed.until).min();
        if let Some(next) = next {
            self.wake_at(next);
        }
        let engine = address::engine(&RENDER_ENGINE);
        let candidates: Vec<(Address, Job)> = all
            .into_iter()
            .filter(|(address, job)| {
                job.engine == engine
                    && now <= job.deadline
                    && job.leases_settled < job.leases
                    && view.node.serves(job.class)
                    && !self.passed_over.contains_key(address)
            })
            .collect();
        if candidates.is_empty() || !self.knows_engine(&engine).await? {
            return Ok(Vec::new());
        }
        let open = |(address, job): (Address, Job)| {
            let work = job.work_per_unit.saturating_mul(u64::from(job.units_per_lease));
            let needs_seed = job.seeded == 0;
            OpenJob { address, job, needs_seed, leases: BTreeMap::new(), seconds_per_lease: self.pace.seconds(work) }
        };
        Ok(candidates.into_iter().map(open).collect())
    }

    /// Whether the network's `render` means what this build computes.
    pub(super) async fn knows_engine(&mut self, address: &Address) -> Result<bool, WorkerError> {
        let engine: Option<Engine> = account::find(&*self.chain, address).await?;
        let is_known = engine.is_some_and(|engine| self.settings.engine_digests.contains(&engine.digest));
        if !is_known && !std::mem::replace(&mut self.has_warned_of_engine, true) {
            tracing::error!("this network's render engine is of another version; install the worker that it names");
        }
        Ok(is_known)
    }

    /// Fills in the seeds that `job_seed` would fix now, and drops the jobs that cannot be seeded yet.
    async fn foresee_seeds(
        &mut self,
        jobs: &mut Vec<OpenJob>,
        moment: Moment,
        done: &mut Vec<Done>,
    ) -> Result<(), WorkerError> {
        if !jobs.iter().any(|open| open.needs_seed) {
            return Ok(());
        }
        let hashes = slot_hashes(&*self.chain).await?;
        let mut kept = Vec::new();
        for mut open in std::mem::take(jobs) {
            if !open.needs_seed {
                kept.push(open);
                continue;
            }
            if moment.slot.saturating_sub(open.job.opened_slot) > FORESEEABLE_SLOTS {
                self.seed_alone(&open, moment, done).await?;
                continue;
            }
            match first_after(&hashes, open.job.opened_slot) {
                Some(found) => {
                    open.job.seed = found.hash;
                    open.job.seeded = 1;
                    kept.push(open);
                }
                None => self.wake_at(moment.now),
            }
        }
        *jobs = kept;
        Ok(())
    }

    /// Draws the lotteries of nodes that vanished after their commitment: only then their leases can be expired, or audited.
    async fn draw_abandoned(
        &mut self,
        jobs: &[OpenJob],
        moment: Moment,
        done: &mut Vec<Done>,
    ) -> Result<(), WorkerError> {
        let undrawn = |lease: &&Lease| {
            lease.status == u8::from(LeaseState::Committed) && lease.drawn == 0 && lease.node != self.node
        };
        let leases: Vec<Lease> = jobs.iter().flat_map(|open| open.leases.values()).filter(undrawn).copied().collect();
        for lease in leases {
            let key = LeaseKey::of_lease(address::lease(&lease.job, lease.index, lease.replica), lease.attempt);
            self.move_on(key, lease.node, lease.deadline, moment, done).await?;
        }
        Ok(())
    }

    /// Marks the missed deadlines of a lease that is none of this node's, when it is its turn to.
    pub(super) async fn move_on(
        &mut self,
        key: LeaseKey,
        node: Address,
        deadline: i64,
        moment: Moment,
        done: &mut Vec<Done>,
    ) -> Result<(), WorkerError> {
        let turn = self.turn(deadline.saturating_add(1));
        if moment.now < turn {
            self.wake_at(turn);
            return Ok(());
        }
        if !self.settings.duties || self.must_wait(MOVE_ON, key.lease, moment.now) {
            return Ok(());
        }
        let identity = self.settings.identity.clone();
        match flow::expire(&*self.chain, &identity, &key.lease).await {
            Ok(sent) => {
                self.backoff.worked(MOVE_ON, key.lease);
                for confirmed in sent {
                    self.wake_at(moment.now);
                    let signature = confirmed.signature;
                    for event in &confirmed.events {
                        match event {
                            Event::LeaseExpired(_) => {
                                self.report(done, Done::Expired { lease: key.lease, node, signature });
                            }
                            Event::AuditDrawn(event) => {
                                let audits = u8::try_from(event.audits).unwrap_or(u8::MAX);
                                self.report(done, Done::Drawn { key, audits, signature });
                            }
                            Event::AuditLapsed(_) => {
                                self.report(done, Done::AuditsLapsed { lease: key.lease, signature });
                            }
                            _ => {}
                        }
                    }
                }
                Ok(())
            }
            Err(error) => self.duty_failed(MOVE_ON, key.lease, moment.now, error, done),
        }
    }

    async fn seed_alone(&mut self, open: &OpenJob, moment: Moment, done: &mut Vec<Done>) -> Result<(), WorkerError> {
        if let Some(again) = self.backoff.waits(SEED, open.address, moment.now) {
            self.wake_at(again);
            return Ok(());
        }
        match self.send(&[instruction::job_seed(&open.address)]).await {
            Ok(_) => {
                self.backoff.worked(SEED, open.address);
                self.wake_at(moment.now);
                Ok(())
            }
            Err(error) => self.refused(SEED, open.address, moment.now, error, done),
        }
    }

    /// The first job of the plan whose manifest or scene cannot be used. It is looked at before anything is claimed, because
    /// giving back costs reputation.
    async fn first_unservable(
        &mut self,
        plan: &Plan,
        jobs: &[OpenJob],
        moment: Moment,
        done: &mut Vec<Done>,
    ) -> Option<Address> {
        let mut seen = HashSet::new();
        for choice in plan.choices.iter().filter(|choice| seen.insert(choice.job)) {
            let open = jobs.iter().find(|open| open.address == choice.job)?;
            let (reason, until) = match self.scenes.prepare(open.address, &open.job).await {
                Ok(_) => continue,
                Err(PrepareError::Wrong(reason) | PrepareError::TooLarge(reason)) => (reason, None),
                Err(PrepareError::Absent(reason) | PrepareError::Unreachable(reason)) => {
                    (reason, Some(moment.now.saturating_add(LOOK_AGAIN_SECONDS)))
                }
            };
            self.pass_over(open.address, until);
            self.report(done, Done::PassedOver { job: open.address, reason });
            return Some(open.address);
        }
        None
    }

    /// Leaves a job alone until a moment, or for good.
    pub(super) fn pass_over(&mut self, job: Address, until: Option<i64>) {
        self.passed_over.insert(job, PassedOver { until });
        if let Some(until) = until {
            self.wake_at(until);
        }
    }

    async fn claim_all(
        &mut self,
        plan: Plan,
        jobs: &[OpenJob],
        moment: Moment,
        done: &mut Vec<Done>,
    ) -> Result<Outlook, WorkerError> {
        let mut next_at = plan.next_at;
        let mut ready: Vec<(Choice, LeaseKey, Vec<Instruction>)> = Vec::new();
        let mut seeding = HashSet::new();
        for choice in plan.choices {
            let key = LeaseKey::of_lease(address::lease(&choice.job, choice.index, 0), choice.attempt);
            if let Some(again) = self.backoff.waits(CLAIM, key.lease, moment.now) {
                next_at = earlier(next_at, Some(again));
                continue;
            }
            // A job is seeded once: its other leases are claimed in the next pass.
            if choice.needs_seed && !seeding.insert(choice.job) {
                next_at = earlier(next_at, Some(moment.now));
                continue;
            }
            let overdue = choice.expire.and_then(|_| lease_of(jobs, &choice));
            ready.push((choice, key, self.claim_instructions(&choice, overdue)));
        }
        if let Some(at) = next_at {
            self.wake_at(at);
        }
        for (choice, key, _) in &ready {
            self.journal.write(*key, Record::Claiming { job: choice.job, index: choice.index })?;
        }
        let sent = join_all(ready.iter().map(|(_, _, instructions)| self.send(instructions))).await;
        let mut outlook = if self.due.is_some_and(|due| due <= moment.now) || next_at.is_some() || !ready.is_empty() {
            Outlook::Later
        } else {
            Outlook::Nothing
        };
        let mut unanswered = None;
        for ((choice, key, _), sent) in ready.into_iter().zip(sent) {
            match sent {
                Ok(confirmed) => {
                    outlook = Outlook::Claimed;
                    self.backoff.worked(CLAIM, key.lease);
                    let lease_seconds =
                        jobs.iter().find(|open| open.address == choice.job).map(|open| open.job.lease_seconds);
                    let deadline = moment.now.saturating_add(i64::from(lease_seconds.unwrap_or(0)));
                    self.journal.write(key, Record::Claimed { deadline })?;
                    let Choice { job, index, .. } = choice;
                    self.report(done, Done::Claimed { key, job, index, signature: confirmed.signature });
                    if let Some(node) = choice.expire {
                        self.report(done, Done::Expired { lease: key.lease, node, signature: confirmed.signature });
                    }
                }
                Err(error @ ChainError::Refused { .. }) => {
                    self.end(key, Record::Lost { reason: error.to_string() })?;
                    self.refused(CLAIM, key.lease, moment.now, error, done)?;
                }
                // It may have been executed: the next pass looks.
                Err(error) => unanswered = Some(error),
            }
        }
        match unanswered {
            Some(error) => self.refused(CLAIM, self.node, moment.now, error, done).map(|()| outlook),
            None => Ok(outlook),
        }
    }

    fn claim_instructions(&self, choice: &Choice, overdue: Option<&Lease>) -> Vec<Instruction> {
        let identity = self.settings.identity.pubkey();
        let mut instructions = Vec::new();
        instructions.extend(overdue.map(instruction::lease_expire));
        if choice.needs_seed {
            instructions.push(instruction::job_seed(&choice.job));
        }
        instructions.push(instruction::lease_claim(&identity, &choice.job, choice.index));
        instructions
    }
}

fn lease_of<'a>(jobs: &'a [OpenJob], choice: &Choice) -> Option<&'a Lease> {
    jobs.iter().find(|open| open.address == choice.job)?.leases.get(&choice.index)
}

fn sentence(unfit: Unfit) -> String {
    match unfit {
        Unfit::Refused(code) => u32::try_from(code)
            .ok()
            .and_then(describe)
            .map_or_else(|| format!("the chain would refuse with code {code}"), |(_, sentence)| sentence.to_owned()),
        Unfit::TooSlow { seconds } => format!("rendering would take about {seconds} s of the lease's time"),
    }
}
