//! Materials, textures and images.
//!
//! Owns: the choice of texture coordinates per material (the engine has one set per vertex: all textures of a material
//! must use the same set and the same KHR_texture_transform, which is then baked into the vertices), and the decoding of
//! images into eight-bit textures. Occlusion textures are ignored on purpose: a path tracer finds occlusion itself.

use std::collections::BTreeMap;
use std::io::Cursor;

use gltf::json::extensions::texture::TextureTransform;
use gltf::json::material::AlphaMode;
use gltf::json::texture::{MagFilter, MinFilter, WrappingMode};
use gltf::json::validation::Checked;
use gltf::json::{self};
use kernels::render::scene::{Encoding, Material, Texture, Wrap};

use super::ImportError;
use super::container::{Document, label};
use crate::Warning;

/// The engine's own bound on the edges of a texture.
const MAX_EDGE: u32 = 16384;

/// How the vertices' texture coordinates are made for one material.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Coordinates {
    /// The `TEXCOORD_n` that is read.
    pub(super) set: u32,
    offset: [f32; 2],
    rotation: f32,
    scale: [f32; 2],
}

impl Coordinates {
    /// KHR_texture_transform: scale, then rotation, then offset. Untransformed coordinates stay as they are to the bit.
    pub(super) fn apply(&self, uv: [f32; 2]) -> [f32; 2] {
        if self.offset == [0.0; 2] && self.rotation == 0.0 && self.scale == [1.0; 2] {
            return uv;
        }
        let (sin, cos) = f64::from(self.rotation).sin_cos();
        let x = f64::from(uv[0]) * f64::from(self.scale[0]);
        let y = f64::from(uv[1]) * f64::from(self.scale[1]);
        let turned = [cos * x + sin * y, cos * y - sin * x];
        [(turned[0] + f64::from(self.offset[0])) as f32, (turned[1] + f64::from(self.offset[1])) as f32]
    }
}

/// The materials of the file by index, with what their meshes need to know.
pub(super) struct Materials {
    pub(super) materials: Vec<Material>,
    pub(super) textures: Vec<Texture>,
    /// Per material; nothing where it has no textures.
    pub(super) coordinates: Vec<Option<Coordinates>>,
    /// Index of the material of primitives that name none, once one was asked for.
    default: Option<u32>,
}

impl Materials {
    /// The material of a primitive that names `index`.
    pub(super) fn resolve(&mut self, index: Option<usize>) -> u32 {
        if let Some(index) = index {
            return index as u32;
        }
        *self.default.get_or_insert_with(|| {
            // glTF's default material: every factor at its default of 1.
            self.materials.push(Material { metallic: 1.0, specular: 1.0, ..Material::default() });
            self.coordinates.push(None);
            self.materials.len() as u32 - 1
        })
    }
}

/// One use of a texture by a material.
struct Use<'a> {
    texture: usize,
    set: u32,
    transform: Option<&'a TextureTransform>,
}

impl<'a> Use<'a> {
    fn of(info: &'a json::texture::Info) -> Self {
        let transform = info.extensions.as_ref().and_then(|extensions| extensions.texture_transform.as_ref());
        Use { texture: info.index.value(), set: info.tex_coord, transform }
    }

    fn coordinates(&self) -> Coordinates {
        match self.transform {
            None => Coordinates { set: self.set, offset: [0.0; 2], rotation: 0.0, scale: [1.0; 2] },
            Some(transform) => Coordinates {
                set: transform.tex_coord.unwrap_or(self.set),
                offset: transform.offset.0,
                rotation: transform.rotation.0,
                scale: transform.scale.0,
            },
        }
    }
}

/// Reads all materials and the textures that they use.
pub(super) fn import(document: &Document, warnings: &mut Vec<Warning>) -> Result<Materials, ImportError> {
    let mut importer = Importer { document, warnings, textures: Vec::new(), known: BTreeMap::new(), texels: 0 };
    let mut materials = Vec::new();
    let mut coordinates = Vec::new();
    for (index, material) in document.root.materials.iter().enumerate() {
        let (material, chosen) = importer.material(index, material)?;
        materials.push(material);
        coordinates.push(chosen);
    }
    Ok(Materials { materials, textures: importer.textures, coordinates, default: None })
}

struct Importer<'a, 'w> {
    document: &'a Document<'a>,
    warnings: &'w mut Vec<Warning>,
    textures: Vec<Texture>,
    /// One image may be read as colour and as numbers: the same texture with another encoding is another texture.
    known: BTreeMap<(usize, bool), u32>,
    texels: u64,
}

