//! The node itself: looks at the chain, does what can be done now, sleeps until there is news.
//!
//! What the chain says always goes before what the journal says. Before a commitment is sent, root, salt and result are on
//! disk; before a root is revealed, its result is checked once more and in the blob store; the result stays on disk until the
//! lease or audit is over, since a dispute is played from it; every send is one that the chain refuses when it was done already.
//! So the worker can be stopped at any moment and go on from the chain and its journal. Time is the chain's.

mod audit;
mod backoff;
mod claim;
mod defend;
mod dispute;
mod done;
mod epochs;
mod hold;
mod measures;
mod probes;
mod rendered;
mod rest;
mod salt;
mod view;

pub use done::Done;

use crate::{
    backend::{Backend, Progress, Renderer},
    bandwidth::server::Door,
    error::WorkerError,
    journal::{Journal, LeaseKey},
    plan::{LeaseStep, Pace, earlier},
    scenes::Scenes,
    settings::Settings,
    spool::Spool,
};
use backoff::Backoff;
use hold::Surrender;
use market_model::{audit::AuditState, lease::LeaseState};
use render_compute_client::{
    Chain, ChainError, Instruction, Keypair, Signer, address,
    blob::BlobStore,
    chain::{Change, Changes, Confirmed},
    dispute::Claim,
    event::Event,
};
use rest::Rest;
use salt::SaltKey;
use solana_address::Address;
use std::{
    collections::{HashMap, HashSet},
    path::Path,
    sync::Arc,
    time::Duration,
};
use tokio_util::sync::CancellationToken;
use view::{Held, HeldAudit, Moment, View};

/// While nothing can be done for longer than this, the chain's clock is read only now and then.
const NEAR_SECONDS: i64 = 10;
/// Changes of the chain, one a slot, between two readings of its clock while nothing is near.
const CHANGES_PER_CLOCK: u32 = 10;
/// Chain seconds to wait after a pass that failed.
const PAUSE_SECONDS: i64 = 2;

/// How long a transaction that was sent can still be executed, generously: 150 slots.
const UNDER_WAY_SECONDS: i64 = 150;

/// How a worker works.
#[derive(Clone)]
pub struct WorkerSettings {
    /// The node's key: signs its work and pays its fees and rents.
    pub identity: Arc<Keypair>,
    /// Leases that may wait to be rendered, the one being rendered included.
    pub queue: usize,
    /// Scenes kept in memory.
    pub scene_cache: usize,
    /// Largest scene to take, bytes.
    pub most_scene_bytes: u64,
    /// How long to sleep without news of the chain.
    pub poll: Duration,
    /// Whether to claim this node's shares.
    pub claim_shares: bool,
    /// Whether to open and close epochs.
    pub duties: bool,
    /// Epoch duties are spread over this many seconds, so that not every node sends the same transaction.
    pub duty_spread_seconds: u32,
    /// Whether to audit other operators' leases.
    pub audits: bool,
    /// Whether to open, expire and finish probes.
    pub probes: bool,
    /// Whether to measure other operators' bandwidth.
    pub measures: bool,
    /// Whether to connect to peers at addresses of private networks.
    pub private_peers: bool,
    /// Whether to close lease and dispute accounts for their rent.
    pub reclaim_rent: bool,
    /// Digests of the specifications of `render` that this build implements.
    pub engine_digests: Vec<[u8; 32]>,
}

/// The specification of the `render` engine that this build implements, as networks register it.
pub fn render_specification() -> [u8; 32] {
    kernels::merkle::sha256(&[include_bytes!("../../../migrations/engines/render.md")])
}

impl WorkerSettings {
    /// The defaults.
    pub fn new(identity: Keypair) -> Self {
        Self::of(&Settings::defaults(Path::new("")), identity)
    }

    /// What an operator has set.
    pub fn of(settings: &Settings, identity: Keypair) -> Self {
        Self {
            identity: Arc::new(identity),
            queue: settings.queue,
            scene_cache: settings.scene_cache,
            most_scene_bytes: settings.max_scene_mib << 20,
            poll: Duration::from_secs(settings.poll_seconds),
            claim_shares: settings.claim_shares,
            duties: settings.duties,
            duty_spread_seconds: 60,
            audits: settings.audits,
            probes: settings.probes,
            measures: settings.measures,
            private_peers: settings.private_peers,
            reclaim_rent: settings.reclaim_rent,
            engine_digests: vec![render_specification()],
        }
    }
}

