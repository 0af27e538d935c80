//! The probes on a device; what they are is in `kernels::probe`, whose functions on the processor give the same bits.

mod again;

pub use again::Again;

use gpu::Kernel;
use gpu::probe as kernel;
use gpu::probe::{
    ChainAdvance, ChainAdvanceArguments, ChainFill, ChainFillArguments, Stream, StreamArguments, WalkArguments,
    WalkFill, WalkFillArguments,
};
use kernels::probe::walk::{Answer, Cell};
use kernels::probe::{Key, ShapeError, chain, stream, walk};
use kernels::sha256::Digest;

use crate::merkle::{Hasher, grid};
use crate::tensor::{self, Matrix};
use crate::{Buffer, Device, GpuError, Plain};

/// Why a probe gave no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProbeError {
    /// There is no such probe.
    #[error(transparent)]
    Shape(#[from] ShapeError),
    /// The device did not do it.
    #[error(transparent)]
    Gpu(#[from] GpuError),
}

/// A matrix chain on a device.
pub struct Chain {
    shape: chain::Shape,
    keys: chain::Keys,
    left: Matrix<i8>,
    right: Matrix<i8>,
    sums: Matrix<i32>,
    hasher: Hasher,
    roots: Buffer<Digest>,
}

impl Chain {
    /// Room for a chain, about 6 x size^2 bytes, and its first matrices.
    ///
    /// # Errors
    /// A shape that no chain has, or a device without the room.
    pub fn new(device: &Device, seed: &Digest, shape: chain::Shape) -> Result<Chain, ProbeError> {
        shape.check()?;
        // The size is a multiple of 128, so that rows follow each other without a gap.
        let size = shape.size;
        let chain = Chain {
            shape,
            keys: chain::Keys::new(seed),
            left: Matrix::zeros(device, size, size)?,
            right: Matrix::zeros(device, size, size)?,
            sums: Matrix::zeros(device, size, size)?,
            hasher: Hasher::new(device, shape.bytes())?,
            roots: device.allocate((shape.rounds / shape.rounds_per_checkpoint) as usize)?,
        };
        for (matrix, key) in [(&chain.left, chain.keys.left), (&chain.right, chain.keys.right)] {
            let vectors = shape.bytes() / 16;
            let arguments = ChainFillArguments { matrix: matrix.buffer().pointer(), vectors, key: key.0 };
            let blocks = grid(vectors.div_ceil(u64::from(ChainFill::THREADS)))?;
            // SAFETY: the matrix was allocated with as many bytes.
            unsafe { device.launch(ChainFill, (blocks, 1), 0, &arguments)? };
        }
        Ok(chain)
    }

    /// Asks for a round's product.
    ///
    /// # Errors
    /// What the device answers.
    pub fn multiply(&mut self, device: &Device) -> Result<(), GpuError> {
        tensor::gemm_i8(device, &self.left, &self.right, &mut self.sums)
    }

    /// Asks for the matrix after a round, of the sums that its product left.
    ///
    /// # Errors
    /// What the device answers.
    pub fn advance(&mut self, device: &Device, round: u32) -> Result<(), GpuError> {
        device.own(self.left.buffer())?;
        let arguments = ChainAdvanceArguments {
            sums: self.sums.buffer().pointer(),
            matrix: self.left.buffer().pointer(),
            size: self.shape.size,
            round: self.keys.round(round),
        };
        let blocks = ChainAdvance::blocks(self.shape.size);
        // SAFETY: both were allocated on this device with size x size elements.
        unsafe { device.launch(ChainAdvance, blocks, ChainAdvance::BLOCK_MEMORY, &arguments) }
    }

    /// Asks for the checkpoint with the given number, of the matrix as it is.
    ///
    /// # Errors
    /// What the device answers.
    pub fn commit(&mut self, device: &Device, checkpoint: u32) -> Result<(), GpuError> {
        let bytes = 0..self.shape.bytes();
        self.hasher.root_into(device, self.left.buffer(), bytes, &mut self.roots, checkpoint as usize)
    }

    /// Asks for all rounds and checkpoints.
    ///
    /// # Errors
    /// What the device answers.
    pub fn run(&mut self, device: &Device) -> Result<(), GpuError> {
        for round in 0..self.shape.rounds {
            self.multiply(device)?;
            self.advance(device, round)?;
            if (round + 1).is_multiple_of(self.shape.rounds_per_checkpoint) {
                self.commit(device, round / self.shape.rounds_per_checkpoint)?;
            }
        }
        Ok(())
    }

    /// The checkpoints; waits for them.
    ///
    /// # Errors
    /// What the device answers.
    pub fn checkpoints(&self, device: &Device) -> Result<Vec<Digest>, GpuError> {
        device.download(&self.roots)
    }
}

/// The memory of a walk on a device.
pub struct Walk {
    shape: walk::Shape,
    key: Key,
    memory: Buffer<Cell>,
    finals: Buffer<Cell>,
    hasher: Hasher,
    /// Of the slices as they were written, and of the walkers' final states.
    roots: Buffer<Digest>,
}

impl Walk {
    /// Room for a walk: the shape's bytes and about a thirtieth of a slice.
    ///
    /// # Errors
    /// A shape that no walk has, or a device without the room.
    pub fn new(device: &Device, seed: &Digest, shape: walk::Shape) -> Result<Walk, ProbeError> {
        shape.check()?;
        let most = shape.slice_cells().max(u64::from(shape.walkers)) * walk::CELL_BYTES;
        Ok(Walk {
            shape,
            key: walk::key(seed),
            memory: device.allocate(shape.cells() as usize)?,
            finals: device.allocate(shape.walkers as usize)?,
            hasher: Hasher::new(device, most)?,
            roots: device.allocate((shape.passes * shape.slices) as usize + 1)?,
        })
    }

    /// The shape of a walk through at most `bytes` of a device's memory, with as many walkers as it runs threads at once.
    ///
    /// # Errors
    /// Too little memory for a walk; and what the device answers.
    pub fn shape_for(device: &Device, bytes: u64, passes: u32, reads: u32) -> Result<walk::Shape, ProbeError> {
        let blocks = device.info().multiprocessors * device.blocks_per_multiprocessor(kernel::Walk, 0)?;
        let walkers = blocks * kernel::Walk::THREADS;
        let slices = 64;
        let steps = bytes / (walk::CELL_BYTES * u64::from(walkers) * u64::from(slices));
        let shape = walk::Shape { walkers, slices, steps: u32::try_from(steps).unwrap_or(u32::MAX), passes, reads };
        shape.check()?;
        Ok(shape)
    }

    /// The memory, for a stream over it.
    pub fn memory(&self) -> &Buffer<Cell> {
        &self.memory
    }

    /// Asks for one slice to be written.
    ///
    /// # Errors
    /// What the device answers.
    pub fn fill(&mut self, device: &Device, pass: u32, slice: u32) -> Result<(), GpuError> {
        if slice >= self.shape.slices {
            return Err(GpuError::Failed(format!("there is no slice {slice} of {}", self.shape.slices)));
        }
        let memory = device.own(&self.memory)?.pointer();
        let arguments = WalkFillArguments { memory, key: self.key.0, shape: self.shape, pass, slice };
        // SAFETY: the memory is as large as the shape, in which every slice lies.
        unsafe { device.launch(WalkFill, (self.shape.walkers.div_ceil(WalkFill::THREADS), 1), 0, &arguments) }
    }

    /// Asks for the root over a slice as it is.
    ///
    /// # Errors
    /// What the device answers.
    pub fn commit(&mut self, device: &Device, pass: u32, slice: u32) -> Result<(), GpuError> {
        let bytes = self.shape.slice_cells() * walk::CELL_BYTES;
        let from = u64::from(slice) * bytes;
        let place = (pass * self.shape.slices + slice) as usize;
        self.hasher.root_into(device, &self.memory, from..from + bytes, &mut self.roots, place)
    }

    /// Asks for the walk through the memory as it is.
    ///
    /// # Errors
    /// What the device answers.
    pub fn walk(&mut self, device: &Device) -> Result<(), GpuError> {
        let (memory, finals) = (device.own(&self.memory)?.pointer(), self.finals.pointer());
        let arguments = WalkArguments { memory, finals, key: self.key.0, shape: self.shape };
        // SAFETY: the memory is as large as the shape, and there is a final state for every walker.
        unsafe { device.launch(kernel::Walk, (self.shape.walkers.div_ceil(kernel::Walk::THREADS), 1), 0, &arguments) }
    }

    /// The whole probe; waits for it.
    ///
    /// # Errors
    /// What the device answers.
    pub fn run(&mut self, device: &Device) -> Result<Answer, GpuError> {
        for pass in 0..self.shape.passes {
            for slice in 0..self.shape.slices {
                self.fill(device, pass, slice)?;
                self.commit(device, pass, slice)?;
            }
        }
        self.walk(device)?;
        let finals = (self.shape.passes * self.shape.slices) as usize;
        let bytes = u64::from(self.shape.walkers) * walk::CELL_BYTES;
        self.hasher.root_into(device, &self.finals, 0..bytes, &mut self.roots, finals)?;
        let mut slices = device.download(&self.roots)?;
        let finals = slices.split_off(finals)[0];
        Ok(Answer { slices, finals })
    }
}

impl Walk {
    /// The walkers' final states after [`Walk::run`]: what a trace is made of.
    ///
    /// # Errors
    /// What the device answers.
    pub fn final_states(&self, device: &Device) -> Result<Vec<Cell>, GpuError> {
        device.download(&self.finals)
    }
}

/// Asks for the stream's sum over a buffer, added to the number in `sum`.
///
/// # Errors
/// A buffer whose bytes are no multiple of 16; and what the device answers.
pub fn stream_into<T: Plain>(
    device: &Device,
    buffer: &Buffer<T>,
    nonce: Key,
    sum: &mut Buffer<u64>,
) -> Result<(), GpuError> {
    let bytes = (device.own(buffer)?.len() * size_of::<T>()) as u64;
    device.own(sum)?;
    if !bytes.is_multiple_of(stream::VECTOR_BYTES) || sum.len() != 1 {
        return Err(GpuError::Failed(format!("a stream is over vectors of 16 bytes, not over {bytes}, into one sum")));
    }
    let count = bytes / stream::VECTOR_BYTES;
    let vectors = gpu::Pointer::new(buffer.pointer().address());
    let arguments = StreamArguments { vectors, count, first: 0, sum: sum.pointer(), nonce: nonce.0 };
    let blocks = Stream::blocks(device.info().multiprocessors, count);
    // SAFETY: the vectors are the buffer's, and there is a sum.
    unsafe { device.launch(Stream, (blocks, 1), Stream::BLOCK_MEMORY, &arguments) }
}

/// The stream's sum over a buffer; waits for it.
///
/// # Errors
/// As [`stream_into`].
pub fn stream<T: Plain>(device: &Device, buffer: &Buffer<T>, nonce: Key) -> Result<u64, GpuError> {
    let mut sum = device.allocate(1)?;
    stream_into(device, buffer, nonce, &mut sum)?;
    Ok(device.download(&sum)?[0])
}
