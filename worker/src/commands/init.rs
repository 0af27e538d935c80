//! `init`: makes this machine a node. Every step looks first and does only what is missing.

use super::{Context, read_keypair};
use crate::{
    amount,
    backend::{BackendChoice, Gpu, accelerators, processor},
    cli::Init,
    error::WorkerError,
    settings::{SETTINGS_FILE, Settings, SettingsError},
};
use render_compute::{constants::CLASS_RENDER, state::Node};
use render_compute_client::{
    Chain, Keypair, Signer, account, address,
    instruction::{self, NodeOffer},
};
use serde_json::json;
use std::{
    fs::{DirBuilder, OpenOptions},
    io::{self, Write},
    path::Path,
};

pub(super) async fn init(context: &Context, arguments: &Init) -> anyhow::Result<()> {
    make_private_folder(&context.home)?;
    let identity = identity(context)?;
    let settings_path = context.home.join(SETTINGS_FILE);
    write_private(&settings_path, context.settings.to_file().as_bytes())?;
    let mut report = vec![
        format!("identity {} ({})", identity.pubkey(), context.settings.identity.display()),
        format!("settings {}", settings_path.display()),
    ];
    let mut next = Vec::new();
    if arguments.offline {
        next.push("render-worker init, to register the node".to_owned());
    } else {
        register(context, arguments, &identity, &mut report, &mut next).await?;
    }
    next.push("render-worker doctor, to check everything".to_owned());
    next.push("render-worker run".to_owned());
    let steps: Vec<String> = next.iter().enumerate().map(|(index, step)| format!("  {}. {step}", index + 1)).collect();
    let text = format!("{}\n\nNext:\n{}", report.join("\n"), steps.join("\n"));
    context.print(&text, &json!({ "identity": identity.pubkey().to_string(), "done": report, "next": next }));
    Ok(())
}

async fn register(
    context: &Context,
    arguments: &Init,
    identity: &Keypair,
    report: &mut Vec<String>,
    next: &mut Vec<String>,
) -> anyhow::Result<()> {
    let chain = context.chain();
    let wallet = context.wallet()?;
    let (wallet_key, identity_key) = (wallet.pubkey(), identity.pubkey());
    let network = account::network(&chain).await?;
    let payout = address::associated_token(&wallet_key, &network.mint);
    if account::operator(&chain, &wallet_key).await?.is_none() {
        let instructions = [
            instruction::create_associated_token(&wallet_key, &wallet_key, &network.mint),
            instruction::operator_register(&wallet_key, &payout),
        ];
        chain.send(&instructions, &[&wallet]).await?;
    }
    report.push(format!("operator {wallet_key}, paid to {payout}"));
    let offer = offer(&context.settings, arguments);
    let node = match account::node(&chain, &identity_key).await? {
        None => {
            chain.send(&[instruction::node_register(&wallet_key, &identity_key, offer)], &[&wallet, identity]).await?;
            account::node(&chain, &identity_key).await?
        }
        Some(node) if node.operator != wallet_key => {
            let owner = node.operator;
            return Err(WorkerError::NotReady(format!(
                "identity {identity_key} belongs to operator {owner}; give that wallet with --keypair, or another --identity"
            ))
            .into());
        }
        Some(node) if offer_of(&node) != parts(&offer) => {
            chain.send(&[instruction::node_update(&wallet_key, &identity_key, offer)], &[&wallet]).await?;
            Some(node)
        }
        node => node,
    };
    report.push(format!("node {}", address::node(&identity_key)));
    if let Some(lamports) = arguments.fund {
        chain.send(&[instruction::transfer_sol(&wallet_key, &identity_key, lamports)], &[&wallet]).await?;
    }
    let balance = chain.account(&identity_key).await?.map_or(0, |account| account.lamports);
    if balance == 0 {
        next.push(format!("give {identity_key} some SOL for fees and rents: render-worker init --fund 0.1"));
    }
    let missing = network.parameters().min_stake.saturating_sub(node.map_or(0, |node| node.stake));
    if missing > 0 {
        next.push(format!("render-worker stake {}, the least a node needs to work", amount::render(missing)));
    }
    Ok(())
}

/// The GPUs that `run` would render on.
fn gpus(settings: &Settings) -> Vec<Gpu> {
    if settings.backend == BackendChoice::Cpu {
        return Vec::new();
    }
    let mut gpus = accelerators().devices.unwrap_or_default();
    let chosen = settings.device.select(&gpus).unwrap_or_default();
    gpus.retain(|gpu| chosen.contains(&gpu.ordinal));
    gpus
}

