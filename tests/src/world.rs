//! A running network with people in it, and the laws checked behind each of their transactions.

use crate::{
    laws::{self, Ledger, Step, Violation},
    snapshot::Snapshot,
};
use futures_util::FutureExt;
use local_chain::LocalChain;
use market_model::{MarketError, Parameters, lease::LeaseState, reputation::Reason as Cause};
use render_compute::{constants::*, errors::RenderError, race, state::*};
use render_compute_client::{
    Address, ClientError, Instruction, Keypair, Signer,
    account::{self, MarketAccount},
    address,
    chain::{ChainError, Confirmed, RawAccount},
    error::{code_of, code_of_rule},
    event::Event,
    flow,
    instruction::{self, ClientTerms, CreditBuy, EngineRegister, JobOrder, NetworkInit, NodeOffer},
};
use solana_instruction_error::InstructionError;
use solana_transaction_error::TransactionError;
use std::{
    collections::BTreeSet,
    future::Future,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// One RENDER in base units.
pub const RENDER: u64 = 100_000_000;
/// One USD in credits.
pub const USD: u64 = 1_000_000;
/// The price that publishers report: 2 USD per RENDER, give or take half a cent.
pub const PRICE: u64 = 200_000_000;
/// Confidence of that price.
pub const CONFIDENCE: u64 = 500_000;
/// What purchases use of it: two confidences below.
pub const LOWER_PRICE: u64 = PRICE - 2 * CONFIDENCE;

/// Why a transaction must be refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The market, with this code.
    Market(u32),
    /// The token program, with this code.
    Token(u32),
    /// The runtime or a generic check of the program.
    Check(InstructionError),
}

impl From<RenderError> for Reason {
    fn from(error: RenderError) -> Self {
        Self::Market(code_of(error))
    }
}

impl From<MarketError> for Reason {
    fn from(error: MarketError) -> Self {
        Self::Market(code_of_rule(error))
    }
}

impl From<InstructionError> for Reason {
    fn from(error: InstructionError) -> Self {
        Self::Check(error)
    }
}

/// Somebody who buys credits and opens jobs.
pub struct Requester {
    /// Signs.
    pub wallet: Keypair,
    /// RENDER account.
    pub render: Address,
}

impl Requester {
    /// The wallet's address.
    pub fn key(&self) -> Address {
        self.wallet.pubkey()
    }

    /// The credit account.
    pub fn credit(&self) -> Address {
        address::credit(&self.key())
    }
}

/// A node with the operator it belongs to.
pub struct Machine {
    /// The operator's wallet.
    pub wallet: Keypair,
    /// The machine's own key.
    pub identity: Keypair,
    /// The operator's RENDER account, which claims are paid to.
    pub payout: Address,
    /// The node account.
    pub node: Address,
}

impl Machine {
    /// The identity's address.
    pub fn key(&self) -> Address {
        self.identity.pubkey()
    }

    /// The operator's address.
    pub fn operator(&self) -> Address {
        self.wallet.pubkey()
    }
}

struct Watch {
    watched: BTreeSet<Address>,
    ledger: Ledger,
    before: Snapshot,
    last: Option<(Ledger, Step)>,
    failure: Option<String>,
}

/// A network on a local chain.
pub struct World {
    /// The chain. What is sent through it is checked too.
    pub chain: LocalChain,
    /// Governs the network and holds RENDER to give away.
    pub authority: Keypair,
    /// Pays for what anyone may send.
    pub crank: Keypair,
    /// Report prices.
    pub publishers: Vec<Keypair>,
    /// The RENDER mint.
    pub mint: Address,
    /// RENDER account of operations.
    pub operations: Address,
    watch: Arc<Mutex<Watch>>,
}

/// Base units of RENDER that a node risks for each credit that a lease is worth, under [`short_parameters`].
pub const PENALTY_PER_CREDIT: u64 = 220;

/// The parameters of test networks: defaults, with times short enough to wait for. One lease in a thousand is audited, so that a test
/// that is not about audits has none; penalties deter all the same, and stakes are worth enough to cover them.
pub fn short_parameters() -> Parameters {
    Parameters {
        job_max_seconds: 86_400,
        reveal_seconds: 60,
        challenge_seconds: 30,
        unbonding_seconds: 604_800,
        epoch_seconds: 172_800,
        audit_probability_bps: 10,
        audit_penalty_multiple: 2_200,
        audit_wait_seconds: 600,
        audit_reveal_seconds: 90,
        stake_valuation: 100_000_000_000,
        dispute_turn_seconds: 120,
        ..Parameters::DEFAULT
    }
}

