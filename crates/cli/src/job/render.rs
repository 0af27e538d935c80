//! Owns ordering a picture: what it costs, the upload, and the escrow.

use std::path::PathBuf;

use clap::Args;
use kernels::render::{Frame, SceneImage};
use market_model::job::{JobTerms, MAX_LEASES};
use render_compute_client::address::RENDER_ENGINE;
use render_compute_client::instruction::{self, JobOrder};
use render_compute_client::manifest::{Digest, Manifest, SceneReference};
use render_compute_client::{Address, Signer, account, address};
use serde::Serialize;

use super::fetch::{FetchOptions, FetchReceipt, check_options, fetch};
use super::{Source, watch};
use crate::amount::Usd;
use crate::output::facts;
use crate::{CliError, Context};

/// Leases that a job is cut into unless the caller says otherwise: enough for many nodes, few enough that transactions cost
/// little beside the work.
const USUAL_LEASES: u64 = 64;

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
    /// Region whose nodes are preferred; 0 for any
    #[arg(long, value_name = "CODE", default_value_t = 0)]
    region: u16,
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

/// An order for one picture of a scene.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RenderOrder {
    /// The picture.
    pub frame: Frame,
    /// Most credits for all of it.
    pub max_price: Usd,
    /// Tiles in a lease; `None` for the usual cut.
    pub lease_tiles: Option<u32>,
    /// Seconds a node has for a lease.
    pub lease_seconds: u32,
    /// Seconds during which leases may be taken.
    pub open_seconds: u32,
    /// Least accelerator memory, MiB.
    pub minimum_memory_mib: u32,
    /// Least reputation, basis points.
    pub minimum_reputation: u16,
    /// Preferred region; 0 for any.
    pub region: u16,
}

impl RenderOrder {
    /// An order that any node may work on, with the command line's usual times.
    pub fn new(frame: Frame, max_price: Usd) -> Self {
        Self {
            frame,
            max_price,
            lease_tiles: None,
            lease_seconds: 600,
            open_seconds: 86_400,
            minimum_memory_mib: 0,
            minimum_reputation: 0,
            region: 0,
        }
    }
}

