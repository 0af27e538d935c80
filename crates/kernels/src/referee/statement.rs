//! What a job asks the render engine for, in the fixed form that the chain stores.

use super::RefereeError;
use crate::merkle::Digest;
use crate::render::{Frame, SceneImage};

/// Bytes of a statement.
pub const STATEMENT_BYTES: usize = 128;
/// The format that is read and written here: of the statement, the state, the memory and the evidence.
pub const FORMAT: u32 = 1;

/// Triangles of an image at most; pairs are no more than triangles.
const MOST_TRIANGLES: u32 = 1 << 24;
/// Leaves of an image: the header alone has 4, and words are numbered by 32 bits.
const LEAVES: core::ops::RangeInclusive<u64> = 4..=1 << 28;
/// Bytes in use; the others are zero.
const USED: usize = 80;

/// What is rendered: the frame, and the image by its commitment.
///
/// Whoever takes a job must compare it with the image ([`Statement::of`]): nobody on the chain knows whether its counts
/// are those of the image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The frame.
    pub frame: Frame,
    /// Merkle root of the scene image.
    pub image_root: Digest,
    /// Its leaves.
    pub leaf_count: u64,
    /// Its node pairs.
    pub pairs: u32,
    /// Its triangles.
    pub triangles: u32,
}

impl Statement {
    /// The statement of a frame over an image, whose root is computed.
    pub fn of(frame: &Frame, image: &SceneImage) -> Statement {
        Statement {
            frame: *frame,
            image_root: image.root(),
            leaf_count: image.leaf_count(),
            pairs: image.pair_count(),
            triangles: image.triangle_count(),
        }
    }

    /// Format (4), width (4), height (4), tile (4), samples (4), max_bounces (4), seed (8), image root (32), leaves (8),
    /// pairs (4), triangles (4), zeros (48); numbers little-endian.
    pub fn to_bytes(&self) -> [u8; STATEMENT_BYTES] {
        let mut bytes = [0; STATEMENT_BYTES];
        let Frame { width, height, tile, samples, max_bounces, seed } = self.frame;
        for (place, word) in [FORMAT, width, height, tile, samples, max_bounces].into_iter().enumerate() {
            bytes[4 * place..4 * place + 4].copy_from_slice(&word.to_le_bytes());
        }
        bytes[24..32].copy_from_slice(&seed.to_le_bytes());
        bytes[32..64].copy_from_slice(&self.image_root);
        bytes[64..72].copy_from_slice(&self.leaf_count.to_le_bytes());
        bytes[72..76].copy_from_slice(&self.pairs.to_le_bytes());
        bytes[76..80].copy_from_slice(&self.triangles.to_le_bytes());
        bytes
    }

    /// The inverse of [`Statement::to_bytes`].
    ///
    /// # Errors
    /// [`RefereeError::Format`], or [`RefereeError::Statement`] for a frame or counts out of range and for padding that is
    /// not zero.
    pub fn from_bytes(bytes: &[u8; STATEMENT_BYTES]) -> Result<Statement, RefereeError> {
        let word = |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
        let long = |at: usize| u64::from(word(at)) | u64::from(word(at + 4)) << 32;
        if word(0) != FORMAT {
            return Err(RefereeError::Format);
        }
        let mut image_root = [0; 32];
        image_root.copy_from_slice(&bytes[32..64]);
        let statement = Statement {
            frame: Frame {
                width: word(4),
                height: word(8),
                tile: word(12),
                samples: word(16),
                max_bounces: word(20),
                seed: long(24),
            },
            image_root,
            leaf_count: long(64),
            pairs: word(72),
            triangles: word(76),
        };
        let Statement { frame, leaf_count, pairs, triangles, .. } = &statement;
        let is_valid = frame.is_valid()
            && LEAVES.contains(leaf_count)
            && (1..=MOST_TRIANGLES).contains(triangles)
            && (1..=*triangles).contains(pairs)
            && bytes[USED..].iter().all(|byte| *byte == 0);
        if is_valid { Ok(statement) } else { Err(RefereeError::Statement) }
    }
}