/// The same, with every lease audited. The penalties are those of [`short_parameters`].
pub fn audited_parameters() -> Parameters {
    Parameters { audit_probability_bps: 10_000, ..short_parameters() }
}

/// Something to be computed, in the format that the engine reads; which, the market does not see.
pub const STATEMENT: [u8; STATEMENT_BYTES] = {
    let mut statement = [0; STATEMENT_BYTES];
    statement[0] = 1;
    statement[4] = 64;
    statement
};

/// An order of four units at 1,000 credits each, two to a lease, that any node may work on. Under [`short_parameters`] a unit costs one
/// more credit for audits.
pub fn order() -> JobOrder {
    JobOrder {
        manifest: [7; 32],
        statement: STATEMENT,
        client: Address::default(),
        units: 4,
        price_per_unit: 1_000,
        work_per_unit: 4_096,
        units_per_lease: 2,
        lease_seconds: 300,
        open_seconds: 3_600,
        minimum_memory_mib: 0,
        minimum_reputation: 0,
        region: 0,
        replicas: 1,
        tier: 0,
        bandwidth_tier: 0,
        at_network_price: 0,
    }
}

/// An offer that takes any job of both classes, eight leases at once.
pub fn offer() -> NodeOffer {
    NodeOffer {
        hardware: [3; 32],
        asks: [0; 2],
        capacity: 8,
        memory_mib: 16_384,
        region: 1,
        minimum_requester_reputation: 0,
        classes: 3,
    }
}

/// The result of what never waits: the chain is in this process.
pub fn now<T>(future: impl Future<Output = T>) -> T {
    future.now_or_never().expect("an in-process chain answers at once")
}

impl World {
    /// A network with one publisher, the `render` engine and epoch 1 open.
    pub fn new() -> Self {
        Self::with(1, 1, short_parameters())
    }

    /// A network with chosen randomness, number of publishers and parameters.
    pub fn with(seed: u64, publishers: usize, parameters: Parameters) -> Self {
        let world = Self::without_network(seed, publishers);
        world.apply(world.init(parameters), &[&world.authority]);
        let keys: Vec<_> = world.publishers.iter().map(Signer::pubkey).collect();
        world.apply(instruction::oracle_set_publishers(&world.authority.pubkey(), &keys), &[&world.authority]);
        world.apply(instruction::engine_register(&world.engine()), &[&world.authority]);
        world.publish_all(PRICE, CONFIDENCE);
        world.apply(instruction::epoch_open(&world.crank.pubkey(), 1), &[&world.crank]);
        world
    }

    /// A chain with a mint and its RENDER, where `network_init` was not sent yet.
    pub fn without_network(seed: u64, publishers: usize) -> Self {
        let chain = LocalChain::with_built_program(seed).expect("the program is built: cargo xtask build");
        let authority = chain.funded("authority");
        let crank = chain.funded("crank");
        let operator = chain.funded("operations");
        let mint = chain.keypair("mint");
        let publishers: Vec<_> = (0..publishers).map(|number| chain.funded(&format!("publisher {number}"))).collect();
        now(flow::create_render_mint(&chain, &authority, &mint, 1_000_000 * RENDER)).expect("a mint can be made");
        let mint = mint.pubkey();
        let operations = address::associated_token(&operator.pubkey(), &mint);
        chain
            .execute(
                &[instruction::create_associated_token(&authority.pubkey(), &operator.pubkey(), &mint)],
                &[&authority],
            )
            .expect("an account for operations can be made");

        let mut watched: BTreeSet<_> = publishers.iter().map(Signer::pubkey).collect();
        watched.extend([authority.pubkey(), crank.pubkey(), operations]);
        watched.insert(address::associated_token(&authority.pubkey(), &mint));
        let before = Snapshot::take(&chain, &watched);
        let watch = Watch { watched, ledger: Ledger::default(), before, last: None, failure: None };
        let watch = Arc::new(Mutex::new(watch));
        let seen = Arc::clone(&watch);
        chain.on_transaction(move |chain, record| {
            let mut watch = lock(&seen);
            let mut before = watch.before.clone();
            before.now = record.unix_timestamp;
            let after = Snapshot::take(chain, &watch.watched);
            watch.before = after.clone();
            let payer = record.signers.first().copied().unwrap_or_default();
            let executed = record.is_executed();
            let step = Step { before, after, executed, events: record.events.clone(), payer, fee: record.fee };
            let earlier = watch.ledger.clone();
            let violations = laws::check(&mut watch.ledger, &step);
            watch.last = Some((earlier, step));
            if !violations.is_empty() {
                let broken: Vec<_> = violations.iter().map(ToString::to_string).collect();
                let names = record.instructions.join(", ");
                watch.failure = Some(format!("seed {}: after {names}: {}", chain.seed(), broken.join("; ")));
            }
        });
        Self { chain, authority, crank, publishers, mint, operations, watch }
    }

