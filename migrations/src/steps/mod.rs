//! Owns the order of the steps and what they share. Each step's file says when it counts as done.

mod step_001_mint;
mod step_002_network;
mod step_003_engines;
mod step_004_publishers;
mod step_005_epoch;

use std::collections::BTreeMap;

use render_compute_client::account::{self, MarketAccount};
use render_compute_client::chain::Chain;
use render_compute_client::error::ClientError;
use solana_address::Address;
use solana_instruction::Instruction;

use crate::{Config, Keypairs, MigrationError, Outcome, StepReport};

/// How many steps there are.
pub const COUNT: u16 = 5;

/// What a step works on.
pub struct Stage<'a> {
    chain: &'a dyn Chain,
    keypairs: &'a Keypairs,
    config: &'a Config,
    mint: Address,
    number: u16,
    name: &'static str,
}

/// What a step says when it is through.
struct Ending {
    outcome: Outcome,
    addresses: BTreeMap<String, String>,
    detail: String,
}

impl Ending {
    fn new(outcome: Outcome, detail: impl Into<String>) -> Self {
        Self { outcome, addresses: BTreeMap::new(), detail: detail.into() }
    }

    fn with(mut self, name: &str, address: &Address) -> Self {
        self.addresses.insert(name.to_owned(), address.to_string());
        self
    }
}

impl<'a> Stage<'a> {
    /// Before the first step.
    pub fn new(chain: &'a dyn Chain, keypairs: &'a Keypairs, config: &'a Config) -> Self {
        Self { chain, keypairs, config, mint: Address::default(), number: 0, name: "" }
    }

    /// The mint, known after step 1.
    pub fn mint(&self) -> Address {
        self.mint
    }

    /// Carries one step out, or finds it done.
    pub async fn carry_out(&mut self, number: u16) -> Result<StepReport, MigrationError> {
        self.number = number;
        self.name = match number {
            1 => "mint",
            2 => "network",
            3 => "engines",
            4 => "publishers",
            _ => "epoch",
        };
        let ending = match number {
            1 => self.mint_step().await?,
            2 => self.network_step().await?,
            3 => self.engines_step().await?,
            4 => self.publishers_step().await?,
            _ => self.epoch_step().await?,
        };
        Ok(StepReport {
            number,
            name: self.name,
            outcome: ending.outcome,
            addresses: ending.addresses,
            detail: ending.detail,
        })
    }

    fn step(&self) -> String {
        format!("{:03} {}", self.number, self.name)
    }

    fn conflict(&self, reason: impl Into<String>) -> MigrationError {
        MigrationError::Conflict { step: self.step(), reason: reason.into() }
    }

    fn failed(&self, source: impl Into<ClientError>) -> MigrationError {
        MigrationError::Chain { step: self.step(), source: Box::new(source.into()) }
    }

    /// An account that may not be there yet.
    async fn present<T: MarketAccount>(&self, address: &Address) -> Result<Option<T>, MigrationError> {
        account::find(self.chain, address).await.map_err(|error| self.failed(error))
    }

    /// Sends as the authority and gives the signature.
    async fn send(&self, instructions: &[Instruction]) -> Result<String, MigrationError> {
        let confirmed =
            self.chain.send(instructions, &[&self.keypairs.authority]).await.map_err(|error| self.failed(error))?;
        Ok(confirmed.signature.to_string())
    }
}
