//! What a party of a dispute stands for, and the honest way to have it: computing it again.

use bytes::Bytes;
use kernels::{
    attestation::UnitAttestation,
    machine::Fault,
    merkle::{Digest, Tree},
    referee,
    render::{
        Frame, PIXEL_BYTES, State, Tracer,
        job::{first_digest, next_digest},
        render_unit, trace,
    },
};
use std::{collections::BTreeMap, ops::Range, sync::Arc};

/// Why a party's own side cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum ClaimError {
    /// The unit does not belong to the lease.
    #[error("unit {0} does not belong to the lease")]
    NoSuchUnit(u64),
    /// The unit has no such segment.
    #[error("unit {unit} has no segment {segment}")]
    NoSuchSegment {
        /// The unit.
        unit: u64,
        /// The segment.
        segment: u64,
    },
    /// The result at hand has another length than its units.
    #[error("the result at hand is not one of the lease's units")]
    WrongResult,
    /// The scene cannot be executed.
    #[error("the scene cannot be executed: {0}")]
    Scene(String),
    /// The probe cannot be computed again.
    #[error("the probe cannot be computed again: {0}")]
    Probe(String),
}

impl From<Fault> for ClaimError {
    fn from(fault: Fault) -> Self {
        Self::Scene(fault.to_string())
    }
}

/// What a party stands for. An honest one computes it, [`Recomputed`] for the `render` engine and
/// [`RecomputedProbe`](super::RecomputedProbe) for probes; tests stand for lies.
///
/// A *segment* is the part of a unit's execution between two boundaries: one pixel of the `render` engine, a round of a
/// probe's chain or a slice of its memory.
pub trait Claim: Send {
    /// The units of the lease.
    fn units(&self) -> Range<u64>;

    /// What one unit of the lease was attested with.
    ///
    /// # Errors
    /// [`ClaimError`].
    fn unit(&mut self, unit: u64) -> Result<UnitAttestation, ClaimError>;

    /// Hashes of the states at the unit's boundaries, without the first and the last.
    ///
    /// # Errors
    /// [`ClaimError`].
    fn boundaries(&mut self, unit: u64) -> Result<Vec<Digest>, ClaimError>;

    /// Hashes of the states so many steps into a segment; `offsets` ascend.
    ///
    /// # Errors
    /// [`ClaimError`].
    fn states(&mut self, unit: u64, segment: u64, offsets: &[u64]) -> Result<Vec<Digest>, ClaimError>;

    /// What the referee needs to execute the step that follows `offset` steps into a segment.
    ///
    /// # Errors
    /// [`ClaimError`].
    fn evidence(&mut self, unit: u64, segment: u64, offset: u64) -> Result<Vec<u8>, ClaimError>;
}

/// Radiance of every pixel of one unit.
type Radiance = Arc<Vec<[i64; 3]>>;

/// The truth: every answer follows from the scene and the frame. A result that is at hand saves rendering its units again; a
/// wrong one gives wrong answers, so hand in only what was checked.
pub struct Recomputed {
    tracer: Arc<Tracer>,
    frame: Frame,
    units: Range<u64>,
    result: Option<Bytes>,
    attested: BTreeMap<u64, UnitAttestation>,
    /// The unit that was asked about last.
    latest: Option<(u64, Radiance)>,
    /// Hashed when the first evidence is asked for: a scene may have millions of leaves.
    leaves: Option<Tree>,
}

impl Recomputed {
    /// The lease's units of a frame. `result`: 24 bytes a pixel, unit after unit.
    ///
    /// # Errors
    /// [`ClaimError::WrongResult`] where the result has another length than the units.
    pub fn new(
        tracer: Arc<Tracer>,
        frame: Frame,
        units: Range<u64>,
        result: Option<Bytes>,
    ) -> Result<Self, ClaimError> {
        let claim = Self { tracer, frame, units, result, attested: BTreeMap::new(), latest: None, leaves: None };
        let whole: u64 = claim.units.clone().map(|unit| claim.unit_bytes(unit) as u64).sum();
        match &claim.result {
            Some(result) if result.len() as u64 != whole => Err(ClaimError::WrongResult),
            _ => Ok(claim),
        }
    }

