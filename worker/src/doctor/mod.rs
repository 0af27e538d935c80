//! `doctor`: everything a node needs, each with what was found and how to mend it.
//!
//! Finding out and judging are apart: [`Findings`] are facts, [`examine`] judges them.

mod devices;

use crate::{
    amount,
    backend::{Accelerators, Backend, BackendChoice, CpuBackend, DeviceChoice, accelerators},
    bandwidth::endpoint,
    commands::{connect, read_keypair},
    error::WorkerError,
    settings::Settings,
};
use market_model::probe::{ONE_Q20, score};
use render_compute::state::{Engine, Network, Node};
use render_compute_client::{
    Chain, Signer, account,
    address::{self, RENDER_ENGINE},
    blob::BlobStore,
};
use serde::Serialize;
use solana_address::Address;
use std::{
    fmt,
    path::Path,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// Clock differences: chain time itself drifts by some seconds.
const SKEW_WARNING_SECONDS: i64 = 30;
const SKEW_FAILURE_SECONDS: i64 = 300;
/// Fees and lease rents of some leases.
const LOW_LAMPORTS: u64 = 20_000_000;
const LOW_DISK: u64 = 10 << 30;
const LEAST_DISK: u64 = 1 << 30;
const RPC_TIMEOUT: Duration = Duration::from_secs(10);

/// How a check came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// As it should be.
    Ok,
    /// The node works, but not as well or as long as it could.
    Warn,
    /// The node cannot work.
    Fail,
}

/// One check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What was looked at.
    pub name: &'static str,
    /// How it came out.
    pub level: Level,
    /// What was found.
    pub finding: String,
    /// What to do; empty when nothing needs to be done.
    pub fix: String,
}

impl fmt::Display for Check {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let level = match self.level {
            Level::Ok => "ok",
            Level::Warn => "warn",
            Level::Fail => "fail",
        };
        write!(formatter, "{level:<4} {:<10} {}", self.name, self.finding)?;
        if self.fix.is_empty() { Ok(()) } else { write!(formatter, "\n{:16}-> {}", "", self.fix) }
    }
}

/// What was found out. `Err` holds why something could not be.
pub struct Findings {
    /// The node's version, or why it does not answer.
    pub rpc: Result<String, String>,
    /// Chain time less this machine's, seconds.
    pub skew: Option<i64>,
    /// Address and lamports of the wallet.
    pub wallet: Result<(Address, u64), String>,
    /// Address and lamports of the identity.
    pub identity: Result<(Address, u64), String>,
    /// Whether the market program is there and executable code of a loader.
    pub has_program: bool,
    /// The network account.
    pub network: Option<Network>,
    /// The `render` engine.
    pub engine: Option<Engine>,
    /// The node account.
    pub node: Option<Node>,
    /// Where the blob store is, or why it cannot be written.
    pub store: Result<String, String>,
    /// What the processor backend runs on, or why it cannot.
    pub processor: Result<String, String>,
    /// GPUs and their driver.
    pub accelerators: Accelerators,
    /// Free bytes where results wait.
    pub free_disk: Result<u64, String>,
    /// What the settings ask to render with.
    pub backend: BackendChoice,
    /// Which GPUs they choose.
    pub devices: DeviceChoice,
    /// Where they let peers measure the bandwidth; 0 for nowhere.
    pub bandwidth_port: u16,
}

fn check(name: &'static str, level: Level, finding: impl Into<String>, fix: impl Into<String>) -> Check {
    Check { name, level, finding: finding.into(), fix: fix.into() }
}

fn ok(name: &'static str, finding: impl Into<String>) -> Check {
    check(name, Level::Ok, finding, "")
}