    /// The instruction that makes this world's network.
    pub fn init(&self, parameters: Parameters) -> Instruction {
        instruction::network_init(&NetworkInit {
            authority: self.authority.pubkey(),
            mint: self.mint,
            operations: self.operations,
            genesis_at: self.time(),
            parameters,
        })
    }

    /// The registration of the `render` engine.
    pub fn engine(&self) -> EngineRegister {
        EngineRegister {
            authority: self.authority.pubkey(),
            id: address::RENDER_ENGINE,
            digest: [5; 32],
            referee: render_referee::ID,
            format: 1,
            class: CLASS_RENDER,
            verification: VERIFICATION_EXACT,
            enabled: true,
        }
    }

    // Sending.

    /// Sends, and panics where a law does not hold afterwards.
    pub fn send(&self, instructions: &[Instruction], signers: &[&Keypair]) -> Result<Confirmed, ChainError> {
        let outcome = self.chain.execute(instructions, signers);
        self.require_laws();
        outcome
    }

    /// Sends one instruction that must be executed.
    #[track_caller]
    pub fn apply(&self, instruction: Instruction, signers: &[&Keypair]) -> Confirmed {
        self.apply_all(&[instruction], signers)
    }

    /// Sends instructions in one transaction that must be executed.
    #[track_caller]
    pub fn apply_all(&self, instructions: &[Instruction], signers: &[&Keypair]) -> Confirmed {
        match self.send(instructions, signers) {
            Ok(confirmed) => confirmed,
            Err(error) => panic!("refused: {error}"),
        }
    }

    /// Sends one instruction that must be refused for this reason.
    #[track_caller]
    pub fn refuse(&self, instruction: Instruction, signers: &[&Keypair], reason: impl Into<Reason>) {
        self.refuse_all(&[instruction], signers, reason);
    }

    /// Sends instructions in one transaction that must be refused for this reason.
    #[track_caller]
    pub fn refuse_all(&self, instructions: &[Instruction], signers: &[&Keypair], reason: impl Into<Reason>) {
        let reason = reason.into();
        let Err(error) = self.send(instructions, signers) else { panic!("executed, but {reason:?} must refuse it") };
        let ChainError::Refused { code, by_market, cause, .. } = &error else { panic!("not refused but {error}") };
        let fits = match &reason {
            Reason::Market(wanted) => error.is(*wanted),
            Reason::Token(wanted) => code == &Some(*wanted) && !by_market,
            Reason::Check(wanted) => matches!(cause, TransactionError::InstructionError(_, found) if found == wanted),
        };
        assert!(fits, "refused with {code:?} ({error}; {cause:?}), not {reason:?}");
    }

    /// Runs a flow of the client on the chain; it must succeed.
    #[track_caller]
    pub fn flow<T>(&self, flow: impl Future<Output = Result<T, ClientError>>) -> T {
        let result = now(flow);
        self.require_laws();
        match result {
            Ok(value) => value,
            Err(error) => panic!("the flow failed: {error}"),
        }
    }

    fn require_laws(&self) {
        let failure = lock(&self.watch).failure.take();
        if let Some(failure) = failure {
            panic!("{failure}");
        }
    }

    /// Says that a node or wallet stands for the truth and answers in time: from now it must win every dispute (law L9).
    pub fn vouch(&self, party: Address) {
        lock(&self.watch).ledger.vouch(party);
    }

    /// The last transaction with the ledger before it, to be tampered with.
    pub fn last_step(&self) -> (Ledger, Step) {
        lock(&self.watch).last.clone().expect("something was sent")
    }

    /// What the laws say to a last transaction that was tampered with.
    pub fn judge(&self, tamper: impl FnOnce(&mut Step)) -> Vec<Violation> {
        let (mut ledger, mut step) = self.last_step();
        tamper(&mut step);
        laws::check(&mut ledger, &step)
    }

