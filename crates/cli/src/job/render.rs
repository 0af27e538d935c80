//! Owns ordering a picture: the options, the upload, and the escrow.

use std::path::PathBuf;

use clap::Args;
use kernels::referee::Statement;
use kernels::render::{Frame, SceneImage};
use market_model::Parameters;
use market_model::price::BandwidthTier;
use market_model::tier::Tier;
use render_compute::constants::CLASS_RENDER;
use render_compute_client::address::RENDER_ENGINE;
use render_compute_client::instruction::{self, JobOrder};
use render_compute_client::manifest::{Digest, Manifest, SceneReference};
use render_compute_client::market::{self, QuoteRequest};
use render_compute_client::{Address, Signer, account, address, region};
use serde::Serialize;

use super::fetch::{FetchOptions, FetchReceipt, check_options, fetch};
use super::order::{Cut, Quote, RenderOrder, at_network_price, cut, quote};
use super::{Source, watch};
use crate::amount::Usd;
use crate::output::facts;
use crate::quote::{bandwidth, tier};
use crate::{CliError, Context};

/// What is ordered.
#[derive(Debug, Args)]
pub struct RenderArguments {
    /// A .glb or .gltf file, or one of the project's own scenes: `cornell`, `still-life`
    #[arg(value_name = "SCENE")]
    scene: String,
    /// Columns of pixels
    #[arg(long, default_value_t = 512)]
    width: u32,
    /// Rows of pixels
    #[arg(long, default_value_t = 512)]
    height: u32,
    /// Samples of each pixel
    #[arg(long, default_value_t = 64)]
    samples: u32,
    /// Edge of a tile in pixels; a tile is the smallest piece of work
    #[arg(long, default_value_t = 32)]
    tile: u32,
    /// Scatterings of a light path at most
    #[arg(long, default_value_t = 8)]
    max_bounces: u32,
    /// Seed of the random numbers: the same order gives the same picture, bit for bit
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Most USD for the whole picture; what a whole number of credits per tile leaves over stays yours
    #[arg(long, value_name = "USD")]
    max_price: Usd,
    /// Tiles in a lease; by default the job is cut into at most 64 leases
    #[arg(long, value_name = "TILES")]
    lease_tiles: Option<u32>,
    /// Seconds a node has for a lease
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    lease_seconds: u32,
    /// Seconds from now during which nodes may take leases
    #[arg(long, value_name = "SECONDS", default_value_t = 86_400)]
    open_seconds: u32,
    /// Least memory of a node's accelerator, MiB
    #[arg(long, value_name = "MIB", default_value_t = 0)]
    min_memory: u32,
    /// Least reputation of a node, of 10,000
    #[arg(long, value_name = "BPS", default_value_t = 0, value_parser = clap::value_parser!(u16).range(..=10_000))]
    min_reputation: u16,
    /// Region whose nodes are preferred: any, an area like europe, a place like europe/germany, or a number
    #[arg(long, value_name = "REGION", default_value = "any", value_parser = region::parse)]
    region: u16,
    /// Nodes of different operators that compute each lease: 1 leaves audits to the lottery, 2 or 3 have every lease audited
    #[arg(long, value_name = "NODES", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=3))]
    replicas: u8,
    /// Tier of service: `economy` or `priority`; without it --hours chooses, else economy
    #[arg(long, value_name = "TIER", value_parser = tier)]
    tier: Option<Tier>,
    /// Hours in which the picture should be done: the cheapest tier that is expected to be in time is taken
    #[arg(long, value_name = "HOURS", conflicts_with = "tier")]
    hours: Option<u32>,
    /// Least bandwidth of the nodes, as peers measured it: `low-1` (any), `low-2`, `medium-1` to `medium-3`, `high-1`, `high-2`, `ultra-high`
    #[arg(long, value_name = "TIER", default_value = "low-1", value_parser = bandwidth)]
    bandwidth: BandwidthTier,
    /// Pays the network's price of the tier; --max-price is then only the most that it may come to
    #[arg(long)]
    at_network_price: bool,
    /// Equirectangular .hdr, .exr or .png that lights the scene instead of the file's own environment
    #[arg(long, value_name = "FILE")]
    environment: Option<PathBuf>,
    /// Stops of brightness for the PNG of --wait
    #[arg(long, value_name = "STOPS", default_value_t = 0.0, allow_hyphen_values = true)]
    exposure: f32,
    /// Waits for the picture and writes it, with the EXR beside it
    #[arg(long, value_name = "OUT.png")]
    wait: Option<PathBuf>,
    /// Does not ask
    #[arg(long, short)]
    yes: bool,
}

