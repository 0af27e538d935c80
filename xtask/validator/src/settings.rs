//! Owns the command line of the validator and what each flag means for the genesis of its chain.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Context, Result, anyhow, ensure};
use clap::Parser;
use solana_account::{AccountSharedData, WritableAccount};
use solana_epoch_schedule::{EpochSchedule, MINIMUM_SLOTS_PER_EPOCH};
use solana_keypair::{Keypair, Signer, read_keypair_file, write_keypair_file};
use solana_pubkey::Pubkey;
use solana_rpc::rpc::JsonRpcConfig;
use solana_test_validator::{AccountInfo, TestValidatorGenesis, UpgradeableProgramInfo};

/// A real Agave validator on this machine. Prints one line of JSON when it answers.
#[derive(Parser)]
#[command(version)]
pub struct Settings {
    /// Folder of the chain; one that exists is continued
    #[arg(long, value_name = "DIR")]
    pub ledger: PathBuf,
    /// Deletes the ledger first
    #[arg(long)]
    pub reset: bool,
    /// Port of the JSON-RPC service; the websocket takes the next one
    #[arg(long, default_value_t = 8899, value_parser = clap::value_parser!(u16).range(1..=65534))]
    pub rpc_port: u16,
    /// First of the ports (64 are enough) for everything that is not RPC
    #[arg(long, default_value_t = 8000, value_parser = clap::value_parser!(u16).range(1024..=65000))]
    pub first_port: u16,
    /// Port of the faucet behind `requestAirdrop`, 0 for any; without this there is no faucet
    #[arg(long, value_name = "PORT")]
    pub faucet_port: Option<u16>,
    /// A program in genesis, upgradeable
    #[arg(long, value_name = "ADDRESS=PATH.so", value_parser = pair::<PathBuf>)]
    pub program: Vec<(Pubkey, PathBuf)>,
    /// Who may upgrade those programs: an address, or a key file that is there or that `--fund-key` makes; without this, nobody holds the key
    #[arg(long, value_name = "ADDRESS|FILE.json")]
    pub upgrade_authority: Option<String>,
    /// An account in genesis, in the JSON that `solana account --output json` writes
    #[arg(long, value_name = "ADDRESS=FILE.json", value_parser = pair::<String>)]
    pub account: Vec<(Pubkey, String)>,
    /// Lamports of an address in genesis
    #[arg(long, value_name = "ADDRESS=LAMPORTS", value_parser = pair::<u64>)]
    pub fund: Vec<(Pubkey, u64)>,
    /// Lamports of the key in a file in genesis; the file is made when there is none
    #[arg(long, value_name = "FILE.json=LAMPORTS", value_parser = key_and_lamports)]
    pub fund_key: Vec<(PathBuf, u64)>,
    /// Key of the account that holds the remaining lamports; without this, a new one
    #[arg(long, value_name = "FILE")]
    pub mint_keypair: Option<PathBuf>,
    /// Slots in an epoch of the chain (432000 unless told)
    #[arg(long, value_name = "SLOTS", value_parser = clap::value_parser!(u64).range(MINIMUM_SLOTS_PER_EPOCH..))]
    pub slots_per_epoch: Option<u64>,
    /// Proof-of-history ticks in a slot: 64 make 400 ms, 8 make 50 ms
    #[arg(long, value_name = "TICKS", value_parser = clap::value_parser!(u64).range(2..=64))]
    pub ticks_per_slot: Option<u64>,
    /// File for the log (info and above); without this, errors go to standard error
    #[arg(long, value_name = "FILE")]
    pub log: Option<PathBuf>,
    /// Ends when standard input closes, so that a killed parent leaves no validator behind
    #[arg(long)]
    pub until_stdin_closes: bool,
}

impl Settings {
    /// The key that owns what genesis does not give to others.
    pub fn mint_keypair(&self) -> Result<Keypair> {
        let Some(path) = &self.mint_keypair else { return Ok(Keypair::new()) };
        read_keypair_file(path)
            .map_err(|error| anyhow!("--mint-keypair: {} is not a Solana key file: {error}", path.display()))
    }

