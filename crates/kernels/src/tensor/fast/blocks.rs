//! How a product is cut: slabs of columns, packed once; blocks of rows, one task each; tiles, which stay in registers.
//! Knows nothing of the arithmetic, which is a [`Tile`]'s, nor of what a word of packed elements means, which is a
//! [`Packing`]'s.
//!
//! Packed, a panel of B is `[step][column]` and a strip of A is `[step][row]`: a tile reads both from front to back. A panel's
//! part for one visit fits the first-level cache, a block of A with its sums the second. Rows and columns that do not
//! fill a tile are padded, and what comes of the padding is dropped.

use crate::tensor::shape::{Shape, row};
use alloc::vec::Vec;

/// Rows of a block: a multiple of every tile's rows.
const BLOCK_ROWS: usize = 96;
/// Bytes of a block's row of sums: as many columns has a slab.
const SLAB_BYTES: usize = 4096;
/// Bytes of a packed slab, which narrows it where the product is deep.
const PACKED_BYTES: usize = 64 << 20;

/// Arithmetic on one tile.
pub(super) trait Tile {
    /// What is multiplied: one or several packed elements of consecutive k.
    type Word: Copy + Default + Send + Sync;
    /// What is summed.
    type Sum: Copy + Default + Send + Sync;
    /// Rows of a tile.
    const ROWS: usize;
    /// Columns of a tile.
    const COLUMNS: usize;
    /// Most words of k for one visit.
    const STEPS: usize;

    /// Adds the product of a strip `[step][ROWS]` and a panel `[step][COLUMNS]` to the sums `[ROWS][COLUMNS]`, k ascending.
    ///
    /// # Safety
    /// The processor has the tile's instructions.
    unsafe fn add(strip: &[Self::Word], panel: &[Self::Word], sums: &mut [Self::Sum]);

    /// Does work that may be compiled for the tile's instructions; here for any processor's.
    ///
    /// # Safety
    /// As [`Tile::add`].
    unsafe fn run(work: impl Work) {
        work.work();
    }
}

/// What [`Tile::run`] does: a trait, because a closure cannot ask to be inlined, and what is not inlined is compiled for any
/// processor.
pub(super) trait Work {
    /// Does it; `#[inline(always)]`.
    fn work(self);
}

/// How elements become words.
pub(super) trait Packing<Word, Sum>: Sync {
    /// An element of A or B.
    type Element: Copy + Default + Sync;
    /// Elements of a word.
    const DEPTH: usize;

    /// A word of row `row` of A, of `DEPTH` elements.
    fn of_a(&self, row: u32, elements: &[Self::Element]) -> Word;
    /// A word of row `row` of B.
    fn of_b(&self, row: u32, elements: &[Self::Element]) -> Word;
    /// What the sums of a column begin with, whose row of B is given.
    fn first(&self, row_of_b: &[Self::Element]) -> Sum;
}

/// What sums become.
pub(super) trait Finish<Sum, Value>: Sync {
    /// Makes values of the sums of consecutive columns of a row.
    fn finish(&self, row: u32, first_column: u32, sums: &[Sum], values: &mut [Value]);
}

/// Four int8: those of A with 128 added, as unsigned bytes.
#[cfg(target_arch = "x86_64")]
pub(super) struct Quads;

#[cfg(target_arch = "x86_64")]
impl Packing<i32, i32> for Quads {
    type Element = i8;
    const DEPTH: usize = 4;

    #[inline(always)]
    fn of_a(&self, _: u32, elements: &[i8]) -> i32 {
        self.of_b(0, elements) ^ i32::from_le_bytes([0x80; 4])
    }

    #[inline(always)]
    fn of_b(&self, _: u32, elements: &[i8]) -> i32 {
        i32::from_le_bytes([0, 1, 2, 3].map(|index| elements[index] as u8))
    }

    fn first(&self, row_of_b: &[i8]) -> i32 {
        // The sum of 2^20 elements fits; 128 times it is taken modulo 2^32, as all sums are.
        row_of_b.iter().map(|value| i32::from(*value)).sum::<i32>().wrapping_mul(-128)
    }
}

/// Two int8 as 16 bits each.
pub(super) struct Pairs;

impl Packing<i32, i32> for Pairs {
    type Element = i8;
    const DEPTH: usize = 2;

    #[inline(always)]
    fn of_a(&self, _: u32, elements: &[i8]) -> i32 {
        (i32::from(elements[0]) & 0xffff) | i32::from(elements[1]) << 16
    }

    #[inline(always)]
    fn of_b(&self, row: u32, elements: &[i8]) -> i32 {
        self.of_a(row, elements)
    }

    fn first(&self, _: &[i8]) -> i32 {
        0
    }
}

