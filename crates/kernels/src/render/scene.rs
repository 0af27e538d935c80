//! The public description of a scene, as an importer fills it, and the reasons for which a scene is refused.
//!
//! Owns: plain data in world space. Must not know: files, glTF, or how the data is laid out in the machine's memory
//! (`super::image`).

use alloc::string::String;
use alloc::vec::Vec;

/// Everything that a frame is rendered from, in world space (right-handed, metres by convention, +Y up).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scene {
    /// The one camera.
    pub camera: Camera,
    /// All triangles of the scene; at least one.
    pub mesh: Mesh,
    /// Materials that [`Mesh::material_of`] points into; at least one.
    pub materials: Vec<Material>,
    /// Textures that materials point into.
    pub textures: Vec<Texture>,
    /// Light from outside.
    pub environment: Environment,
}

/// An indexed triangle mesh. `positions`, `normals`, `uvs` and `tangents` have one entry per vertex;
/// `triangles` and `material_of` one per triangle.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Mesh {
    /// Vertex positions.
    pub positions: Vec<[f32; 3]>,
    /// Unit shading normals; an all-zero normal means "use the geometric normal".
    pub normals: Vec<[f32; 3]>,
    /// Texture coordinates of glTF's convention: (0, 0) is the upper left corner of the texture.
    pub uvs: Vec<[f32; 2]>,
    /// Unit tangents and handedness (bitangent = handedness x cross(normal, tangent)); may be zero where no normal
    /// texture is used.
    pub tangents: Vec<[f32; 4]>,
    /// Vertex indices, counter-clockwise seen from the front.
    pub triangles: Vec<[u32; 3]>,
    /// Material index of each triangle.
    pub material_of: Vec<u32>,
}

/// A glTF metallic-roughness material, double-sided and opaque.
#[derive(Clone, Debug, PartialEq)]
pub struct Material {
    /// Linear base colour, each channel in 0..=1.
    pub base_color: [f32; 3],
    /// Texture that multiplies `base_color` (normally sRGB).
    pub base_color_texture: Option<u32>,
    /// 0 = dielectric, 1 = metal.
    pub metallic: f32,
    /// Perceptual roughness in 0..=1; the GGX width is its square.
    pub roughness: f32,
    /// Texture whose green channel multiplies `roughness` and whose blue channel multiplies `metallic`.
    pub metallic_roughness_texture: Option<u32>,
    /// Strength of the dielectric specular layer in 0..=1 (`KHR_materials_specular`'s factor; glTF's default is 1).
    /// 0 with `metallic` = 0 is an exactly Lambertian surface of albedo `base_color`.
    pub specular: f32,
    /// Tangent-space normal texture (linear).
    pub normal_texture: Option<u32>,
    /// Scale of the x and y of the normal texture.
    pub normal_scale: f32,
    /// Emitted radiance, linear, each channel at least 0. Both sides emit.
    pub emission: [f32; 3],
    /// Texture that multiplies `emission` (normally sRGB).
    pub emission_texture: Option<u32>,
}

impl Default for Material {
    /// A white Lambertian surface. (glTF's own default is fully metallic with a specular layer; importers fill every
    /// field.)
    fn default() -> Self {
        Material {
            base_color: [1.0; 3],
            base_color_texture: None,
            metallic: 0.0,
            roughness: 1.0,
            metallic_roughness_texture: None,
            specular: 0.0,
            normal_texture: None,
            normal_scale: 1.0,
            emission: [0.0; 3],
            emission_texture: None,
        }
    }
}

/// How the bytes of a texture become numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encoding {
    /// byte / 255.
    #[default]
    Linear,
    /// The sRGB transfer function, decoded before interpolation.
    Srgb,
}

/// What happens outside 0..1 in one texture axis.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wrap {
    /// Repeats.
    #[default]
    Repeat,
    /// Holds the edge texel.
    Clamp,
    /// Repeats, every other copy reversed.
    Mirror,
}

/// An eight-bit image, interpolated bilinearly with texel centres at (i + 1/2) / size.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Texture {
    /// Columns, 1..=16384.
    pub width: u32,
    /// Rows, 1..=16384; row 0 is the top and has v = 0.
    pub height: u32,
    /// Row-major RGBA; alpha is ignored.
    pub texels: Vec<[u8; 4]>,
    /// Transfer function of the colour channels.
    pub encoding: Encoding,
    /// Outside 0..1 horizontally.
    pub wrap_u: Wrap,
    /// Outside 0..1 vertically.
    pub wrap_v: Wrap,
}

/// Equirectangular radiance that surrounds the scene; 1 x 1 is a constant, black is allowed.
///
/// Row 0 is straight up (+Y). For a direction d the column is `(1/2 + atan2(d.x, -d.z) / (2 pi)) x width`, the row
/// `acos(d.y) / pi x height`: the middle column looks to -Z. The radiance is constant over a texel (no interpolation),
/// which makes importance sampling of it exact.
#[derive(Clone, Debug, PartialEq)]
pub struct Environment {
    /// Columns, 1..=16384.
    pub width: u32,
    /// Rows, 1..=16384.
    pub height: u32,
    /// Row-major linear radiance, each channel at least 0.
    pub texels: Vec<[f32; 3]>,
}

impl Default for Environment {
    /// Black.
    fn default() -> Self {
        Environment { width: 1, height: 1, texels: alloc::vec![[0.0; 3]] }
    }
}

/// A pinhole (`lens_radius` = 0) or thin-lens camera. `right`, `up` and `forward` are orthonormal.
///
/// The ray through image point (x, y), both in 0..1 with y downward, passes the plane of focus at
/// `forward + (2x - 1) x aspect x tan_half_fov_y x right + (1 - 2y) x tan_half_fov_y x up`.
#[derive(Clone, Debug, PartialEq)]
pub struct Camera {
    /// Centre of the lens.
    pub position: [f32; 3],
    /// Unit vector to the right of the image.
    pub right: [f32; 3],
    /// Unit vector to the top of the image.
    pub up: [f32; 3],
    /// Unit vector into the scene.
    pub forward: [f32; 3],
    /// Tangent of half the vertical field of view, above 0.
    pub tan_half_fov_y: f32,
    /// Radius of the lens, at least 0.
    pub lens_radius: f32,
    /// Distance to the plane of focus along `forward`, above 0.
    pub focus_distance: f32,
}

impl Default for Camera {
    /// At the origin, looking to -Z, 90 degrees high.
    fn default() -> Self {
        Camera {
            position: [0.0; 3],
            right: [1.0, 0.0, 0.0],
            up: [0.0, 1.0, 0.0],
            forward: [0.0, 0.0, -1.0],
            tan_half_fov_y: 1.0,
            lens_radius: 0.0,
            focus_distance: 1.0,
        }
    }
}

/// Why a scene or a scene image is refused. The message names the field and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SceneError {
    /// Path of the field, such as `mesh.positions[17]`.
    pub field: String,
    /// What is wrong and how to mend it.
    pub reason: String,
}

impl core::fmt::Display for SceneError {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(out, "{}: {}", self.field, self.reason)
    }
}

impl core::error::Error for SceneError {}
