//! Owns what a proposal is made of on the command line, and refuses before sending what the chain would refuse.

use std::str::FromStr;

use clap::Args;
use market_model::MarketError;
use market_model::emission::{YearChange, YearSplit};
use market_model::governance::{ParameterChange, change_parameters};
use market_model::parameters::{Parameters, position};
use render_compute::constants::{LINK_BYTES, PAUSE_CREDITS, PAUSE_JOBS, PAUSE_LEASES, PAUSE_STAKES, TITLE_BYTES};
use render_compute::state::{Network, Schedule};
use render_compute_client::instruction::{self, Action, Proposing};
use render_compute_client::{Address, account};

use super::{ProposalView, send, show};
use crate::amount::Render;
use crate::{CliError, Context};

/// What is asked.
#[derive(Debug, Args)]
pub struct ProposeArguments {
    /// A parameter's new value, in the parameter's unit; up to eight, see `network parameters`
    #[arg(long, value_name = "NAME=VALUE", group = "action")]
    pub set: Vec<Setting>,
    /// A schedule year's RENDER, and its shares of operations and creators in 1/10,000 where they change; up to eight
    #[arg(long, value_name = "YEAR=RENDER[:BPS:BPS]", group = "action")]
    pub year: Vec<YearSetting>,
    /// The areas that shall be paused, and no others: credits, jobs, leases, stakes, or none
    #[arg(long, value_name = "AREAS", group = "action")]
    pub pause: Option<Areas>,
    /// The key that shall be the network's guardian
    #[arg(long, value_name = "KEY", group = "action")]
    pub guardian: Option<Address>,
    /// What it is called, at most 64 bytes
    #[arg(long)]
    pub title: String,
    /// Where its reasons stand, at most 96 bytes
    #[arg(long)]
    pub link: Option<String>,
    /// Skips the initial vote and needs the higher quorum
    #[arg(long)]
    pub emergency: bool,
}

/// A parameter and its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setting(pub ParameterChange);

impl FromStr for Setting {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, value) = text.split_once('=').ok_or("write NAME=VALUE")?;
        let Some(index) = position(name).and_then(|index| u64::try_from(index).ok()) else {
            return Err(format!("there is no parameter {name:?}; see `render-compute network parameters`"));
        };
        let value = value.parse().map_err(|_| format!("{value:?} is not a whole number"))?;
        Ok(Self(ParameterChange { index, value }))
    }
}

/// A year, what it emits, and its shares where they change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct YearSetting {
    year: u8,
    amount: Render,
    shares: Option<(u16, u16)>,
}

impl FromStr for YearSetting {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (year, rest) = text.split_once('=').ok_or("write YEAR=RENDER or YEAR=RENDER:OPERATIONS:CREATORS")?;
        let year = year.parse().map_err(|_| format!("{year:?} is not a year; the schedule has 1 to 60"))?;
        let bps = |text: &str| text.parse().map_err(|_| format!("{text:?} is not a share in 1/10,000"));
        let (amount, shares) = match rest.split(':').collect::<Vec<_>>()[..] {
            [amount] => (amount, None),
            [amount, operations, creators] => (amount, Some((bps(operations)?, bps(creators)?))),
            _ => return Err("write YEAR=RENDER or YEAR=RENDER:OPERATIONS:CREATORS".to_owned()),
        };
        let amount = amount.parse().map_err(|error: crate::amount::AmountError| error.to_string())?;
        Ok(Self { year, amount, shares })
    }
}

/// Areas of the network as pause bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Areas(pub u64);

impl FromStr for Areas {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "none" {
            return Ok(Self(0));
        }
        let mut bits = 0;
        for area in text.split(',') {
            bits |= match area {
                "credits" => PAUSE_CREDITS,
                "jobs" => PAUSE_JOBS,
                "leases" => PAUSE_LEASES,
                "stakes" => PAUSE_STAKES,
                _ => return Err(format!("{area:?} is not an area; name credits, jobs, leases, stakes, or none")),
            };
        }
        Ok(Self(bits))
    }
}

/// Opens a proposal.
pub async fn propose(context: &Context<'_>, arguments: &ProposeArguments) -> Result<ProposalView, CliError> {
    let network = account::network(context.chain).await?;
    let schedule = account::schedule(context.chain).await?;
    let proposing = Proposing {
        proposer: context.owner()?,
        action: action(arguments, &network, &schedule)?,
        is_emergency: arguments.emergency,
        title: padded::<TITLE_BYTES>("--title", &arguments.title)?,
        link: padded::<LINK_BYTES>("--link", arguments.link.as_deref().unwrap_or_default())?,
    };
    send(context, instruction::proposal_open(&network, &proposing)).await?;
    show(context, network.proposals).await
}