/// Judges what was found.
pub fn examine(findings: &Findings) -> Vec<Check> {
    let mut checks = Vec::new();
    match &findings.rpc {
        Ok(version) => checks.push(ok("rpc", format!("answers, version {version}"))),
        Err(reason) => {
            checks.push(check("rpc", Level::Fail, reason, "set url to an RPC node that can be reached from here"));
        }
    }
    if findings.rpc.is_ok() {
        checks.extend(findings.skew.map(clock));
        checks.extend(chain_checks(findings));
    }
    checks.push(balance("identity", &findings.identity, "render-worker init --fund 0.1"));
    checks.push(match &findings.wallet {
        Ok((address, lamports)) => ok("wallet", format!("{address} holds {} SOL", sol(*lamports))),
        // Only init, stake and unstake need it; a careful operator keeps it elsewhere.
        Err(reason) => check("wallet", Level::Warn, reason, "needed for init, stake, unstake and withdraw only"),
    });
    checks.push(match &findings.store {
        Ok(location) => ok("store", format!("{location} can be written and read")),
        Err(reason) => check(
            "store",
            Level::Fail,
            reason,
            "set store to a folder that this user may write, or to s3://bucket/prefix",
        ),
    });
    checks.extend(devices::checks(findings));
    checks.push(match &findings.free_disk {
        Ok(bytes) if *bytes < LEAST_DISK => check(
            "disk",
            Level::Fail,
            format!("{} free", size(*bytes)),
            "free at least 1 GiB, or set data to another disk",
        ),
        Ok(bytes) if *bytes < LOW_DISK => check(
            "disk",
            Level::Warn,
            format!("{} free", size(*bytes)),
            "large frames may not fit; free some, or set data to another disk",
        ),
        Ok(bytes) => ok("disk", format!("{} free", size(*bytes))),
        Err(reason) => check("disk", Level::Warn, reason, "see that the data folder's disk has space"),
    });
    checks
}

fn clock(skew: i64) -> Check {
    let finding = match skew {
        0 => "this machine and the chain agree".to_owned(),
        skew if skew > 0 => format!("the chain is {skew} s ahead of this machine"),
        skew => format!("this machine is {} s ahead of the chain", -skew),
    };
    let fix = "set this machine's clock by NTP; the worker goes by the chain's time, logs and certificates do not";
    match skew.saturating_abs() {
        0..=SKEW_WARNING_SECONDS => ok("clock", finding),
        ..=SKEW_FAILURE_SECONDS => check("clock", Level::Warn, finding, fix),
        _ => check("clock", Level::Warn, finding, format!("{fix}; or the RPC node lags far behind: choose another")),
    }
}

fn chain_checks(findings: &Findings) -> Vec<Check> {
    let mut checks = Vec::new();
    if !findings.has_program {
        checks.push(check(
            "program",
            Level::Fail,
            "the market program is not deployed",
            "set url to a network that has it",
        ));
        return checks;
    }
    checks.push(ok("program", address::PROGRAM.to_string()));
    let Some(network) = &findings.network else {
        checks.push(check(
            "network",
            Level::Fail,
            "the network is not initialised",
            "its authority has to run migrate first",
        ));
        return checks;
    };
    checks.push(match &findings.engine {
        Some(engine) if engine.digest == crate::render_specification() => {
            ok("engine", "render, of this worker's version")
        }
        Some(_) => check(
            "engine",
            Level::Fail,
            "the network's render engine is of another version than this worker",
            "install the worker of that version",
        ),
        None => {
            check("engine", Level::Fail, "the network has no render engine", "its authority has to run migrate first")
        }
    });
    let Some(node) = &findings.node else {
        checks.push(check("node", Level::Fail, "the identity is not registered as a node", "render-worker init"));
        return checks;
    };
    checks.push(if node.draining == 1 {
        check("node", Level::Warn, "registered, draining: it takes no new leases", "render-worker drain --off")
    } else {
        ok("node", format!("registered by operator {}", node.operator))
    });
    let least = network.parameters().min_stake;
    let staked = format!("{} RENDER, {} are needed", amount::render(node.stake), amount::render(least));
    checks.push(if node.stake >= least {
        ok("stake", staked)
    } else {
        check("stake", Level::Fail, staked, format!("render-worker stake {}", amount::render(least - node.stake)))
    });
    // With less than a tenth free, the next claim may be refused.
    let free = node.stake.saturating_sub(node.exposure);
    let cover = format!(
        "{} RENDER cover what is held, {} are free for more",
        amount::render(node.exposure.min(node.stake)),
        amount::render(free)
    );
    checks.push(if node.exposure == 0 || free >= node.stake / 10 {
        ok("cover", cover)
    } else {
        check(
            "cover",
            Level::Warn,
            cover,
            "deposit more, or finish what is held: claims that it does not cover are refused",
        )
    });
    checks.push(probes(findings, node, network));
    checks
}

