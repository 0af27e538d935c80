//! Owns following a dispute: what happens is said as it happens, until the loser has paid.

use std::time::Duration;

use market_model::dispute::Stage;
use render_compute_client::chain::Changes;
use render_compute_client::dispute::game_of;
use render_compute_client::event::Event;
use render_compute_client::{Address, account};

use super::view::DisputeView;
use crate::amount::Render;
use crate::{CliError, Context};

/// Looks again this often without news.
const LOOK_AGAIN: Duration = Duration::from_secs(10);
/// Reads at most this often: a slot passes every 400 ms, and each brings news.
const LEAST_PAUSE: Duration = Duration::from_millis(400);

/// Follows a dispute until it is settled.
pub async fn watch(context: &Context<'_>, dispute: &Address) -> Result<DisputeView, CliError> {
    let mut changes = context.chain.changes().await?;
    let mut shown: Option<DisputeView> = None;
    loop {
        let Some(state) = account::find(context.chain, dispute).await? else {
            // Settled and closed between two looks.
            return shown.ok_or_else(|| CliError::operation(format!("the dispute at {dispute} was closed")));
        };
        let view = DisputeView::new(dispute, &state, context.chain.clock().await?.unix_timestamp)?;
        tell(context, shown.as_ref(), &view);
        if game_of(&state).is_ok_and(|game| game.stage == Stage::Settled) {
            return Ok(view);
        }
        shown = Some(view);
        wait(context, &mut changes, dispute).await;
    }
}

/// Says what has changed since the last look.
pub(super) fn tell(context: &Context<'_>, before: Option<&DisputeView>, now: &DisputeView) {
    if before.is_none_or(|before| before.sentence() != now.sentence()) {
        context.output.note(&now.sentence());
    }
}

/// Waits for news, or for a while; says what a settlement moved.
pub(super) async fn wait(context: &Context<'_>, changes: &mut Changes, dispute: &Address) {
    tokio::time::sleep(LEAST_PAUSE).await;
    // Whether there was news or only time has passed, the accounts are read again.
    let Ok(Some(change)) = tokio::time::timeout(LOOK_AGAIN, changes.next()).await else { return };
    for event in &change.events {
        match event {
            Event::DisputeSettled(event) if event.dispute == *dispute => {
                let (taken, fee) = (Render(event.taken), Render(event.fee));
                context.output.note(&format!("{} lost {taken}; {fee} of it go to {}", event.loser, event.winner));
            }
            Event::StepExecuted(event) if event.dispute == *dispute => {
                let outcome = match event.is_fault {
                    0 => format!("state {}…", hex::encode(&event.computed[..8])),
                    _ => "a fault".to_owned(),
                };
                let claimed = hex::encode(&event.claimed[..8]);
                context.output.note(&format!("the chain executed the step: {outcome}, where {claimed}… was claimed"));
            }
            _ => {}
        }
    }
}