/// f32 as it is.
pub(super) struct Floats;

impl Packing<f32, f32> for Floats {
    type Element = f32;
    const DEPTH: usize = 1;

    #[inline(always)]
    fn of_a(&self, _: u32, elements: &[f32]) -> f32 {
        elements[0]
    }

    #[inline(always)]
    fn of_b(&self, _: u32, elements: &[f32]) -> f32 {
        elements[0]
    }

    fn first(&self, _: &[f32]) -> f32 {
        crate::tensor::strict::FIRST
    }
}

/// f32 in block fixed point, the integers as f64.
pub(super) struct Quantised {
    scales_a: Vec<f64>,
    scales_b: Vec<f64>,
}

impl Quantised {
    /// From the exponents of the rows of A and of the rows of B.
    pub fn new(of_a: &[u32], of_b: &[u32]) -> Self {
        // 2^(149 - exponent)
        let scale = |exponent: &u32| f64::from_bits(u64::from(1023 + 149 - *exponent) << 52);
        Quantised { scales_a: of_a.iter().map(scale).collect(), scales_b: of_b.iter().map(scale).collect() }
    }

    /// [`quantise`](crate::tensor::exact::quantise): scaling is exact in f64, and from 2^52 to 2^53 f64 holds integers only,
    /// so that adding 1.5 2^52 rounds to the nearest, ties to even.
    #[inline(always)]
    fn word(element: f32, scale: f64) -> f64 {
        const ANCHOR: f64 = 6_755_399_441_055_744.0;
        (f64::from(element) * scale + ANCHOR) - ANCHOR
    }
}

impl Packing<f64, i64> for Quantised {
    type Element = f32;
    const DEPTH: usize = 1;

    #[inline(always)]
    fn of_a(&self, row: u32, elements: &[f32]) -> f64 {
        Self::word(elements[0], self.scales_a[row as usize])
    }

    #[inline(always)]
    fn of_b(&self, row: u32, elements: &[f32]) -> f64 {
        Self::word(elements[0], self.scales_b[row as usize])
    }

    fn first(&self, _: &[f32]) -> i64 {
        0
    }
}

/// Two matrices, checked against their shape.
pub(super) struct Operands<'a, Element> {
    pub shape: &'a Shape,
    pub a: &'a [Element],
    pub b: &'a [Element],
}

/// Memory whose first value begins a cache line, so that no vector lies across two.
struct Lines<V> {
    values: Vec<V>,
    start: usize,
    length: usize,
}

impl<V: Copy + Default> Lines<V> {
    const fn new() -> Self {
        Lines { values: Vec::new(), start: 0, length: 0 }
    }

    /// Makes room for so many values; what they are is open.
    fn resize(&mut self, length: usize) {
        self.length = length;
        self.values.resize(length + 64 / size_of::<V>(), V::default());
        self.start = self.values.as_ptr().align_offset(64);
    }

    fn get(&self) -> &[V] {
        &self.values[self.start..self.start + self.length]
    }

    fn get_mut(&mut self) -> &mut [V] {
        &mut self.values[self.start..self.start + self.length]
    }
}

/// Packs `width` rows of words of `depth_of_word` elements of k; rows that there are not become zeros.
struct Pack<'a, Word, RowOf, WordOf> {
    width: usize,
    depth_of_word: usize,
    /// Number and elements of the row of a lane.
    row_of: RowOf,
    /// A word of a row's elements.
    word_of: WordOf,
    packed: &'a mut [Word],
}