impl<'a> Importer<'a, '_> {
    fn material(
        &mut self,
        index: usize,
        source: &'a json::Material,
    ) -> Result<(Material, Option<Coordinates>), ImportError> {
        let place = label("material", index, source.name.as_deref());
        if let Checked::Valid(mode @ (AlphaMode::Mask | AlphaMode::Blend)) = source.alpha_mode {
            let mode = if mode == AlphaMode::Mask { "MASK" } else { "BLEND" };
            self.warnings.push(Warning::Transparency { material: place.clone(), mode });
        }
        let surface = &source.pbr_metallic_roughness;
        let [red, green, blue, _] = surface.base_color_factor.0;
        let base_color = in_unit_range(&place, "baseColorFactor", [red, green, blue])?;
        let [metallic] = in_unit_range(&place, "metallicFactor", [surface.metallic_factor.0])?;
        let [roughness] = in_unit_range(&place, "roughnessFactor", [surface.roughness_factor.0])?;
        let strength = source
            .extensions
            .as_ref()
            .and_then(|extensions| extensions.emissive_strength.as_ref())
            .map_or(1.0, |strength| strength.emissive_strength.0);
        let emission = source.emissive_factor.0.map(|factor| factor * strength);
        if emission.iter().any(|value| !(value.is_finite() && *value >= 0.0)) {
            return Err(ImportError::content(
                place,
                "emissiveFactor times emissiveStrength is negative or not a finite number",
                "correct the emission of the material",
            ));
        }

        let layer = source.extensions.as_ref().and_then(|extensions| extensions.specular.as_ref());
        let [specular] = in_unit_range(&place, "specularFactor", [layer.map_or(1.0, |layer| layer.specular_factor.0)])?;
        let coloured = |layer: &json::extensions::material::Specular| {
            layer.specular_texture.is_some()
                || layer.specular_color_texture.is_some()
                || layer.specular_color_factor.0 != [1.0; 3]
        };
        if layer.is_some_and(coloured) {
            self.warnings.push(Warning::SpecularColor { material: place.clone() });
        }

        let base = surface.base_color_texture.as_ref().map(Use::of);
        let rough = surface.metallic_roughness_texture.as_ref().map(Use::of);
        let bump = source.normal_texture.as_ref().map(|normal| Use {
            texture: normal.index.value(),
            set: normal.tex_coord,
            transform: self.document.normal_transforms.get(index).and_then(Option::as_ref),
        });
        let normal_scale = source.normal_texture.as_ref().map_or(1.0, |normal| normal.scale);
        if !normal_scale.is_finite() {
            let problem = "the scale of its normal texture is not a finite number";
            return Err(ImportError::content(place, problem, "correct the scale"));
        }
        // A texture on a surface that does not emit would only take room.
        let glows = emission.iter().any(|value| *value > 0.0);
        let glow = source.emissive_texture.as_ref().filter(|_| glows).map(Use::of);

        let mut chosen: Option<Coordinates> = None;
        for one in [&base, &rough, &bump, &glow].into_iter().flatten() {
            let wanted = one.coordinates();
            let numbers = [wanted.offset[0], wanted.offset[1], wanted.rotation, wanted.scale[0], wanted.scale[1]];
            if numbers.iter().any(|number| !number.is_finite()) {
                let problem = "a KHR_texture_transform is not made of finite numbers";
                return Err(ImportError::content(place, problem, "correct the texture transform"));
            }
            match &chosen {
                Some(chosen) if *chosen != wanted => {
                    return Err(ImportError::content(
                        place,
                        "its textures use different texture coordinates or texture transforms",
                        "use one UV set and one transform for all textures of a material",
                    ));
                }
                _ => chosen = Some(wanted),
            }
        }

        let material = Material {
            base_color,
            base_color_texture: self.texture(base, Encoding::Srgb)?,
            metallic,
            roughness,
            metallic_roughness_texture: self.texture(rough, Encoding::Linear)?,
            specular,
            normal_texture: self.texture(bump, Encoding::Linear)?,
            normal_scale,
            emission,
            emission_texture: self.texture(glow, Encoding::Srgb)?,
        };
        Ok((material, chosen))
    }

    fn texture(&mut self, wanted: Option<Use>, encoding: Encoding) -> Result<Option<u32>, ImportError> {
        let Some(Use { texture: index, .. }) = wanted else { return Ok(None) };
        let key = (index, encoding == Encoding::Srgb);
        if let Some(known) = self.known.get(&key) {
            return Ok(Some(*known));
        }
        let missing = || ImportError::content(format!("texture {index}"), "it has no image", "export the scene again");
        let texture = self.document.root.textures.get(index).ok_or_else(missing)?;
        let place = label("texture", index, texture.name.as_deref());
        let sampler = texture.sampler.and_then(|sampler| self.document.root.samplers.get(sampler.value()));
        let (mut wrap_u, mut wrap_v) = (Wrap::Repeat, Wrap::Repeat);
        if let Some(sampler) = sampler {
            wrap_u = wrap(&sampler.wrap_s);
            wrap_v = wrap(&sampler.wrap_t);
            let blocky = matches!(sampler.mag_filter, Some(Checked::Valid(MagFilter::Nearest)))
                || matches!(sampler.min_filter, Some(Checked::Valid(MinFilter::Nearest)));
            if blocky {
                self.warnings.push(Warning::NearestFilter { texture: place });
            }
        }
        let (width, height, texels) = self.image(texture.source.value())?;
        let number = self.textures.len() as u32;
        self.textures.push(Texture { width, height, texels, encoding, wrap_u, wrap_v });
        self.known.insert(key, number);
        Ok(Some(number))
    }

    fn image(&mut self, index: usize) -> Result<(u32, u32, Vec<[u8; 4]>), ImportError> {
        let missing = || ImportError::content(format!("image {index}"), "it does not exist", "export the scene again");
        let image = self.document.root.images.get(index).ok_or_else(missing)?;
        let place = label("image", index, image.name.as_deref());
        let fetched;
        let bytes = match (&image.buffer_view, &image.uri) {
            (Some(view), _) => self.document.view(view.value())?,
            (None, Some(uri)) => {
                fetched = self.document.fetch(uri, &place)?;
                &fetched
            }
            (None, None) => {
                return Err(ImportError::content(place, "it has neither data nor a uri", "export the scene again"));
            }
        };
        let broken = |error: image::ImageError| {
            ImportError::content(
                place.clone(),
                format!("it cannot be decoded ({error})"),
                "save it again as PNG or JPEG",
            )
        };
        // The size is checked before anything is decoded: a few bytes can promise a picture of many gigabytes.
        let open = || image::ImageReader::new(Cursor::new(bytes)).with_guessed_format();
        let io = |error: std::io::Error| broken(image::ImageError::IoError(error));
        let (width, height) = open().map_err(io)?.into_dimensions().map_err(broken)?;
        if width == 0 || height == 0 || width > MAX_EDGE || height > MAX_EDGE {
            let problem = format!("{width} x {height} texels are not between 1 and {MAX_EDGE}");
            return Err(ImportError::content(place, problem, "scale the image down"));
        }
        self.texels += u64::from(width) * u64::from(height);
        let limit = self.document.limits.texels as u64;
        if self.texels > limit {
            return Err(ImportError::TooLarge { place, what: "texels of all textures", count: self.texels, limit });
        }
        let decoded = open().map_err(io)?.decode().map_err(broken)?.into_rgba8();
        if decoded.dimensions() != (width, height) {
            return Err(ImportError::content(place, "its size changes while it is decoded", "save it again as PNG"));
        }
        let texels = decoded.as_raw().chunks_exact(4).map(|four| [four[0], four[1], four[2], four[3]]).collect();
        Ok((width, height, texels))
    }
}

fn wrap(mode: &Checked<WrappingMode>) -> Wrap {
    match mode {
        Checked::Valid(WrappingMode::ClampToEdge) => Wrap::Clamp,
        Checked::Valid(WrappingMode::MirroredRepeat) => Wrap::Mirror,
        Checked::Valid(WrappingMode::Repeat) | Checked::Invalid => Wrap::Repeat,
    }
}

fn in_unit_range<const N: usize>(place: &str, field: &str, values: [f32; N]) -> Result<[f32; N], ImportError> {
    if values.iter().all(|value| (0.0..=1.0).contains(value)) {
        return Ok(values);
    }
    let problem = format!("{field} is not between 0 and 1");
    Err(ImportError::content(place, problem, "correct the factor"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_texture_transform_scales_then_turns_then_shifts() {
        let coordinates =
            Coordinates { set: 0, offset: [0.5, 0.25], rotation: std::f32::consts::FRAC_PI_2, scale: [2.0, 3.0] };
        let [u, v] = coordinates.apply([1.0, 1.0]);
        assert!((u - 3.5).abs() < 1e-6 && (v + 1.75).abs() < 1e-6, "{u} {v}");
    }
}
