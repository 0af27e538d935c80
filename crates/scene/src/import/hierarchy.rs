//! The node tree of the shown scene, flattened to world transforms.

use std::collections::BTreeSet;

use gltf::json;

use super::ImportError;
use super::container::{Document, label};
use crate::math::{Affine, length};

/// A node with its place in the world.
pub(super) struct PlacedNode {
    pub(super) name: String,
    pub(super) world: Affine,
    pub(super) mesh: Option<usize>,
    pub(super) camera: Option<usize>,
    pub(super) skinned: bool,
}

/// All nodes of the shown scene, parents before children, in file order.
pub(super) fn visit(document: &Document) -> Result<Vec<PlacedNode>, ImportError> {
    let Some(scene) = document.shown() else {
        return Err(ImportError::content(
            "scenes",
            "the file has none",
            "export a scene, not only a library of meshes",
        ));
    };
    let mut placed = Vec::new();
    let mut seen = BTreeSet::new();
    // A stack of our own: a hostile file may nest nodes deeper than the thread's stack is.
    let mut open: Vec<(usize, Affine)> = scene.nodes.iter().rev().map(|n| (n.value(), Affine::IDENTITY)).collect();
    while let Some((index, parent)) = open.pop() {
        let Some(node) = document.root.nodes.get(index) else {
            return Err(ImportError::content(format!("node {index}"), "it does not exist", "export the scene again"));
        };
        let name = label("node", index, node.name.as_deref());
        if !seen.insert(index) {
            return Err(ImportError::content(
                name,
                "it has more than one parent, or is its own ancestor",
                "give every node one parent",
            ));
        }
        let world = parent.after(&local(node, &name)?);
        if (node.mesh.is_some() || node.camera.is_some()) && world.is_singular() {
            return Err(ImportError::content(
                name,
                "its transform is singular (a scale of zero, or numbers without end)",
                "give it a scale other than zero, or remove the node",
            ));
        }
        for child in node.children.iter().flatten().rev() {
            open.push((child.value(), world));
        }
        placed.push(PlacedNode {
            name,
            world,
            mesh: node.mesh.map(|mesh| mesh.value()),
            camera: node.camera.map(|camera| camera.value()),
            skinned: node.skin.is_some(),
        });
    }
    Ok(placed)
}

fn local(node: &json::Node, name: &str) -> Result<Affine, ImportError> {
    if let Some(m) = node.matrix {
        let m = m.map(f64::from);
        if [m[3], m[7], m[11], m[15]] != [0.0, 0.0, 0.0, 1.0] {
            return Err(ImportError::content(
                name,
                "the bottom row of its matrix is not 0 0 0 1",
                "use translation, rotation and scale instead of a matrix",
            ));
        }
        return Ok(Affine {
            columns: [[m[0], m[1], m[2]], [m[4], m[5], m[6]], [m[8], m[9], m[10]]],
            translation: [m[12], m[13], m[14]],
        });
    }
    let translation = node.translation.unwrap_or([0.0; 3]).map(f64::from);
    let scale = node.scale.unwrap_or([1.0; 3]).map(f64::from);
    let rotation = node.rotation.map_or([0.0, 0.0, 0.0, 1.0], |quaternion| quaternion.0).map(f64::from);
    let norm = (rotation[3] * rotation[3] + length([rotation[0], rotation[1], rotation[2]]).powi(2)).sqrt();
    if norm == 0.0 || !norm.is_finite() {
        return Err(ImportError::content(name, "its rotation is not a quaternion", "use a unit quaternion"));
    }
    Ok(Affine::from_parts(translation, rotation.map(|x| x / norm), scale))
}
