//! The probes as a step machine: what a chain executes where two parties disagree about an answer.
//!
//! Three units, each a function of the job (plan and seed) and of the step's number k alone; S is the state, and everything
//! that the machine wrote and will read again is in S as a Merkle root.
//!
//! **Clock** (unit 0). S = v. Step: v <- SHA-256^1024(v). It begins with [`clock::start`] and ends with the output.
//!
//! **Chain** (unit 1), n x n matrices, n^2 steps a round. S = (root of L, peaks over the bytes of the next L that are written).
//! Step at byte (r, c) of the next L, in the order of its rows: s = L_c . R_r, byte = [`chain::next`] of s at (c, r). L_c is a
//! row under the root of L, in the first round from the seed as R_r is in all. After n^2 bytes the root over them becomes the
//! root of L. Output: the last root.
//!
//! **Walk** (unit 2), slices of n cells. S = (roots of the slices as they were written last, peaks over what is being written,
//! a walker's state). First the slices are filled, one cell a step in the order of their places: a cell is
//! [`walk::cell`] of the walker's cell before (under the peaks, or the root of the slice before), of the cell that this one
//! chooses (another slice's) and, from the second pass on, of what stood there (under the slice's old root). Then the walkers
//! go one after the other, one read a step: state <- [`walk::mix`](walk::mix) of itself and the cell that it chooses. The
//! final states are written as cells; output: the root over them.
//!
//! **Segments.** All segments of a unit have the same number of steps, and at their boundaries S follows from what a fast
//! run leaves behind: the clock's checkpoints; the chain's roots every `rounds_per_checkpoint` rounds; the slices' roots, and the
//! final states of the walkers, of whom each segment has walkers x steps / reads (see [`Plan::check`](super::Plan::check)). Nobody
//! needs to step to commit to a trace, and who disputes one computes a round or a slice again (`super::prove`).
//!
//! # Bytes of a state
//! Format (u32), unit (u32), k (u64), value (32), partial (32); in the walk the roots of all slices (zeros where none was
//! written yet); the peaks. Numbers are little-endian. Value is the clock's v, the root of L (zeros in the first round) or the
//! walker's state (zeros before its first read and while slices are filled). Partial is SHA-256 of what is written of a leaf that
//! is not full yet (zeros where nothing is). The final state has the output as value, and nothing else. The hash of a state is
//! SHA-256 of these bytes; job and k fix their number, which is never the 65 bytes of a tree's node.

use alloc::vec::Vec;

use super::frontier::Frontier;
use super::plan::{FORMAT, Plan};
use super::{StatementError, chain, clock, walk};
use crate::merkle::LEAF_BYTES;
use crate::referee::{Begin, STATEMENT_BYTES};
use crate::sha256::{Digest, sha256};

/// Hashes that one step of the clock makes.
pub const HASHES: u64 = 1_024;
/// Rows of a chain's matrices at most: a row is evidence for one step.
pub const MOST_SIZE: u32 = 8_192;
/// Slices of a walk at most: their roots are part of the state.
pub const SLICES: u32 = 16;

/// Units of a probe.
pub const UNITS: u64 = 3;
/// The clock's unit.
pub const CLOCK: u64 = 0;
/// The chain's unit.
pub const CHAIN: u64 = 1;
/// The walk's unit.
pub const WALK: u64 = 2;

/// Bytes of a state before its roots.
pub const HEAD_BYTES: usize = 4 + 4 + 8 + 32 + 32;
/// Bytes of a cell.
pub(super) const CELL: usize = walk::CELL_BYTES as usize;

/// What a probe's steps depend on besides the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Job {
    /// The shapes.
    pub plan: Plan,
    /// The seed.
    pub seed: Digest,
}

/// Where in a unit a step lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The clock hashes.
    Clock,
    /// A byte of the chain's next matrix is made.
    Chain {
        /// The round.
        round: u32,
        /// The byte's place in the next matrix.
        byte: u64,
    },
    /// A cell of the walk's memory is written.
    Fill {
        /// The pass.
        pass: u32,
        /// The slice.
        slice: u32,
        /// The cell's place in its slice.
        cell: u64,
    },
    /// A walker reads.
    Walk {
        /// The walker.
        walker: u32,
        /// How often it has read before.
        read: u32,
    },
    /// Nothing follows.
    Done,
}

