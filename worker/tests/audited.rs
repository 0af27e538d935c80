//! Real workers on the in-process chain with the real programs: audits that agree, a node whose machine renders wrongly, and
//! workers that are stopped and started at every moment of a dispute.

use kernels::render::{Frame, UnitOutput};
use local_chain::LocalChain;
use migrations::{Config, Keypairs};
use render_compute::state::{JOB_DONE, Job, Lease, Node};
use render_compute_cli::{
    Context,
    amount::{Price, Usd},
    credits, job, oracle,
};
use render_compute_client::{
    Address, Chain, Keypair, Signer, account, address,
    blob::BlobStore,
    event::Event,
    instruction::{self, NodeOffer},
    manifest::Digest,
};
use render_worker::{
    Done, Worker, WorkerSettings,
    backend::{Backend, BackendChoice, BackendError, Cancel, choose},
    scenes::PreparedJob,
};
use std::{ops::Range, path::PathBuf, sync::Arc};

/// Six tiles of sixteen pixels.
const FRAME: Frame = Frame { width: 12, height: 8, tile: 4, samples: 2, max_bounces: 2, seed: 3 };
/// Looks of all workers at the chain within which every story here ends.
const PATIENCE: u32 = 2_000;
const STAKE: u64 = 40_000_000_000;

struct Market {
    chain: LocalChain,
    store: BlobStore,
    folder: tempfile::TempDir,
    mint: Address,
}

/// A node with its own operator.
struct Machine {
    identity: Keypair,
    journal: PathBuf,
    backend: Arc<dyn Backend>,
}

impl Market {
    async fn new(seed: u64) -> Self {
        let chain = LocalChain::with_built_program(seed).expect("the programs are built: cargo xtask build");
        let keypairs = Keypairs { authority: chain.funded("authority") };
        let config = Config::load("local").expect("shipped");
        let mint = migrations::run(&chain, &keypairs, &config).await.expect("set up").mint;
        let folder = tempfile::tempdir().expect("a folder");
        let store = BlobStore::open_folder(folder.path().join("blobs")).expect("a store");
        Self { chain, store, folder, mint }
    }

