//! How an honest party of a dispute has every state and every step's evidence: from what a run left behind ([`Units`]) and what
//! it computes again ([`Recompute`]), a round of the chain, a slice of the walk or some walkers at a time.

use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;
use core::ops::Range;

use super::frontier::Frontier;
use super::machine::{self, CELL, CLOCK, HASHES, Job, Place, State, bytes_of};
use super::referee::leaves_of_row;
use super::trace::Units;
use super::{ShapeError, chain, clock, walk};
use crate::merkle::{self, Digest, LEAF_BYTES, Tree};
use crate::sha256::sha256;

/// Slices whose trees are kept: a step reads at most four.
const KEPT: usize = 4;

/// What a party computes again, on this machine or on a device. Whoever implements it may keep what it likes.
pub trait Recompute {
    /// Why it cannot.
    type Error;

    /// The chain's left matrix before a round, row by row; after the last round it is the round `rounds`.
    ///
    /// # Errors
    /// The machine's own.
    fn left(&mut self, round: u32) -> Result<Arc<Vec<i8>>, Self::Error>;

    /// The cells of a slice as a pass wrote them.
    ///
    /// # Errors
    /// The machine's own.
    fn slice(&mut self, pass: u32, slice: u32) -> Result<Arc<Vec<walk::Cell>>, Self::Error>;

    /// The states of walkers after so many reads of the filled memory.
    ///
    /// # Errors
    /// The machine's own.
    fn walked(&mut self, walkers: Range<u32>, reads: u32) -> Result<Vec<walk::Cell>, Self::Error>;
}

/// Why there is no state or no evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProveError<E> {
    /// The unit has no such segment or step.
    OutOfRange,
    /// The run's digests are not those of what was computed again, or it computed something of another size.
    Contradiction,
    /// What had to be computed again could not be.
    Recompute(E),
}

impl<E: core::fmt::Display> core::fmt::Display for ProveError<E> {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            ProveError::OutOfRange => formatter.write_str("the unit has no such segment or step"),
            ProveError::Contradiction => formatter.write_str("what was computed again is not what was attested"),
            ProveError::Recompute(error) => write!(formatter, "the probe cannot be computed again: {error}"),
        }
    }
}

impl<E: core::fmt::Debug + core::fmt::Display> core::error::Error for ProveError<E> {}

impl<E> From<E> for ProveError<E> {
    fn from(error: E) -> ProveError<E> {
        ProveError::Recompute(error)
    }
}

/// A slice with its tree.
struct Slice {
    bytes: Vec<u8>,
    tree: Tree,
}

/// A round: the matrices before and after it, with their trees.
struct Round {
    number: u32,
    left: (Arc<Vec<i8>>, Tree),
    next: (Arc<Vec<i8>>, Tree),
}

/// States and evidence of one job.
pub struct Prover<R> {
    job: Job,
    units: Units,
    again: R,
    round: Option<Round>,
    slices: Vec<((u32, u32), Arc<Slice>)>,
}

impl<R: Recompute> Prover<R> {
    /// Over the digests of a run.
    pub fn new(job: Job, units: Units, again: R) -> Prover<R> {
        Prover { job, units, again, round: None, slices: Vec::new() }
    }

    /// The job.
    pub fn job(&self) -> &Job {
        &self.job
    }

    /// The digests of the run.
    pub fn units(&self) -> &Units {
        &self.units
    }

