//! `rebate claim | show`: what requesters have back of the RENDER that their jobs burned.

use clap::{Args, Subcommand};
use market_model::epoch::rebate;
use render_compute::state::{Client, EPOCH_FINALIZED, Epoch, JobEpoch};
use render_compute_client::event::Event;
use render_compute_client::{Address, account, flow};
use serde::Serialize;

use crate::amount::{Render, Usd};
use crate::output::{facts, table};
use crate::{CliError, Context};

/// Commands of rebates.
#[derive(Debug, Subcommand)]
pub enum RebateCommand {
    /// Mints the rebates of finalized epochs to their requester, and closes their records
    Claim(RebateArguments),
    /// Shows what jobs spent in epochs, and the rebate for it
    Show(RebateArguments),
}

/// Whose rebates.
#[derive(Debug, Args)]
pub struct RebateArguments {
    /// The requester; yourself when not given
    owner: Option<Address>,
}

pub(crate) async fn run(context: &Context<'_>, command: RebateCommand) -> Result<(), CliError> {
    let owner = |arguments: RebateArguments| arguments.owner.map_or_else(|| context.owner(), Ok);
    match command {
        RebateCommand::Claim(arguments) => {
            let receipt = claim(context, &owner(arguments)?).await?;
            context.output.show(&receipt, RebateReceipt::text)
        }
        RebateCommand::Show(arguments) => {
            let view = show(context, &owner(arguments)?).await?;
            context.output.show(&view, RebateView::text)
        }
    }
}

/// One job's record of an epoch.
#[derive(Clone, Debug, Serialize)]
pub struct RebatePart {
    /// The job account; it may be closed.
    pub job: String,
    /// The epoch's number.
    pub epoch: u64,
    /// Compute client that has a share; absent when none.
    pub client: Option<String>,
    /// Credits spent on accepted work, premiums for audits included.
    pub spent_credit_units: u64,
    /// What the requester has for it; absent until the epoch is finalized.
    pub requester_render_base_units: Option<u64>,
    /// What the client has for it.
    pub client_render_base_units: Option<u64>,
    /// Whether it was minted.
    pub claimed: bool,
}

/// The rebates of a requester.
#[derive(Clone, Debug, Serialize)]
pub struct RebateView {
    /// The requester.
    pub owner: String,
    /// Every record that was not closed, by epoch.
    pub records: Vec<RebatePart>,
}

/// What was minted.
#[derive(Clone, Debug, Default, Serialize)]
pub struct RebateReceipt {
    /// The transactions.
    pub signatures: Vec<String>,
    /// Records claimed.
    pub records: u64,
    /// RENDER minted to the requester.
    pub requester_render_base_units: u64,
    /// RENDER minted to compute clients.
    pub client_render_base_units: u64,
}

/// Reads a requester's rebates.
pub async fn show(context: &Context<'_>, owner: &Address) -> Result<RebateView, CliError> {
    let mut records = account::job_epochs_of(context.chain, owner).await?;
    records.sort_by_key(|(_, record)| (record.epoch, record.job));
    let most = account::network(context.chain).await?.parameters().client_share_max_bps;
    let mut parts = Vec::new();
    for (_, record) in records {
        let epoch = account::epoch(context.chain, record.epoch).await?;
        let client = account::client(context.chain, &record.client).await?;
        parts.push(part(&record, epoch.as_ref(), client.as_ref(), most)?);
    }
    Ok(RebateView { owner: owner.to_string(), records: parts })
}

/// The same rule that the chain mints by.
fn part(
    record: &JobEpoch,
    epoch: Option<&Epoch>,
    client: Option<&Client>,
    most_bps: u64,
) -> Result<RebatePart, CliError> {
    let finalized = epoch.filter(|epoch| epoch.state == EPOCH_FINALIZED && record.is_claimed == 0);
    let share_bps = client.map_or(0, |client| u64::from(client.share_bps));
    let due = match finalized {
        Some(epoch) => Some(
            rebate(record.spent, epoch.spent, epoch.creators_pool, share_bps, most_bps)
                .map_err(|error| CliError::operation(error.message()))?,
        ),
        None => None,
    };
    Ok(RebatePart {
        job: record.job.to_string(),
        epoch: record.epoch,
        client: (record.client != Address::default()).then(|| record.client.to_string()),
        spent_credit_units: record.spent,
        requester_render_base_units: due.map(|due| due.requester),
        client_render_base_units: due.map(|due| due.client),
        claimed: record.is_claimed == 1,
    })
}

/// Claims every rebate of a requester that can be claimed, and closes the records. Anyone may: the money goes to the requester.
pub async fn claim(context: &Context<'_>, owner: &Address) -> Result<RebateReceipt, CliError> {
    let mut receipt = RebateReceipt::default();
    for (_, record) in account::job_epochs_of(context.chain, owner).await? {
        let epoch = account::epoch(context.chain, record.epoch).await?;
        if epoch.is_none_or(|epoch| epoch.state != EPOCH_FINALIZED) {
            continue;
        }
        for confirmed in flow::claim_rebate(context.chain, context.wallet()?, &record.job, record.epoch).await? {
            receipt.signatures.push(confirmed.signature.to_string());
            for event in &confirmed.events {
                if let Event::RebateClaimed(claimed) = event {
                    receipt.records = receipt.records.saturating_add(1);
                    let sum = &mut receipt.requester_render_base_units;
                    *sum = sum.saturating_add(claimed.amount);
                    let sum = &mut receipt.client_render_base_units;
                    *sum = sum.saturating_add(claimed.client_amount);
                }
            }
        }
    }
    Ok(receipt)
}

impl RebateView {
    fn text(&self) -> String {
        let render =
            |amount: Option<u64>| amount.map_or("not yet known".to_owned(), |amount| Render(amount).to_string());
        let rows: Vec<[String; 6]> = self
            .records
            .iter()
            .map(|part| {
                [
                    part.epoch.to_string(),
                    part.job.clone(),
                    Usd(part.spent_credit_units).to_string(),
                    if part.claimed { "minted".to_owned() } else { render(part.requester_render_base_units) },
                    part.client.clone().unwrap_or_default(),
                    match part.client {
                        Some(_) if !part.claimed => render(part.client_render_base_units),
                        _ => String::new(),
                    },
                ]
            })
            .collect();
        let heading = facts(&[("requester", self.owner.clone())]);
        format!("{heading}\n\n{}", table(["epoch", "job", "spent", "rebate", "client", "client's share"], &rows))
    }
}

impl RebateReceipt {
    fn text(&self) -> String {
        facts(&[
            ("claimed", format!("{} records", self.records)),
            ("requester", Render(self.requester_render_base_units).to_string()),
            ("clients", Render(self.client_render_base_units).to_string()),
        ])
    }
}
