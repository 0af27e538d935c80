//! Pictures from the results of units, and their files: linear EXR and tone-mapped PNG.
//!
//! Owns: the division of fixed-point sums by the sample count (the only place where results become floats), the tone
//! curve, and how tiles that have not arrived look. Must not know where results come from.

use std::io::Cursor;
use std::path::{Path, PathBuf};

use exr::prelude::{self as exr_lib, ReadChannels as _, ReadLayers as _, WritableImage as _};
use image::ImageEncoder as _;
use kernels::render::job::{Frame, PIXEL_BYTES, RADIANCE_ONE, UnitOutput};

/// Why a picture could not be assembled, written or read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PictureError {
    /// The frame has no pixels or no samples.
    #[error("frame: {0}")]
    Frame(String),
    /// The frame has no such unit.
    #[error("unit {unit} is not one of the {units} units of the frame")]
    Unit {
        /// What was placed.
        unit: u64,
        /// How many there are.
        units: u64,
    },
    /// A result has the wrong length for its tile.
    #[error(
        "unit {unit}: {have} bytes do not fill its {width} x {height} pixels ({want} bytes); fetch the result again"
    )]
    Length {
        /// The unit.
        unit: u64,
        /// Columns of its tile.
        width: u32,
        /// Rows of its tile.
        height: u32,
        /// Bytes given.
        have: usize,
        /// Bytes needed.
        want: usize,
    },
    /// An image file could not be written or read.
    #[error("{}: {reason}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        reason: String,
    },
    /// An image could not be encoded or decoded in memory.
    #[error("image: {0}")]
    Codec(String),
}

/// How linear radiance becomes what a screen shows.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ToneMap {
    /// Stops: the radiance is multiplied by 2^exposure first.
    pub exposure: f32,
    /// The curve from there to 0..=1, before the sRGB transfer function.
    pub curve: Curve,
}

/// A tone curve, applied to each channel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Curve {
    /// Narkowicz's fit of the ACES film curve, (x (2.51 x + 0.03)) / (x (2.43 x + 0.59) + 0.14): soft highlights, with
    /// 0.18 shown at about 0.27 linear.
    #[default]
    Filmic,
    /// Cut at 1: what is not too bright is shown exactly.
    Clip,
}

impl ToneMap {
    /// The eight-bit sRGB value of one channel.
    pub fn byte(&self, radiance: f32) -> u8 {
        let x = (f64::from(radiance) * f64::from(self.exposure).exp2()).max(0.0);
        // A radiance without end is shown as the brightest there is.
        let x = if x.is_finite() { x } else { 1e30 };
        let shown = match self.curve {
            Curve::Filmic if x > 1e6 => 1.0,
            Curve::Filmic => (x * (2.51 * x + 0.03)) / (x * (2.43 * x + 0.59) + 0.14),
            Curve::Clip => x,
        };
        let shown = shown.clamp(0.0, 1.0);
        let encoded = if shown <= 0.0031308 { 12.92 * shown } else { 1.055 * shown.powf(1.0 / 2.4) - 0.055 };
        (encoded * 255.0).round() as u8
    }
}

/// A frame that fills up unit by unit.
#[derive(Clone, Debug, PartialEq)]
pub struct Picture {
    frame: Frame,
    /// Row-major linear radiance, mean over the samples.
    pixels: Vec<[f32; 3]>,
    present: Vec<bool>,
}

impl Picture {
    /// An empty picture of a frame.
    pub fn new(frame: &Frame) -> Result<Self, PictureError> {
        frame.validate().map_err(|error| PictureError::Frame(error.to_string()))?;
        let pixels = vec![[0.0; 3]; frame.width as usize * frame.height as usize];
        Ok(Picture { present: vec![false; frame.units() as usize], frame: *frame, pixels })
    }

    /// Columns and rows.
    pub fn size(&self) -> (u32, u32) {
        (self.frame.width, self.frame.height)
    }

