//! Step 3, the engines that a network starts with.
//!
//! Done when every engine is registered, under whatever digest: a newer one is governance's to put in force.

use render_compute::state::Engine;
use render_compute_client::address;
use render_compute_client::instruction::{self, EngineRegister};

use super::{Ending, Stage};
use crate::engine::{ENGINES, EngineEntry};
use crate::{MigrationError, Outcome};

impl Stage<'_> {
    pub(super) async fn engines_step(&mut self) -> Result<Ending, MigrationError> {
        let (mut signatures, mut details) = (Vec::new(), Vec::new());
        for entry in ENGINES {
            let (sent, detail) = self.engine(&entry).await?;
            signatures.extend(sent);
            details.push(detail);
        }
        let outcome = if signatures.is_empty() { Outcome::DoneBefore } else { Outcome::Done { signatures } };
        let ending = Ending::new(outcome, details.join("; "));
        Ok(ENGINES.iter().fold(ending, |ending, entry| ending.with(&entry.name(), &address::engine(&entry.id))))
    }

    /// Registers an engine unless it is; gives the signature, and what there is to say.
    async fn engine(&self, entry: &EngineEntry) -> Result<(Option<String>, String), MigrationError> {
        let (name, digest) = (entry.name(), entry.digest());
        let detail = match self.present::<Engine>(&address::engine(&entry.id)).await? {
            Some(engine) if engine.digest == digest && engine.referee == entry.referee => {
                format!("{name} has digest {} and referee {}", hex::encode(digest), entry.referee)
            }
            Some(engine) => format!(
                "{name} is registered with digest {} and referee {}, this version's are {} and {}: register it by governance",
                hex::encode(engine.digest),
                engine.referee,
                hex::encode(digest),
                entry.referee
            ),
            None => {
                let register = instruction::engine_register(&EngineRegister {
                    authority: self.keypairs.authority(),
                    id: entry.id,
                    digest,
                    referee: entry.referee,
                    format: entry.format,
                    class: entry.class,
                    verification: entry.verification,
                    enabled: true,
                });
                let signature = self.send(&[register]).await?;
                return Ok((Some(signature), format!("{name} with digest {}", hex::encode(digest))));
            }
        };
        Ok((None, detail))
    }
}