impl std::fmt::Debug for WorkerSettings {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("WorkerSettings")
            .field("identity", &self.identity.pubkey())
            .field("queue", &self.queue)
            .field("scene_cache", &self.scene_cache)
            .field("most_scene_bytes", &self.most_scene_bytes)
            .field("poll", &self.poll)
            .field("claim_shares", &self.claim_shares)
            .field("duties", &self.duties)
            .field("duty_spread_seconds", &self.duty_spread_seconds)
            .field("audits", &self.audits)
            .field("probes", &self.probes)
            .field("measures", &self.measures)
            .field("private_peers", &self.private_peers)
            .field("reclaim_rent", &self.reclaim_rent)
            .finish_non_exhaustive()
    }
}

/// Why a job is left alone, and until when.
struct PassedOver {
    /// Chain time to look again; `None` for never.
    until: Option<i64>,
}

type Observer = Box<dyn Fn(&Done) + Send + Sync>;

/// A node's worker.
pub struct Worker {
    settings: WorkerSettings,
    chain: Arc<dyn Chain>,
    store: BlobStore,
    journal: Journal,
    spool: Spool,
    renderer: Renderer,
    scenes: Scenes,
    /// The node account's address.
    node: Address,
    salts: SaltKey,
    pace: Pace,
    /// Chain time at which the rendering under way began.
    render_began: i64,
    /// Whether what is being rendered was a lease without a commitment when that began: only such a one can be given back.
    render_can_return: bool,
    /// What was called off so that a probe could go first.
    set_aside: Option<LeaseKey>,
    /// Work of a rendering that finished since the last look at the chain.
    rendered_work: Option<u64>,
    /// Slot of the node's registration; part of its commitments.
    registered_slot: u64,
    /// Until this moment leases are searched for that the journal does not know: a claim may have been under way when this
    /// worker last stopped or lost the chain.
    search_until: Option<i64>,
    /// Leases to give back, with the reason.
    giving_up: HashMap<LeaseKey, Surrender>,
    /// Results that the blob store has.
    published: HashSet<LeaseKey>,
    /// Results that were checked before their reveal.
    checked: HashSet<LeaseKey>,
    /// Results that did not come out the same again: they are never shown.
    indefensible: HashSet<LeaseKey>,
    /// What this node stands for in its disputes, by the dispute's account.
    claims: HashMap<Address, Box<dyn Claim>>,
    passed_over: HashMap<Address, PassedOver>,
    backoff: Backoff,
    /// After the machine failed: no new work for a while.
    rest: Rest,
    epochs: epochs::Agenda,
    probes: probes::Watch,
    measures: measures::Measures,
    /// Says which peers may measure this node now.
    door: Door,
    has_warned_of_engine: bool,
    is_stopping: bool,
    /// The next moment at which something can be done, chain time.
    due: Option<i64>,
    /// The chain's time when it was last asked.
    last: Option<Moment>,
    /// Changes of the chain since its clock was last read.
    changes_unasked: u32,
    observer: Option<Observer>,
}

impl Worker {
    /// A worker on a chain. Opens the journal, which no other worker may use at the same time.
    ///
    /// # Errors
    /// The journal, its folder, or the rendering thread cannot be had.
    pub fn new(
        settings: WorkerSettings,
        chain: Arc<dyn Chain>,
        store: BlobStore,
        backend: Arc<dyn Backend>,
        journal_path: &Path,
    ) -> Result<Self, WorkerError> {
        let journal = Journal::open(journal_path)?;
        let machine = |what: &str| {
            let what = what.to_owned();
            move |source| WorkerError::Machine { what, source }
        };
        let spool = Spool::beside(journal_path).map_err(machine("cannot create the folder of results"))?;
        spool.retain(journal.open_leases());
        let renderer = Renderer::start(backend).map_err(machine("cannot start the rendering thread"))?;
        Ok(Self {
            node: address::node(&settings.identity.pubkey()),
            salts: SaltKey::of(&settings.identity),
            scenes: Scenes::new(store.clone(), settings.scene_cache, settings.most_scene_bytes),
            settings,
            chain,
            store,
            journal,
            spool,
            renderer,
            pace: Pace::default(),
            render_began: 0,
            render_can_return: false,
            set_aside: None,
            rendered_work: None,
            registered_slot: 0,
            search_until: None,
            giving_up: HashMap::new(),
            published: HashSet::new(),
            checked: HashSet::new(),
            indefensible: HashSet::new(),
            claims: HashMap::new(),
            passed_over: HashMap::new(),
            backoff: Backoff::default(),
            rest: Rest::default(),
            epochs: epochs::Agenda::default(),
            probes: probes::Watch::default(),
            measures: measures::Measures::default(),
            door: Door::default(),
            has_warned_of_engine: false,
            is_stopping: false,
            due: None,
            last: None,
            changes_unasked: 0,
            observer: None,
        })
    }

