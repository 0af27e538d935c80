//! What a referee answers about a probe: where a unit's trace begins, where it ends, and what follows a state.
//!
//! The wire is that of every referee, `crate::referee::wire`. The evidence of a step, numbers and proofs as in
//! `crate::merkle`:
//!
//! | part | where | bytes |
//! |---|---|---|
//! | the state before | always | see [`super::machine`] |
//! | the leaf in writing, as far as it is written | a step that writes | 0 to 1,023 |
//! | the leaves of L in which the row lies | chain, not the first round | 1,024 each |
//! | their multiproof | behind them | 32 each, to the end |
//! | the walker's cell before | fill, not the very first of a walker | leaf of 1,024 and its proof |
//! | the cell that this one chooses | fill, where there is one | leaf and proof |
//! | what stood there | fill, not the first pass | leaf and proof |
//! | the cell that is read | walk | leaf and proof |
//!
//! A proof of a single leaf has exactly the siblings that the leaf needs under its root, or under its peak. At most
//! [`MOST_EVIDENCE_BYTES`] are needed.

use super::machine::{CELL, Job, Place, State, bytes_of, cell_of, product};
use super::{StatementError, chain, walk};
use crate::merkle::{self, Digest, LEAF_BYTES, MOST_LEAVES, MultiproofError};
use crate::referee::{Begin, Outcome};
use crate::sha256::sha256;

/// Bytes that any step needs at most, in a walk through a tebibyte: a state with 16 roots and 26 peaks, an unfinished leaf and
/// three leaves with 26 siblings each. A chain's row needs 9 leaves at most and fewer siblings.
pub const MOST_EVIDENCE_BYTES: usize = 12 * 1_024;

/// A question, or its evidence, that is not in order. The codes are stable; a program adds 6000 to them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum RefereeError {
    /// The statement begins with another format number.
    Format = 1,
    /// A shape of the statement is out of range, or its padding is not zero.
    Statement = 2,
    /// A probe has three units.
    UnitOutOfRange = 3,
    /// The evidence ends before what it must hold.
    EvidenceShort = 4,
    /// Something follows what the step needs.
    EvidenceLong = 5,
    /// The bytes begin with no state of the machine.
    State = 6,
    /// The state has another hash than the one agreed on.
    StateHash = 7,
    /// The unfinished leaf is not the one in the state.
    Unfinished = 8,
    /// The multiproof is not made of as many hashes as the leaves need.
    ProofLength = 9,
    /// A leaf is not below its root in the state.
    Proof = 10,
}

impl RefereeError {
    /// All of them, in the order of their codes.
    pub const ALL: [RefereeError; 10] = [
        RefereeError::Format,
        RefereeError::Statement,
        RefereeError::UnitOutOfRange,
        RefereeError::EvidenceShort,
        RefereeError::EvidenceLong,
        RefereeError::State,
        RefereeError::StateHash,
        RefereeError::Unfinished,
        RefereeError::ProofLength,
        RefereeError::Proof,
    ];

    /// The stable code, from 1.
    pub fn code(self) -> u32 {
        self as u32
    }

    /// What is wrong, in plain words.
    pub fn message(self) -> &'static str {
        match self {
            RefereeError::Format => "the statement has a format that this referee does not know",
            RefereeError::Statement => "the statement describes no valid probe",
            RefereeError::UnitOutOfRange => "a probe has no such unit",
            RefereeError::EvidenceShort => "the evidence ends before what it must hold",
            RefereeError::EvidenceLong => "the evidence is longer than its step needs",
            RefereeError::State => "the evidence holds no state of the machine",
            RefereeError::StateHash => "the state in the evidence is not the one agreed on",
            RefereeError::Unfinished => "the unfinished leaf is not the one in the state",
            RefereeError::ProofLength => "the proof has more or fewer hashes than its leaves need",
            RefereeError::Proof => "a leaf is not below its root in the state",
        }
    }
}

impl core::fmt::Display for RefereeError {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        out.write_str(self.message())
    }
}

impl core::error::Error for RefereeError {}

impl From<StatementError> for RefereeError {
    fn from(error: StatementError) -> RefereeError {
        match error {
            StatementError::Format(_) => RefereeError::Format,
            StatementError::Padding | StatementError::Shape(_) => RefereeError::Statement,
        }
    }
}

/// The hash of a unit's first state, the segments of its trace, and the steps of a segment.
///
/// # Errors
/// [`RefereeError::UnitOutOfRange`].
#[inline(never)]
pub fn begin(job: &Job, unit: u64) -> Result<Begin, RefereeError> {
    job.begin(unit).ok_or(RefereeError::UnitOutOfRange)
}

/// The hash of a unit's final state, given its output.
///
/// # Errors
/// [`RefereeError::UnitOutOfRange`].
#[inline(never)]
pub fn end(job: &Job, unit: u64, output: Digest) -> Result<Digest, RefereeError> {
    job.last(unit, output).map(|state| state.hash()).ok_or(RefereeError::UnitOutOfRange)
}

