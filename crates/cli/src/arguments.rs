//! Owns the command tree: which commands there are and which function each one is.

use clap::{CommandFactory, Parser, Subcommand};
use clap_complete::Shell;

use crate::client::ClientCommand;
use crate::context::Settings;
use crate::credits::CreditsCommand;
use crate::dispute::DisputeCommand;
use crate::earnings::EarningsArguments;
use crate::epoch::EpochCommand;
use crate::gov::GovCommand;
use crate::job::JobCommand;
use crate::network::NetworkCommand;
use crate::node::NodeCommand;
use crate::oracle::OracleCommand;
use crate::quote::QuoteArguments;
use crate::rebate::RebateCommand;
use crate::reputation::ReputationCommand;
use crate::{
    CliError, Context, client, credits, dispute, earnings, epoch, gov, job, network, node, oracle, quote, rebate,
    reference, reputation,
};

/// Buys credits, orders pictures from the render network, and fetches them
#[derive(Debug, Parser)]
#[command(name = "render-compute", version, propagate_version = true, max_term_width = 120)]
pub struct Arguments {
    #[command(flatten)]
    settings: Settings,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Sets a network up, and shows one
    #[command(subcommand)]
    Network(NetworkCommand),
    /// Buys credits with RENDER, and shows them
    #[command(subcommand)]
    Credits(CreditsCommand),
    /// Reports the price of RENDER
    #[command(subcommand)]
    Oracle(OracleCommand),
    /// Orders pictures, follows the work, and fetches the results
    #[command(subcommand)]
    Job(JobCommand),
    /// Denies a wrong result, and follows how the chain decides who is right
    #[command(subcommand)]
    Dispute(DisputeCommand),
    /// Shows the machines of the network
    #[command(subcommand)]
    Node(NodeCommand),
    /// Says what a job would cost and when it is expected to be done; nothing is sent
    Quote(QuoteArguments),
    /// Says what a machine can expect to earn, from the last epochs
    Earnings(EarningsArguments),
    /// Shows how nodes and requesters stand, and why
    #[command(subcommand)]
    Reputation(ReputationCommand),
    /// Shows what an epoch pays
    #[command(subcommand)]
    Epoch(EpochCommand),
    /// Mints requesters' rebates, and shows them
    #[command(subcommand)]
    Rebate(RebateCommand),
    /// Admits compute clients, and shows them
    #[command(subcommand)]
    Client(ClientCommand),
    /// Locks RENDER, proposes changes of the network's numbers, and votes on them
    #[command(subcommand)]
    Gov(GovCommand),
    /// Prints a shell's completion script
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Prints the reference of all commands as Markdown
    #[command(hide = true)]
    Reference {
        /// The reference of all parameters instead
        #[arg(long)]
        parameters: bool,
    },
}

/// Carries a command line out.
pub fn run(arguments: Arguments) -> Result<(), CliError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| CliError::operation(format!("the runtime cannot start: {error}")))?;
    let output = arguments.settings.output();
    match arguments.command {
        Command::Completions { shell } => output.raw(&completions(shell)),
        Command::Reference { parameters: true } => output.raw(reference::parameters().as_bytes()),
        Command::Reference { parameters: false } => output.raw(reference::reference(&Arguments::command()).as_bytes()),
        command => {
            // Background tasks of the connection need the runtime from the start.
            let _inside = runtime.enter();
            let chain = arguments.settings.chain();
            let context = arguments.settings.context(&chain);
            runtime.block_on(dispatch(&context, command))?;
        }
    }
    Ok(())
}

async fn dispatch(context: &Context<'_>, command: Command) -> Result<(), CliError> {
    match command {
        Command::Network(command) => network::run(context, command).await,
        Command::Credits(command) => credits::run(context, command).await,
        Command::Oracle(command) => oracle::run(context, command).await,
        Command::Job(command) => job::run(context, command).await,
        Command::Dispute(command) => dispute::run(context, command).await,
        Command::Node(command) => node::run(context, command).await,
        Command::Quote(arguments) => quote::run(context, arguments).await,
        Command::Earnings(arguments) => earnings::run(context, arguments).await,
        Command::Reputation(command) => reputation::run(context, command).await,
        Command::Epoch(command) => epoch::run(context, command).await,
        Command::Rebate(command) => rebate::run(context, command).await,
        Command::Client(command) => client::run(context, command).await,
        Command::Gov(command) => gov::run(context, command).await,
        // Printed without a chain, before.
        Command::Completions { .. } | Command::Reference { .. } => Ok(()),
    }
}

fn completions(shell: Shell) -> Vec<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "render-compute", &mut script);
    script
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_tree_has_no_contradictions() {
        Arguments::command().debug_assert();
    }
}
