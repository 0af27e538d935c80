//! Numbered, idempotent steps that turn a cluster with the deployed program into a network: mint, network, engines, price
//! publishers, first epoch.
//!
//! Every step asks the chain first and does nothing when it is done, so that a set-up that was interrupted is continued by
//! running it again. A step never changes what it finds: after the set-up, changes are governance's. The ledger remembers
//! the transactions and decides nothing.

mod config;
pub mod engine;
mod error;
mod ledger;
mod steps;
mod token;

use std::collections::BTreeMap;

use render_compute_client::chain::Chain;
use serde::Serialize;
use solana_address::Address;
use solana_keypair::Keypair;
use solana_signer::Signer;

pub use config::{Config, MintSource, Publisher};
pub use error::MigrationError;
pub use ledger::Ledger;
pub use token::local_mint;

/// Who signs.
pub struct Keypairs {
    /// The program's upgrade authority: pays, and governs the network that is made.
    pub authority: Keypair,
}

/// What became of a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// Carried out by these transactions.
    Done {
        /// In the order sent.
        signatures: Vec<String>,
    },
    /// Found done on the chain.
    DoneBefore,
    /// Cannot be done yet; running again later continues.
    Waiting,
}

/// One step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StepReport {
    /// Position.
    #[serde(rename = "step")]
    pub number: u16,
    /// Subject.
    pub name: &'static str,
    /// What became of it.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// Accounts it is about, by name.
    pub addresses: BTreeMap<String, String>,
    /// What a person should know, in one sentence.
    pub detail: String,
}

impl std::fmt::Display for StepReport {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let outcome = match &self.outcome {
            Outcome::Done { signatures } => format!("done by {}", signatures.join(", ")),
            Outcome::DoneBefore => "done before".to_owned(),
            Outcome::Waiting => "not yet".to_owned(),
        };
        write!(out, "{:03} {:<11} {outcome}: {}", self.number, self.name, self.detail)
    }
}

/// What a set-up did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The mint.
    #[serde(serialize_with = "as_text")]
    pub mint: Address,
    /// The account that governs everything.
    #[serde(serialize_with = "as_text")]
    pub network: Address,
    /// All steps in order.
    pub steps: Vec<StepReport>,
}

fn as_text<S: serde::Serializer>(address: &Address, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(address)
}

/// Called after each step, before the next one begins.
pub type Observer<'a> = dyn FnMut(&StepReport) -> Result<(), MigrationError> + Send + 'a;

/// Carries all steps out.
pub async fn run(chain: &dyn Chain, keypairs: &Keypairs, config: &Config) -> Result<Report, MigrationError> {
    run_observed(chain, keypairs, config, &mut |_| Ok(())).await
}

/// Carries all steps out and shows each to `observer`, who may be the ledger.
pub async fn run_observed(
    chain: &dyn Chain,
    keypairs: &Keypairs,
    config: &Config,
    observer: &mut Observer<'_>,
) -> Result<Report, MigrationError> {
    config.validate()?;
    let mut stage = steps::Stage::new(chain, keypairs, config);
    let mut reports = Vec::new();
    for number in 1..=steps::COUNT {
        let report = stage.carry_out(number).await?;
        observer(&report)?;
        reports.push(report);
    }
    Ok(Report { mint: stage.mint(), network: render_compute_client::address::network(), steps: reports })
}

impl Keypairs {
    /// The key that pays and governs.
    pub fn authority(&self) -> Address {
        self.authority.pubkey()
    }
}