    /// Calls `observer` with everything the worker does, as it does it.
    pub fn observe(&mut self, observer: impl Fn(&Done) + Send + Sync + 'static) {
        self.observer = Some(Box::new(observer));
    }

    /// How far the rendering under way is.
    pub fn progress(&self) -> Arc<Progress> {
        self.renderer.progress()
    }

    /// The node account's address.
    pub fn node(&self) -> Address {
        self.node
    }

    /// Says who may measure this node's bandwidth, for the server that is asked.
    pub fn door(&self) -> Door {
        self.door.clone()
    }

    /// The next moment at which this worker can do something, as far as it knows; chain time.
    pub fn due(&self) -> Option<i64> {
        self.due
    }

    /// Takes no new leases from now; gives back what it has not begun.
    pub fn stop(&mut self) {
        self.is_stopping = true;
    }

    /// Looks at the chain once and does all that can be done now, rendering included.
    ///
    /// # Errors
    /// What stopped it; everything done so far stands.
    pub async fn step(&mut self) -> Result<Vec<Done>, WorkerError> {
        let mut done = self.pass().await?.done;
        while self.renderer.current().is_some() {
            let finished = self.renderer.next().await;
            done.extend(self.keep(finished)?);
            done.extend(self.pass().await?.done);
        }
        Ok(done)
    }

    /// Works until `shutdown`, then finishes or gives back what it holds.
    ///
    /// # Errors
    /// What cannot pass by itself; a chain that does not answer is waited for.
    pub async fn run(&mut self, shutdown: CancellationToken) -> Result<(), WorkerError> {
        self.work(shutdown, false).await
    }

    /// Works until nothing is left to do: no lease held, none to be had, no share to claim.
    ///
    /// # Errors
    /// As [`Worker::run`].
    pub async fn run_once(&mut self, shutdown: CancellationToken) -> Result<(), WorkerError> {
        self.work(shutdown, true).await
    }

    async fn work(&mut self, shutdown: CancellationToken, until_idle: bool) -> Result<(), WorkerError> {
        let mut changes: Option<Changes> = None;
        loop {
            if changes.is_none() {
                changes = match self.chain.changes().await {
                    Ok(changes) => Some(changes),
                    Err(error) => {
                        tracing::warn!(%error, "no news of the chain; looking at it every {} s", self.settings.poll.as_secs());
                        None
                    }
                };
            }
            match self.pass().await {
                Ok(pass) if self.is_stopping && pass.is_free_to_go => return Ok(()),
                Ok(pass) if until_idle && pass.is_idle => return Ok(()),
                Ok(_) => {}
                Err(error) if error.is_passing() => {
                    tracing::warn!(%error, "looking again soon");
                    self.due = self.last.map(|last| last.now.saturating_add(PAUSE_SECONDS));
                }
                Err(error) => return Err(error),
            }
            loop {
                tokio::select! {
                    biased;
                    () = shutdown.cancelled(), if !self.is_stopping => {
                        tracing::info!("stopping: finishing what is begun, giving back the rest");
                        self.stop();
                        break;
                    }
                    finished = self.renderer.next() => {
                        self.keep(finished)?;
                        break;
                    }
                    change = next_change(&mut changes) => match change {
                        Some(change) if self.is_woken_by(&change).await => break,
                        Some(_) => {}
                        None => {
                            changes = None;
                            tokio::time::sleep(self.settings.poll).await;
                            break;
                        }
                    },
                    () = tokio::time::sleep(self.settings.poll) => break,
                }
            }
        }
    }

