//! The steps that both ways of running share, told as they happen.

use crate::{
    Arguments,
    cast::{Cast, RENDER, enlist, give_render},
    disputes::Disputes,
    report::{NodeRow, Report, TransactionRow},
};
use anyhow::{Context as _, Result};
use kernels::render::job::Frame;
use migrations::{Config, Keypairs};
use render_compute_cli::{
    Context,
    amount::{Price, Render, Usd},
    credits, epoch, job, oracle,
};
use render_compute_client::{
    account, address,
    blob::BlobStore,
    chain::{Chain, ChainClock, ChainError, Changes, Confirmed, RawAccount},
    event::Event,
    instruction,
};
use solana_address::Address;
use solana_keypair::Keypair;
use solana_signer::Signer;
use std::{path::Path, sync::Arc, sync::Mutex};

/// Price of RENDER in the demo: 4.20 USD and two cents of confidence.
const PRICE: (u64, u64) = (420_000_000, 2_000_000);
/// Most the requester pays for the picture.
const MAX_PRICE: Usd = Usd(6_000_000);

/// A chain that tells what is sent through it.
pub struct Told<C> {
    inner: C,
    names: Vec<(Address, String)>,
    rows: Mutex<Vec<TransactionRow>>,
    disputes: Mutex<Disputes>,
}

impl<C: Chain> Told<C> {
    /// Tells of `inner`, with people's names for their keys.
    pub fn new(inner: C, cast: &Cast) -> Self {
        let mut names =
            vec![(cast.authority.pubkey(), "network".to_owned()), (cast.requester.pubkey(), "requester".to_owned())];
        for operator in &cast.operators {
            names.push((operator.wallet.pubkey(), format!("{} (wallet)", operator.name)));
            names.push((operator.identity.pubkey(), format!("{} (node)", operator.name)));
        }
        Self { inner, names, rows: Mutex::default(), disputes: Mutex::new(Disputes::new(cast)) }
    }

    /// The chain itself.
    pub fn inner(&self) -> &C {
        &self.inner
    }

    /// Tells what the events say of disputes, and remembers it.
    pub fn note(&self, events: &[Event]) {
        if let Ok(mut disputes) = self.disputes.lock() {
            for sentence in events.iter().filter_map(|event| disputes.note(event)) {
                println!("      {sentence}");
            }
        }
    }

    /// The disputes so far.
    pub fn disputes(&self) -> Disputes {
        self.disputes.lock().map(|disputes| disputes.clone()).unwrap_or_default()
    }

    /// Everything that was sent, in order.
    pub fn rows(&self) -> Vec<TransactionRow> {
        self.rows.lock().map(|rows| rows.clone()).unwrap_or_default()
    }
}

#[async_trait::async_trait]
impl<C: Chain> Chain for Told<C> {
    async fn clock(&self) -> Result<ChainClock, ChainError> {
        self.inner.clock().await
    }

    async fn account(&self, address: &Address) -> Result<Option<RawAccount>, ChainError> {
        self.inner.account(address).await
    }

    async fn accounts(&self, addresses: &[Address]) -> Result<Vec<Option<RawAccount>>, ChainError> {
        self.inner.accounts(addresses).await
    }

    async fn program_accounts(
        &self,
        discriminator: &[u8],
        filters: &[(usize, Vec<u8>)],
    ) -> Result<Vec<(Address, RawAccount)>, ChainError> {
        self.inner.program_accounts(discriminator, filters).await
    }

    async fn send(
        &self,
        instructions: &[render_compute_client::Instruction],
        signers: &[&Keypair],
    ) -> Result<Confirmed, ChainError> {
        let sent = self.inner.send(instructions, signers).await;
        let payer = signers.first().map(|signer| signer.pubkey()).unwrap_or_default();
        let who = self
            .names
            .iter()
            .find(|(key, _)| *key == payer)
            .map_or_else(|| payer.to_string(), |(_, name)| name.clone());
        let what = instructions.iter().map(instruction::name).collect::<Vec<_>>();
        match &sent {
            Ok(confirmed) => {
                let row = TransactionRow {
                    who,
                    instructions: what,
                    compute_units: confirmed.compute_units,
                    signature: confirmed.signature.to_string(),
                };
                println!("    {:<14} {:<60} {:>7} CU  {}", row.who, row.names(), row.compute_units, row.signature);
                if let Ok(mut rows) = self.rows.lock() {
                    rows.push(row);
                }
                self.note(&confirmed.events);
            }
            Err(error) => println!("    {who:<14} {:<60} refused: {error}", what.join(" + ")),
        }
        sent
    }

