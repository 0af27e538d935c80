//! Primitives to triangles: topologies, normals, texture coordinates, tangents, and their placement in the world.

use gltf::Semantic;
use gltf::json::mesh::{Mode, Primitive};
use gltf::json::validation::Checked;
use kernels::render::scene::Mesh;

use super::ImportError;
use super::Limits;
use super::accessor;
use super::container::{Document, label};
use super::hierarchy::PlacedNode;
use super::material::Materials;
use super::tangent;
use crate::Warning;
use crate::math::{Affine, cross, dot, narrow, normalize, scale, sub, wide};

/// The triangles of one primitive in the space of its mesh; all attributes have one entry per vertex.
pub(super) struct Surface {
    pub(super) place: String,
    pub(super) material: u32,
    pub(super) positions: Vec<[f32; 3]>,
    pub(super) normals: Vec<[f32; 3]>,
    pub(super) uvs: Vec<[f32; 2]>,
    /// All zero where the material has no normal texture.
    pub(super) tangents: Vec<[f32; 4]>,
    pub(super) triangles: Vec<[u32; 3]>,
}

/// Reads all triangle primitives of a mesh.
pub(super) fn read_mesh(
    document: &Document,
    index: usize,
    materials: &mut Materials,
    warnings: &mut Vec<Warning>,
) -> Result<Vec<Surface>, ImportError> {
    let Some(mesh) = document.root.meshes.get(index) else {
        return Err(ImportError::content(format!("mesh {index}"), "it does not exist", "export the scene again"));
    };
    let mut surfaces = Vec::new();
    for (number, primitive) in mesh.primitives.iter().enumerate() {
        let place = format!("{}, primitive {number}", label("mesh", index, mesh.name.as_deref()));
        if let Some(surface) = read_primitive(document, place, primitive, materials, warnings)? {
            surfaces.push(surface);
        }
    }
    Ok(surfaces)
}

fn read_primitive(
    document: &Document,
    place: String,
    primitive: &Primitive,
    materials: &mut Materials,
    warnings: &mut Vec<Warning>,
) -> Result<Option<Surface>, ImportError> {
    let Checked::Valid(mode @ (Mode::Triangles | Mode::TriangleStrip | Mode::TriangleFan)) = primitive.mode else {
        warnings.push(Warning::NotTriangles { place });
        return Ok(None);
    };
    let attribute = |semantic: Semantic| primitive.attributes.get(&Checked::Valid(semantic)).map(|index| index.value());
    if attribute(Semantic::Colors(0)).is_some() {
        warnings.push(Warning::VertexColors { place: place.clone() });
    }
    if primitive.targets.as_ref().is_some_and(|targets| !targets.is_empty()) {
        warnings.push(Warning::MorphTargets { place: place.clone() });
    }

    let Some(accessor) = attribute(Semantic::Positions) else {
        return Err(ImportError::content(place, "it has no positions", "export the mesh with positions"));
    };
    let positions = within(&place, "positions", accessor::floats::<3>(document, accessor))?;
    let limit = document.limits.vertices as u64;
    if positions.len() as u64 > limit {
        return Err(ImportError::TooLarge { place, what: "vertices", count: positions.len() as u64, limit });
    }
    let corners = match &primitive.indices {
        Some(indices) => within(&place, "indices", accessor::indices(document, indices.value()))?,
        None => (0..positions.len() as u32).collect(),
    };
    if let Some(corner) = corners.iter().position(|vertex| *vertex as usize >= positions.len()) {
        let problem = format!("index {corner} names vertex {} of {} vertices", corners[corner], positions.len());
        return Err(ImportError::content(place, problem, "export the mesh again"));
    }
    let mut triangles = triangulate(mode, &corners);
    if mode == Mode::Triangles && corners.len() % 3 != 0 {
        let problem = format!("{} indices do not make whole triangles", corners.len());
        return Err(ImportError::content(place, problem, "export the mesh again"));
    }
    let limit = document.limits.triangles as u64;
    if triangles.len() as u64 > limit {
        return Err(ImportError::TooLarge { place, what: "triangles", count: triangles.len() as u64, limit });
    }
    let before = triangles.len();
    triangles.retain(|triangle| normalize(area_vector(&positions, triangle)).is_some());
    // Strips join their parts by triangles without an area on purpose: those are not worth a warning.
    if triangles.len() < before && mode == Mode::Triangles {
        warnings.push(Warning::DegenerateTriangles { place: place.clone(), count: before - triangles.len() });
    }
    if triangles.is_empty() {
        return Ok(None);
    }

    let material = materials.resolve(primitive.material.map(|material| material.value()));
    let coordinates = materials.coordinates.get(material as usize).cloned().flatten();
    let set = coordinates.as_ref().map_or(0, |coordinates| coordinates.set);
    let uvs = match attribute(Semantic::TexCoords(set)) {
        Some(accessor) => {
            let mut uvs = within(&place, "texture coordinates", accessor::floats::<2>(document, accessor))?;
            same_length(&place, "texture coordinates", uvs.len(), positions.len())?;
            if let Some(coordinates) = &coordinates {
                uvs.iter_mut().for_each(|uv| *uv = coordinates.apply(*uv));
            }
            if uvs.iter().flatten().any(|value| !value.is_finite()) {
                let problem = "a texture coordinate becomes infinite under the texture transform";
                return Err(ImportError::content(place, problem, "correct the texture transform"));
            }
            uvs
        }
        None => {
            if coordinates.is_some() {
                warnings.push(Warning::MissingTextureCoordinates { place: place.clone() });
            }
            vec![[0.0; 2]; positions.len()]
        }
    };
    let bumpy = materials.materials.get(material as usize).is_some_and(|material| material.normal_texture.is_some());
    let mut surface = Surface { place, material, positions, normals: Vec::new(), uvs, tangents: Vec::new(), triangles };
    match attribute(Semantic::Normals) {
        Some(accessor) => {
            surface.normals = within(&surface.place, "normals", accessor::floats::<3>(document, accessor))?;
            same_length(&surface.place, "normals", surface.normals.len(), surface.positions.len())?;
            surface.mend_normals(warnings);
            if let (true, Some(accessor)) = (bumpy, attribute(Semantic::Tangents)) {
                surface.tangents = within(&surface.place, "tangents", accessor::floats::<4>(document, accessor))?;
                same_length(&surface.place, "tangents", surface.tangents.len(), surface.positions.len())?;
                surface.mend_tangents();
            }
        }
        // The standard: without normals, shading is flat and given tangents are ignored.
        None => surface.flatten(),
    }
    if bumpy && surface.tangents.is_empty() {
        tangent::generate(&mut surface);
    }
    surface.tangents.resize(surface.positions.len(), [0.0; 4]);
    Ok(Some(surface))
}

