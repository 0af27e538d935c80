//! What can go wrong: a text that is not understood, and a thread that does what it must not.

use thiserror::Error;

/// Why a text or a kernel of it cannot be run.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum LoadError {
    /// The text is not PTX as this machine reads it.
    #[error("line {line}: {what}")]
    Text {
        /// Line of the text, from 1.
        line: u32,
        /// What was expected there.
        what: String,
    },
    /// There is no such kernel.
    #[error("no kernel is called {0}")]
    NoKernel(String),
    /// Memory for the text's variables is missing.
    #[error(transparent)]
    Memory(#[from] MemoryError),
}

/// Why memory cannot be had or reached from the host.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum MemoryError {
    /// More than is free.
    #[error("{requested} bytes asked for, {free} are free")]
    OutOfMemory {
        /// Bytes asked for.
        requested: u64,
        /// Bytes that are left.
        free: u64,
    },
    /// No allocation holds these bytes.
    #[error("{bytes} bytes at {address:#x} are not inside an allocation")]
    OutOfBounds {
        /// The first byte.
        address: u64,
        /// How many.
        bytes: u64,
    },
    /// Not the address of an allocation.
    #[error("{0:#x} is not the address of an allocation")]
    NotAllocated(u64),
}

/// What a thread did that the machine does not allow.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum FaultKind {
    /// An access outside of every allocation of its space.
    #[error("{bytes} bytes at {address:#x} of {space} memory are outside of what is allocated there")]
    OutOfBounds {
        /// Name of the space.
        space: &'static str,
        /// The first byte.
        address: u64,
        /// How many.
        bytes: u64,
    },
    /// An address that is not a multiple of the size of the access.
    #[error("{bytes} bytes at {address:#x} of {space} memory are not aligned")]
    Misaligned {
        /// Name of the space.
        space: &'static str,
        /// The first byte.
        address: u64,
        /// How many.
        bytes: u64,
    },
    /// Two threads reached the same byte of shared memory, at least one wrote, and nothing ordered them.
    #[error("{what} byte {address} of shared memory races with thread {other}, which {did} it")]
    Race {
        /// What this thread does.
        what: &'static str,
        /// The byte.
        address: u64,
        /// The other thread's number in the block.
        other: u32,
        /// What the other thread did.
        did: &'static str,
    },
    /// A read of shared memory that no thread of the block has written.
    #[error("byte {address} of shared memory was not written by the block")]
    Unwritten {
        /// The byte.
        address: u64,
    },
    /// The kernel's own end by an error.
    #[error("trap")]
    Trap,
    /// Threads wait for others that will not come.
    #[error("waits for threads that do not come: {0}")]
    Deadlock(String),
    /// An instruction for a whole warp, met by a part of it.
    #[error("{0}")]
    Divergent(String),
    /// A `brx.idx` past its list of targets, or a return to nowhere.
    #[error("jumps nowhere")]
    Jump,
    /// More instructions than a launch may take.
    #[error("ran {0} instructions: it does not end, or waits for a thread that cannot run")]
    Endless(u64),
    /// Something the launch asked for that the kernel or the machine does not allow.
    #[error("{0}")]
    Launch(String),
}

/// Where and why a launch ended with an error.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("kernel {kernel}, line {line} of the PTX, block ({}, {}, {}), thread {thread}: {kind}", .block[0], .block[1], .block[2])]
pub struct Fault {
    /// Name of the entry.
    pub kernel: String,
    /// Line of the text, from 1; 0 for the launch itself.
    pub line: u32,
    /// The block.
    pub block: [u32; 3],
    /// The thread's number in its block.
    pub thread: u32,
    /// What it did.
    pub kind: FaultKind,
}