    // Reading.

    /// Who governs.
    pub fn authority_key(&self) -> Address {
        self.authority.pubkey()
    }

    /// Who pays for what anyone may send.
    pub fn crank_key(&self) -> Address {
        self.crank.pubkey()
    }

    /// Unix seconds.
    pub fn time(&self) -> i64 {
        self.chain.now().unix_timestamp
    }

    /// The account at `address`, which must be one of this type.
    #[track_caller]
    pub fn get<T: MarketAccount>(&self, address: &Address) -> T {
        self.find(address).unwrap_or_else(|| panic!("there is no {} at {address}", T::KIND))
    }

    /// The account at `address`, if there is one of this type.
    pub fn find<T: MarketAccount>(&self, address: &Address) -> Option<T> {
        self.chain.read(address).filter(|raw| raw.owner == address::PROGRAM).and_then(|raw| account::decode(&raw.data))
    }

    /// The network.
    pub fn network(&self) -> Network {
        self.get(&address::network())
    }

    /// The running epoch's number.
    pub fn epoch(&self) -> u64 {
        self.network().epoch
    }

    /// RENDER in a token account.
    pub fn tokens(&self, address: &Address) -> u64 {
        self.chain.read(address).and_then(|raw| account::decode_token_account(&raw)).map_or(0, |token| token.amount)
    }

    /// RENDER in existence.
    pub fn supply(&self) -> u64 {
        self.chain.read(&self.mint).and_then(|raw| account::decode_mint(&raw)).map_or(0, |mint| mint.supply)
    }

    /// Lamports of an address.
    pub fn lamports(&self, address: &Address) -> u64 {
        self.chain.read(address).map_or(0, |raw| raw.lamports)
    }

    // Time and what no transaction does.

    /// Lets seconds pass.
    pub fn warp(&self, seconds: u64) {
        self.chain.warp(seconds);
    }

    /// Lets time pass until a moment.
    pub fn warp_to(&self, time: i64) {
        self.chain.warp_to(time);
    }

    /// Writes an account past the program, as if it had always been so.
    pub fn plant(&self, address: &Address, account: RawAccount) {
        self.chain.write(address, account);
        self.refresh();
    }

    /// Changes an account of the market past the program.
    pub fn alter<T: MarketAccount>(&self, address: &Address, change: impl FnOnce(&mut T)) {
        let mut raw = self.chain.read(address).expect("the account exists");
        let mut value: T = self.get(address);
        change(&mut value);
        raw.data = [T::DISCRIMINATOR, bytemuck::bytes_of(&value)].concat();
        self.plant(address, raw);
    }

    /// A look-alike: the same bytes at a new address, owned by another program.
    pub fn forge(&self, original: &Address) -> Address {
        let raw = self.chain.read(original).expect("the original exists");
        let forged = self.chain.keypair(&format!("forged {original}")).pubkey();
        self.plant(&forged, RawAccount { owner: address::TOKEN_PROGRAM, ..raw });
        forged
    }

    /// Watches a wallet or token account, whose balance the laws then see.
    pub fn watch(&self, address: Address) {
        lock(&self.watch).watched.insert(address);
        self.refresh();
    }

    fn refresh(&self) {
        let mut watch = lock(&self.watch);
        watch.before = Snapshot::take(&self.chain, &watch.watched);
    }

    // People.

    /// A wallet with SOL.
    pub fn wallet(&self, name: &str) -> Keypair {
        let wallet = self.chain.funded(name);
        self.watch(wallet.pubkey());
        wallet
    }

    /// A wallet's RENDER account with `amount` in it.
    pub fn render(&self, wallet: &Keypair, amount: u64) -> Address {
        let (giver, owner) = (self.authority.pubkey(), wallet.pubkey());
        let account = address::associated_token(&owner, &self.mint);
        let from = address::associated_token(&giver, &self.mint);
        self.apply_all(
            &[
                instruction::create_associated_token(&giver, &owner, &self.mint),
                instruction::transfer(&from, &account, &giver, amount),
            ],
            &[&self.authority],
        );
        self.watch(account);
        account
    }

    /// A requester with 10,000 RENDER, an empty credit account, and the epoch's shard open.
    pub fn requester(&self, name: &str) -> Requester {
        let wallet = self.wallet(name);
        let render = self.render(&wallet, 10_000 * RENDER);
        let key = wallet.pubkey();
        self.apply(instruction::credit_open(&key, &key), &[&wallet]);
        self.ensure_shard(&key);
        Requester { wallet, render }
    }