/// Executes the step after the state with the hash `before`, which `evidence` opens.
///
/// # Errors
/// Whatever in the evidence does not fit; the answer is then still open. After a unit's last step comes
/// [`Outcome::Fault`].
#[inline(never)]
pub fn step(job: &Job, before: &Digest, evidence: &[u8]) -> Result<Outcome, RefereeError> {
    let (mut state, place, length) = State::read(job, evidence).ok_or(RefereeError::State)?;
    let (bytes, rest) = evidence.split_at_checked(length).ok_or(RefereeError::State)?;
    if sha256(&[bytes]) != *before {
        return Err(RefereeError::StateHash);
    }
    let mut rest = Rest(rest);
    match place {
        Place::Clock => state.value = super::clock::advance(state.value, super::machine::HASHES),
        Place::Chain { round, byte } => chain_step(job, &mut state, &mut rest, round, byte)?,
        Place::Fill { pass, slice, cell } => fill_step(job, &mut state, &mut rest, (pass, slice, cell))?,
        Place::Walk { walker, read } => walk_step(job, &mut state, &mut rest, walker, read)?,
        Place::Done => return Ok(Outcome::Fault),
    }
    if !rest.0.is_empty() {
        return Err(RefereeError::EvidenceLong);
    }
    state.step += 1;
    Ok(Outcome::State(state.hash()))
}

/// One byte of the chain's next matrix.
#[inline(never)]
fn chain_step(job: &Job, state: &mut State, rest: &mut Rest, round: u32, byte: u64) -> Result<(), RefereeError> {
    let size = job.plan.chain.size;
    let keys = chain::Keys::new(&job.seed);
    // The byte at (row, column) of the next matrix is made of the sum at (column, row).
    let (row, column) = ((byte / u64::from(size)) as u32, (byte % u64::from(size)) as u32);
    let unfinished = rest.unfinished(state, byte as usize % LEAF_BYTES)?;
    let left = if round == 0 { None } else { Some(rest.row(&state.value, size, column)?) };
    let sum = product(&keys, size, (column, left), row);
    let made = chain::next(keys.round(round), column * size + row, sum);
    append(state, unfinished, &[made]);
    if byte + 1 == job.plan.chain.bytes() {
        state.value = core::mem::take(&mut state.frontier).root();
    }
    Ok(())
}

/// One cell of the walk's memory.
#[inline(never)]
fn fill_step(
    job: &Job,
    state: &mut State,
    rest: &mut Rest,
    (pass, slice, cell): (u32, u32, u64),
) -> Result<(), RefereeError> {
    let shape = &job.plan.walk;
    let walkers = u64::from(shape.walkers);
    let walker = (cell % walkers) as u32;
    let unfinished = rest.unfinished(state, (cell as usize * CELL) % LEAF_BYTES)?;
    let own = match cell.checked_sub(walkers) {
        Some(own) => rest.cell_written(state, own)?,
        None => match job.entry(pass, slice, walker) {
            Some(place) => rest.cell(shape, state, place)?,
            None => walk::start(walk::key(&job.seed), walker, walk::FILL),
        },
    };
    let other = match shape.other(&own, pass, slice) {
        Some(place) => rest.cell(shape, state, place)?,
        None => [0; 8],
    };
    let place = u64::from(slice) * shape.slice_cells() + cell;
    let stood = if pass > 0 { rest.cell(shape, state, place)? } else { [0; 8] };
    append(state, unfinished, &bytes_of(&walk::cell(own, other, stood, place)));
    if cell + 1 == shape.slice_cells() {
        let root = core::mem::take(&mut state.frontier).root();
        *state.roots.get_mut(slice as usize).ok_or(RefereeError::State)? = root;
    }
    Ok(())
}

/// One read of a walker.
#[inline(never)]
fn walk_step(job: &Job, state: &mut State, rest: &mut Rest, walker: u32, read: u32) -> Result<(), RefereeError> {
    let shape = &job.plan.walk;
    let is_last = read + 1 == shape.reads;
    let unfinished = if is_last { rest.unfinished(state, (walker as usize * CELL) % LEAF_BYTES)? } else { &[] };
    let own = if read == 0 { walk::start(walk::key(&job.seed), walker, walk::READ) } else { cell_of(&state.value) };
    let cell = rest.cell(shape, state, shape.chosen(&own))?;
    let after = bytes_of(&walk::mix(own, cell, u64::from(read)));
    if !is_last {
        state.value = after;
        return Ok(());
    }
    state.value = [0; 32];
    append(state, unfinished, &after);
    if walker + 1 == shape.walkers {
        let output = core::mem::take(&mut state.frontier).root();
        *state = State::bare(state.unit, state.step, output);
    }
    Ok(())
}