    fn context(&self, name: &str) -> Context<'_> {
        Context::new(&self.chain, self.chain.keypair(name), self.store.clone())
    }

    async fn give_render(&self, to: &Address, amount: u64) {
        let authority = self.chain.keypair("authority");
        let from = address::associated_token(&authority.pubkey(), &self.mint);
        let open = instruction::create_associated_token(&authority.pubkey(), to, &self.mint);
        let into = address::associated_token(to, &self.mint);
        let give = instruction::transfer(&from, &into, &authority.pubkey(), amount);
        self.chain.send(&[open, give], &[&authority]).await.expect("sent");
    }

    async fn machine(&self, name: &str, backend: Arc<dyn Backend>) -> Machine {
        let (wallet, identity) = (self.chain.funded(&format!("{name}'s wallet")), self.chain.funded(name));
        self.give_render(&wallet.pubkey(), STAKE).await;
        let tokens = address::associated_token(&wallet.pubkey(), &self.mint);
        let offer =
            NodeOffer { hardware: [b'x'; 32], asks: [1; 2], capacity: 16, memory_mib: 1, region: 0, classes: 3 };
        let register = [
            instruction::operator_register(&wallet.pubkey(), &tokens),
            instruction::node_register(&wallet.pubkey(), &identity.pubkey(), offer),
            instruction::stake_deposit(&wallet.pubkey(), &identity.pubkey(), &tokens, STAKE),
        ];
        self.chain.send(&register, &[&wallet, &identity]).await.expect("registered");
        Machine { identity, journal: self.folder.path().join(name).join("journal"), backend }
    }

    /// Orders the picture with every lease computed twice.
    async fn order(&self) -> Address {
        oracle::publish(&self.context("authority"), Price(400_000_000), Price(0)).await.expect("a price");
        let requester = self.chain.funded("requester");
        self.give_render(&requester.pubkey(), 1_000_000_000).await;
        let context = self.context("requester");
        let quote = credits::quote(&context, Usd(600_000)).await.expect("a quote");
        credits::buy(&context, Usd(600_000), quote.with_slippage(0).expect("no slippage")).await.expect("bought");
        let order = job::RenderOrder {
            lease_tiles: Some(2),
            lease_seconds: 600,
            open_seconds: 80_000,
            replicas: 2,
            ..job::RenderOrder::new(FRAME, Usd(600_000))
        };
        let scene = job::Source::load("cornell", None).expect("the project's own scene");
        let receipt = job::render(&context, &scene.image, &order).await.expect("ordered");
        self.chain.advance_slots(3);
        receipt.address
    }

    fn worker(&self, machine: &Machine) -> Worker {
        let mut settings = WorkerSettings::new(machine.identity.insecure_clone());
        settings.duty_spread_seconds = 5;
        let chain: Arc<dyn Chain> = Arc::new(self.chain.clone());
        Worker::new(settings, chain, self.store.clone(), Arc::clone(&machine.backend), &machine.journal)
            .expect("a worker")
    }

    async fn node(&self, machine: &Machine) -> Node {
        account::fetch(&self.chain, &address::node(&machine.identity.pubkey())).await.expect("the node")
    }

    /// Lets everybody work until the job is done and nobody holds anything; gives what they did. With `restarts`, every worker is
    /// stopped and started again before each look.
    async fn finish(&self, job: &Address, machines: &[Machine], restarts: bool) -> Vec<(usize, Done)> {
        let mut workers: Vec<Option<Worker>> = machines.iter().map(|machine| Some(self.worker(machine))).collect();
        let mut all = Vec::new();
        for _ in 0..PATIENCE {
            let mut due = None;
            let before = all.len();
            for (number, machine) in machines.iter().enumerate() {
                if restarts {
                    // The journal's lock goes with the worker.
                    workers[number] = None;
                }
                let worker = workers[number].get_or_insert_with(|| self.worker(machine));
                let done = worker.step().await.expect("a worker looks");
                all.extend(done.into_iter().map(|done| (number, done)));
                due = [due, worker.due()].into_iter().flatten().min();
                self.chain.advance_slots(1);
            }
            if self.is_over(job, machines).await {
                return all;
            }
            if all.len() == before {
                let now = self.chain.now().unix_timestamp;
                self.chain.warp_to(due.unwrap_or(0).clamp(now + 1, now + 30));
            }
        }
        panic!("the story does not end; the last that was done:\n{}", tail(&all));
    }

    async fn is_over(&self, job: &Address, machines: &[Machine]) -> bool {
        let state: Job = account::fetch(&self.chain, job).await.expect("the job");
        if state.status != JOB_DONE {
            return false;
        }
        for machine in machines {
            if self.node(machine).await.leases_held > 0 {
                return false;
            }
        }
        true
    }

    /// The bytes of every lease's accepted result.
    async fn results(&self, job: &Address) -> Vec<Vec<u8>> {
        let mut leases: Vec<Lease> = account::leases_of_job(&self.chain, job)
            .await
            .expect("leases")
            .into_iter()
            .map(|(_, lease)| lease)
            .collect();
        leases.sort_by_key(|lease| lease.index);
        let mut results = Vec::new();
        for lease in leases {
            results.push(self.store.get(&Digest(lease.result)).await.expect("published").to_vec());
        }
        results
    }

    fn events(&self) -> Vec<Event> {
        self.chain.records().into_iter().flat_map(|record| record.events).collect()
    }
}

fn tail(all: &[(usize, Done)]) -> String {
    let lines = all.iter().rev().take(40).rev().map(|(number, done)| format!("{number}: {done}"));
    lines.collect::<Vec<_>>().join("\n")
}

fn honest() -> Arc<dyn Backend> {
    choose(BackendChoice::Cpu, 1).expect("a processor")
}

/// A machine that gets one channel of one pixel of the second tile wrong.
struct Faulty(Arc<dyn Backend>);