    /// A requester that has bought credits.
    pub fn requester_with(&self, name: &str, credits: u64) -> Requester {
        let requester = self.requester(name);
        self.buy(&requester, credits);
        requester
    }

    /// The purchase of credits, with no bound on its cost.
    pub fn purchase(&self, requester: &Requester, credits: u64) -> Instruction {
        instruction::credit_buy(&self.network(), &self.buying(requester, credits, u64::MAX))
    }

    /// The arguments of a purchase in the running epoch.
    pub fn buying(&self, requester: &Requester, credits: u64, maximum_render: u64) -> CreditBuy {
        CreditBuy {
            owner: requester.key(),
            payment: requester.render,
            price: None,
            epoch: self.epoch(),
            credits,
            maximum_render,
        }
    }

    /// Buys credits at a fresh price.
    pub fn buy(&self, requester: &Requester, credits: u64) -> Confirmed {
        self.publish_all(PRICE, CONFIDENCE);
        self.apply(self.purchase(requester, credits), &[&requester.wallet])
    }

    /// A machine with twice the least stake, of an operator of its own.
    pub fn machine(&self, name: &str) -> Machine {
        self.machine_with(name, offer(), 2 * self.network().parameters().min_stake)
    }

    /// A machine with a chosen offer and stake.
    pub fn machine_with(&self, name: &str, offer: NodeOffer, stake: u64) -> Machine {
        let wallet = self.wallet(&format!("{name} wallet"));
        let payout = self.render(&wallet, 1_000 * RENDER);
        self.apply(instruction::operator_register(&wallet.pubkey(), &payout), &[&wallet]);
        self.machine_of(name, wallet, payout, offer, stake)
    }

    /// A machine of an operator that exists.
    pub fn machine_of(&self, name: &str, wallet: Keypair, payout: Address, offer: NodeOffer, stake: u64) -> Machine {
        let identity = self.wallet(&format!("{name} identity"));
        let (owner, key) = (wallet.pubkey(), identity.pubkey());
        self.apply(instruction::node_register(&owner, &key, offer), &[&wallet, &identity]);
        if stake > 0 {
            self.apply(instruction::stake_deposit(&owner, &key, &payout, stake), &[&wallet]);
        }
        Machine { wallet, identity, payout, node: address::node(&key) }
    }

    /// Every publisher reports this price now, unless it has reported in this second already.
    pub fn publish_all(&self, price: u64, confidence: u64) {
        for publisher in &self.publishers {
            self.publish(publisher, price, confidence);
        }
    }

    fn publish(&self, publisher: &Keypair, price: u64, confidence: u64) {
        let key = publisher.pubkey();
        let oracle: Oracle = self.get(&address::oracle());
        let last = oracle.publishers.iter().find(|slot| slot.key == key).map_or(0, |slot| slot.published_at);
        if last == self.time() {
            self.warp(1);
        }
        self.apply(instruction::oracle_publish(&key, price, confidence, self.time()), &[publisher]);
    }

    // The flow of work.

    /// Opens the running epoch's shard of a key unless it is open.
    pub fn ensure_shard(&self, key: &Address) {
        let shard = address::shard_of(key);
        self.flow(flow::ensure_shard(&self.chain, &self.crank, self.epoch(), shard));
    }

    /// Opens a job and lets the slot pass that its seed comes from.
    pub fn open(&self, requester: &Requester, order: JobOrder) -> Address {
        let nonce = self.get::<CreditAccount>(&requester.credit()).jobs;
        let key = requester.key();
        self.apply(instruction::job_open(&key, &address::RENDER_ENGINE, nonce, order), &[&requester.wallet]);
        self.chain.advance_slots(2);
        address::job(&key, nonce)
    }

    /// Opens a job and seeds it.
    pub fn open_seeded(&self, requester: &Requester, order: JobOrder) -> Address {
        let job = self.open(requester, order);
        self.apply(instruction::job_seed(&job), &[&self.crank]);
        job
    }

