//! The command line, and nothing else.

use crate::{amount::parse_render, settings::Partial};
use clap::{Parser, Subcommand};
use render_compute_client::region;
use std::{net::IpAddr, path::PathBuf};

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
    /// Measure this machine and have it probed: what passed probes prove earns availability
    Enroll(Enroll),
    /// Announce a time in which the node is away: no probes, no new leases
    Maintenance(Maintenance),
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

/// Arguments of `enroll`.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Enroll {
    /// Compute rating to declare, 10^9 int8 operations a second [default: as measured, less the margin]
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    pub compute: Option<u64>,
    /// Hash rate of one core to declare, 10^3 a second [default: as measured, less the margin]
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    pub clock: Option<u64>,
    /// Public address of this machine that peers measure its bandwidth at, on the port of the setting bandwidth_port
    #[arg(long)]
    pub address: Option<IpAddr>,
    /// Percent to stay below what was measured, so that a warm day fails no probe
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(0..=90))]
    pub margin: u64,
    /// Do not answer a whole probe first to see that it ends in time
    #[arg(long)]
    pub no_rehearsal: bool,
    /// Have the node probed no more
    #[arg(long)]
    pub leave: bool,
}

/// Arguments of `maintenance`.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Maintenance {
    /// Beginning: now+15m, or unix seconds [default: as soon as the notice allows]
    #[arg(long, value_parser = parse_moment)]
    pub from: Option<Moment>,
    /// Length, like 2h or 1h30m
    #[arg(long = "for", value_name = "DURATION", value_parser = parse_duration, required_unless_present = "off")]
    pub length: Option<i64>,
    /// Call announced maintenance off, or end it
    #[arg(long, conflicts_with_all = ["from", "length"])]
    pub off: bool,
}

/// A moment as it is written on a command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// Seconds from now.
    In(i64),
    /// Unix seconds.
    At(i64),
}

impl Moment {
    /// Unix seconds when it is `now`.
    pub fn unix(self, now: i64) -> i64 {
        match self {
            Self::In(seconds) => now.saturating_add(seconds),
            Self::At(at) => at,
        }
    }
}

/// Seconds of text like 2h, 1h30m or 45s.
fn parse_duration(text: &str) -> Result<i64, String> {
    let wrong = || format!("{text:?} is not a time; write it like 2h, 90m or 1d12h");
    let mut seconds = 0_i64;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|letter: char| !letter.is_ascii_digit()).ok_or_else(wrong)?;
        let (number, behind) = rest.split_at(digits);
        let number: i64 = number.parse().map_err(|_| wrong())?;
        let (unit, behind) = behind.split_at_checked(1).ok_or_else(wrong)?;
        let factor = match unit {
            "s" => 1,
            "m" => 60,
            "h" => 3_600,
            "d" => 86_400,
            _ => return Err(wrong()),
        };
        seconds = number.checked_mul(factor).and_then(|part| seconds.checked_add(part)).ok_or_else(wrong)?;
        rest = behind;
    }
    if seconds > 0 { Ok(seconds) } else { Err(wrong()) }
}

/// A moment of text like now+15m, or of unix seconds.
fn parse_moment(text: &str) -> Result<Moment, String> {
    let wrong = || format!("{text:?} is not a moment; write it like now+15m, or as unix seconds");
    match text.strip_prefix("now") {
        Some("") => Ok(Moment::In(0)),
        Some(rest) => {
            let duration = rest.strip_prefix('+').ok_or_else(wrong)?;
            parse_duration(duration).map(Moment::In)
        }
        None => text.parse().map(Moment::At).map_err(|_| wrong()),
    }
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
    /// Where the machine stands, like europe/germany or europe; a number where the network has no name for it
    #[arg(long, default_value = "any", value_parser = region::parse)]
    pub region: u16,
    /// Least reputation of requesters to work for, of 10,000
    #[arg(long, value_name = "BPS", default_value_t = 0, value_parser = clap::value_parser!(u16).range(..=10_000))]
    pub minimum_requester_reputation: u16,
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
    fn times_are_read_exactly_and_nonsense_is_refused() {
        for (text, seconds) in [("45s", 45), ("90m", 5_400), ("2h", 7_200), ("1h30m", 5_400), ("1d12h", 129_600)] {
            assert_eq!(parse_duration(text), Ok(seconds));
        }
        for text in ["", "0s", "2", "h", "-1h", "1x", "1.5h", "9999999999999999999h", "2hé"] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
        assert_eq!(parse_moment("now").map(|moment| moment.unix(7)), Ok(7));
        assert_eq!(parse_moment("now+15m").map(|moment| moment.unix(7)), Ok(907));
        assert_eq!(parse_moment("1767225600").map(|moment| moment.unix(7)), Ok(1_767_225_600));
        for text in ["", "now15m", "now+", "tomorrow", "now-5m"] {
            assert!(parse_moment(text).is_err(), "{text}");
        }
    }

    #[test]
    fn maintenance_needs_a_length_or_to_be_called_off() {
        let parse = |arguments: &[&str]| Cli::try_parse_from([&["render-worker", "maintenance"], arguments].concat());
        assert!(parse(&["--for", "2h"]).is_ok() && parse(&["--from", "now+15m", "--for", "2h"]).is_ok());
        assert!(parse(&["--off"]).is_ok());
        assert!(parse(&[]).is_err() && parse(&["--off", "--for", "2h"]).is_err());
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
