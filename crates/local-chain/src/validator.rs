//! A real validator and real worker processes on this machine, for what the in-process chain cannot show: RPC, websockets,
//! slots that pass by themselves, and processes that are killed.
//!
//! Everything started here ends with its owner, also when the owner is killed: the validator ends when its standard input
//! closes. The validator's binary is `cargo xtask setup`'s, named by `RENDER_COMPUTE_VALIDATOR`.

use crate::programs;
use serde::Deserialize;
use solana_address::Address;
use std::{
    env, fs,
    io::{BufRead, BufReader, Error, ErrorKind, Result},
    net::{Ipv4Addr, TcpListener, UdpSocket},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

/// Names the validator's binary.
pub const VALIDATOR: &str = "RENDER_COMPUTE_VALIDATOR";
/// Names the folder of `render-worker` and `render-compute`.
pub const BINARIES: &str = "RENDER_COMPUTE_BIN";

/// Longest time until a validator answers; a new ledger takes some seconds, minutes on a machine that is busy.
const MOST_START: Duration = Duration::from_secs(180);
/// Ports of one validator: RPC, websocket, and those of everything else.
const BLOCK: u16 = 80;
/// The blocks lie below the ports that systems give away by themselves.
const BLOCKS: (u16, u16) = (10_000, 250);
/// Blocks that are tried: another process may take a port between the look and the start.
const ATTEMPTS: u16 = 3;

/// A process that is killed when this is dropped.
pub struct Process(Child);

impl Process {
    /// Starts a command.
    pub fn start(command: &mut Command) -> Result<Self> {
        let name = command.get_program().to_owned();
        let explain = |error: Error| Error::new(error.kind(), format!("{} does not start: {error}", name.display()));
        command.spawn().map(Self).map_err(explain)
    }

    /// A worker of the node whose key is `folder/identity.json`. Its log is added to `folder/worker.log`.
    pub fn worker(folder: &Path, url: &str, store: &Path) -> Result<Self> {
        let log = fs::OpenOptions::new().create(true).append(true).open(folder.join("worker.log"))?;
        let mut command = Command::new(binary("render-worker")?);
        // The caller's own settings must not reach it.
        for (name, _) in env::vars_os() {
            if name.to_string_lossy().starts_with("RENDER_WORKER_") {
                command.env_remove(name);
            }
        }
        command.args(["run", "--threads", "1"]);
        command.env("RENDER_WORKER_HOME", folder).env("RENDER_WORKER_IDENTITY", folder.join("identity.json"));
        command.env("RENDER_WORKER_URL", url).env("RENDER_WORKER_STORE", store);
        Self::start(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log))
    }

    /// The system's number for it.
    pub fn id(&self) -> u32 {
        self.0.id()
    }

    /// How it ended, if it has.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        self.0.try_wait()
    }

    /// Ends it at once, without a chance to tidy up (SIGKILL), and returns when it is gone.
    pub fn kill(mut self) -> Result<()> {
        self.0.kill()?;
        self.0.wait().map(drop)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself: then there is nothing to do.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A binary of the workspace: in the folder that [`BINARIES`] names, else where cargo put this process.
pub fn binary(name: &str) -> Result<PathBuf> {
    let folders = match env::var_os(BINARIES) {
        Some(folder) => vec![PathBuf::from(folder)],
        // Tests and examples lie one folder below the binaries.
        None => env::current_exe()?.ancestors().skip(1).take(2).map(Path::to_path_buf).collect(),
    };
    let found = folders.iter().map(|folder| folder.join(name)).find(|path| path.is_file());
    found.ok_or_else(|| {
        Error::new(
            ErrorKind::NotFound,
            format!("there is no {name} in {folders:?}; run cargo build --workspace --bins"),
        )
    })
}

/// The validator's binary, where one is named.
pub fn validator() -> Option<PathBuf> {
    env::var_os(VALIDATOR).filter(|path| !path.is_empty()).map(PathBuf::from)
}

/// A validator with the market's program and the referees in its genesis.
pub struct Validator {
    url: String,
    process: Process,
}

/// What the validator prints when it answers.
#[derive(Deserialize)]
struct Up {
    rpc: String,
}

impl Validator {
    /// Starts a new chain in `folder`: `authority` may upgrade the programs, each of `funded` has this many lamports.
    pub fn start(folder: &Path, authority: &Address, funded: &[Address], lamports: u64) -> Result<Self> {
        let binary = validator().ok_or_else(|| {
            Error::new(
                ErrorKind::NotFound,
                format!("{VALIDATOR} is not set; run it through cargo xtask, which sets it"),
            )
        })?;
        let programs = programs();
        if let Some((_, missing)) = programs.iter().find(|(_, path)| !path.is_file()) {
            let reason = format!("there is no program at {}; run cargo xtask build", missing.display());
            return Err(Error::new(ErrorKind::NotFound, reason));
        }
        let mut last = None;
        for attempt in 0..ATTEMPTS {
            let rpc = free_ports(attempt)?;
            let mut command = Command::new(&binary);
            command.arg("--reset").arg("--ledger").arg(folder.join("ledger"));
            command.args(["--rpc-port", &rpc.to_string(), "--first-port", &(rpc + 2).to_string()]);
            for (address, path) in &programs {
                command.arg("--program").arg(format!("{address}={}", path.display()));
            }
            command.arg("--upgrade-authority").arg(authority.to_string());
            for payer in funded {
                command.arg("--fund").arg(format!("{payer}={lamports}"));
            }
            command.arg("--until-stdin-closes").stdin(Stdio::piped()).stdout(Stdio::piped());
            let log = folder.join("validator.log");
            command.stderr(fs::File::create(&log)?);
            match Self::wait(Process::start(&mut command)?) {
                Ok(validator) => return Ok(validator),
                Err(error) => last = Some(Error::new(error.kind(), format!("{error}; {} says why", log.display()))),
            }
        }
        Err(last.unwrap_or_else(|| Error::other("no validator was started")))
    }

    fn wait(mut process: Process) -> Result<Self> {
        let Some(output) = process.0.stdout.take() else { return Err(Error::other("the validator has no output")) };
        let (sender, receiver) = mpsc::channel();
        thread::spawn(move || {
            let mut line = String::new();
            let read = BufReader::new(output).read_line(&mut line);
            // Nobody listens any more after the longest time.
            let _ = sender.send(read.map(|_| line));
        });
        let line = receiver.recv_timeout(MOST_START).map_err(|_| {
            Error::new(ErrorKind::TimedOut, format!("the validator does not answer after {} s", MOST_START.as_secs()))
        })??;
        let up: Up = serde_json::from_str(&line).map_err(|_| Error::other("the validator did not come up"))?;
        Ok(Self { url: up.rpc, process })
    }

    /// Address of its JSON-RPC service; the websocket has the next port.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its process.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }
}

/// The first of a block of ports that nobody uses. Two runs at the same time begin to look at different blocks.
fn free_ports(attempt: u16) -> Result<u16> {
    let (first, count) = BLOCKS;
    let own = (std::process::id() % u32::from(count)) as u16;
    let free = |port: u16| {
        let at = (Ipv4Addr::UNSPECIFIED, port);
        TcpListener::bind(at).is_ok() && UdpSocket::bind(at).is_ok()
    };
    let mut blocks = (0..count).map(|step| first + (own + attempt + step) % count * BLOCK);
    let found = blocks.find(|block| (*block..*block + BLOCK).all(free));
    found.ok_or_else(|| Error::new(ErrorKind::AddrInUse, "no block of ports is free for a validator"))
}