fn action(arguments: &ProposeArguments, network: &Network, schedule: &Schedule) -> Result<Action, CliError> {
    let ProposeArguments { set, year, pause, guardian, .. } = arguments;
    match (&set[..], &year[..], pause, guardian) {
        ([_, ..], [], None, None) => parameters(set, network).map(Action::Parameters),
        ([], [_, ..], None, None) => {
            year.iter().map(|setting| change_of(setting, schedule)).collect::<Result<_, _>>().map(Action::Years)
        }
        ([], [], Some(areas), None) => Ok(Action::Pause(areas.0)),
        ([], [], None, Some(key)) => Ok(Action::Authority(*key)),
        _ => Err(CliError::usage("give what shall change: either --set, or --year, or --pause, or --guardian")),
    }
}

/// The changes, refused with the bounds in the reason where one lies outside them.
fn parameters(settings: &[Setting], network: &Network) -> Result<Vec<ParameterChange>, CliError> {
    let changes: Vec<ParameterChange> = settings.iter().map(|setting| setting.0).collect();
    let mut values = network.parameters;
    match change_parameters(&mut values, &changes) {
        Ok(()) => Ok(changes),
        Err(MarketError::ParameterOutOfBounds) => {
            let found = Parameters::from_values(values).out_of_bounds();
            let reason = found.map_or_else(|| MarketError::ParameterOutOfBounds.to_string(), |found| found.to_string());
            Err(CliError::usage(format!("--set: {reason}")))
        }
        Err(error) => Err(CliError::usage(format!("--set: {error}"))),
    }
}

/// A year's change; shares that are not given stay.
fn change_of(setting: &YearSetting, schedule: &Schedule) -> Result<YearChange, CliError> {
    let YearSetting { year, amount, shares } = *setting;
    let index = usize::from(year).checked_sub(1);
    let now = index.and_then(|index| Some((*schedule.operations_bps.get(index)?, *schedule.creators_bps.get(index)?)));
    let now = now.ok_or_else(|| CliError::usage(format!("--year: {}", MarketError::NoSuchYear)))?;
    let (operations_bps, creators_bps) = shares.unwrap_or(now);
    Ok(YearChange { year, amount: amount.0, split: YearSplit { operations_bps, creators_bps } })
}

fn padded<const N: usize>(flag: &str, text: &str) -> Result<[u8; N], CliError> {
    let mut bytes = [0; N];
    match bytes.get_mut(..text.len()) {
        Some(slot) => slot.copy_from_slice(text.as_bytes()),
        None => return Err(CliError::usage(format!("{flag}: it has {} bytes, {N} fit", text.len()))),
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_names_a_parameter_and_a_whole_number() {
        let index = u64::try_from(position("burn_bps").expect("it exists")).expect("small");
        assert_eq!("burn_bps=9000".parse(), Ok(Setting(ParameterChange { index, value: 9_000 })));
        let error = "burn=1".parse::<Setting>().expect_err("unknown");
        assert!(error.contains("network parameters"), "{error}");
        for text in ["burn_bps", "burn_bps=", "burn_bps=1.5", "burn_bps=-1"] {
            assert!(text.parse::<Setting>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_year_is_an_amount_with_or_without_shares() {
        let year = |shares| YearSetting { year: 4, amount: Render(150_000_000), shares };
        assert_eq!("4=1.5".parse(), Ok(year(None)));
        assert_eq!("4=1.5:5000:2500".parse(), Ok(year(Some((5_000, 2_500)))));
        for text in ["4", "4=", "x=1", "4=1:1", "4=1:1:1:1", "4=1:70000:1"] {
            assert!(text.parse::<YearSetting>().is_err(), "{text}");
        }
    }

    #[test]
    fn areas_are_named() {
        assert_eq!("none".parse(), Ok(Areas(0)));
        assert_eq!("jobs,stakes".parse(), Ok(Areas(PAUSE_JOBS | PAUSE_STAKES)));
        assert!("everything".parse::<Areas>().is_err());
    }

    #[test]
    fn text_that_does_not_fit_is_refused() {
        assert_eq!(padded::<4>("--title", "abc"), Ok([b'a', b'b', b'c', 0]));
        assert!(padded::<4>("--title", "abcde").is_err());
    }
}
