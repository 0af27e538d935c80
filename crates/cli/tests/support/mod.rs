//! A network of one requester and one honest node, for commands that need a market.

use std::sync::Arc;
use std::time::Duration;

use kernels::attestation::{commitment, lease_root};
use kernels::render::{Frame, SceneImage, Tracer, UnitOutput, render_units};
use local_chain::LocalChain;
use migrations::{Config, Keypairs};
use render_compute::constants::LOTTERY_DELAY_SLOTS;
use render_compute::state::{Dispute, Job, Lease, Node};
use render_compute_cli::amount::{Price, Usd};
use render_compute_cli::{Context, credits, oracle};
use render_compute_client::blob::BlobStore;
use render_compute_client::chain::Chain;
use render_compute_client::dispute::{Party, Recomputed, instructions_for, next_move};
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
        // A bond and some credits.
        self.give_render(&self.chain.funded(name).pubkey(), 3_000_000_000).await;
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
        let offer = NodeOffer {
            hardware: [b'x'; 32],
            asks: [1; 2],
            capacity: 8,
            memory_mib: 1,
            region: 0,
            minimum_requester_reputation: 0,
            classes: 3,
        };
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
    pub async fn work(&self, identity: &Keypair, job: &Address, index: u32, image: &SceneImage, frame: &Frame) {
        self.reveal(identity, job, index, image, frame).await;
        self.chain.warp(6);
        flow::accept(&self.chain, identity, &address::lease(job, index, 0)).await.expect("accepted");
    }

    /// The node renders a lease it has taken, and attests it.
    pub async fn reveal(&self, identity: &Keypair, job: &Address, index: u32, image: &SceneImage, frame: &Frame) {
        let at = address::lease(job, index, 0);
        let lease: Lease = account::fetch(&self.chain, &at).await.expect("the lease");
        let node: Node = account::fetch(&self.chain, &lease.node).await.expect("the node");
        let tracer = Tracer::new(image.clone()).expect("whole");
        let range = lease.range();
        let outputs = render_units(&tracer, frame, range).expect("rendered");
        let units: Vec<_> = outputs.iter().map(UnitOutput::unit_attestation).collect();
        let root = lease_root(lease.first_unit, &units);
        let blob: Vec<u8> = outputs.iter().flat_map(UnitOutput::to_bytes).collect();
        let result = self.store.put(blob).await.expect("stored");
        let salt = self.chain.random("salt");
        let bound = commitment(at.as_array(), lease.node.as_array(), node.registered_slot, lease.attempt, &root, &salt);
        let commit = instruction::attestation_commit(&identity.pubkey(), &at, bound);
        self.chain.send(&[commit], &[identity]).await.expect("committed");
        self.draw(identity, &at).await;
        let reveal = instruction::attestation_reveal(&identity.pubkey(), &at, root, result.0, salt);
        self.chain.send(&[reveal], &[identity]).await.expect("revealed");
    }

    /// Draws the lease's lottery. Nobody else is there to audit it, so that a picked one waits in vain.
    async fn draw(&self, identity: &Keypair, at: &Address) {
        self.chain.advance_slots(LOTTERY_DELAY_SLOTS + 2);
        let lease: Lease = account::fetch(&self.chain, at).await.expect("the lease");
        self.chain.send(&[instruction::audit_draw(&lease)], &[identity]).await.expect("drawn");
        let lease: Lease = account::fetch(&self.chain, at).await.expect("the lease");
        if lease.audits_owed > 0 {
            self.chain.warp_to(lease.deadline + 1);
            self.chain.send(&[instruction::audit_lapse(&lease)], &[identity]).await.expect("lapsed");
        }
    }

    /// The node commits to a result with one wrong pixel, and reveals its root; gives what it has to stand for.
    pub async fn lie(
        &self,
        identity: &Keypair,
        job: &Address,
        index: u32,
        image: &SceneImage,
        frame: &Frame,
    ) -> Recomputed {
        let at = address::lease(job, index, 0);
        let lease: Lease = account::fetch(&self.chain, &at).await.expect("the lease");
        let node: Node = account::fetch(&self.chain, &lease.node).await.expect("the node");
        let tracer = Arc::new(Tracer::new(image.clone()).expect("whole"));
        let units = lease.range();
        let outputs = render_units(&tracer, frame, units.clone()).expect("rendered");
        let mut bytes: Vec<u8> = outputs.iter().flat_map(UnitOutput::to_bytes).collect();
        bytes[24 * 5] ^= 1;
        let result = self.store.put(bytes.clone()).await.expect("stored");
        let mut claim = Recomputed::new(tracer, *frame, units, Some(bytes.into())).expect("the lease's units");
        let (root, salt) = (claim.root().expect("computed"), self.chain.random("salt"));
        let bound = commitment(at.as_array(), lease.node.as_array(), node.registered_slot, lease.attempt, &root, &salt);
        let commit = instruction::attestation_commit(&identity.pubkey(), &at, bound);
        self.chain.send(&[commit], &[identity]).await.expect("committed");
        self.draw(identity, &at).await;
        let reveal = instruction::attestation_reveal(&identity.pubkey(), &at, root, result.0, salt);
        self.chain.send(&[reveal], &[identity]).await.expect("revealed");
        claim
    }

    /// Plays a lease's defender until its first dispute is decided.
    pub async fn defend(chain: LocalChain, identity: Keypair, lease: Address, mut claim: Recomputed) {
        let at = address::dispute(&lease, 0);
        loop {
            tokio::time::sleep(Duration::from_millis(50)).await;
            chain.advance_slots(1);
            let Ok(Some(dispute)) = account::find::<Dispute>(&chain, &at).await else { continue };
            let Ok(next) = next_move(&dispute, Party::Defender, &mut claim) else { return };
            let Some(next) = next else { continue };
            for instructions in instructions_for(&at, &dispute, &next, &identity.pubkey(), None) {
                chain.send(&instructions, &[&identity]).await.expect("a move of the defender");
            }
        }
    }

    /// RENDER of a person.
    pub async fn render_of(&self, name: &str) -> u64 {
        let at = address::associated_token(&self.chain.keypair(name).pubkey(), &self.mint);
        let account = self.chain.account(&at).await.expect("answered").expect("the person's account");
        account::decode_token_account(&account).expect("a token account").amount
    }

    /// A job as it stands.
    pub async fn job(&self, job: &Address) -> Job {
        account::fetch(&self.chain, job).await.expect("the job")
    }
}
