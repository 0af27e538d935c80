//! The walk through memory: how much memory a node has, and how many dependent random reads a second it makes.
//!
//! The memory is `slices` x `steps` x `walkers` cells of 32 bytes (one sector of a GPU's memory), in this order, so that
//! neighbouring walkers have neighbouring cells. It is filled slice by slice, and within a slice each walker writes its
//! own `steps` cells one after the other:
//!
//! [`cell`] `= mix(state, other, place)`, from the second pass on exclusive-or what stood there; `state` becomes `cell`.
//!
//! `state` is the walker's cell before, across slices, and `other` a cell that `state` chooses among all slices but the
//! one being written, recent ones more often than old ones (the square law of Argon2, RFC 9106 section 3.4.2). So no
//! cell is read while another walker writes it, the result is the same in any order of walkers, and the next address is
//! known only when the value before it has come. After `passes` passes each walker makes `reads` reads anywhere in the
//! memory, each at an address that depends on all it read before; the walkers' final states are the answer.
//!
//! **Memory against time.** A read is a hundred operations and one sector; a GPU has about a thousand operations to
//! spare for each random sector, so a cell that could be had from the seed in a hundred operations would not be worth its
//! memory. Here a cell that was not kept needs the cell before it and another one, which may be missing too. Against a
//! node that keeps every d-th step of each walker the test below counts how many mixes one missing cell costs on average
//! after one pass over 16 slices, without a second memory for what was computed again: for d = 2 about two, for d = 4
//! dozens, for d = 8 tens of thousands, where the count stops. In plain words: half the memory costs about twice the
//! reads, a quarter costs tens of times as many, an eighth cannot answer in time; a deadline that shall prove the whole
//! memory must lie below twice the honest time. The first slice of a first pass refers to nothing and is as cheap as its
//! chain; a second pass takes that away. This is a count against one strategy, not a proof against all.

use alloc::vec;
use alloc::vec::Vec;

use super::{Key, ShapeError, require};
use crate::merkle;
use crate::sha256::Digest;

/// 32 bytes of memory, as words in the order of their addresses.
pub type Cell = [u32; 8];

/// Bytes of a cell.
pub const CELL_BYTES: u64 = 32;

/// How large the memory is, and how long the walk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Shape {
    /// Walkers that go at the same time.
    pub walkers: u32,
    /// Parts of the memory that are written one after the other, at least 2.
    pub slices: u32,
    /// Cells of a walker in a slice.
    pub steps: u32,
    /// How often the memory is written.
    pub passes: u32,
    /// Reads of each walker at the end.
    pub reads: u32,
}

impl Shape {
    /// Refuses shapes that no walk has.
    ///
    /// # Errors
    /// Names the field.
    pub fn check(&self) -> Result<(), ShapeError> {
        require(self.walkers > 0 && self.walkers.is_multiple_of(32), "walkers", "a multiple of 32")?;
        require((2..=1 << 12).contains(&self.slices), "slices", "2 to 4096")?;
        require((1..=1 << 16).contains(&self.steps), "steps", "1 to 65536")?;
        require((1..=16).contains(&self.passes), "passes", "1 to 16")?;
        require(self.reads > 0, "reads", "at least 1")
    }

    /// Cells of a slice.
    #[inline(always)]
    pub const fn slice_cells(&self) -> u64 {
        self.walkers as u64 * self.steps as u64
    }

    /// Cells of the memory.
    #[inline(always)]
    pub const fn cells(&self) -> u64 {
        self.slice_cells() * self.slices as u64
    }

    /// Bytes of the memory.
    pub const fn bytes(&self) -> u64 {
        self.cells() * CELL_BYTES
    }

    /// Random reads of all walkers in the last part, which is what is timed.
    pub const fn all_reads(&self) -> u64 {
        self.walkers as u64 * self.reads as u64
    }

    /// Where a walker's cell lies.
    #[inline(always)]
    pub const fn place(&self, slice: u32, step: u32, walker: u32) -> u64 {
        (slice as u64 * self.steps as u64 + step as u64) * self.walkers as u64 + walker as u64
    }

