//! What a node proves about its hardware, on the device: the matrix chain between its products, the walk through memory,
//! the stream. Definitions and what they prove are in `kernels::probe`; the products are those of [`crate::tensor`].

use crate::abi::{Kernel, Pointer};
use kernels::probe::stream::Vector;
use kernels::probe::walk::{Cell, Shape};

/// Fills a matrix of bytes with what a key gives.
pub struct ChainFill;

/// Of [`ChainFill`].
#[derive(Clone, Copy)]
#[repr(C)]
pub struct ChainFillArguments {
    /// The matrix; the address is a multiple of 16.
    pub matrix: Pointer<i8>,
    /// Its bytes in vectors of sixteen.
    pub vectors: u64,
    /// The key.
    pub key: [u32; 4],
}

impl Kernel for ChainFill {
    type Arguments = ChainFillArguments;
    const NAME: &'static core::ffi::CStr = c"probe_chain_fill";
    const THREADS: u32 = 256;
}

/// Makes the next left matrix of a round's sums.
pub struct ChainAdvance;

/// Of [`ChainAdvance`].
#[derive(Clone, Copy)]
#[repr(C)]
pub struct ChainAdvanceArguments {
    /// The sums, `size` x `size`; the address is a multiple of 16.
    pub sums: Pointer<i32>,
    /// The matrix, `size` x `size`.
    pub matrix: Pointer<i8>,
    /// Rows and columns, a multiple of [`ChainAdvance::TILE`].
    pub size: u32,
    /// The round's key.
    pub round: u32,
}

impl Kernel for ChainAdvance {
    type Arguments = ChainAdvanceArguments;
    const NAME: &'static core::ffi::CStr = c"probe_chain_advance";
    const THREADS: u32 = 256;
}

impl ChainAdvance {
    /// Rows and columns of the tile that a block turns; each thread turns four by four.
    pub const TILE: u32 = 64;
    /// Words from one row of the turned tile to the next in the block's memory: one more than a row has, so that words of
    /// different rows lie in different banks.
    const STRIDE: u32 = Self::TILE / 4 + 1;
    /// Bytes of the block's memory.
    pub const BLOCK_MEMORY: u32 = Self::TILE * Self::STRIDE * 4;

    /// Blocks of the grid.
    pub const fn blocks(size: u32) -> (u32, u32) {
        (size / Self::TILE, size / Self::TILE)
    }
}

/// Writes one slice of the walk's memory, a thread for each walker.
pub struct WalkFill;

/// Of [`WalkFill`].
#[derive(Clone, Copy)]
#[repr(C)]
pub struct WalkFillArguments {
    /// The memory; the address is a multiple of 32.
    pub memory: Pointer<Cell>,
    /// The walk's key.
    pub key: [u32; 4],
    /// The walk's shape.
    pub shape: Shape,
    /// Which pass.
    pub pass: u32,
    /// Which slice.
    pub slice: u32,
}

impl Kernel for WalkFill {
    type Arguments = WalkFillArguments;
    const NAME: &'static core::ffi::CStr = c"probe_walk_fill";
    const THREADS: u32 = 128;
}

/// Walks through the filled memory, a thread for each walker.
pub struct Walk;

/// Of [`Walk`].
#[derive(Clone, Copy)]
#[repr(C)]
pub struct WalkArguments {
    /// The memory; the address is a multiple of 32.
    pub memory: Pointer<Cell>,
    /// Where the final states go, one for each walker; the address is a multiple of 16.
    pub finals: Pointer<Cell>,
    /// The walk's key.
    pub key: [u32; 4],
    /// The walk's shape.
    pub shape: Shape,
}

impl Kernel for Walk {
    type Arguments = WalkArguments;
    const NAME: &'static core::ffi::CStr = c"probe_walk";
    const THREADS: u32 = 128;
}

/// Sums what a buffer's vectors are under a nonce.
pub struct Stream;

/// Of [`Stream`].
#[derive(Clone, Copy)]
#[repr(C)]
pub struct StreamArguments {
    /// The buffer; the address is a multiple of 16.
    pub vectors: Pointer<Vector>,
    /// How many vectors.
    pub count: u64,
    /// The number of the first.
    pub first: u64,
    /// The sum, to which is added.
    pub sum: Pointer<u64>,
    /// The nonce.
    pub nonce: [u32; 4],
}

