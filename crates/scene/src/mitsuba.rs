//! The same scene for Mitsuba 3: an XML file with PLY meshes, PNG and EXR images beside it.
//!
//! Owns: a translation that changes no light: same triangles, normals, textures, camera and environment. Lambertian
//! materials become Mitsuba's `diffuse`; all others a `metallic_roughness` plugin, which `tools/mitsuba/metallic_roughness.py` registers with this engine's
//! formulas, so that a comparison of pictures compares light transport. Three things need care:
//! Mitsuba's area lights emit from one side only, so emissive triangles are written twice, back to back, a hair apart;
//! its environment maps interpolate, so ours (constant per texel) is written much finer; textures and emission factors
//! are multiplied here, because an area light takes one texture.

use std::fmt::Write as _;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use exr::prelude as exr_lib;
use exr_lib::WritableImage as _;
use kernels::render::scene::{Camera, Encoding, Environment, Material, Mesh, Scene, Texture, Wrap};

use crate::glb::texture_png;
use crate::math::{add, cross, dot, length, narrow, normalize, scale, sub, wide};

/// Why an export failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExportError {
    /// The scene is not one that [`kernels::render::compile`] accepts.
    #[error("{0}; correct the scene")]
    Scene(String),
    /// A file could not be written.
    #[error("{}: {reason}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        reason: String,
    },
}

/// Columns of a written environment that is not constant, about.
const ENVIRONMENT_COLUMNS: u32 = 4096;

/// Writes `scene.xml` and everything it names into `folder`, which is created. `$width`, `$height`, `$samples`, `$depth`
/// and `$seed` are parameters of the XML.
pub fn export_mitsuba(scene: &Scene, folder: &Path) -> Result<(), ExportError> {
    check(scene)?;
    std::fs::create_dir_all(folder)
        .map_err(|error| ExportError::File { path: folder.to_path_buf(), reason: error.to_string() })?;
    let mut xml = String::from("<scene version=\"3.0.0\">\n");
    xml.push_str(concat!(
        "  <default name=\"width\" value=\"128\"/>\n  <default name=\"height\" value=\"128\"/>\n",
        "  <default name=\"samples\" value=\"64\"/>\n  <default name=\"depth\" value=\"9\"/>\n",
        "  <default name=\"seed\" value=\"1\"/>\n",
        "  <integrator type=\"path\">\n    <integer name=\"max_depth\" value=\"$depth\"/>\n",
        "    <integer name=\"rr_depth\" value=\"5\"/>\n  </integrator>\n",
    ));
    camera(&mut xml, &scene.camera);
    environment(&mut xml, folder, &scene.environment)?;
    for (index, texture) in scene.textures.iter().enumerate() {
        let name = format!("texture-{index}.png");
        let png = texture_png(texture).ok_or_else(|| ExportError::Scene(format!("textures[{index}] has no texels")))?;
        write(&folder.join(name), &png)?;
    }
    // Far below a pixel, far above the rounding of a coordinate.
    let hair = 2e-6 * diagonal(&scene.mesh);
    for (index, material) in scene.materials.iter().enumerate() {
        let triangles = triangles_of(&scene.mesh, index);
        if triangles.is_empty() {
            continue;
        }
        material_xml(&mut xml, scene, index, material);
        let emits = material.emission.iter().any(|value| *value > 0.0);
        if emits {
            if let Some(texture) = material.emission_texture.and_then(|number| scene.textures.get(number as usize)) {
                let pixels = emission_texels(texture, material.emission);
                write_exr(&folder.join(format!("emission-{index}.exr")), texture.width, texture.height, &pixels)?;
            }
            shape(&mut xml, folder, scene, index, "front", &lifted(&scene.mesh, &triangles, hair, false))?;
            shape(&mut xml, folder, scene, index, "back", &lifted(&scene.mesh, &triangles, hair, true))?;
        } else {
            shape(&mut xml, folder, scene, index, "surface", &lifted(&scene.mesh, &triangles, 0.0, false))?;
        }
    }
    xml.push_str("</scene>\n");
    write(&folder.join("scene.xml"), xml.as_bytes())
}

