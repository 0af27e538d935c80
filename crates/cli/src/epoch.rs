//! `epoch show`: the pools, the totals, and each node's N_i and payout.

use clap::Subcommand;
use market_model::MarketError;
use market_model::epoch::{availability_claim, claim_share};
use render_compute::constants::{CLASS_COMPUTE, CLASS_RENDER, EPOCH_SHARDS};
use render_compute::state::{EPOCH_FINALIZED, Epoch, EpochShard, MintLimiter, NodeEpoch};
use render_compute_client::{Address, account, address};
use serde::Serialize;

use crate::amount::{Render, Usd};
use crate::output::{facts, table};
use crate::{CliError, Context};

/// Commands of epochs.
#[derive(Debug, Subcommand)]
pub enum EpochCommand {
    /// Shows an epoch's pools and totals, and each node's work and payout
    Show {
        /// Number of the epoch; the latest when not given
        number: Option<u64>,
    },
}

pub(crate) async fn run(context: &Context<'_>, command: EpochCommand) -> Result<(), CliError> {
    let EpochCommand::Show { number } = command;
    context.output.show(&show(context, number).await?, EpochView::text)
}

/// Amounts of an epoch by class.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ByClass {
    /// Of rendering.
    pub render: u64,
    /// Of general compute.
    pub compute: u64,
}

impl From<[u64; 2]> for ByClass {
    fn from(amounts: [u64; 2]) -> Self {
        Self { render: amounts[usize::from(CLASS_RENDER)], compute: amounts[usize::from(CLASS_COMPUTE)] }
    }
}

/// One node's part.
#[derive(Clone, Debug, Serialize)]
pub struct NodePart {
    /// The node account.
    pub node: String,
    /// N_i: credits of accepted work.
    pub work_credit_units: ByClass,
    /// Availability and service points.
    pub points: u64,
    /// What the epoch pays for it; absent until the epoch is finalized.
    pub payout_render_base_units: Option<u64>,
    /// Whether it was minted.
    pub claimed: bool,
}

/// An epoch as it stands.
#[derive(Clone, Debug, Serialize)]
pub struct EpochView {
    /// Its number.
    pub epoch: u64,
    /// `open`, `ended` or `finalized`.
    pub state: &'static str,
    /// Start.
    pub starts_at_unix_seconds: i64,
    /// End.
    pub ends_at_unix_seconds: i64,
    /// Sum of N by class; while it runs, so far.
    pub work_credit_units: ByClass,
    /// RENDER burned for credits.
    pub burned_render_base_units: u64,
    /// Credits bought.
    pub bought_credit_units: u64,
    /// Credits that requesters spent on accepted work, premiums for audits included.
    pub spent_credit_units: u64,
    /// Availability and service points of all nodes.
    pub points: u64,
    /// Nodes that qualified for availability.
    pub qualified_nodes: u64,
    /// Stake of the nodes that have a record.
    pub stake_render_base_units: u64,
    /// RENDER given out again on top of the emission; zero until finalized.
    pub recycled_render_base_units: u64,
    /// Most availability reward of one node; zero until finalized.
    pub availability_cap_render_base_units: u64,
    /// What the mint limiter lets pass now.
    pub mintable_render_base_units: u64,
    /// What the schedule emits; zero until finalized.
    pub emission_render_base_units: u64,
    /// For operations.
    pub operations_pool_render_base_units: u64,
    /// For creators.
    pub creators_pool_render_base_units: u64,
    /// For availability.
    pub availability_pool_render_base_units: u64,
    /// For work, by class.
    pub work_pool_render_base_units: ByClass,
    /// Left for the next epoch.
    pub carry_render_base_units: u64,
    /// Every node with work in it.
    pub nodes: Vec<NodePart>,
}

/// Reads an epoch; the latest without a number.
pub async fn show(context: &Context<'_>, number: Option<u64>) -> Result<EpochView, CliError> {
    let latest = account::network(context.chain).await?.epoch;
    let number = number.unwrap_or(latest);
    let Some(epoch) = account::epoch(context.chain, number).await? else {
        return Err(CliError::operation(match latest {
            0 => "no epoch was opened yet; `render-compute network init` opens the first".to_owned(),
            _ => format!("EPOCH: there is no epoch {number}; the latest is {latest}"),
        }));
    };
    let now = context.chain.clock().await?.unix_timestamp;
    let records = account::node_epochs(context.chain, number).await?;
    // An epoch's own totals are complete once it is finalized; before, the shards know.
    let totals = match epoch.state == EPOCH_FINALIZED {
        true => Totals::of_epoch(&epoch),
        false => totals_so_far(context, number).await?,
    };
    let nodes = records.iter().map(|(_, record)| part(&epoch, record)).collect::<Result<Vec<NodePart>, CliError>>()?;
    Ok(EpochView {
        epoch: number,
        state: match epoch.state {
            EPOCH_FINALIZED => "finalized",
            _ if now >= epoch.ends_at => "ended",
            _ => "open",
        },
        starts_at_unix_seconds: epoch.starts_at,
        ends_at_unix_seconds: epoch.ends_at,
        work_credit_units: totals.work.into(),
        burned_render_base_units: totals.burned,
        bought_credit_units: totals.bought,
        spent_credit_units: totals.spent,
        points: totals.points,
        qualified_nodes: totals.qualified,
        stake_render_base_units: totals.stake,
        recycled_render_base_units: epoch.recycled,
        availability_cap_render_base_units: epoch.availability_cap,
        mintable_render_base_units: mintable(context, now).await?,
        emission_render_base_units: epoch.emission,
        operations_pool_render_base_units: epoch.operations_pool,
        creators_pool_render_base_units: epoch.creators_pool,
        availability_pool_render_base_units: epoch.availability_pool,
        work_pool_render_base_units: epoch.work_pools.into(),
        carry_render_base_units: epoch.carry.iter().fold(0, |sum: u64, carry| sum.saturating_add(*carry)),
        nodes,
    })
}

