//! The [`Chain`] trait over an in-process SVM with virtual time: the whole market runs in one process, on one seed, and runs the
//! same way again. For demo, tests and simulation; no shipped binary links it.
//!
//! Time stands still until somebody moves it with [`LocalChain::advance_slots`] or [`LocalChain::warp`]. Every transaction is
//! recorded, also a refused one, and shown to the observers.

mod slots;
pub mod validator;

use async_trait::async_trait;
use litesvm::LiteSVM;
use render_compute_client::{
    Instruction, Keypair, Signature, Signer, address,
    chain::{Chain, ChainClock, ChainError, ChangeSender, Changes, Confirmed, RawAccount, changes, message},
    error::refusal,
    event::{self, Event},
    instruction,
};
use slots::Slots;
use solana_account::Account;
use solana_address::Address;
use solana_transaction::Transaction;
use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock},
};

/// Date on which every local chain begins: 2026-01-01T00:00:00Z.
pub const GENESIS: i64 = 1_767_225_600;
/// Milliseconds of a slot, as on the real network.
pub const SLOT_MILLISECONDS: u64 = 400;

/// Why a local chain cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum LocalChainError {
    /// A program has not been built.
    #[error("there is no program at {path}: run cargo xtask build")]
    NotBuilt {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// A program cannot be loaded.
    #[error("the program at {path} cannot be loaded: {reason}; run cargo xtask build")]
    Program {
        /// Where it is.
        path: PathBuf,
        /// The virtual machine's own words.
        reason: String,
    },
}

/// One transaction that was sent.
#[derive(Clone, Debug)]
pub struct Record {
    /// Position among all transactions, from 0.
    pub number: usize,
    /// Signature.
    pub signature: Signature,
    /// Slot it was executed in.
    pub slot: u64,
    /// Moment it was executed at, unix seconds.
    pub unix_timestamp: i64,
    /// Names of its instructions, see [`instruction::name`].
    pub instructions: Vec<String>,
    /// Who signed; the first paid.
    pub signers: Vec<Address>,
    /// Compute units it used.
    pub compute_units: u64,
    /// Lamports paid for it.
    pub fee: u64,
    /// What its programs logged.
    pub logs: Vec<String>,
    /// The market's events; none when it was refused.
    pub events: Vec<Event>,
    /// Why it was refused; `None` when it was executed.
    pub refusal: Option<String>,
}

impl Record {
    /// Whether it was executed.
    pub fn is_executed(&self) -> bool {
        self.refusal.is_none()
    }
}

type Observer = Arc<dyn Fn(&LocalChain, &Record) + Send + Sync>;

struct State {
    svm: LiteSVM,
    slots: Slots,
    records: Vec<Record>,
    followers: Vec<ChangeSender>,
}

struct Shared {
    seed: u64,
    state: Mutex<State>,
    observers: RwLock<Vec<Observer>>,
}

/// An in-process chain with the market's program and the referees on it. Clones are the same chain.
#[derive(Clone)]
pub struct LocalChain {
    shared: Arc<Shared>,
}

/// Where the program is: `RENDER_COMPUTE_SO`, or where `cargo xtask build` puts it in this workspace.
pub fn program_path() -> PathBuf {
    match std::env::var_os("RENDER_COMPUTE_SO") {
        Some(path) => path.into(),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/deploy/render_compute.so"),
    }
}

/// Where the referee of the render engine is: `RENDER_REFEREE_SO`, or beside the market's program.
pub fn referee_path() -> PathBuf {
    match std::env::var_os("RENDER_REFEREE_SO") {
        Some(path) => path.into(),
        None => program_path().with_file_name("render_referee.so"),
    }
}

/// Where the referee of the probe engine is: `PROBE_REFEREE_SO`, or beside the market's program.
pub fn probe_referee_path() -> PathBuf {
    match std::env::var_os("PROBE_REFEREE_SO") {
        Some(path) => path.into(),
        None => program_path().with_file_name("probe_referee.so"),
    }
}

/// The programs of a network, by address: the market's and the engines' referees.
pub fn programs() -> [(Address, PathBuf); 3] {
    [
        (address::PROGRAM, program_path()),
        (render_referee::ID, referee_path()),
        (probe_referee::ID, probe_referee_path()),
    ]
}

impl LocalChain {
    /// A chain at [`GENESIS`] with these programs, and [`LocalChain::authority`] as the upgrade authority of the market's.
    /// Everything random in it follows from `seed`.
    pub fn new(programs: &[(Address, PathBuf)], seed: u64) -> Result<Self, LocalChainError> {
        let mut svm = LiteSVM::new();
        let slots = Slots::new(&mut svm, seed);
        for (address, path) in programs {
            let bytes = std::fs::read(path).map_err(|_| LocalChainError::NotBuilt { path: path.clone() })?;
            svm.add_program(*address, &bytes)
                .map_err(|error| LocalChainError::Program { path: path.clone(), reason: error.to_string() })?;
        }
        let state = State { svm, slots, records: Vec::new(), followers: Vec::new() };
        let shared = Shared { seed, state: Mutex::new(state), observers: RwLock::default() };
        let chain = Self { shared: Arc::new(shared) };
        chain.set_upgrade_authority(&chain.authority().pubkey());
        Ok(chain)
    }

