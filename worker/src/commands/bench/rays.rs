//! The scene and the rays that the processor is measured with: those that GPUs are measured with, the generated landscape as
//! its camera sees it, and one scattering on.

use kernels::{
    render::{Frame, Scene, Tracer, bsdf, camera, closest_hit, compile, intersect::leave_surface},
    rng,
    strict::{
        LARGEST, sin_cos_turns, sqrt,
        vector::{Vec3, add, cross, dot, normalize_or, scale, subtract},
    },
};

/// Where a ray starts, and where it goes.
pub(super) type Ray = (Vec3, Vec3);

/// A picture of the landscape: one unit.
pub(super) const FRAME: Frame = Frame { width: 128, height: 128, tile: 128, samples: 4, max_bounces: 4, seed: 1 };

/// A landscape.
pub(super) struct Landscape {
    scene: Scene,
    /// Ready to be traced.
    pub(super) tracer: Tracer,
}

impl Landscape {
    /// With at least so many triangles.
    pub(super) fn new(triangles: u32) -> Result<Self, String> {
        let scene = scene::terrain(triangles);
        let image = compile(&scene).map_err(|error| error.to_string())?;
        let tracer = Tracer::new(image).map_err(|fault| fault.to_string())?;
        Ok(Self { scene, tracer })
    }

    pub(super) fn triangles(&self) -> u32 {
        self.tracer.image().triangle_count()
    }

    /// One ray through each pixel of a square picture: neighbours go almost the same way.
    pub(super) fn coherent(&self, edge: u32) -> Vec<Ray> {
        let ray = |index: u32| {
            let (x, y) = ((index % edge) as f32 + 0.5, (index / edge) as f32 + 0.5);
            camera::ray(&self.scene.camera, x, y, edge, edge, [0.0; 2])
        };
        (0..edge * edge).map(ray).collect()
    }

    /// One direction of a cosine distribution from every point that the given rays hit: neighbours go anywhere.
    pub(super) fn incoherent(&self, rays: &[Ray]) -> Vec<Ray> {
        let scattered = |(index, (origin, direction)): (u32, &Ray)| {
            let hit = closest_hit(&self.tracer, *origin, *direction, LARGEST)?;
            let mesh = &self.scene.mesh;
            let [a, b, c] = mesh.triangles[hit.primitive as usize].map(|vertex| mesh.positions[vertex as usize]);
            let normal = normalize_or(cross(subtract(b, a), subtract(c, a)), [0.0, 1.0, 0.0]);
            let normal = if dot(normal, *direction) > 0.0 { scale(normal, -1.0) } else { normal };
            let random = rng::draw(3, index, 0, 0).map(rng::unit);
            let (sine, cosine) = sin_cos_turns(random[0]);
            let (tangent, bitangent) = bsdf::basis(normal);
            let radius = sqrt(random[1]);
            let across = add(scale(tangent, radius * cosine), scale(bitangent, radius * sine));
            let away = add(across, scale(normal, sqrt(1.0 - random[1])));
            let point = add(*origin, scale(*direction, hit.t));
            Some((leave_surface(point, normal), normalize_or(away, normal)))
        };
        (0..).zip(rays).filter_map(scattered).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn most_rays_of_the_camera_hit_the_landscape_and_some_of_the_scattered_ones_hit_it_again() {
        let landscape = Landscape::new(2_000).unwrap();
        let rays = landscape.coherent(32);
        let scattered = landscape.incoherent(&rays);
        assert!(scattered.len() > rays.len() / 2, "{} of {}", scattered.len(), rays.len());
        assert!(!landscape.incoherent(&scattered).is_empty());
    }
}
