//! The `render` engine: a unidirectional path tracer whose every bit is defined.
//!
//! [`scene::Scene`] is compiled to a [`image::SceneImage`], the read-only memory of the step machine [`path::Render`],
//! which is the specification. [`fast::Tracer`] gives the same bits faster.

pub mod bsdf;
pub mod bvh;
pub mod camera;
mod collapse;
pub mod compressed;
pub mod fast;
#[cfg(test)]
mod hits;
pub mod image;
pub mod intersect;
pub mod job;
pub mod light;
pub mod path;
pub mod scene;
pub mod texture;
pub mod trace;
pub mod wave;
pub mod wide;

pub use fast::{Tracer, closest_hit, occluded, render_unit, render_units};
pub use image::{SceneImage, compile};
pub use intersect::Hit;
pub use job::{Frame, FrameError, PIXEL_BYTES, RADIANCE_ONE, UnitOutput, digest_of_bytes};
pub use path::{Phase, Render, State, steps_per_sample};
pub use scene::*;