    async fn changes(&self) -> Result<Changes, ChainError> {
        self.inner.changes().await
    }
}

/// Prints a step's heading.
pub fn say(text: &str) {
    println!("\n{text}");
}

/// Base units as RENDER.
pub fn render(amount: u64) -> String {
    Render(amount).to_string()
}

/// Network, price, nodes and credits.
pub async fn set_up(chain: &dyn Chain, cast: &Cast, store: &BlobStore, parameters: &str) -> Result<Address> {
    say("1. The network: mint, parameters, engine, price publishers, first epoch (migrations)");
    let config = Config::from_toml(parameters).context("the demo's parameters")?;
    let keys = Keypairs { authority: cast.authority.insecure_clone() };
    let set_up = migrations::run(chain, &keys, &config).await.context("setting the network up")?;
    for step in &set_up.steps {
        println!("  {:03} {}: {}", step.number, step.name, step.detail);
    }
    let governor = Context::new(chain, cast.authority.insecure_clone(), store.clone());
    oracle::publish(&governor, Price(PRICE.0), Price(PRICE.1)).await.context("publishing the price")?;
    println!("  one RENDER is {} USD, give or take {}", PRICE.0 as f64 / 1e8, PRICE.1 as f64 / 1e8);

    say("2. Four operators register a node each and put RENDER at stake; one of them is going to cheat");
    for operator in &cast.operators {
        give_render(chain, &cast.authority, &set_up.mint, &operator.wallet.pubkey(), operator.stake).await?;
        enlist(chain, operator, &set_up.mint).await?;
        println!(
            "  {}: {} at stake, asks {} per million samples",
            operator.name,
            render(operator.stake),
            Usd(operator.ask)
        );
        if let Some(mode) = operator.cheats {
            println!("      {} runs no worker of ours but a cheat: {mode}", operator.name);
        }
    }

    say("3. The requester burns RENDER for credits");
    give_render(chain, &cast.authority, &set_up.mint, &cast.requester.pubkey(), 10 * RENDER).await?;
    let requester = Context::new(chain, cast.requester.insecure_clone(), store.clone());
    let quote = credits::quote(&requester, MAX_PRICE).await?;
    let bought = credits::buy(&requester, MAX_PRICE, quote.with_slippage(50)?).await?;
    println!(
        "  {} for {} burned and {} to operations",
        Usd(bought.bought_credit_units),
        render(bought.burned_render_base_units),
        render(bought.fee_render_base_units)
    );
    Ok(set_up.mint)
}

/// Writes the scene as a .glb where it is a generated one, so that the order goes through the importer as a person's would.
pub fn scene_file(arguments: &Arguments) -> Result<String> {
    let generated = match arguments.scene.as_str() {
        "cornell" => scene::cornell_box(),
        "still-life" => scene::textured_still_life(),
        file => return Ok(file.to_owned()),
    };
    let path = arguments.out.join(format!("{}.glb", arguments.scene));
    std::fs::write(&path, scene::write_glb(&generated)?)?;
    println!("  the scene is the project's own, written to {}", path.display());
    Ok(path.display().to_string())
}

