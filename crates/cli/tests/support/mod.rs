//! A network of one requester and one honest node, for commands that need a market.

use kernels::attestation::{commitment, lease_root};
use kernels::render::{SceneImage, Tracer, render_units};
use local_chain::LocalChain;
use migrations::{Config, Keypairs};
use render_compute::state::{Job, Lease, Node};
use render_compute_cli::amount::{Price, Usd};
use render_compute_cli::{Context, credits, oracle};
use render_compute_client::blob::BlobStore;
use render_compute_client::chain::Chain;
use render_compute_client::instruction::{self, NodeOffer};
use render_compute_client::{Address, Keypair, Signer, account, address, flow};

/// Everything on one chain.
pub struct Market {
    pub chain: LocalChain,
    pub store: BlobStore,
    pub folder: tempfile::TempDir,
    mint: Address,
}

impl Market {
    /// A network with a price of 4 USD.
    pub async fn new() -> Self {
        let chain = LocalChain::with_built_program(7).expect("the program is built: cargo xtask build");
        let keypairs = Keypairs { authority: chain.funded("authority") };
        let config = Config::load("local").expect("shipped");
        let mint = migrations::run(&chain, &keypairs, &config).await.expect("set up").mint;
        let folder = tempfile::tempdir().expect("a folder");
        let store = BlobStore::open_folder(folder.path().join("blobs")).expect("a store");
        let market = Self { chain, store, folder, mint };
        oracle::publish(&market.as_("authority"), Price(400_000_000), Price(0)).await.expect("a price");
        market
    }

    /// Commands of a person by name.
    pub fn as_(&self, name: &str) -> Context<'_> {
        Context::new(&self.chain, self.chain.keypair(name), self.store.clone())
    }

    /// A person with SOL, RENDER, and this many credits.
    pub async fn requester(&self, name: &str, credits: Usd) -> Context<'_> {
        self.give_render(&self.chain.funded(name).pubkey(), 1_000_000_000).await;
        let context = self.as_(name);
        if credits.0 > 0 {
            let quote = credits::quote(&context, credits).await.expect("a quote");
            credits::buy(&context, credits, quote.with_slippage(0).expect("no slippage")).await.expect("bought");
        }
        context
    }

    /// Sends RENDER of the faucet.
    pub async fn give_render(&self, to: &Address, amount: u64) {
        let authority = self.chain.keypair("authority");
        let from = address::associated_token(&authority.pubkey(), &self.mint);
        let open = instruction::create_associated_token(&authority.pubkey(), to, &self.mint);
        let into = address::associated_token(to, &self.mint);
        let give = instruction::transfer(&from, &into, &authority.pubkey(), amount);
        self.chain.send(&[open, give], &[&authority]).await.expect("sent");
    }

    /// Registers a node with its stake; gives its identity.
    pub async fn node(&self) -> Keypair {
        let (wallet, identity) = (self.chain.funded("operator"), self.chain.funded("node"));
        let stake = 20_000_000_000;
        self.give_render(&wallet.pubkey(), stake).await;
        let tokens = address::associated_token(&wallet.pubkey(), &self.mint);
        let offer = NodeOffer { hardware: [b'x'; 32], asks: [1; 2], capacity: 8, memory_mib: 1, region: 0, classes: 3 };
        let register = [
            instruction::operator_register(&wallet.pubkey(), &tokens),
            instruction::node_register(&wallet.pubkey(), &identity.pubkey(), offer),
            instruction::stake_deposit(&wallet.pubkey(), &identity.pubkey(), &tokens, stake),
        ];
        self.chain.send(&register, &[&wallet, &identity]).await.expect("registered");
        identity
    }

    /// The node takes a lease.
    pub async fn claim(&self, identity: &Keypair, job: &Address, index: u32) {
        // Later than the longest race delay of the local parameters.
        self.chain.warp(11);
        let mut instructions = flow::prepare_seed(&self.chain, job).await.expect("the job");
        instructions.push(instruction::lease_claim(&identity.pubkey(), job, index));
        self.chain.send(&instructions, &[identity]).await.expect("claimed");
    }

    /// The node renders a lease it has taken, attests it, and is paid.
    pub async fn work(
        &self,
        identity: &Keypair,
        job: &Address,
        index: u32,
        image: &SceneImage,
        frame: &kernels::render::Frame,
    ) {
        let at = address::lease(job, index, 0);
        let lease: Lease = account::fetch(&self.chain, &at).await.expect("the lease");
        let node: Node = account::fetch(&self.chain, &lease.node).await.expect("the node");
        let tracer = Tracer::new(image.clone()).expect("whole");
        let units = lease.first_unit..lease.first_unit + u64::from(lease.units);
        let outputs = render_units(&tracer, frame, units).expect("rendered");
        let digests: Vec<[u8; 32]> = outputs.iter().map(|output| output.digest).collect();
        let root = lease_root(lease.first_unit, &digests);
        let blob: Vec<u8> = outputs.iter().flat_map(kernels::render::UnitOutput::to_bytes).collect();
        let result = self.store.put(blob).await.expect("stored");
        let salt = self.chain.random("salt");
        let bound = commitment(at.as_array(), lease.node.as_array(), node.registered_slot, lease.attempt, &root, &salt);
        let commit = instruction::attestation_commit(&identity.pubkey(), &at, bound);
        self.chain.send(&[commit], &[identity]).await.expect("committed");
        self.chain.advance_slots(2);
        let reveal = instruction::attestation_reveal(&identity.pubkey(), &at, root, result.0, salt);
        self.chain.send(&[reveal], &[identity]).await.expect("revealed");
        self.chain.warp(6);
        flow::accept(&self.chain, identity, &at).await.expect("accepted");
    }

    /// A job as it stands.
    pub async fn job(&self, job: &Address) -> Job {
        account::fetch(&self.chain, job).await.expect("the job")
    }
}