    /// The state of a unit after so many steps.
    ///
    /// # Errors
    /// [`ProveError`].
    pub fn state(&mut self, unit: u64, step: u64) -> Result<State, ProveError<R::Error>> {
        let place = self.job.place(unit, step).ok_or(ProveError::OutOfRange)?;
        let bare = State::bare(unit, step, [0; 32]);
        match place {
            Place::Done => {
                let output = self.units.output(unit).ok_or(ProveError::OutOfRange)?;
                Ok(State { value: output, ..bare })
            }
            Place::Clock => {
                let (_, steps) = self.job.segments(CLOCK).ok_or(ProveError::OutOfRange)?;
                let from = self.units.clock_at(&self.job, step / steps).ok_or(ProveError::OutOfRange)?;
                Ok(State { value: clock::advance(from, step % steps * HASHES), ..bare })
            }
            Place::Chain { round, byte: 0 } if round % self.job.plan.chain.rounds_per_checkpoint == 0 => {
                let value = self.units.left_root(&self.job.plan, round).unwrap_or([0; 32]);
                Ok(State { value, ..bare })
            }
            Place::Chain { round, .. } => {
                let value = if round == 0 { [0; 32] } else { self.round(round)?.left.1.root() };
                let next = &self.round(round)?.next;
                let frontier = Frontier::of(&next.1, place.leaves()).ok_or(ProveError::Contradiction)?;
                let unfinished = unfinished_of(&next.0, &place).ok_or(ProveError::Contradiction)?;
                Ok(State { value, partial: partial(&unfinished), frontier, ..bare })
            }
            Place::Fill { pass, slice, .. } => {
                let roots = self.units.roots(&self.job.plan.walk, pass * self.job.plan.walk.slices + slice);
                if place.written() == 0 {
                    return Ok(State { roots, ..bare });
                }
                let written = self.slice(pass, slice)?;
                let frontier = Frontier::of(&written.tree, place.leaves()).ok_or(ProveError::Contradiction)?;
                let unfinished = unfinished_in(&written.bytes, &place).ok_or(ProveError::Contradiction)?;
                Ok(State { partial: partial(unfinished), roots, frontier, ..bare })
            }
            Place::Walk { walker, read } => {
                let shape = self.job.plan.walk;
                let roots = self.units.roots(&shape, shape.passes * shape.slices);
                let frontier = Frontier::of(&self.units.finals(), place.leaves()).ok_or(ProveError::Contradiction)?;
                let value = match read {
                    0 => [0; 32],
                    _ => {
                        bytes_of(self.again.walked(walker..walker + 1, read)?.first().ok_or(ProveError::Contradiction)?)
                    }
                };
                let unfinished = self.finished_walkers(&place, walker)?;
                Ok(State { value, partial: partial(&unfinished), roots, frontier, ..bare })
            }
        }
    }

    /// Evidence for the step that follows so many steps, as [`super::referee::step`] takes it.
    ///
    /// # Errors
    /// [`ProveError`]; no step follows the last.
    pub fn evidence(&mut self, unit: u64, step: u64) -> Result<Vec<u8>, ProveError<R::Error>> {
        let state = self.state(unit, step)?;
        let mut evidence = state.to_bytes();
        let place = self.job.place(unit, step).ok_or(ProveError::OutOfRange)?;
        match place {
            Place::Clock => {}
            Place::Done => return Err(ProveError::OutOfRange),
            Place::Chain { round, byte } => {
                let size = self.job.plan.chain.size;
                let column = (byte % u64::from(size)) as u32;
                let round = self.round(round)?;
                evidence.extend(unfinished_of(&round.next.0, &place).ok_or(ProveError::Contradiction)?);
                if round.number > 0 {
                    let (first, count, _) = leaves_of_row(size, column);
                    let leaves: Vec<u64> = (first..first + count).collect();
                    let (matrix, tree) = &round.left;
                    let at = first as usize * LEAF_BYTES;
                    let bytes = matrix.get(at..at + count as usize * LEAF_BYTES).ok_or(ProveError::Contradiction)?;
                    evidence.extend(bytes.iter().map(|byte| *byte as u8));
                    evidence.extend(tree.multiproof(&leaves).ok_or(ProveError::Contradiction)?.iter().flatten());
                }
            }
            Place::Fill { pass, slice, cell } => self.fill_evidence(&mut evidence, &place, (pass, slice, cell))?,
            Place::Walk { walker, read } => {
                let shape = self.job.plan.walk;
                if read + 1 == shape.reads {
                    evidence.extend(self.finished_walkers(&place, walker)?);
                }
                let own = match read {
                    0 => walk::start(walk::key(&self.job.seed), walker, walk::READ),
                    _ => machine::cell_of(&state.value),
                };
                let fills = shape.passes * shape.slices;
                self.cell(&mut evidence, fills, shape.chosen(&own))?;
            }
        }
        Ok(evidence)
    }