/// What the node has probed, what that is worth, and whether peers can measure it.
fn probes(findings: &Findings, node: &Node, network: &Network) -> Check {
    let warn = |finding: String, fix: &str| check("probes", Level::Warn, finding, fix);
    if node.enrolled == 0 {
        return warn("not enrolled: availability earns nothing".into(), "render-worker enroll");
    }
    // Q20, in thousandths of the reference node.
    let score = score(&node.ratings(), &network.parameters().probe_rules()).unwrap_or(0);
    let thousandths = u128::from(score).saturating_mul(1_000) / u128::from(ONE_Q20);
    let rated = format!(
        "enrolled with {} x 10^9 int8 operations a second, {} MiB, {} x 10^3 hashes a second, {} Mbit/s as measured: a passed \
         probe is worth {}.{:03} of the reference node's",
        node.rated_compute,
        node.memory_mib,
        node.rated_clock,
        node.measured_bandwidth,
        thousandths / 1_000,
        thousandths % 1_000
    );
    if endpoint(&node.address, node.port).is_none() {
        let fix = "open a port, set bandwidth_port to it, and render-worker enroll --address IP";
        return warn(format!("{rated}; no address is declared, so its bandwidth counts the least"), fix);
    }
    if node.port != findings.bandwidth_port {
        let (declared, set) = (node.port, findings.bandwidth_port);
        let finding = format!("{rated}; peers ask at port {declared}, and bandwidth_port is {set}");
        return warn(finding, "set bandwidth_port to the declared port, or enroll again");
    }
    ok("probes", rated)
}

fn balance(name: &'static str, found: &Result<(Address, u64), String>, fund: &str) -> Check {
    match found {
        Ok((address, 0)) => check(name, Level::Fail, format!("{address} has no SOL for fees and rents"), fund),
        Ok((address, lamports)) if *lamports < LOW_LAMPORTS => {
            check(name, Level::Warn, format!("{address} holds only {} SOL", sol(*lamports)), fund)
        }
        Ok((address, lamports)) => ok(name, format!("{address} holds {} SOL", sol(*lamports))),
        Err(reason) => check(name, Level::Fail, reason, "render-worker init"),
    }
}

fn sol(lamports: u64) -> String {
    format!("{}.{:03}", lamports / 1_000_000_000, lamports % 1_000_000_000 / 1_000_000)
}

fn size(bytes: u64) -> String {
    if bytes >= 1 << 30 { format!("{} GiB", bytes >> 30) } else { format!("{} MiB", bytes >> 20) }
}

/// Finds everything out and prints it. An error when a check failed.
pub(crate) async fn run(settings: &Settings, is_json: bool) -> anyhow::Result<()> {
    let checks = examine(&find(settings).await);
    for check in &checks {
        if is_json { println!("{}", serde_json::to_string(check)?) } else { println!("{check}") }
    }
    match checks.iter().filter(|check| check.level == Level::Fail).count() {
        0 => Ok(()),
        1 => Err(WorkerError::NotReady("1 check failed".into()).into()),
        failed => Err(WorkerError::NotReady(format!("{failed} checks failed")).into()),
    }
}

async fn find(settings: &Settings) -> Findings {
    let chain = connect(settings);
    let rpc = version(settings).await;
    let identity = read_keypair("identity", &settings.identity, "there is no identity yet").map(|key| key.pubkey());
    let wallet = read_keypair("wallet", &settings.keypair, "there is no wallet here").map(|key| key.pubkey());
    let mut findings = Findings {
        rpc,
        skew: None,
        wallet: wallet.map(|key| (key, 0)).map_err(|error| error.to_string()),
        identity: identity.map(|key| (key, 0)).map_err(|error| error.to_string()),
        has_program: false,
        network: None,
        engine: None,
        node: None,
        store: writable(settings).await,
        processor: CpuBackend::new(settings.threads).map(|cpu| cpu.describe()).map_err(|error| error.to_string()),
        accelerators: accelerators(),
        free_disk: free_disk(&settings.data),
        backend: settings.backend,
        devices: settings.device.clone(),
        bandwidth_port: settings.bandwidth_port,
    };
    if findings.rpc.is_ok()
        && let Err(error) = ask_chain(&chain, &mut findings).await
    {
        findings.rpc = Err(error.to_string());
    }
    findings
}

