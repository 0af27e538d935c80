//! The command line, and nothing else.

use crate::{amount::parse_render, settings::Partial};
use clap::{Parser, Subcommand};
use std::path::PathBuf;

/// Renders leases of the market for RENDER.
#[derive(Debug, Parser)]
#[command(name = "render-worker", version, about, max_term_width = 120)]
pub struct Cli {
    /// Folder of the settings file, the identity and the journal [default: ~/.render-worker]
    #[arg(long, global = true, env = "RENDER_WORKER_HOME")]
    pub home: Option<PathBuf>,
    /// Print results as JSON
    #[arg(long, global = true)]
    pub json: bool,
    /// Settings; the same names in the settings file, and as RENDER_WORKER_* variables
    #[command(flatten)]
    pub settings: Partial,
    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Set this machine up as a node: identity, settings, registration; can be repeated
    Init(Init),
    /// Claim, render and be paid, until stopped
    Run(Run),
    /// Show the node, its stake, leases, reputation and last epochs
    Status,
    /// Put RENDER of the wallet at stake
    Stake {
        /// RENDER
        #[arg(value_parser = parse_render)]
        amount: u64,
    },
    /// Start taking RENDER back from the stake
    Unstake {
        /// RENDER
        #[arg(value_parser = parse_render)]
        amount: u64,
    },
    /// Pay out stake whose unbonding is over
    Withdraw,
    /// Claim this node's share of every finalized epoch
    Claim,
    /// Show what the node earned in the last epochs, and why not more
    Earnings(Earnings),
    /// Take no new leases
    Drain {
        /// Take leases again
        #[arg(long)]
        off: bool,
    },
    /// Check everything a node needs, and say how to mend what is missing
    Doctor,
    /// Measure what this machine does in a second: rendering, matrix products, hashing, probes
    Bench(Bench),
}

/// Arguments of `bench`.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Bench {
    /// Measure less of the processor, in a few seconds and less exactly
    #[arg(long)]
    pub quick: bool,
}

/// Arguments of `earnings`.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Earnings {
    /// Epochs to show, the latest first
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=100))]
    pub epochs: u16,
    /// Say of everything that did not earn why it did not, and what to do about it
    #[arg(long)]
    pub explain: bool,
}

/// Arguments of `init`.
#[derive(Clone, Debug, clap::Args)]
pub struct Init {
    /// Least credits (10^-6 USD) to work for per million samples
    #[arg(long, default_value_t = 1)]
    pub ask: u64,
    /// Leases that may be held at once, those included whose challenge window runs
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..))]
    pub capacity: u32,
    /// Memory for scenes in MiB [default: this machine's]
    #[arg(long)]
    pub memory_mib: Option<u32>,
    /// Region code of the network's list; 0 for unknown
    #[arg(long, default_value_t = 0)]
    pub region: u16,
    /// SOL that the wallet gives the identity for fees and rents
    #[arg(long, value_parser = parse_sol, value_name = "SOL")]
    pub fund: Option<u64>,
    /// Write the identity and the settings only
    #[arg(long)]
    pub offline: bool,
}

/// Arguments of `run`.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Run {
    /// Stop when no work is left
    #[arg(long)]
    pub once: bool,
    /// Log as JSON, one object per line
    #[arg(long)]
    pub json_logs: bool,
}

/// Lamports of decimal SOL.
fn parse_sol(text: &str) -> Result<u64, String> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(part) || part.len() > 9 {
        return Err(format!("{text:?} is not an amount of SOL; write it like 1 or 0.05"));
    }
    format!("{whole}{part:0<9}").parse().map_err(|_| format!("{text:?} is more SOL than there can be"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn settings_may_stand_before_and_after_the_command() {
        let cli = Cli::try_parse_from(["render-worker", "--queue", "3", "run", "--once", "--threads", "2"]).unwrap();
        assert_eq!((cli.settings.queue, cli.settings.threads), (Some(3), Some(2)));
        assert!(matches!(cli.command, Command::Run(Run { once: true, json_logs: false })));
    }

    #[test]
    fn amounts_are_read_exactly() {
        let cli = Cli::try_parse_from(["render-worker", "stake", "100.00000001"]).unwrap();
        assert!(matches!(cli.command, Command::Stake { amount: 10_000_000_001 }));
        assert!(Cli::try_parse_from(["render-worker", "stake", "0.000000001"]).is_err());
        assert_eq!(parse_sol("0.05"), Ok(50_000_000));
        assert!(parse_sol("0.0000000001").is_err());
    }
}
