//! Owns the executable `local-validator` where a Solana toolchain is installed: the flags of `xtask/validator`, run by
//! `solana-test-validator`. `setup` prefers it to building that one.

use std::env;
use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use clap::Parser;
use serde_json::json;

use crate::command;

/// The name under which this binary is a validator.
pub const NAME: &str = "local-validator";
/// Older ones do not run the programs' instruction set.
pub const OLDEST: (u32, u32, u32) = (4, 0, 0);
/// What is run.
pub const INSTALLED: &str = "solana-test-validator";
/// How often the validator is asked whether it answers, and how many times, before it is given up.
const ASK_EVERY: Duration = Duration::from_millis(100);
const ASK_TIMES: u32 = 600;

/// A real validator on this machine: `solana-test-validator` with the flags that the project uses
#[derive(Parser)]
#[command(name = NAME, version)]
pub struct Arguments {
    /// Folder of the chain
    #[arg(long, value_name = "DIR")]
    ledger: PathBuf,
    /// Deletes the ledger first
    #[arg(long)]
    reset: bool,
    /// Port of the JSON-RPC service
    #[arg(long, default_value_t = 8899, value_parser = clap::value_parser!(u16).range(1..=65534))]
    rpc_port: u16,
    /// First of the ports for everything that is not RPC
    #[arg(long, default_value_t = 8000, value_parser = clap::value_parser!(u16).range(1024..=65000))]
    first_port: u16,
    /// Port of the faucet
    #[arg(long, value_name = "PORT")]
    faucet_port: Option<u16>,
    /// A program in genesis
    #[arg(long, value_name = "ADDRESS=PATH.so", value_parser = pair)]
    program: Vec<(String, String)>,
    /// Who may upgrade those programs
    #[arg(long, value_name = "ADDRESS|FILE.json")]
    upgrade_authority: Option<String>,
    /// An account in genesis
    #[arg(long, value_name = "ADDRESS=FILE.json", value_parser = pair)]
    account: Vec<(String, String)>,
    /// Lamports of an address in genesis
    #[arg(long, value_name = "ADDRESS=LAMPORTS", value_parser = pair)]
    fund: Vec<(String, String)>,
    /// Lamports of the key in a file in genesis
    #[arg(long, value_name = "FILE.json=LAMPORTS", value_parser = pair)]
    fund_key: Vec<(String, String)>,
    /// Key of the account that holds the remaining lamports
    #[arg(long, value_name = "FILE")]
    mint_keypair: Option<PathBuf>,
    /// Slots in an epoch of the chain
    #[arg(long, value_name = "SLOTS")]
    slots_per_epoch: Option<u64>,
    /// Proof-of-history ticks in a slot
    #[arg(long, value_name = "TICKS")]
    ticks_per_slot: Option<u64>,
    /// The validator keeps its log in the ledger's folder; accepted for `xtask/validator`
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,
    /// Ends when standard input closes
    #[arg(long)]
    until_stdin_closes: bool,
}

/// The command line, if this binary was started under that name.
pub fn arguments() -> Option<Arguments> {
    let name = env::args_os().next()?;
    (Path::new(&name).file_name()? == NAME).then(Arguments::parse)
}

/// Runs the installed validator until it ends or standard input closes.
pub fn run(arguments: Arguments) -> Result<()> {
    let accounts = arguments.funded_accounts()?;
    let mut validator = Command::new(INSTALLED);
    validator.args(arguments.translated(&accounts)).stdin(Stdio::null()).stdout(Stdio::null());
    let mut child = validator.spawn().with_context(|| format!("{INSTALLED} cannot be started"))?;
    let told = wait_until_it_answers(&mut child, arguments.rpc_port).map(|()| arguments.tell(&child));
    if told.is_err() {
        let _ = child.kill();
    }
    told?;
    if arguments.until_stdin_closes {
        let mut ignored = Vec::new();
        std::io::stdin().lock().read_to_end(&mut ignored).context("standard input cannot be read")?;
        child.kill().with_context(|| format!("{INSTALLED} cannot be ended"))?;
    }
    child.wait().with_context(|| format!("{INSTALLED} cannot be waited for"))?;
    Ok(())
}

impl Arguments {
    /// Writes an account file for every funded address; a key that is not there is made.
    fn funded_accounts(&self) -> Result<Vec<(String, String)>> {
        let mut funded = self.fund.clone();
        for (file, lamports) in &self.fund_key {
            if !Path::new(file).exists() {
                let new = ["new", "--no-bip39-passphrase", "--silent", "--outfile", file];
                command::output(Command::new("solana-keygen").args(new))?;
            }
            let address = command::output(Command::new("solana-keygen").args(["pubkey", file]))?;
            funded.push((address.trim().to_owned(), lamports.clone()));
        }
        let folder = self.ledger.with_extension("accounts");
        fs::create_dir_all(&folder).with_context(|| format!("{} cannot be created", folder.display()))?;
        let mut files = Vec::new();
        for (address, lamports) in funded {
            let lamports: u64 = lamports.parse().with_context(|| format!("{lamports} is not a number of lamports"))?;
            let path = folder.join(format!("{address}.json"));
            fs::write(&path, account(&address, lamports))
                .with_context(|| format!("{} cannot be written", path.display()))?;
            files.push((address, command::path(path)));
        }
        Ok(files)
    }