/// What an epoch counts.
#[derive(Clone, Copy, Debug, Default)]
struct Totals {
    work: [u64; 2],
    burned: u64,
    bought: u64,
    spent: u64,
    points: u64,
    qualified: u64,
    stake: u64,
}

impl Totals {
    fn of_epoch(epoch: &Epoch) -> Self {
        let Epoch { work, burned, bought, spent, availability, qualified, stake, .. } = *epoch;
        Self { work, burned, bought, spent, points: availability, qualified, stake }
    }

    fn add(&mut self, shard: &EpochShard) {
        for (sum, part) in self.work.iter_mut().zip(shard.work) {
            *sum = sum.saturating_add(part);
        }
        let EpochShard { burned, bought, spent, availability, qualified, stake, .. } = *shard;
        for (sum, part) in [
            (&mut self.burned, burned),
            (&mut self.bought, bought),
            (&mut self.spent, spent),
            (&mut self.points, availability),
            (&mut self.qualified, qualified),
            (&mut self.stake, stake),
        ] {
            *sum = sum.saturating_add(part);
        }
    }
}

async fn totals_so_far(context: &Context<'_>, number: u64) -> Result<Totals, CliError> {
    let addresses: Vec<Address> = (0..EPOCH_SHARDS).map(|shard| address::epoch_shard(number, shard)).collect();
    let shards = account::find_all::<EpochShard>(context.chain, &addresses).await?;
    let mut totals = Totals::default();
    for shard in shards.iter().flatten() {
        totals.add(shard);
    }
    Ok(totals)
}

/// What the mint limiter lets pass at `now`.
async fn mintable(context: &Context<'_>, now: i64) -> Result<u64, CliError> {
    let rules = account::network(context.chain).await?.limiter_rules();
    let limiter = account::fetch::<MintLimiter>(context.chain, &address::limiter()).await?;
    limiter.model().room(now, &rules).map_err(|error| CliError::operation(error.message()))
}

/// The same rule that the chain mints by.
fn part(epoch: &Epoch, record: &NodeEpoch) -> Result<NodePart, CliError> {
    let rule = |error: MarketError| CliError::operation(error.message());
    let points = record.availability.saturating_add(record.service_points);
    let payout = match (record.is_claimed, epoch.state == EPOCH_FINALIZED) {
        (1, _) => Some(record.claimed),
        (_, false) => None,
        (_, true) => {
            let Epoch { availability, availability_pool, availability_cap, .. } = *epoch;
            let mut sum =
                availability_claim(points, availability, availability_pool, availability_cap).map_err(rule)?;
            for class in 0..record.work.len() {
                let share =
                    claim_share(record.work[class], epoch.work[class], epoch.work_pools[class]).map_err(rule)?;
                sum = sum.saturating_add(share);
            }
            Some(sum)
        }
    };
    Ok(NodePart {
        node: record.node.to_string(),
        work_credit_units: record.work.into(),
        points,
        payout_render_base_units: payout,
        claimed: record.is_claimed == 1,
    })
}

impl EpochView {
    fn text(&self) -> String {
        let render = |amount| Render(amount).to_string();
        let mut pairs = vec![
            ("epoch", format!("{} ({})", self.epoch, self.state)),
            ("from", self.starts_at_unix_seconds.to_string()),
            ("to", self.ends_at_unix_seconds.to_string()),
            (
                "work",
                format!(
                    "{} render, {} compute",
                    Usd(self.work_credit_units.render),
                    Usd(self.work_credit_units.compute)
                ),
            ),
            ("spent", Usd(self.spent_credit_units).to_string()),
            ("stake", render(self.stake_render_base_units)),
            ("qualified", format!("{} nodes with {} points", self.qualified_nodes, self.points)),
            ("burned", format!("{} for {}", Render(self.burned_render_base_units), Usd(self.bought_credit_units))),
        ];
        if self.state == "finalized" {
            pairs.extend([
                ("emission", render(self.emission_render_base_units)),
                ("recycled", render(self.recycled_render_base_units)),
                ("operations", render(self.operations_pool_render_base_units)),
                ("creators", render(self.creators_pool_render_base_units)),
                (
                    "availability",
                    format!(
                        "{}, at most {} a node",
                        Render(self.availability_pool_render_base_units),
                        Render(self.availability_cap_render_base_units)
                    ),
                ),
                ("render pool", render(self.work_pool_render_base_units.render)),
                ("compute pool", render(self.work_pool_render_base_units.compute)),
                ("carried on", render(self.carry_render_base_units)),
                ("mintable now", render(self.mintable_render_base_units)),
            ]);
        }
        let rows: Vec<[String; 6]> = self
            .nodes
            .iter()
            .map(|node| {
                [
                    node.node.clone(),
                    Usd(node.work_credit_units.render).to_string(),
                    Usd(node.work_credit_units.compute).to_string(),
                    node.points.to_string(),
                    node.payout_render_base_units.map_or("not yet known".to_owned(), render),
                    if node.claimed { "claimed" } else { "" }.to_owned(),
                ]
            })
            .collect();
        format!("{}\n\n{}", facts(&pairs), table(["node", "N render", "N compute", "points", "payout", ""], &rows))
    }
}
