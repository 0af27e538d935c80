//! The commands: each reads the settings, does its work through the client crate, and prints what came of it.

mod bench;
mod earnings;
mod enroll;
mod init;
mod node;
mod run;
mod status;

use crate::{
    cli::{Cli, Command},
    doctor,
    error::WorkerError,
    logging,
    settings::{Settings, SettingsError, default_home},
};
use render_compute::state::Node;
use render_compute_client::{
    Keypair, Signer, account, address,
    blob::BlobStore,
    chain::{RpcChain, RpcSettings},
};
use solana_address::Address;
use std::path::{Path, PathBuf};

/// Runs the command of a command line.
///
/// # Errors
/// What it stopped for; [`exit_code`](crate::exit_code) maps it.
pub async fn dispatch(cli: Cli) -> anyhow::Result<()> {
    let home = cli.home.unwrap_or_else(default_home);
    let settings = Settings::load(&home, std::env::vars(), cli.settings)?;
    let context = Context { home, settings, is_json: cli.json };
    if let Command::Run(arguments) = &cli.command {
        logging::start(arguments.json_logs, "info");
    } else {
        logging::start(false, "warn");
    }
    match cli.command {
        Command::Init(arguments) => init::init(&context, &arguments).await,
        Command::Run(arguments) => run::run(&context, arguments).await,
        Command::Status => status::status(&context).await,
        Command::Stake { amount } => node::stake(&context, amount).await,
        Command::Unstake { amount } => node::unstake(&context, amount).await,
        Command::Withdraw => node::withdraw(&context).await,
        Command::Claim => node::claim(&context).await,
        Command::Enroll(arguments) => enroll::enroll(&context, arguments).await,
        Command::Maintenance(arguments) => enroll::maintenance(&context, arguments).await,
        Command::Earnings(arguments) => earnings::earnings(&context, arguments).await,
        Command::Drain { off } => node::drain(&context, !off).await,
        Command::Doctor => doctor::run(&context.settings, context.is_json).await,
        Command::Bench(arguments) => bench::bench(&context, arguments),
    }
}

/// What every command has.
pub(crate) struct Context {
    home: PathBuf,
    settings: Settings,
    is_json: bool,
}

impl Context {
    fn chain(&self) -> RpcChain {
        connect(&self.settings)
    }

    fn store(&self) -> Result<BlobStore, WorkerError> {
        BlobStore::open(self.settings.store.reveal()).map_err(|error| WorkerError::Client(error.into()))
    }

    fn identity(&self) -> Result<Keypair, SettingsError> {
        read_keypair("identity", &self.settings.identity, "run render-worker init, or give --identity")
    }

    fn wallet(&self) -> Result<Keypair, SettingsError> {
        read_keypair("wallet", &self.settings.keypair, "give the operator's key file with --keypair")
    }

    /// Prints a result: `text` for people, or `value` with --json.
    fn print(&self, text: &str, value: &serde_json::Value) {
        if self.is_json {
            println!("{value}");
        } else {
            println!("{text}");
        }
    }
}

pub(crate) fn connect(settings: &Settings) -> RpcChain {
    let websocket = settings.ws.reveal();
    RpcChain::new(RpcSettings {
        websocket_url: (!websocket.is_empty()).then(|| websocket.to_owned()),
        ..RpcSettings::new(settings.url.reveal())
    })
}

pub(crate) fn read_keypair(what: &'static str, path: &Path, fix: &str) -> Result<Keypair, SettingsError> {
    solana_keypair::read_keypair_file(path).map_err(|error| SettingsError::File {
        what,
        path: path.display().to_string(),
        reason: format!("{error}; {fix}"),
    })
}

/// The node of an identity.
async fn registered(chain: &RpcChain, identity: &Address) -> Result<Node, WorkerError> {
    account::node(chain, identity).await?.ok_or_else(|| {
        WorkerError::NotReady(format!("identity {identity} is not registered as a node; run render-worker init"))
    })
}

/// The wallet's RENDER account.
async fn render_account(chain: &RpcChain, wallet: &Keypair) -> Result<(Address, Address), WorkerError> {
    let mint = account::network(chain).await?.mint;
    Ok((mint, address::associated_token(&wallet.pubkey(), &mint)))
}
