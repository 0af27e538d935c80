//! A frame, its units (tiles), and what a unit's result is.

use crate::attestation::UnitAttestation;
use crate::merkle::{Digest, sha256};
use alloc::string::String;
use alloc::vec::Vec;

/// Fixed-point unit of accumulated radiance: 2^24 is one sample's radiance 1.
///
/// A sample's channel is limited to 0..=2^20 ([`MOST_RADIANCE`]) before it is rounded to this grid, so a pixel of at
/// most 2^16 samples stays below 2^60.
pub const RADIANCE_ONE: i64 = 1 << 24;
/// Bytes of a pixel in a result: three little-endian i64.
pub const PIXEL_BYTES: usize = 24;
/// Limit of one channel of one sample's radiance.
pub const MOST_RADIANCE: f32 = 1_048_576.0;

/// Why a frame is refused. The message names the field and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FrameError {
    /// The field of [`Frame`], or `unit`.
    pub field: &'static str,
    /// What is wrong and how to mend it.
    pub reason: String,
}

impl core::fmt::Display for FrameError {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(out, "{}: {}", self.field, self.reason)
    }
}

impl core::error::Error for FrameError {}

/// One picture to be rendered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Frame {
    /// Pixels across, 1..=16384.
    pub width: u32,
    /// Pixels down, 1..=16384.
    pub height: u32,
    /// Edge of a tile in pixels, 1..=128.
    pub tile: u32,
    /// Samples of each pixel, 1..=65536.
    pub samples: u32,
    /// Scatterings of a path at most, 0..=64: 0 shows light sources only, 1 adds direct light.
    pub max_bounces: u32,
    /// Seed of all random numbers.
    pub seed: u64,
}

impl Frame {
    /// The first field out of range: its name, value, and limits.
    fn out_of_range(&self) -> Option<(&'static str, u32, u32, u32)> {
        [
            ("width", self.width, 1, 16_384),
            ("height", self.height, 1, 16_384),
            ("tile", self.tile, 1, 128),
            ("samples", self.samples, 1, 65_536),
            ("max_bounces", self.max_bounces, 0, 64),
        ]
        .into_iter()
        .find(|(_, value, low, high)| value < low || value > high)
    }

    /// Whether every field is in its limits.
    pub fn is_valid(&self) -> bool {
        self.out_of_range().is_none()
    }

    /// Checks the limits of every field.
    ///
    /// # Errors
    /// The first field out of range.
    pub fn validate(&self) -> Result<(), FrameError> {
        let Some((field, value, low, high)) = self.out_of_range() else { return Ok(()) };
        Err(FrameError { field, reason: alloc::format!("{value} is outside {low}..={high}") })
    }

    /// Number of tiles, row-major; 0 for an invalid frame.
    pub fn units(&self) -> u64 {
        if !self.is_valid() {
            return 0;
        }
        u64::from(self.width.div_ceil(self.tile)) * u64::from(self.height.div_ceil(self.tile))
    }

    /// (left, top, width, height) of a tile in pixels; all zero where there is no such unit.
    pub fn tile_rect(&self, unit: u64) -> (u32, u32, u32, u32) {
        if unit >= self.units() {
            return (0, 0, 0, 0);
        }
        let columns = u64::from(self.width.div_ceil(self.tile));
        let (left, top) = ((unit % columns) as u32 * self.tile, (unit / columns) as u32 * self.tile);
        (left, top, self.tile.min(self.width - left), self.tile.min(self.height - top))
    }

    /// Number of pixels of a unit.
    pub fn unit_pixels(&self, unit: u64) -> u32 {
        let (_, _, width, height) = self.tile_rect(unit);
        width * height
    }

    /// Size of a unit for scheduling and pricing: pixels x samples.
    pub fn unit_work(&self, unit: u64) -> u64 {
        u64::from(self.unit_pixels(unit)) * u64::from(self.samples)
    }
}

/// Digest of a unit before its first pixel.
pub fn first_digest(unit: u64) -> Digest {
    sha256(&[b"render-compute:render-unit", &unit.to_le_bytes()])
}

/// Digest of a unit after one more pixel: SHA-256(digest, the three sums as little-endian i64).
pub fn next_digest(digest: &Digest, sum: &[i64; 3]) -> Digest {
    sha256(&[digest, &sum[0].to_le_bytes(), &sum[1].to_le_bytes(), &sum[2].to_le_bytes()])
}

/// The digest of a unit from the bytes of its result; `None` if they are not whole pixels of [`PIXEL_BYTES`].
pub fn digest_of_bytes(unit: u64, bytes: &[u8]) -> Option<Digest> {
    if !bytes.len().is_multiple_of(PIXEL_BYTES) {
        return None;
    }
    Some(bytes.chunks(PIXEL_BYTES).fold(first_digest(unit), |digest, pixel| sha256(&[&digest, pixel])))
}

/// The result of a unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitOutput {
    /// Of each pixel, row-major in the tile: sums over the samples in units of 1 / [`RADIANCE_ONE`].
    pub radiance: Vec<[i64; 3]>,
    /// What the step machine's output is: the SHA-256 chain over the pixels.
    pub digest: Digest,
    /// Root of the unit's trace, see [`super::trace`].
    pub trace: Digest,
    /// Steps of the machine for this unit.
    pub steps: u64,
}

impl UnitOutput {
    /// What a node attests about the unit.
    pub fn unit_attestation(&self) -> UnitAttestation {
        UnitAttestation { output: self.digest, steps: self.steps, trace: self.trace }
    }

    /// [`PIXEL_BYTES`] per pixel: three little-endian i64.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.radiance.iter().flatten().flat_map(|channel| channel.to_le_bytes()).collect()
    }
}
