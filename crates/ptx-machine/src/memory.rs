//! A device's memory: allocations with exact bounds at addresses that are looked up in a table of pages.
//!
//! Freed memory keeps its bytes and may be handed out again with them, as a card does it. Fresh memory is not zero.

use crate::error::{FaultKind, MemoryError};
use std::cell::UnsafeCell;
use std::sync::atomic::{AtomicU8, AtomicU16, AtomicU32, AtomicU64, Ordering};
use std::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};

/// First address of device memory. Below it are the windows of the other spaces.
pub const BASE: u64 = 0x7f00_0000_0000;
/// Where a thread sees its block's memory by generic addresses.
pub(crate) const SHARED_WINDOW: u64 = 0x0200_0000_0000;
/// Where a thread sees its own memory by generic addresses.
pub(crate) const LOCAL_WINDOW: u64 = 0x0100_0000_0000;
/// Where a thread sees its kernel's arguments by generic addresses.
pub(crate) const PARAMETER_WINDOW: u64 = 0x0300_0000_0000;
/// Extent of each window.
pub(crate) const WINDOW: u64 = 1 << 32;

const PAGE_BITS: u32 = 16;
const PAGE: u64 = 1 << PAGE_BITS;
/// What fresh memory holds: a pattern that no result survives.
const FRESH: u64 = 0xa5a5_a5a5_a5a5_a5a5;
/// Allocations are accounted in units of this, as cards do it.
const GRANULE: u64 = 512;

pub(crate) struct Allocation {
    pub base: u64,
    pub bytes: u64,
    words: Box<[UnsafeCell<u64>]>,
}

// SAFETY: while the table is shared, all accesses to the words are by relaxed or stronger atomic operations.
unsafe impl Sync for Allocation {}

impl Allocation {
    fn pointer(&self, address: u64) -> *mut u8 {
        debug_assert!(address >= self.base && address <= self.base + self.bytes);
        // SAFETY: the words are at least `bytes` long, and the address is within.
        unsafe { self.words.as_ptr().cast::<u8>().cast_mut().add((address - self.base) as usize) }
    }

    pub fn holds(&self, address: u64, bytes: u64) -> bool {
        address >= self.base && address - self.base <= self.bytes && bytes <= self.bytes - (address - self.base)
    }

    /// The value of 1, 2, 4 or 8 aligned bytes inside the allocation.
    #[inline(always)]
    pub fn load(&self, address: u64, bytes: u64) -> u64 {
        let pointer = self.pointer(address);
        // SAFETY: the caller has checked bounds and alignment; the words live as long as the allocation.
        unsafe {
            match bytes {
                1 => u64::from(AtomicU8::from_ptr(pointer).load(Ordering::Relaxed)),
                2 => u64::from(AtomicU16::from_ptr(pointer.cast()).load(Ordering::Relaxed)),
                4 => u64::from(AtomicU32::from_ptr(pointer.cast()).load(Ordering::Relaxed)),
                _ => AtomicU64::from_ptr(pointer.cast()).load(Ordering::Relaxed),
            }
        }
    }

    /// Stores 1, 2, 4 or 8 aligned bytes inside the allocation.
    #[inline(always)]
    pub fn store(&self, address: u64, bytes: u64, value: u64) {
        let pointer = self.pointer(address);
        // SAFETY: as in `load`.
        unsafe {
            match bytes {
                1 => AtomicU8::from_ptr(pointer).store(value as u8, Ordering::Relaxed),
                2 => AtomicU16::from_ptr(pointer.cast()).store(value as u16, Ordering::Relaxed),
                4 => AtomicU32::from_ptr(pointer.cast()).store(value as u32, Ordering::Relaxed),
                _ => AtomicU64::from_ptr(pointer.cast()).store(value, Ordering::Relaxed),
            }
        }
    }

    /// Changes 4 or 8 aligned bytes in one step and returns what was there.
    pub fn update(&self, address: u64, bytes: u64, change: impl Fn(u64) -> u64) -> u64 {
        let pointer = self.pointer(address);
        // SAFETY: as in `load`.
        unsafe {
            if bytes == 4 {
                let word = AtomicU32::from_ptr(pointer.cast());
                let old =
                    word.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |old| Some(change(u64::from(old)) as u32));
                u64::from(old.unwrap_or_else(|old| old))
            } else {
                let word = AtomicU64::from_ptr(pointer.cast());
                word.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |old| Some(change(old))).unwrap_or_else(|old| old)
            }
        }
    }
}

