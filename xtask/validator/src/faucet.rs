//! Owns the faucet: the service behind the RPC call `requestAirdrop`.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use anyhow::{Context, Result, anyhow};
use solana_faucet::faucet::{Faucet, run_faucet};
use solana_keypair::Keypair;

/// Starts the faucet on this machine's own address, paying from `mint`, and returns where it listens.
pub fn start(mint: Keypair, port: u16) -> Result<SocketAddr> {
    let faucet = Arc::new(Mutex::new(Faucet::new(mint, None, None, None)));
    let (sender, receiver) = crossbeam_channel::bounded(1);
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().context("the faucet has no runtime")?;
    std::thread::Builder::new()
        .name("faucet".into())
        .spawn(move || runtime.block_on(run_faucet(faucet, (Ipv4Addr::LOCALHOST, port).into(), Some(sender))))
        .context("the faucet has no thread")?;
    let started = receiver.recv().context("the faucet ended before it listened")?;
    started.map_err(|error| anyhow!("--faucet-port: {error}"))
}