impl Kernel for Stream {
    type Arguments = StreamArguments;
    const NAME: &'static core::ffi::CStr = c"probe_stream";
    const THREADS: u32 = 256;
}

impl Stream {
    /// Bytes of the block's memory: a sum for each thread.
    pub const BLOCK_MEMORY: u32 = 8 * Self::THREADS;
    /// Vectors that a thread asks for before it uses the first.
    pub const VECTORS_IN_FLIGHT: u64 = 4;

    /// Blocks of the grid on a device with so many multiprocessors: as many as fit at once, and not more than there is
    /// work for.
    pub fn blocks(multiprocessors: u32, count: u64) -> u32 {
        let most = count.div_ceil(u64::from(Self::THREADS) * Self::VECTORS_IN_FLIGHT);
        u64::from(8 * multiprocessors).min(most).max(1) as u32
    }
}

#[cfg(target_arch = "nvptx64")]
mod entry {
    use super::*;
    use crate::device::{self, load_constant_vector, load_vector, store_vector};
    use kernels::probe::walk::CELL_BYTES;
    use kernels::probe::{Key, chain, stream};

    #[unsafe(no_mangle)]
    unsafe extern "ptx-kernel" fn probe_chain_fill(arguments: ChainFillArguments) {
        let index = device::index();
        if index < arguments.vectors {
            let place = arguments.matrix.address() + index * 16;
            // SAFETY: the host gives room for so many vectors.
            unsafe { store_vector(place, Key(arguments.key).draw(index)) };
        }
    }

    #[unsafe(no_mangle)]
    unsafe extern "ptx-kernel" fn probe_chain_advance(arguments: ChainAdvanceArguments) {
        const TILE: u32 = ChainAdvance::TILE;
        const QUARTER: u32 = TILE / 4;
        let size = arguments.size;
        let (tile_column, tile_row) = (device::block().0 * TILE, device::block().1 * TILE);
        let thread = device::thread();
        // Sixteen neighbouring threads read a whole row of the tile, 256 bytes.
        let (column, row) = (4 * (thread % QUARTER), 4 * (thread / QUARTER));
        let first = (tile_row + row) * size + tile_column + column;
        let sums: [[u32; 4]; 4] = core::array::from_fn(|line| {
            let place = u64::from(first + line as u32 * size);
            // SAFETY: within the sums, because the size is a multiple of the tile's; four columns are a vector.
            unsafe { load_constant_vector(arguments.sums.address() + 4 * place) }
        });
        let turned = device::block_memory().cast::<u32>();
        for across in 0..4 {
            // Four rows of one column are four neighbouring bytes of a row of the next matrix.
            let bytes = core::array::from_fn(|line| {
                let place = first + line as u32 * size + across;
                chain::next(arguments.round, place, sums[line][across as usize] as i32)
            });
            let place = (column + across) * ChainAdvance::STRIDE + row / 4;
            // SAFETY: within the block's memory.
            unsafe { turned.add(place as usize).write(u32::from_le_bytes(bytes)) };
        }
        device::synchronize_block();
        for part in 0..4 {
            let word = thread + part * ChainAdvance::THREADS;
            let (row, column) = (word / QUARTER, word % QUARTER);
            let to = u64::from(tile_column + row) * u64::from(size) + u64::from(tile_row + 4 * column);
            // SAFETY: within the block's memory, and within the matrix, whose rows are multiples of four bytes.
            unsafe {
                let bytes = turned.add((row * ChainAdvance::STRIDE + column) as usize).read();
                arguments.matrix.offset(to).get().cast::<u32>().write(bytes);
            }
        }
    }

    /// A cell as two vectors.
    #[inline(always)]
    fn joined(low: [u32; 4], high: [u32; 4]) -> Cell {
        core::array::from_fn(|word| if word < 4 { low[word] } else { high[word - 4] })
    }

    #[inline(always)]
    unsafe fn store_cell(address: u64, cell: Cell) {
        // SAFETY: the caller's: room for a cell at a multiple of sixteen.
        unsafe {
            store_vector(address, [cell[0], cell[1], cell[2], cell[3]]);
            store_vector(address + 16, [cell[4], cell[5], cell[6], cell[7]]);
        }
    }

