//! A block's memory, and who touched it last: two threads that reach the same byte, one of them writing, without a barrier
//! between them are an error here, where hardware gives some result. So is, on request, a read of what no thread wrote.

use crate::error::FaultKind;
use crate::launch::Options;

/// What a thread does to memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    Read,
    Write,
    /// An atomic change: such do not race with each other.
    Atomic,
}

/// Readers of more than one warp.
const MANY: u32 = u32::MAX;
/// More than one reader of one warp.
const MANY_OF_WARP: u32 = 1 << 31;

/// The last to touch a place: who, and when by the barriers of the block and of the warp.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Touch {
    thread: u32,
    barriers: u32,
    warp_barriers: u32,
    atomic: bool,
}

const NOBODY: Touch = Touch { thread: 0, barriers: 0, warp_barriers: 0, atomic: false };

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Record {
    write: Touch,
    read: Touch,
}

const UNTOUCHED: Record = Record { write: NOBODY, read: NOBODY };

/// The memory of a block.
pub(crate) struct Shared {
    pub bytes: Vec<u8>,
    /// One record for each word of 4 bytes, or of each of its bytes where a part of a word was touched.
    words: Vec<Record>,
    parts: Vec<Record>,
    is_parted: Vec<bool>,
    watches: bool,
    refuses_unwritten: bool,
    /// Barriers of all blocks so far, from 1.
    barriers: u32,
    /// How many there were when the block began.
    first: u32,
    warp_barriers: Vec<u32>,
    /// Numbers of barriers that threads came by without waiting.
    pub arrived: Vec<u32>,
}

impl Shared {
    pub fn new(bytes: usize, warps: usize, options: &Options) -> Shared {
        let watches = options.races || options.unwritten;
        let words = if watches { bytes.div_ceil(4) } else { 0 };
        Shared {
            bytes: vec![0xcd; bytes],
            words: vec![UNTOUCHED; words],
            parts: vec![UNTOUCHED; 4 * words],
            is_parted: vec![false; words],
            watches,
            refuses_unwritten: options.unwritten,
            barriers: 1,
            first: 1,
            warp_barriers: vec![0; warps],
            arrived: Vec::new(),
        }
    }

    /// For the next block: the bytes stay what they are, as on hardware.
    pub fn start(&mut self) {
        self.arrived.clear();
        self.barriers += 1;
        self.first = self.barriers;
    }

    /// A barrier of the block is behind its threads.
    pub fn barrier(&mut self) {
        self.barriers += 1;
    }

    /// A barrier of a warp is behind its threads.
    pub fn warp_barrier(&mut self, warp: u32) {
        self.warp_barriers[warp as usize] += 1;
    }

    /// Checks bounds, alignment and races of an access; gives the index of the first byte.
    pub fn check(&mut self, address: u64, bytes: u64, what: Use, thread: u32) -> Result<usize, FaultKind> {
        let end = address.checked_add(bytes);
        if end.is_none_or(|end| end > self.bytes.len() as u64) {
            return Err(FaultKind::OutOfBounds { space: "shared", address, bytes });
        }
        if !address.is_multiple_of(bytes) {
            return Err(FaultKind::Misaligned { space: "shared", address, bytes });
        }
        if self.watches {
            self.touch(address as usize, bytes as usize, what, thread)?;
        }
        Ok(address as usize)
    }

    fn touch(&mut self, address: usize, bytes: usize, what: Use, thread: u32) -> Result<(), FaultKind> {
        let now = Touch {
            thread,
            barriers: self.barriers,
            warp_barriers: self.warp_barriers[thread as usize / 32],
            atomic: what == Use::Atomic,
        };
        let whole = bytes >= 4;
        let first = if self.refuses_unwritten { self.first } else { 0 };
        for word in address / 4..=(address + bytes - 1) / 4 {
            let record = &mut self.words[word];
            if !self.is_parted[word] {
                if whole {
                    written(record, first, what, word * 4)?;
                    touch(record, now, what).map_err(|fault| named(fault, what, word * 4))?;
                    continue;
                }
                // What is known of the word is known of its bytes.
                self.parts[4 * word..4 * word + 4].fill(*record);
                self.is_parted[word] = true;
            }
            let parts = if whole { 4 * word..4 * word + 4 } else { address..address + bytes };
            for part in parts {
                written(&self.parts[part], first, what, part)?;
                touch(&mut self.parts[part], now, what).map_err(|fault| named(fault, what, part))?;
            }
            let parts = &self.parts[4 * word..4 * word + 4];
            if whole && parts.iter().all(|part| *part == parts[0]) {
                self.words[word] = parts[0];
                self.is_parted[word] = false;
            }
        }
        Ok(())
    }
}

/// Whether a thread of the block wrote what is read.
fn written(record: &Record, first: u32, what: Use, address: usize) -> Result<(), FaultKind> {
    if what == Use::Write || record.write.barriers >= first {
        return Ok(());
    }
    Err(FaultKind::Unwritten { address: address as u64 })
}

/// Who was there before, and whether it wrote.
struct Before {
    thread: u32,
    wrote: bool,
}

fn named(before: Before, what: Use, address: usize) -> FaultKind {
    let what = match what {
        Use::Read => "reading",
        Use::Write => "writing",
        Use::Atomic => "changing",
    };
    let did = if before.wrote { "wrote" } else { "read" };
    FaultKind::Race { what, address: address as u64, other: before.thread & !MANY_OF_WARP, did }
}

/// Whether something ordered what was before what is now.
fn ordered(before: Touch, now: Touch) -> bool {
    if before.barriers < now.barriers || before.thread == now.thread {
        return true;
    }
    let same_warp = before.thread != MANY && (before.thread & !MANY_OF_WARP) / 32 == now.thread / 32;
    same_warp && before.warp_barriers < now.warp_barriers
}

fn touch(record: &mut Record, now: Touch, what: Use) -> Result<(), Before> {
    let atomics = what == Use::Atomic && record.write.atomic;
    if !atomics && !ordered(record.write, now) {
        return Err(Before { thread: record.write.thread, wrote: true });
    }
    if what != Use::Read {
        if !ordered(record.read, now) {
            return Err(Before { thread: record.read.thread, wrote: false });
        }
        record.write = now;
    } else if ordered(record.read, now) {
        record.read = now;
    } else {
        let same_warp = record.read.thread != MANY && (record.read.thread & !MANY_OF_WARP) / 32 == now.thread / 32;
        let thread = if same_warp { now.thread | MANY_OF_WARP } else { MANY };
        record.read = Touch { thread, ..now };
    }
    Ok(())
}