    /// The first second in which a machine may claim a lease of a seeded job.
    pub fn turn(&self, machine: &Machine, job: &Address, index: u32) -> i64 {
        let (network, state) = (self.network(), self.get::<Job>(job));
        let node: Node = self.get(&machine.node);
        let lease: Option<Lease> = self.find(&address::lease(job, index, 0));
        let (from, attempt) = lease.map_or((state.opened_at, 0), |lease| (lease.claimable_at, lease.attempt));
        let rules = network.parameters().reputation_rules();
        // The delay depends on the reputation of the moment, which is neutral in tests and does not move.
        let reputation = node.reputation_model().decayed(self.time(), &rules).expect("a reputation decays");
        let entry = race::entry(&network, job, &state, &machine.node, &node, index, attempt, 0, &reputation)
            .expect("the machine takes part in the race");
        market_model::race::eligible_at(from, entry.delay_ms).expect("the turn is a time")
    }

    /// Waits for a machine's turn and claims a lease of a seeded job; gives the lease.
    pub fn claim(&self, machine: &Machine, job: &Address, index: u32) -> Address {
        self.warp_to(self.turn(machine, job, index));
        self.apply(instruction::lease_claim(&machine.key(), job, index), &[&machine.identity]);
        address::lease(job, index, 0)
    }

    /// A machine gives back a lease for reasons of its own.
    pub fn returning(&self, machine: &Machine, lease: &Address) -> Instruction {
        instruction::lease_return(&machine.key(), &self.get(lease), Cause::LeaseReturned)
    }

    /// A machine gives back a lease because its inputs cannot be used.
    pub fn finding_fault(&self, machine: &Machine, lease: &Address) -> Instruction {
        instruction::lease_return(&machine.key(), &self.get(lease), Cause::InputsUnusable)
    }

    /// The requester closes a job.
    pub fn closing(&self, requester: &Requester, job: &Address) -> Instruction {
        instruction::job_close(&requester.key(), job, &self.get(job))
    }

    /// The review of a machine's tier by an epoch.
    pub fn reviewing(machine: &Machine, epoch: u64) -> Instruction {
        instruction::node_review(&machine.node, epoch)
    }

    /// The root that this world's machines attest for a lease.
    pub fn root(lease: &Address) -> [u8; 32] {
        kernels::merkle::sha256(&[b"root", lease.as_ref()])
    }

    /// The digest of the blob that goes with the root.
    pub fn result(lease: &Address) -> [u8; 32] {
        kernels::merkle::sha256(&[b"result", lease.as_ref()])
    }

    /// The salt of a machine's commitment.
    pub fn salt(lease: &Address) -> [u8; 32] {
        kernels::merkle::sha256(&[b"salt", lease.as_ref()])
    }

    /// The commitment of a machine to the root of a lease that it holds.
    pub fn commitment(&self, machine: &Machine, lease: &Address) -> [u8; 32] {
        let node: Node = self.get(&machine.node);
        let state: Lease = self.get(lease);
        kernels::attestation::commitment(
            lease.as_array(),
            machine.node.as_array(),
            node.registered_slot,
            state.attempt,
            &Self::root(lease),
            &Self::salt(lease),
        )
    }

    /// Commits to a lease's root, and draws its lottery as soon as that can be done.
    pub fn commit(&self, machine: &Machine, lease: &Address) {
        self.commit_undrawn(machine, lease);
        self.draw(lease);
    }

    /// Commits to a lease's root, and lets the slots pass that its lottery waits for.
    pub fn commit_undrawn(&self, machine: &Machine, lease: &Address) {
        let commitment = self.commitment(machine, lease);
        self.apply(instruction::attestation_commit(&machine.key(), lease, commitment), &[&machine.identity]);
        self.chain.advance_slots(LOTTERY_DELAY_SLOTS + 2);
    }

    /// Draws the lottery of a committed lease.
    pub fn draw(&self, lease: &Address) -> Confirmed {
        self.apply(instruction::audit_draw(&self.get(lease)), &[&self.crank])
    }

    /// The reveal of a lease's root.
    pub fn revealing(machine: &Machine, lease: &Address) -> Instruction {
        let (root, result, salt) = (Self::root(lease), Self::result(lease), Self::salt(lease));
        instruction::attestation_reveal(&machine.key(), lease, root, result, salt)
    }

    /// Claims, commits and reveals a lease.
    pub fn attest(&self, machine: &Machine, job: &Address, index: u32) -> Address {
        let lease = self.claim(machine, job, index);
        self.commit(machine, &lease);
        self.apply(Self::revealing(machine, &lease), &[&machine.identity]);
        lease
    }

    // Audits.

