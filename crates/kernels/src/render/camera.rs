//! The ray of a sample: box-filtered pixel position, pinhole or thin lens.

use super::scene::Camera;
use crate::strict::vector::{Vec3, add, normalize_or, scale, subtract};
use crate::strict::{sin_cos_turns, sqrt};

/// Origin and unit direction of the ray through `(x, y)` of an image of `width` x `height` pixels (y downward), with
/// `lens` uniform in the unit square choosing the point of the lens.
pub fn ray(camera: &Camera, x: f32, y: f32, width: u32, height: u32, lens: [f32; 2]) -> (Vec3, Vec3) {
    let (width, height) = (width as f32, height as f32);
    let tangent = camera.tan_half_fov_y;
    let across = (2.0 * (x / width) - 1.0) * (width / height) * tangent;
    let upward = (1.0 - 2.0 * (y / height)) * tangent;
    let through = add(add(camera.forward, scale(camera.right, across)), scale(camera.up, upward));
    if camera.lens_radius > 0.0 {
        let radius = camera.lens_radius * sqrt(lens[0]);
        let (sine, cosine) = sin_cos_turns(lens[1]);
        let offset = add(scale(camera.right, radius * cosine), scale(camera.up, radius * sine));
        let target = scale(through, camera.focus_distance);
        (add(camera.position, offset), normalize_or(subtract(target, offset), camera.forward))
    } else {
        (camera.position, normalize_or(through, camera.forward))
    }
}
