//! What a step machine is: the definition of a result that a chain can check one step at a time.
//!
//! A machine has a small state, reads a read-only memory, and is deterministic. Whatever the state and the memory
//! hold, a step ends and does not panic: what cannot be executed is a [`Fault`].

/// Why a step could not be executed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A word that the step needs lies outside the memory, or its leaf was not supplied.
    Memory(u32),
    /// The state holds a value that no execution reaches.
    State(&'static str),
}

impl core::fmt::Display for Fault {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Fault::Memory(index) => write!(out, "memory word {index} is not available"),
            Fault::State(what) => write!(out, "no execution reaches this state: {what}"),
        }
    }
}

impl core::error::Error for Fault {}

/// What follows a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// The state has changed; step again.
    Continue,
    /// The output is final; the state did not change.
    Done,
    /// The step is impossible; the state is to be taken as it was before.
    Fault(Fault),
}

/// Read-only memory of 32-bit words.
pub trait Memory {
    /// The word at `index`.
    ///
    /// # Errors
    /// [`Fault::Memory`] where there is no such word, or where it is not at hand.
    fn word(&self, index: u32) -> Result<u32, Fault>;

    /// The word at `index` as f32.
    ///
    /// # Errors
    /// As [`Memory::word`].
    #[inline(always)]
    fn float(&self, index: u32) -> Result<f32, Fault> {
        self.word(index).map(f32::from_bits)
    }

    /// Three consecutive words, these and no others. In a well-formed memory `index` is a multiple of four, so that a
    /// machine may ask for them at once.
    ///
    /// # Errors
    /// As [`Memory::word`].
    #[inline(always)]
    fn triple(&self, index: u32) -> Result<[u32; 3], Fault> {
        Ok([self.word(index)?, self.word(index.wrapping_add(1))?, self.word(index.wrapping_add(2))?])
    }

    /// Four consecutive words, as [`Memory::triple`].
    ///
    /// # Errors
    /// As [`Memory::word`].
    #[inline(always)]
    fn quad(&self, index: u32) -> Result<[u32; 4], Fault> {
        let [a, b, c] = self.triple(index)?;
        Ok([a, b, c, self.word(index.wrapping_add(3))?])
    }

    /// Three consecutive words as f32.
    ///
    /// # Errors
    /// As [`Memory::word`].
    #[inline(always)]
    fn vec3(&self, index: u32) -> Result<[f32; 3], Fault> {
        Ok([self.float(index)?, self.float(index.wrapping_add(1))?, self.float(index.wrapping_add(2))?])
    }
}

impl Memory for [u32] {
    #[inline(always)]
    fn word(&self, index: u32) -> Result<u32, Fault> {
        self.get(index as usize).copied().ok_or(Fault::Memory(index))
    }
}

/// An engine as a step machine.
pub trait Machine {
    /// What is the same for all units of a job.
    type Job;
    /// The whole state between two steps.
    type State;

    /// The state before the first step of a unit.
    ///
    /// # Errors
    /// [`Fault::State`] where the job is invalid or has no such unit.
    fn init(job: &Self::Job, unit: u64) -> Result<Self::State, Fault>;

    /// Executes one step.
    fn step<M: Memory + ?Sized>(state: &mut Self::State, memory: &M) -> Flow;

    /// The digest of the unit's result, once [`Flow::Done`] was returned.
    fn output(state: &Self::State) -> [u8; 32];
}