    /// Claims and commits a lease that is picked by the lottery.
    pub fn picked(&self, machine: &Machine, job: &Address, index: u32) -> Address {
        let lease = self.claim(machine, job, index);
        self.commit(machine, &lease);
        assert_eq!(self.status(&lease), LeaseState::Auditing, "the lottery of {lease} did not pick it");
        lease
    }

    /// Where a lease stands.
    #[track_caller]
    pub fn status(&self, lease: &Address) -> LeaseState {
        LeaseState::try_from(self.get::<Lease>(lease).status).expect("the market writes states that exist")
    }

    /// The first second in which a machine may claim an audit.
    pub fn audit_turn(&self, machine: &Machine, lease: &Address, index: u8) -> i64 {
        let (network, state) = (self.network(), self.get::<Lease>(lease));
        let (node, job) = (self.get::<Node>(&machine.node), self.get::<Job>(&state.job));
        let rules = network.parameters().reputation_rules();
        let reputation = node.reputation_model().decayed(self.time(), &rules).expect("a reputation decays");
        let entry = race::audit_entry(&network, &state.job, &job, &state, index, &machine.node, &node, &reputation)
            .expect("the machine takes part in the race");
        market_model::race::eligible_at(state.entered_at, entry.delay_ms).expect("the turn is a time")
    }

    /// The claim of an audit.
    pub fn claiming_audit(&self, machine: &Machine, lease: &Address, index: u8) -> Instruction {
        instruction::audit_claim(&machine.key(), &self.get(lease), index)
    }

    /// Waits for a machine's turn and claims an audit; gives the audit.
    pub fn claim_audit(&self, machine: &Machine, lease: &Address, index: u8) -> Address {
        self.warp_to(self.audit_turn(machine, lease, index));
        self.apply(self.claiming_audit(machine, lease, index), &[&machine.identity]);
        address::audit(lease, self.get::<Lease>(lease).attempt, index)
    }

    /// The commitment of an auditor to a root.
    pub fn audit_commitment(&self, machine: &Machine, audit: &Address, root: &[u8; 32]) -> [u8; 32] {
        let (node, state) = (self.get::<Node>(&machine.node), self.get::<Audit>(audit));
        kernels::attestation::commitment(
            audit.as_array(),
            machine.node.as_array(),
            node.registered_slot,
            state.attempt,
            root,
            &Self::salt(audit),
        )
    }

    /// An auditor commits to a root; then a slot passes.
    pub fn commit_audit(&self, machine: &Machine, audit: &Address, root: &[u8; 32]) {
        let commitment = self.audit_commitment(machine, audit, root);
        let state: Audit = self.get(audit);
        self.apply(instruction::audit_commit(&machine.key(), &state, commitment), &[&machine.identity]);
        self.chain.advance_slots(1);
    }

    /// The reveal of an auditor's root.
    pub fn revealing_audit(&self, machine: &Machine, audit: &Address, root: &[u8; 32]) -> Instruction {
        instruction::audit_reveal(&machine.key(), &self.get(audit), *root, Self::salt(audit))
    }

    /// An auditor claims, and commits to a root.
    pub fn audit(&self, machine: &Machine, lease: &Address, index: u8, root: &[u8; 32]) -> Address {
        let audit = self.claim_audit(machine, lease, index);
        self.commit_audit(machine, &audit, root);
        audit
    }

    /// Everything between a picked commitment and the holder's reveal, by one auditor that finds this root; gives the audit.
    pub fn audited(&self, auditor: &Machine, lease: &Address, root: &[u8; 32]) -> Address {
        let audit = self.audit(auditor, lease, 0, root);
        self.apply(self.revealing_audit(auditor, &audit, root), &[&auditor.identity]);
        audit
    }

    /// The acceptance of an auditor's work in the running epoch.
    pub fn accepting_audit(&self, machine: &Machine, audit: &Address) -> Instruction {
        instruction::audit_accept(&self.get(audit), &machine.key(), self.epoch())
    }

    /// Waits for the challenge window's end and accepts an audit that agrees.
    pub fn accept_audit(&self, machine: &Machine, audit: &Address) -> Confirmed {
        self.prepare_accept(machine);
        let state: Audit = self.get(audit);
        self.warp_to(self.get::<Lease>(&state.lease).deadline + 1);
        self.apply(self.accepting_audit(machine, audit), &[&self.crank])
    }

