//! Evidence for one step: the state before it and the leaves of the image that it reads, with their proof.
//!
//! | bytes | what |
//! |---|---|
//! | 564 | the state, as committed |
//! | 1 | number of leaves, 0 to 16 |
//! | 68 each | a leaf: its index as little-endian u32, its 64 bytes; in strictly ascending order |
//! | the rest | hashes of the multiproof, see `crate::merkle::verify_multiproof` |

use super::{RefereeError, Statement};
use crate::machine::{Fault, Machine, Memory};
use crate::merkle::{self, Digest, MOST_LEAVES, MultiproofError, Tree};
use crate::render::image::LEAF_WORDS;
use crate::render::{Render, SceneImage, State};
use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::cell::{Cell, RefCell};

const LEAF_BYTES: usize = 4 * LEAF_WORDS;
/// A leaf with its index.
const RECORD: usize = 4 + LEAF_BYTES;
/// Where the leaves begin.
const LEAVES_AT: usize = State::BYTES + 1;
/// Bytes of evidence at most: 16 leaves of the largest image and 28 siblings for each.
pub const MOST_EVIDENCE_BYTES: usize = LEAVES_AT + MOST_LEAVES * (RECORD + 28 * 32);

/// Evidence whose parts have been checked against what was agreed on; the memory of one step.
pub(super) struct Opened<'a> {
    state: &'a [u8; State::BYTES],
    leaves: &'a [[u8; RECORD]],
    /// The leaf that was read last, where the next word most likely is.
    latest: Cell<usize>,
}

impl<'a> Opened<'a> {
    /// Checks the evidence: its shape, the hash of its state, the proof of its leaves.
    #[inline(never)]
    pub fn new(statement: &Statement, before: &Digest, evidence: &'a [u8]) -> Result<Self, RefereeError> {
        if evidence.len() > MOST_EVIDENCE_BYTES {
            return Err(RefereeError::EvidenceLong);
        }
        let (state, rest) = evidence.split_first_chunk::<{ State::BYTES }>().ok_or(RefereeError::EvidenceShort)?;
        let (count, rest) = rest.split_first().ok_or(RefereeError::EvidenceShort)?;
        if State::hash_of_bytes(state) != *before {
            return Err(RefereeError::StateHash);
        }
        let count = usize::from(*count);
        if count > MOST_LEAVES {
            return Err(RefereeError::TooManyLeaves);
        }
        let (records, proof) = rest.split_at_checked(count * RECORD).ok_or(RefereeError::EvidenceShort)?;
        let (leaves, _) = records.as_chunks::<RECORD>();
        let (proof, remainder) = proof.as_chunks::<32>();
        if !remainder.is_empty() {
            return Err(RefereeError::ProofLength);
        }
        prove(statement, leaves, proof)?;
        Ok(Opened { state, leaves, latest: Cell::new(0) })
    }

    /// The state.
    pub fn state(&self) -> Result<State, RefereeError> {
        State::from_bytes(self.state).map_err(|_| RefereeError::State)
    }
}

/// Checks that the leaves are those of the image.
#[inline(never)]
fn prove(statement: &Statement, leaves: &[[u8; RECORD]], proof: &[Digest]) -> Result<(), RefereeError> {
    let mut hashes = [(0, [0; 32]); MOST_LEAVES];
    for (place, record) in hashes.iter_mut().zip(leaves) {
        *place = (u64::from(index_of(record)), merkle::leaf(&record[4..]));
    }
    let hashes = hashes.get_mut(..leaves.len()).ok_or(RefereeError::TooManyLeaves)?;
    merkle::check_multiproof(&statement.image_root, statement.leaf_count, hashes, proof).map_err(|error| match error {
        MultiproofError::TooManyLeaves => RefereeError::TooManyLeaves,
        MultiproofError::Order => RefereeError::LeafOrder,
        MultiproofError::Range => RefereeError::LeafOutOfRange,
        MultiproofError::Length => RefereeError::ProofLength,
        MultiproofError::Root => RefereeError::Proof,
    })
}

fn index_of(record: &[u8; RECORD]) -> u32 {
    u32::from_le_bytes([record[0], record[1], record[2], record[3]])
}

impl Memory for Opened<'_> {
    fn word(&self, index: u32) -> Result<u32, Fault> {
        let wanted = index / LEAF_WORDS as u32;
        let mut place = self.latest.get();
        if self.leaves.get(place).is_none_or(|record| index_of(record) != wanted) {
            place = self.leaves.iter().position(|record| index_of(record) == wanted).ok_or(Fault::Memory(index))?;
            self.latest.set(place);
        }
        let record = self.leaves.get(place).ok_or(Fault::Memory(index))?;
        let at = 4 + 4 * (index as usize % LEAF_WORDS);
        Ok(u32::from_le_bytes([record[at], record[at + 1], record[at + 2], record[at + 3]]))
    }
}

/// Notes which leaves are read.
struct Observed<'a> {
    image: &'a SceneImage,
    leaves: RefCell<BTreeSet<u64>>,
}

impl Memory for Observed<'_> {
    fn word(&self, index: u32) -> Result<u32, Fault> {
        let word = self.image.word(index)?;
        self.leaves.borrow_mut().insert(u64::from(index) / LEAF_WORDS as u64);
        Ok(word)
    }
}

/// The evidence for the step after `state`: it executes the step and takes in what it reads. `tree` is the tree over the
/// image's leaves.
///
/// `None` where the tree is another's, or the step reads more leaves than evidence holds, which no valid image makes it.
pub fn evidence(image: &SceneImage, tree: &Tree, state: &State) -> Option<Vec<u8>> {
    let observed = Observed { image, leaves: RefCell::default() };
    Render::step(&mut state.clone(), &observed);
    let indices: Vec<u64> = observed.leaves.take().into_iter().collect();
    let proof = tree.multiproof(&indices)?;
    let mut bytes = state.to_bytes().to_vec();
    bytes.push(u8::try_from(indices.len()).ok()?);
    for index in indices {
        let first = index as usize * LEAF_WORDS;
        bytes.extend_from_slice(&u32::try_from(index).ok()?.to_le_bytes());
        bytes.extend(image.words().get(first..first + LEAF_WORDS)?.iter().flat_map(|word| word.to_le_bytes()));
    }
    bytes.extend(proof.iter().flatten());
    Some(bytes)
}
