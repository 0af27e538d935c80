//! `earnings`: what a machine can expect to earn a day, from what the last epochs paid. Sends nothing and needs no key.

use clap::Args;
use market_model::hardware::{GpuModel, MODELS, find};
use render_compute_client::market::{self, EarningsAnswer, EarningsRequest};

use crate::amount::{Price, Render, Usd};
use crate::output::facts;
use crate::{CliError, Context};

/// Whose earnings.
#[derive(Debug, Args)]
pub struct EarningsArguments {
    /// Model of the accelerator, such as "RTX 4090"
    #[arg(long, value_name = "MODEL", value_parser = model)]
    gpu: &'static GpuModel,
    /// Its compute rating, 10^9 int8 operations a second, as a probe measures it; by default its published score of the reference node's
    #[arg(long, value_name = "RATING")]
    compute_rating: Option<u64>,
    /// Sequential hash rate of a core, 10^3 hashes a second; by default the reference node's
    #[arg(long, value_name = "RATING")]
    clock_rating: Option<u64>,
    /// Bandwidth, Mbit/s; by default the reference node's
    #[arg(long, value_name = "MBIT")]
    bandwidth: Option<u64>,
    /// Takes no rendering
    #[arg(long, conflicts_with = "no_compute")]
    no_render: bool,
    /// Takes no general compute
    #[arg(long)]
    no_compute: bool,
}

fn model(name: &str) -> Result<&'static GpuModel, String> {
    find(name).ok_or_else(|| {
        let names: Vec<&str> = MODELS.iter().map(|model| model.name).collect();
        format!("{name:?} is none of the published models: {}", names.join(", "))
    })
}

pub(crate) async fn run(context: &Context<'_>, arguments: EarningsArguments) -> Result<(), CliError> {
    let request = EarningsRequest {
        model: arguments.gpu,
        compute: arguments.compute_rating,
        clock: arguments.clock_rating,
        bandwidth: arguments.bandwidth,
        serves_render: !arguments.no_render,
        serves_compute: !arguments.no_compute,
    };
    let answer = market::earnings(context.chain, &request).await?;
    context.output.show(&answer, text)
}

fn text(answer: &EarningsAnswer) -> String {
    let unknown = || "unknown".to_owned();
    let day = |amount: u64| format!("{} a day", Render(amount));
    let usd = |amount: Option<u64>| amount.map_or_else(unknown, |amount| Usd(amount).to_string());
    let share = |bps: Option<u64>| bps.map_or_else(unknown, |bps| format!("{}.{:02} %", bps / 100, bps % 100));
    let [render_use, compute_use] = answer.utilisation_bps;
    facts(&[
        ("model", answer.gpu.to_owned()),
        (
            "ratings",
            format!(
                "{} Gop/s, {} MiB, {} khash/s, {} Mbit/s",
                answer.compute_giga_operations_per_second,
                answer.memory_mib,
                answer.clock_kilo_hashes_per_second,
                answer.bandwidth_mbit_per_second
            ),
        ),
        (
            "look back",
            format!("{} epochs, {} seconds, {} nodes now", answer.epochs, answer.epochs_seconds, answer.nodes),
        ),
        ("utilisation", format!("{} render, {} compute", share(render_use), share(compute_use))),
        ("rendering", day(answer.render_work_render_base_units_per_day)),
        ("compute", day(answer.compute_work_render_base_units_per_day)),
        (
            "availability",
            format!("{}, if it is there all the time", day(answer.availability_render_base_units_per_day)),
        ),
        ("together", day(answer.total_render_base_units_per_day)),
        ("in USD", format!("{} a day", usd(answer.total_credit_units_per_day))),
        ("RENDER at", answer.price_e8_usd.map_or("no acceptable price".to_owned(), |price| Price(price).to_string())),
        ("price new", usd(answer.price_us_cents.map(|cents| cents.saturating_mul(10_000)))),
        ("breakeven", answer.days_to_break_even.map_or_else(unknown, |days| format!("{days} days"))),
        (
            "RNP-004",
            format!(
                "180 days need {} a day; its table says {} an hour",
                usd(answer.rnp_004_credit_units_per_day),
                usd(answer.rnp_004_credit_units_per_hour)
            ),
        ),
        ("RNP-019", format!("{} an hour at its multiplier", usd(answer.hour_credit_units))),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_is_named_and_an_unknown_one_answered_with_all() {
        assert_eq!(model("rtx 4090").map(|model| model.name), Ok("RTX 4090"));
        let message = model("Voodoo 2").expect_err("unknown");
        assert!(message.contains("RTX 5090, ") && message.ends_with("T4"), "{message}");
    }
}
