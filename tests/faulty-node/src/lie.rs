//! What a cheat stands for in a dispute: the truth, bent where its result was, and told as consistently as it can be.

use crate::Mode;
use bytes::Bytes;
use kernels::{
    attestation::{UnitAttestation, lease_root},
    merkle::{self, Digest},
    render::{Frame, PIXEL_BYTES, Tracer, UnitOutput, job::RADIANCE_ONE, render_units},
};
use render_compute_client::dispute::{Claim, ClaimError, Recomputed};
use std::{ops::Range, sync::Arc};

/// A result as a cheat makes it, and what it says about it.
pub struct Lie {
    mode: Mode,
    truth: Recomputed,
    /// The unit that is bent; the others are as the bytes say.
    bent: u64,
}

/// What a cheat commits to.
pub struct Forged {
    /// The bytes that it would publish.
    pub result: Bytes,
    /// The root that it commits to.
    pub root: Digest,
    /// How it defends them.
    pub lie: Lie,
}

impl Lie {
    /// Bends the true outputs of a lease's units. `copied` is the root of somebody else's lease, for the mode that copies one.
    ///
    /// # Errors
    /// The result cannot be defended at all: a fault of the caller.
    pub fn forge(
        mode: Mode,
        tracer: Arc<Tracer>,
        frame: Frame,
        units: Range<u64>,
        outputs: &[UnitOutput],
        copied: Option<Digest>,
    ) -> Result<Forged, ClaimError> {
        let mut bytes: Vec<u8> = outputs.iter().flat_map(UnitOutput::to_bytes).collect();
        if mode == Mode::SkipSamples {
            bytes = half_of_the_samples(&tracer, frame, units.clone())?;
        }
        bend(mode, &mut bytes, frame.samples);
        let result = Bytes::from(bytes);
        // The middle: neither the first nor the last is the easiest to find.
        let bent = units.start.midpoint(units.end.saturating_sub(1));
        let truth = Recomputed::new(tracer, frame, units.clone(), Some(result.clone()))?;
        let mut lie = Self { mode, truth, bent };
        let attested = units.clone().map(|unit| lie.unit(unit)).collect::<Result<Vec<_>, _>>()?;
        let root = match copied {
            Some(root) if mode == Mode::CopyRoot => root,
            _ => lease_root(units.start, &attested),
        };
        Ok(Forged { result, root, lie })
    }
}

/// Half of the samples, counted twice. A picture of one sample has none to skip, and comes out right.
fn half_of_the_samples(tracer: &Tracer, frame: Frame, units: Range<u64>) -> Result<Vec<u8>, ClaimError> {
    let half = Frame { samples: (frame.samples / 2).max(1), ..frame };
    let outputs = render_units(tracer, &half, units).map_err(|error| ClaimError::Scene(error.to_string()))?;
    let times = i64::from(frame.samples / half.samples);
    let sums = outputs.iter().flat_map(|output| output.radiance.iter().flatten());
    Ok(sums.flat_map(|sum| (sum * times).to_le_bytes()).collect())
}

/// Changes the bytes of a true result as the mode does.
fn bend(mode: Mode, bytes: &mut [u8], samples: u32) {
    let middle = bytes.len() / PIXEL_BYTES / 2 * PIXEL_BYTES;
    match mode {
        // The lowest bit of the green channel of the pixel in the middle: 2^-24 of one sample's radiance.
        Mode::FlipBit | Mode::Silent(_) | Mode::Garbage => bytes[middle + 8] ^= 1,
        Mode::Constant => {
            let grey = (i64::from(samples) * RADIANCE_ONE / 2).to_le_bytes();
            bytes.chunks_exact_mut(8).for_each(|channel| channel.copy_from_slice(&grey));
        }
        Mode::SkipSamples
        | Mode::CopyRoot
        | Mode::WrongTrace
        | Mode::WrongOutput
        | Mode::Withhold
        | Mode::NeverDeliver
        | Mode::WrongSalt => {}
    }
}

impl Claim for Lie {
    fn units(&self) -> Range<u64> {
        self.truth.units()
    }

    fn unit(&mut self, unit: u64) -> Result<UnitAttestation, ClaimError> {
        let mut attested = self.truth.unit(unit)?;
        if unit == self.bent {
            match self.mode {
                Mode::WrongTrace => attested.trace = merkle::root(&self.boundaries(unit)?),
                Mode::WrongOutput => attested.output[0] ^= 1,
                _ => {}
            }
        }
        Ok(attested)
    }

    fn boundaries(&mut self, unit: u64) -> Result<Vec<Digest>, ClaimError> {
        let mut boundaries = self.truth.boundaries(unit)?;
        if unit == self.bent && self.mode == Mode::WrongTrace {
            let middle = boundaries.len() / 2;
            if let Some(boundary) = boundaries.get_mut(middle) {
                boundary[31] ^= 1;
            }
        }
        Ok(boundaries)
    }

    fn states(&mut self, unit: u64, segment: u64, offsets: &[u64]) -> Result<Vec<Digest>, ClaimError> {
        let states = self.truth.states(unit, segment, offsets)?;
        if self.mode == Mode::Garbage {
            // Rubbish of the right number: each hash is another one's hash.
            return Ok(states.iter().map(|state| merkle::leaf(state)).collect());
        }
        Ok(states)
    }

    fn evidence(&mut self, unit: u64, segment: u64, offset: u64) -> Result<Vec<u8>, ClaimError> {
        self.truth.evidence(unit, segment, offset)
    }
}