    /// The Merkle root over the units, as it is attested.
    ///
    /// # Errors
    /// [`ClaimError`].
    pub fn root(&mut self) -> Result<Digest, ClaimError> {
        let units: Vec<UnitAttestation> = self.units.clone().map(|unit| self.unit(unit)).collect::<Result<_, _>>()?;
        Ok(kernels::attestation::lease_root(self.units.start, &units))
    }

    /// The states so many steps into a segment; `offsets` ascend.
    ///
    /// # Errors
    /// [`ClaimError`].
    pub fn states_in(&mut self, unit: u64, segment: u64, offsets: &[u64]) -> Result<Vec<State>, ClaimError> {
        let radiance = self.radiance(unit)?;
        let missing = || ClaimError::NoSuchSegment { unit, segment };
        let before = usize::try_from(segment).ok().and_then(|pixel| radiance.get(..pixel)).ok_or_else(missing)?;
        if before.len() == radiance.len() {
            return Err(missing());
        }
        let digest = before.iter().fold(first_digest(unit), |digest, sum| next_digest(&digest, sum));
        let pixel = u32::try_from(segment).map_err(|_| missing())?;
        Ok(self.tracer.states(&self.frame, unit, pixel, digest, offsets)?)
    }

    fn unit_bytes(&self, unit: u64) -> usize {
        self.frame.unit_pixels(unit) as usize * PIXEL_BYTES
    }

    fn radiance(&mut self, unit: u64) -> Result<Radiance, ClaimError> {
        if let Some((_, radiance)) = self.latest.as_ref().filter(|(latest, _)| *latest == unit) {
            return Ok(Arc::clone(radiance));
        }
        if !self.units.contains(&unit) {
            return Err(ClaimError::NoSuchUnit(unit));
        }
        let radiance = Arc::new(match &self.result {
            Some(result) => {
                let start: usize = (self.units.start..unit).map(|earlier| self.unit_bytes(earlier)).sum();
                let bytes = result.get(start..start + self.unit_bytes(unit));
                bytes.and_then(trace::radiance_of_bytes).ok_or(ClaimError::WrongResult)?
            }
            None => {
                let output = render_unit(&self.tracer, &self.frame, unit);
                output.map_err(|error| ClaimError::Scene(error.to_string()))?.radiance
            }
        });
        self.latest = Some((unit, Arc::clone(&radiance)));
        Ok(radiance)
    }
}

impl Claim for Recomputed {
    fn units(&self) -> Range<u64> {
        self.units.clone()
    }

    fn unit(&mut self, unit: u64) -> Result<UnitAttestation, ClaimError> {
        if let Some(known) = self.attested.get(&unit) {
            return Ok(*known);
        }
        let radiance = self.radiance(unit)?;
        let image = self.tracer.image();
        let attested = trace::attest(&self.frame, image.pair_count(), image.triangle_count(), unit, &radiance)
            .ok_or(ClaimError::WrongResult)?;
        self.attested.insert(unit, attested);
        Ok(attested)
    }

    fn boundaries(&mut self, unit: u64) -> Result<Vec<Digest>, ClaimError> {
        let radiance = self.radiance(unit)?;
        Ok(trace::boundaries(&self.frame, unit, &radiance))
    }

    fn states(&mut self, unit: u64, segment: u64, offsets: &[u64]) -> Result<Vec<Digest>, ClaimError> {
        Ok(self.states_in(unit, segment, offsets)?.iter().map(State::hash).collect())
    }

    fn evidence(&mut self, unit: u64, segment: u64, offset: u64) -> Result<Vec<u8>, ClaimError> {
        let states = self.states_in(unit, segment, &[offset])?;
        let state = states.first().ok_or(ClaimError::NoSuchSegment { unit, segment })?;
        let image = self.tracer.image();
        let leaves = self.leaves.get_or_insert_with(|| Tree::new(image.leaves()));
        referee::evidence(image, leaves, state).ok_or_else(|| ClaimError::Scene("its step reads too much".to_owned()))
    }
}