async fn version(settings: &Settings) -> Result<String, String> {
    let url = settings.url.reveal().to_owned();
    let client = solana_rpc_client::nonblocking::rpc_client::RpcClient::new_with_timeout(url, RPC_TIMEOUT);
    // The client's own words would repeat the address, which may hold a key.
    let answer = client.get_version().await.map_err(|_| format!("{} does not answer", settings.url))?;
    Ok(answer.solana_core)
}

async fn ask_chain(chain: &impl Chain, findings: &mut Findings) -> Result<(), WorkerError> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).ok().and_then(|since| i64::try_from(since.as_secs()).ok());
    let clock = chain.clock().await?;
    findings.skew = now.map(|now| clock.unix_timestamp.saturating_sub(now));
    findings.has_program = chain.account(&address::PROGRAM).await?.is_some();
    for (address, lamports) in [&mut findings.wallet, &mut findings.identity].into_iter().flatten() {
        *lamports = chain.account(address).await?.map_or(0, |account| account.lamports);
    }
    findings.network = account::find(chain, &address::network()).await?;
    findings.engine = account::find(chain, &address::engine(&RENDER_ENGINE)).await?;
    if let Ok((identity, _)) = &findings.identity {
        findings.node = account::node(chain, identity).await?;
    }
    Ok(())
}

async fn writable(settings: &Settings) -> Result<String, String> {
    let store = BlobStore::open(settings.store.reveal()).map_err(|error| error.to_string())?;
    // The same few bytes under the same name each time: nothing piles up.
    let digest = store.put(&b"render-worker doctor\n"[..]).await.map_err(|error| error.to_string())?;
    store.get(&digest).await.map_err(|error| error.to_string())?;
    Ok(settings.store.to_string())
}

#[cfg(unix)]
fn free_disk(path: &Path) -> Result<u64, String> {
    // The folder may not have been made yet: its nearest parent is on the same disk.
    let existing = path.ancestors().find(|path| path.exists()).unwrap_or(Path::new("/"));
    let disk = rustix::fs::statvfs(existing).map_err(|error| format!("{}: {error}", existing.display()))?;
    Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
}

