//! `quote`: what a job would cost in each tier, and when it is expected to be done. Sends nothing and needs no key.

use clap::{ArgGroup, Args};
use kernels::render::Frame;
use market_model::price::BandwidthTier;
use market_model::quote::Order;
use market_model::tier::Tier;
use render_compute::constants::{CLASS_COMPUTE, CLASS_RENDER};
use render_compute_client::market::{self, QuoteAnswer, QuoteRequest, TierQuote};
use render_compute_client::region;

use crate::amount::{Price, Render, Usd, parse_decimal};
use crate::job::cut;
use crate::output::{facts, table};
use crate::{CliError, Context};

/// Leases that work without tiles is cut into.
const WORK_LEASES: u64 = 64;

/// What is to be quoted.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("size").required(true).args(["work", "width"]))]
pub struct QuoteArguments {
    /// Work measure of the whole job, for pictures pixels times samples; such as 1200000000 or 1.2e9
    #[arg(long, value_name = "WORK", value_parser = work)]
    work: Option<u64>,
    /// Columns of a picture's pixels, instead of --work; what is in the picture does not change its price
    #[arg(long, requires = "height")]
    width: Option<u32>,
    /// Rows of pixels
    #[arg(long, requires = "width")]
    height: Option<u32>,
    /// Samples of each pixel
    #[arg(long, default_value_t = 64, conflicts_with = "work")]
    samples: u32,
    /// Edge of a tile in pixels
    #[arg(long, default_value_t = 32, conflicts_with = "work")]
    tile: u32,
    /// Hours in which it should be done
    #[arg(long, default_value_t = 24)]
    hours: u32,
    /// The only tier to quote: `economy` or `priority`
    #[arg(long, value_name = "TIER", value_parser = tier)]
    tier: Option<Tier>,
    /// Least bandwidth of the nodes: `low-1` (any), `low-2`, `medium-1` to `medium-3`, `high-1`, `high-2`, `ultra-high`
    #[arg(long, value_name = "TIER", default_value = "low-1", value_parser = bandwidth)]
    bandwidth: BandwidthTier,
    /// Region whose nodes are preferred: any, an area like europe, a place like europe/germany, or a number
    #[arg(long, value_name = "REGION", default_value = "any", value_parser = region::parse)]
    region: u16,
    /// Least memory of a node's accelerator, MiB
    #[arg(long, value_name = "MIB", default_value_t = 0)]
    min_memory: u32,
    /// Least reputation of a node, of 10,000
    #[arg(long, value_name = "BPS", default_value_t = 0, value_parser = clap::value_parser!(u16).range(..=10_000))]
    min_reputation: u16,
    /// Nodes of different operators that compute each lease
    #[arg(long, value_name = "NODES", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=3))]
    replicas: u8,
    /// Quotes general compute instead of rendering
    #[arg(long, requires = "work")]
    compute: bool,
}

/// A tier by its name.
pub fn tier(name: &str) -> Result<Tier, String> {
    let found = Tier::ALL.into_iter().find(|tier| tier.name() == name);
    found.ok_or_else(|| format!("{name:?} is no tier; there are {}", names(Tier::ALL.map(Tier::name))))
}

/// A bandwidth tier by its name.
pub fn bandwidth(name: &str) -> Result<BandwidthTier, String> {
    let found = BandwidthTier::ALL.into_iter().find(|tier| tier.name() == name);
    let all = BandwidthTier::ALL.map(BandwidthTier::name);
    found.ok_or_else(|| format!("{name:?} is no bandwidth tier; there are {}", names(all)))
}

fn names<const N: usize>(names: [&str; N]) -> String {
    names.join(", ")
}