/// What the node offers: as asked for, and as found.
fn offer(settings: &Settings, arguments: &Init) -> NodeOffer {
    let gpus = gpus(settings);
    let name = gpus.first().map_or_else(processor, |gpu| gpu.name.clone());
    let mut hardware = [0; 32];
    for (slot, byte) in hardware.iter_mut().zip(name.bytes().filter(u8::is_ascii)) {
        *slot = byte;
    }
    NodeOffer {
        hardware,
        // Only rendering is served; nobody may ask this node for compute.
        asks: [arguments.ask, u64::MAX],
        capacity: arguments.capacity,
        memory_mib: arguments.memory_mib.unwrap_or_else(|| memory_mib(&gpus)),
        region: arguments.region,
        minimum_requester_reputation: arguments.minimum_requester_reputation,
        classes: 1 << CLASS_RENDER,
    }
}

type Parts = ([u8; 32], [u64; 2], u32, u32, u16, u16, u8);

fn parts(offer: &NodeOffer) -> Parts {
    let NodeOffer { hardware, asks, capacity, memory_mib, region, minimum_requester_reputation, classes } = *offer;
    (hardware, asks, capacity, memory_mib, region, minimum_requester_reputation, classes)
}

fn offer_of(node: &Node) -> Parts {
    let Node { hardware, asks, capacity, memory_mib, region, minimum_requester_reputation, classes, .. } = *node;
    (hardware, asks, capacity, memory_mib, region, minimum_requester_reputation, classes)
}

/// Memory for scenes: this machine's, and no more than each of the GPUs has, since each holds the whole scene.
fn memory_mib(gpus: &[Gpu]) -> u32 {
    let text = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let kib = text
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:"))
        .and_then(|rest| rest.split_whitespace().next())
        .and_then(|number| number.parse::<u64>().ok());
    let of_gpus = gpus.iter().map(|gpu| gpu.memory_bytes >> 20);
    u32::try_from(of_gpus.fold(kib.unwrap_or(0) / 1_024, u64::min)).unwrap_or(u32::MAX)
}

/// The identity that the settings name, or a new one there.
fn identity(context: &Context) -> Result<Keypair, SettingsError> {
    let path = &context.settings.identity;
    if path.exists() {
        return read_keypair("identity", path, "move it away to have a new one made");
    }
    let keypair = Keypair::new();
    let text = serde_json::to_string(&keypair.to_bytes().to_vec()).unwrap_or_default();
    write_private(path, text.as_bytes())?;
    Ok(keypair)
}

fn failed(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> SettingsError {
    let path = path.display().to_string();
    move |error| SettingsError::File { what, path, reason: error.to_string() }
}

fn make_private_folder(path: &Path) -> Result<(), SettingsError> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(failed("home", path))
}

/// Writes a file that only its owner can read, also where an older one was open to others.
fn write_private(path: &Path, content: &[u8]) -> Result<(), SettingsError> {
    if let Some(folder) = path.parent() {
        make_private_folder(folder)?;
    }
    let draft = path.with_extension("draft");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let write = || {
        let mut file = options.open(&draft)?;
        file.write_all(content)?;
        file.sync_all()?;
        std::fs::rename(&draft, path)
    };
    write().map_err(failed("file", path))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{Endpoint, Settings};

    fn context(home: &Path) -> Context {
        Context { home: home.to_owned(), settings: Settings::defaults(home), is_json: false }
    }

    const OFFLINE: Init = Init {
        ask: 1,
        capacity: 4,
        memory_mib: Some(1),
        region: 0,
        minimum_requester_reputation: 0,
        fund: None,
        offline: true,
    };

    #[tokio::test]
    async fn a_new_node_gets_a_key_and_settings_that_only_its_owner_can_read() {
        let folder = tempfile::tempdir().unwrap();
        let context = context(&folder.path().join("home"));
        init(&context, &OFFLINE).await.unwrap();
        let identity = context.identity().unwrap();
        #[cfg(unix)]
        for file in [&context.settings.identity, &context.home.join(SETTINGS_FILE)] {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
        }
        init(&context, &OFFLINE).await.unwrap();
        assert_eq!(context.identity().unwrap().pubkey(), identity.pubkey());
    }

    #[tokio::test]
    async fn settings_given_to_init_are_there_afterwards() {
        let folder = tempfile::tempdir().unwrap();
        let mut context = context(folder.path());
        context.settings.url = Endpoint::new("http://rpc.example:1");
        init(&context, &OFFLINE).await.unwrap();
        let read = Settings::load(folder.path(), [], Default::default()).unwrap();
        assert_eq!(read, context.settings);
    }

    #[tokio::test]
    async fn a_file_that_is_no_key_is_refused_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let context = context(folder.path());
        std::fs::write(&context.settings.identity, "not a key").unwrap();
        assert!(init(&context, &OFFLINE).await.is_err());
        assert_eq!(std::fs::read_to_string(&context.settings.identity).unwrap(), "not a key");
    }
}
