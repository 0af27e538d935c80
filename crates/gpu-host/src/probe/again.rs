//! What a party of a dispute over a probe computes again, on a device.

use std::ops::Range;
use std::sync::Arc;

use kernels::probe::ShapeError;
use kernels::probe::machine::Job;
use kernels::probe::prove::Recompute;
use kernels::probe::walk::{self, Cell};

use super::{Chain, ProbeError, Walk};
use crate::Device;

/// One job on a device. It keeps the chain or the memory where the latest question left it, never both: the memory is nearly
/// all that the device has. A question about something earlier starts from the seed.
pub struct Again {
    device: Device,
    job: Job,
    kept: Kept,
}

/// What is on the device, and how far it has come: rounds of the chain, or slices that were written.
enum Kept {
    Nothing,
    Chain(u32, Box<Chain>),
    Walk(u32, Box<Walk>),
}

impl Again {
    /// Takes no memory before it is asked.
    ///
    /// # Errors
    /// A plan that the step machine does not execute.
    pub fn new(device: Device, job: Job) -> Result<Again, ShapeError> {
        job.plan.check()?;
        Ok(Again { device, job, kept: Kept::Nothing })
    }

    /// The memory after as many written slices as the range has, the fewest that it needs; and how many they are.
    fn filled(&mut self, slices: Range<u32>) -> Result<(u32, Box<Walk>), ProbeError> {
        let shape = self.job.plan.walk;
        let (mut at, mut walk) = match std::mem::replace(&mut self.kept, Kept::Nothing) {
            Kept::Walk(at, walk) if at < slices.end => (at, walk),
            // What is kept is freed before the memory is allocated.
            other => {
                drop(other);
                (0, Box::new(Walk::new(&self.device, &self.job.seed, shape)?))
            }
        };
        while at < slices.start {
            walk.fill(&self.device, at / shape.slices, at % shape.slices)?;
            at += 1;
        }
        Ok((at, walk))
    }
}

impl Recompute for Again {
    type Error = ProbeError;

    fn left(&mut self, round: u32) -> Result<Arc<Vec<i8>>, ProbeError> {
        let (mut at, mut chain) = match std::mem::replace(&mut self.kept, Kept::Nothing) {
            Kept::Chain(at, chain) if at <= round => (at, chain),
            other => {
                drop(other);
                (0, Box::new(Chain::new(&self.device, &self.job.seed, self.job.plan.chain)?))
            }
        };
        while at < round {
            chain.multiply(&self.device)?;
            chain.advance(&self.device, at)?;
            at += 1;
        }
        let left = self.device.download(chain.left.buffer())?;
        self.kept = Kept::Chain(at, chain);
        Ok(Arc::new(left))
    }

    fn slice(&mut self, pass: u32, slice: u32) -> Result<Arc<Vec<Cell>>, ProbeError> {
        let shape = self.job.plan.walk;
        let written = pass * shape.slices + slice + 1;
        // It stands until the next pass comes to it.
        let (at, walk) = self.filled(written..written + shape.slices)?;
        let from = shape.place(slice, 0, 0) as usize;
        let mut cells = vec![[0; 8]; shape.slice_cells() as usize];
        self.device.read(&walk.memory, from..from + cells.len(), &mut cells)?;
        self.kept = Kept::Walk(at, walk);
        Ok(Arc::new(cells))
    }

    fn walked(&mut self, walkers: Range<u32>, reads: u32) -> Result<Vec<Cell>, ProbeError> {
        let whole = self.job.plan.walk;
        let written = whole.passes * whole.slices;
        let (at, mut walk) = self.filled(written..written + 1)?;
        // As long as was asked, by all walkers: one of them takes as long.
        walk.shape = walk::Shape { reads, ..whole };
        walk.walk(&self.device)?;
        walk.shape = whole;
        let mut states = vec![[0; 8]; walkers.len()];
        self.device.read(&walk.finals, walkers.start as usize..walkers.end as usize, &mut states)?;
        self.kept = Kept::Walk(at, walk);
        Ok(states)
    }
}