    /// Row-major linear radiance; black where no result has arrived.
    pub fn pixels(&self) -> &[[f32; 3]] {
        &self.pixels
    }

    /// Units whose result has not arrived.
    pub fn missing(&self) -> Vec<u64> {
        (0..).zip(&self.present).filter(|(_, present)| !**present).map(|(unit, _)| unit).collect()
    }

    /// Puts the result of a unit in its place.
    pub fn place(&mut self, unit: u64, output: &UnitOutput) -> Result<(), PictureError> {
        self.fill(unit, output.radiance.len() * PIXEL_BYTES, |pixel| output.radiance[pixel])
    }

    /// Puts the result of a unit in its place: 24 bytes per pixel, as in [`UnitOutput::to_bytes`].
    pub fn place_bytes(&mut self, unit: u64, bytes: &[u8]) -> Result<(), PictureError> {
        let sum = |pixel: usize, channel: usize| {
            let start = pixel * PIXEL_BYTES + channel * 8;
            let mut eight = [0; 8];
            eight.copy_from_slice(&bytes[start..start + 8]);
            i64::from_le_bytes(eight)
        };
        self.fill(unit, bytes.len(), |pixel| [sum(pixel, 0), sum(pixel, 1), sum(pixel, 2)])
    }

    /// Puts the results of consecutive units, one after the other in one blob, in their places: the result of a lease.
    pub fn place_lease(&mut self, first_unit: u64, mut blob: &[u8]) -> Result<(), PictureError> {
        let mut unit = first_unit;
        while !blob.is_empty() {
            let (_, _, width, height) = self.tile(unit)?;
            let want = width as usize * height as usize * PIXEL_BYTES;
            let Some((one, rest)) = blob.split_at_checked(want) else {
                return Err(PictureError::Length { unit, width, height, have: blob.len(), want });
            };
            self.place_bytes(unit, one)?;
            blob = rest;
            unit += 1;
        }
        Ok(())
    }

    fn tile(&self, unit: u64) -> Result<(u32, u32, u32, u32), PictureError> {
        let units = self.present.len() as u64;
        if unit >= units {
            return Err(PictureError::Unit { unit, units });
        }
        Ok(self.frame.tile_rect(unit))
    }

    fn fill(&mut self, unit: u64, have: usize, sums: impl Fn(usize) -> [i64; 3]) -> Result<(), PictureError> {
        let (left, top, width, height) = self.tile(unit)?;
        let want = width as usize * height as usize * PIXEL_BYTES;
        if have != want {
            return Err(PictureError::Length { unit, width, height, have, want });
        }
        let one = f64::from(self.frame.samples) * RADIANCE_ONE as f64;
        for row in 0..height {
            for column in 0..width {
                let sum = sums((row * width + column) as usize);
                let at = (top + row) as usize * self.frame.width as usize + (left + column) as usize;
                self.pixels[at] = sum.map(|channel| (channel as f64 / one) as f32);
            }
        }
        self.present[unit as usize] = true;
        Ok(())
    }

    /// True where the pixel's result has arrived, row-major.
    fn arrived(&self) -> Vec<bool> {
        let mut arrived = vec![false; self.pixels.len()];
        for unit in (0..).zip(&self.present).filter(|(_, present)| **present).map(|(unit, _)| unit) {
            let (left, top, width, height) = self.frame.tile_rect(unit);
            for row in top..top + height {
                let start = row as usize * self.frame.width as usize + left as usize;
                arrived[start..start + width as usize].fill(true);
            }
        }
        arrived
    }

