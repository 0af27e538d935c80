//! What a kernel asks of the machine it runs on: where it stands, its block's memory, and the operations that Rust has
//! no name for. Nothing here computes a result.

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

/// Sixteen bytes of the device's memory, for which one instruction asks.
///
/// # Safety
/// The address is one of the device's memory, a multiple of 16, with that many readable bytes.
#[inline(always)]
pub unsafe fn load_vector(address: u64) -> [u32; 4] {
    let (a, b, c, d);
    // SAFETY: the caller's.
    unsafe {
        asm!("ld.global.v4.b32 {{{}, {}, {}, {}}}, [{}];", out(reg32) a, out(reg32) b, out(reg32) c, out(reg32) d,
            in(reg64) address, options(readonly, nostack, preserves_flags));
    }
    [a, b, c, d]
}

/// [`load_vector`] of memory that no thread writes while the kernel runs.
///
/// # Safety
/// As there, and nothing writes these bytes before the kernel has ended.
#[inline(always)]
pub unsafe fn load_constant_vector(address: u64) -> [u32; 4] {
    let (a, b, c, d);
    // SAFETY: the caller's.
    unsafe {
        asm!("ld.global.nc.v4.b32 {{{}, {}, {}, {}}}, [{}];", out(reg32) a, out(reg32) b, out(reg32) c, out(reg32) d,
            in(reg64) address, options(pure, readonly, nostack, preserves_flags));
    }
    [a, b, c, d]
}

/// Puts sixteen bytes into the device's memory with one instruction.
///
/// # Safety
/// The address is one of the device's memory, a multiple of 16, with that many writable bytes.
#[inline(always)]
pub unsafe fn store_vector(address: u64, [a, b, c, d]: [u32; 4]) {
    // SAFETY: the caller's.
    unsafe {
        asm!("st.global.v4.b32 [{}], {{{}, {}, {}, {}}};", in(reg64) address, in(reg32) a, in(reg32) b, in(reg32) c,
            in(reg32) d, options(nostack, preserves_flags));
    }
}

/// Adds to a number in the device's memory that other threads add to as well.
///
/// # Safety
/// The address is one of the device's memory, a multiple of 8, with that many writable bytes.
#[inline(always)]
pub unsafe fn add(address: u64, value: u64) {
    // SAFETY: the caller's.
    unsafe {
        asm!("red.global.add.u64 [{}], {};", in(reg64) address, in(reg64) value, options(nostack, preserves_flags));
    }
}

// Inline assembly would not do: only of its own operations does LLVM know that all threads of a warp have to meet
// there.
#[allow(improper_ctypes)]
unsafe extern "C" {
    #[link_name = "llvm.nvvm.vote.ballot.sync"]
    safe fn vote_ballot_sync(members: u32, wants: bool) -> u32;
    #[link_name = "llvm.nvvm.shfl.sync.idx.i32"]
    safe fn shuffle_index_sync(members: u32, value: u32, lane: u32, clamp: u32) -> u32;
}

/// The value, which LLVM then knows nothing about.
///
/// In front of an operation where all threads of a warp meet, decisions go through this: where LLVM knows what was
/// decided on each of two paths that join there, it may give each path its own copy of the meeting, and then nobody
/// meets.
#[inline(always)]
pub fn opaque(decision: bool) -> bool {
    let same: u32;
    // SAFETY: an instruction on registers.
    unsafe {
        asm!("mov.b32 {}, {};", out(reg32) same, in(reg32) u32::from(decision),
            options(nomem, nostack, preserves_flags));
    }
    same != 0
}

/// Number of this thread in its warp; blocks are whole warps.
#[inline(always)]
pub fn lane() -> u32 {
    thread() % 32
}

/// Bit i is what thread i of the warp says. All threads of the warp come here together.
#[inline(always)]
pub fn ballot(says: bool) -> u32 {
    vote_ballot_sync(u32::MAX, says)
}

/// The value of the warp's first thread. All threads of the warp come here together.
#[inline(always)]
pub fn of_first_lane(value: u32) -> u32 {
    shuffle_index_sync(u32::MAX, value, 0, 31)
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
