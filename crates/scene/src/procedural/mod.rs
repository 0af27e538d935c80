//! The project's own scenes, made from formulas alone: no foreign file is needed to test, to show or to measure.
//!
//! Owns: what is in each scene. The numbers are computed in double precision with the platform's mathematics, so a
//! generated scene may differ in a last bit between platforms; the file that a job names by its digest does not.

mod cornell;
mod noise;
mod shape;
mod still_life;
mod terrain;

pub use cornell::cornell_box;
pub use still_life::textured_still_life;
pub use terrain::terrain;
