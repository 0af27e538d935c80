//! `dispute list | show | watch | open`: a wallet's own way to deny a result, and everybody's way to follow a dispute.

mod open;
mod view;
mod watch;

use clap::Subcommand;
use render_compute::state::{Dispute, Lease};
use render_compute_client::{Address, account, address};

use crate::{CliError, Context};

pub use open::{OpenReceipt, open};
pub use view::{DisputeView, list, show};
pub use watch::watch;

/// Commands of disputes.
#[derive(Debug, Subcommand)]
pub enum DisputeCommand {
    /// Lists the disputes that are not closed
    List,
    /// Shows what is under dispute, what is agreed and denied, and whose turn it is
    Show {
        /// Address of the dispute, or of the lease whose latest dispute is meant
        #[arg(value_name = "LEASE|DISPUTE")]
        dispute: Address,
    },
    /// Follows a dispute until it is settled
    Watch {
        /// Address of the dispute, or of the lease whose latest dispute is meant
        #[arg(value_name = "LEASE|DISPUTE")]
        dispute: Address,
    },
    /// Renders a lease again and, where its node's root is wrong, puts up a bond and proves it on the chain; run it again to go on
    Open {
        /// Address of the lease, as `job show --json` gives it
        lease: Address,
        /// Does not ask, and challenges a root that is right too: that costs the bond
        #[arg(long, short)]
        yes: bool,
    },
}

pub(crate) async fn run(context: &Context<'_>, command: DisputeCommand) -> Result<(), CliError> {
    match command {
        DisputeCommand::List => context.output.show(&list(context).await?, |disputes| view::text_of_all(disputes)),
        DisputeCommand::Show { dispute } => {
            let dispute = find(context, &dispute).await?;
            context.output.show(&show(context, &dispute).await?, DisputeView::text)
        }
        DisputeCommand::Watch { dispute } => {
            let dispute = find(context, &dispute).await?;
            context.output.show(&watch(context, &dispute).await?, DisputeView::text)
        }
        DisputeCommand::Open { lease, yes } => {
            context.output.show(&open(context, &lease, yes).await?, OpenReceipt::text)
        }
    }
}

/// The dispute at an address, or the latest one over the lease there.
async fn find(context: &Context<'_>, key: &Address) -> Result<Address, CliError> {
    if let Ok(Some(_)) = account::find::<Dispute>(context.chain, key).await {
        return Ok(*key);
    }
    if let Ok(Some(lease)) = account::find::<Lease>(context.chain, key).await {
        let latest = lease
            .disputes
            .checked_sub(1)
            .ok_or_else(|| CliError::operation(format!("LEASE|DISPUTE: nobody ever disputed the lease at {key}")))?;
        return Ok(address::dispute(key, latest));
    }
    // Told apart from an unreachable network.
    context.chain.clock().await?;
    Err(CliError::operation(format!(
        "LEASE|DISPUTE: {key} is neither a dispute nor a lease; it was closed, or is another cluster's (see --url); \
         `render-compute dispute list` shows those that are open"
    )))
}

async fn read(context: &Context<'_>, dispute: &Address) -> Result<Dispute, CliError> {
    let found = account::find::<Dispute>(context.chain, dispute).await?;
    found.ok_or_else(|| CliError::operation(format!("the dispute at {dispute} was settled and closed")))
}
