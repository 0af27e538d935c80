//! The same story on a real validator, with the worker binary in three processes of its own and the cheat in a fourth.

use crate::{
    Arguments,
    cast::{Cast, Operator},
    story::{self, Finished, Told, say},
};
use anyhow::{Result, bail, ensure};
use faulty_node::Mode;
use local_chain::validator::{Process, Validator, binary};
use render_compute::state::{EPOCH_FINALIZED, JOB_DONE, Job};
use render_compute_client::{
    account, address,
    chain::{Chain, RpcChain, RpcSettings},
};
use solana_keypair::write_keypair_file;
use solana_signer::Signer;
use std::{
    fs,
    io::Read as _,
    path::Path,
    process::{Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

/// Windows of seconds and an epoch of two minutes: here time passes as it does.
const PARAMETERS: &str = "cluster = \"demo-validator\"\n[mint]\nfaucet_render = 10_000\n\
    [oracle]\npublishers = [\"authority\"]\n\
    [parameters]\noracle_max_age_seconds = 600\nlease_seconds = 120\nreveal_seconds = 30\nchallenge_seconds = 5\n\
    race_tau_ms = 1_000\nrace_delay_cap_ms = 10_000\ntier_spill_seconds = 1\naudit_wait_seconds = 120\naudit_reveal_seconds = 60\n\
    dispute_turn_seconds = 60\nepoch_seconds = 120\n";
/// SOL for everyone, lamports.
const FUNDS: u64 = 100_000_000_000;
/// Longest the story may take.
const PATIENCE: Duration = Duration::from_secs(600);

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

    println!("a validator starts; its ledger and its log are in {}", home.display());
    let validator = Validator::start(&home, &cast.authority.pubkey(), &cast.payers(), FUNDS)?;
    println!("it answers at {}", validator.url());
    let chain = Arc::new(Told::new(RpcChain::new(RpcSettings::new(validator.url())), &cast));
    let mint = story::set_up(&*chain, &cast, &store, PARAMETERS).await?;

    // The nodes send for themselves; what became of their disputes is in the events.
    let mut changes = chain.changes().await?;
    let listener = tokio::spawn({
        let chain = chain.clone();
        async move {
            while let Some(change) = changes.next().await {
                chain.note(&change.events);
            }
        }
    });
    let ordered = story::order(&*chain, &cast, &store, arguments).await?;
    say(
        "5. The nodes race for leases, render, commit, audit each other, reveal, and are accepted after the challenge window",
    );
    // The cheat looks first, so that there is something to catch whatever the seed; then everybody races.
    let mut workers = Vec::new();
    for operator in cast.operators.iter().filter(|operator| operator.cheats.is_some()) {
        workers.push(start(operator, &home, validator.url(), &store_folder)?);
    }
    for _ in 0..story::FIRST_LOOKS {
        if story::cheats_hold_leases(&*chain, &cast).await? {
            break;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    for operator in cast.operators.iter().filter(|operator| operator.cheats.is_none()) {
        workers.push(start(operator, &home, validator.url(), &store_folder)?);
    }
    let began = Instant::now();
    loop {
        let Some(job) = account::find::<Job>(&*chain, &ordered.address).await? else { bail!("the job is gone") };
        if job.status == JOB_DONE {
            break;
        }
        tell(&mut workers)?;
        let (settled, all) = (job.leases_settled, job.leases);
        ensure!(began.elapsed() < PATIENCE, "{settled} of {all} leases are accepted after {PATIENCE:?}");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    println!("  all accepted after {:.1} s", began.elapsed().as_secs_f64());
    let fetched = story::fetch(&*chain, &cast, &store, arguments, &ordered.address).await?;

    say("7. The epoch ends; the workers fix its pools and claim their shares");
    // Work may have been accepted in more than one epoch: the one with the last lease ends last.
    let nodes: Vec<_> = cast.operators.iter().map(|operator| address::node(&operator.identity.pubkey())).collect();
    let number = account::network(&*chain).await?.epoch;
    loop {
        let mut is_over = true;
        for number in 1..=number {
            is_over &= account::epoch(&*chain, number).await?.is_some_and(|epoch| epoch.state == EPOCH_FINALIZED);
            for node in &nodes {
                is_over &= account::node_epoch(&*chain, node, number).await?.is_none_or(|one| one.is_claimed == 1);
            }
        }
        if is_over {
            break;
        }
        tell(&mut workers)?;
        ensure!(began.elapsed() < PATIENCE, "the shares are not claimed after {PATIENCE:?}");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    tell(&mut workers)?;
    drop(workers);
    listener.abort();
    story::conclude(&chain, &cast, &store, arguments, &Finished { ordered, fetched, epoch: number, mint }).await
}

/// Starts an operator's node in a process of its own: `render-worker run`, or the cheat.
fn start(operator: &Operator, home: &Path, url: &str, store: &Path) -> Result<Running> {
    let folder = home.join(operator.name);
    fs::create_dir_all(&folder)?;
    let identity = folder.join("identity.json");
    write_keypair_file(&operator.identity, &identity).map_err(|error| anyhow::anyhow!("{error}"))?;
    let process = match operator.cheats {
        None => Process::worker(&folder, url, store)?,
        Some(mode) => cheat(&folder, url, store, &identity, mode)?,
    };
    println!("  {}: process {}, log {}", operator.name, process.id(), folder.join("worker.log").display());
    let log = Log { file: fs::File::open(folder.join("worker.log"))?, rest: String::new() };
    Ok(Running { name: operator.name, process, log })
}

/// A node that cheats, in a process of its own; its log is where a worker's would be.
fn cheat(folder: &Path, url: &str, store: &Path, identity: &Path, mode: Mode) -> Result<Process> {
    let log = fs::File::create(folder.join("worker.log"))?;
    let mut command = Command::new(binary("faulty-node")?);
    command.arg("--url").arg(url).arg("--store").arg(store).arg("--identity").arg(identity);
    command.args(["--mode", &mode.to_string()]);
    Ok(Process::start(command.stdin(Stdio::null()).stdout(log).stderr(Stdio::null()))?)
}

/// A worker and how far its log was told.
struct Running {
    name: &'static str,
    process: Process,
    log: Log,
}

/// A log that grows.
struct Log {
    file: fs::File,
    rest: String,
}

impl Log {
    /// The lines that were finished since the last call.
    fn lines(&mut self) -> Result<Vec<String>> {
        self.file.read_to_string(&mut self.rest)?;
        let Some((whole, rest)) = self.rest.rsplit_once('\n') else { return Ok(Vec::new()) };
        let lines = whole.lines().map(str::to_owned).collect();
        self.rest = rest.to_owned();
        Ok(lines)
    }
}

/// Tells what the workers have logged since the last time. A worker that ended by itself ends the story.
fn tell(workers: &mut [Running]) -> Result<()> {
    for Running { name, process, log } in workers {
        for line in log.lines()? {
            // A worker's lines begin with the time.
            let words =
                line.split_once(' ').filter(|(first, _)| first.ends_with('Z')).map_or(&*line, |(_, words)| words);
            println!("    {name:<4} {}", words.trim_start());
        }
        if let Some(status) = process.ended()? {
            bail!("the worker of {name} ended by itself ({status})");
        }
    }
    Ok(())
}
