//! Owns following a job: news wakes it, accounts tell it.

use std::time::Duration;

use render_compute_client::Address;

use super::view::Snapshot;
use super::{JobDetails, Progress};
use crate::{CliError, Context};

/// Looks again this often without news: a lost connection must not look like a job that stands still.
const LOOK_AGAIN: Duration = Duration::from_secs(10);
/// Reads at most this often: a slot passes every 400 ms, and each brings news.
const LEAST_PAUSE: Duration = Duration::from_millis(400);

/// Follows a job until it is done, or over with no lease in a node's hands.
pub async fn watch(context: &Context<'_>, job: &Address) -> Result<JobDetails, CliError> {
    let mut changes = context.chain.changes().await?;
    let first = Snapshot::read(context, job).await?;
    let bar = context.output.bar(first.job.units);
    let mut snapshot = first;
    let mut shown = None;
    loop {
        let details = snapshot.details()?;
        if shown != Some(details.progress) {
            bar.set_position(details.progress.accepted.saturating_add(details.progress.refunded));
            bar.set_message(sentence(&details.progress));
            if !context.output.is_terminal() {
                context.output.note(&sentence(&details.progress));
            }
            shown = Some(details.progress);
        }
        if snapshot.is_over() {
            bar.finish_and_clear();
            return Ok(details);
        }
        tokio::time::sleep(LEAST_PAUSE).await;
        // Whether there was news or only time has passed, the accounts are read again.
        let _ = tokio::time::timeout(LOOK_AGAIN, changes.next()).await;
        snapshot = Snapshot::read(context, job).await?;
    }
}

fn sentence(progress: &Progress) -> String {
    let Progress { waiting, claimed, committed, revealed, accepted, refunded } = progress;
    let mut text = format!(
        "{accepted} accepted, {revealed} in the challenge window, {committed} committed, {claimed} rendering, {waiting} waiting"
    );
    if *refunded > 0 {
        text.push_str(&format!(", {refunded} refunded"));
    }
    text
}