fn check(scene: &Scene) -> Result<(), ExportError> {
    if let Some(index) = scene.textures.iter().position(|texture| texture.wrap_u != texture.wrap_v) {
        let reason = format!("textures[{index}]: Mitsuba wraps both axes alike, and this texture does not");
        return Err(ExportError::Scene(reason));
    }
    kernels::render::compile(scene).map(drop).map_err(|error| ExportError::Scene(error.to_string()))
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), ExportError> {
    std::fs::write(path, bytes)
        .map_err(|error| ExportError::File { path: path.to_path_buf(), reason: error.to_string() })
}

fn write_exr(path: &Path, width: u32, height: u32, pixels: &[[f32; 3]]) -> Result<(), ExportError> {
    let mut bytes = Vec::new();
    let channels = exr_lib::SpecificChannels::rgb(|at: exr_lib::Vec2<usize>| {
        let [red, green, blue] = pixels[at.y() * width as usize + at.x()];
        (red, green, blue)
    });
    exr_lib::Image::from_channels((width as usize, height as usize), channels)
        .write()
        .non_parallel()
        .to_buffered(Cursor::new(&mut bytes))
        .map_err(|error| ExportError::File { path: path.to_path_buf(), reason: error.to_string() })?;
    write(path, &bytes)
}

fn numbers(values: &[f32]) -> String {
    values.iter().map(|value| format!("{value:e}")).collect::<Vec<_>>().join(", ")
}

fn camera(xml: &mut String, camera: &Camera) {
    let fov = 2.0 * f64::from(camera.tan_half_fov_y).atan().to_degrees();
    let [r, u, f, p] = [camera.right, camera.up, camera.forward, camera.position];
    // Mitsuba's camera has its x axis to the left of the picture.
    let rows: Vec<f32> = (0..3).flat_map(|i| [-r[i], u[i], f[i], p[i]]).chain([0.0, 0.0, 0.0, 1.0]).collect();
    let lens = if camera.lens_radius > 0.0 { "thinlens" } else { "perspective" };
    let _ = write!(
        xml,
        "  <sensor type=\"{lens}\">\n    <float name=\"fov\" value=\"{fov}\"/>\n    \
         <string name=\"fov_axis\" value=\"y\"/>\n    <float name=\"near_clip\" value=\"0.001\"/>\n    \
         <float name=\"far_clip\" value=\"100000\"/>\n",
    );
    if camera.lens_radius > 0.0 {
        let _ = write!(
            xml,
            "    <float name=\"aperture_radius\" value=\"{:e}\"/>\n    <float name=\"focus_distance\" value=\"{:e}\"/>\n",
            camera.lens_radius, camera.focus_distance
        );
    }
    let _ = write!(
        xml,
        "    <transform name=\"to_world\"><matrix value=\"{}\"/></transform>\n    <film type=\"hdrfilm\">\n      \
         <integer name=\"width\" value=\"$width\"/>\n      <integer name=\"height\" value=\"$height\"/>\n      \
         <string name=\"pixel_format\" value=\"rgb\"/>\n      <string name=\"component_format\" value=\"float32\"/>\n      \
         <rfilter type=\"box\"/>\n    </film>\n    <sampler type=\"independent\">\n      \
         <integer name=\"sample_count\" value=\"$samples\"/>\n      <integer name=\"seed\" value=\"$seed\"/>\n    \
         </sampler>\n  </sensor>\n",
        numbers(&rows).replace(',', "")
    );
}

fn environment(xml: &mut String, folder: &Path, environment: &Environment) -> Result<(), ExportError> {
    if environment.texels.iter().flatten().all(|value| *value == 0.0) {
        return Ok(());
    }
    if let [texel] = environment.texels[..] {
        let _ = writeln!(
            xml,
            "  <emitter type=\"constant\"><rgb name=\"radiance\" value=\"{}\"/></emitter>",
            numbers(&texel)
        );
        return Ok(());
    }
    // The plain numbers too, so that the comparison can check that both look up the same radiance.
    let mut plain = format!("{} {}\n", environment.width, environment.height);
    environment.texels.iter().for_each(|texel| plain.push_str(&(numbers(texel).replace(',', "") + "\n")));
    write(&folder.join("environment.txt"), plain.as_bytes())?;
    // Mitsuba's map begins at -Z, ours has -Z in the middle. Its first and last row lie on the poles, its columns between
    // the edges: so the edge between two of our rows falls on one of its rows, which gets the mean of both.
    let fine = (ENVIRONMENT_COLUMNS / environment.width).max(1);
    let (width, height) = (fine * environment.width, fine * environment.height + 1);
    let mut pixels = Vec::with_capacity(width as usize * height as usize);
    for row in 0..height {
        let below = (row / fine).min(environment.height - 1);
        let above = if row % fine == 0 { below.saturating_sub(u32::from(row < height - 1)) } else { below };
        for column in 0..width {
            let source = (column + width / 2) % width / fine;
            let texel = |row: u32| environment.texels[(row * environment.width + source) as usize];
            let (upper, lower) = (texel(above), texel(below));
            pixels.push([0, 1, 2].map(|channel| 0.5 * (upper[channel] + lower[channel])));
        }
    }
    write_exr(&folder.join("environment.exr"), width, height, &pixels)?;
    xml.push_str("  <emitter type=\"envmap\"><string name=\"filename\" value=\"environment.exr\"/></emitter>\n");
    Ok(())
}