/// What an order comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Quote {
    /// Tiles.
    pub units: u64,
    /// Leases.
    pub leases: u64,
    /// Tiles in a lease.
    pub units_per_lease: u32,
    /// Work measure of a tile: its pixels times the samples.
    pub work_per_unit: u64,
    /// For each tile.
    pub price_per_unit_credit_units: u64,
    /// Escrowed for all of them.
    pub escrow_credit_units: u64,
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
    let order = RenderOrder {
        frame,
        max_price: arguments.max_price,
        lease_tiles: arguments.lease_tiles,
        lease_seconds: arguments.lease_seconds,
        open_seconds: arguments.open_seconds,
        minimum_memory_mib: arguments.min_memory,
        minimum_reputation: arguments.min_reputation,
        region: arguments.region,
    };
    let options = FetchOptions { exposure: arguments.exposure, partial: false };
    // Everything that the caller can mend is checked before a scene is compiled or a network asked.
    let price = quote(&order)?;
    if let Some(out) = &arguments.wait {
        check_options(out, &options)?;
    }
    let spinner = context.output.spinner(format!("importing {}", arguments.scene));
    let source = Source::load(&arguments.scene, arguments.environment.as_deref())?;
    spinner.finish_and_clear();
    for warning in &source.warnings {
        context.output.note(&format!("warning: {warning}"));
    }
    let question = format!(
        "{} tiles in {} leases for {} ({} each), escrowed until accepted or refunded. Order?",
        price.units,
        price.leases,
        Usd(price.escrow_credit_units),
        Usd(price.price_per_unit_credit_units)
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

/// What an order comes to; refuses what the market would refuse, by the name of the option.
pub fn quote(order: &RenderOrder) -> Result<Quote, CliError> {
    order
        .frame
        .validate()
        .map_err(|error| CliError::usage(format!("--{}: {}", error.field.replace('_', "-"), error.reason)))?;
    let units = order.frame.units();
    let usual = u32::try_from(units.div_ceil(USUAL_LEASES)).unwrap_or(u32::MAX);
    let units_per_lease = order.lease_tiles.unwrap_or(usual);
    if units_per_lease == 0 {
        return Err(CliError::usage("--lease-tiles: a lease has at least one tile"));
    }
    let leases = units.div_ceil(u64::from(units_per_lease));
    if leases > MAX_LEASES {
        return Err(CliError::usage(format!(
            "--lease-tiles: {units} tiles would make {leases} leases, a job has at most {MAX_LEASES}; give at least {}",
            units.div_ceil(MAX_LEASES)
        )));
    }
    let price_per_unit = order.max_price.0.checked_div(units).unwrap_or(0);
    if price_per_unit == 0 {
        return Err(CliError::usage(format!(
            "--max-price: {} is less than 0.000001 USD for each of the {units} tiles; raise it, or enlarge --tile",
            order.max_price
        )));
    }
    let terms = JobTerms { units, units_per_lease: u64::from(units_per_lease), price_per_unit };
    let plan = terms.plan().map_err(|error| CliError::usage(format!("--max-price: {error}")))?;
    Ok(Quote {
        units,
        leases: plan.leases,
        units_per_lease,
        // The first tile is the largest: the edges may cut others.
        work_per_unit: order.frame.unit_work(0),
        price_per_unit_credit_units: price_per_unit,
        escrow_credit_units: plan.escrow,
    })
}

/// Uploads the scene and the manifest, and opens the job.
pub async fn render(context: &Context<'_>, image: &SceneImage, order: &RenderOrder) -> Result<RenderReceipt, CliError> {
    let quote = quote(order)?;
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
        client: Address::default(),
        units: quote.units,
        price_per_unit: quote.price_per_unit_credit_units,
        work_per_unit: quote.work_per_unit,
        units_per_lease: quote.units_per_lease,
        lease_seconds: order.lease_seconds,
        open_seconds: order.open_seconds,
        minimum_memory_mib: order.minimum_memory_mib,
        minimum_reputation: order.minimum_reputation,
        region: order.region,
    };
    // Escrow is never empty, so who gets here has credits and with them a credit account.
    let confirmed =
        context.chain.send(&[instruction::job_open(&owner, &RENDER_ENGINE, nonce, open)], &[wallet]).await?;
    let address = address::job(&owner, nonce);
    let job = super::read(context, &address).await?;
    Ok(RenderReceipt {
        job: address.to_string(),
        number: nonce,
        signature: confirmed.signature.to_string(),
        manifest_sha256: digest.to_string(),
        scene_sha256: blob.to_string(),
        scene_root: scene.root.to_string(),
        scene_bytes: length,
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
            ("escrow", Usd(self.quote.escrow_credit_units).to_string()),
            ("tiles", format!("{} in {} leases", self.quote.units, self.quote.leases)),
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

#[cfg(test)]
mod tests {
    use super::*;

    fn order(width: u32, tile: u32, max_price: u64) -> RenderOrder {
        RenderOrder::new(Frame { width, height: width, tile, samples: 4, max_bounces: 4, seed: 0 }, Usd(max_price))
    }

    #[test]
    fn the_escrow_never_exceeds_the_stated_price() {
        let quote = quote(&order(100, 32, 1_000_003)).expect("valid");
        assert_eq!((quote.units, quote.price_per_unit_credit_units), (16, 62_500));
        assert_eq!(quote.escrow_credit_units, 1_000_000);
        assert_eq!(quote.work_per_unit, 32 * 32 * 4);
    }

    #[test]
    fn a_large_job_is_cut_into_at_most_the_usual_leases() {
        let quote = quote(&order(4096, 32, 100_000_000)).expect("valid");
        assert_eq!((quote.units, quote.units_per_lease, quote.leases), (16_384, 256, 64));
    }

    #[test]
    fn too_many_leases_are_refused_with_the_least_that_fits() {
        let order = RenderOrder { lease_tiles: Some(1), ..order(4096, 32, 100_000_000) };
        let message = quote(&order).expect_err("16,384 leases").to_string();
        assert!(message.starts_with("--lease-tiles:") && message.ends_with("give at least 16"), "{message}");
    }

    #[test]
    fn a_price_below_one_credit_per_tile_is_refused() {
        let message = quote(&order(128, 32, 15)).expect_err("15 credits for 16 tiles").to_string();
        assert!(message.starts_with("--max-price: 0.000015 USD is less than"), "{message}");
    }

    #[test]
    fn a_frame_is_refused_by_the_name_of_its_option() {
        let mut order = order(128, 32, 1_000_000);
        order.frame.max_bounces = 65;
        assert_eq!(quote(&order).expect_err("65").to_string(), "--max-bounces: 65 is outside 0..=64");
    }
}
