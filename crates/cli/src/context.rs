//! Owns the settings that every command shares, and what follows from them: the connection, the key that signs, the blob
//! store, and where words go. Reading commands need no key, and most need no store: what is missing is said when it is used.

use std::fmt;
use std::path::PathBuf;

use clap::Args;
use render_compute_client::blob::BlobStore;
use render_compute_client::chain::{Chain, RpcChain, RpcSettings};
use render_compute_client::{Address, Keypair, Signer};
use solana_keypair::read_keypair_file;

use crate::{CliError, Output};

/// Settings of every command.
#[derive(Args)]
pub struct Settings {
    /// RPC address of the cluster
    #[arg(long, global = true, value_name = "URL", env = "RENDER_COMPUTE_URL", hide_env_values = true)]
    #[arg(default_value = "http://127.0.0.1:8899")]
    url: String,
    /// Websocket address; by default the RPC address with the next port
    #[arg(long, global = true, value_name = "URL")]
    ws: Option<String>,
    /// Key file that signs and pays; by default ~/.config/solana/id.json
    #[arg(long, global = true, value_name = "FILE")]
    keypair: Option<PathBuf>,
    /// Blob store that nodes read too: a folder or s3://bucket/prefix; by default ~/.render-compute/blobs
    #[arg(long, global = true, value_name = "PATH|URL", env = "RENDER_COMPUTE_STORE", hide_env_values = true)]
    store: Option<String>,
    /// Results as JSON, one value per line
    #[arg(long, global = true)]
    json: bool,
}

/// Addresses may carry a provider's key: they are not shown.
impl fmt::Debug for Settings {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Settings").field("keypair", &self.keypair).field("json", &self.json).finish_non_exhaustive()
    }
}

/// What commands work with.
pub struct Context<'a> {
    /// The network.
    pub chain: &'a dyn Chain,
    /// Where words go.
    pub output: Output,
    wallet: Result<Keypair, CliError>,
    store: Place,
}

/// A store, or where one is: opening a folder makes it, which commands that need none should not.
enum Place {
    Open(BlobStore),
    At(Option<String>),
}

impl<'a> Context<'a> {
    /// For callers inside a process: `wallet` signs, `store` holds the blobs, nothing is shown.
    pub fn new(chain: &'a dyn Chain, wallet: Keypair, store: BlobStore) -> Self {
        Self { chain, output: Output::silent(), wallet: Ok(wallet), store: Place::Open(store) }
    }

    /// The key that signs and pays.
    pub fn wallet(&self) -> Result<&Keypair, CliError> {
        self.wallet.as_ref().map_err(Clone::clone)
    }

    /// The address of that key.
    pub fn owner(&self) -> Result<Address, CliError> {
        self.wallet().map(Signer::pubkey)
    }

    /// The blob store.
    pub fn store(&self) -> Result<BlobStore, CliError> {
        let place = match &self.store {
            Place::Open(store) => return Ok(store.clone()),
            Place::At(Some(place)) => place.clone(),
            Place::At(None) => home("--store")?.join(".render-compute/blobs").to_string_lossy().into_owned(),
        };
        BlobStore::open(&place).map_err(|error| CliError::usage(format!("--store: {error}")))
    }
}

impl Settings {
    /// Where words go.
    pub fn output(&self) -> Output {
        Output::process(self.json)
    }

    /// The connection. Nothing is sent before the first request.
    pub fn chain(&self) -> RpcChain {
        RpcChain::new(RpcSettings { websocket_url: self.ws.clone(), ..RpcSettings::new(&self.url) })
    }

    /// Everything, over a connection.
    pub fn context<'a>(&self, chain: &'a dyn Chain) -> Context<'a> {
        Context { chain, output: self.output(), wallet: self.wallet(), store: Place::At(self.store.clone()) }
    }

    fn wallet(&self) -> Result<Keypair, CliError> {
        let path = match &self.keypair {
            Some(path) => path.clone(),
            None => home("--keypair")?.join(".config/solana/id.json"),
        };
        read_keypair_file(&path).map_err(|error| {
            CliError::usage(format!(
                "--keypair: {} is not a readable key file ({error}); name one, or make one with `solana-keygen new`",
                path.display()
            ))
        })
    }
}

fn home(flag: &str) -> Result<PathBuf, CliError> {
    std::env::home_dir()
        .ok_or_else(|| CliError::usage(format!("{flag}: there is no home folder to look in; give the flag")))
}
