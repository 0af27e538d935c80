//! How a surface scatters light: glTF's metallic-roughness parameters, double-sided, opaque.
//!
//! With n the shading normal, v the direction back along the path, l the other one, h = (v + l) / |v + l|, all on the
//! side of n, and s(x) = (1 - x)^5:
//!
//! ```text
//! alpha  = max(roughness^2, 0.001)
//! D      = alpha^2 / (pi (|n x h|^2 + alpha^2 (n.h)^2)^2)                            GGX
//! G1(x)  = 2 n.x / (n.x + sqrt(alpha^2 + (1 - alpha^2) (n.x)^2)),  G = G1(v) G1(l)   Smith, separable
//! Fd(c)  = specular (0.04 + 0.96 s(c))                                               dielectric, Schlick
//! Fm(c)  = base + (1 - base) s(c)                                                    metal, Schlick
//! f      = (1 - metallic) [ base / pi (1 - Fd(n.v)) (1 - Fd(n.l)) + Fd(v.h) D G / (4 n.v n.l) ]
//!        +      metallic                                            Fm(v.h) D G / (4 n.v n.l)
//! ```
//!
//! The diffuse layer is dimmed by what the dielectric layer reflects on the way in and on the way out, so no more
//! energy leaves than arrives, and f is symmetric in v and l. Exactly the same elsewhere: `metallic = 0, specular = 0`
//! is a Lambertian surface of albedo `base`; `metallic = 1` is Mitsuba's `principled` with `metallic = 1` and the same
//! roughness, and with white `base` its `roughconductor` (`ggx`, `material = none`, `alpha`).
//!
//! Sources: Walter et al. 2007 (GGX), Heitz 2014 (Smith masking), Heitz 2018 and Dupuy and Benyoub 2023 (sampling of
//! visible normals by spherical caps), glTF 2.0 appendix B (parameters).

use crate::strict::vector::{Vec3, add, cross, dot, negate, normalize_or, scale, subtract};
use crate::strict::{INVERSE_PI, clamp, max, sin_cos_turns, sqrt};

/// Parameters of the surface at one point.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Bsdf {
    /// Base colour, 0..=1.
    pub base: Vec3,
    /// 0..=1.
    pub metallic: f32,
    /// Perceptual roughness, 0..=1.
    pub roughness: f32,
    /// Strength of the dielectric layer, 0..=1.
    pub specular: f32,
}

/// Value times cosine, and the density with which [`sample`] would have found the direction.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Evaluation {
    /// f(v, l) (n.l).
    pub value: Vec3,
    /// Per solid angle.
    pub density: f32,
}

const NOTHING: Evaluation = Evaluation { value: [0.0; 3], density: 0.0 };

/// (1 - c)^5.
fn schlick(cosine: f32) -> f32 {
    let x = clamp(1.0 - cosine, 0.0, 1.0);
    let square = x * x;
    square * square * x
}

impl Bsdf {
    fn alpha(&self) -> f32 {
        max(self.roughness * self.roughness, 0.001)
    }

    fn dielectric(&self, weight: f32) -> f32 {
        self.specular * (0.04 + 0.96 * weight)
    }

    /// Reflectance of both specular parts together.
    fn fresnel(&self, cosine: f32) -> Vec3 {
        let weight = schlick(cosine);
        let dielectric = (1.0 - self.metallic) * self.dielectric(weight);
        self.base.map(|base| dielectric + self.metallic * (base + (1.0 - base) * weight))
    }

    /// Probability of sampling the specular part, from the reflectances at the view angle.
    fn specular_probability(&self, nv: f32) -> f32 {
        let mean = |colour: Vec3| (colour[0] + colour[1] + colour[2]) * f32::from_bits(0x3eaa_aaab);
        let specular = mean(self.fresnel(nv));
        let diffuse = (1.0 - self.metallic) * (1.0 - self.dielectric(schlick(nv))) * mean(self.base);
        if specular <= 0.0 {
            0.0
        } else if diffuse <= 0.0 {
            1.0
        } else {
            clamp(specular / (specular + diffuse), 0.125, 0.875)
        }
    }
}

