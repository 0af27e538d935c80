//! Step 5, epoch 1, without which nobody can buy credits or be paid.
//!
//! Done when any epoch was opened. Before genesis it has to wait.

use render_compute_client::{account, address, instruction};

use super::{Ending, Stage};
use crate::{MigrationError, Outcome};

impl Stage<'_> {
    pub(super) async fn epoch_step(&mut self) -> Result<Ending, MigrationError> {
        let network = account::network(self.chain).await.map_err(|error| self.failed(error))?;
        let ending = |outcome, detail: String| Ending::new(outcome, detail).with("epoch", &address::epoch(1));
        if network.epoch > 0 {
            return Ok(ending(Outcome::DoneBefore, format!("the latest epoch is {}", network.epoch)));
        }
        let now = self.chain.clock().await.map_err(|error| self.failed(error))?.unix_timestamp;
        if now < network.genesis_at {
            let detail = format!("genesis is in {} seconds; run again then", network.genesis_at.saturating_sub(now));
            return Ok(ending(Outcome::Waiting, detail));
        }
        let signatures = vec![self.send(&[instruction::epoch_open(&self.keypairs.authority(), 1)]).await?];
        let detail =
            format!("open until {}", network.genesis_at.saturating_add_unsigned(network.parameters().epoch_seconds));
        Ok(ending(Outcome::Done { signatures }, detail))
    }
}
