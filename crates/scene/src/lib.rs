//! From files to the engine and from the engine to files: glTF import, the project's own procedural scenes, a small
//! glTF writer, and pictures (EXR, PNG) assembled from the results of units.
//!
//! Owns: everything about the `render` engine that needs an operating system or a file format. Must not know: the chain,
//! jobs, leases or the network. What a picture looks like is decided by `kernels` alone; this crate only fills its
//! [`kernels::render::scene::Scene`] and reads its sums.
#![forbid(unsafe_code)]

mod environment;
mod glb;
mod import;
mod math;
mod mitsuba;
mod picture;
mod procedural;
mod warning;

pub use environment::{EnvironmentError, load_environment};
pub use glb::{WriteError, write_glb};
pub use import::{ImportError, ImportOptions, Imported, Limits, import_bytes, import_path};
pub use mitsuba::{ExportError, export_mitsuba};
pub use picture::{Curve, Picture, PictureError, ToneMap, read_exr_pixels};
pub use procedural::{cornell_box, terrain, textured_still_life};
pub use warning::Warning;