/// A job that the chain has opened.
#[derive(Clone, Debug, Serialize)]
pub struct RenderReceipt {
    /// Its account.
    pub job: String,
    /// Its number among the requester's.
    pub number: u64,
    /// The transaction.
    pub signature: String,
    /// SHA-256 of the manifest, its name in the blob store.
    pub manifest_sha256: String,
    /// SHA-256 of the scene image, its name in the blob store.
    pub scene_sha256: String,
    /// Merkle root of the scene image.
    pub scene_root: String,
    /// Bytes of the scene image.
    pub scene_bytes: u64,
    /// Tier of service.
    pub tier: &'static str,
    /// What it comes to.
    #[serde(flatten)]
    pub quote: Quote,
    /// After it no lease can be taken.
    pub deadline_unix_seconds: i64,
    /// What could not be kept of the scene's file.
    pub warnings: Vec<String>,
    /// The picture, when it was waited for.
    pub picture: Option<FetchReceipt>,
    /// The job's address, for callers in the same process.
    #[serde(skip)]
    pub address: Address,
}

pub(super) async fn run(context: &Context<'_>, arguments: RenderArguments) -> Result<(), CliError> {
    let frame = Frame {
        width: arguments.width,
        height: arguments.height,
        tile: arguments.tile,
        samples: arguments.samples,
        max_bounces: arguments.max_bounces,
        seed: arguments.seed,
    };
    let mut order = RenderOrder {
        frame,
        max_price: arguments.max_price,
        lease_tiles: arguments.lease_tiles,
        lease_seconds: arguments.lease_seconds,
        open_seconds: arguments.open_seconds,
        minimum_memory_mib: arguments.min_memory,
        minimum_reputation: arguments.min_reputation,
        region: arguments.region,
        replicas: arguments.replicas,
        tier: arguments.tier.unwrap_or(Tier::Economy),
        bandwidth: arguments.bandwidth,
        at_network_price: arguments.at_network_price,
    };
    let options = FetchOptions { exposure: arguments.exposure, ..FetchOptions::default() };
    // Everything that the caller can mend is checked before a scene is compiled or a network asked. How much of the price goes to
    // audits is the network's to say.
    quote(&order, &Parameters::DEFAULT.audit_rules())?;
    if let Some(out) = &arguments.wait {
        check_options(out, &options)?;
    }
    let spinner = context.output.spinner(format!("importing {}", arguments.scene));
    let source = Source::load(&arguments.scene, arguments.environment.as_deref())?;
    spinner.finish_and_clear();
    for warning in &source.warnings {
        context.output.note(&format!("warning: {warning}"));
    }
    // Said before the network is asked for anything.
    context.wallet()?;
    if let Some(hours) = arguments.hours {
        let cut = cut(&order.frame, order.lease_tiles)?;
        let answer = market::quote(context.chain, &request(&order, &cut, hours, None)).await?;
        context.output.note(&format!("{} tier: {}", answer.chosen.tier, answer.why));
        order.tier = tier(answer.chosen.tier).map_err(CliError::operation)?;
    }
    let price = priced(context, &order).await?.0;
    let question = format!(
        "{} tiles in {} leases for {} ({} each and {} for audits), escrowed until accepted or refunded. Order?",
        price.units,
        price.leases,
        Usd(price.escrow_credit_units),
        Usd(price.price_per_unit_credit_units),
        Usd(price.premium_per_unit_credit_units)
    );
    context.output.confirm(&question, arguments.yes)?;
    let mut receipt = render(context, &source.image, &order).await?;
    receipt.warnings = source.warnings;
    if let Some(out) = &arguments.wait {
        context.output.note(&format!("job {} is open; waiting for the picture", receipt.job));
        watch(context, &receipt.address).await?;
        receipt.picture = Some(fetch(context, &receipt.address, out, &options).await?);
    }
    context.output.show(&receipt, RenderReceipt::text)
}

/// What the order comes to now, and the most credits per tile that it may.
async fn priced(context: &Context<'_>, order: &RenderOrder) -> Result<(Quote, u64), CliError> {
    let network = account::network(context.chain).await?;
    let most = quote(order, &network.parameters().audit_rules())?;
    let stated = most.price_per_unit_credit_units;
    match order.at_network_price {
        true => Ok((at_network_price(order, &most, &network)?, stated)),
        false => Ok((most, stated)),
    }
}