    fn fill_evidence(
        &mut self,
        evidence: &mut Vec<u8>,
        place: &Place,
        (pass, slice, cell): (u32, u32, u64),
    ) -> Result<(), ProveError<R::Error>> {
        let shape = self.job.plan.walk;
        let written = pass * shape.slices + slice;
        let current = self.slice(pass, slice)?;
        evidence.extend(unfinished_in(&current.bytes, place).ok_or(ProveError::Contradiction)?);
        let walker = (cell % u64::from(shape.walkers)) as u32;
        let own = match cell.checked_sub(u64::from(shape.walkers)) {
            Some(own) => {
                // Under a peak of the slice in writing, whose proof is the beginning of that under the slice's root.
                let leaf = own * walk::CELL_BYTES / LEAF_BYTES as u64;
                let frontier = Frontier::of(&current.tree, place.leaves()).ok_or(ProveError::Contradiction)?;
                let siblings = frontier.proof_length(leaf).ok_or(ProveError::Contradiction)?;
                current.prove(evidence, own, Some(siblings)).ok_or(ProveError::Contradiction)?
            }
            None => match self.job.entry(pass, slice, walker) {
                Some(place) => self.cell(evidence, written, place)?,
                None => walk::start(walk::key(&self.job.seed), walker, walk::FILL),
            },
        };
        if let Some(other) = shape.other(&own, pass, slice) {
            self.cell(evidence, written, other)?;
        }
        if pass > 0 {
            self.cell(evidence, written, u64::from(slice) * shape.slice_cells() + cell)?;
        }
        Ok(())
    }

    /// A cell as it is when so many slices have been written, and into `evidence` its leaf and proof.
    fn cell(&mut self, evidence: &mut Vec<u8>, written: u32, place: u64) -> Result<walk::Cell, ProveError<R::Error>> {
        let shape = self.job.plan.walk;
        let read = (place / shape.slice_cells()) as u32;
        let version = shape.root_of(written / shape.slices, written % shape.slices, read);
        let version = version.ok_or(ProveError::Contradiction)? as u32;
        let slice = self.slice(version / shape.slices, version % shape.slices)?;
        slice.prove(evidence, place % shape.slice_cells(), None).ok_or(ProveError::Contradiction)
    }

    /// The final states that are in the unfinished leaf while a walker goes.
    fn finished_walkers(&mut self, place: &Place, walker: u32) -> Result<Vec<u8>, ProveError<R::Error>> {
        let count = (place.unfinished() / CELL) as u32;
        if count == 0 {
            return Ok(Vec::new());
        }
        Ok(walk::bytes_of(&self.again.walked(walker - count..walker, self.job.plan.walk.reads)?))
    }

    fn round(&mut self, number: u32) -> Result<&Round, ProveError<R::Error>> {
        if self.round.as_ref().is_none_or(|round| round.number != number) {
            let bytes = self.job.plan.chain.bytes();
            let mut hashed = |number| {
                let matrix = self.again.left(number)?;
                if matrix.len() as u64 != bytes {
                    return Err(ProveError::Contradiction);
                }
                let tree = Tree::new(chain::matrix_leaves(&matrix));
                Ok((matrix, tree))
            };
            let (left, next) = (hashed(number)?, hashed(number + 1)?);
            self.round = Some(Round { number, left, next });
        }
        self.round.as_ref().ok_or(ProveError::OutOfRange)
    }

    fn slice(&mut self, pass: u32, slice: u32) -> Result<Arc<Slice>, ProveError<R::Error>> {
        if let Some((_, kept)) = self.slices.iter().find(|(key, _)| *key == (pass, slice)) {
            return Ok(Arc::clone(kept));
        }
        let bytes = walk::bytes_of(&self.again.slice(pass, slice)?);
        if bytes.len() as u64 != self.job.plan.walk.slice_cells() * walk::CELL_BYTES {
            return Err(ProveError::Contradiction);
        }
        let tree = Tree::new(merkle::leaves(&bytes));
        let whole = Arc::new(Slice { bytes, tree });
        if self.slices.len() >= KEPT {
            self.slices.remove(0);
        }
        self.slices.push(((pass, slice), Arc::clone(&whole)));
        Ok(whole)
    }
}

