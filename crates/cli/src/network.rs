//! `network init | show | parameters | govern`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use market_model::parameters::{DESCRIPTIONS, SPECS};
use migrations::{Config, Keypairs, Ledger, MintSource, Publisher, Report};
use render_compute::constants::{ORACLE_PYTH, PAUSE_CREDITS, PAUSE_JOBS, PAUSE_LEASES, PAUSE_STAKES};
use render_compute_client::{Address, ClientError, account, address, instruction};
use serde::Serialize;

use crate::output::{facts, table};
use crate::{CliError, Context};

/// Commands of the network.
#[derive(Debug, Subcommand)]
pub enum NetworkCommand {
    /// Sets the network up, or continues a set-up: mint, network, engines, publishers, epoch 1
    Init(InitArguments),
    /// Shows who governs, what is paused, and every parameter
    Show,
    /// Shows every parameter with its value, unit, default, bounds and source
    Parameters,
    /// Hands the numbers over to proposals, for good: parameters, schedule and authority then change by votes only
    Govern {
        /// Does not ask
        #[arg(long, short)]
        yes: bool,
    },
}

/// What a set-up decides.
#[derive(Debug, Args)]
pub struct InitArguments {
    /// `local`, `mainnet`, or a parameter file
    #[arg(long, value_name = "NAME|FILE", default_value = "local")]
    parameters: String,
    /// An existing mint instead of the parameter file's
    #[arg(long, value_name = "ADDRESS", conflicts_with = "faucet")]
    mint: Option<Address>,
    /// Whole RENDER of a new, local mint instead of the parameter file's
    #[arg(long, value_name = "RENDER")]
    faucet: Option<u64>,
    /// Key that may report the price, or `authority`; may be given several times, instead of the parameter file's
    #[arg(long, value_name = "KEY")]
    publisher: Vec<Publisher>,
    /// Folder of the ledger; without it nothing is written down
    #[arg(long, value_name = "FOLDER")]
    ledger: Option<PathBuf>,
}

pub(crate) async fn run(context: &Context<'_>, command: NetworkCommand) -> Result<(), CliError> {
    match command {
        NetworkCommand::Init(arguments) => {
            let report = init(context, &arguments).await?;
            context.output.show(&report, |report| {
                let lines: Vec<String> = report.steps.iter().map(ToString::to_string).collect();
                lines.join("\n")
            })
        }
        NetworkCommand::Show => {
            let view = show(context).await?;
            context.output.show(&view, NetworkView::text)
        }
        NetworkCommand::Parameters => {
            let view = show(context).await?;
            context.output.show(&view.parameters, |parameters| text_of_parameters(parameters))
        }
        NetworkCommand::Govern { yes } => {
            context.output.confirm("Hand parameters, schedule and authority over to proposals, for good?", yes)?;
            context.output.show(&govern(context).await?, NetworkView::text)
        }
    }
}

/// Carries the set-up's steps out.
async fn init(context: &Context<'_>, arguments: &InitArguments) -> Result<Report, CliError> {
    let mut config = Config::load(&arguments.parameters)?;
    if let Some(mint) = arguments.mint {
        config.mint = MintSource::Existing(mint);
    }
    if let Some(faucet_render) = arguments.faucet {
        config.mint = MintSource::New { faucet_render };
    }
    if !arguments.publisher.is_empty() {
        config.publishers.clone_from(&arguments.publisher);
    }
    let mut ledger = arguments.ledger.as_deref().map(|folder| Ledger::open(folder, &config.cluster)).transpose()?;
    let keypairs = Keypairs { authority: context.wallet()?.insecure_clone() };
    let spinner = context.output.spinner("setting the network up");
    let mut observer = |step: &migrations::StepReport| {
        spinner.println(step.to_string());
        ledger.as_mut().map_or(Ok(()), |ledger| ledger.record(step))
    };
    let report = migrations::run_observed(context.chain, &keypairs, &config, &mut observer).await;
    spinner.finish_and_clear();
    Ok(report?)
}

/// One parameter in force.
#[derive(Clone, Debug, Serialize)]
pub struct ParameterView {
    /// Its name.
    pub name: &'static str,
    /// Its value.
    pub value: u64,
    /// The unit of the value.
    pub unit: &'static str,
    /// Its value in a new network.
    pub default: u64,
    /// Least value, inclusive.
    pub min: u64,
    /// Largest value, inclusive.
    pub max: u64,
    /// Where the default comes from.
    pub source: &'static str,
    /// What it is.
    pub description: &'static str,
}