    /// Prepares the ledger folder and puts every flag into the genesis.
    pub fn apply(&self, genesis: &mut TestValidatorGenesis) -> Result<()> {
        if self.reset && self.ledger.exists() {
            std::fs::remove_dir_all(&self.ledger)
                .with_context(|| format!("--reset: {} cannot be deleted", self.ledger.display()))?;
        }
        if let Some(parent) = self.ledger.parent() {
            std::fs::create_dir_all(parent)
                .with_context(|| format!("--ledger: {} cannot be created", parent.display()))?;
        }
        genesis.ledger_path(&self.ledger).rpc_port(self.rpc_port);
        genesis.gossip_port(self.first_port).port_range((self.first_port, self.first_port + 64));
        if let Some(ticks) = self.ticks_per_slot {
            genesis.ticks_per_slot(ticks);
        }
        if let Some(slots) = self.slots_per_epoch {
            genesis.epoch_schedule(EpochSchedule::custom(slots, slots, false));
        }
        let funded = self.keys()?; // first of all: it makes the key files
        let upgrade_authority = self.upgrade_authority()?;
        for (program_id, program_path) in &self.program {
            ensure!(program_path.is_file(), "--program: there is no file {}", program_path.display());
            genesis.add_upgradeable_programs_with_path(&[UpgradeableProgramInfo {
                program_id: *program_id,
                loader: solana_sdk_ids::bpf_loader_upgradeable::id(),
                upgrade_authority,
                program_path: program_path.clone(),
            }]);
        }
        for (address, filename) in &self.account {
            genesis
                .add_accounts_from_json_files(&[AccountInfo { address: Some(*address), filename }])
                .map_err(|error| anyhow!("--account: {error}"))?;
        }
        for (address, lamports) in self.fund.iter().copied().chain(funded) {
            let mut account = AccountSharedData::default();
            account.set_lamports(lamports);
            genesis.add_account(address, account);
        }
        Ok(())
    }

    fn upgrade_authority(&self) -> Result<Pubkey> {
        let Some(text) = &self.upgrade_authority else { return Ok(Pubkey::default()) };
        if let Ok(address) = text.parse() {
            return Ok(address);
        }
        let key = read_keypair_file(text)
            .map_err(|error| anyhow!("--upgrade-authority: {text} is neither an address nor a key file: {error}"))?;
        Ok(key.pubkey())
    }

    /// The addresses of the `--fund-key` files, each made when there is none.
    fn keys(&self) -> Result<Vec<(Pubkey, u64)>> {
        let mut keys = Vec::new();
        for (path, lamports) in &self.fund_key {
            let key = if path.exists() { read_keypair_file(path) } else { new_key(path) };
            let key = key.map_err(|error| anyhow!("--fund-key: {}: {error}", path.display()))?;
            keys.push((key.pubkey(), *lamports));
        }
        Ok(keys)
    }
}

fn new_key(path: &Path) -> Result<Keypair, Box<dyn std::error::Error>> {
    let key = Keypair::new();
    write_keypair_file(&key, path)?;
    Ok(key)
}

/// RPC as a public endpoint offers it: history and return data of past transactions included.
pub fn rpc(faucet: Option<SocketAddr>) -> JsonRpcConfig {
    JsonRpcConfig {
        enable_rpc_transaction_history: true,
        enable_extended_tx_metadata_storage: true,
        faucet_addr: faucet,
        ..JsonRpcConfig::default_for_test()
    }
}

/// Reads `FILE=LAMPORTS`; the last `=` divides, since a file's name may have one.
fn key_and_lamports(text: &str) -> Result<(PathBuf, u64), String> {
    let (path, lamports) = text.rsplit_once('=').ok_or("an = is missing: write FILE.json=LAMPORTS")?;
    let lamports = lamports.parse().map_err(|error| format!("{lamports} is not a number of lamports: {error}"))?;
    Ok((path.into(), lamports))
}

/// Reads `ADDRESS=VALUE`.
fn pair<T: FromStr>(text: &str) -> Result<(Pubkey, T), String>
where
    T::Err: std::fmt::Display,
{
    let (address, value) = text.split_once('=').ok_or("an = is missing: write ADDRESS=VALUE")?;
    let address = address.parse().map_err(|error| format!("{address} is not an address: {error}"))?;
    let value = value.parse().map_err(|error| format!("{value}: {error}"))?;
    Ok((address, value))
}