/// Twice the area of a triangle along its geometric normal.
pub(super) fn area_vector(positions: &[[f32; 3]], triangle: &[u32; 3]) -> [f64; 3] {
    let [a, b, c] = triangle.map(|vertex| wide(positions[vertex as usize]));
    cross(sub(b, a), sub(c, a))
}

fn triangulate(mode: Mode, corners: &[u32]) -> Vec<[u32; 3]> {
    match mode {
        Mode::TriangleStrip => corners
            .windows(3)
            .enumerate()
            // Every other triangle of a strip is turned, so that all face the same way.
            .map(|(number, three)| match number % 2 {
                0 => [three[0], three[1], three[2]],
                _ => [three[0], three[2], three[1]],
            })
            .collect(),
        Mode::TriangleFan => match corners {
            [center, rim @ ..] => rim.windows(2).map(|two| [two[0], two[1], *center]).collect(),
            [] => Vec::new(),
        },
        _ => corners.chunks_exact(3).map(|three| [three[0], three[1], three[2]]).collect(),
    }
}

impl Surface {
    /// Unit normals; those without a direction take the one of the triangles around them.
    fn mend_normals(&mut self, warnings: &mut Vec<Warning>) {
        let mut broken = 0;
        for vertex in 0..self.normals.len() {
            match unit(self.normals[vertex]) {
                Some(normal) => self.normals[vertex] = normal,
                None => {
                    broken += 1;
                    self.normals[vertex] = [0.0; 3];
                }
            }
        }
        if broken == 0 {
            return;
        }
        warnings.push(Warning::ZeroNormals { place: self.place.clone(), count: broken });
        let mut sums = vec![[0.0f64; 3]; self.normals.len()];
        for triangle in &self.triangles {
            let area = area_vector(&self.positions, triangle);
            for vertex in triangle {
                let sum = &mut sums[*vertex as usize];
                (0..3).for_each(|axis| sum[axis] += area[axis]);
            }
        }
        for (normal, sum) in self.normals.iter_mut().zip(sums) {
            if *normal == [0.0; 3] {
                // Where the triangles cancel out, zero stays: the engine then uses the geometric normal.
                *normal = normalize(sum).map_or([0.0; 3], narrow);
            }
        }
    }

    /// Unit tangents with a handedness of 1 or -1.
    fn mend_tangents(&mut self) {
        for (tangent, normal) in self.tangents.iter_mut().zip(&self.normals) {
            let [x, y, z, hand] = *tangent;
            let [x, y, z] = unit([x, y, z]).unwrap_or_else(|| narrow(crate::math::perpendicular(wide(*normal))));
            *tangent = [x, y, z, if hand < 0.0 { -1.0 } else { 1.0 }];
        }
    }