impl Backend for Faulty {
    fn name(&self) -> &'static str {
        "faulty"
    }

    fn describe(&self) -> String {
        "a machine with a broken memory cell".into()
    }

    fn render(
        &self,
        job: &PreparedJob,
        units: Range<u64>,
        progress: &dyn Fn(u64),
        cancel: &Cancel,
    ) -> Result<Vec<UnitOutput>, BackendError> {
        let first = units.start;
        let mut outputs = self.0.render(job, units, progress, cancel)?;
        for (unit, output) in (first..).zip(&mut outputs) {
            if unit == 1 {
                output.radiance[9][1] ^= 64;
                let image = job.tracer.image();
                let attested = kernels::render::trace::attest_bytes(
                    &job.frame,
                    image.pair_count(),
                    image.triangle_count(),
                    unit,
                    &output.to_bytes(),
                );
                let attested = attested.expect("the bytes of this unit");
                (output.digest, output.trace) = (attested.output, attested.trace);
            }
        }
        Ok(outputs)
    }
}

fn spooled(machine: &Machine) -> usize {
    std::fs::read_dir(machine.journal.with_extension("results")).expect("the folder of results").count()
}

#[tokio::test]
async fn every_lease_is_audited_by_the_other_node_and_both_are_paid() {
    let market = Market::new(3).await;
    let machines = [market.machine("ada", honest()).await, market.machine("bo", honest()).await];
    let job = market.order().await;
    let done = market.finish(&job, &machines, false).await;
    let refused: Vec<&Done> =
        done.iter().map(|(_, done)| done).filter(|done| matches!(done, Done::Refused { .. })).collect();
    assert_eq!(refused, Vec::<&Done>::new());
    let nodes = [market.node(&machines[0]).await, market.node(&machines[1]).await];
    assert_eq!(nodes.iter().map(|node| node.leases_accepted).sum::<u64>(), 3);
    assert_eq!(nodes.iter().map(|node| node.audits_accepted).sum::<u32>(), 3);
    for (node, machine) in nodes.iter().zip(&machines) {
        assert_eq!((node.slashed_total, node.exposure), (0, 0));
        assert_eq!(spooled(machine), 0, "what is over needs no disk");
    }
    assert_eq!(market.results(&job).await.len(), 3);
}

/// The story of a faulty machine among an honest one, and the results of two honest ones for comparison.
async fn a_faulty_machine(restarts: bool) {
    let market = Market::new(5).await;
    let faulty: Arc<dyn Backend> = Arc::new(Faulty(honest()));
    let machines = [market.machine("mal", faulty).await, market.machine("bo", honest()).await];
    let job = market.order().await;
    let done = market.finish(&job, &machines, restarts).await;
    let [mal, bo] = [market.node(&machines[0]).await, market.node(&machines[1]).await];
    assert_eq!((bo.slashed_total, bo.disputes_lost, bo.exposure), (0, 0, 0), "{}", tail(&done));
    assert!(mal.disputes_lost >= 1 && mal.slashed_total >= STAKE / 2, "{}", tail(&done));
    let events = market.events();
    assert!(events.iter().any(|event| matches!(event, Event::StepExecuted(_))), "the chain decides by a step");
    assert!(
        done.iter().any(|(number, done)| *number == 1 && matches!(done, Done::DisputeSettled { is_own: true, .. }))
    );

    let other = Market::new(3).await;
    let honest_ones = [other.machine("ada", honest()).await, other.machine("bo", honest()).await];
    let same = other.order().await;
    other.finish(&same, &honest_ones, false).await;
    assert!(market.results(&job).await == other.results(&same).await, "the requester has the right picture");
}

#[tokio::test]
async fn a_machine_that_renders_wrongly_loses_its_dispute_to_an_honest_one() {
    a_faulty_machine(false).await;
}

#[tokio::test]
async fn workers_that_are_restarted_before_every_look_play_the_same_to_the_end() {
    a_faulty_machine(true).await;
}

#[tokio::test]
async fn a_node_that_is_alone_is_paid_after_its_audits_have_lapsed() {
    let market = Market::new(3).await;
    let machines = [market.machine("ada", honest()).await];
    let job = market.order().await;
    let done = market.finish(&job, &machines, false).await;
    assert!(done.iter().any(|(_, done)| matches!(done, Done::AuditsLapsed { .. })), "{}", tail(&done));
    let node = market.node(&machines[0]).await;
    assert_eq!((node.leases_accepted, node.audits_accepted, node.slashed_total), (3, 0, 0));
}