    /// The cell that a state chooses while a slice is written; `None` where no other slice has been written yet.
    #[inline(always)]
    pub fn other(&self, state: &Cell, pass: u32, slice: u32) -> Option<u64> {
        // Oldest first: in a first pass the slices before this one, later all from the next one around to it.
        let (oldest, slices) = if pass == 0 { (0, slice) } else { (slice + 1, self.slices - 1) };
        let range = self.slice_cells() * u64::from(slices);
        let square = high(random(state), random(state));
        // The back of the range is the most recent cell, and the square is small more often than large.
        let place = range.checked_sub(1)?.wrapping_sub(high(square, range));
        let place = self.slice_cells() * u64::from(oldest) + place;
        Some(if place >= self.cells() { place - self.cells() } else { place })
    }

    /// Which of [`Answer::slices`] holds the bytes that slice `read` has while a pass writes `slice`, before its own are
    /// written; `None` where it has none yet.
    pub fn root_of(&self, pass: u32, slice: u32, read: u32) -> Option<usize> {
        let written = if read < slice { pass } else { pass.checked_sub(1)? };
        Some((written * self.slices + read) as usize)
    }

    /// The cell that a walker starts a slice from, its last in the slice before; `None` in the very first, where it starts
    /// from the seed.
    #[inline(always)]
    pub fn entry_place(&self, pass: u32, slice: u32, walker: u32) -> Option<u64> {
        if pass == 0 && slice == 0 {
            None
        } else {
            Some(self.place(if slice == 0 { self.slices } else { slice } - 1, self.steps - 1, walker))
        }
    }

    /// The cell that a walker's state chooses while it only reads.
    #[inline(always)]
    pub fn chosen(&self, state: &Cell) -> u64 {
        high(random(state), self.cells())
    }

    /// Writes the cells of one walker in one slice.
    ///
    /// `read` gives cells of other slices and the walker's own; `write` puts the walker's own.
    #[inline(always)]
    pub fn fill(
        &self,
        key: Key,
        (pass, slice, walker): (u32, u32, u32),
        read: impl Fn(u64) -> Cell,
        mut write: impl FnMut(u64, Cell),
    ) {
        let mut state = match self.entry_place(pass, slice, walker) {
            Some(place) => read(place),
            None => start(key, walker, FILL),
        };
        for step in 0..self.steps {
            let place = self.place(slice, step, walker);
            // Not for the order of the bits: a machine can fetch it while it waits for the other.
            let before = if pass > 0 { read(place) } else { [0; 8] };
            let other = match self.other(&state, pass, slice) {
                Some(other) => read(other),
                None => [0; 8],
            };
            state = cell(state, other, before, place);
            write(place, state);
        }
    }

    /// The final state of one walker that reads the filled memory.
    #[inline(always)]
    pub fn walk(&self, key: Key, walker: u32, read: impl Fn(u64) -> Cell) -> Cell {
        let mut state = start(key, walker, READ);
        for step in 0..self.reads {
            state = mix(state, read(self.chosen(&state)), u64::from(step));
        }
        state
    }
}

/// The key of a walk.
pub fn key(seed: &Digest) -> Key {
    Key::new("probe/walk", seed)
}

/// The part in which memory is filled.
pub const FILL: u64 = 0;
/// The part in which it is only read.
pub const READ: u64 = 1;

/// A walker's first state in a part.
#[inline(always)]
pub fn start(key: Key, walker: u32, part: u64) -> Cell {
    let low = key.draw((part << 33) | (2 * u64::from(walker)));
    let high = key.draw((part << 33) | (2 * u64::from(walker) + 1));
    core::array::from_fn(|word| if word < 4 { low[word] } else { high[word - 4] })
}

/// The number in a state that chooses an address.
#[inline(always)]
fn random(state: &Cell) -> u64 {
    u64::from(state[0]) | (u64::from(state[1]) << 32)
}

/// The upper half of a product: `x` as a fraction of 2^64, of `range`.
#[inline(always)]
fn high(x: u64, range: u64) -> u64 {
    ((u128::from(x) * u128::from(range)) >> 64) as u64
}