impl Place {
    /// Bytes of the tree in writing.
    pub const fn written(&self) -> u64 {
        match *self {
            Place::Clock | Place::Done => 0,
            Place::Chain { byte, .. } => byte,
            Place::Fill { cell, .. } => cell * walk::CELL_BYTES,
            Place::Walk { walker, .. } => walker as u64 * walk::CELL_BYTES,
        }
    }

    /// Bytes of its last leaf, where that is not full.
    pub const fn unfinished(&self) -> usize {
        self.written() as usize % LEAF_BYTES
    }

    /// Full leaves of the tree in writing.
    pub const fn leaves(&self) -> u64 {
        self.written() / LEAF_BYTES as u64
    }

    /// Roots of slices in the state.
    const fn roots(&self, plan: &Plan) -> usize {
        match self {
            Place::Fill { .. } | Place::Walk { .. } => plan.walk.slices as usize,
            Place::Clock | Place::Chain { .. } | Place::Done => 0,
        }
    }
}

impl Job {
    /// The job of a statement.
    ///
    /// # Errors
    /// See [`StatementError`].
    pub fn from_statement(statement: &[u8; STATEMENT_BYTES]) -> Result<Job, StatementError> {
        let (plan, seed) = Plan::from_statement(statement)?;
        Ok(Job { plan, seed })
    }

    /// Segments of a unit's trace and steps of each; `None` where there is no such unit.
    pub fn segments(&self, unit: u64) -> Option<(u64, u64)> {
        let Plan { clock, chain, walk } = &self.plan;
        match unit {
            CLOCK => Some((u64::from(clock.segments), clock.steps / HASHES)),
            CHAIN => {
                let segments = chain.rounds / chain.rounds_per_checkpoint;
                Some((u64::from(segments), u64::from(chain.rounds_per_checkpoint) * chain.bytes()))
            }
            WALK => Some((u64::from(walk.passes * walk.slices + walk.reads / walk.steps), walk.slice_cells())),
            _ => None,
        }
    }

    /// Steps of a unit; `None` where there is no such unit.
    pub fn steps(&self, unit: u64) -> Option<u64> {
        // No plan has 2^64 steps: the clock's hashes are counted, and the others are products of small numbers.
        self.segments(unit).map(|(segments, steps)| segments.saturating_mul(steps))
    }

    /// Where a step lies; `None` where the unit has no such step, not even the one after the last.
    pub fn place(&self, unit: u64, step: u64) -> Option<Place> {
        let steps = self.steps(unit)?;
        if step >= steps {
            return (step == steps).then_some(Place::Done);
        }
        let Plan { chain, walk, .. } = &self.plan;
        Some(match unit {
            CLOCK => Place::Clock,
            CHAIN => Place::Chain { round: (step / chain.bytes()) as u32, byte: step % chain.bytes() },
            _ => {
                let (number, cell) = (step / walk.slice_cells(), step % walk.slice_cells());
                let slices = u64::from(walk.slices);
                let (pass, slice) = ((number / slices) as u32, (number % slices) as u32);
                if pass < walk.passes {
                    Place::Fill { pass, slice, cell }
                } else {
                    let read = step - u64::from(walk.passes) * slices * walk.slice_cells();
                    let reads = u64::from(walk.reads);
                    Place::Walk { walker: (read / reads) as u32, read: (read % reads) as u32 }
                }
            }
        })
    }

    /// The state before a unit's first step; `None` where there is no such unit.
    pub fn first(&self, unit: u64) -> Option<State> {
        let place = self.place(unit, 0)?;
        let value = if unit == CLOCK { clock::start(&self.seed) } else { [0; 32] };
        Some(State { roots: alloc::vec![[0; 32]; place.roots(&self.plan)], ..State::bare(unit, 0, value) })
    }

    /// The state after a unit's last step, given its output; `None` where there is no such unit.
    pub fn last(&self, unit: u64, output: Digest) -> Option<State> {
        Some(State::bare(unit, self.steps(unit)?, output))
    }

    /// Where a unit's trace begins, and its size; `None` where there is no such unit.
    pub fn begin(&self, unit: u64) -> Option<Begin> {
        let (segments, segment_steps) = self.segments(unit)?;
        Some(Begin { start: self.first(unit)?.hash(), segments, segment_steps })
    }

    /// The slice that lies before one in time, and the cell that a walker of `cell` has in it; `None` for the first of all.
    pub(super) fn entry(&self, pass: u32, slice: u32, walker: u32) -> Option<u64> {
        self.plan.walk.entry_place(pass, slice, walker)
    }
}