#[cfg(not(unix))]
fn free_disk(path: &Path) -> Result<u64, String> {
    Err(format!("{}: free space cannot be read on this system", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytemuck::Zeroable;
    use market_model::Parameters;

    pub(super) fn healthy() -> Findings {
        let mut network = Network::zeroed();
        network.parameters = Parameters::DEFAULT.values();
        let mut engine = Engine::zeroed();
        engine.digest = crate::render_specification();
        let mut node = Node::zeroed();
        node.stake = Parameters::DEFAULT.min_stake;
        (node.enrolled, node.port, node.address) = (1, 4_242, [1; 16]);
        (node.rated_compute, node.rated_clock) = (network.parameters().reference_compute, 20_000);
        Findings {
            rpc: Ok("4.1.0".into()),
            skew: Some(2),
            wallet: Ok((Address::default(), 1_000_000_000)),
            identity: Ok((Address::default(), 100_000_000)),
            has_program: true,
            network: Some(network),
            engine: Some(engine),
            node: Some(node),
            store: Ok("/blobs".into()),
            processor: Ok("a processor on 2 threads".into()),
            accelerators: none(),
            free_disk: Ok(LOW_DISK),
            backend: BackendChoice::Auto,
            devices: DeviceChoice::default(),
            bandwidth_port: 4_242,
        }
    }

    /// A machine without a GPU.
    pub(super) fn none() -> Accelerators {
        Accelerators {
            cards_on_bus: 0,
            gpus: Vec::new(),
            driver: None,
            device_files: 0,
            forbidden_files: Vec::new(),
            is_container: false,
            is_library_present: false,
            devices: Err("libcuda.so.1 is not there".into()),
        }
    }

    pub(super) fn lines(findings: &Findings) -> Vec<String> {
        examine(findings).iter().map(ToString::to_string).collect()
    }

    pub(super) fn found(findings: &Findings, name: &str) -> Check {
        examine(findings).into_iter().find(|check| check.name == name).unwrap_or_else(|| panic!("no check {name}"))
    }

    #[test]
    fn a_node_that_is_ready_passes_every_check() {
        let checks = examine(&healthy());
        assert!(checks.iter().all(|check| check.level == Level::Ok && check.fix.is_empty()), "{checks:?}");
    }

    #[test]
    fn a_line_holds_the_level_the_finding_and_below_it_the_fix() {
        let mut findings = healthy();
        findings.node.as_mut().unwrap().stake -= 150_000_000;
        let line = lines(&findings).into_iter().find(|line| line.contains(" stake ")).unwrap();
        assert_eq!(line, "fail stake      98.5 RENDER, 100 are needed\n                -> render-worker stake 1.5");
    }

    #[test]
    fn what_cannot_be_known_without_the_rpc_node_is_left_out() {
        let findings = Findings { rpc: Err("http://127.0.0.1:1 does not answer".into()), ..healthy() };
        let names: Vec<_> = examine(&findings).iter().map(|check| check.name).collect();
        assert_eq!(names, ["rpc", "identity", "wallet", "store", "backend", "gpu", "disk"]);
        assert_eq!(found(&findings, "rpc").level, Level::Fail);
    }

    #[test]
    fn every_failure_has_a_fix() {
        let failing = [
            Findings { has_program: false, ..healthy() },
            Findings { network: None, ..healthy() },
            Findings { engine: None, ..healthy() },
            Findings { engine: Some(Engine::zeroed()), ..healthy() },
            Findings { node: None, ..healthy() },
            Findings { identity: Ok((Address::default(), 0)), ..healthy() },
            Findings { identity: Err("identity x: no such file".into()), ..healthy() },
            Findings { store: Err("the store failed".into()), ..healthy() },
            Findings { processor: Err("no threads".into()), ..healthy() },
            Findings { free_disk: Ok(1), ..healthy() },
            Findings { backend: BackendChoice::Cuda, ..healthy() },
        ];
        for (index, findings) in failing.iter().enumerate() {
            let checks = examine(findings);
            let failed: Vec<_> = checks.iter().filter(|check| check.level == Level::Fail).collect();
            assert_eq!(failed.len(), 1, "case {index}: {checks:?}");
            assert!(!failed[0].fix.is_empty(), "{failed:?}");
        }
    }

    #[test]
    fn a_node_that_nobody_probes_or_measures_is_a_warning_with_a_fix() {
        let told = |change: fn(&mut Node)| {
            let mut node = healthy().node.unwrap();
            change(&mut node);
            found(&Findings { node: Some(node), ..healthy() }, "probes")
        };
        let unenrolled = told(|node| node.enrolled = 0);
        assert_eq!((unenrolled.level, unenrolled.fix.as_str()), (Level::Warn, "render-worker enroll"));
        assert!(told(|node| node.address = [0; 16]).finding.contains("counts the least"));
        assert!(told(|node| node.port = 1).finding.ends_with("peers ask at port 1, and bandwidth_port is 4242"));
        // The reference node: what is measured of it is the reference's bandwidth too.
        let reference = told(|node| (node.memory_mib, node.measured_bandwidth) = (24_576, 400));
        assert!(
            reference.level == Level::Ok && reference.finding.contains("is worth 1.000 of"),
            "{}",
            reference.finding
        );
    }

    #[test]
    fn a_clock_that_is_off_is_a_warning() {
        assert_eq!(found(&Findings { skew: Some(-31), ..healthy() }, "clock").level, Level::Warn);
        assert_eq!(found(&Findings { skew: Some(30), ..healthy() }, "clock").level, Level::Ok);
    }
}
