//! Owns the `local-validator` binary: one real Agave validator (RPC, websocket, proof of history) on this machine, for
//! tests, the demo and `cargo xtask localnet`. It knows nothing of the programs it loads.

mod faucet;
mod settings;

use std::io::{Read, Write};

use anyhow::{Context, Result, anyhow};
use clap::Parser;
use rustix::stdio::{dup2_stdout, stdout};
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
    // Agave prints progress to standard output, which belongs to the one line of JSON.
    let mut output = std::fs::File::from(stdout().try_clone_to_owned().context("standard output cannot be copied")?);
    dup2_stdout(std::io::stderr()).context("standard output cannot be redirected")?;

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

/// Blocks until whoever started this process is gone: its end of the pipe closes even when it was killed.
fn wait_for_end_of_input() {
    let mut ignored = [0; 256];
    let mut input = std::io::stdin().lock();
    while matches!(input.read(&mut ignored), Ok(read) if read > 0) {}
}