fn material_xml(xml: &mut String, scene: &Scene, index: usize, material: &Material) {
    // A Lambertian surface is Mitsuba's own `diffuse`: scenes made of those are compared without any plugin of ours.
    if material.metallic == 0.0
        && material.specular == 0.0
        && material.base_color_texture.is_none()
        && material.normal_texture.is_none()
    {
        let _ = write!(
            xml,
            "  <bsdf type=\"twosided\" id=\"material-{index}\"><bsdf type=\"diffuse\">\n    \
             <rgb name=\"reflectance\" value=\"{}\"/>\n  </bsdf></bsdf>\n",
            numbers(&material.base_color)
        );
        return;
    }
    let _ = write!(
        xml,
        "  <bsdf type=\"metallic_roughness\" id=\"material-{index}\">\n    \
         <string name=\"factors\" value=\"{}\"/>\n",
        numbers(&[
            material.base_color[0],
            material.base_color[1],
            material.base_color[2],
            material.metallic,
            material.roughness,
            material.specular,
            material.normal_scale,
        ])
    );
    for (name, number) in [
        ("base_color_texture", material.base_color_texture),
        ("metallic_roughness_texture", material.metallic_roughness_texture),
        ("normal_texture", material.normal_texture),
    ] {
        let Some((number, texture)) = number.and_then(|n| Some((n, scene.textures.get(n as usize)?))) else { continue };
        bitmap(xml, name, &format!("texture-{number}.png"), texture, texture.encoding == Encoding::Linear);
    }
    xml.push_str("  </bsdf>\n");
}

/// Mitsuba wraps both axes alike; `check` has refused other textures.
fn bitmap(xml: &mut String, name: &str, file: &str, texture: &Texture, raw: bool) {
    let mode = match texture.wrap_u {
        Wrap::Repeat => "repeat",
        Wrap::Clamp => "clamp",
        Wrap::Mirror => "mirror",
    };
    let _ = write!(
        xml,
        "    <texture type=\"bitmap\" name=\"{name}\">\n      <string name=\"filename\" value=\"{file}\"/>\n      \
         <boolean name=\"raw\" value=\"{raw}\"/>\n      <string name=\"wrap_mode\" value=\"{mode}\"/>\n    </texture>\n",
    );
}

/// Texels times the emission factor, linear.
fn emission_texels(texture: &Texture, emission: [f32; 3]) -> Vec<[f32; 3]> {
    let linear = |byte: u8| {
        let x = f64::from(byte) / 255.0;
        match texture.encoding {
            Encoding::Linear => x,
            Encoding::Srgb if x <= 0.04045 => x / 12.92,
            Encoding::Srgb => ((x + 0.055) / 1.055).powf(2.4),
        }
    };
    let texel = |[red, green, blue, _]: &[u8; 4]| {
        let value = |byte: u8, factor: f32| (linear(byte) * f64::from(factor)) as f32;
        [value(*red, emission[0]), value(*green, emission[1]), value(*blue, emission[2])]
    };
    texture.texels.iter().map(texel).collect()
}

fn diagonal(mesh: &Mesh) -> f64 {
    let mut low = [f64::INFINITY; 3];
    let mut high = [f64::NEG_INFINITY; 3];
    for position in &mesh.positions {
        for axis in 0..3 {
            low[axis] = low[axis].min(f64::from(position[axis]));
            high[axis] = high[axis].max(f64::from(position[axis]));
        }
    }
    length(sub(high, low))
}

