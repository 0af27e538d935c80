//! Owns the end of a job: taking credits back from what nobody works on, and rent from what is over.

use market_model::lease::LeaseState;
use render_compute::state::{JOB_DONE, JOB_OPEN, Lease};
use render_compute_client::chain::Confirmed;
use render_compute_client::{Address, Instruction, address, flow, instruction};
use serde::Serialize;

use super::view::{LeaseStanding, Snapshot};
use crate::amount::Usd;
use crate::output::facts;
use crate::{CliError, Context};

/// A job that was called off.
#[derive(Clone, Debug, Serialize)]
pub struct CancelReceipt {
    /// The job.
    pub job: String,
    /// Transactions, in order.
    pub signatures: Vec<String>,
    /// Leases whose credits came back.
    pub leases_released: u32,
    /// Leases that nodes still work on; they are paid when finished.
    pub leases_in_flight: u32,
    /// Credits that came back.
    pub refund_credit_units: u64,
    /// Credits still held for what is in flight.
    pub escrow_credit_units: u64,
}

/// A job whose accounts are gone.
#[derive(Clone, Debug, Serialize)]
pub struct CloseReceipt {
    /// The job.
    pub job: String,
    /// Transactions, in order.
    pub signatures: Vec<String>,
    /// Credits that came back by closing.
    pub refund_credit_units: u64,
    /// Credits that its accepted units cost.
    pub spent_credit_units: u64,
    /// Lease accounts removed; their rent went back to the nodes that paid it.
    pub leases_closed: u32,
}

/// Calls a job off, and takes back the credits of every lease that no node holds.
pub async fn cancel(context: &Context<'_>, job: &Address) -> Result<CancelReceipt, CliError> {
    let before = Snapshot::read(context, job).await?;
    let requester = context.owner()?;
    if before.job.requester != requester {
        return Err(CliError::operation(format!(
            "only {} can cancel this job, not {requester}; sign with its --keypair",
            before.job.requester
        )));
    }
    if before.job.status == JOB_DONE {
        return Err(CliError::operation("the job is done: there is nothing left to cancel; fetch the picture"));
    }
    let mut signatures = Vec::new();
    if before.job.status == JOB_OPEN {
        let cancel = instruction::job_cancel(&requester, job);
        signatures.push(context.chain.send(&[cancel], &[context.wallet()?]).await?.signature.to_string());
    }
    take_back(context, job, &mut signatures).await?;
    let after = Snapshot::read(context, job).await?;
    let refunded = |snapshot: &Snapshot| snapshot.each().filter(|(_, _, standing)| standing.is_refunded()).count();
    let in_flight = after.each().filter(|(_, _, standing)| standing.is_held()).count();
    Ok(CancelReceipt {
        job: job.to_string(),
        signatures,
        leases_released: refunded(&after).saturating_sub(refunded(&before)) as u32,
        leases_in_flight: in_flight as u32,
        refund_credit_units: after.job.refunded.saturating_sub(before.job.refunded),
        escrow_credit_units: after.job.escrow,
    })
}

/// Takes back what is left of a job that is over, and removes its accounts.
pub async fn close(context: &Context<'_>, job: &Address) -> Result<CloseReceipt, CliError> {
    let before = Snapshot::read(context, job).await?;
    if before.job.status == JOB_OPEN && before.now <= before.job.deadline {
        return Err(CliError::operation(format!(
            "the job is open for {} more seconds; cancel it first with `render-compute job cancel`",
            before.job.deadline - before.now
        )));
    }
    let mut signatures = Vec::new();
    take_back(context, job, &mut signatures).await?;
    let after = Snapshot::read(context, job).await?;
    if after.job.status != JOB_DONE {
        let held = after.each().filter(|(_, _, standing)| standing.is_held()).count();
        return Err(CliError::operation(format!(
            "nodes still hold {held} of the job's leases; close it when they are accepted or their deadlines have passed"
        )));
    }
    signatures.extend(signatures_of(&flow::close_job(context.chain, context.wallet()?, job).await?));
    let leases: Vec<Instruction> = after.leases.iter().flatten().map(instruction::lease_close).collect();
    let closed = leases.len() as u32;
    let sent = flow::send_packed(context.chain, &leases, &[context.wallet()?]).await?;
    signatures.extend(signatures_of(&sent));
    Ok(CloseReceipt {
        job: job.to_string(),
        signatures,
        refund_credit_units: after.job.refunded.saturating_sub(before.job.refunded),
        spent_credit_units: after.job.spent,
        leases_closed: closed,
    })
}

/// Marks the deadlines that nodes have missed and releases what nobody holds.
async fn take_back(context: &Context<'_>, job: &Address, signatures: &mut Vec<String>) -> Result<(), CliError> {
    let snapshot = Snapshot::read(context, job).await?;
    let overdue: Vec<u32> = snapshot
        .each()
        .filter(|(_, lease, standing)| lease.is_some_and(|lease| is_abandoned(lease, *standing, snapshot.now)))
        .map(|(index, _, _)| index)
        .collect();
    let wallet = context.wallet()?;
    for index in overdue {
        let lease = address::lease(job, index, 0);
        signatures.extend(signatures_of(&flow::expire(context.chain, wallet, &lease).await?));
    }
    signatures.extend(signatures_of(&flow::release_all(context.chain, wallet, job).await?));
    Ok(())
}

/// A node or its auditors missed a deadline. A revealed lease is never abandoned: anyone can have it accepted; a disputed one has its
/// own deadlines.
fn is_abandoned(lease: &Lease, standing: LeaseStanding, now: i64) -> bool {
    match standing {
        LeaseStanding::Market(LeaseState::Claimed | LeaseState::Committed | LeaseState::Opening) => {
            now > lease.deadline
        }
        // Which deadline was missed, the auditors' accounts say.
        LeaseStanding::Market(LeaseState::Auditing) => true,
        _ => false,
    }
}

fn signatures_of(sent: &[Confirmed]) -> impl Iterator<Item = String> {
    sent.iter().map(|confirmed| confirmed.signature.to_string())
}

impl CancelReceipt {
    pub(super) fn text(&self) -> String {
        let mut pairs = vec![
            ("refunded", format!("{} of {} leases", Usd(self.refund_credit_units), self.leases_released)),
            ("signatures", self.signatures.join(" ")),
        ];
        if self.leases_in_flight > 0 {
            let held = Usd(self.escrow_credit_units);
            pairs.push(("in flight", format!("{} leases, {held} stay escrowed for them", self.leases_in_flight)));
        }
        facts(&pairs)
    }
}

impl CloseReceipt {
    pub(super) fn text(&self) -> String {
        facts(&[
            ("refunded", Usd(self.refund_credit_units).to_string()),
            ("spent", Usd(self.spent_credit_units).to_string()),
            ("signatures", self.signatures.join(" ")),
        ])
    }
}
