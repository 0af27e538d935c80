//! What a referee answers about a job of the render engine: where a unit's trace begins, where it ends, and what follows a
//! state.
//!
//! These are the three questions that the market asks the engine's referee program, and the same source answers them in
//! the program, in clients and in tests. Whoever asks has agreed on everything in the question but the answer: a
//! [`Statement`] of the job, and for [`step`] the hash of the state before, which the evidence opens together with the
//! leaves of the image that the step reads.

mod error;
mod evidence;
mod statement;
pub mod wire;

pub use error::RefereeError;
pub use evidence::{MOST_EVIDENCE_BYTES, evidence};
pub use statement::{FORMAT, STATEMENT_BYTES, Statement};

use crate::machine::Fault;
use crate::merkle::Digest;
use crate::render::image::LEAF_WORDS;
use crate::render::{Phase, trace};
use evidence::Opened;

/// Where a unit's trace begins, and its size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Begin {
    /// Hash of the first state.
    pub start: Digest,
    /// Segments of the trace.
    pub segments: u64,
    /// Steps of each segment.
    pub segment_steps: u64,
}

/// What follows a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The state with this hash.
    State(Digest),
    /// Nothing: the step cannot be executed, or the state is a final one.
    Fault,
}

/// The hash of a unit's first state, the segments of its trace, and the steps of a segment.
///
/// # Errors
/// [`RefereeError::UnitOutOfRange`].
#[inline(never)]
pub fn begin(statement: &Statement, unit: u64) -> Result<Begin, RefereeError> {
    let frame = &statement.frame;
    let state = trace::initial_state(frame, unit).map_err(|_| RefereeError::UnitOutOfRange)?;
    let segment_steps = trace::segment_steps(frame, statement.pairs, statement.triangles);
    let segment_steps = segment_steps.ok_or(RefereeError::Statement)?;
    Ok(Begin { start: state.hash(), segments: trace::segments(frame, unit), segment_steps })
}

/// The hash of a unit's final state, given the digest of its result.
///
/// # Errors
/// [`RefereeError::UnitOutOfRange`].
#[inline(never)]
pub fn end(statement: &Statement, unit: u64, output: Digest) -> Result<Digest, RefereeError> {
    let state = trace::final_state(&statement.frame, unit, output).map_err(|_| RefereeError::UnitOutOfRange)?;
    Ok(state.hash())
}

/// Executes the step after the state with the hash `before`, which `evidence` opens (see [`evidence()`] for its layout).
///
/// # Errors
/// Whatever in the evidence does not fit; the answer is then still open. A step that reads outside the image, or that its
/// own state makes impossible, is no error but [`Outcome::Fault`].
#[inline(never)]
pub fn step(statement: &Statement, before: &Digest, evidence: &[u8]) -> Result<Outcome, RefereeError> {
    let opened = Opened::new(statement, before, evidence)?;
    let mut state = opened.state()?;
    if *state.frame() != statement.frame {
        return Err(RefereeError::ForeignState);
    }
    if state.unit() >= statement.frame.units() {
        return Err(RefereeError::UnitOutOfRange);
    }
    if state.phase() == Phase::Done {
        return Ok(Outcome::Fault);
    }
    match state.advance(&opened) {
        Ok(()) => Ok(Outcome::State(state.hash())),
        Err(Fault::Memory(index)) if u64::from(index) / (LEAF_WORDS as u64) < statement.leaf_count => {
            Err(RefereeError::MissingLeaf)
        }
        Err(_) => Ok(Outcome::Fault),
    }
}
