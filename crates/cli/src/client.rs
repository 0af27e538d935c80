//! `client register | show`: external networks whose jobs the market takes (RNP-004, RNP-010).

use clap::{Args, Subcommand};
use render_compute::state::Client;
use render_compute_client::instruction::{self, ClientTerms};
use render_compute_client::manifest::Digest;
use render_compute_client::{Address, account, address};
use serde::Serialize;

use crate::amount::{Render, Usd};
use crate::output::facts;
use crate::{CliError, Context};

/// Commands of compute clients.
#[derive(Debug, Subcommand)]
pub enum ClientCommand {
    /// Admits a compute client; signed by the network's authority
    Register(RegisterArguments),
    /// Shows a compute client
    Show {
        /// Its name, up to 16 characters
        name: String,
    },
}

/// A new client.
#[derive(Debug, Args)]
pub struct RegisterArguments {
    /// Its name, up to 16 characters
    name: String,
    /// Key that speaks for it
    #[arg(long, value_name = "ADDRESS")]
    authority: Address,
    /// RENDER token account that its share of rebates is minted to
    #[arg(long, value_name = "ADDRESS")]
    payout: Address,
    /// Its share of its jobs' rebates, in 1/10,000; it can only be lowered later
    #[arg(long, value_name = "BPS", default_value_t = 0, value_parser = clap::value_parser!(u16).range(..=10_000))]
    share_bps: u16,
    /// SHA-256 of what it publishes about itself, in hexadecimal
    #[arg(long, value_name = "DIGEST")]
    metadata: Option<Digest>,
}

pub(crate) async fn run(context: &Context<'_>, command: ClientCommand) -> Result<(), CliError> {
    match command {
        ClientCommand::Register(arguments) => {
            let RegisterArguments { name, authority, payout, share_bps, metadata } = arguments;
            let metadata = metadata.map_or([0; 32], |digest| digest.0);
            let terms = ClientTerms { authority, payout, metadata, share_bps };
            let view = register(context, &name, &terms).await?;
            context.output.show(&view, ClientView::text)
        }
        ClientCommand::Show { name } => context.output.show(&show(context, &name).await?, ClientView::text),
    }
}

/// A client as it stands.
#[derive(Clone, Debug, Serialize)]
pub struct ClientView {
    /// Its name.
    pub name: String,
    /// Its account, which jobs name.
    pub client: String,
    /// Key that speaks for it.
    pub authority: String,
    /// Where its share is minted to.
    pub payout: String,
    /// SHA-256 of what it publishes about itself.
    pub metadata_sha256: String,
    /// Its share of rebates.
    pub share_bps: u16,
    /// Whether jobs may be opened for it.
    pub enabled: bool,
    /// Credits that its jobs spent, as far as their rebates were claimed.
    pub volume_credit_units: u64,
    /// RENDER minted to it.
    pub earned_render_base_units: u64,
}

/// A name as an id.
pub(crate) fn id_of(name: &str) -> Result<[u8; 16], CliError> {
    address::engine_id(name)
        .ok_or_else(|| CliError::usage(format!("NAME: {name:?} is no name of a client; use 1 to 16 ASCII characters")))
}

/// Registers a client.
pub async fn register(context: &Context<'_>, name: &str, terms: &ClientTerms) -> Result<ClientView, CliError> {
    let id = id_of(name)?;
    let authority = context.owner()?;
    let governs = account::network(context.chain).await?.authority;
    if authority != governs {
        return Err(CliError::operation(format!(
            "only the network's authority registers clients; sign with --keypair of {governs}"
        )));
    }
    let register = instruction::client_register(&authority, id, terms);
    context.chain.send(&[register], &[context.wallet()?]).await?;
    show(context, name).await
}

/// Reads a client.
pub async fn show(context: &Context<'_>, name: &str) -> Result<ClientView, CliError> {
    let at = address::client(&id_of(name)?);
    let client = account::find::<Client>(context.chain, &at)
        .await?
        .ok_or_else(|| CliError::operation(format!("NAME: there is no compute client {name:?}")))?;
    Ok(ClientView {
        name: name.to_owned(),
        client: at.to_string(),
        authority: client.authority.to_string(),
        payout: client.payout.to_string(),
        metadata_sha256: Digest(client.metadata).to_string(),
        share_bps: client.share_bps,
        enabled: client.enabled == 1,
        volume_credit_units: client.volume,
        earned_render_base_units: client.earned,
    })
}

impl ClientView {
    fn text(&self) -> String {
        facts(&[
            ("client", format!("{} ({})", self.name, if self.enabled { "enabled" } else { "disabled" })),
            ("account", self.client.clone()),
            ("authority", self.authority.clone()),
            ("payout", self.payout.clone()),
            ("share", format!("{} bps of its jobs' rebates", self.share_bps)),
            ("volume", Usd(self.volume_credit_units).to_string()),
            ("earned", Render(self.earned_render_base_units).to_string()),
            ("metadata", self.metadata_sha256.clone()),
        ])
    }
}