    /// An eight-bit sRGB PNG. Tiles that have not arrived show a grey checker pattern.
    pub fn to_png(&self, tone: &ToneMap) -> Result<Vec<u8>, PictureError> {
        let (width, height) = self.size();
        let mut raw = Vec::with_capacity(self.pixels.len() * 3);
        for (index, (pixel, arrived)) in self.pixels.iter().zip(self.arrived()).enumerate() {
            let (column, row) = (index as u32 % width, index as u32 / width);
            raw.extend(match arrived {
                true => pixel.map(|channel| tone.byte(channel)),
                false if (column / 8 + row / 8) % 2 == 0 => [0x50; 3],
                false => [0x70; 3],
            });
        }
        let mut png = Vec::new();
        image::codecs::png::PngEncoder::new(Cursor::new(&mut png))
            .write_image(&raw, width, height, image::ExtendedColorType::Rgb8)
            .map_err(|error| PictureError::Codec(error.to_string()))?;
        Ok(png)
    }

    /// A linear 32-bit RGBA EXR, compressed without loss; alpha is 0 where no result has arrived.
    pub fn to_exr(&self) -> Result<Vec<u8>, PictureError> {
        let (width, height) = (self.frame.width as usize, self.frame.height as usize);
        let arrived = self.arrived();
        let channels = exr_lib::SpecificChannels::rgba(|at: exr_lib::Vec2<usize>| {
            let index = at.y() * width + at.x();
            let [red, green, blue] = self.pixels[index];
            (red, green, blue, if arrived[index] { 1.0f32 } else { 0.0 })
        });
        let encoding = exr_lib::Encoding::SMALL_LOSSLESS;
        let layer = exr_lib::Layer::new((width, height), exr_lib::LayerAttributes::named(""), encoding, channels);
        let mut bytes = Vec::new();
        exr_lib::Image::from_layer(layer)
            .write()
            .non_parallel()
            .to_buffered(Cursor::new(&mut bytes))
            .map_err(|error| PictureError::Codec(error.to_string()))?;
        Ok(bytes)
    }

    /// Writes [`Picture::to_png`] to a file.
    pub fn write_png(&self, path: &Path, tone: &ToneMap) -> Result<(), PictureError> {
        write(path, &self.to_png(tone)?)
    }

    /// Writes [`Picture::to_exr`] to a file.
    pub fn write_exr(&self, path: &Path) -> Result<(), PictureError> {
        write(path, &self.to_exr()?)
    }
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), PictureError> {
    std::fs::write(path, bytes)
        .map_err(|error| PictureError::File { path: path.to_path_buf(), reason: error.to_string() })
}

/// Columns, rows and row-major RGB of an EXR file, for environments and for comparing written pictures.
pub fn read_exr_pixels(bytes: &[u8]) -> Result<(usize, usize, Vec<[f32; 3]>), String> {
    let image = exr_lib::read()
        .no_deep_data()
        .largest_resolution_level()
        .rgb_channels(
            |size: exr_lib::Vec2<usize>, _| (size.width(), vec![[0.0f32; 3]; size.area()]),
            |(width, pixels): &mut (usize, Vec<[f32; 3]>), at: exr_lib::Vec2<usize>, (r, g, b): (f32, f32, f32)| {
                pixels[at.y() * *width + at.x()] = [r, g, b];
            },
        )
        .first_valid_layer()
        .all_attributes()
        .non_parallel()
        .from_buffered(Cursor::new(bytes))
        .map_err(|error| error.to_string())?;
    let size = image.layer_data.size;
    Ok((size.width(), size.height(), image.layer_data.channel_data.pixels.1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tone_curve_never_falls_and_ends_at_white() {
        for curve in [Curve::Filmic, Curve::Clip] {
            let tone = ToneMap { exposure: 0.0, curve };
            let bytes: Vec<u8> = (0..4000).map(|step| tone.byte(step as f32 * 0.01)).collect();
            assert!(bytes.is_sorted());
            assert_eq!((bytes[0], tone.byte(f32::INFINITY), tone.byte(f32::NAN)), (0, 255, 0));
        }
    }

    #[test]
    fn one_stop_doubles_the_light() {
        let brighter = ToneMap { exposure: 1.0, curve: Curve::Clip };
        let plain = ToneMap { exposure: 0.0, curve: Curve::Clip };
        assert_eq!(brighter.byte(0.2), plain.byte(0.4));
    }
}