pub(crate) struct Table {
    /// Allocation of each page, plus one; 0 for none.
    pages: Vec<u32>,
    allocations: Vec<Option<Allocation>>,
    /// Memory that was freed, with its bytes.
    freed: Vec<Box<[UnsafeCell<u64>]>>,
    limit: u64,
    used: u64,
}

// SAFETY: freed memory is touched only through a mutable reference.
unsafe impl Sync for Table {}

impl Table {
    /// The allocation that this address lies in the pages of.
    #[inline(always)]
    pub fn find(&self, address: u64) -> Option<&Allocation> {
        let page = address.wrapping_sub(BASE) >> PAGE_BITS;
        let index = *self.pages.get(page as usize)?;
        self.allocations.get(index.wrapping_sub(1) as usize)?.as_ref()
    }

    /// The allocation that holds all of these bytes, which a thread accesses at once.
    #[inline(always)]
    pub fn resolve(&self, address: u64, bytes: u64) -> Result<&Allocation, FaultKind> {
        match self.find(address) {
            Some(allocation) if allocation.holds(address, bytes) => {
                if address.is_multiple_of(bytes) {
                    Ok(allocation)
                } else {
                    Err(FaultKind::Misaligned { space: "global", address, bytes })
                }
            }
            _ => Err(FaultKind::OutOfBounds { space: "global", address, bytes }),
        }
    }

    fn span(&self, address: u64, bytes: u64) -> Result<&Allocation, MemoryError> {
        match self.find(address) {
            Some(allocation) if allocation.holds(address, bytes) => Ok(allocation),
            _ => Err(MemoryError::OutOfBounds { address, bytes }),
        }
    }
}

/// The memory of one device.
pub struct Memory {
    table: RwLock<Table>,
}

impl Memory {
    /// So many bytes of memory.
    pub fn new(limit: u64) -> Memory {
        let table = Table { pages: Vec::new(), allocations: Vec::new(), freed: Vec::new(), limit, used: 0 };
        Memory { table: RwLock::new(table) }
    }

    pub(crate) fn table(&self) -> RwLockReadGuard<'_, Table> {
        self.table.read().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    fn table_mut(&self) -> RwLockWriteGuard<'_, Table> {
        self.table.write().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Bytes that are free, and bytes in all.
    pub fn free_and_total(&self) -> (u64, u64) {
        let table = self.table();
        (table.limit - table.used, table.limit)
    }

    /// Allocates memory with whatever it holds.
    pub fn allocate(&self, bytes: u64) -> Result<u64, MemoryError> {
        let mut table = self.table_mut();
        let free = table.limit - table.used;
        let accounted = bytes.checked_next_multiple_of(GRANULE).unwrap_or(u64::MAX);
        if accounted > free {
            return Err(MemoryError::OutOfMemory { requested: bytes, free });
        }
        let words = accounted.div_ceil(8) as usize;
        let words = match table.freed.iter().rposition(|freed| freed.len() == words) {
            Some(index) => table.freed.remove(index),
            None => (0..words).map(|_| UnsafeCell::new(FRESH)).collect(),
        };
        // One page stays unmapped behind each allocation, so that no access runs into the next one.
        let pages = (bytes >> PAGE_BITS) as usize + 2;
        let (first, slot) = (free_pages(&table.pages, pages), free_slot(&mut table.allocations));
        if table.pages.len() < first + pages {
            table.pages.resize(first + pages, 0);
        }
        table.pages[first..first + pages - 1].fill(slot as u32 + 1);
        let base = BASE + first as u64 * PAGE;
        table.allocations[slot] = Some(Allocation { base, bytes, words });
        table.used += accounted;
        Ok(base)
    }

