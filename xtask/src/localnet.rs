//! Owns `localnet`: a real validator on this machine with the programs in genesis and funded keys, until interrupted.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::build;
use crate::command;
use crate::places::Places;
use crate::programs::Program;
use crate::setup;

/// Whoever a local network needs, each with a key in target/localnet/keys and this much SOL.
const KEYS: [&str; 5] = ["governance", "requester", "operator-1", "operator-2", "operator-3"];
/// Who may upgrade the programs and sets the network up.
const AUTHORITY: &str = KEYS[0];
const LAMPORTS_EACH: u64 = 1_000_000_000_000;

/// Starts a real validator with the programs loaded and funded keys, and prints where it is
#[derive(clap::Args)]
pub struct Arguments {
    /// Port of the JSON-RPC service; the websocket takes the next one
    #[arg(long, default_value_t = 8899)]
    rpc_port: u16,
    /// Port of the faucet behind `requestAirdrop`
    #[arg(long, default_value_t = 9900)]
    faucet_port: u16,
    /// Continues the chain of the last time, with the programs of the last time
    #[arg(long)]
    keep: bool,
}

/// `cargo xtask localnet`
pub fn run(arguments: Arguments) -> Result<()> {
    let places = Places::find()?;
    let programs = build::all(&places)?;
    let folder = places.target().join("localnet");
    let keys = folder.join("keys");
    fs::create_dir_all(&keys).with_context(|| format!("{} cannot be created", keys.display()))?;

    let mut validator = Command::new(setup::validator(&places)?);
    validator.arg("--ledger").arg(folder.join("ledger")).arg("--log").arg(folder.join("validator.log"));
    validator.args([
        "--rpc-port",
        &arguments.rpc_port.to_string(),
        "--faucet-port",
        &arguments.faucet_port.to_string(),
    ]);
    if !arguments.keep {
        validator.arg("--reset");
    }
    for program in &programs {
        validator.arg("--program").arg(genesis_program(&places, program)?);
    }
    for name in KEYS {
        validator.arg("--fund-key").arg(format!("{}={LAMPORTS_EACH}", key(&keys, name).display()));
    }
    validator.arg("--upgrade-authority").arg(key(&keys, AUTHORITY));
    let mut running = Running::start(&mut validator)?;
    migrate(&places, &running.up, &key(&keys, AUTHORITY), &folder.join("ledger"))?;
    println!("rpc        {}", running.up["rpc"].as_str().unwrap_or_default());
    println!("websocket  {}", running.up["websocket"].as_str().unwrap_or_default());
    println!("keys       {}", keys.display());
    for program in &programs {
        println!("program    {} {}", program.address()?, program.package);
    }
    println!("ends with Ctrl-C; the log is {}", folder.join("validator.log").display());
    let status = running.child.wait().context("the validator cannot be waited for")?;
    ensure!(status.success(), "the validator ended ({status}): see {}", folder.join("validator.log").display());
    Ok(())
}

/// Sets the network up. What was done is recorded beside the chain that it was done on, so both begin anew together.
fn migrate(places: &Places, up: &Value, authority: &Path, ledger: &Path) -> Result<()> {
    let url = up["rpc"].as_str().context("the validator told no RPC address")?;
    let mut migrate = command::cargo(places);
    migrate.args(["run", "--quiet", "--package", "migrations", "--bin", "migrate", "--", "--url", url]);
    migrate.args(["--parameters", "local", "--keypair"]).arg(authority);
    command::run(migrate.arg("--ledger").arg(ledger.join("migrations")))
}

fn key(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.json"))
}

fn genesis_program(places: &Places, program: &Program) -> Result<String> {
    Ok(format!("{}={}", program.address()?, program.shared_object(places).display()))
}

/// A validator that answers, and that ends when this is dropped: it watches the pipe.
struct Running {
    child: Child,
    up: Value,
    _alive: Option<ChildStdin>,
}

impl Running {
    fn start(validator: &mut Command) -> Result<Self> {
        validator.arg("--until-stdin-closes").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = validator.spawn().context("the validator cannot be started")?;
        let alive = child.stdin.take();
        let output = child.stdout.take().context("the validator has no output")?;
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line).context("the validator's output cannot be read")?;
        if line.is_empty() {
            let status = child.wait().context("the validator cannot be waited for")?;
            ensure!(status.success(), "the validator did not start ({status}); what it said is above or in its log");
        }
        let up = serde_json::from_str(&line).with_context(|| format!("the validator said {line:?}"))?;
        Ok(Self { child, up, _alive: alive })
    }
}
