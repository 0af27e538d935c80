//! What an importer noticed and could not keep: the picture is still right for everything else.
//!
//! Owns: the kinds of warning and their sentences. Warnings are data, so that a command line, a web page and a test can
//! each show them in their own way.

/// Something in a file that the render engine does not show as the file asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Warning {
    /// Lights without a size; only emissive surfaces and the environment give light.
    PunctualLights {
        /// Names (or indices) of the lights.
        lights: Vec<String>,
    },
    /// Colours per vertex are not multiplied into the base colour.
    VertexColors {
        /// Mesh and primitive.
        place: String,
    },
    /// A skinned mesh is shown in its rest pose.
    Skin {
        /// The node that carries the skin.
        node: String,
    },
    /// Animations are not played; nodes stand as the file places them.
    Animations {
        /// How many there are.
        count: usize,
    },
    /// Morph targets are not applied.
    MorphTargets {
        /// Mesh and primitive.
        place: String,
    },
    /// A material that asks for transparency is treated as opaque.
    Transparency {
        /// The material.
        material: String,
        /// `MASK` or `BLEND`.
        mode: &'static str,
    },
    /// The colour and the textures of KHR_materials_specular are not applied, only its factor is.
    SpecularColor {
        /// The material.
        material: String,
    },
    /// An extension that changes the picture and is not applied.
    Extension {
        /// Its name, such as `KHR_materials_clearcoat`.
        name: String,
    },
    /// Points or lines have no surface and are left out.
    NotTriangles {
        /// Mesh and primitive.
        place: String,
    },
    /// Triangles without an area are left out.
    DegenerateTriangles {
        /// Mesh and primitive.
        place: String,
        /// How many.
        count: usize,
    },
    /// Normals of length zero were replaced by the surface's own.
    ZeroNormals {
        /// Mesh and primitive.
        place: String,
        /// How many.
        count: usize,
    },
    /// A textured surface without texture coordinates shows the corner texel everywhere.
    MissingTextureCoordinates {
        /// Mesh and primitive.
        place: String,
    },
    /// A sampler asks for blocky filtering; textures are always interpolated.
    NearestFilter {
        /// The texture.
        texture: String,
    },
    /// The file has more than one perspective camera, or orthographic ones; the first perspective one is used.
    OtherCameras {
        /// How many are not used.
        count: usize,
    },
    /// The file has no perspective camera: one was placed so that everything is seen.
    AutomaticCamera,
    /// Nothing in the file gives light and no environment was given: a constant white one is used.
    AutomaticEnvironment,
}

impl std::fmt::Display for Warning {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Warning::PunctualLights { lights } => write!(
                out,
                "{} point, spot or directional light(s) give no light here ({}); use emissive surfaces or an environment",
                lights.len(),
                lights.join(", ")
            ),
            Warning::VertexColors { place } => {
                write!(out, "{place}: vertex colours are ignored; bake them into a base colour texture")
            }
            Warning::Skin { node } => write!(out, "{node}: the skin is shown in its rest pose; bake the pose"),
            Warning::Animations { count } => {
                write!(out, "{count} animation(s) are not played; export the moment that shall be seen")
            }
            Warning::MorphTargets { place } => write!(out, "{place}: morph targets are not applied; bake them"),
            Warning::Transparency { material, mode } => {
                write!(out, "{material}: alpha mode {mode} is treated as opaque")
            }
            Warning::SpecularColor { material } => {
                write!(out, "{material}: the colour and the textures of KHR_materials_specular are not applied")
            }
            Warning::Extension { name } => write!(out, "extension {name} is not applied"),
            Warning::NotTriangles { place } => write!(out, "{place}: points and lines are left out"),
            Warning::DegenerateTriangles { place, count } => {
                write!(out, "{place}: {count} triangle(s) without an area are left out")
            }
            Warning::ZeroNormals { place, count } => {
                write!(out, "{place}: {count} normal(s) of length zero were replaced by the surface's own")
            }
            Warning::MissingTextureCoordinates { place } => {
                write!(out, "{place}: the material has textures but the mesh has no texture coordinates for them")
            }
            Warning::NearestFilter { texture } => {
                write!(out, "{texture}: nearest filtering is not supported, the texture is interpolated")
            }
            Warning::OtherCameras { count } => {
                write!(out, "{count} other camera(s) are not used; the first perspective camera is")
            }
            Warning::AutomaticCamera => {
                write!(out, "the file has no perspective camera; one was placed so that everything is seen")
            }
            Warning::AutomaticEnvironment => {
                write!(out, "nothing in the file gives light; a constant white environment is used")
            }
        }
    }
}
