//! What comes of a rendering: a result that is kept, or a lease that is given back because the machine failed.

use super::{
    Done, Worker,
    hold::{RENDER, Surrender},
};
use crate::{
    backend::{BackendError, Finished, Output},
    error::WorkerError,
    journal::{LeaseKey, Record, Sealed},
};
use kernels::{
    attestation::{self, UnitAttestation},
    merkle::sha256,
    render::UnitOutput,
};
use solana_address::Address;
use std::ops::Range;

/// Chain seconds after which a job that found too little memory is looked at again: other programs use the devices too.
const MEMORY_SECONDS: i64 = 600;

impl Worker {
    /// Takes over what the renderer gave: the result is on disk and in the journal when this returns.
    pub(super) fn keep(&mut self, finished: Finished) -> Result<Vec<Done>, WorkerError> {
        let Finished { key, job, units, work, outcome } = finished;
        let mut done = Vec::new();
        match outcome {
            Ok(output) => {
                self.rest.worked();
                self.backoff.worked(RENDER, key.account());
                self.seal(key, units, work, &output, &mut done)?;
            }
            // It is begun again after what it made way for.
            Err(BackendError::Cancelled) if self.set_aside.take_if(|aside| *aside == key).is_some() => {}
            Err(BackendError::Cancelled) if key.audit.is_none() => {
                self.giving_up.entry(key).or_insert_with(|| Surrender::own("rendering was called off"));
            }
            Err(error) => self.not_rendered(key, job, &error),
        }
        Ok(done)
    }

    /// Gives a lease back that could not be rendered, and takes no more of what would fail the same way. An audit, and a lease
    /// whose commitment stands, cannot be given back: they are begun again while there is time.
    fn not_rendered(&mut self, key: LeaseKey, job: Address, error: &BackendError) {
        let now = self.last.map_or(0, |last| last.now);
        match error {
            BackendError::OutOfMemory(_) => self.pass_over(job, Some(now.saturating_add(MEMORY_SECONDS))),
            BackendError::Failed(_) => self.pass_over(job, None),
            BackendError::DeviceLost(_) => {
                let until = self.rest.failed(now);
                self.wake_at(until);
                tracing::error!(%error, seconds = until.saturating_sub(now), "no new leases for a while; render-worker doctor says more");
            }
            _ => {}
        }
        if self.render_can_return {
            self.giving_up.insert(key, Surrender::own(error));
        } else {
            let again = self.backoff.failed(RENDER, key.account(), now);
            self.wake_at(again);
            tracing::warn!(what = %key, %error, "it was not rendered; trying again");
        }
    }

    fn seal(
        &mut self,
        key: LeaseKey,
        units: Range<u64>,
        work: u64,
        output: &Output,
        done: &mut Vec<Done>,
    ) -> Result<(), WorkerError> {
        let (attested, bytes): (Vec<UnitAttestation>, Vec<u8>) = match output {
            Output::Rendered(outputs) => (
                outputs.iter().map(UnitOutput::unit_attestation).collect(),
                outputs.iter().flat_map(UnitOutput::to_bytes).collect(),
            ),
            Output::Probed { asked, units } => (units.attest(asked).to_vec(), units.to_bytes()),
        };
        let sealed = Sealed {
            root: attestation::lease_root(units.start, &attested),
            result: sha256(&[&bytes]),
            salt: self.salts.salt(key),
        };
        if let Err(error) = self.spool.keep(key, &bytes) {
            // Without a disk nothing can be finished; what is held goes back while there is time.
            let reason = format!("its result cannot be kept on disk: {error}");
            tracing::error!(what = %key, reason);
            if key.audit.is_none() {
                self.giving_up.insert(key, Surrender::own(reason));
            }
            return Ok(());
        }
        if self.journal.sealed(key) != Some(sealed) {
            self.journal.write(key, Record::Rendered(sealed))?;
        }
        // The next look at the chain says how long it took; a probe says nothing of pictures.
        self.rendered_work = Some(work).filter(|work| *work > 0);
        self.report(done, Done::Rendered { key, units: attested.len() as u64, root: sealed.root });
        Ok(())
    }
}
