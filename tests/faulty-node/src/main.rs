//! `faulty-node`: a node that cheats in one way, on a network of its own people. For tests.

use anyhow::{Context as _, Result};
use clap::Parser;
use faulty_node::{FaultyNode, Mode};
use render_compute_client::{
    blob::BlobStore,
    chain::{RpcChain, RpcSettings},
};
use solana_keypair::read_keypair_file;
use std::{path::PathBuf, sync::Arc, time::Duration};

/// A node that cheats.
#[derive(Parser)]
#[command(name = "faulty-node", about = "A node that cheats in one way, for tests")]
struct Arguments {
    /// RPC node
    #[arg(long)]
    url: String,
    /// The node's identity: a key file
    #[arg(long)]
    identity: PathBuf,
    /// Blob store: a folder or a URL
    #[arg(long)]
    store: String,
    /// flip-bit, constant, skip-samples, copy-root, wrong-trace, wrong-output, withhold, never-deliver, wrong-salt, garbage, silent:N
    #[arg(long)]
    mode: Mode,
    /// Most leases held at once
    #[arg(long, default_value_t = 1)]
    leases: u32,
}

/// Between two looks at the chain.
const PAUSE: Duration = Duration::from_millis(400);

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let identity = read_keypair_file(&arguments.identity)
        .map_err(|error| anyhow::anyhow!("{error}"))
        .with_context(|| format!("identity {}", arguments.identity.display()))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    runtime.block_on(async {
        let chain = Arc::new(RpcChain::new(RpcSettings::new(&arguments.url)));
        let store = BlobStore::open(&arguments.store)?;
        let mut node = FaultyNode::new(arguments.mode, chain, store, identity).holding(arguments.leases);
        loop {
            // A look that fails is followed by another one: the network may be starting.
            match node.step().await {
                Ok(said) => said.iter().for_each(|line| println!("{line}")),
                Err(error) => eprintln!("{error:#}"),
            }
            tokio::time::sleep(PAUSE).await;
        }
    })
}
