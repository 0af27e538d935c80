//! Step 3, the engines that a network starts with.
//!
//! Done when every engine is registered, under whatever digest: a newer one is governance's to put in force.

use render_compute::state::Engine;
use render_compute_client::address;
use render_compute_client::instruction::{self, EngineRegister};

use super::{Ending, Stage};
use crate::engine::RENDER;
use crate::{MigrationError, Outcome};

impl Stage<'_> {
    pub(super) async fn engines_step(&mut self) -> Result<Ending, MigrationError> {
        let address = address::engine(&RENDER.id);
        let digest = RENDER.digest();
        let (outcome, detail) = match self.present::<Engine>(&address).await? {
            Some(engine) if engine.digest == digest && engine.referee == RENDER.referee => (
                Outcome::DoneBefore,
                format!("{} has digest {} and referee {}", RENDER.name(), hex::encode(digest), RENDER.referee),
            ),
            Some(engine) => {
                let detail = format!(
                    "{} is registered with digest {} and referee {}, this version's are {} and {}: register it by governance",
                    RENDER.name(),
                    hex::encode(engine.digest),
                    engine.referee,
                    hex::encode(digest),
                    RENDER.referee
                );
                (Outcome::DoneBefore, detail)
            }
            None => {
                let register = instruction::engine_register(&EngineRegister {
                    authority: self.keypairs.authority(),
                    id: RENDER.id,
                    digest,
                    referee: RENDER.referee,
                    format: RENDER.format,
                    class: RENDER.class,
                    verification: RENDER.verification,
                    enabled: true,
                });
                let signatures = vec![self.send(&[register]).await?];
                (Outcome::Done { signatures }, format!("{} with digest {}", RENDER.name(), hex::encode(digest)))
            }
        };
        Ok(Ending::new(outcome, detail).with("render", &address))
    }
}