    fn translated(&self, accounts: &[(String, String)]) -> Vec<String> {
        let mut words = vec!["--quiet".to_owned(), "--ledger".into(), command::path(self.ledger.clone())];
        let mut add = |given: &[&str]| words.extend(given.iter().map(|word| word.to_string()));
        if self.reset {
            add(&["--reset"]);
        }
        let first = self.first_port;
        add(&["--rpc-port", &self.rpc_port.to_string(), "--gossip-port", &first.to_string()]);
        add(&["--dynamic-port-range", &format!("{}-{}", first + 1, first + 64)]);
        for (flag, value) in [("--slots-per-epoch", self.slots_per_epoch), ("--ticks-per-slot", self.ticks_per_slot)] {
            if let Some(value) = value {
                add(&[flag, &value.to_string()]);
            }
        }
        if let Some(port) = self.faucet_port {
            add(&["--faucet-port", &port.to_string()]);
        }
        if let Some(mint) = &self.mint_keypair {
            add(&["--mint", &mint.to_string_lossy()]);
        }
        let authority = self.upgrade_authority.as_deref().unwrap_or("none");
        for (address, path) in &self.program {
            add(&["--upgradeable-program", address, path, authority]);
        }
        for (address, path) in self.account.iter().chain(accounts) {
            add(&["--account", address, path]);
        }
        words
    }

    /// The one line of JSON.
    fn tell(&self, child: &Child) {
        let url = |scheme: &str, port: u16| format!("{scheme}://127.0.0.1:{port}");
        let up = json!({
            "rpc": url("http", self.rpc_port),
            "websocket": url("ws", self.rpc_port + 1),
            "faucet": self.faucet_port.map(|port| format!("127.0.0.1:{port}")),
            "ledger": self.ledger,
            "pid": child.id(),
        });
        println!("{up}");
    }
}

fn account(address: &str, lamports: u64) -> String {
    let system_program = "11111111111111111111111111111111";
    let account = json!({
        "lamports": lamports, "data": ["", "base64"], "owner": system_program, "executable": false, "rentEpoch": 0, "space": 0,
    });
    json!({ "pubkey": address, "account": account }).to_string()
}

fn wait_until_it_answers(child: &mut Child, port: u16) -> Result<()> {
    for _ in 0..ASK_TIMES {
        if let Some(status) = child.try_wait().with_context(|| format!("{INSTALLED} cannot be waited for"))? {
            bail!("{INSTALLED} ended at once ({status})");
        }
        if answers(port).unwrap_or(false) {
            return Ok(());
        }
        std::thread::sleep(ASK_EVERY);
    }
    bail!("{INSTALLED} does not answer on port {port}")
}

/// Whether the chain is past its first slot: before that, programs of genesis cannot be called.
fn answers(port: u16) -> Result<bool> {
    let body = r#"{"jsonrpc":"2.0","id":1,"method":"getSlot","params":[{"commitment":"processed"}]}"#;
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    write!(
        stream,
        "POST / HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )?;
    let mut response = String::new();
    stream.read_to_string(&mut response)?;
    let (_, body) = response.split_once("\r\n\r\n").context("not an HTTP response")?;
    let answer: serde_json::Value = serde_json::from_str(body)?;
    Ok(answer["result"].as_u64() > Some(0))
}

/// Reads `A=B`; the last `=` divides, since a file's name may have one.
fn pair(text: &str) -> Result<(String, String)> {
    let (left, right) = text.rsplit_once('=').context("an = is missing: write A=B")?;
    ensure!(!left.is_empty() && !right.is_empty(), "nothing stands beside the =: write A=B");
    Ok((left.to_owned(), right.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_projects_flags_become_those_of_the_installed_validator() {
        let line = "local-validator --ledger l --reset --rpc-port 9000 --first-port 9100 --program P=p.so --upgrade-authority k.json \
                    --account A=a.json --ticks-per-slot 8 --until-stdin-closes";
        let arguments = Arguments::try_parse_from(line.split_whitespace()).unwrap();
        let translated = arguments.translated(&[("F".into(), "l.accounts/F.json".into())]).join(" ");
        assert_eq!(
            translated,
            "--quiet --ledger l --reset --rpc-port 9000 --gossip-port 9100 --dynamic-port-range 9101-9164 --ticks-per-slot 8 \
             --upgradeable-program P p.so k.json --account A a.json --account F l.accounts/F.json"
        );
    }
}
