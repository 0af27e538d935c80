//! The camera: the first perspective one of the shown scene, or one that frames everything.

use gltf::json::camera::Type;
use gltf::json::validation::Checked;
use kernels::render::scene::{Camera, Mesh};
use serde::Deserialize;

use super::ImportError;
use super::container::{Document, label};
use super::hierarchy::PlacedNode;
use crate::Warning;
use crate::math::{Vec3, add, cross, dot, length, narrow, normalize, scale, sub};

/// The project's own note in a camera's `extras`: glTF cameras are pinholes.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct CameraExtras {
    lens_radius: f32,
    focus_distance: Option<f32>,
}

/// The first perspective camera that stands in the scene.
pub(super) fn find(
    document: &Document,
    placed: &[PlacedNode],
    warnings: &mut Vec<Warning>,
) -> Result<Option<Camera>, ImportError> {
    let mut found = None;
    let mut others = 0;
    for node in placed {
        let Some(index) = node.camera else { continue };
        let Some(camera) = document.root.cameras.get(index) else { continue };
        let (Checked::Valid(Type::Perspective), Some(lens), None) = (&camera.type_, &camera.perspective, &found) else {
            others += 1;
            continue;
        };
        let place = label("camera", index, camera.name.as_deref());
        let yfov = f64::from(lens.yfov);
        if !(yfov > 1e-4 && yfov < std::f64::consts::PI - 1e-4) {
            let problem = format!("its yfov of {yfov} is not an angle between 0 and pi");
            return Err(ImportError::content(place, problem, "set the vertical field of view in radians"));
        }
        // Extras of another shape belong to whoever wrote them.
        let extras: CameraExtras =
            camera.extras.as_ref().and_then(|text| serde_json::from_str(text.get()).ok()).unwrap_or_default();
        let focus_distance = extras.focus_distance.unwrap_or(1.0);
        let finite = extras.lens_radius.is_finite() && focus_distance.is_finite();
        if !finite || extras.lens_radius < 0.0 || focus_distance <= 0.0 {
            return Err(ImportError::content(
                place,
                "extras.lensRadius must be at least 0 and extras.focusDistance above 0",
                "correct the extras of the camera",
            ));
        }
        let [x, y, z] = node.world.columns;
        let (right, up, forward) = orthonormal(x, y, scale(z, -1.0)).ok_or_else(|| {
            ImportError::content(node.name.clone(), "the camera has no direction", "give the node a scale of one")
        })?;
        let position = narrow(node.world.translation);
        if position.iter().any(|x| !x.is_finite()) {
            return Err(ImportError::content(node.name.clone(), "the camera is infinitely far away", "move it closer"));
        }
        found = Some(Camera {
            position,
            right: narrow(right),
            up: narrow(up),
            forward: narrow(forward),
            tan_half_fov_y: (yfov / 2.0).tan() as f32,
            lens_radius: extras.lens_radius,
            focus_distance,
        });
    }
    if others > 0 {
        warnings.push(Warning::OtherCameras { count: others });
    }
    Ok(found)
}

/// A camera from the upper right front, 40 degrees high, that sees the whole mesh in a picture at least as wide as high.
pub(super) fn framing(mesh: &Mesh) -> Camera {
    let mut low = [f64::INFINITY; 3];
    let mut high = [f64::NEG_INFINITY; 3];
    for position in mesh.triangles.iter().flatten().filter_map(|vertex| mesh.positions.get(*vertex as usize)) {
        for axis in 0..3 {
            low[axis] = low[axis].min(f64::from(position[axis]));
            high[axis] = high[axis].max(f64::from(position[axis]));
        }
    }
    let center = scale(add(low, high), 0.5);
    let radius = (length(sub(high, low)) / 2.0).max(1e-6);
    let half_angle = 20.0f64.to_radians();
    let back = normalize([0.55, 0.4, 1.0]).unwrap_or([0.0, 0.0, 1.0]);
    let distance = radius / half_angle.sin() * 1.02;
    look_at(add(center, scale(back, distance)), center, half_angle.tan() as f32)
}

/// A pinhole camera at `position` that looks at `target`, upright.
pub(crate) fn look_at(position: Vec3, target: Vec3, tan_half_fov_y: f32) -> Camera {
    let forward = normalize(sub(target, position)).unwrap_or([0.0, 0.0, -1.0]);
    let right = normalize(cross(forward, [0.0, 1.0, 0.0])).unwrap_or([1.0, 0.0, 0.0]);
    let up = cross(right, forward);
    Camera {
        position: narrow(position),
        right: narrow(right),
        up: narrow(up),
        forward: narrow(forward),
        tan_half_fov_y,
        lens_radius: 0.0,
        focus_distance: length(sub(target, position)) as f32,
    }
}

/// The three axes made orthonormal around `forward`; axes that already are (within float rounding) are kept to the bit,
/// so that a written camera reads back as itself.
fn orthonormal(right: Vec3, up: Vec3, forward: Vec3) -> Option<(Vec3, Vec3, Vec3)> {
    let near = |value: f64, wanted: f64| (value - wanted).abs() < 1e-6;
    let kept = near(dot(right, right), 1.0)
        && near(dot(up, up), 1.0)
        && near(dot(forward, forward), 1.0)
        && near(dot(right, up), 0.0)
        && near(dot(up, forward), 0.0)
        && near(dot(forward, right), 0.0);
    if kept {
        return Some((right, up, forward));
    }
    let forward = normalize(forward)?;
    let up = normalize(sub(up, scale(forward, dot(up, forward))))?;
    let side = cross(forward, up);
    // A mirroring node shows a mirrored picture.
    let side = if dot(side, right) < 0.0 { scale(side, -1.0) } else { side };
    Some((side, up, forward))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::wide;

    #[test]
    fn the_framing_camera_sees_every_corner() {
        let positions = vec![[-3.0, 0.0, 1.0], [2.0, 5.0, -1.0], [0.0, -4.0, 8.0]];
        let mesh = Mesh { positions: positions.clone(), triangles: vec![[0, 1, 2]], ..Mesh::default() };
        let camera = framing(&mesh);
        for position in positions {
            let offset = sub(wide(position), wide(camera.position));
            let depth = dot(offset, wide(camera.forward));
            assert!(depth > 0.0);
            let edge = depth * f64::from(camera.tan_half_fov_y);
            assert!(dot(offset, wide(camera.right)).abs() <= edge && dot(offset, wide(camera.up)).abs() <= edge);
        }
    }
}