/// What the market is asked to quote for an order.
pub fn request(order: &RenderOrder, cut: &Cut, hours: u32, tier: Option<Tier>) -> QuoteRequest {
    QuoteRequest {
        order: market_model::quote::Order {
            units: cut.units,
            units_per_lease: u64::from(cut.units_per_lease),
            work_per_unit: cut.work_per_unit,
            replicas: order.replicas,
            bandwidth: order.bandwidth,
            has_region: order.region != 0,
        },
        class: CLASS_RENDER,
        minimum_memory_mib: order.minimum_memory_mib,
        minimum_reputation: order.minimum_reputation,
        hours,
        tier,
    }
}

/// Uploads the scene and the manifest, and opens the job.
pub async fn render(context: &Context<'_>, image: &SceneImage, order: &RenderOrder) -> Result<RenderReceipt, CliError> {
    let (mut quote, stated) = priced(context, order).await?;
    let wallet = context.wallet()?;
    let (owner, store) = (wallet.pubkey(), context.store()?);
    let credit = account::credit(context.chain, &owner).await?;
    let available = credit.as_ref().map_or(0, |credit| credit.available);
    if available < quote.escrow_credit_units {
        let missing = Usd(quote.escrow_credit_units - available);
        return Err(CliError::operation(format!(
            "the picture needs {}, and {owner} has {} available; run `render-compute credits buy {}` or lower --max-price",
            Usd(quote.escrow_credit_units),
            Usd(available),
            missing.to_string().trim_end_matches(" USD")
        )));
    }
    let spinner = context.output.spinner("uploading the scene");
    let bytes = image.to_bytes();
    let length = bytes.len() as u64;
    let upload = |error| CliError::operation(format!("the upload: {error}"));
    let blob = store.put(bytes).await.map_err(upload)?;
    let scene = SceneReference { blob, root: Digest(image.root()), bytes: length };
    let manifest = Manifest::render(scene, order.frame);
    let digest = store.put(manifest.canonical()).await.map_err(upload)?;
    spinner.finish_and_clear();

    let nonce = credit.as_ref().map_or(0, |credit| credit.jobs);
    let open = JobOrder {
        manifest: digest.0,
        statement: Statement::of(&order.frame, image).to_bytes(),
        client: Address::default(),
        units: quote.units,
        price_per_unit: stated,
        work_per_unit: quote.work_per_unit,
        units_per_lease: quote.units_per_lease,
        lease_seconds: order.lease_seconds,
        open_seconds: order.open_seconds,
        minimum_memory_mib: order.minimum_memory_mib,
        minimum_reputation: order.minimum_reputation,
        region: order.region,
        replicas: quote.replicas,
        tier: order.tier.into(),
        bandwidth_tier: order.bandwidth.into(),
        at_network_price: u8::from(order.at_network_price),
    };
    // Escrow is never empty, so who gets here has credits and with them a credit account.
    let confirmed =
        context.chain.send(&[instruction::job_open(&owner, &RENDER_ENGINE, nonce, open)], &[wallet]).await?;
    let address = address::job(&owner, nonce);
    let job = super::read(context, &address).await?;
    // What was charged: the network's price may have moved since it was asked.
    quote.price_per_unit_credit_units = job.price_per_unit;
    quote.premium_per_unit_credit_units = job.premium_per_unit;
    quote.escrow_credit_units = job.terms().plan().map_or(quote.escrow_credit_units, |plan| plan.escrow);
    Ok(RenderReceipt {
        job: address.to_string(),
        number: nonce,
        signature: confirmed.signature.to_string(),
        manifest_sha256: digest.to_string(),
        scene_sha256: blob.to_string(),
        scene_root: scene.root.to_string(),
        scene_bytes: length,
        tier: order.tier.name(),
        quote,
        deadline_unix_seconds: job.deadline,
        warnings: Vec::new(),
        picture: None,
        address,
    })
}

impl RenderReceipt {
    fn text(&self) -> String {
        let mut pairs = vec![
            ("job", self.job.clone()),
            ("number", self.number.to_string()),
            ("tier", self.tier.to_owned()),
            ("escrow", Usd(self.quote.escrow_credit_units).to_string()),
            ("tiles", format!("{} in {} leases", self.quote.units, self.quote.leases)),
            (
                "price",
                format!(
                    "{} per tile, {} for audits",
                    Usd(self.quote.price_per_unit_credit_units),
                    Usd(self.quote.premium_per_unit_credit_units)
                ),
            ),
            ("scene", format!("{} bytes, root {}", self.scene_bytes, self.scene_root)),
            ("manifest", self.manifest_sha256.clone()),
            ("signature", self.signature.clone()),
        ];
        match &self.picture {
            Some(picture) => format!("{}\n{}", facts(&pairs), picture.text()),
            None => {
                pairs.push(("next", format!("render-compute job watch {0}, then job fetch {0} OUT.png", self.number)));
                facts(&pairs)
            }
        }
    }
}
