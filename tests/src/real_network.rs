//! A small network on a real validator, for tests and measurements with `render-worker` in a process of its own: one operator
//! with one node, requesters, and a folder as blob store.

use kernels::render::Frame;
use local_chain::validator::{Process, Validator};
use migrations::{Config, Keypairs};
use render_compute::state::{Job, Lease};
use render_compute_cli::{
    Context,
    amount::{Price, Usd},
    credits, job, oracle,
};
use render_compute_client::{
    Address, Keypair, Signer, account, address,
    blob::BlobStore,
    chain::{Chain, RpcChain, RpcSettings},
    instruction::{self, NodeOffer},
};
use solana_commitment_config::CommitmentConfig;
use solana_keypair::write_keypair_file;
use solana_rpc_client::nonblocking::rpc_client::RpcClient;
use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

/// Windows of seconds, and an epoch that no test outlives.
const PARAMETERS: &str = "cluster = \"real-network\"\n[mint]\nfaucet_render = 1_000_000\n\
    [oracle]\npublishers = [\"authority\"]\n\
    [parameters]\noracle_max_age_seconds = 600\nlease_seconds = 60\nreveal_seconds = 30\nchallenge_seconds = 5\n\
    audit_probability_bps = 10\naudit_penalty_multiple = 2_200\nstake_valuation = 100_000_000_000\n\
    audit_wait_seconds = 30\naudit_reveal_seconds = 30\ndispute_turn_seconds = 60\n\
    race_tau_ms = 1_000\nrace_delay_cap_ms = 5_000\ntier_spill_seconds = 1\nepoch_seconds = 86_400\n";
/// Everyone who has SOL.
const PEOPLE: [&str; 9] = ["authority", "operator", "node", "Ann", "Ben", "Cleo", "Dan", "Eve", "stranger"];
const LAMPORTS: u64 = 100_000_000_000;
/// Four USD.
const PRICE: u64 = 400_000_000;
/// The node's stake, base units.
pub const STAKE: u64 = 40_000_000_000;

/// The network. Processes end with it.
pub struct RealNetwork {
    folder: PathBuf,
    mint: Address,
    validator: Validator,
}

/// A person's key; the same for the same name.
pub fn key(name: &str) -> Keypair {
    Keypair::new_from_array(kernels::merkle::sha256(&[b"real network", name.as_bytes()]))
}

impl RealNetwork {
    /// Starts the validator in an empty `folder` and sets the network up, with its node.
    pub async fn start(folder: &Path) -> Self {
        fs::create_dir_all(folder.join("node")).expect("a folder");
        let people = PEOPLE.map(|name| key(name).pubkey());
        let validator =
            Validator::start(folder, &people[0], &people, LAMPORTS).unwrap_or_else(|error| panic!("{error}"));
        let chain = RpcChain::new(RpcSettings::new(validator.url()));
        let config = Config::from_toml(PARAMETERS).expect("parameters");
        let set_up = migrations::run(&chain, &Keypairs { authority: key("authority") }, &config).await;
        let network = Self { folder: folder.to_owned(), mint: set_up.expect("the network is set up").mint, validator };
        let governor = network.context(&chain, "authority");
        oracle::publish(&governor, Price(PRICE), Price(0)).await.expect("a price");
        network.register(&chain).await;
        write_keypair_file(&key("node"), network.folder.join("node/identity.json")).expect("a key file");
        network
    }

    /// The chain, for the running Tokio runtime.
    pub fn chain(&self) -> RpcChain {
        RpcChain::new(RpcSettings::new(self.validator.url()))
    }

    /// Address of the RPC service.
    pub fn url(&self) -> &str {
        self.validator.url()
    }

    /// A folder for everything, with the node's in `node`.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Folder of the blob store.
    pub fn store_folder(&self) -> PathBuf {
        self.folder.join("blobs")
    }

    /// The blob store.
    pub fn store(&self) -> BlobStore {
        BlobStore::open_folder(self.store_folder()).expect("a store")
    }

