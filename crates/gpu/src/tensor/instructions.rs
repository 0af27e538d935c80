//! The instructions that matrix products are made of and that Rust has no name for.

use core::arch::asm;

/// Repeats a block for each number, which is a constant in it. Registers that are indexed by a loop's variable would
/// have to be memory; this leaves nothing to the compiler's judgement of when to unroll.
macro_rules! unroll {
    ($name:ident in [$($value:literal)*] $body:block) => {
        $({
            const $name: usize = $value;
            $body
        })*
    };
}

/// Begins to copy 16 bytes to the block's memory, of which the first `valid` come from the device's memory and the rest
/// are zero. Done when [`wait_for_copies`] says so.
#[cfg(feature = "sm_80")]
#[inline(always)]
pub fn copy_begin(to: u32, from: u64, valid: u32) {
    // SAFETY: the caller gives a place in its own block's memory, and `valid` readable bytes.
    unsafe {
        asm!("cp.async.cg.shared.global [{}], [{}], 16, {};", in(reg32) to, in(reg64) from, in(reg32) valid,
            options(nostack));
    }
}

/// Ends a group of copies.
#[cfg(feature = "sm_80")]
#[inline(always)]
pub fn copies_end_group() {
    // SAFETY: bookkeeping of the copies that this thread began.
    unsafe { asm!("cp.async.commit_group;", options(nostack)) }
}

/// Waits until all but the newest `PENDING` groups of this thread's copies are done.
#[cfg(feature = "sm_80")]
#[inline(always)]
pub fn wait_for_copies<const PENDING: u32>() {
    // SAFETY: waits.
    unsafe { asm!("cp.async.wait_group {};", const PENDING, options(nostack)) }
}

/// Reads 16 bytes of the device's memory that no one writes while the kernel runs.
#[cfg(not(feature = "sm_80"))]
#[inline(always)]
pub fn load_global(from: u64) -> [u32; 4] {
    let mut words = [0; 4];
    let [a, b, c, d] = &mut words;
    // SAFETY: the caller gives 16 readable bytes at a multiple of 16.
    unsafe {
        asm!("ld.global.nc.v4.b32 {{{}, {}, {}, {}}}, [{}];", out(reg32) *a, out(reg32) *b, out(reg32) *c,
            out(reg32) *d, in(reg64) from, options(nostack, readonly));
    }
    words
}

/// Writes 16 bytes to the block's memory.
#[inline(always)]
pub fn store_block(to: u32, words: [u32; 4]) {
    // SAFETY: the caller gives a place in its own block's memory.
    unsafe {
        asm!("st.shared.v4.b32 [{}], {{{}, {}, {}, {}}};", in(reg32) to, in(reg32) words[0], in(reg32) words[1],
            in(reg32) words[2], in(reg32) words[3], options(nostack));
    }
}

/// Reads 16 bytes of the block's memory.
#[inline(always)]
pub fn load_block(from: u32) -> [u32; 4] {
    let mut words = [0; 4];
    let [a, b, c, d] = &mut words;
    // SAFETY: the caller gives a place in its own block's memory.
    unsafe {
        asm!("ld.shared.v4.b32 {{{}, {}, {}, {}}}, [{}];", out(reg32) *a, out(reg32) *b, out(reg32) *c, out(reg32) *d,
            in(reg32) from, options(nostack, readonly));
    }
    words
}

/// Reads 4 bytes of the block's memory.
#[inline(always)]
pub fn load_block_word(from: u32) -> u32 {
    let word;
    // SAFETY: the caller gives a place in its own block's memory.
    unsafe { asm!("ld.shared.b32 {}, [{}];", out(reg32) word, in(reg32) from, options(nostack, readonly)) }
    word
}

/// Reads 8 bytes of the block's memory.
#[inline(always)]
pub fn load_block_pair(from: u32) -> [u32; 2] {
    let mut words = [0; 2];
    let [a, b] = &mut words;
    // SAFETY: the caller gives a place in its own block's memory.
    unsafe {
        asm!("ld.shared.v2.b32 {{{}, {}}}, [{}];", out(reg32) *a, out(reg32) *b, in(reg32) from,
            options(nostack, readonly));
    }
    words
}

/// Writes 8 bytes to the block's memory.
#[inline(always)]
pub fn store_block_pair(to: u32, words: [u32; 2]) {
    // SAFETY: the caller gives a place in its own block's memory.
    unsafe {
        asm!("st.shared.v2.b32 [{}], {{{}, {}}};", in(reg32) to, in(reg32) words[0], in(reg32) words[1],
            options(nostack));
    }
}

