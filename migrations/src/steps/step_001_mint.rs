//! Step 1, the mint: an existing one is verified; a local one is created, with its faucet filled before the network takes it over.
//!
//! Done when the mint exists with 8 decimals, the network account as its mint authority, and no freeze authority.

use render_compute::state::Network;
use render_compute_client::instruction::MINT_LENGTH;
use render_compute_client::{address, flow};

use super::{Ending, Stage};
use crate::token;
use crate::{MigrationError, MintSource, Outcome};

impl Stage<'_> {
    pub(super) async fn mint_step(&mut self) -> Result<Ending, MigrationError> {
        let authority = self.keypairs.authority();
        let present = self.present::<Network>(&address::network()).await?;
        let wanted = match self.config.mint {
            MintSource::Existing(mint) => mint,
            MintSource::New { .. } => present.as_ref().map_or(token::local_mint(&authority), |network| network.mint),
        };
        if let Some(network) = present.filter(|network| network.mint != wanted) {
            return Err(self.conflict(format!("the network's mint is {}, not {wanted}; correct --mint", network.mint)));
        }
        self.mint = wanted;
        let found = self.chain.account(&wanted).await.map_err(|error| self.failed(error))?;
        let (outcome, detail) = match (found, &self.config.mint) {
            (Some(raw), _) => {
                token::check_mint(&wanted, &raw.owner, &raw.data).map_err(|reason| self.conflict(reason))?;
                (Outcome::DoneBefore, format!("the mint is {wanted}"))
            }
            (None, MintSource::Existing(_)) => {
                return Err(self.conflict(format!("there is no mint {wanted} on this cluster; check --mint and --url")));
            }
            (None, MintSource::New { faucet_render }) => {
                let faucet = faucet_render
                    .checked_mul(market_model::emission::RENDER)
                    .ok_or_else(|| MigrationError::setting("mint.faucet_render", "is more than a mint can hold"))?;
                let lamports = flow::rent_of(self.chain, MINT_LENGTH).await.map_err(|error| self.failed(error))?;
                let signature = self.send(&token::create_mint(&authority, faucet, lamports)).await?;
                let detail = format!("created {wanted} with {faucet_render} RENDER for {authority}");
                (Outcome::Done { signatures: vec![signature] }, detail)
            }
        };
        Ok(Ending::new(outcome, detail).with("mint", &wanted))
    }
}