impl Slice {
    /// A cell, and into `evidence` its leaf and so many siblings, or all.
    fn prove(&self, evidence: &mut Vec<u8>, cell: u64, siblings: Option<usize>) -> Option<walk::Cell> {
        let at = cell as usize * CELL;
        let leaf = at / LEAF_BYTES;
        let mut proof = self.tree.proof(leaf as u64)?;
        proof.truncate(siblings.unwrap_or(proof.len()));
        evidence.extend_from_slice(self.bytes.get(leaf * LEAF_BYTES..)?.get(..LEAF_BYTES)?);
        evidence.extend(proof.iter().flatten());
        self.bytes.get(at..)?.first_chunk().map(machine::cell_of)
    }
}

/// What a place has of its unfinished leaf.
fn unfinished_in<'a>(bytes: &'a [u8], place: &Place) -> Option<&'a [u8]> {
    bytes.get(place.leaves() as usize * LEAF_BYTES..)?.get(..place.unfinished())
}

/// As [`unfinished_in`], of a matrix.
fn unfinished_of(matrix: &[i8], place: &Place) -> Option<Vec<u8>> {
    let bytes = matrix.get(place.leaves() as usize * LEAF_BYTES..)?.get(..place.unfinished())?;
    Some(bytes.iter().map(|byte| *byte as u8).collect())
}

fn partial(unfinished: &[u8]) -> Digest {
    if unfinished.is_empty() { [0; 32] } else { sha256(&[unfinished]) }
}

/// This machine. It keeps the latest matrix of the chain, and the walk's memory of every pass.
pub struct Processor {
    job: Job,
    chain: Option<(u32, Arc<Vec<i8>>)>,
    written: Vec<Arc<Vec<walk::Cell>>>,
}

impl Processor {
    /// Computes nothing before it is asked.
    ///
    /// # Errors
    /// A plan that the step machine does not execute.
    pub fn new(job: Job) -> Result<Processor, ShapeError> {
        job.plan.check()?;
        Ok(Processor { job, chain: None, written: Vec::new() })
    }

    fn written(&mut self) -> Result<&[Arc<Vec<walk::Cell>>], ShapeError> {
        if self.written.is_empty() {
            let mut written = Vec::new();
            // Only to fill it; a walk has one read at the least.
            let filling = walk::Shape { reads: 1, ..self.job.plan.walk };
            walk::run_with(&self.job.seed, &filling, |cells| written.push(Arc::new(cells.to_vec())))?;
            self.written = written;
        }
        Ok(&self.written)
    }
}

impl Recompute for Processor {
    type Error = ShapeError;

    fn left(&mut self, round: u32) -> Result<Arc<Vec<i8>>, ShapeError> {
        let size = self.job.plan.chain.size;
        let keys = chain::Keys::new(&self.job.seed);
        let (mut at, mut left) = match self.chain.take().filter(|(at, _)| *at <= round) {
            Some(latest) => latest,
            None => (0, Arc::new(chain::matrix(keys.left, size))),
        };
        if at < round {
            let right = chain::matrix(keys.right, size);
            let mut matrix = left.to_vec();
            let mut sums = vec![0; matrix.len()];
            while at < round {
                chain::multiply(size, &matrix, &right, &mut sums);
                chain::advance(keys.round(at), size, &sums, &mut matrix);
                at += 1;
            }
            left = Arc::new(matrix);
        }
        self.chain = Some((round, Arc::clone(&left)));
        Ok(left)
    }

    fn slice(&mut self, pass: u32, slice: u32) -> Result<Arc<Vec<walk::Cell>>, ShapeError> {
        let place = (pass * self.job.plan.walk.slices + slice) as usize;
        Ok(self.written()?.get(place).cloned().unwrap_or_default())
    }

    fn walked(&mut self, walkers: Range<u32>, reads: u32) -> Result<Vec<walk::Cell>, ShapeError> {
        let shape = walk::Shape { reads, ..self.job.plan.walk };
        let key = walk::key(&self.job.seed);
        let last = ((shape.passes - 1) * shape.slices) as usize;
        let memory = &self.written()?[last..];
        let read = |place: u64| memory[(place / shape.slice_cells()) as usize][(place % shape.slice_cells()) as usize];
        Ok(walkers.map(|walker| shape.walk(key, walker, read)).collect())
    }
}