/// Waits for all lanes of the warp, and makes what they wrote visible to each other.
#[inline(always)]
pub fn synchronize_warp() {
    // SAFETY: every kernel calls it in control flow that the warp shares.
    unsafe { asm!("bar.warp.sync 0xffffffff;", options(nostack)) }
}

/// Reads four matrices of 8 rows x 16 bytes from the block's memory: lane 8 i + r names row r of matrix i, and gets of
/// each matrix the four bytes (lane % 4) of row lane / 4.
#[cfg(feature = "sm_80")]
#[inline(always)]
pub fn load_matrices(from: u32) -> [u32; 4] {
    let mut words = [0; 4];
    let [a, b, c, d] = &mut words;
    // SAFETY: the caller gives a place in its own block's memory, in control flow that the warp shares.
    unsafe {
        asm!("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {{{}, {}, {}, {}}}, [{}];", out(reg32) *a, out(reg32) *b,
            out(reg32) *c, out(reg32) *d, in(reg32) from, options(nostack, readonly));
    }
    words
}

/// Adds the product of 16 x 32 and 32 x 8 bytes to the warp's 16 x 8 sums, which wrap.
#[cfg(feature = "sm_80")]
#[inline(always)]
pub fn multiply(sums: &mut [i32; 4], left: [u32; 4], right: [u32; 2]) {
    let [a, b, c, d] = sums;
    // SAFETY: an instruction on registers, in control flow that the warp shares.
    unsafe {
        asm!("mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32 {{{0}, {1}, {2}, {3}}}, {{{4}, {5}, {6}, {7}}}, \
              {{{8}, {9}}}, {{{0}, {1}, {2}, {3}}};",
            inout(reg32) *a, inout(reg32) *b, inout(reg32) *c, inout(reg32) *d,
            in(reg32) left[0], in(reg32) left[1], in(reg32) left[2], in(reg32) left[3],
            in(reg32) right[0], in(reg32) right[1], options(pure, nomem, nostack));
    }
}

/// Adds the sum of four products of bytes, which wraps.
#[cfg(not(feature = "sm_80"))]
#[inline(always)]
pub fn dot(left: u32, right: u32, sum: u32) -> u32 {
    let result;
    // SAFETY: an instruction on registers.
    unsafe {
        asm!("dp4a.s32.s32 {}, {}, {}, {};", out(reg32) result, in(reg32) left, in(reg32) right, in(reg32) sum,
            options(pure, nomem, nostack));
    }
    result
}

/// Writes 4 bytes to the device's memory.
#[inline(always)]
pub fn store_global(to: u64, word: u32) {
    // SAFETY: the caller gives 4 bytes of its own at a multiple of 4.
    unsafe { asm!("st.global.b32 [{}], {};", in(reg64) to, in(reg32) word, options(nostack)) }
}

/// Writes 8 bytes to the device's memory.
#[cfg(feature = "sm_80")]
#[inline(always)]
pub fn store_global_pair(to: u64, words: [u32; 2]) {
    // SAFETY: the caller gives 8 bytes of its own at a multiple of 8.
    unsafe {
        asm!("st.global.v2.b32 [{}], {{{}, {}}};", in(reg64) to, in(reg32) words[0], in(reg32) words[1],
            options(nostack));
    }
}

/// Reads 4 bytes of the device's memory that no one writes while the kernel runs.
#[inline(always)]
pub fn load_global_word(from: u64) -> u32 {
    let word;
    // SAFETY: the caller gives 4 readable bytes at a multiple of 4.
    unsafe { asm!("ld.global.nc.b32 {}, [{}];", out(reg32) word, in(reg64) from, options(nostack, readonly)) }
    word
}

/// Writes 2 bytes to the device's memory.
#[cfg(feature = "sm_80")]
#[inline(always)]
pub fn store_global_half(to: u64, half: u16) {
    // SAFETY: the caller gives 2 bytes of its own at a multiple of 2.
    unsafe { asm!("st.global.b16 [{}], {};", in(reg64) to, in(reg16) half, options(nostack)) }
}

/// Writes a byte to the device's memory.
#[inline(always)]
pub fn store_global_byte(to: u64, byte: u8) {
    // SAFETY: the caller gives a byte of its own.
    unsafe { asm!("st.global.b8 [{}], {};", in(reg64) to, in(reg16) u16::from(byte), options(nostack)) }
}

/// Lowers a number in the device's memory to another, if that is less.
#[inline(always)]
pub fn lower(number: u64, to: u64) {
    // SAFETY: the caller gives 8 bytes at a multiple of 8 that others change in this way alone.
    unsafe { asm!("red.global.min.u64 [{}], {};", in(reg64) number, in(reg64) to, options(nostack)) }
}
