//! `job render | list | show | watch | fetch | cancel | close`.

mod again;
mod end;
mod fetch;
mod order;
mod render;
mod result;
mod source;
mod view;
mod watch;

use std::path::PathBuf;
use std::str::FromStr;

use clap::Subcommand;
use render_compute::state::Job;
use render_compute_client::{Address, account, address};

use crate::{CliError, Context};

pub use again::Again;
pub use end::{CancelReceipt, CloseReceipt, cancel, close};
pub use fetch::{FetchOptions, FetchReceipt, fetch};
pub use order::{Cut, Quote, RenderOrder, at_network_price, cut, quote};
pub use render::{RenderReceipt, render, request};
pub use source::Source;
pub use view::{JobDetails, JobView, LeaseView, Progress, list, show};
pub use watch::watch;

/// Commands of jobs.
#[derive(Debug, Subcommand)]
pub enum JobCommand {
    /// Orders a picture: imports the scene, uploads it, and escrows the credits
    Render(Box<render::RenderArguments>),
    /// Lists jobs; your own unless --all or --requester is given
    List {
        /// Jobs of this wallet
        #[arg(long, value_name = "WALLET", conflicts_with = "all")]
        requester: Option<Address>,
        /// Everybody's jobs
        #[arg(long)]
        all: bool,
    },
    /// Shows a job and its leases
    Show {
        /// Address of the job, or the number of one of your own
        job: JobName,
    },
    /// Follows a job until nothing more happens to it
    Watch {
        /// Address of the job, or the number of one of your own
        job: JobName,
    },
    /// Downloads the results, checks them against the chain, and writes the picture as PNG and EXR
    Fetch {
        /// Address of the job, or the number of one of your own
        job: JobName,
        /// File of the picture; the EXR lies beside it
        #[arg(value_name = "OUT.png")]
        out: PathBuf,
        /// Stops of brightness for the PNG
        #[arg(long, value_name = "STOPS", default_value_t = 0.0, allow_hyphen_values = true)]
        exposure: f32,
        /// Writes what has arrived; missing tiles show a grey pattern
        #[arg(long)]
        partial: bool,
        /// Renders here what a node attested to and did not publish
        #[arg(long)]
        recompute: bool,
    },
    /// Calls a job off and takes back the credits of everything that no node is working on
    Cancel {
        /// Address of the job, or the number of one of your own
        job: JobName,
    },
    /// Takes back the credits and rent of a job that is over
    Close {
        /// Address of the job, or the number of one of your own
        job: JobName,
    },
}

/// How a job is named on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobName {
    /// By its address.
    Address(Address),
    /// By its number among the caller's own, from 0.
    Number(u64),
}

impl FromStr for JobName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(number) = text.parse() {
            return Ok(Self::Number(number));
        }
        let wrong = || format!("{text:?} is neither an address nor a number; see `render-compute job list`");
        Address::from_str(text).map(Self::Address).map_err(|_| wrong())
    }
}

impl JobName {
    /// The job's address.
    pub fn address(self, context: &Context<'_>) -> Result<Address, CliError> {
        match self {
            Self::Address(address) => Ok(address),
            Self::Number(nonce) => Ok(address::job(&context.owner()?, nonce)),
        }
    }
}

pub(crate) async fn run(context: &Context<'_>, command: JobCommand) -> Result<(), CliError> {
    match command {
        JobCommand::Render(arguments) => render::run(context, *arguments).await,
        JobCommand::List { requester, all } => {
            let requester = match (requester, all) {
                (Some(wallet), _) => Some(wallet),
                (None, true) => None,
                (None, false) => Some(context.owner()?),
            };
            context.output.show(&list(context, requester.as_ref()).await?, |jobs| view::text_of_all(jobs))
        }
        JobCommand::Show { job } => {
            let job = job.address(context)?;
            context.output.show(&show(context, &job).await?, JobDetails::text)
        }
        JobCommand::Watch { job } => {
            let job = job.address(context)?;
            context.output.show(&watch(context, &job).await?, JobDetails::text)
        }
        JobCommand::Fetch { job, out, exposure, partial, recompute } => {
            let job = job.address(context)?;
            let receipt = fetch(context, &job, &out, &FetchOptions { exposure, partial, recompute }).await?;
            context.output.show(&receipt, FetchReceipt::text)
        }
        JobCommand::Cancel { job } => {
            let job = job.address(context)?;
            context.output.show(&cancel(context, &job).await?, CancelReceipt::text)
        }
        JobCommand::Close { job } => {
            let job = job.address(context)?;
            context.output.show(&close(context, &job).await?, CloseReceipt::text)
        }
    }
}

/// A job that must be there.
async fn read(context: &Context<'_>, job: &Address) -> Result<Job, CliError> {
    let found = account::find::<Job>(context.chain, job).await?;
    found.ok_or_else(|| {
        CliError::operation(format!(
            "JOB: there is no job at {job}; it was closed, or is another cluster's (see --url)"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_is_named_by_number_or_address() {
        assert_eq!("7".parse(), Ok(JobName::Number(7)));
        let address = Address::new_from_array([9; 32]);
        assert_eq!(address.to_string().parse(), Ok(JobName::Address(address)));
        assert!("seven".parse::<JobName>().is_err());
    }
}