    /// Gives every triangle its own three vertices and its geometric normal.
    fn flatten(&mut self) {
        let mut flat = Surface {
            place: std::mem::take(&mut self.place),
            material: self.material,
            positions: Vec::with_capacity(self.triangles.len() * 3),
            normals: Vec::with_capacity(self.triangles.len() * 3),
            uvs: Vec::with_capacity(self.triangles.len() * 3),
            tangents: Vec::new(),
            triangles: Vec::with_capacity(self.triangles.len()),
        };
        for triangle in &self.triangles {
            let normal = normalize(area_vector(&self.positions, triangle)).map_or([0.0; 3], narrow);
            let first = flat.positions.len() as u32;
            for vertex in triangle {
                flat.positions.push(self.positions[*vertex as usize]);
                flat.normals.push(normal);
                flat.uvs.push(self.uvs[*vertex as usize]);
            }
            flat.triangles.push([first, first + 1, first + 2]);
        }
        *self = flat;
    }

    /// Appends the surface to the world's mesh as the node places it.
    pub(super) fn place(&self, node: &PlacedNode, limits: &Limits, mesh: &mut Mesh) -> Result<(), ImportError> {
        for (what, count, limit) in [
            ("triangles", mesh.triangles.len() + self.triangles.len(), limits.triangles),
            ("vertices", mesh.positions.len() + self.positions.len(), limits.vertices),
        ] {
            if count > limit {
                let place = format!("{}, {}", node.name, self.place);
                return Err(ImportError::TooLarge { place, what, count: count as u64, limit: limit as u64 });
            }
        }
        let first = mesh.positions.len() as u32;
        let world = &node.world;
        let mirrored = world.determinant() < 0.0;
        if *world == Affine::IDENTITY {
            mesh.positions.extend_from_slice(&self.positions);
            mesh.normals.extend_from_slice(&self.normals);
            mesh.tangents.extend_from_slice(&self.tangents);
        } else {
            let sign = if mirrored { -1.0 } else { 1.0 };
            let cofactors = world.cofactors();
            for position in &self.positions {
                let moved = narrow(world.point(wide(*position)));
                if moved.iter().any(|x| !x.is_finite()) {
                    let place = format!("{}, {}", node.name, self.place);
                    let problem = "its transform moves a vertex to infinity";
                    return Err(ImportError::content(place, problem, "give the node a smaller scale"));
                }
                mesh.positions.push(moved);
            }
            let turn =
                |normal: &[f32; 3]| normalize(scale(cofactors.vector(wide(*normal)), sign)).map_or([0.0; 3], narrow);
            mesh.normals.extend(self.normals.iter().map(turn));
            mesh.tangents.extend(self.tangents.iter().map(|[x, y, z, hand]| {
                let [x, y, z] = normalize(world.vector(wide([*x, *y, *z]))).map_or([0.0; 3], narrow);
                [x, y, z, hand * sign as f32]
            }));
        }
        mesh.uvs.extend_from_slice(&self.uvs);
        mesh.triangles.extend(self.triangles.iter().map(|[a, b, c]| match mirrored {
            // A mirroring transform turns triangles inside out: their winding is turned back.
            true => [first + a, first + c, first + b],
            false => [first + a, first + b, first + c],
        }));
        mesh.material_of.extend(std::iter::repeat_n(self.material, self.triangles.len()));
        Ok(())
    }
}

/// The unit vector along `v`; one that already is (within float rounding) is kept to the bit.
fn unit(v: [f32; 3]) -> Option<[f32; 3]> {
    let squared = dot(wide(v), wide(v));
    if (squared - 1.0).abs() < 1e-5 { Some(v) } else { normalize(wide(v)).map(narrow) }
}

/// Names the primitive and the attribute in an accessor's refusal.
fn within<T>(place: &str, what: &str, result: Result<T, ImportError>) -> Result<T, ImportError> {
    result.map_err(|error| match error {
        ImportError::Content { place: inner, problem, remedy } => {
            ImportError::Content { place: format!("{place}, {what} ({inner})"), problem, remedy }
        }
        other => other,
    })
}

fn same_length(place: &str, what: &str, have: usize, want: usize) -> Result<(), ImportError> {
    if have == want {
        return Ok(());
    }
    let problem = format!("it has {want} positions and {have} {what}");
    Err(ImportError::content(place, problem, "export the mesh again"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strips_and_fans_keep_their_facing() {
        assert_eq!(triangulate(Mode::TriangleStrip, &[0, 1, 2, 3]), [[0, 1, 2], [1, 3, 2]]);
        assert_eq!(triangulate(Mode::TriangleFan, &[0, 1, 2, 3]), [[1, 2, 0], [2, 3, 0]]);
        assert!(triangulate(Mode::TriangleFan, &[]).is_empty());
    }
}