impl<'a, Element, Word, RowOf, WordOf> Work for Pack<'_, Word, RowOf, WordOf>
where
    Element: Copy + Default + 'a,
    Word: Copy + Default,
    RowOf: Fn(usize) -> Option<(u32, &'a [Element])>,
    WordOf: Fn(u32, &[Element]) -> Word,
{
    #[inline(always)]
    fn work(self) {
        let Pack { width, depth_of_word, row_of, word_of, packed } = self;
        for lane in 0..width {
            let Some((row, elements)) = row_of(lane) else {
                packed.chunks_exact_mut(width).for_each(|step| step[lane] = Word::default());
                continue;
            };
            let whole = elements.chunks_exact(depth_of_word);
            let rest = whole.remainder();
            for (step, elements) in packed.chunks_exact_mut(width).zip(whole) {
                step[lane] = word_of(row, elements);
            }
            if !rest.is_empty() {
                let mut last = [Element::default(); 4];
                last[..rest.len()].copy_from_slice(rest);
                packed[elements.len() / depth_of_word * width + lane] = word_of(row, &last[..depth_of_word]);
            }
        }
    }
}

/// A slab of B's columns, packed.
struct Slab<Word, Sum> {
    first_column: usize,
    columns: usize,
    /// `[panel][step][column]`.
    words: Lines<Word>,
    /// What the sums of each column begin with.
    first: Vec<Sum>,
}

/// What a task needs besides its operands.
struct Scratch<Word, Sum> {
    /// `[strip][step][row]` of one visit.
    a: Lines<Word>,
    /// `[panel][strip][row][column]`.
    sums: Lines<Sum>,
}

/// Fills the `rows` x `columns` of `c` with what `finish` makes of the sums.
pub(super) fn product<T: Tile, P: Packing<T::Word, T::Sum>, O: Send>(
    operands: &Operands<P::Element>,
    packing: &P,
    c: &mut [O],
    finish: &impl Finish<T::Sum, O>,
) {
    const { assert!(BLOCK_ROWS.is_multiple_of(T::ROWS) && P::DEPTH <= 4) };
    let shape = operands.shape;
    let (rows, columns, stride) = (shape.rows as usize, shape.columns as usize, shape.stride_c as usize);
    let steps = (shape.depth as usize).div_ceil(P::DEPTH);
    let widest = (SLAB_BYTES / size_of::<T::Sum>()).min(PACKED_BYTES / size_of::<T::Word>() / steps);
    let widest = (widest / T::COLUMNS).max(1) * T::COLUMNS;
    let block_rows = rows.div_ceil(threads()).next_multiple_of(T::ROWS).min(BLOCK_ROWS);
    let c = &mut c[..shape.lengths()[2] as usize];

    let mut slab = Slab { first_column: 0, columns: 0, words: Lines::new(), first: Vec::new() };
    for first_column in (0..columns).step_by(widest) {
        slab.first_column = first_column;
        slab.columns = widest.min(columns - first_column);
        pack_slab::<T, P>(operands, packing, steps, &mut slab);
        let slab = &slab;
        let work = |scratch: &mut Scratch<T::Word, T::Sum>, block: usize, c: &mut [O]| {
            let first_row = block * block_rows;
            let rows = first_row..rows.min(first_row + block_rows);
            sum_block::<T, P>(operands, packing, slab, rows.clone(), steps, scratch);
            let work = FinishBlock::<T, _, _> { scratch, slab, rows, stride, c, finish };
            // SAFETY: tiles are chosen by what the processor has, in the parent module.
            unsafe { T::run(work) };
        };
        let scratch = || Scratch { a: Lines::new(), sums: Lines::new() };
        for_each_chunk(c, block_rows * stride, scratch, work);
    }
}

/// Writes a block of rows, `c`, from its sums.
struct FinishBlock<'a, T: Tile, Value, F> {
    scratch: &'a Scratch<T::Word, T::Sum>,
    slab: &'a Slab<T::Word, T::Sum>,
    rows: core::ops::Range<usize>,
    stride: usize,
    c: &'a mut [Value],
    finish: &'a F,
}

impl<T: Tile, Value, F: Finish<T::Sum, Value>> Work for FinishBlock<'_, T, Value, F> {
    #[inline(always)]
    fn work(self) {
        let FinishBlock { scratch, slab, rows, stride, c, finish } = self;
        let strips = rows.len().div_ceil(T::ROWS);
        for (index, row) in rows.enumerate() {
            let c = &mut c[index * stride + slab.first_column..][..slab.columns];
            for (panel, c) in c.chunks_mut(T::COLUMNS).enumerate() {
                let row_of_tile = (panel * strips + index / T::ROWS) * T::ROWS + index % T::ROWS;
                let sums = &scratch.sums.get()[row_of_tile * T::COLUMNS..][..c.len()];
                finish.finish(row as u32, (slab.first_column + panel * T::COLUMNS) as u32, sums, c);
            }
        }
    }
}