    /// Frees an allocation. What it held may be seen by whoever gets the memory next.
    pub fn free(&self, address: u64) -> Result<(), MemoryError> {
        let mut table = self.table_mut();
        let found = table.find(address).filter(|allocation| allocation.base == address).is_some();
        if !found {
            return Err(MemoryError::NotAllocated(address));
        }
        let first = ((address - BASE) >> PAGE_BITS) as usize;
        let slot = table.pages[first] as usize - 1;
        let Some(allocation) = table.allocations[slot].take() else { return Err(MemoryError::NotAllocated(address)) };
        let pages = (allocation.bytes >> PAGE_BITS) as usize + 1;
        table.pages[first..first + pages].fill(0);
        table.used -= allocation.bytes.next_multiple_of(GRANULE);
        table.freed.push(allocation.words);
        // Live and remembered memory together stay within what the device has.
        let mut remembered: u64 = table.freed.iter().map(|words| words.len() as u64 * 8).sum();
        while remembered > table.limit - table.used {
            remembered -= table.freed.remove(0).len() as u64 * 8;
        }
        Ok(())
    }

    /// Frees everything.
    pub fn reset(&self) {
        let mut table = self.table_mut();
        *table = Table { pages: Vec::new(), allocations: Vec::new(), freed: Vec::new(), limit: table.limit, used: 0 };
    }

    /// Start and size of the allocation that an address lies in.
    pub fn range(&self, address: u64) -> Result<(u64, u64), MemoryError> {
        let table = self.table();
        let allocation = table.span(address, 0)?;
        Ok((allocation.base, allocation.bytes))
    }

    /// Copies device memory to the host.
    pub fn read(&self, address: u64, to: &mut [u8]) -> Result<(), MemoryError> {
        if to.is_empty() {
            return Ok(());
        }
        let table = self.table();
        let allocation = table.span(address, to.len() as u64)?;
        // SAFETY: the span lies in the allocation. A kernel that runs at the same time makes the bytes arbitrary, as on a card.
        unsafe { std::ptr::copy_nonoverlapping(allocation.pointer(address), to.as_mut_ptr(), to.len()) };
        Ok(())
    }

    /// Copies the host's memory to the device.
    pub fn write(&self, address: u64, from: &[u8]) -> Result<(), MemoryError> {
        if from.is_empty() {
            return Ok(());
        }
        let table = self.table_mut();
        let allocation = table.span(address, from.len() as u64)?;
        // SAFETY: the span lies in the allocation, and the table is held alone.
        unsafe { std::ptr::copy_nonoverlapping(from.as_ptr(), allocation.pointer(address), from.len()) };
        Ok(())
    }

    /// Copies within the device's memory.
    pub fn copy(&self, to: u64, from: u64, bytes: u64) -> Result<(), MemoryError> {
        if bytes == 0 {
            return Ok(());
        }
        let table = self.table_mut();
        let (source, target) = (table.span(from, bytes)?, table.span(to, bytes)?);
        // SAFETY: both spans lie in their allocations, and the table is held alone.
        unsafe { std::ptr::copy(source.pointer(from), target.pointer(to), bytes as usize) };
        Ok(())
    }

    /// Sets `count` values of `width` bytes (1, 2 or 4).
    pub fn fill(&self, address: u64, width: u64, value: u32, count: u64) -> Result<(), MemoryError> {
        if count == 0 {
            return Ok(());
        }
        let bytes = count.saturating_mul(width);
        let table = self.table_mut();
        let allocation = table.span(address, bytes)?;
        // SAFETY: the span lies in the allocation, and the table is held alone.
        let span = unsafe { std::slice::from_raw_parts_mut(allocation.pointer(address), bytes as usize) };
        let value = value.to_le_bytes();
        if width == 1 {
            span.fill(value[0]);
        } else {
            span.chunks_exact_mut(width as usize).for_each(|chunk| chunk.copy_from_slice(&value[..width as usize]));
        }
        Ok(())
    }
}

/// The first of so many unmapped pages in a row.
fn free_pages(pages: &[u32], count: usize) -> usize {
    let mut run = 0;
    for (index, &page) in pages.iter().enumerate() {
        run = if page == 0 { run + 1 } else { 0 };
        if run == count + 1 && index > count {
            return index + 1 - count;
        }
    }
    pages.len() + 1
}

fn free_slot(allocations: &mut Vec<Option<Allocation>>) -> usize {
    match allocations.iter().position(Option::is_none) {
        Some(slot) => slot,
        None => {
            allocations.push(None);
            allocations.len() - 1
        }
    }
}