    /// The command line of a person.
    pub fn context<'a>(&self, chain: &'a dyn Chain, name: &str) -> Context<'a> {
        Context::new(chain, key(name), self.store())
    }

    /// The command line as a binary needs the key: as a file.
    pub fn key_file(&self, name: &str) -> PathBuf {
        let path = self.folder.join(format!("{name}.json"));
        write_keypair_file(&key(name), &path).expect("a key file");
        path
    }

    /// Starts the node's worker.
    pub fn worker(&self) -> Process {
        Process::worker(&self.folder.join("node"), self.url(), &self.store_folder()).expect("a worker")
    }

    /// What the worker has logged.
    pub fn worker_log(&self) -> String {
        fs::read_to_string(self.folder.join("node/worker.log")).unwrap_or_default()
    }

    /// Sends RENDER of the faucet.
    pub async fn give_render(&self, chain: &dyn Chain, name: &str, amount: u64) {
        let (authority, to) = (key("authority"), key(name).pubkey());
        let from = address::associated_token(&authority.pubkey(), &self.mint);
        let into = address::associated_token(&to, &self.mint);
        let open = instruction::create_associated_token(&authority.pubkey(), &to, &self.mint);
        let give = instruction::transfer(&from, &into, &authority.pubkey(), amount);
        chain.send(&[open, give], &[&authority]).await.expect("RENDER is sent");
    }

    async fn register(&self, chain: &dyn Chain) {
        self.give_render(chain, "operator", STAKE).await;
        let (wallet, identity) = (key("operator"), key("node"));
        let tokens = address::associated_token(&wallet.pubkey(), &self.mint);
        let offer = NodeOffer {
            hardware: [b'x'; 32],
            asks: [1; 2],
            capacity: 16,
            memory_mib: 1_024,
            region: 0,
            minimum_requester_reputation: 0,
            classes: 1,
        };
        let register = [
            instruction::operator_register(&wallet.pubkey(), &tokens),
            instruction::node_register(&wallet.pubkey(), &identity.pubkey(), offer),
            instruction::stake_deposit(&wallet.pubkey(), &identity.pubkey(), &tokens, STAKE),
        ];
        chain.send(&register, &[&wallet, &identity]).await.expect("the node is registered");
    }

    /// A person's first order, with credits for exactly it: the Cornell box for 0.12 USD.
    pub async fn order(&self, chain: &dyn Chain, name: &str, frame: Frame, lease_tiles: u32) -> job::RenderReceipt {
        let price = Usd(120_000);
        let context = self.context(chain, name);
        self.give_render(chain, name, 10_000_000).await;
        let quote = credits::quote(&context, price).await.expect("a quote");
        credits::buy(&context, price, quote.with_slippage(0).expect("no slippage")).await.expect("credits");
        let order = job::RenderOrder {
            lease_tiles: Some(lease_tiles),
            lease_seconds: 60,
            open_seconds: 3_600,
            ..job::RenderOrder::new(frame, price)
        };
        let scene = job::Source::load("cornell", None).expect("the project's own scene");
        job::render(&context, &scene.image, &order).await.expect("the job is opened")
    }

    /// The leases of a job as the latest block has them, before anybody has confirmed it: what a worker has sent, not what
    /// it knows.
    pub async fn latest_leases(&self, job: &Address, leases: u64) -> Vec<Lease> {
        let client = RpcClient::new_with_commitment(self.url().to_owned(), CommitmentConfig::processed());
        let addresses: Vec<Address> = (0..leases as u32).map(|index| address::lease(job, index, 0)).collect();
        let accounts = client.get_multiple_accounts(&addresses).await.expect("the validator answers");
        accounts.into_iter().flatten().filter_map(|account| account::decode::<Lease>(&account.data)).collect()
    }

    /// Waits until `is_so` of a job, with the worker alive all the while.
    ///
    /// # Panics
    /// With `what` and the worker's last words when it takes longer than `most`, or the worker ends.
    pub async fn job_until(
        &self,
        chain: &dyn Chain,
        worker: &mut Process,
        address: &Address,
        most: Duration,
        what: &str,
        is_so: impl Fn(&Job) -> bool,
    ) -> Job {
        let began = std::time::Instant::now();
        loop {
            let job: Job = account::fetch(chain, address).await.expect("the job");
            if is_so(&job) {
                return job;
            }
            let ended = worker.ended().expect("the worker can be asked after");
            assert!(
                ended.is_none() && began.elapsed() < most,
                "{what}: not after {:?}; {} of {} leases are settled; the worker: {ended:?}\n{}",
                began.elapsed(),
                job.leases_settled,
                job.leases,
                last_lines(&self.worker_log()),
            );
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
}

/// The end of a log, for a message.
pub fn last_lines(log: &str) -> String {
    let lines: Vec<&str> = log.lines().collect();
    lines[lines.len().saturating_sub(25)..].join("\n")
}
