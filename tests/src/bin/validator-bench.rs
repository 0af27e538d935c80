//! Measures `render-worker run` on a real validator: what it costs while there is no work, and how soon it takes some.
//!
//! Prints one JSON object a line in the format of `cargo xtask bench`.

use kernels::render::Frame;
use local_chain::validator::{Process, VALIDATOR, validator};
use market_tests::real_network::{RealNetwork, key, last_lines};
use render_compute::state::Job;
use render_compute_cli::job;
use render_compute_client::{Address, Signer, account, chain::Chain};
use serde_json::json;
use solana_commitment_config::CommitmentConfig;
use solana_rpc_client::nonblocking::rpc_client::RpcClient;
use std::{
    fs,
    time::{Duration, Instant},
};

/// Until the worker has found its subscriptions and a new validator has found its pace.
const SETTLE: Duration = Duration::from_secs(10);
/// How long the idle worker is watched.
const WATCH: Duration = Duration::from_secs(30);
/// One job each.
const REQUESTERS: [&str; 3] = ["Ann", "Ben", "Cleo"];
const MOST_WAIT: Duration = Duration::from_secs(60);
/// Clock ticks in a second of `/proc/PID/stat`: the same on every Linux.
const TICKS: f64 = 100.0;

fn main() {
    let rows: [(&str, &str, f64); 3] =
        [("worker_idle_cpu", "%", 1.0), ("worker_idle_memory", "MiB", 64.0), ("open_to_claim", "slots", 3.0)];
    let measured = match validator() {
        Some(_) => {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
            runtime.expect("a runtime").block_on(measure()).map(Some)
        }
        None => rows.map(|_| None),
    };
    for ((name, unit, bar), value) in rows.into_iter().zip(measured) {
        let why = value.is_none().then(|| format!("{VALIDATOR} is not set"));
        let row = json!({
            "area": "slice", "name": name, "value": value, "unit": unit, "bar": bar, "better": "lower", "why": why,
        });
        println!("{row}");
    }
}

async fn measure() -> [f64; 3] {
    let folder = tempfile::tempdir().expect("a folder");
    let network = RealNetwork::start(folder.path()).await;
    let chain = network.chain();
    let worker = network.worker();
    tokio::time::sleep(SETTLE).await;
    let (before, began) = (processor_seconds(&worker), Instant::now());
    tokio::time::sleep(WATCH).await;
    let share = 100.0 * (processor_seconds(&worker) - before) / began.elapsed().as_secs_f64();
    let fresh = resident_mib(&worker);

    let mut slots = Vec::new();
    for requester in REQUESTERS {
        slots.push(open_to_claim(&network, &chain, requester).await);
    }
    slots.sort_unstable();
    // What work leaves behind counts as well: an idle worker is one that has nothing to do now.
    tokio::time::sleep(SETTLE).await;
    let used = resident_mib(&worker);
    eprintln!("slots of the three jobs: {slots:?}; memory before any work {fresh:.1} MiB, after work {used:.1} MiB");
    if slots.iter().any(|slots| *slots > 3) {
        eprintln!("{}", last_lines(&network.worker_log()));
    }
    [share, fresh.max(used), slots[1] as f64]
}

/// Slots from the opening of a job to the block that has the first claim of a lease of it.
async fn open_to_claim(network: &RealNetwork, chain: &dyn Chain, requester: &str) -> u64 {
    // As an order without further options is cut: a lease for every tile.
    let frame = Frame { width: 64, height: 48, tile: 8, samples: 1, max_bounces: 2, seed: 1 };
    let receipt = network.order(chain, requester, frame, 1).await;
    let began = Instant::now();
    let first = loop {
        let leases = account::leases_of_job(chain, &receipt.address).await.expect("leases");
        if !leases.is_empty() {
            break first_slot(network, &leases.iter().map(|(address, _)| *address).collect::<Vec<_>>()).await;
        }
        assert!(
            began.elapsed() < MOST_WAIT,
            "no lease is claimed after {MOST_WAIT:?}\n{}",
            last_lines(&network.worker_log())
        );
        tokio::time::sleep(Duration::from_millis(200)).await;
    };
    let opened = account::fetch::<Job>(chain, &receipt.address).await.expect("the job").opened_slot;
    // The rest need not be rendered; what the worker has begun is finished.
    job::cancel(&network.context(chain, requester), &receipt.address).await.expect("the job is called off");
    let began = Instant::now();
    while account::node(chain, &key("node").pubkey()).await.expect("read").is_some_and(|node| node.leases_held > 0) {
        assert!(began.elapsed() < MOST_WAIT, "the worker holds leases after {MOST_WAIT:?}");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    first - opened
}

/// Slot of the first transaction about any of the leases: the one that claimed it.
async fn first_slot(network: &RealNetwork, leases: &[Address]) -> u64 {
    let client = RpcClient::new_with_commitment(network.url().to_owned(), CommitmentConfig::confirmed());
    let mut first = u64::MAX;
    for lease in leases {
        let began = Instant::now();
        // The node writes the list some time after it shows the account. The latest transaction comes first.
        let claim = loop {
            let signatures = client.get_signatures_for_address(lease).await.expect("the validator answers");
            if let Some(claim) = signatures.iter().rev().find(|transaction| transaction.err.is_none()) {
                break claim.slot;
            }
            assert!(began.elapsed() < MOST_WAIT, "the claim of {lease} is not listed after {MOST_WAIT:?}");
            tokio::time::sleep(Duration::from_millis(200)).await;
        };
        first = first.min(claim);
    }
    first
}

/// Time on a processor since the start.
fn processor_seconds(process: &Process) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{}/stat", process.id())).expect("the worker is alive");
    // The second field is the name in brackets, which may hold spaces.
    let fields = stat.rsplit_once(')').map(|(_, rest)| rest.split_whitespace().collect::<Vec<_>>()).unwrap_or_default();
    let ticks = |index: usize| fields.get(index).and_then(|text| text.parse::<f64>().ok()).expect("a number of ticks");
    (ticks(11) + ticks(12)) / TICKS
}

/// Memory that is resident, shared pages of the binary included.
fn resident_mib(process: &Process) -> f64 {
    let status = fs::read_to_string(format!("/proc/{}/status", process.id())).expect("the worker is alive");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a resident size");
    line.trim().trim_end_matches(" kB").parse::<f64>().expect("a number of KiB") / 1_024.0
}