/// A whole number, also as 1.2e9.
pub fn work(text: &str) -> Result<u64, String> {
    let (digits, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let exponent: u32 = exponent.parse().map_err(|_| format!("{text:?}: write a whole number, such as 1.2e9"))?;
    match parse_decimal(digits, exponent.min(20), "work").map_err(|error| error.to_string())? {
        0 => Err("a job has at least one of work".to_owned()),
        work => Ok(work),
    }
}

pub(crate) async fn run(context: &Context<'_>, arguments: QuoteArguments) -> Result<(), CliError> {
    let answer = market::quote(context.chain, &request(&arguments)?).await?;
    context.output.show(&answer, text)
}

fn request(arguments: &QuoteArguments) -> Result<QuoteRequest, CliError> {
    let (units, units_per_lease, work_per_unit) = match (arguments.work, arguments.width, arguments.height) {
        (Some(work), ..) => {
            let units = work.min(WORK_LEASES);
            (units, 1, work.div_ceil(units))
        }
        (None, Some(width), Some(height)) => {
            let (tile, samples) = (arguments.tile, arguments.samples);
            let cut = cut(&Frame { width, height, tile, samples, max_bounces: 8, seed: 0 }, None)?;
            (cut.units, u64::from(cut.units_per_lease), cut.work_per_unit)
        }
        _ => return Err(CliError::usage("give --work, or --width and --height")),
    };
    Ok(QuoteRequest {
        order: Order {
            units,
            units_per_lease,
            work_per_unit,
            replicas: arguments.replicas,
            bandwidth: arguments.bandwidth,
            has_region: arguments.region != 0,
        },
        class: if arguments.compute { CLASS_COMPUTE } else { CLASS_RENDER },
        minimum_memory_mib: arguments.min_memory,
        minimum_reputation: arguments.min_reputation,
        hours: arguments.hours,
        tier: arguments.tier,
    })
}

/// Hours and minutes, rounded up to a minute.
fn duration(seconds: Option<u64>) -> String {
    let Some(seconds) = seconds else { return "unknown".to_owned() };
    let minutes = seconds.div_ceil(60);
    format!("{} h {:02} min", minutes / 60, minutes % 60)
}

fn text(answer: &QuoteAnswer) -> String {
    let head = facts(&[
        ("tier", format!("{}: {}", answer.chosen.tier, answer.why)),
        ("costs", Usd(answer.chosen.credit_units).to_string()),
        (
            "done in",
            format!("{}, wished {}", duration(answer.chosen.expected_seconds), duration(Some(answer.wished_seconds))),
        ),
        ("cut", format!("{} units in {} leases, bandwidth {}", answer.units, answer.leases, answer.bandwidth_tier)),
        ("RENDER at", answer.price_e8_usd.map_or("no acceptable price".to_owned(), |price| Price(price).to_string())),
    ]);
    let row = |quote: &TierQuote| {
        [
            quote.tier.to_owned(),
            Usd(quote.credit_units).to_string(),
            Usd(quote.premium_credit_units).to_string(),
            quote.render_base_units.map_or("unknown".to_owned(), |amount| Render(amount).to_string()),
            format!("{}.{:02} %", quote.price_index_bps / 100, quote.price_index_bps % 100),
            quote.nodes.to_string(),
            duration(quote.expected_seconds),
        ]
    };
    let rows: Vec<[String; 7]> = answer.tiers.iter().map(row).collect();
    format!(
        "{head}\n\n{}",
        table(["tier", "costs", "of it audits", "RENDER", "of base price", "nodes", "done in"], &rows)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_is_a_whole_number_with_or_without_an_exponent() {
        for (text, number) in [("1", 1), ("1200000000", 1_200_000_000), ("1.2e9", 1_200_000_000), ("3E2", 300)] {
            assert_eq!(work(text), Ok(number), "{text}");
        }
        for text in ["", "0", "1.5", "1.25e1", "-1", "1e-3", "e9", "1e99", "ten"] {
            assert!(work(text).is_err(), "{text}");
        }
    }

    #[test]
    fn tiers_are_named_and_an_unknown_name_is_answered_with_all() {
        assert_eq!(tier("priority"), Ok(Tier::Priority));
        assert_eq!(bandwidth("ultra-high"), Ok(BandwidthTier::UltraHigh));
        assert!(tier("gold").expect_err("unknown").ends_with("there are economy, priority"));
        assert!(bandwidth("").is_err());
    }

    #[test]
    fn a_time_is_shown_in_whole_minutes_rounded_up() {
        assert_eq!(duration(Some(3_601)), "1 h 01 min");
        assert_eq!(duration(Some(0)), "0 h 00 min");
        assert_eq!(duration(None), "unknown");
    }
}