    /// Opens what acceptances of a machine's work need in the running epoch: its own records, and those of the jobs whose leases it holds.
    pub fn prepare_accept(&self, machine: &Machine) {
        let epoch = self.epoch();
        let missing = self.flow(flow::prepare_accept(&self.chain, &self.crank.pubkey(), &machine.key(), epoch));
        if !missing.is_empty() {
            self.apply_all(&missing, &[&self.crank]);
        }
        let held = self.flow(account::leases_of_node(&self.chain, &machine.node));
        let jobs: BTreeSet<Address> = held.into_iter().map(|(_, lease)| lease.job).collect();
        for job in jobs.into_iter().filter(|job| self.find::<Job>(job).is_some()) {
            self.flow(flow::ensure_job_epoch(&self.chain, &self.crank, &job, epoch));
        }
    }

    /// The acceptance of a machine's lease in the running epoch.
    pub fn accepting(&self, machine: &Machine, lease: &Address) -> Instruction {
        instruction::lease_accept(&self.get(lease), &machine.key(), self.epoch())
    }

    /// Waits for the challenge window's end and accepts a revealed lease.
    pub fn accept(&self, machine: &Machine, lease: &Address) -> Confirmed {
        self.prepare_accept(machine);
        self.warp_to(self.get::<Lease>(lease).deadline + 1);
        self.apply(self.accepting(machine, lease), &[&self.crank])
    }

    /// Everything from claim to acceptance.
    pub fn work(&self, machine: &Machine, job: &Address, index: u32) -> Address {
        let lease = self.attest(machine, job, index);
        self.accept(machine, &lease);
        lease
    }

    /// Waits for the running epoch's end, finalizes it and opens the next; gives the number of the one that ended.
    pub fn end_epoch(&self) -> u64 {
        let number = self.epoch();
        self.warp_to(self.get::<Epoch>(&address::epoch(number)).ends_at);
        self.flow(flow::ensure_running_epoch(&self.chain, &self.crank));
        self.flow(flow::close_epoch(&self.chain, &self.crank, number));
        number
    }

    /// A compute client that has a tenth of its jobs' rebates; gives its key and its RENDER account. Its account is [`address::client`] of the id.
    pub fn client(&self, id: [u8; 16]) -> (Keypair, Address) {
        let speaker = self.wallet(&format!("client {}", String::from_utf8_lossy(&id)));
        let payout = self.render(&speaker, RENDER);
        let terms = ClientTerms { authority: speaker.pubkey(), payout, metadata: [4; 32], share_bps: 1_000 };
        self.apply(instruction::client_register(&self.authority.pubkey(), id, &terms), &[&self.authority]);
        (speaker, payout)
    }

    /// The claim of the rebate for what a job spent in an epoch.
    pub fn claiming_rebate(&self, job: &Address, number: u64) -> Instruction {
        let record: JobEpoch = self.get(&address::job_epoch(job, number));
        let payout = self.find::<Client>(&record.client).map(|client| client.payout);
        instruction::rebate_claim(&self.network(), &record, payout)
    }

    /// The claim of a machine's share of an epoch.
    pub fn claiming(&self, machine: &Machine, number: u64) -> Instruction {
        instruction::epoch_claim(&self.network(), number, &machine.node, &machine.operator(), &machine.payout)
    }
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

/// The instruction with one account replaced by another.
#[track_caller]
pub fn replaced(mut instruction: Instruction, account: &Address, by: &Address) -> Instruction {
    let mut found = false;
    for meta in instruction.accounts.iter_mut().filter(|meta| meta.pubkey == *account) {
        meta.pubkey = *by;
        found = true;
    }
    assert!(found, "the instruction has no account {account}");
    instruction
}

/// The instruction with an account's signature no longer asked for.
#[track_caller]
pub fn unsigned(mut instruction: Instruction, signer: &Address) -> Instruction {
    let mut found = false;
    for meta in instruction.accounts.iter_mut().filter(|meta| meta.pubkey == *signer) {
        meta.is_signer = false;
        found = true;
    }
    assert!(found, "the instruction has no signer {signer}");
    instruction
}

/// The one event of a transaction that had exactly one.
#[track_caller]
pub fn only_event(confirmed: &Confirmed) -> Event {
    match confirmed.events[..] {
        [event] => event,
        _ => panic!("{} events: {:?}", confirmed.events.len(), confirmed.events),
    }
}

fn lock(watch: &Mutex<Watch>) -> MutexGuard<'_, Watch> {
    watch.lock().unwrap_or_else(PoisonError::into_inner)
}
