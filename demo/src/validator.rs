//! The same story on a real validator, with the worker binary in three processes of its own.

use crate::{
    Arguments,
    cast::Cast,
    story::{self, Finished, Told, say},
};
use anyhow::{Context as _, Result, bail, ensure};
use render_compute::state::{EPOCH_FINALIZED, JOB_DONE, Job};
use render_compute_client::{
    account, address,
    chain::{RpcChain, RpcSettings},
};
use solana_keypair::write_keypair_file;
use solana_signer::Signer;
use std::{
    env, fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

/// Windows of seconds and an epoch of two minutes: here time passes as it does.
const PARAMETERS: &str = "cluster = \"demo-validator\"\n[mint]\nfaucet_render = 10_000\n\
    [oracle]\npublishers = [\"authority\"]\n\
    [parameters]\noracle_max_age_seconds = 600\nlease_seconds = 120\nreveal_seconds = 30\nchallenge_seconds = 5\n\
    race_tau_ms = 1_000\nrace_delay_cap_ms = 10_000\nepoch_seconds = 120\n";
/// SOL for everyone, lamports.
const FUNDS: u64 = 100_000_000_000;
/// Longest the story may take.
const PATIENCE: Duration = Duration::from_secs(600);

/// A process that ends with the demo.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Runs the story.
pub async fn run(arguments: &Arguments) -> Result<()> {
    let cast = Cast::new(arguments.seed);
    let home = fs::canonicalize(&arguments.out)?.join("validator");
    if home.exists() {
        fs::remove_dir_all(&home)?;
    }
    fs::create_dir_all(&home)?;
    let store_folder = home.join("blobs");
    let store = story::fresh_store(&store_folder)?;

    let (_validator, url) = start_validator(&cast, &home)?;
    println!("a validator runs at {url}");
    let chain = Arc::new(Told::new(RpcChain::new(RpcSettings::new(&url)), &cast));
    let mint = story::set_up(&*chain, &cast, &store, PARAMETERS).await?;

    say("   Each operator starts `render-worker run`");
    let mut workers = Vec::new();
    for operator in &cast.operators {
        let folder = home.join(operator.name);
        fs::create_dir_all(&folder)?;
        let identity = folder.join("identity.json");
        write_keypair_file(&operator.identity, &identity).map_err(|error| anyhow::anyhow!("{error}"))?;
        let log = fs::File::create(folder.join("worker.log"))?;
        let child = Command::new(binary("render-worker")?)
            .args(["run", "--threads", "1"])
            .env("RENDER_WORKER_HOME", &folder)
            .env("RENDER_WORKER_URL", &url)
            .env("RENDER_WORKER_IDENTITY", &identity)
            .env("RENDER_WORKER_STORE", &store_folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .context("starting render-worker")?;
        println!("  {}: process {}, log {}", operator.name, child.id(), folder.join("worker.log").display());
        workers.push(Process(child));
    }

    let ordered = story::order(&*chain, &cast, &store, arguments).await?;
    say("5. The nodes race for leases, render, commit, reveal, and are accepted after the challenge window");
    let began = Instant::now();
    let mut shown = String::new();
    loop {
        let Some(job) = account::find::<Job>(&*chain, &ordered.address).await? else { bail!("the job is gone") };
        if job.status == JOB_DONE {
            break;
        }
        ensure_alive(&mut workers)?;
        ensure!(began.elapsed() < PATIENCE, "the picture is not done after {PATIENCE:?}");
        let now = format!("  {} of {} leases accepted", job.leases_settled, job.leases);
        if now != shown {
            println!("{now}");
            shown = now;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    println!("  all accepted after {:.1} s", began.elapsed().as_secs_f64());
    let fetched = story::fetch(&*chain, &cast, &store, arguments, &ordered.address).await?;

    say("7. The epoch ends; the workers fix its pools and claim their shares");
    // Work may have been accepted in more than one epoch: the story is told of the one with the last lease.
    let nodes: Vec<_> = cast.operators.iter().map(|operator| address::node(&operator.identity.pubkey())).collect();
    let number = account::network(&*chain).await?.epoch;
    loop {
        let mut is_over = account::epoch(&*chain, number).await?.is_some_and(|epoch| epoch.state == EPOCH_FINALIZED);
        for node in &nodes {
            is_over &= account::node_epoch(&*chain, node, number).await?.is_none_or(|record| record.is_claimed == 1);
        }
        if is_over {
            break;
        }
        ensure_alive(&mut workers)?;
        ensure!(began.elapsed() < PATIENCE, "the shares are not claimed after {PATIENCE:?}");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    drop(workers);
    story::conclude(&chain, &cast, &store, arguments, &Finished { ordered, fetched, epoch: number, mint }).await
}

fn ensure_alive(workers: &mut [Process]) -> Result<()> {
    for worker in workers {
        if let Some(status) = worker.0.try_wait()? {
            bail!("a worker ended by itself ({status}); its log says why");
        }
    }
    Ok(())
}

/// A binary that was built beside this one, or where `RENDER_COMPUTE_BIN` says.
fn binary(name: &str) -> Result<PathBuf> {
    let folder = match env::var_os("RENDER_COMPUTE_BIN") {
        Some(folder) => PathBuf::from(folder),
        None => env::current_exe()?.parent().map(Path::to_path_buf).unwrap_or_default(),
    };
    let path = folder.join(name);
    ensure!(path.exists(), "{} does not exist; run `cargo xtask demo --validator`", path.display());
    Ok(path)
}

/// Starts the validator with the program and everyone's SOL in its genesis.
fn start_validator(cast: &Cast, home: &Path) -> Result<(Process, String)> {
    let validator = env::var_os("RENDER_COMPUTE_VALIDATOR")
        .context("RENDER_COMPUTE_VALIDATOR is not set; run `cargo xtask demo --validator`")?;
    let program = local_chain::program_path();
    let mut command = Command::new(validator);
    command.arg("--ledger").arg(home.join("ledger"));
    command.arg("--program").arg(format!("{}={}", address::PROGRAM, program.display()));
    command.arg("--upgrade-authority").arg(cast.authority.pubkey().to_string());
    for payer in cast.payers() {
        command.arg("--fund").arg(format!("{payer}={FUNDS}"));
    }
    command.arg("--until-stdin-closes").stdin(Stdio::piped()).stdout(Stdio::piped());
    command.stderr(fs::File::create(home.join("validator.log"))?);
    let mut child = command.spawn().context("starting the validator")?;
    let output = child.stdout.take().context("the validator has no output")?;
    let child = Process(child);
    let mut line = String::new();
    BufReader::new(output).read_line(&mut line)?;
    let up: serde_json::Value =
        serde_json::from_str(&line).context("the validator did not come up; see validator.log")?;
    let url = up["rpc"].as_str().context("the validator named no address")?.to_owned();
    Ok((child, url))
}