/// f(v, l) (n.l) and the sampling density of l; nothing where either direction is not above the surface.
#[cfg_attr(any(target_os = "solana", target_arch = "bpf"), inline(never))]
pub fn evaluate(bsdf: &Bsdf, n: Vec3, v: Vec3, l: Vec3) -> Evaluation {
    let (nv, nl) = (dot(n, v), dot(n, l));
    if !(nv > 0.0 && nl > 0.0) {
        return NOTHING;
    }
    let layer = |cosine: f32| 1.0 - bsdf.dielectric(schlick(cosine));
    let diffuse = (1.0 - bsdf.metallic) * layer(nv) * layer(nl) * INVERSE_PI * nl;
    let mut value = scale(bsdf.base, diffuse);
    let probability = bsdf.specular_probability(nv);
    let mut density = (1.0 - probability) * (nl * INVERSE_PI);
    if probability > 0.0 {
        let alpha = bsdf.alpha();
        let square = alpha * alpha;
        let h = normalize_or(add(v, l), n);
        let nh = dot(n, h);
        let tilt = cross(n, h);
        let spread = dot(tilt, tilt) + square * (nh * nh);
        let distribution = square * INVERSE_PI / (spread * spread);
        let masking = |nx: f32| nx + sqrt(square + (1.0 - square) * (nx * nx));
        // D G1(v) / (4 n.v) is the density of the reflected visible normals.
        let visible = distribution * 0.5 / masking(nv);
        value = add(value, scale(bsdf.fresnel(dot(v, h)), visible * (2.0 * nl / masking(nl))));
        density += probability * visible;
    }
    Evaluation { value, density }
}

/// A direction for the random numbers (lobe, x, y), each in 0..1; it may lie below the surface, where nothing leaves.
#[cfg_attr(any(target_os = "solana", target_arch = "bpf"), inline(never))]
pub fn sample(bsdf: &Bsdf, n: Vec3, v: Vec3, random: [f32; 3]) -> Vec3 {
    let (tangent, bitangent) = basis(n);
    let world = |local: Vec3| add(add(scale(tangent, local[0]), scale(bitangent, local[1])), scale(n, local[2]));
    let [lobe, x, y] = random;
    let (sine, cosine) = sin_cos_turns(x);
    if lobe < bsdf.specular_probability(dot(n, v)) {
        let alpha = bsdf.alpha();
        let local = [dot(tangent, v), dot(bitangent, v), dot(n, v)];
        let stretched = normalize_or([local[0] * alpha, local[1] * alpha, local[2]], [0.0, 0.0, 1.0]);
        let z = (1.0 - y) * (1.0 + stretched[2]) - stretched[2];
        let radius = sqrt(max(1.0 - z * z, 0.0));
        let cap = add([radius * cosine, radius * sine, z], stretched);
        let h = world(normalize_or([cap[0] * alpha, cap[1] * alpha, max(cap[2], 0.0)], [0.0, 0.0, 1.0]));
        subtract(scale(h, 2.0 * dot(v, h)), v)
    } else {
        let radius = sqrt(y);
        world([radius * cosine, radius * sine, sqrt(max(1.0 - y, 0.0))])
    }
}

/// Two unit vectors at right angles to the unit vector `n` and to each other (Duff et al., "Building an orthonormal
/// basis, revisited", JCGT 2017).
pub fn basis(n: Vec3) -> (Vec3, Vec3) {
    let sign = crate::strict::with_sign(1.0, n[2]);
    let a = -1.0 / (sign + n[2]);
    let b = n[0] * n[1] * a;
    ([1.0 + sign * n[0] * n[0] * a, sign * b, -sign * n[0]], [b, sign + n[1] * n[1] * a, -n[1]])
}