    #[unsafe(no_mangle)]
    unsafe extern "ptx-kernel" fn probe_walk_fill(arguments: WalkFillArguments) {
        let walker = device::index() as u32;
        if walker >= arguments.shape.walkers {
            return;
        }
        let memory = arguments.memory.address();
        let read = |place: u64| {
            let address = memory + place * CELL_BYTES;
            // SAFETY: the host gives memory of the shape's size, and the shape names no place beyond it.
            unsafe { joined(load_vector(address), load_vector(address + 16)) }
        };
        // SAFETY: as for reading; no other thread reads or writes these cells in this launch.
        let write = |place: u64, cell| unsafe { store_cell(memory + place * CELL_BYTES, cell) };
        arguments.shape.fill(Key(arguments.key), (arguments.pass, arguments.slice, walker), read, write);
    }

    #[unsafe(no_mangle)]
    unsafe extern "ptx-kernel" fn probe_walk(arguments: WalkArguments) {
        let walker = device::index() as u32;
        if walker >= arguments.shape.walkers {
            return;
        }
        let read = |place: u64| {
            let address = arguments.memory.address() + place * CELL_BYTES;
            // SAFETY: the host gives memory of the shape's size, and this launch only reads it.
            unsafe { joined(load_constant_vector(address), load_constant_vector(address + 16)) }
        };
        let state = arguments.shape.walk(Key(arguments.key), walker, read);
        // SAFETY: the host gives room for every walker's state.
        unsafe { store_cell(arguments.finals.offset(u64::from(walker)).address(), state) };
    }

    #[unsafe(no_mangle)]
    unsafe extern "ptx-kernel" fn probe_stream(arguments: StreamArguments) {
        let nonce = Key(arguments.nonce);
        let stride = u64::from(device::blocks()) * u64::from(Stream::THREADS);
        let mut index = device::index();
        let mut sum = 0_u64;
        let load = |index: u64| {
            // SAFETY: the index is below the count, of vectors that nobody writes meanwhile.
            unsafe { load_constant_vector(arguments.vectors.offset(index).address()) }
        };
        let term = |index: u64, vector| stream::term(nonce, arguments.first + index, vector);
        while index + (Stream::VECTORS_IN_FLIGHT - 1) * stride < arguments.count {
            // By number, not by iterator: with constant indices the vectors stay in registers.
            let vectors: [Vector; Stream::VECTORS_IN_FLIGHT as usize] =
                core::array::from_fn(|number| load(index + number as u64 * stride));
            for number in 0..vectors.len() {
                sum = sum.wrapping_add(term(index + number as u64 * stride, vectors[number]));
            }
            index += Stream::VECTORS_IN_FLIGHT * stride;
        }
        while index < arguments.count {
            sum = sum.wrapping_add(term(index, load(index)));
            index += stride;
        }
        let thread = device::thread() as usize;
        let sums = device::block_memory().cast::<u64>();
        // SAFETY: a place for each thread.
        unsafe { sums.add(thread).write(sum) };
        let mut half = Stream::THREADS as usize / 2;
        while half > 0 {
            device::synchronize_block();
            if thread < half {
                // SAFETY: as above; the upper half was written before the barrier and is not written again.
                unsafe {
                    sum = sum.wrapping_add(sums.add(thread + half).read());
                    sums.add(thread).write(sum);
                }
            }
            half /= 2;
        }
        if thread == 0 {
            // SAFETY: the host gives the sum's place.
            unsafe { device::add(arguments.sum.address(), sum) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_has_blocks_for_its_multiprocessors_and_none_without_work() {
        assert_eq!(Stream::blocks(132, 1 << 30), 1056);
        assert_eq!(Stream::blocks(132, 1025), 2);
        assert_eq!(Stream::blocks(132, 0), 1);
    }

    #[test]
    fn the_banks_of_a_turned_tile_meet_at_most_twice() {
        let most = |words: &[u32]| {
            let mut banks = [0; 32];
            words.iter().for_each(|word| banks[*word as usize % 32] += 1);
            banks.into_iter().max().unwrap()
        };
        for first in (0..ChainAdvance::THREADS).step_by(32) {
            for across in 0..4 {
                let written: [u32; 32] = core::array::from_fn(|lane| {
                    let thread = first + lane as u32;
                    (4 * (thread % 16) + across) * ChainAdvance::STRIDE + thread / 16
                });
                assert!(most(&written) <= 2);
            }
            let read: [u32; 32] = core::array::from_fn(|lane| {
                let word = first + lane as u32;
                word / 16 * ChainAdvance::STRIDE + word % 16
            });
            assert!(most(&read) <= 2);
        }
    }
}
