//! What a launch did, counted: instructions by class, bytes by space.
//!
//! Instructions are those of PTX, not of the hardware's own code, and which threads of a warp run together is this
//! machine's choice: counts for each thread are exact, counts for each warp are a likeness.

use std::ops::AddAssign;

/// A class of instructions, as hardware has units for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Class {
    /// Integer and bit arithmetic.
    Integer,
    /// One rounded f32 operation: add, subtract, multiply, minimum, maximum, sign.
    Float,
    /// A fused multiply-add of f32.
    FusedMultiplyAdd,
    /// Division, reciprocal or square root of f32.
    Division,
    /// Anything of f64.
    Double,
    /// A conversion between types.
    Conversion,
    /// Comparisons, selections, and logic of predicates.
    Selection,
    /// Moves, packing, special registers, arguments.
    Move,
    /// Branches, calls, returns.
    Control,
    /// Loads from device memory, or by a generic address.
    Load,
    /// Stores to device memory, or by a generic address.
    Store,
    /// Loads and stores of a block's memory.
    Shared,
    /// Loads and stores of a thread's own memory.
    Local,
    /// Atomic changes of memory.
    Atomic,
    /// Barriers and fences.
    Barrier,
    /// Shuffles, votes and the like.
    Exchange,
    /// Matrix products.
    Matrix,
    /// Loads of matrix fragments.
    LoadMatrix,
    /// Asynchronous copies, and waiting for them.
    CopyAsync,
}

/// How many classes there are.
pub const CLASSES: usize = Class::CopyAsync as usize + 1;

/// What a launch did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Instructions, each counted once for every thread that took part, by [`Class`].
    pub thread_instructions: [u64; CLASSES],
    /// Instructions, each counted once for every group of threads of a warp that ran it together, by [`Class`].
    pub warp_instructions: [u64; CLASSES],
    /// Bytes that threads loaded from device memory.
    pub global_bytes_loaded: u64,
    /// Bytes that threads stored to device memory, atomic changes included.
    pub global_bytes_stored: u64,
    /// Units of 32 bytes that warps touched with loads and stores of device memory: what coalescing saves.
    pub global_sectors: u64,
    /// Bytes loaded from a block's memory.
    pub shared_bytes_loaded: u64,
    /// Bytes stored to a block's memory.
    pub shared_bytes_stored: u64,
    /// Passes that accesses of a block's memory took beyond the least possible, for want of free banks.
    pub bank_conflicts: u64,
}

impl Counters {
    /// Instructions of a class, counted for each thread.
    pub fn of(&self, class: Class) -> u64 {
        self.thread_instructions[class as usize]
    }

    /// All instructions, counted for each thread.
    pub fn total(&self) -> u64 {
        self.thread_instructions.iter().sum()
    }

    /// All instructions, counted for each group of threads that ran them together.
    pub fn total_warp(&self) -> u64 {
        self.warp_instructions.iter().sum()
    }
}

impl AddAssign<&Counters> for Counters {
    fn add_assign(&mut self, other: &Counters) {
        for class in 0..CLASSES {
            self.thread_instructions[class] += other.thread_instructions[class];
            self.warp_instructions[class] += other.warp_instructions[class];
        }
        self.global_bytes_loaded += other.global_bytes_loaded;
        self.global_bytes_stored += other.global_bytes_stored;
        self.global_sectors += other.global_sectors;
        self.shared_bytes_loaded += other.shared_bytes_loaded;
        self.shared_bytes_stored += other.shared_bytes_stored;
        self.bank_conflicts += other.bank_conflicts;
    }
}