/// `n` on the side of `reference`.
pub fn facing(n: Vec3, reference: Vec3) -> Vec3 {
    if dot(n, reference) < 0.0 { negate(n) } else { n }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng;
    use std::vec::Vec;

    fn random(index: u32) -> [f32; 3] {
        let words = rng::draw(5, index, 0, 0);
        [0, 1, 2].map(|place| rng::unit(words[place]))
    }

    fn surfaces() -> Vec<Bsdf> {
        let mut surfaces = Vec::new();
        for metallic in [0.0, 0.4, 1.0] {
            for roughness in [0.2, 0.5, 1.0] {
                for specular in [0.0, 1.0] {
                    surfaces.push(Bsdf { base: [1.0, 0.5, 0.25], metallic, roughness, specular });
                }
            }
        }
        surfaces
    }

    const N: Vec3 = [0.0, 0.6, 0.8];

    /// A view direction at the given cosine to `N`.
    fn view(cosine: f32) -> Vec3 {
        let (tangent, bitangent) = basis(N);
        let sine = sqrt(1.0 - cosine * cosine);
        add(scale(N, cosine), add(scale(tangent, 0.6 * sine), scale(bitangent, 0.8 * sine)))
    }

    #[test]
    fn no_surface_reflects_more_than_it_receives() {
        for surface in surfaces() {
            for cosine in [0.05, 0.3, 0.7, 1.0] {
                let count = 20_000;
                let mut total = 0.0_f64;
                for index in 0..count {
                    let l = sample(&surface, N, view(cosine), random(index));
                    let evaluation = evaluate(&surface, N, view(cosine), l);
                    if evaluation.density > 0.0 {
                        total += f64::from(evaluation.value[0]) / f64::from(evaluation.density);
                    }
                }
                let albedo = total / f64::from(count);
                assert!(albedo < 1.015, "{surface:?} at {cosine}: {albedo}");
            }
        }
    }

    #[test]
    fn the_sampling_density_is_that_of_the_samples() {
        // E[1 / density over the samples that lie in a set] is the set's solid angle; here the set is the part of the
        // hemisphere above 30 degrees, of pi steradians. Rough lobes only, so that the estimate converges.
        for surface in surfaces().into_iter().filter(|surface| surface.roughness > 0.9) {
            let count = 200_000;
            let mut total = 0.0_f64;
            for index in 0..count {
                let l = sample(&surface, N, view(0.7), random(index));
                let evaluation = evaluate(&surface, N, view(0.7), l);
                if dot(N, l) > 0.5 {
                    total += 1.0 / f64::from(evaluation.density);
                }
            }
            let solid_angle = total / f64::from(count);
            assert!((solid_angle / std::f64::consts::PI - 1.0).abs() < 0.03, "{surface:?}: {solid_angle}");
        }
    }

    #[test]
    fn scattering_is_reciprocal() {
        for surface in surfaces() {
            let (v, l) = (view(0.8), [0.0, 0.0, 1.0]);
            let there = evaluate(&surface, N, v, l).value[0] / dot(N, l);
            let back = evaluate(&surface, N, l, v).value[0] / dot(N, v);
            assert!((there - back).abs() <= 1.0e-5 * there, "{surface:?}: {there} {back}");
        }
    }

    #[test]
    fn without_metal_and_specular_layer_the_surface_is_lambertian() {
        let surface = Bsdf { base: [0.5; 3], metallic: 0.0, roughness: 0.3, specular: 0.0 };
        let l = [0.0, 0.0, 1.0];
        let evaluation = evaluate(&surface, N, view(0.6), l);
        assert_eq!(evaluation.value[0], 0.5 * (INVERSE_PI * dot(N, l)));
        assert_eq!(evaluation.density, dot(N, l) * INVERSE_PI);
    }
}
