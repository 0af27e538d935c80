//! `market-simulation`: runs the worlds and writes what they showed.

use anyhow::{Context, Result, bail};
use clap::Parser;
use market_model::{Parameters, parameters::SPECS};
use market_simulation::{
    attack,
    report::{Report, Settings, page},
};
use std::{fs, path::PathBuf, process::ExitCode};

/// Runs honest and dishonest populations against the market's rules; writes report.html and report.json
#[derive(Parser)]
struct Arguments {
    /// Weeks of each world; the first 97 have the published demand
    #[arg(long, default_value_t = 156, value_parser = clap::value_parser!(u32).range(2..=3_120))]
    epochs: u32,
    /// Everything random follows from it
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Changes a parameter: name=value
    #[arg(long = "set", value_name = "NAME=VALUE")]
    changes: Vec<String>,
    /// Accepts parameters that the network itself would refuse
    #[arg(long)]
    unchecked: bool,
    /// Does not search what would stop an attack that pays
    #[arg(long)]
    no_search: bool,
    /// Fails when an attack pays
    #[arg(long)]
    strict: bool,
    /// Folder of the report
    #[arg(long, default_value = "target/simulate")]
    out: PathBuf,
}

fn parameters(changes: &[String]) -> Result<Parameters> {
    changes.iter().try_fold(Parameters::DEFAULT, |parameters, change| {
        let (name, value) = change.split_once('=').with_context(|| format!("{change} is not name=value"))?;
        let value = value.replace('_', "").parse().with_context(|| format!("{value} is not a whole number"))?;
        attack::with(&parameters, name, value).with_context(|| {
            let near: Vec<_> = SPECS.iter().map(|spec| spec.name).filter(|other| other.contains(name)).collect();
            format!(
                "there is no parameter {name}; {}",
                if near.is_empty() { "see docs".into() } else { near.join(", ") }
            )
        })
    })
}

fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    let parameters = parameters(&arguments.changes)?;
    if !arguments.unchecked {
        if let Some(error) = parameters.out_of_bounds() {
            bail!("{error}");
        }
        parameters
            .validate()
            .context("the network would refuse these parameters (--unchecked runs them all the same)")?;
    }
    let report = Report::make(&Settings {
        epochs: arguments.epochs as usize,
        seed: arguments.seed,
        parameters,
        changes: arguments.changes,
        searches: !arguments.no_search,
    })?;
    fs::create_dir_all(&arguments.out).with_context(|| format!("{} cannot be made", arguments.out.display()))?;
    for (name, text) in [("report.html", page(&report)), ("report.json", serde_json::to_string_pretty(&report)?)] {
        let path = arguments.out.join(name);
        fs::write(&path, text).with_context(|| format!("{} cannot be written", path.display()))?;
    }
    println!("{}", report.table());
    println!("{}", arguments.out.join("report.html").display());
    Ok(if arguments.strict && report.is_gainful() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
