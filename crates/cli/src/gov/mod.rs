//! `gov lock | unlock | locked | propose | list | show | vote | advance | execute | cancel | close`: locked RENDER decides.

mod lock;
mod propose;
mod view;

use clap::{Subcommand, ValueEnum};
use market_model::governance::Stage;
use render_compute::state::{Network, Proposal};
use render_compute_client::chain::Confirmed;
use render_compute_client::{Address, Instruction, account, address, flow, instruction};
use serde::Serialize;

pub use lock::{LockView, lock, locked, unlock};
pub use propose::{ProposeArguments, propose};
pub use view::{ProposalView, list, show};

use crate::amount::Render;
use crate::{CliError, Context};

/// Commands of governance.
#[derive(Debug, Subcommand)]
pub enum GovCommand {
    /// Locks RENDER to vote with
    Lock {
        /// RENDER to lock, such as 250 or 0.5
        #[arg(value_name = "RENDER")]
        amount: Render,
    },
    /// Takes RENDER out of the lock, when no vote counts it any more
    Unlock {
        /// RENDER to take out; all of it when not given
        #[arg(value_name = "RENDER")]
        amount: Option<Render>,
    },
    /// Shows what a wallet has locked, and until when
    Locked {
        /// The wallet; your own when not given
        wallet: Option<Address>,
    },
    /// Asks the holders of RENDER to change something
    Propose(ProposeArguments),
    /// Lists every proposal
    List,
    /// Shows one proposal: what it changes, its votes, and what happens next
    Show {
        /// Its number
        number: u64,
    },
    /// Says yes or no with all that is locked; may be said again while the vote runs
    Vote {
        /// The proposal's number
        number: u64,
        /// What you say
        side: Side,
    },
    /// Counts a vote that has ended, or lets a proposal expire; anyone may
    Advance {
        /// The proposal's number
        number: u64,
    },
    /// Puts an accepted proposal into force after its timelock; anyone may
    Execute {
        /// The proposal's number
        number: u64,
    },
    /// Calls your own proposal off, while the first vote on it runs
    Cancel {
        /// The proposal's number
        number: u64,
    },
    /// Removes a proposal that is over, and the votes on it; the rents go back to who paid them
    Close {
        /// The proposal's number
        number: u64,
    },
}

/// What a vote says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Side {
    /// For it
    Yes,
    /// Against it
    No,
}

pub(crate) async fn run(context: &Context<'_>, command: GovCommand) -> Result<(), CliError> {
    let output = &context.output;
    match command {
        GovCommand::Lock { amount } => output.show(&lock(context, amount).await?, LockView::text),
        GovCommand::Unlock { amount } => output.show(&unlock(context, amount).await?, LockView::text),
        GovCommand::Locked { wallet } => {
            let wallet = wallet.map_or_else(|| context.owner(), Ok)?;
            output.show(&locked(context, &wallet).await?, LockView::text)
        }
        GovCommand::Propose(arguments) => output.show(&propose(context, &arguments).await?, ProposalView::text),
        GovCommand::List => output.show(&list(context).await?, |proposals| view::text_of_all(proposals)),
        GovCommand::Show { number } => output.show(&show(context, number).await?, ProposalView::text),
        GovCommand::Vote { number, side } => output.show(&vote(context, number, side).await?, ProposalView::text),
        GovCommand::Advance { number } => output.show(&advance(context, number).await?, ProposalView::text),
        GovCommand::Execute { number } => output.show(&execute(context, number).await?, ProposalView::text),
        GovCommand::Cancel { number } => output.show(&cancel(context, number).await?, ProposalView::text),
        GovCommand::Close { number } => output.show(&close(context, number).await?, |closed| {
            format!("proposal {} and {} votes on it are closed", closed.number, closed.votes)
        }),
    }
}

/// Says yes or no with all that the wallet has locked.
pub async fn vote(context: &Context<'_>, number: u64, side: Side) -> Result<ProposalView, CliError> {
    let owner = context.owner()?;
    if account::vote_lock(context.chain, &owner).await?.is_none_or(|lock| lock.amount == 0) {
        return Err(CliError::operation(format!(
            "{owner} has no RENDER locked to vote with; lock some with `render-compute gov lock RENDER`"
        )));
    }
    send(context, instruction::proposal_vote(&owner, number, side == Side::Yes)).await?;
    show(context, number).await
}

/// Counts a vote that has ended.
pub async fn advance(context: &Context<'_>, number: u64) -> Result<ProposalView, CliError> {
    let network = account::network(context.chain).await?;
    send(context, instruction::proposal_advance(&network, number)).await?;
    show(context, number).await
}

/// Puts an accepted proposal into force.
pub async fn execute(context: &Context<'_>, number: u64) -> Result<ProposalView, CliError> {
    let network = account::network(context.chain).await?;
    send(context, instruction::proposal_execute(&network, number)).await?;
    show(context, number).await
}

/// Calls an own proposal off.
pub async fn cancel(context: &Context<'_>, number: u64) -> Result<ProposalView, CliError> {
    send(context, instruction::proposal_cancel(&context.owner()?, number)).await?;
    show(context, number).await
}

/// What was removed.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Closed {
    /// The proposal.
    pub number: u64,
    /// Votes removed with it.
    pub votes: usize,
}

/// Removes a proposal that is over, and every vote on it.
pub async fn close(context: &Context<'_>, number: u64) -> Result<Closed, CliError> {
    let proposal = proposal(context, number).await?;
    let votes = account::votes_of(context.chain, &address::proposal(number)).await?;
    let mut instructions: Vec<Instruction> =
        votes.iter().map(|(_, vote)| instruction::vote_close(&vote.wallet, number)).collect();
    instructions.push(instruction::proposal_close(&proposal.proposer, number));
    flow::send_packed(context.chain, &instructions, &[context.wallet()?]).await?;
    Ok(Closed { number, votes: votes.len() })
}

async fn send(context: &Context<'_>, instruction: Instruction) -> Result<Confirmed, CliError> {
    Ok(context.chain.send(&[instruction], &[context.wallet()?]).await?)
}

async fn proposal(context: &Context<'_>, number: u64) -> Result<Proposal, CliError> {
    let found = account::find::<Proposal>(context.chain, &address::proposal(number)).await?;
    found.ok_or_else(|| {
        CliError::operation(format!(
            "NUMBER: there is no proposal {number}, or it was closed; see `render-compute gov list`"
        ))
    })
}

fn stage_name(stage: Stage) -> &'static str {
    match stage {
        Stage::Initial => "initial vote",
        Stage::Final => "final vote",
        Stage::Queued => "accepted",
        Stage::Executed => "executed",
        Stage::Rejected => "rejected",
        Stage::Expired => "expired",
        Stage::Cancelled => "cancelled",
    }
}

/// The wallet's RENDER account.
fn render_of(network: &Network, wallet: &Address) -> Address {
    address::associated_token(wallet, &network.mint)
}