/// The cell that a walker writes: of its cell before, the one that chose, and what stood there (zeros in a first pass). An
/// audit of one cell is this function over three cells that are proved under their slices' roots.
#[inline(always)]
pub fn cell(state: Cell, other: Cell, before: Cell, place: u64) -> Cell {
    let mixed = mix(state, other, place);
    core::array::from_fn(|word| mixed[word] ^ before[word])
}

/// Two cells and an index become one: two double rounds of ChaCha's quarter round (RFC 8439, section 2.1) over eight
/// words, added to what went in, so that it cannot be run backwards.
#[inline(always)]
pub fn mix(state: Cell, other: Cell, index: u64) -> Cell {
    let mut before: Cell = core::array::from_fn(|word| state[word] ^ other[word]);
    before[6] = before[6].wrapping_add(index as u32);
    before[7] = before[7].wrapping_add((index >> 32) as u32);
    let mut words = before;
    macro_rules! quarter_round {
        ($a:literal $b:literal $c:literal $d:literal) => {
            words[$a] = words[$a].wrapping_add(words[$b]);
            words[$d] = (words[$d] ^ words[$a]).rotate_left(16);
            words[$c] = words[$c].wrapping_add(words[$d]);
            words[$b] = (words[$b] ^ words[$c]).rotate_left(12);
            words[$a] = words[$a].wrapping_add(words[$b]);
            words[$d] = (words[$d] ^ words[$a]).rotate_left(8);
            words[$c] = words[$c].wrapping_add(words[$d]);
            words[$b] = (words[$b] ^ words[$c]).rotate_left(7);
        };
    }
    macro_rules! double_round {
        () => {
            quarter_round!(0 2 4 6);
            quarter_round!(1 3 5 7);
            quarter_round!(0 3 4 7);
            quarter_round!(1 2 5 6);
        };
    }
    double_round!();
    double_round!();
    core::array::from_fn(|word| words[word].wrapping_add(before[word]))
}

/// A node's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Roots over the slices' bytes as they were written, pass by pass; a cell's three parents lie below at most three.
    pub slices: Vec<Digest>,
    /// Root over the walkers' final states.
    pub finals: Digest,
}

impl Answer {
    /// What is committed to: the root over the slices' roots and the finals' root.
    pub fn root(&self) -> Digest {
        let mut leaves = self.slices.clone();
        leaves.push(self.finals);
        merkle::root_of(&mut leaves)
    }
}

/// The bytes of cells as they lie in a device's memory, where words are little-endian.
pub fn bytes_of(cells: &[Cell]) -> Vec<u8> {
    cells.as_flattened().iter().flat_map(|word| word.to_le_bytes()).collect()
}

/// Writes one slice of the memory (`cells` long).
///
/// # Panics
/// If the memory has another length than the shape.
pub fn fill_slice(shape: &Shape, key: Key, pass: u32, slice: u32, memory: &mut [Cell]) {
    assert_eq!(memory.len() as u64, shape.cells(), "the memory is as long as its shape says");
    // Each walker reads what others do not write, so all can be computed before any is written.
    let written = of_walkers(shape, |walker| {
        let first = shape.place(slice, 0, walker);
        let mut column = Vec::with_capacity(shape.steps as usize);
        let read = |place: u64| memory[place as usize];
        shape.fill(key, (pass, slice, walker), read, |place, cell| {
            debug_assert_eq!(place, first + column.len() as u64 * u64::from(shape.walkers));
            column.push(cell);
        });
        column
    });
    for (walker, column) in written.into_iter().enumerate() {
        for (step, cell) in column.into_iter().enumerate() {
            memory[shape.place(slice, step as u32, walker as u32) as usize] = cell;
        }
    }
}

/// The walkers' final states in the filled memory.
pub fn walk_all(shape: &Shape, key: Key, memory: &[Cell]) -> Vec<Cell> {
    of_walkers(shape, |walker| shape.walk(key, walker, |place| memory[place as usize]))
}