/// The network as it stands.
#[derive(Clone, Debug, Serialize)]
pub struct NetworkView {
    /// The network account.
    pub network: String,
    /// The program.
    pub program: String,
    /// Who governs, or guards once proposals govern.
    pub authority: String,
    /// Whether parameters, schedule and authority change by proposals only.
    pub is_governed: bool,
    /// The RENDER mint.
    pub mint: String,
    /// The account that receives the operations share.
    pub operations: String,
    /// `publishers` or `pyth`.
    pub oracle_kind: &'static str,
    /// Where the price is read from.
    pub oracle: String,
    /// Start of epoch 1.
    pub genesis_at_unix_seconds: i64,
    /// The latest epoch.
    pub epoch: u64,
    /// Areas that take nothing new.
    pub paused: Vec<&'static str>,
    /// Everything governance can tune.
    pub parameters: Vec<ParameterView>,
}

/// Reads the network.
pub async fn show(context: &Context<'_>) -> Result<NetworkView, CliError> {
    let network = account::network(context.chain).await.map_err(|error| match error {
        ClientError::NoAccount { .. } => CliError::operation(
            "this cluster has no network; set one up with `render-compute network init`, or check --url",
        ),
        other => other.into(),
    })?;
    let values = network.parameters().values();
    Ok(NetworkView {
        network: address::network().to_string(),
        program: address::PROGRAM.to_string(),
        authority: network.authority.to_string(),
        is_governed: network.governed == 1,
        mint: network.mint.to_string(),
        operations: network.operations.to_string(),
        oracle_kind: if network.oracle_kind == ORACLE_PYTH { "pyth" } else { "publishers" },
        oracle: network.oracle.to_string(),
        genesis_at_unix_seconds: network.genesis_at,
        epoch: network.epoch,
        paused: areas_of(network.paused),
        parameters: SPECS
            .iter()
            .zip(DESCRIPTIONS)
            .zip(values)
            .map(|((spec, description), value)| ParameterView {
                name: spec.name,
                value,
                unit: spec.unit,
                default: spec.default,
                min: spec.min,
                max: spec.max,
                source: spec.source,
                description,
            })
            .collect(),
    })
}

/// Hands the numbers over to proposals.
pub async fn govern(context: &Context<'_>) -> Result<NetworkView, CliError> {
    let instruction = instruction::network_govern(&context.owner()?);
    context.chain.send(&[instruction], &[context.wallet()?]).await?;
    show(context).await
}

/// The areas that pause bits stop.
pub(crate) fn areas_of(bits: u64) -> Vec<&'static str> {
    let areas = [(PAUSE_CREDITS, "credits"), (PAUSE_JOBS, "jobs"), (PAUSE_LEASES, "leases"), (PAUSE_STAKES, "stakes")];
    areas.iter().filter(|(bit, _)| bits & bit != 0).map(|(_, area)| *area).collect()
}

fn text_of_parameters(parameters: &[ParameterView]) -> String {
    let rows: Vec<[String; 6]> = parameters
        .iter()
        .map(|parameter| {
            [
                parameter.name.to_owned(),
                parameter.value.to_string(),
                parameter.default.to_string(),
                format!("{} to {}", parameter.min, parameter.max),
                parameter.unit.to_owned(),
                parameter.source.to_owned(),
            ]
        })
        .collect();
    table(["parameter", "value", "default", "bounds", "unit", "source"], &rows)
}

impl NetworkView {
    fn text(&self) -> String {
        let paused = if self.paused.is_empty() { "nothing".to_owned() } else { self.paused.join(", ") };
        let head = facts(&[
            ("network", self.network.clone()),
            ("program", self.program.clone()),
            ("authority", self.authority.clone()),
            ("governed by", if self.is_governed { "proposals" } else { "the authority" }.to_owned()),
            ("mint", self.mint.clone()),
            ("operations", self.operations.clone()),
            ("oracle", format!("{} ({})", self.oracle, self.oracle_kind)),
            ("genesis", self.genesis_at_unix_seconds.to_string()),
            ("epoch", self.epoch.to_string()),
            ("paused", paused),
        ]);
        let rows: Vec<[String; 3]> = self
            .parameters
            .iter()
            .map(|parameter| [parameter.name.to_owned(), parameter.value.to_string(), parameter.unit.to_owned()])
            .collect();
        format!("{head}\n\n{}", table(["parameter", "value", "unit"], &rows))
    }
}