/// Orders the picture.
pub async fn order(
    chain: &dyn Chain,
    cast: &Cast,
    store: &BlobStore,
    arguments: &Arguments,
) -> Result<job::RenderReceipt> {
    say("4. The requester orders a picture, each lease computed by two nodes");
    let file = scene_file(arguments)?;
    let source = job::Source::load(&file, None)?;
    for warning in &source.warnings {
        println!("  warning: {warning}");
    }
    let frame = Frame {
        width: arguments.width,
        height: arguments.height,
        tile: 48,
        samples: arguments.samples,
        max_bounces: 6,
        seed: arguments.seed,
    };
    let order = job::RenderOrder {
        lease_tiles: Some(8),
        lease_seconds: 600,
        replicas: 2,
        ..job::RenderOrder::new(frame, MAX_PRICE)
    };
    let requester = Context::new(chain, cast.requester.insecure_clone(), store.clone());
    let receipt = job::render(&requester, &source.image, &order).await?;
    println!(
        "  job {}: {} tiles in {} leases, {} escrowed; scene of {} bytes, root {}",
        receipt.job,
        receipt.quote.units,
        receipt.quote.leases,
        Usd(receipt.quote.escrow_credit_units),
        receipt.scene_bytes,
        receipt.scene_root
    );
    Ok(receipt)
}

/// Seconds after which the cheat has had its turn for any lease: longer than the longest delay of a race.
pub const FIRST_LOOKS: u32 = 130;