/// A function of every walker, in their order.
fn of_walkers<T: Send>(shape: &Shape, function: impl Fn(u32) -> T + Sync + Send) -> Vec<T> {
    #[cfg(feature = "parallel")]
    {
        use rayon::prelude::*;
        (0..shape.walkers).into_par_iter().map(function).collect()
    }
    #[cfg(not(feature = "parallel"))]
    (0..shape.walkers).map(function).collect()
}

/// The whole probe on this machine.
///
/// # Errors
/// A shape that no walk has.
pub fn run(seed: &Digest, shape: &Shape) -> Result<Answer, ShapeError> {
    let mut slices = Vec::new();
    let finals = run_with(seed, shape, |cells| slices.push(merkle::root_of_bytes(&bytes_of(cells))))?;
    Ok(Answer { slices, finals: merkle::root_of_bytes(&bytes_of(&finals)) })
}

/// The walkers' final states; `written` is shown each slice as it was written.
///
/// # Errors
/// A shape that no walk has.
pub fn run_with(seed: &Digest, shape: &Shape, mut written: impl FnMut(&[Cell])) -> Result<Vec<Cell>, ShapeError> {
    shape.check()?;
    let key = key(seed);
    let mut memory = vec![[0; 8]; shape.cells() as usize];
    for (pass, slice) in (0..shape.passes).flat_map(|pass| (0..shape.slices).map(move |slice| (pass, slice))) {
        fill_slice(shape, key, pass, slice, &mut memory);
        let from = shape.place(slice, 0, 0) as usize;
        written(&memory[from..from + shape.slice_cells() as usize]);
    }
    Ok(walk_all(shape, key, &memory))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: Shape = Shape { walkers: 32, slices: 4, steps: 8, passes: 2, reads: 16 };

    /// The probe as its definition reads: one walker after the other, straight into the memory.
    fn one_after_the_other(seed: &Digest, shape: &Shape, order: impl Fn(u32) -> u32) -> (Vec<Cell>, Vec<Cell>) {
        let key = key(seed);
        let memory = std::cell::RefCell::new(vec![[0; 8]; shape.cells() as usize]);
        let read = |place: u64| memory.borrow()[place as usize];
        for pass in 0..shape.passes {
            for slice in 0..shape.slices {
                for walker in (0..shape.walkers).map(&order) {
                    let write = |place: u64, cell| memory.borrow_mut()[place as usize] = cell;
                    shape.fill(key, (pass, slice, walker), read, write);
                }
            }
        }
        let finals = (0..shape.walkers).map(|walker| shape.walk(key, walker, read)).collect();
        (memory.into_inner(), finals)
    }

    #[test]
    fn the_order_of_the_walkers_does_not_matter() {
        let forward = one_after_the_other(&[7; 32], &SHAPE, |walker| walker);
        let backward = one_after_the_other(&[7; 32], &SHAPE, |walker| SHAPE.walkers - 1 - walker);
        assert_eq!(forward, backward);
        let answer = run(&[7; 32], &SHAPE).unwrap();
        assert_eq!(answer.finals, merkle::root_of_bytes(&bytes_of(&forward.1)));
        let last = SHAPE.place(SHAPE.slices - 1, 0, 0) as usize;
        assert_eq!(answer.slices.last(), Some(&merkle::root_of_bytes(&bytes_of(&forward.0[last..]))));
    }

    #[test]
    fn another_seed_or_shape_has_another_answer() {
        let root = |seed, shape: Shape| run(&[seed; 32], &shape).unwrap().root();
        let first = root(1, SHAPE);
        assert_ne!(first, root(2, SHAPE));
        assert_ne!(first, root(1, Shape { passes: 3, ..SHAPE }));
        assert_ne!(first, root(1, Shape { reads: 17, ..SHAPE }));
    }

    #[test]
    fn one_changed_cell_changes_what_the_walkers_see() {
        let (mut memory, finals) = one_after_the_other(&[3; 32], &SHAPE, |walker| walker);
        assert_eq!(walk_all(&SHAPE, key(&[3; 32]), &memory), finals);
        // 512 reads of 1024 cells: of 128 changed cells some are read.
        memory[..128].iter_mut().for_each(|cell| cell[7] ^= 1);
        assert_ne!(walk_all(&SHAPE, key(&[3; 32]), &memory), finals);
    }

    #[test]
    fn no_walker_reads_what_another_writes_in_the_same_slice() {
        let key = key(&[9; 32]);
        for pass in 0..2 {
            for slice in 0..SHAPE.slices {
                for walker in 0..SHAPE.walkers {
                    let read = |place: u64| {
                        let is_in_slice = place / SHAPE.slice_cells() == u64::from(slice);
                        let is_own = place % u64::from(SHAPE.walkers) == u64::from(walker);
                        assert!(!is_in_slice || is_own, "pass {pass}, slice {slice}: walker {walker} reads {place}");
                        key.draw(place).repeat(2).try_into().unwrap()
                    };
                    SHAPE.fill(key, (pass, slice, walker), read, |place, _| {
                        assert_eq!(place / SHAPE.slice_cells(), u64::from(slice));
                        assert_eq!(place % u64::from(SHAPE.walkers), u64::from(walker));
                    });
                }
            }
        }
    }

    #[test]
    fn a_cell_is_audited_by_three_cells_under_the_committed_roots() {
        let seed = [6; 32];
        let (key, answer) = (key(&seed), run(&seed, &SHAPE).unwrap());
        let slice_bytes = (SHAPE.slice_cells() * CELL_BYTES) as usize;
        let mut memory = vec![[0; 8]; SHAPE.cells() as usize];
        let mut trees = Vec::new();
        // What a node that is audited does: it computes the probe again and keeps each slice as it was written.
        for (pass, slice) in (0..SHAPE.passes).flat_map(|pass| (0..SHAPE.slices).map(move |slice| (pass, slice))) {
            fill_slice(&SHAPE, key, pass, slice, &mut memory);
            let from = slice as usize * slice_bytes;
            let bytes = bytes_of(&memory)[from..from + slice_bytes].to_vec();
            trees.push((merkle::Tree::new(merkle::leaves(&bytes)), bytes));
        }
        // A cell under a committed root, by its leaf and the path from there.
        let proved = |root: usize, place: u64| -> Cell {
            let (tree, bytes) = &trees[root];
            let at = (place % SHAPE.slice_cells() * CELL_BYTES) as usize;
            let index = at / merkle::LEAF_BYTES;
            let leaf = bytes.chunks(merkle::LEAF_BYTES).nth(index).unwrap();
            let proof = tree.proof(index as u64).unwrap();
            let is_proved =
                merkle::verify(&answer.slices[root], index as u64, tree.count(), &merkle::leaf(leaf), &proof);
            assert!(is_proved, "cell {place} under root {root}");
            core::array::from_fn(|word| u32::from_le_bytes(bytes[at + 4 * word..][..4].try_into().unwrap()))
        };
        let slice_of = |place: u64| (place / SHAPE.slice_cells()) as u32;
        for (slice, step, walker) in [(0, 0, 0), (0, 1, 31), (2, 0, 7), (3, 5, 16), (1, 7, 30)] {
            let (pass, place) = (1, SHAPE.place(slice, step, walker));
            let state = if step > 0 {
                let own = (pass * SHAPE.slices + slice) as usize;
                proved(own, SHAPE.place(slice, step - 1, walker))
            } else {
                let previous = (slice + SHAPE.slices - 1) % SHAPE.slices;
                let root = SHAPE.root_of(pass, slice, previous).unwrap();
                proved(root, SHAPE.place(previous, SHAPE.steps - 1, walker))
            };
            let other = SHAPE.other(&state, pass, slice).unwrap();
            let other = proved(SHAPE.root_of(pass, slice, slice_of(other)).unwrap(), other);
            let before = proved(SHAPE.root_of(pass, slice, slice).unwrap(), place);
            let claimed = proved((pass * SHAPE.slices + slice) as usize, place);
            assert_eq!(cell(state, other, before, place), claimed, "slice {slice}, step {step}, walker {walker}");
        }
        assert_eq!(SHAPE.root_of(0, 1, 2), None);
    }

    #[test]
    fn recent_cells_are_chosen_more_often_and_every_slice_sometimes() {
        let shape = Shape { walkers: 32, slices: 8, steps: 32, passes: 2, reads: 1 };
        let key = key(&[4; 32]);
        let mut chosen = [0_u32; 8];
        for index in 0..20_000 {
            let state = key.draw(index).repeat(2).try_into().unwrap();
            chosen[(shape.other(&state, 1, 3).unwrap() / shape.slice_cells()) as usize] += 1;
        }
        assert_eq!(chosen[3], 0, "{chosen:?}");
        assert!(
            chosen[2] > 2 * chosen[1] && chosen.iter().enumerate().all(|(slice, count)| slice == 3 || *count > 500)
        );
        assert_eq!(shape.other(&[0; 8], 0, 0), None);
    }

    #[test]
    fn shapes_that_no_walk_has_are_refused_by_field() {
        let field = |shape: Shape| shape.check().unwrap_err().field;
        assert_eq!(SHAPE.check(), Ok(()));
        assert_eq!(field(Shape { walkers: 33, ..SHAPE }), "walkers");
        assert_eq!(field(Shape { slices: 1, ..SHAPE }), "slices");
        assert_eq!(field(Shape { steps: 0, ..SHAPE }), "steps");
        assert_eq!(field(Shape { passes: 17, ..SHAPE }), "passes");
        assert_eq!(field(Shape { reads: 0, ..SHAPE }), "reads");
    }

    /// Mixes that one missing cell costs a node that keeps every `kept`-th step of each walker, on average over the last
    /// slice of a first pass; no more than `most` are counted for a cell.
    fn cost_of_a_missing_cell(shape: &Shape, kept: u32, most: u64) -> f64 {
        let key = key(&[5; 32]);
        // What is needed of every cell is which other cell it was made from.
        let mut memory = vec![[0; 8]; shape.cells() as usize];
        for slice in 0..shape.slices {
            fill_slice(shape, key, 0, slice, &mut memory);
        }
        let parents: Vec<(Option<u64>, Option<u64>)> = (0..shape.cells())
            .map(|place| {
                let previous = place.checked_sub(u64::from(shape.walkers));
                let walker = (place % u64::from(shape.walkers)) as u32;
                let state = previous.map_or_else(|| start(key, walker, 0), |place| memory[place as usize]);
                (previous, shape.other(&state, 0, (place / shape.slice_cells()) as u32))
            })
            .collect();
        let is_kept = |place: u64| (place / u64::from(shape.walkers)) as u32 % kept == kept - 1;
        let last = shape.cells() - shape.slice_cells();
        let missing: Vec<u64> = (last..shape.cells()).filter(|place| !is_kept(*place)).step_by(7).collect();
        let mixes: u64 = missing
            .iter()
            .map(|place| {
                let (mut open, mut mixes) = (vec![*place], 0);
                while let Some(place) = open.pop().filter(|_| mixes < most) {
                    mixes += 1;
                    let (previous, other) = parents[place as usize];
                    open.extend(previous.into_iter().chain(other).filter(|place| !is_kept(*place)));
                }
                mixes
            })
            .sum();
        mixes as f64 / missing.len() as f64
    }

    #[test]
    fn a_node_that_keeps_less_memory_pays_for_it_in_mixes() {
        let shape = Shape { walkers: 32, slices: 16, steps: 32, passes: 1, reads: 1 };
        let costs = [2, 4, 8].map(|kept| cost_of_a_missing_cell(&shape, kept, 100_000));
        std::println!("mixes for a missing cell where every 2nd, 4th, 8th step is kept: {costs:.1?}");
        assert!(costs[0] > 1.5 && costs[0] < 3.0, "{costs:?}");
        assert!(costs[1] > 20.0, "{costs:?}");
        assert!(costs[2] > 10_000.0, "{costs:?}");
    }
}