    /// Whether a change of the chain can mean work.
    async fn is_woken_by(&mut self, change: &Change) -> bool {
        if change.missed || change.events.iter().any(|event| self.concerns(event)) {
            return true;
        }
        let (Some(due), Some(last)) = (self.due, self.last) else { return false };
        self.changes_unasked = self.changes_unasked.saturating_add(1);
        if due > last.now.saturating_add(NEAR_SECONDS) && self.changes_unasked < CHANGES_PER_CLOCK {
            return false;
        }
        self.changes_unasked = 0;
        match self.chain.clock().await {
            Ok(clock) => {
                self.last = Some(Moment { now: clock.unix_timestamp, slot: clock.slot });
                clock.unix_timestamp >= due && clock.slot > last.slot
            }
            Err(_) => false,
        }
    }

    fn concerns(&self, event: &Event) -> bool {
        match event {
            Event::JobOpened(_) | Event::LeaseReturned(_) | Event::LeaseExpired(_) | Event::JobSeeded(_) => true,
            // An audit to be had.
            Event::AuditDrawn(event) => event.picked == 1,
            Event::AuditExpired(event) => event.audits > 0,
            Event::AuditForfeited(_) => true,
            Event::AuditClaimed(event) => self.works_on(&event.lease),
            Event::AuditCommitted(event) => self.works_on(&event.lease),
            Event::AuditRevealed(event) => self.works_on(&event.lease),
            Event::AuditAccepted(event) => self.works_on(&event.lease),
            Event::AuditLapsed(event) => self.works_on(&event.lease),
            Event::AuditClosed(event) => event.node == self.node,
            Event::AttestationRevealed(event) => self.works_on(&event.lease),
            Event::DisputeOpened(event) => self.works_on(&event.lease),
            Event::DisputeSettled(_) => true,
            // Disputes are few, and whose each one is stands in its account.
            Event::DisputeDivided(_)
            | Event::DisputePicked(_)
            | Event::UnitShown(_)
            | Event::SegmentShown(_)
            | Event::DisputeDecided(_) => true,
            Event::ProbeOpened(_) | Event::ProbeExpired(_) | Event::ProbeFinished(_) => true,
            Event::MeasurementCommitted(_) | Event::MeasurementRevealed(_) => true,
            Event::ProbeEnrolled(event) => event.node == self.node,
            Event::MaintenanceAnnounced(event) => event.node == self.node,
            Event::LeaseAccepted(event) => event.node == self.node,
            Event::NodeRegistered(event) => event.node == self.node,
            Event::StakeChanged(event) => event.node == self.node,
            Event::ParametersChanged(_)
            | Event::PauseChanged(_)
            | Event::EngineRegistered(_)
            | Event::EpochOpened(_)
            | Event::EpochFinalized(_) => true,
            _ => false,
        }
    }

    /// Whether a lease, or an audit of it, is one of this node's.
    fn works_on(&self, lease: &Address) -> bool {
        self.journal.open_leases().any(|key| key.lease == *lease)
    }

    /// One look at the chain and everything that follows from it, without waiting for the renderer.
    async fn pass(&mut self) -> Result<Pass, WorkerError> {
        let mut done = Vec::new();
        while let Some(finished) = self.renderer.try_next() {
            done.extend(self.keep(finished)?);
        }
        self.due = None;
        let known = self.journal.open_leases().collect();
        let search = self.search_until.is_none_or(|until| self.last.is_none_or(|last| last.now < until));
        let view = View::read(&*self.chain, &self.settings.identity.pubkey(), &known, search).await?;
        self.search_until.get_or_insert(view.moment.now.saturating_add(UNDER_WAY_SECONDS));
        self.last = Some(view.moment);
        self.registered_slot = view.node.registered_slot;
        if let Some(work) = self.rendered_work.take() {
            self.pace.learn(work, view.moment.now.saturating_sub(self.render_began));
        }
        self.reconcile(&view, &mut done)?;
        self.advance(&view, &mut done).await?;
        let outlook = if self.is_stopping {
            Outlook::Nothing
        } else if let Some(until) = self.rest.waits(view.moment.now) {
            self.wake_at(until);
            Outlook::Later
        } else {
            self.claim_all_kinds(&view, &mut done).await?
        };
        self.epoch_duties(&view, &mut done).await?;
        self.probe_duties(&view, &mut done).await?;
        if outlook == Outlook::Nothing && !self.needs_scenes(&view) {
            // Scenes are most of the worker's memory, and of its devices'; an idle worker needs none.
            self.scenes.clear();
            self.renderer.forget();
        }
        if outlook == Outlook::Claimed {
            // What was claimed is taken up in the next pass, which the new slot brings at the latest.
            self.wake_at(view.moment.now);
        }
        Ok(self.summary(&view, outlook, done))
    }