/// The whole state between two steps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// The unit.
    pub unit: u64,
    /// Steps that were executed.
    pub step: u64,
    /// See the module's description.
    pub value: Digest,
    /// See the module's description.
    pub partial: Digest,
    /// Roots of the slices as they were written last.
    pub roots: Vec<Digest>,
    /// The full leaves of what is being written.
    pub frontier: Frontier,
}

impl State {
    /// A state in which nothing is being written.
    pub fn bare(unit: u64, step: u64, value: Digest) -> State {
        State { unit, step, value, partial: [0; 32], roots: Vec::new(), frontier: Frontier::default() }
    }

    /// As committed.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEAD_BYTES + 32 * (self.roots.len() + self.frontier.peaks().len()));
        bytes.extend_from_slice(&FORMAT.to_le_bytes());
        bytes.extend_from_slice(&(self.unit as u32).to_le_bytes());
        bytes.extend_from_slice(&self.step.to_le_bytes());
        for digest in [&self.value, &self.partial].into_iter().chain(&self.roots).chain(self.frontier.peaks()) {
            bytes.extend_from_slice(digest);
        }
        bytes
    }

    /// The state at the beginning of `bytes`, its place, and how many bytes it has; `None` where the job has none that
    /// begins so.
    pub fn read(job: &Job, bytes: &[u8]) -> Option<(State, Place, usize)> {
        let (head, rest) = bytes.split_first_chunk::<HEAD_BYTES>()?;
        let word = |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
        let (unit, step) = (u64::from(word(4)), u64::from(word(8)) | u64::from(word(12)) << 32);
        let place = job.place(unit, step).filter(|_| word(0) == FORMAT)?;
        let (mut value, mut partial) = ([0; 32], [0; 32]);
        value.copy_from_slice(&head[16..48]);
        partial.copy_from_slice(&head[48..]);
        let (roots, peaks) = (place.roots(&job.plan), Frontier::peaks_of(place.leaves()));
        let (digests, _) = rest.get(..32 * (roots + peaks))?.as_chunks::<32>();
        let (roots, peaks) = digests.split_at_checked(roots)?;
        let frontier = Frontier::new(place.leaves(), peaks.to_vec())?;
        let state = State { unit, step, value, partial, roots: roots.to_vec(), frontier };
        Some((state, place, HEAD_BYTES + 32 * digests.len()))
    }

    /// What traces and disputes hold of it.
    pub fn hash(&self) -> Digest {
        sha256(&[&self.to_bytes()])
    }
}

/// The bytes of a cell, as they lie in memory.
pub(super) fn bytes_of(cell: &walk::Cell) -> [u8; CELL] {
    let mut bytes = [0; CELL];
    bytes.as_chunks_mut::<4>().0.iter_mut().zip(cell).for_each(|(place, word)| *place = word.to_le_bytes());
    bytes
}

/// The inverse of [`bytes_of`].
pub(super) fn cell_of(bytes: &[u8; CELL]) -> walk::Cell {
    let mut cell = [0; 8];
    cell.iter_mut().zip(bytes.as_chunks::<4>().0).for_each(|(word, bytes)| *word = u32::from_le_bytes(*bytes));
    cell
}

/// The product of a row of the left matrix, or of the seed's where none is given, and a row of the right one.
#[inline(never)]
pub(super) fn product(keys: &chain::Keys, size: u32, left: (u32, Option<&[u8]>), right: u32) -> i32 {
    let vectors = size / 16;
    let (left_row, bytes) = left;
    let (left_first, right_first) = (u64::from(left_row * vectors), u64::from(right * vectors));
    let mut sum = 0_i32;
    let mut add = |left: [u32; 4], right: [u32; 4]| {
        for (left, right) in left.into_iter().zip(right) {
            for shift in [24, 16, 8, 0] {
                // The shift to the left puts a byte's sign into the word's.
                let byte = |word: u32| ((word << shift) as i32) >> 24;
                sum = sum.wrapping_add(byte(left) * byte(right));
            }
        }
    };
    match bytes {
        Some(bytes) => {
            for (vector, bytes) in (right_first..).zip(bytes.as_chunks::<16>().0) {
                let (words, _) = bytes.as_chunks::<4>();
                let left = core::array::from_fn(|word| u32::from_le_bytes(words[word]));
                add(left, keys.right.draw(vector));
            }
        }
        None => {
            for vector in 0..u64::from(vectors) {
                add(keys.left.draw(left_first + vector), keys.right.draw(right_first + vector));
            }
        }
    }
    sum
}
