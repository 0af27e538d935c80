//! Owns the `local-validator` binary: one real Agave validator (RPC, websocket, proof of history) on this machine, for
//! tests, the demo and `cargo xtask localnet`. It knows nothing of the programs it loads.

mod faucet;
mod settings;

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::AsFd;

use anyhow::{Context, Result, anyhow, ensure};
use clap::Parser;
use settings::Settings;
use solana_keypair::Signer;
use solana_net_utils::SocketAddrSpace;
use solana_test_validator::TestValidatorGenesis;

fn main() -> Result<()> {
    let settings = Settings::parse();
    agave_logger::initialize_logging(settings.log.clone());
    if settings.log.is_none() {
        agave_logger::setup_with_default("error");
    }
    let mut output = own_output()?;

    let mint = settings.mint_keypair()?;
    let faucet = settings.faucet_port.map(|port| faucet::start(mint.insecure_clone(), port)).transpose()?;
    let mut genesis = TestValidatorGenesis::default();
    settings.apply(&mut genesis)?;
    genesis.rpc_config(settings::rpc(faucet));

    let validator = genesis
        .start_with_mint_address(mint.pubkey(), SocketAddrSpace::Unspecified)
        .map_err(|error| anyhow!("the validator did not start: {error}"))?;
    let up = serde_json::json!({
        "rpc": validator.rpc_url(),
        "websocket": validator.rpc_pubsub_url(),
        "faucet": faucet.map(|address| address.to_string()),
        "mint": mint.pubkey().to_string(),
        "ledger": settings.ledger,
        "pid": std::process::id(),
    });
    writeln!(output, "{up}").context("standard output was closed before the validator was up")?;
    if settings.until_stdin_closes {
        wait_for_end_of_input();
        // Dropping the validator would wait for its threads, and a ledger of a test is not used again.
        std::process::exit(0);
    }
    validator.join();
    Ok(())
}

/// Standard output for the one line of JSON alone: whatever Agave prints goes to standard error from here on.
fn own_output() -> Result<File> {
    let own = std::io::stdout().as_fd().try_clone_to_owned().context("standard output cannot be copied")?;
    // SAFETY: both are descriptors of this process that stay open, and nothing has been written to either.
    let done = unsafe { libc::dup2(libc::STDERR_FILENO, libc::STDOUT_FILENO) };
    ensure!(done >= 0, "standard output cannot be redirected: {}", std::io::Error::last_os_error());
    Ok(File::from(own))
}

/// Blocks until whoever started this process is gone: its end of the pipe closes even when it was killed.
fn wait_for_end_of_input() {
    let mut ignored = [0; 256];
    let mut input = std::io::stdin().lock();
    while matches!(input.read(&mut ignored), Ok(read) if read > 0) {}
}
