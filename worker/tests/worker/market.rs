//! A market on the in-process chain with the real programs, for stories with real workers.

use kernels::render::Frame;
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
    backend::{Backend, BackendChoice, DeviceChoice, choose},
};
use std::{path::PathBuf, sync::Arc};

/// Six tiles of sixteen pixels.
pub const FRAME: Frame = Frame { width: 12, height: 8, tile: 4, samples: 2, max_bounces: 2, seed: 3 };
/// Looks of all workers at the chain within which every story here ends.
const PATIENCE: u32 = 2_000;
/// What each node has at stake.
pub const STAKE: u64 = 40_000_000_000;

/// A chain, a store, and everybody who has dealings there.
pub struct Market {
    pub chain: LocalChain,
    pub store: BlobStore,
    folder: tempfile::TempDir,
    mint: Address,
}

/// A node with its own operator.
pub struct Machine {
    pub identity: Keypair,
    pub journal: PathBuf,
    pub backend: Arc<dyn Backend>,
}

impl Market {
    pub async fn new(seed: u64) -> Self {
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

    pub async fn machine(&self, name: &str, backend: Arc<dyn Backend>) -> Machine {
        let (wallet, identity) = (self.chain.funded(&format!("{name}'s wallet")), self.chain.funded(name));
        self.give_render(&wallet.pubkey(), STAKE).await;
        let tokens = address::associated_token(&wallet.pubkey(), &self.mint);
        let offer = NodeOffer {
            hardware: [b'x'; 32],
            asks: [1; 2],
            capacity: 16,
            memory_mib: 1,
            region: 0,
            minimum_requester_reputation: 0,
            classes: 3,
        };
        let register = [
            instruction::operator_register(&wallet.pubkey(), &tokens),
            instruction::node_register(&wallet.pubkey(), &identity.pubkey(), offer),
            instruction::stake_deposit(&wallet.pubkey(), &identity.pubkey(), &tokens, STAKE),
        ];
        self.chain.send(&register, &[&wallet, &identity]).await.expect("registered");
        Machine { identity, journal: self.folder.path().join(name).join("journal"), backend }
    }

    /// Orders the picture with every lease computed twice.
    pub async fn order(&self) -> Address {
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

    pub fn worker(&self, machine: &Machine) -> Worker {
        self.worker_that(machine, |_| {})
    }

    /// A worker with other settings.
    pub fn worker_that(&self, machine: &Machine, change: impl FnOnce(&mut WorkerSettings)) -> Worker {
        let mut settings = WorkerSettings::new(machine.identity.insecure_clone());
        settings.duty_spread_seconds = 5;
        change(&mut settings);
        let chain: Arc<dyn Chain> = Arc::new(self.chain.clone());
        Worker::new(settings, chain, self.store.clone(), Arc::clone(&machine.backend), &machine.journal)
            .expect("a worker")
    }

    pub async fn node(&self, machine: &Machine) -> Node {
        account::fetch(&self.chain, &address::node(&machine.identity.pubkey())).await.expect("the node")
    }

    /// Lets everybody work until the job is done and nobody holds anything; gives what they did. With `restarts`, every worker is
    /// stopped and started again before each look.
    pub async fn finish(&self, job: &Address, machines: &[Machine], restarts: bool) -> Vec<(usize, Done)> {
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
    pub async fn results(&self, job: &Address) -> Vec<Vec<u8>> {
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

    pub fn events(&self) -> Vec<Event> {
        self.chain.records().into_iter().flat_map(|record| record.events).collect()
    }
}

/// The last that was done, for a test that fails.
pub fn tail(all: &[(usize, Done)]) -> String {
    let lines = all.iter().rev().take(40).rev().map(|(number, done)| format!("{number}: {done}"));
    lines.collect::<Vec<_>>().join("\n")
}

/// A processor that renders as it should.
pub fn honest() -> Arc<dyn Backend> {
    choose(BackendChoice::Cpu, 1, &DeviceChoice::default()).expect("a processor")
}
