//! What a fast run of a probe leaves behind, and what follows from it: outputs, boundaries, the roots of the traces.
//!
//! A trace is the Merkle tree over the hashes of the states at all boundaries but the first and the last, as in
//! `crate::render::trace`. [`Units`] holds the few digests from which all of them follow: those of [`run`] on this machine, or
//! what a device answered.

use alloc::vec::Vec;

use super::frontier::Frontier;
use super::machine::{CHAIN, CLOCK, Job, State, UNITS, WALK};
use super::{Plan, ShapeError, chain, clock, walk};
use crate::attestation::UnitAttestation;
use crate::merkle::{self, Digest, LEAF_BYTES, Tree};

/// The digests from which outputs and boundaries of a probe's units follow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Units {
    clock: Vec<Digest>,
    chain: Vec<Digest>,
    slices: Vec<Digest>,
    finals: Vec<Digest>,
}

/// How many digests each part has.
fn counts(plan: &Plan) -> [usize; 4] {
    let Plan { clock, chain, walk } = plan;
    [
        clock.segments as usize,
        (chain.rounds / chain.rounds_per_checkpoint) as usize,
        (walk.passes * walk.slices) as usize,
        merkle::leaves_of(u64::from(walk.walkers) * walk::CELL_BYTES) as usize,
    ]
}

impl Units {
    /// Of the clock's checkpoints, the chain's, the roots of the walk's slices pass by pass (see [`walk::Answer`]), and the
    /// hashed leaves over the walkers' final states (see [`leaves_of_finals`]). `None` where one of them has another length
    /// than the plan says.
    pub fn new(
        plan: &Plan,
        clock: Vec<Digest>,
        chain: Vec<Digest>,
        slices: Vec<Digest>,
        finals: Vec<Digest>,
    ) -> Option<Units> {
        let has = [clock.len(), chain.len(), slices.len(), finals.len()];
        (has == counts(plan)).then_some(Units { clock, chain, slices, finals })
    }

    /// All digests one after the other, in the order of [`Units::new`]: what a node keeps of a probe, at most 150 KB.
    pub fn to_bytes(&self) -> Vec<u8> {
        [&self.clock, &self.chain, &self.slices, &self.finals].into_iter().flatten().flatten().copied().collect()
    }

    /// The inverse of [`Units::to_bytes`]; `None` where they are not as many as the plan says.
    pub fn from_bytes(plan: &Plan, bytes: &[u8]) -> Option<Units> {
        let (mut digests, remainder) = bytes.as_chunks::<32>();
        let parts = counts(plan).map(|count| {
            let (part, rest) = digests.split_at_checked(count)?;
            digests = rest;
            Some(part.to_vec())
        });
        let [clock, chain, slices, finals] = parts;
        (digests.is_empty() && remainder.is_empty()).then_some(Units {
            clock: clock?,
            chain: chain?,
            slices: slices?,
            finals: finals?,
        })
    }

    /// The clock's checkpoints.
    pub fn clock(&self) -> &[Digest] {
        &self.clock
    }

    /// The output of a unit; `None` where there is no such unit.
    pub fn output(&self, unit: u64) -> Option<Digest> {
        match unit {
            CLOCK => self.clock.last().copied(),
            CHAIN => self.chain.last().copied(),
            WALK => Some(merkle::root(&self.finals)),
            _ => None,
        }
    }

    /// The root of the matrix before a round that begins a segment; `None` before the first, which nobody hashes.
    pub(super) fn left_root(&self, plan: &Plan, round: u32) -> Option<Digest> {
        let checkpoint = (round / plan.chain.rounds_per_checkpoint).checked_sub(1)?;
        self.chain.get(checkpoint as usize).copied()
    }

    /// The value of the clock at a boundary.
    pub(super) fn clock_at(&self, job: &Job, segment: u64) -> Option<Digest> {
        match segment.checked_sub(1) {
            None => Some(clock::start(&job.seed)),
            Some(before) => self.clock.get(usize::try_from(before).ok()?).copied(),
        }
    }

    /// The roots of all slices as they are when so many have been written; zeros where one was not.
    pub(super) fn roots(&self, shape: &walk::Shape, written: u32) -> Vec<Digest> {
        let (pass, slice) = (written / shape.slices, written % shape.slices);
        let root = |read| shape.root_of(pass, slice, read).and_then(|place| self.slices.get(place));
        (0..shape.slices).map(|read| root(read).copied().unwrap_or([0; 32])).collect()
    }

    /// The tree over the walkers' final states.
    pub(super) fn finals(&self) -> Tree {
        Tree::new(self.finals.clone())
    }

    /// Hashes of a unit's boundaries but the first and the last: the leaves of its trace. None where there is no such unit.
    pub fn boundaries(&self, job: &Job, unit: u64) -> Vec<Digest> {
        let Some((segments, steps)) = job.segments(unit) else { return Vec::new() };
        let bare = |(segment, value): (u64, &Digest)| State::bare(unit, segment * steps, *value).hash();
        let values = match unit {
            CLOCK => &self.clock,
            CHAIN => &self.chain,
            _ => return (1..segments).map(|segment| self.walk_boundary(job, segment).hash()).collect(),
        };
        // The last checkpoint is the output.
        (1..segments).zip(values).map(bare).collect()
    }

    fn walk_boundary(&self, job: &Job, segment: u64) -> State {
        let shape = &job.plan.walk;
        let fills = shape.passes * shape.slices;
        let step = segment * shape.slice_cells();
        let roots = self.roots(shape, segment.min(u64::from(fills)) as u32);
        // Walkers of a segment are whole leaves: Plan::check.
        let walkers = segment.saturating_sub(u64::from(fills)) * shape.slice_cells() / u64::from(shape.reads);
        let leaves = walkers * walk::CELL_BYTES / LEAF_BYTES as u64;
        let mut frontier = Frontier::default();
        self.finals.iter().take(leaves as usize).for_each(|leaf| frontier.push(*leaf));
        State { roots, frontier, ..State::bare(WALK, step, [0; 32]) }
    }

    /// What a node attests about the three units.
    pub fn attest(&self, job: &Job) -> [UnitAttestation; UNITS as usize] {
        [CLOCK, CHAIN, WALK].map(|unit| UnitAttestation {
            output: self.output(unit).unwrap_or_default(),
            steps: job.steps(unit).unwrap_or_default(),
            trace: merkle::root_of(&mut self.boundaries(job, unit)),
        })
    }
}

/// The hashed leaves over the walkers' final states.
pub fn leaves_of_finals(finals: &[walk::Cell]) -> Vec<Digest> {
    merkle::leaves(&walk::bytes_of(finals))
}

/// The whole probe on this machine: the clock on one core, then the chain and the walk on all. Takes about 6 size^2 bytes for
/// the chain, then the walk's bytes and a slice.
///
/// # Errors
/// A plan that the step machine does not execute.
pub fn run(job: &Job) -> Result<Units, ShapeError> {
    let Job { plan, seed } = job;
    plan.check()?;
    let clock = clock::run(seed, plan.clock.segments as usize, plan.clock.steps);
    let chain = chain::run(seed, &plan.chain)?;
    let mut slices = Vec::new();
    let finals = walk::run_with(seed, &plan.walk, |cells| {
        slices.push(merkle::root_of_bytes(&walk::bytes_of(cells)));
    })?;
    Ok(Units { clock, chain, slices, finals: leaves_of_finals(&finals) })
}
