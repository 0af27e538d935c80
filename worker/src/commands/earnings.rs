//! `earnings`: what the node earned, and why not more.

use super::{Context, registered, status::duration};
use crate::{amount, cli};
use render_compute_client::{
    Signer,
    earnings::{self, ClassShare, Earnings, EpochReport, EpochState, Explained},
};
use std::fmt::Write;

pub(super) async fn earnings(context: &Context, arguments: cli::Earnings) -> anyhow::Result<()> {
    let (chain, identity) = (context.chain(), context.identity()?.pubkey());
    registered(&chain, &identity).await?;
    let told = earnings::look(&chain, &identity, usize::from(arguments.epochs)).await?;
    // Who asks for JSON has the reasons too.
    context.print(&describe(&told, arguments.explain), &serde_json::to_value(&told)?);
    Ok(())
}

/// Shares, amounts and, where asked for, reasons.
fn describe(told: &Earnings, explain: bool) -> String {
    let mut text = format!("node {}\n", told.node);
    match (told.price_e8_usd, &told.no_price) {
        (Some(price), _) => push(&mut text, &format!("price        {} USD per RENDER", amount::render(price))),
        (None, Some(reason)) => push(&mut text, &format!("price        none: {reason}")),
        (None, None) => {}
    }
    if told.epochs.is_empty() {
        push(&mut text, "no epoch has been opened yet");
    }
    for epoch in &told.epochs {
        epoch_lines(&mut text, epoch, told.at, explain);
    }
    if explain && !told.latest.is_empty() {
        push(&mut text, "latest outcomes");
        for outcome in &told.latest {
            let ago = duration(told.at.saturating_sub(outcome.at));
            push(
                &mut text,
                &format!("  - {ago} ago: {} (reputation {} after it)", outcome.what, outcome.reputation_bps),
            );
        }
    }
    if explain && !told.now.is_empty() {
        push(&mut text, "now");
        told.now.iter().for_each(|reason| reason_lines(&mut text, reason));
    } else if !explain {
        push(&mut text, "render-worker earnings --explain says why it is not more");
    }
    text.trim_end().to_owned()
}

fn push(text: &mut String, line: &str) {
    // Writing to a string does not fail.
    let _ = writeln!(text, "{line}");
}

fn epoch_lines(text: &mut String, epoch: &EpochReport, now: i64, explain: bool) {
    let usd = epoch.amount_usd_micros.map_or_else(String::new, |micros| format!(" ({} USD)", usd(micros)));
    let state = match epoch.state {
        EpochState::Running => format!("runs for {} more", duration(epoch.ends_at.saturating_sub(now))),
        EpochState::Ended => "ended, not finalized".into(),
        EpochState::Finalized if epoch.is_claimed => format!("claimed {} RENDER{usd}", amount::render(epoch.claimed)),
        EpochState::Finalized => format!("{} RENDER{usd} to claim", amount::render(epoch.amount)),
        EpochState::Absent => "no account".into(),
    };
    push(text, &format!("epoch {:<6} {state}", epoch.number));
    for ClassShare { class, credits, of_credits, share_bps, pool, amount } in &epoch.work {
        let share = match epoch.state {
            EpochState::Finalized => format!(
                " of {of_credits} ({}): {} of {} RENDER",
                percent(*share_bps),
                amount::render(*amount),
                amount::render(*pool)
            ),
            _ => String::new(),
        };
        if *credits > 0 || explain {
            push(text, &format!("  {class:<10} {credits} credits of work{share}"));
        }
    }
    let points = &epoch.availability;
    let probes = points.passed.saturating_add(points.missed);
    if probes > 0 || points.counted > 0 || explain {
        let share = match epoch.state {
            EpochState::Finalized => format!(
                ", {} points of {} ({}): {} of {} RENDER, at most {}",
                points.counted,
                points.of_points,
                percent(points.share_bps),
                amount::render(points.amount),
                amount::render(points.pool),
                amount::render(points.cap)
            ),
            _ => format!(", {} points", points.counted),
        };
        push(text, &format!("  availability {} of {probes} probes passed{share}", points.passed));
    }
    if explain {
        epoch.reasons.iter().for_each(|reason| reason_lines(text, reason));
    }
}

fn reason_lines(text: &mut String, reason: &Explained) {
    push(text, &format!("  - {}", reason.sentence));
    if let Some(remedy) = &reason.remedy {
        push(text, &format!("    {remedy}"));
    }
}

fn percent(bps: u64) -> String {
    format!("{}.{:02} %", bps / 100, bps % 100)
}

fn usd(micros: u64) -> String {
    format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000)
}
