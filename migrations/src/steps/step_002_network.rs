//! Step 2, the network: its operations account, its parameters, and the default emission schedule.
//!
//! Done when the network account exists.

use market_model::Parameters;
use market_model::parameters::SPECS;
use render_compute::state::Network;
use render_compute_client::address;
use render_compute_client::instruction::{self, NetworkInit};

use super::{Ending, Stage};
use crate::{MigrationError, Outcome};

impl Stage<'_> {
    pub(super) async fn network_step(&mut self) -> Result<Ending, MigrationError> {
        let authority = self.keypairs.authority();
        let network = address::network();
        if let Some(present) = self.present::<Network>(&network).await? {
            let detail = match differences(&present.parameters(), &self.config.parameters).as_slice() {
                [] => format!("governed by {}", present.authority),
                different => format!(
                    "governed by {}; differs from the settings in {}: change it by governance",
                    present.authority,
                    different.join(", ")
                ),
            };
            return Ok(Ending::new(Outcome::DoneBefore, detail)
                .with("network", &network)
                .with("operations", &present.operations));
        }
        let owner = self.config.operations.unwrap_or(authority);
        let operations = address::associated_token(&owner, &self.mint);
        let genesis_at = match self.config.genesis_at {
            Some(moment) => moment,
            None => self.chain.clock().await.map_err(|error| self.failed(error))?.unix_timestamp,
        };
        // Two transactions: together they exceed what one may carry.
        let mut signatures =
            vec![self.send(&[instruction::create_associated_token(&authority, &owner, &self.mint)]).await?];
        let init = instruction::network_init(&NetworkInit {
            authority,
            mint: self.mint,
            operations,
            genesis_at,
            parameters: self.config.parameters,
        });
        signatures.push(self.send(&[init]).await?);
        let detail = format!("governed by {authority}, genesis at {genesis_at}");
        Ok(Ending::new(Outcome::Done { signatures }, detail).with("network", &network).with("operations", &operations))
    }
}

fn differences(present: &Parameters, wanted: &Parameters) -> Vec<String> {
    let pairs = present.values().into_iter().zip(wanted.values());
    SPECS
        .iter()
        .zip(pairs)
        .filter(|(_, (present, wanted))| present != wanted)
        .map(|(spec, (present, wanted))| format!("{} ({present}, not {wanted})", spec.name))
        .collect()
}