/// Whether every cheat has something to cheat with.
pub async fn cheats_hold_leases(chain: &dyn Chain, cast: &Cast) -> Result<bool> {
    for cheat in cast.operators.iter().filter(|operator| operator.cheats.is_some()) {
        let node = account::node(chain, &cheat.identity.pubkey()).await?.context("the cheat is not registered")?;
        if node.leases_held == 0 {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Fetches the picture and checks every lease against the chain.
pub async fn fetch(
    chain: &dyn Chain,
    cast: &Cast,
    store: &BlobStore,
    arguments: &Arguments,
    job: &Address,
) -> Result<job::FetchReceipt> {
    say("6. The requester fetches the picture and checks every lease's root against the chain");
    let requester = Context::new(chain, cast.requester.insecure_clone(), store.clone());
    let receipt = job::fetch(&requester, job, &arguments.out.join("frame.png"), &job::FetchOptions::default()).await?;
    println!("  {} leases verified; {} and {}", receipt.leases_verified, receipt.png.display(), receipt.exr.display());
    Ok(receipt)
}

/// What the story has come to before its last page.
pub struct Finished {
    /// The order.
    pub ordered: job::RenderReceipt,
    /// The picture.
    pub fetched: job::FetchReceipt,
    /// Number of the last epoch that paid.
    pub epoch: u64,
    /// The RENDER mint.
    pub mint: Address,
}

/// All epochs up to the last one as one: on a real chain the work may reach from one into the next.
async fn all_epochs(reader: &Context<'_>, last: u64) -> Result<epoch::EpochView> {
    let mut whole = epoch::show(reader, Some(1)).await?;
    for number in 2..=last {
        let one = epoch::show(reader, Some(number)).await?;
        whole.epoch = one.epoch;
        whole.state = one.state;
        whole.ends_at_unix_seconds = one.ends_at_unix_seconds;
        whole.work_credit_units.render += one.work_credit_units.render;
        whole.burned_render_base_units += one.burned_render_base_units;
        whole.bought_credit_units += one.bought_credit_units;
        whole.emission_render_base_units += one.emission_render_base_units;
        whole.operations_pool_render_base_units += one.operations_pool_render_base_units;
        whole.creators_pool_render_base_units += one.creators_pool_render_base_units;
        whole.availability_pool_render_base_units += one.availability_pool_render_base_units;
        whole.work_pool_render_base_units.render += one.work_pool_render_base_units.render;
        whole.carry_render_base_units = one.carry_render_base_units;
        for part in one.nodes {
            let Some(known) = whole.nodes.iter_mut().find(|known| known.node == part.node) else {
                whole.nodes.push(part);
                continue;
            };
            known.work_credit_units.render += part.work_credit_units.render;
            known.points += part.points;
            known.claimed &= part.claimed;
            let paid = known.payout_render_base_units.zip(part.payout_render_base_units);
            known.payout_render_base_units = paid.map(|(before, now)| before + now);
        }
    }
    Ok(whole)
}

/// Reads what the epochs paid, checks that it was paid, and writes the reports.
pub async fn conclude<C: Chain>(
    chain: &Arc<Told<C>>,
    cast: &Cast,
    store: &BlobStore,
    arguments: &Arguments,
    finished: &Finished,
) -> Result<()> {
    let Finished { ordered, fetched, epoch: number, mint } = finished;
    let reader = Context::new(&**chain, cast.requester.insecure_clone(), store.clone());
    let shown = all_epochs(&reader, *number).await?;
    let credit = credits::show(&reader, &cast.requester.pubkey()).await?;
    let details = job::show(&reader, &ordered.address).await?;
    let mut nodes = Vec::new();
    for operator in &cast.operators {
        let node = address::node(&operator.identity.pubkey());
        let part = shown.nodes.iter().find(|part| part.node == node.to_string());
        let balance =
            account::token_balance(&**chain, &address::associated_token(&operator.wallet.pubkey(), mint)).await?;
        let payout = part.and_then(|part| part.payout_render_base_units).unwrap_or(0);
        anyhow::ensure!(balance == payout, "{} was paid {balance}, but is owed {payout}", operator.name);
        let work = part.map_or(0, |part| part.work_credit_units.render);
        let state = account::node(&**chain, &operator.identity.pubkey()).await?.context("a node is gone")?;
        println!(
            "  {:<4} N = {:<12} paid {:<18} leases {} accepted, reputation {:.2} %",
            operator.name,
            Usd(work).to_string(),
            render(payout),
            state.leases_accepted,
            f64::from(state.reputation >> 16) / 100.0
        );
        nodes.push(NodeRow {
            operator: operator.name.to_owned(),
            node: node.to_string(),
            stake_render_base_units: state.stake,
            leases_accepted: state.leases_accepted,
            work_credit_units: work,
            payout_render_base_units: payout,
            reputation_bps: state.reputation >> 16,
        });
    }
    let disputes = chain.disputes();
    check_disputes(&disputes, cast)?;
    let report = Report {
        network: if arguments.validator { "validator" } else { "embedded" },
        seed: arguments.seed,
        order: serde_json::to_value(ordered)?,
        job: serde_json::to_value(&details)?,
        credits: serde_json::to_value(&credit)?,
        picture: serde_json::to_value(fetched)?,
        epoch: serde_json::to_value(&shown)?,
        nodes,
        disputes: disputes.rows(),
        transactions: chain.rows(),
    };
    report.write(&arguments.out)?;
    println!(
        "\nRENDER burned {}, emitted by the schedule {}, minted for work {}",
        render(shown.burned_render_base_units),
        render(shown.emission_render_base_units),
        render(report.nodes.iter().map(|node| node.payout_render_base_units).sum())
    );
    println!("picture {}; report {}", fetched.png.display(), arguments.out.join("report.html").display());
    Ok(())
}

/// The story is about a cheat: it must have been caught, by a step that the chain executed, and by nothing else.
fn check_disputes(disputes: &Disputes, cast: &Cast) -> Result<()> {
    let cheats: Vec<&str> = cast.operators.iter().filter(|one| one.cheats.is_some()).map(|one| one.name).collect();
    let rows = disputes.rows();
    anyhow::ensure!(
        rows.iter().any(|row| row.is_by_step && row.taken_render_base_units > 0),
        "the cheat won no lease, so that it was not caught; try another --seed"
    );
    for row in &rows {
        anyhow::ensure!(cheats.contains(&row.loser.as_str()), "{} lost dispute {}", row.loser, row.dispute);
        println!(
            "  {} lost {} of its stake to the dispute over unit {}; {} of it are {}'s finder's fee",
            row.loser,
            render(row.taken_render_base_units),
            row.unit,
            render(row.fee_render_base_units),
            row.winner
        );
    }
    Ok(())
}

/// A fresh blob store of the demo.
pub fn fresh_store(folder: &Path) -> Result<BlobStore> {
    if folder.exists() {
        std::fs::remove_dir_all(folder)?;
    }
    std::fs::create_dir_all(folder)?;
    Ok(BlobStore::open_folder(folder)?)
}