fn pack_slab<T: Tile, P: Packing<T::Word, T::Sum>>(
    operands: &Operands<P::Element>,
    packing: &P,
    steps: usize,
    slab: &mut Slab<T::Word, T::Sum>,
) {
    let shape = operands.shape;
    let (first_column, columns) = (slab.first_column, slab.columns);
    let row_of_b = |lane: usize, panel: usize| {
        let column = panel * T::COLUMNS + lane;
        (column < columns).then(|| {
            let row_index = (first_column + column) as u32;
            (row_index, row(operands.b, shape.stride_b, row_index, shape.depth))
        })
    };
    let panels = columns.div_ceil(T::COLUMNS);
    slab.words.resize(panels * steps * T::COLUMNS);
    let work = |_: &mut (), panel: usize, words: &mut [T::Word]| {
        // By visits, so that the lines written stay in the first-level cache until they are whole.
        for (visit, words) in words.chunks_mut(T::STEPS * T::COLUMNS).enumerate() {
            let first = visit * T::STEPS * P::DEPTH;
            let row_of = |lane| {
                let (row, elements) = row_of_b(lane, panel)?;
                Some((row, &elements[first..elements.len().min(first + T::STEPS * P::DEPTH)]))
            };
            let word_of = |row: u32, elements: &[P::Element]| packing.of_b(row, elements);
            let work = Pack { width: T::COLUMNS, depth_of_word: P::DEPTH, row_of, word_of, packed: words };
            // SAFETY: tiles are chosen by what the processor has, in the parent module.
            unsafe { T::run(work) };
        }
    };
    for_each_chunk(slab.words.get_mut(), steps * T::COLUMNS, || (), work);
    slab.first.resize(panels * T::COLUMNS, T::Sum::default());
    let work = |_: &mut (), panel: usize, first: &mut [T::Sum]| {
        for (lane, sum) in first.iter_mut().enumerate() {
            *sum = row_of_b(lane, panel).map_or(T::Sum::default(), |(_, elements)| packing.first(elements));
        }
    };
    for_each_chunk(&mut slab.first, T::COLUMNS, || (), work);
}

/// The sums of a block of rows with all columns of a slab.
fn sum_block<T: Tile, P: Packing<T::Word, T::Sum>>(
    operands: &Operands<P::Element>,
    packing: &P,
    slab: &Slab<T::Word, T::Sum>,
    rows: core::ops::Range<usize>,
    steps: usize,
    scratch: &mut Scratch<T::Word, T::Sum>,
) {
    let shape = operands.shape;
    let strips = rows.len().div_ceil(T::ROWS);
    scratch.sums.resize(slab.first.len() * strips * T::ROWS);
    let sums = scratch.sums.get_mut();
    for (first, sums) in slab.first.chunks_exact(T::COLUMNS).zip(sums.chunks_exact_mut(strips * T::ROWS * T::COLUMNS)) {
        sums.chunks_exact_mut(T::COLUMNS).for_each(|sums| sums.copy_from_slice(first));
    }
    for first_step in (0..steps).step_by(T::STEPS) {
        let visit = T::STEPS.min(steps - first_step);
        let of_visit = first_step * P::DEPTH..(shape.depth as usize).min((first_step + visit) * P::DEPTH);
        scratch.a.resize(strips * visit * T::ROWS);
        for (strip, words) in scratch.a.get_mut().chunks_exact_mut(visit * T::ROWS).enumerate() {
            let row_of = |lane: usize| {
                let index = rows.start + strip * T::ROWS + lane;
                let elements =
                    (index < rows.end).then(|| row(operands.a, shape.stride_a, index as u32, shape.depth))?;
                Some((index as u32, &elements[of_visit.clone()]))
            };
            let word_of = |row: u32, elements: &[P::Element]| packing.of_a(row, elements);
            let work = Pack { width: T::ROWS, depth_of_word: P::DEPTH, row_of, word_of, packed: words };
            // SAFETY: tiles are chosen by what the processor has, in the parent module.
            unsafe { T::run(work) };
        }
        let panels = slab.words.get().chunks_exact(steps * T::COLUMNS);
        for (panel, sums) in panels.zip(sums.chunks_exact_mut(strips * T::ROWS * T::COLUMNS)) {
            let panel = &panel[first_step * T::COLUMNS..][..visit * T::COLUMNS];
            let strips = scratch.a.get().chunks_exact(visit * T::ROWS);
            for (strip, sums) in strips.zip(sums.chunks_exact_mut(T::ROWS * T::COLUMNS)) {
                // SAFETY: tiles are chosen by what the processor has, in the parent module.
                unsafe { T::add(strip, panel, sums) };
            }
        }
    }
}

fn threads() -> usize {
    #[cfg(feature = "parallel")]
    {
        rayon::current_num_threads()
    }
    #[cfg(not(feature = "parallel"))]
    {
        1
    }
}

/// Gives every chunk of `size` values to `work`, with its number, on all threads.
fn for_each_chunk<V: Send, S>(
    values: &mut [V],
    size: usize,
    scratch: impl Fn() -> S + Sync + Send,
    work: impl Fn(&mut S, usize, &mut [V]) + Sync + Send,
) {
    #[cfg(feature = "parallel")]
    {
        use rayon::prelude::*;
        values
            .par_chunks_mut(size)
            .enumerate()
            .for_each_init(scratch, |scratch, (index, values)| work(scratch, index, values));
    }
    #[cfg(not(feature = "parallel"))]
    {
        let mut scratch = scratch();
        for (index, values) in values.chunks_mut(size).enumerate() {
            work(&mut scratch, index, values);
        }
    }
}
