//! Why a file is refused. Every message says where, what is wrong, and what to do.

use std::path::PathBuf;

/// Why an import was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
    /// The file itself could not be read.
    #[error("{}: {reason}; check the path and the permission to read it", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The system's own words.
        reason: String,
    },
    /// The bytes are not glTF 2.0 at all, or the file was cut off.
    #[error("not a glTF 2.0 file: {reason}; export the scene again as .glb")]
    NotGltf {
        /// What was found instead.
        reason: String,
    },
    /// The document breaks the rules of glTF 2.0 or needs an extension that is not supported.
    #[error("the glTF document is refused: {reason}")]
    Document {
        /// Path of the field and what is wrong with it.
        reason: String,
    },
    /// A node, mesh, accessor, image or material holds something that cannot be rendered.
    #[error("{place}: {problem}; {remedy}")]
    Content {
        /// Node, mesh, primitive, accessor, image or material, with its name and index.
        place: String,
        /// What is wrong.
        problem: String,
        /// What to do about it.
        remedy: &'static str,
    },
    /// The scene exceeds one of the [`crate::Limits`].
    #[error(
        "{place}: {count} {what} are more than the limit of {limit}; simplify the scene or split it into several jobs"
    )]
    TooLarge {
        /// Where the count was exceeded.
        place: String,
        /// Triangles, vertices, texels or bytes.
        what: &'static str,
        /// How many the file asks for (so far).
        count: u64,
        /// How many are allowed.
        limit: u64,
    },
    /// Nothing to render.
    #[error("the scene has no triangles; put at least one triangle mesh into the default scene")]
    Empty,
}

impl ImportError {
    /// A refusal of some content of the file.
    pub(super) fn content(place: impl Into<String>, problem: impl Into<String>, remedy: &'static str) -> Self {
        ImportError::Content { place: place.into(), problem: problem.into(), remedy }
    }
}
