//! Tangents for normal-mapped surfaces that come without: in the manner of MikkTSpace.
//!
//! Each corner's tangent is the direction of increasing u on its triangle, flattened into the plane of the vertex normal
//! and weighted by the corner's angle; corners with the same position, normal and texture coordinate share one sum, but
//! mirrored and unmirrored triangles never do (a vertex that both use is split in two).

use std::collections::HashMap;

use super::geometry::Surface;
use crate::math::{Vec3, add, cross, dot, narrow, normalize, perpendicular, scale, sub, wide};

/// What makes two vertices the same for smoothing, with the handedness.
type Key = ([u32; 3], [u32; 3], [u32; 2], bool);

/// Fills `surface.tangents`, splitting vertices where handedness differs.
pub(super) fn generate(surface: &mut Surface) {
    let corners: Vec<[(Vec3, bool); 3]> =
        surface.triangles.iter().map(|triangle| corner_tangents(surface, triangle)).collect();

    let mut sums: HashMap<Key, Vec3> = HashMap::new();
    for (triangle, three) in surface.triangles.iter().zip(&corners) {
        for (vertex, (tangent, mirrored)) in triangle.iter().zip(three) {
            let sum = sums.entry(key(surface, *vertex, *mirrored)).or_insert([0.0; 3]);
            *sum = add(*sum, *tangent);
        }
    }

    // The first handedness that uses a vertex keeps it; the other one gets a copy.
    let mut owner: Vec<Option<bool>> = vec![None; surface.positions.len()];
    let mut copies: HashMap<u32, u32> = HashMap::new();
    let mut triangles = std::mem::take(&mut surface.triangles);
    surface.tangents = vec![[0.0; 4]; surface.positions.len()];
    for (triangle, three) in triangles.iter_mut().zip(&corners) {
        for (vertex, (_, mirrored)) in triangle.iter_mut().zip(three) {
            let original = *vertex as usize;
            if *owner[original].get_or_insert(*mirrored) != *mirrored {
                *vertex = *copies.entry(*vertex).or_insert_with(|| {
                    surface.positions.push(surface.positions[original]);
                    surface.normals.push(surface.normals[original]);
                    surface.uvs.push(surface.uvs[original]);
                    surface.tangents.push([0.0; 4]);
                    surface.positions.len() as u32 - 1
                });
            }
            let normal = wide(surface.normals[*vertex as usize]);
            let sum = sums.get(&key(surface, *vertex, *mirrored)).copied().unwrap_or([0.0; 3]);
            let [x, y, z] = narrow(normalize(sum).unwrap_or_else(|| perpendicular(normal)));
            surface.tangents[*vertex as usize] = [x, y, z, if *mirrored { -1.0 } else { 1.0 }];
        }
    }
    surface.triangles = triangles;
}

fn key(surface: &Surface, vertex: u32, mirrored: bool) -> Key {
    let vertex = vertex as usize;
    (
        surface.positions[vertex].map(f32::to_bits),
        surface.normals[vertex].map(f32::to_bits),
        surface.uvs[vertex].map(f32::to_bits),
        mirrored,
    )
}

/// For each corner the weighted tangent in the plane of the vertex normal, and whether the texture is mirrored there.
fn corner_tangents(surface: &Surface, triangle: &[u32; 3]) -> [(Vec3, bool); 3] {
    let p = triangle.map(|vertex| wide(surface.positions[vertex as usize]));
    let uv = triangle.map(|vertex| surface.uvs[vertex as usize].map(f64::from));
    let (du1, dv1) = (uv[1][0] - uv[0][0], uv[1][1] - uv[0][1]);
    let (du2, dv2) = (uv[2][0] - uv[0][0], uv[2][1] - uv[0][1]);
    let area = du1 * dv2 - du2 * dv1;
    // v runs downward in glTF, and the bitangent upward: an unmirrored texture has a negative area in (u, v).
    let mirrored = area > 0.0;
    let along_u = sub(scale(sub(p[1], p[0]), dv2), scale(sub(p[2], p[0]), dv1));
    let along_u = normalize(scale(along_u, if area < 0.0 { -1.0 } else { 1.0 })).unwrap_or([0.0; 3]);
    [0, 1, 2].map(|corner| {
        let normal = wide(surface.normals[triangle[corner] as usize]);
        let flat = sub(along_u, scale(normal, dot(along_u, normal)));
        let Some(flat) = normalize(flat).filter(|_| area != 0.0) else { return ([0.0; 3], mirrored) };
        let to_next = sub(p[(corner + 1) % 3], p[corner]);
        let to_last = sub(p[(corner + 2) % 3], p[corner]);
        let wide_angle = cross(to_next, to_last);
        let angle = dot(wide_angle, wide_angle).sqrt().atan2(dot(to_next, to_last));
        (scale(flat, angle), mirrored)
    })
}
