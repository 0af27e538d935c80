//! Environment light from an image file: equirectangular HDR, EXR or PNG.

use std::io::Cursor;
use std::path::{Path, PathBuf};

use kernels::render::scene::Environment;

/// Why an environment image was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("environment {}: {reason}", path.display())]
pub struct EnvironmentError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong and what to do.
    pub reason: String,
}

/// The engine's own bound on the edges of the image.
const MAX_EDGE: usize = 16384;

/// Loads an equirectangular image as radiance: .hdr and .exr as they are, .png through the sRGB curve (white = 1).
pub fn load_environment(path: &Path) -> Result<Environment, EnvironmentError> {
    let refuse = |reason: String| EnvironmentError { path: path.to_path_buf(), reason };
    let bytes = std::fs::read(path).map_err(|error| refuse(format!("{error}; check the path")))?;
    let (width, height, texels) = if bytes.starts_with(&[0x76, 0x2f, 0x31, 0x01]) {
        crate::picture::read_exr_pixels(&bytes).map_err(|reason| refuse(format!("{reason}; save it again as EXR")))?
    } else {
        decode(&bytes).map_err(|reason| refuse(format!("{reason}; use an equirectangular .hdr, .exr or .png")))?
    };
    if width == 0 || height == 0 || width > MAX_EDGE || height > MAX_EDGE {
        return Err(refuse(format!("{width} x {height} texels are not between 1 and {MAX_EDGE}; scale the image")));
    }
    if texels.iter().flatten().any(|value| !(value.is_finite() && *value >= 0.0)) {
        return Err(refuse("a radiance is negative or not a finite number; clamp the image to 0 and above".into()));
    }
    Ok(Environment { width: width as u32, height: height as u32, texels })
}

fn decode(bytes: &[u8]) -> Result<(usize, usize, Vec<[f32; 3]>), String> {
    let open = || image::ImageReader::new(Cursor::new(bytes)).with_guessed_format().map_err(|error| error.to_string());
    let (width, height) = open()?.into_dimensions().map_err(|error| error.to_string())?;
    if width as usize > MAX_EDGE || height as usize > MAX_EDGE {
        return Ok((width as usize, height as usize, Vec::new()));
    }
    let reader = open()?;
    let linear = reader.format() == Some(image::ImageFormat::Hdr);
    let pixels = reader.decode().map_err(|error| error.to_string())?.into_rgb32f();
    let value = |x: f32| if linear { x } else { srgb_to_linear(x) };
    let texels = pixels.pixels().map(|pixel| pixel.0.map(value)).collect();
    Ok((width as usize, height as usize, texels))
}

/// The inverse of the sRGB transfer function, IEC 61966-2-1.
fn srgb_to_linear(x: f32) -> f32 {
    if x <= 0.04045 { x / 12.92 } else { ((x + 0.055) / 1.055).powf(2.4) }
}
