//! What a kernel asks of the machine it runs on: where it stands, its block's memory, and the operations that Rust has no
//! name for. Nothing here computes a result.

use core::alloc::{GlobalAlloc, Layout};
use core::arch::{asm, global_asm, nvptx};
use core::panic::PanicInfo;

/// `kernels` can allocate; no kernel here does.
struct NoHeap;

// SAFETY: it never hands out memory.
unsafe impl GlobalAlloc for NoHeap {
    unsafe fn alloc(&self, _: Layout) -> *mut u8 {
        core::ptr::null_mut()
    }

    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}
}

#[global_allocator]
static HEAP: NoHeap = NoHeap;

/// A kernel that panics ends with an error of its context, which the host sees as a lost device.
#[panic_handler]
fn panic(_: &PanicInfo) -> ! {
    // SAFETY: ends the grid.
    unsafe { nvptx::trap() }
}

// A block's memory; its size is given with the launch.
global_asm!(".extern .shared .align 128 .b8 block_memory[];");

/// Number of this thread in its block (blocks are one-dimensional).
#[inline(always)]
pub fn thread() -> u32 {
    // SAFETY: reads a register.
    unsafe { nvptx::_thread_idx_x() }
}

/// Number of this block in the grid (grids are one- or two-dimensional).
#[inline(always)]
pub fn block() -> (u32, u32) {
    // SAFETY: reads registers.
    unsafe { (nvptx::_block_idx_x(), nvptx::_block_idx_y()) }
}

/// Threads of a block.
#[inline(always)]
pub fn threads() -> u32 {
    // SAFETY: reads a register.
    unsafe { nvptx::_block_dim_x() }
}

/// Blocks of the grid along x.
#[inline(always)]
pub fn blocks() -> u32 {
    // SAFETY: reads a register.
    unsafe { nvptx::_grid_dim_x() }
}

/// Number of this thread among all threads of a one-dimensional grid.
#[inline(always)]
pub fn index() -> u64 {
    u64::from(block().0) * u64::from(threads()) + u64::from(thread())
}

/// Waits for all threads of the block, and makes what they wrote visible to each other.
#[inline(always)]
pub fn synchronize_block() {
    // SAFETY: every kernel calls it in control flow that all threads of a block share.
    unsafe { nvptx::_syncthreads() }
}

/// The block's memory, as a generic address.
#[inline(always)]
pub fn block_memory() -> *mut u8 {
    let address: u64;
    // SAFETY: takes the address of the symbol declared above.
    unsafe {
        asm!("{{ .reg .b64 place; mov.b64 place, block_memory; cvta.shared.u64 {}, place; }}", out(reg64) address,
            options(pure, nomem, nostack, preserves_flags));
    }
    address as *mut u8
}

/// The block's memory, as an address of its own 32-bit space: for instructions that take no other.
#[inline(always)]
pub fn block_memory_address() -> u32 {
    let address: u32;
    // SAFETY: takes the address of the symbol declared above.
    unsafe {
        asm!("mov.b32 {}, block_memory;", out(reg32) address, options(pure, nomem, nostack, preserves_flags));
    }
    address
}