/// Appends bytes to the leaf in writing, of which `unfinished` is written; they do not go beyond its end.
fn append(state: &mut State, unfinished: &[u8], bytes: &[u8]) {
    if unfinished.len() + bytes.len() < LEAF_BYTES {
        state.partial = sha256(&[unfinished, bytes]);
    } else {
        // The same as `merkle::leaf` of both.
        state.frontier.push(sha256(&[&[0], unfinished, bytes]));
        state.partial = [0; 32];
    }
}

/// The evidence that was not read yet.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], RefereeError> {
        let (bytes, rest) = self.0.split_at_checked(length).ok_or(RefereeError::EvidenceShort)?;
        self.0 = rest;
        Ok(bytes)
    }

    /// What is written of the leaf in writing.
    fn unfinished(&mut self, state: &State, length: usize) -> Result<&'a [u8], RefereeError> {
        let bytes = self.take(length)?;
        if length > 0 && sha256(&[bytes]) != state.partial { Err(RefereeError::Unfinished) } else { Ok(bytes) }
    }

    /// A row of the matrix with this root.
    #[inline(never)]
    fn row(&mut self, root: &Digest, size: u32, row: u32) -> Result<&'a [u8], RefereeError> {
        let (first, count, offset) = leaves_of_row(size, row);
        let bytes = self.take(count as usize * LEAF_BYTES)?;
        let mut hashes = [(0, [0; 32]); MOST_LEAVES];
        let hashes = hashes.get_mut(..count as usize).ok_or(RefereeError::Proof)?;
        for ((place, leaf), index) in hashes.iter_mut().zip(bytes.chunks_exact(LEAF_BYTES)).zip(first..) {
            *place = (index, merkle::leaf(leaf));
        }
        let (proof, remainder) = self.take(self.0.len())?.as_chunks::<32>();
        if !remainder.is_empty() {
            return Err(RefereeError::ProofLength);
        }
        let leaves = merkle::leaves_of(u64::from(size) * u64::from(size));
        merkle::check_multiproof(root, leaves, hashes, proof).map_err(|error| match error {
            MultiproofError::Length => RefereeError::ProofLength,
            _ => RefereeError::Proof,
        })?;
        bytes.get(offset..offset + size as usize).ok_or(RefereeError::Proof)
    }

    /// A leaf and so many hashes.
    fn leaf(&mut self, siblings: usize) -> Result<(&'a [u8], &'a [Digest]), RefereeError> {
        let leaf = self.take(LEAF_BYTES)?;
        let (proof, _) = self.take(32 * siblings)?.as_chunks::<32>();
        Ok((leaf, proof))
    }

    /// A cell of the slice in writing, from a full leaf.
    #[inline(never)]
    fn cell_written(&mut self, state: &State, cell: u64) -> Result<walk::Cell, RefereeError> {
        let index = cell * walk::CELL_BYTES / LEAF_BYTES as u64;
        let siblings = state.frontier.proof_length(index).ok_or(RefereeError::Proof)?;
        let (leaf, proof) = self.leaf(siblings)?;
        if !state.frontier.holds(index, &merkle::leaf(leaf), proof) {
            return Err(RefereeError::Proof);
        }
        in_leaf(leaf, cell)
    }

    /// A cell anywhere in the memory, as it was written last before the slice in writing.
    #[inline(never)]
    fn cell(&mut self, shape: &walk::Shape, state: &State, place: u64) -> Result<walk::Cell, RefereeError> {
        let (slice, cell) = (place / shape.slice_cells(), place % shape.slice_cells());
        let root = state.roots.get(slice as usize).ok_or(RefereeError::Proof)?;
        let index = cell * walk::CELL_BYTES / LEAF_BYTES as u64;
        let leaves = merkle::leaves_of(shape.slice_cells() * walk::CELL_BYTES);
        let (leaf, proof) = self.leaf(merkle::proof_length(index, leaves))?;
        if !merkle::verify(root, index, leaves, &merkle::leaf(leaf), proof) {
            return Err(RefereeError::Proof);
        }
        in_leaf(leaf, cell)
    }
}

/// The leaves in which a row of a matrix lies: the first, how many, and where in them the row begins.
pub(super) fn leaves_of_row(size: u32, row: u32) -> (u64, u64, usize) {
    let from = u64::from(row) * u64::from(size);
    let first = from / LEAF_BYTES as u64;
    let end = (from + u64::from(size)).div_ceil(LEAF_BYTES as u64);
    (first, end - first, from as usize % LEAF_BYTES)
}

fn in_leaf(leaf: &[u8], cell: u64) -> Result<walk::Cell, RefereeError> {
    let cell = leaf.as_chunks::<CELL>().0.get(cell as usize % (LEAF_BYTES / CELL));
    cell.map(cell_of).ok_or(RefereeError::Proof)
}