    /// Audits first: the leases they belong to wait for them.
    async fn claim_all_kinds(&mut self, view: &View, done: &mut Vec<Done>) -> Result<Outlook, WorkerError> {
        let (audits, count) = self.claim_audits(view, done).await?;
        let leases = self.claim(view, count, done).await?;
        Ok(audits.max(leases))
    }

    /// Whether a scene may be wanted soon: for rendering, for the look before a reveal, or for a dispute.
    fn needs_scenes(&self, view: &View) -> bool {
        let is_busy =
            |step: LeaseStep| matches!(step, LeaseStep::Render | LeaseStep::Draw | LeaseStep::Reveal | LeaseStep::Play);
        view.held.iter().any(|held| is_busy(self.next_step(held, view.moment))) || !view.audits.is_empty()
    }

    /// The leases are as they were before this pass, so what it just did keeps the worker for one more.
    fn summary(&self, view: &View, outlook: Outlook, done: Vec<Done>) -> Pass {
        let is_rendering = self.renderer.current().is_some();
        let steps: Vec<LeaseStep> = view.held.iter().map(|held| self.next_step(held, view.moment)).collect();
        // A lease in its challenge window can be left: who denies its root gives this node the time of a turn to come back.
        let can_wait = |held: &Held, step: &LeaseStep| match step {
            LeaseStep::Over | LeaseStep::Accept | LeaseStep::Overdue | LeaseStep::Wait(Some(_)) => true,
            LeaseStep::Audits => held.lease.status == u8::from(LeaseState::Revealed),
            _ => false,
        };
        // An audit whose root is public is paid without this node, unless it is disputed.
        let can_leave = |held: &HeldAudit| held.audit.status == u8::from(AuditState::Revealed);
        Pass {
            is_free_to_go: !is_rendering
                && outlook != Outlook::Claimed
                && view.held.iter().zip(&steps).all(|(held, step)| can_wait(held, step))
                && view.audits.iter().all(can_leave),
            is_idle: !is_rendering
                && outlook == Outlook::Nothing
                && done.is_empty()
                && view.audits.is_empty()
                && steps.iter().all(|step| *step == LeaseStep::Over),
            done,
        }
    }

    fn wake_at(&mut self, at: i64) {
        self.due = earlier(self.due, Some(at));
    }

    fn report(&self, done: &mut Vec<Done>, what: Done) {
        match &what {
            Done::Refused { .. } | Done::Lost { .. } | Done::Returned { .. } => tracing::warn!("{what}"),
            _ => tracing::info!("{what}"),
        }
        if let Some(observer) = &self.observer {
            observer(&what);
        }
        done.push(what);
    }

    /// Sends instructions that the identity alone signs.
    async fn send(&self, instructions: &[Instruction]) -> Result<Confirmed, ChainError> {
        self.chain.send(instructions, &[&self.settings.identity]).await
    }

    /// Notes a refusal and when to try again; passes other errors on.
    fn refused(
        &mut self,
        what: &'static str,
        about: Address,
        now: i64,
        error: ChainError,
        done: &mut Vec<Done>,
    ) -> Result<(), WorkerError> {
        if !matches!(error, ChainError::Refused { .. }) {
            self.search_until = Some(now.saturating_add(UNDER_WAY_SECONDS));
            return Err(error.into());
        }
        let again = self.backoff.failed(what, about, now);
        self.wake_at(again);
        self.report(done, Done::Refused { what, reason: error.to_string() });
        Ok(())
    }
}

/// What the race holds for this node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Outlook {
    /// No lease, now or later, as far as is known.
    Nothing,
    /// A lease may be had later.
    Later,
    /// A lease was claimed.
    Claimed,
}

/// What a pass came to.
struct Pass {
    done: Vec<Done>,
    /// Whether a worker that stops can leave: what is left can wait for another day or another sender.
    is_free_to_go: bool,
    /// Whether nothing is left to do.
    is_idle: bool,
}

async fn next_change(changes: &mut Option<Changes>) -> Option<Change> {
    match changes {
        Some(changes) => changes.next().await,
        None => std::future::pending().await,
    }
}
