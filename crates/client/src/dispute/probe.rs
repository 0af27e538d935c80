//! What a party stands for that answered a probe, or audited one.

use super::claim::{Claim, ClaimError};
use kernels::{
    attestation::{UnitAttestation, lease_root},
    merkle::Digest,
    probe::{
        machine::{Job, UNITS},
        prove::{Processor, ProveError, Prover, Recompute},
        trace::{Units, run},
    },
};
use std::{fmt::Display, ops::Range};

/// The truth about a probe: every answer follows from the digests of its run, and from what is computed again, on this machine
/// or on a device. Wrong digests give wrong answers, so hand in only those of a run of one's own.
pub struct RecomputedProbe<R> {
    prover: Prover<R>,
    attested: [UnitAttestation; UNITS as usize],
}

impl RecomputedProbe<Processor> {
    /// Runs the probe on this machine.
    ///
    /// # Errors
    /// [`ClaimError::Probe`] for a plan that no machine executes.
    pub fn on_processor(job: Job) -> Result<Self, ClaimError> {
        let refused = |error: kernels::probe::ShapeError| ClaimError::Probe(error.to_string());
        let units = run(&job).map_err(refused)?;
        Ok(Self::new(job, units, Processor::new(job).map_err(refused)?))
    }
}

impl<R: Recompute> RecomputedProbe<R> {
    /// Over the digests of a run.
    pub fn new(job: Job, units: Units, again: R) -> Self {
        let attested = units.attest(&job);
        Self { prover: Prover::new(job, units, again), attested }
    }

    /// The Merkle root over the units, as it is attested.
    pub fn root(&self) -> Digest {
        lease_root(0, &self.attested)
    }

    /// The step of the unit that is so many steps into a segment; the one after a segment's last is its end.
    fn step(&self, unit: u64, segment: u64, offset: u64) -> Result<u64, ClaimError> {
        let (segments, steps) = self.prover.job().segments(unit).ok_or(ClaimError::NoSuchUnit(unit))?;
        if segment >= segments || offset > steps {
            return Err(ClaimError::NoSuchSegment { unit, segment });
        }
        Ok(segment * steps + offset)
    }
}

impl<E: Display> From<ProveError<E>> for ClaimError {
    fn from(error: ProveError<E>) -> Self {
        Self::Probe(error.to_string())
    }
}

impl<R> Claim for RecomputedProbe<R>
where
    R: Recompute + Send,
    R::Error: Display,
{
    fn units(&self) -> Range<u64> {
        0..UNITS
    }

    fn unit(&mut self, unit: u64) -> Result<UnitAttestation, ClaimError> {
        let place = usize::try_from(unit).ok();
        place.and_then(|place| self.attested.get(place)).copied().ok_or(ClaimError::NoSuchUnit(unit))
    }

    fn boundaries(&mut self, unit: u64) -> Result<Vec<Digest>, ClaimError> {
        let job = self.prover.job();
        job.segments(unit).ok_or(ClaimError::NoSuchUnit(unit))?;
        Ok(self.prover.units().boundaries(job, unit))
    }

    fn states(&mut self, unit: u64, segment: u64, offsets: &[u64]) -> Result<Vec<Digest>, ClaimError> {
        let hash = |offset: &u64| {
            let step = self.step(unit, segment, *offset)?;
            Ok(self.prover.state(unit, step)?.hash())
        };
        offsets.iter().map(hash).collect()
    }

    fn evidence(&mut self, unit: u64, segment: u64, offset: u64) -> Result<Vec<u8>, ClaimError> {
        let step = self.step(unit, segment, offset)?;
        Ok(self.prover.evidence(unit, step)?)
    }
}
