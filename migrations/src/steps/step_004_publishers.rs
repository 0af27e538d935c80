//! Step 4, who reports the price of RENDER.
//!
//! Done when the oracle has publishers, whoever they are: later changes are governance's.

use render_compute_client::{account, address, instruction};
use solana_address::Address;

use super::{Ending, Stage};
use crate::{MigrationError, Outcome, Publisher};

impl Stage<'_> {
    pub(super) async fn publishers_step(&mut self) -> Result<Ending, MigrationError> {
        let authority = self.keypairs.authority();
        let oracle = account::oracle(self.chain).await.map_err(|error| self.failed(error))?;
        let ending = |outcome, detail: String| Ending::new(outcome, detail).with("oracle", &address::oracle());
        if oracle.count > 0 {
            return Ok(ending(Outcome::DoneBefore, format!("{} publisher(s)", oracle.count)));
        }
        let keys: Vec<Address> = self
            .config
            .publishers
            .iter()
            .map(|publisher| match publisher {
                Publisher::Authority => authority,
                Publisher::Key(key) => *key,
            })
            .collect();
        if keys.is_empty() {
            let reason = "nobody is named who reports the price; give --publisher KEY or oracle.publishers";
            return Err(MigrationError::setting("oracle.publishers", reason));
        }
        let signatures = vec![self.send(&[instruction::oracle_set_publishers(&authority, &keys)]).await?];
        Ok(ending(Outcome::Done { signatures }, format!("{} publisher(s)", keys.len())))
    }
}