    /// A chain with the built [`programs`].
    pub fn with_built_program(seed: u64) -> Result<Self, LocalChainError> {
        Self::new(&programs(), seed)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic in a test must not hide behind a second one.
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The key of a name on this chain; the same seed and name always give the same key.
    pub fn keypair(&self, name: &str) -> Keypair {
        Keypair::new_from_array(self.bytes(&["keypair", name]))
    }

    /// 32 random bytes of a name, for salts and the like: like [`LocalChain::keypair`], the same again every time.
    pub fn random(&self, name: &str) -> [u8; 32] {
        self.bytes(&["random", name])
    }

    fn bytes(&self, names: &[&str]) -> [u8; 32] {
        let seed = self.shared.seed.to_le_bytes();
        let parts: Vec<&[u8]> = std::iter::once(&seed[..]).chain(names.iter().map(|name| name.as_bytes())).collect();
        kernels::merkle::sha256(&parts)
    }

    /// The upgrade authority that [`LocalChain::new`] gives the program.
    pub fn authority(&self) -> Keypair {
        self.keypair("authority")
    }

    /// Makes a key the program's upgrade authority.
    pub fn set_upgrade_authority(&self, authority: &Address) {
        let mut account = self.read(&address::program_data()).expect("the program was added when the chain was made");
        // Program data of the upgradeable loader: tag (4), slot (8), option tag, authority (32).
        account.data[12] = 1;
        account.data[13..45].copy_from_slice(authority.as_ref());
        self.write(&address::program_data(), account);
    }

    /// The seed it was made with.
    pub fn seed(&self) -> u64 {
        self.shared.seed
    }

    /// Gives a wallet SOL out of nothing.
    pub fn airdrop(&self, to: &Address, lamports: u64) {
        let empty = RawAccount { lamports: 0, owner: address::SYSTEM_PROGRAM, data: Vec::new() };
        let mut account = self.read(to).unwrap_or(empty);
        account.lamports = account.lamports.saturating_add(lamports);
        self.write(to, account);
    }

    /// The key of a name, with SOL for a thousand transactions and the rent of what they create.
    pub fn funded(&self, name: &str) -> Keypair {
        let keypair = self.keypair(name);
        self.airdrop(&keypair.pubkey(), 100_000_000_000);
        keypair
    }

    /// An account as it is now.
    pub fn read(&self, address: &Address) -> Option<RawAccount> {
        self.state().svm.get_account(address).and_then(present)
    }

    /// Puts an account where no transaction could: foreign programs' accounts, damaged accounts, look-alikes.
    pub fn write(&self, address: &Address, account: RawAccount) {
        let RawAccount { lamports, owner, data } = account;
        let account = Account { lamports, data, owner, executable: false, rent_epoch: u64::MAX };
        self.state().svm.set_account(*address, account).expect("only sysvars and programs are checked");
    }

    /// The market's accounts that begin with `discriminator`, sorted by address.
    pub fn read_all(&self, discriminator: &[u8]) -> Vec<(Address, RawAccount)> {
        let mut accounts: Vec<_> = self
            .state()
            .svm
            .get_program_accounts(&address::PROGRAM)
            .into_iter()
            .filter_map(|(address, account)| Some((address, present(account)?)))
            .filter(|(_, account)| account.data.starts_with(discriminator))
            .collect();
        accounts.sort_by_key(|(address, _)| address.to_bytes());
        accounts
    }

    /// The chain's time.
    pub fn now(&self) -> ChainClock {
        self.state().slots.clock()
    }

    /// Lets `count` slots pass, 0.4 seconds each.
    pub fn advance_slots(&self, count: u64) {
        self.pass(count, count.saturating_mul(SLOT_MILLISECONDS));
    }

    /// Lets `seconds` pass, and the slots that fit in.
    pub fn warp(&self, seconds: u64) {
        let milliseconds = seconds.saturating_mul(1_000);
        self.pass(milliseconds.div_ceil(SLOT_MILLISECONDS), milliseconds);
    }

    /// Lets time pass until `unix_timestamp`; nothing when it has come already.
    pub fn warp_to(&self, unix_timestamp: i64) {
        self.warp(u64::try_from(unix_timestamp - self.now().unix_timestamp).unwrap_or(0));
    }

    fn pass(&self, slots: u64, milliseconds: u64) {
        if slots == 0 {
            return;
        }
        let mut state = self.state();
        let State { svm, slots: time, followers, .. } = &mut *state;
        time.pass(svm, slots, milliseconds);
        let slot = time.clock().slot;
        followers.retain(|follower| follower.push(slot, &[], false));
    }

    /// Shows every later transaction to `observer`, after it was executed or refused and before its sender goes on.
    pub fn on_transaction(&self, observer: impl Fn(&LocalChain, &Record) + Send + Sync + 'static) {
        self.shared.observers.write().unwrap_or_else(PoisonError::into_inner).push(Arc::new(observer));
    }

    /// Every transaction so far.
    pub fn records(&self) -> Vec<Record> {
        self.state().records.clone()
    }

    /// Sends a transaction; what [`Chain::send`] does, for callers that are not async.
    pub fn execute(&self, instructions: &[Instruction], signers: &[&Keypair]) -> Result<Confirmed, ChainError> {
        let payer = signers.first().ok_or_else(|| ChainError::Malformed("nobody signs".to_owned()))?;
        let message = message(instructions, &payer.pubkey())?;
        let mut transaction = Transaction::new_unsigned(message);
        let (outcome, record) = {
            let mut state = self.state();
            transaction
                .try_sign(signers, state.svm.latest_blockhash())
                .map_err(|error| ChainError::Malformed(format!("signatures do not fit: {error}")))?;
            let names = instructions.iter().map(instruction::name).collect();
            let keys = signers.iter().map(|signer| signer.pubkey()).collect();
            let (outcome, record) = state.run(transaction, instructions, names, keys);
            state.records.push(record.clone());
            (outcome, record)
        };
        let observers = self.shared.observers.read().unwrap_or_else(PoisonError::into_inner).clone();
        for observer in observers {
            observer(self, &record);
        }
        outcome
    }
}

impl State {
    fn run(
        &mut self,
        transaction: Transaction,
        instructions: &[Instruction],
        names: Vec<String>,
        signers: Vec<Address>,
    ) -> (Result<Confirmed, ChainError>, Record) {
        let signature = transaction.signatures.first().copied().unwrap_or_default();
        let result = self.svm.send_transaction(transaction);
        // The same instructions sent again are another transaction, as they are on a network whose blocks go on.
        self.svm.expire_blockhash();
        let ChainClock { slot, unix_timestamp } = self.slots.clock();
        let (cause, meta) = match result {
            Ok(meta) => (None, meta),
            Err(failed) => (Some(failed.err), failed.meta),
        };
        let events = if cause.is_none() { event::decode(&meta.logs) } else { Vec::new() };
        let (compute_units, fee, logs) = (meta.compute_units_consumed, meta.fee, meta.logs);
        let outcome = match cause {
            Some(cause) => Err(refusal(cause, instructions, logs.clone())),
            None => {
                self.followers.retain(|follower| follower.push(slot, &events, false));
                Ok(Confirmed { signature, slot, compute_units, logs: logs.clone(), events: events.clone() })
            }
        };
        let record = Record {
            number: self.records.len(),
            signature,
            slot,
            unix_timestamp,
            instructions: names,
            signers,
            compute_units,
            fee,
            logs,
            events,
            refusal: outcome.as_ref().err().map(ToString::to_string),
        };
        (outcome, record)
    }
}

/// An account that the network would show: one without lamports does not exist.
fn present(account: Account) -> Option<RawAccount> {
    let Account { lamports, owner, data, .. } = account;
    (lamports > 0).then_some(RawAccount { lamports, owner, data })
}

#[async_trait]
impl Chain for LocalChain {
    async fn clock(&self) -> Result<ChainClock, ChainError> {
        Ok(self.now())
    }

    async fn account(&self, address: &Address) -> Result<Option<RawAccount>, ChainError> {
        Ok(self.read(address))
    }

    async fn accounts(&self, addresses: &[Address]) -> Result<Vec<Option<RawAccount>>, ChainError> {
        let state = self.state();
        Ok(addresses.iter().map(|address| state.svm.get_account(address).and_then(present)).collect())
    }

    async fn program_accounts(
        &self,
        discriminator: &[u8],
        filters: &[(usize, Vec<u8>)],
    ) -> Result<Vec<(Address, RawAccount)>, ChainError> {
        let mut accounts = self.read_all(discriminator);
        accounts.retain(|(_, account)| {
            filters
                .iter()
                .all(|(offset, bytes)| account.data.get(*offset..).is_some_and(|rest| rest.starts_with(bytes)))
        });
        Ok(accounts)
    }

    async fn send(&self, instructions: &[Instruction], signers: &[&Keypair]) -> Result<Confirmed, ChainError> {
        self.execute(instructions, signers)
    }

    async fn changes(&self) -> Result<Changes, ChainError> {
        let (sender, changes) = changes();
        self.state().followers.push(sender);
        Ok(changes)
    }
}
