//! `migrate`: sets a cluster up, or continues a set-up.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use migrations::{Config, Keypairs, Ledger, MigrationError, MintSource, Publisher};
use render_compute_client::chain::{RpcChain, RpcSettings};
use solana_address::Address;
use solana_keypair::read_keypair_file;

/// Sets the market up on a cluster where its program is deployed, or continues where a set-up stopped
#[derive(Parser)]
#[command(name = "migrate", version)]
struct Arguments {
    /// RPC address of the cluster
    #[arg(long, env = "RENDER_COMPUTE_URL", default_value = "http://127.0.0.1:8899")]
    url: String,
    /// Websocket address; by default the RPC address with the next port
    #[arg(long)]
    ws: Option<String>,
    /// Key file of the program's upgrade authority [default: ~/.config/solana/id.json]
    #[arg(long, value_name = "FILE")]
    keypair: Option<PathBuf>,
    /// `local`, `mainnet`, or a parameter file
    #[arg(long, value_name = "NAME|FILE", default_value = "local")]
    parameters: String,
    /// Name of the cluster, for the ledger [default: what the parameter file says]
    #[arg(long)]
    cluster: Option<String>,
    /// An existing mint instead of the parameter file's
    #[arg(long, value_name = "ADDRESS", conflicts_with = "faucet")]
    mint: Option<Address>,
    /// Whole RENDER of a new, local mint instead of the parameter file's
    #[arg(long, value_name = "RENDER")]
    faucet: Option<u64>,
    /// Key that may report the price, or `authority`; may be given several times, instead of the parameter file's
    #[arg(long, value_name = "KEY")]
    publisher: Vec<Publisher>,
    /// Start of epoch 1 in unix seconds instead of the parameter file's
    #[arg(long, value_name = "SECONDS")]
    genesis: Option<i64>,
    /// Folder of the ledger
    #[arg(long, value_name = "FOLDER", default_value = "migrations/ledger")]
    ledger: PathBuf,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: the runtime cannot start: {error}");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(migrate(&arguments)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(if matches!(error, MigrationError::Setting { .. }) { 2 } else { 1 })
        }
    }
}

async fn migrate(arguments: &Arguments) -> Result<(), MigrationError> {
    let config = config(arguments)?;
    let path = match &arguments.keypair {
        Some(path) => path.clone(),
        None => std::env::home_dir()
            .map(|home| home.join(".config/solana/id.json"))
            .ok_or_else(|| MigrationError::setting("--keypair", "there is no home folder; name the key file"))?,
    };
    let keypairs = Keypairs { authority: keypair(&path)? };
    let chain = RpcChain::new(RpcSettings { websocket_url: arguments.ws.clone(), ..RpcSettings::new(&arguments.url) });
    let mut ledger = Ledger::open(&arguments.ledger, &config.cluster)?;
    migrations::run_observed(&chain, &keypairs, &config, &mut |step| {
        println!("{step}");
        ledger.record(step)
    })
    .await?;
    println!("ledger: {}", ledger.path().display());
    Ok(())
}

fn config(arguments: &Arguments) -> Result<Config, MigrationError> {
    let mut config = Config::load(&arguments.parameters)?;
    if let Some(mint) = arguments.mint {
        config.mint = MintSource::Existing(mint);
    }
    if let Some(faucet_render) = arguments.faucet {
        config.mint = MintSource::New { faucet_render };
    }
    if let Some(cluster) = &arguments.cluster {
        config.set_cluster(cluster)?;
    }
    if !arguments.publisher.is_empty() {
        config.publishers.clone_from(&arguments.publisher);
    }
    config.genesis_at = arguments.genesis.or(config.genesis_at);
    config.validate()?;
    Ok(config)
}

fn keypair(path: &Path) -> Result<solana_keypair::Keypair, MigrationError> {
    read_keypair_file(path).map_err(|error| {
        let reason = format!("{} is not a readable key file ({error})", path.display());
        MigrationError::setting("--keypair", reason)
    })
}