fn triangles_of(mesh: &Mesh, material: usize) -> Vec<[u32; 3]> {
    let of_material = |(_, other): &(&[u32; 3], &u32)| **other as usize == material;
    mesh.triangles.iter().zip(&mesh.material_of).filter(of_material).map(|(triangle, _)| *triangle).collect()
}

/// The triangles as a mesh of their own, moved by `by` along their geometric normals; `turned` ones face the other way.
fn lifted(mesh: &Mesh, triangles: &[[u32; 3]], by: f64, turned: bool) -> Mesh {
    let mut result = Mesh::default();
    for triangle in triangles {
        let [a, b, c] = triangle.map(|vertex| wide(mesh.positions[vertex as usize]));
        let side = if turned { -1.0 } else { 1.0 };
        let Some(geometric) = normalize(cross(sub(b, a), sub(c, a))) else { continue };
        let first = result.positions.len() as u32;
        for vertex in triangle.map(|vertex| vertex as usize) {
            let position = wide(mesh.positions[vertex]);
            let moved = if by == 0.0 { position } else { add(position, scale(geometric, by * side)) };
            let normal = wide(mesh.normals[vertex]);
            let normal = if dot(normal, normal) == 0.0 { geometric } else { normal };
            result.positions.push(narrow(moved));
            result.normals.push(narrow(scale(normal, side)));
            result.uvs.push(mesh.uvs[vertex]);
            result.tangents.push(mesh.tangents[vertex]);
        }
        let order = if turned { [0, 2, 1] } else { [0, 1, 2] };
        result.triangles.push(order.map(|corner| first + corner));
    }
    result
}

fn shape(
    xml: &mut String,
    folder: &Path,
    scene: &Scene,
    index: usize,
    side: &str,
    mesh: &Mesh,
) -> Result<(), ExportError> {
    let name = format!("mesh-{index}-{side}.ply");
    write(&folder.join(&name), &ply(mesh))?;
    let _ = write!(
        xml,
        "  <shape type=\"ply\" id=\"mesh-{index}-{side}\">\n    <string name=\"filename\" value=\"{name}\"/>\n    \
         <ref id=\"material-{index}\"/>\n",
    );
    if side != "surface" {
        let material = &scene.materials[index];
        xml.push_str("    <emitter type=\"area\">\n");
        match material.emission_texture.and_then(|number| scene.textures.get(number as usize)) {
            Some(texture) => bitmap(xml, "radiance", &format!("emission-{index}.exr"), texture, true),
            None => {
                let _ = writeln!(xml, "    <rgb name=\"radiance\" value=\"{}\"/>", numbers(&material.emission));
            }
        }
        xml.push_str("    </emitter>\n");
    }
    xml.push_str("  </shape>\n");
    Ok(())
}

/// Binary little-endian PLY with normals, texture coordinates and the attributes `vertex_tangent` and
/// `vertex_handedness` (three times the same number: Mitsuba reads attributes of three).
fn ply(mesh: &Mesh) -> Vec<u8> {
    let mut bytes = format!(
        "ply\nformat binary_little_endian 1.0\nelement vertex {}\n\
         property float x\nproperty float y\nproperty float z\n\
         property float nx\nproperty float ny\nproperty float nz\nproperty float u\nproperty float v\n\
         property float tangent_x\nproperty float tangent_y\nproperty float tangent_z\n\
         property float handedness_x\nproperty float handedness_y\nproperty float handedness_z\n\
         element face {}\nproperty list uchar int vertex_indices\nend_header\n",
        mesh.positions.len(),
        mesh.triangles.len()
    )
    .into_bytes();
    for vertex in 0..mesh.positions.len() {
        let handedness = [mesh.tangents[vertex][3]; 3];
        let numbers = mesh.positions[vertex]
            .iter()
            .chain(&mesh.normals[vertex])
            .chain(&mesh.uvs[vertex])
            .chain(&mesh.tangents[vertex][..3])
            .chain(&handedness);
        numbers.for_each(|number| bytes.extend_from_slice(&number.to_le_bytes()));
    }
    for triangle in &mesh.triangles {
        bytes.push(3);
        triangle.iter().for_each(|vertex| bytes.extend_from_slice(&vertex.to_le_bytes()));
    }
    bytes
}
