//! What a node that declared its ratings is asked to compute: the shapes of the clock, the chain and the walk, and the
//! statement that the chain stores of them.
//!
//! Sizes follow from the ratings by integers alone, so that the chain writes the same statement as everyone else. With
//! `s` the seconds that the work shall take:
//!
//! - **Chain**: compute x 10^9 x s / 2 operations, so that the declared rate needs half the time. The matrix is the
//!   largest power of two from [`chain::Shape`]'s 128 to [`MOST_SIZE`] of which [`LEAST_ROUNDS`] products fit, because large
//!   products are what tensor units are fast at; rounds are rounded down, to at most [`MOST_SEGMENTS`] checkpoints.
//! - **Walk**: seven eighths of the declared memory ([`MEMORY_USED`] of [`MEMORY_PARTS`]; the rest is for the driver, the
//!   tables of digests and the display), two passes over [`SLICES`] slices. Up to 131,072 walkers, as many as cards run
//!   threads, but each with at least 64 cells in a slice. Each walker reads w x `steps` cells, where w is a power of two up to
//!   128 s: the memory is read w / 16 times, between 4 and 8 times for each second of `s`. Cards of every class could read
//!   their memory about 20 times a second in random sectors (RTX 4090: 1,008 GB/s and 24 GiB; H100: 3,350 GB/s and 80 GiB;
//!   both move 64 bytes for a sector of 32), so this takes between a fifth and two fifths of `s`. Small memories have fewer
//!   walkers and so shorter walks.
//! - **Clock**: clock x 1,000 x s hashes of one core, which runs beside the others.
//!
//! A time limit counts for all three together. A node with half the memory takes about twice as long for the walk, which
//! is up to two fifths of the whole; with a quarter of the memory the walk alone takes tens of times as long (see [`walk`]).
//! So a limit below twice `s` excludes a quarter of the memory, not half of it.
//!
//! Every rating has a plan: ratings of 1 give a chain of 128 x 128, a walk of 1 MiB and a clock of one step for each 1,024
//! hashes. Ratings beyond what is sized here (1 TiB of memory, 2^23 rounds) give the plan of the largest.

use super::machine::{HASHES, MOST_SIZE, SLICES};
use super::{ShapeError, chain, clock, require, walk};
use crate::referee::STATEMENT_BYTES;
use crate::sha256::Digest;

/// The format of a probe's statement, state and evidence.
pub const FORMAT: u32 = 2;
/// Where the seed lies in a statement.
pub const SEED_AT: usize = 32;
/// Where the shapes end and the zeros begin.
const USED: usize = 108;

/// Checkpoints of chain and clock at most.
pub const MOST_SEGMENTS: u32 = 256;
/// Products that a chain has at least before its matrices are made larger.
pub const LEAST_ROUNDS: u32 = 256;
/// Of [`MEMORY_PARTS`] parts of the declared memory that the walk uses.
pub const MEMORY_USED: u64 = 7;
/// See [`MEMORY_USED`].
pub const MEMORY_PARTS: u64 = 8;

const LEAST_SIZE: u32 = 128;
/// So that all operations are below 2^64.
const MOST_ROUNDS: u128 = 1 << 23;
const MOST_MEMORY_MIB: u64 = 1 << 20;
const MOST_WALKERS: u32 = 1 << 17;
const LEAST_WALKERS: u32 = 256;
const LEAST_STEPS: u64 = 64;
const PASSES: u32 = 2;
/// Walkers of one leaf.
const LEAF_WALKERS: u32 = 32;

/// What a node declares of its hardware.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ratings {
    /// Exact int8 operations, 10^9 a second.
    pub compute: u64,
    /// Memory of the accelerator, MiB.
    pub memory_mib: u64,
    /// Hashes of one core, 10^3 a second.
    pub clock: u64,
}

/// The work of one probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Unit 0.
    pub clock: clock::Shape,
    /// Unit 1.
    pub chain: chain::Shape,
    /// Unit 2.
    pub walk: walk::Shape,
}

/// Why a statement is none of a probe's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatementError {
    /// It begins with another format.
    Format(u32),
    /// Bytes that must be zero are not.
    Padding,
    /// No probe has such a shape.
    Shape(ShapeError),
}

impl core::fmt::Display for StatementError {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            StatementError::Format(format) => {
                write!(formatter, "the statement's format is {format}, a probe's is {FORMAT}")
            }
            StatementError::Padding => formatter.write_str("the statement's padding is not zero"),
            StatementError::Shape(error) => write!(formatter, "the statement describes no probe: {error}"),
        }
    }
}

impl core::error::Error for StatementError {}

impl From<ShapeError> for StatementError {
    fn from(error: ShapeError) -> StatementError {
        StatementError::Shape(error)
    }
}

impl Plan {
    /// The work for these ratings that takes about so many seconds.
    pub fn of(ratings: &Ratings, work_seconds: u64) -> Plan {
        let seconds = work_seconds.max(1);
        Plan {
            clock: clock_of(ratings.clock, seconds),
            chain: chain_of(ratings.compute, seconds),
            walk: walk_of(ratings.memory_mib, seconds),
        }
    }

    /// Refuses plans that the step machine does not execute.
    ///
    /// # Errors
    /// Names the field.
    pub fn check(&self) -> Result<(), ShapeError> {
        self.clock.check()?;
        require(self.clock.steps.is_multiple_of(HASHES), "clock.steps", "a multiple of 1024")?;
        self.chain.check()?;
        require(self.chain.size <= MOST_SIZE, "chain.size", "at most 8192")?;
        self.walk.check()?;
        let Self { walk, .. } = self;
        require(walk.slices <= SLICES, "slices", "at most 16")?;
        require(walk.walkers <= MOST_WALKERS, "walkers", "at most 131072")?;
        let parts = walk.reads / walk.steps;
        require(parts > 0 && walk.reads.is_multiple_of(walk.steps), "reads", "a multiple of steps")?;
        let is_whole = walk.walkers.is_multiple_of(parts) && (walk.walkers / parts).is_multiple_of(LEAF_WALKERS);
        require(is_whole, "reads", "steps times a divisor of walkers / 32")
    }

    /// Format (4), zeros (28), seed (32), chain: size, rounds, rounds_per_checkpoint (4 each), walk: walkers, slices, steps,
    /// passes, reads (4 each), clock: segments (4), steps (8), zeros (20); numbers little-endian.
    pub fn statement(&self, seed: &Digest) -> [u8; STATEMENT_BYTES] {
        let mut bytes = [0; STATEMENT_BYTES];
        bytes[..4].copy_from_slice(&FORMAT.to_le_bytes());
        bytes[SEED_AT..SEED_AT + 32].copy_from_slice(seed);
        let Plan { clock, chain, walk } = self;
        let words = [
            chain.size,
            chain.rounds,
            chain.rounds_per_checkpoint,
            walk.walkers,
            walk.slices,
            walk.steps,
            walk.passes,
            walk.reads,
            clock.segments,
            clock.steps as u32,
            (clock.steps >> 32) as u32,
        ];
        for (place, word) in bytes[SEED_AT + 32..USED].chunks_exact_mut(4).zip(words) {
            place.copy_from_slice(&word.to_le_bytes());
        }
        bytes
    }

    /// The inverse of [`Plan::statement`]: the plan and the seed.
    ///
    /// # Errors
    /// [`StatementError`].
    pub fn from_statement(bytes: &[u8; STATEMENT_BYTES]) -> Result<(Plan, Digest), StatementError> {
        let word = |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
        if word(0) != FORMAT {
            return Err(StatementError::Format(word(0)));
        }
        if bytes[4..SEED_AT].iter().chain(&bytes[USED..]).any(|byte| *byte != 0) {
            return Err(StatementError::Padding);
        }
        let mut seed = [0; 32];
        seed.copy_from_slice(&bytes[SEED_AT..SEED_AT + 32]);
        let plan = Plan {
            chain: chain::Shape { size: word(64), rounds: word(68), rounds_per_checkpoint: word(72) },
            walk: walk::Shape {
                walkers: word(76),
                slices: word(80),
                steps: word(84),
                passes: word(88),
                reads: word(92),
            },
            clock: clock::Shape { segments: word(96), steps: u64::from(word(100)) | u64::from(word(104)) << 32 },
        };
        plan.check()?;
        Ok((plan, seed))
    }
}

fn clock_of(clock: u64, seconds: u64) -> clock::Shape {
    let steps = (clock.saturating_mul(1_000).saturating_mul(seconds) / HASHES).clamp(1, 1 << 50);
    let segments = steps.min(u64::from(MOST_SEGMENTS));
    clock::Shape { segments: segments as u32, steps: steps / segments * HASHES }
}

fn chain_of(compute: u64, seconds: u64) -> chain::Shape {
    let operations = (u128::from(compute) * u128::from(seconds)).saturating_mul(1_000_000_000 / 2);
    let product = |size: u32| 2 * u128::from(size) * u128::from(size) * u128::from(size);
    let mut size = MOST_SIZE;
    while size > LEAST_SIZE && product(size) * u128::from(LEAST_ROUNDS) > operations {
        size /= 2;
    }
    let rounds = (operations / product(size)).clamp(1, MOST_ROUNDS) as u32;
    let rounds_per_checkpoint = rounds.div_ceil(MOST_SEGMENTS);
    chain::Shape { size, rounds: rounds - rounds % rounds_per_checkpoint, rounds_per_checkpoint }
}

fn walk_of(memory_mib: u64, seconds: u64) -> walk::Shape {
    let bytes = (memory_mib.clamp(1, MOST_MEMORY_MIB) << 20) / MEMORY_PARTS * MEMORY_USED;
    let cells = bytes / walk::CELL_BYTES / u64::from(SLICES);
    let mut walkers = MOST_WALKERS;
    while walkers > LEAST_WALKERS && cells / u64::from(walkers) < LEAST_STEPS {
        walkers /= 2;
    }
    // A tebibyte has 2^14 steps of the most walkers, a mebibyte 7 of the fewest.
    let steps = (cells / u64::from(walkers)) as u32;
    let sweeps = u64::from(8 * SLICES).saturating_mul(seconds).min(u64::from(walkers / LEAF_WALKERS)) as u32;
    // The power of two at or below; there is at least one second.
    let sweeps = 1 << sweeps.ilog2();
    walk::Shape { walkers, slices: SLICES, steps, passes: PASSES, reads: steps * sweeps }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// RTX 4090 and a core with SHA extensions: the market's reference node.
    const REFERENCE: Ratings = Ratings { compute: 660_000, memory_mib: 24_576, clock: 20_000 };

    #[test]
    fn the_reference_node_has_a_plan_of_its_size() {
        let plan = Plan::of(&REFERENCE, 40);
        // 1.32 x 10^16 operations in products of 2 x 8192^3: 12,005, in 256 parts of at most 47.
        assert_eq!(plan.chain, chain::Shape { size: 8192, rounds: 11_985, rounds_per_checkpoint: 47 });
        // 21 GiB are 16 x 336 x 131,072 cells; 4,096 is the power of two below 128 x 40.
        let walk = walk::Shape { walkers: 131_072, slices: 16, steps: 336, passes: 2, reads: 336 * 4_096 };
        assert_eq!(plan.walk, walk);
        assert_eq!(walk.bytes(), 21 << 30);
        // 8 x 10^8 hashes.
        assert_eq!(plan.clock, clock::Shape { segments: 256, steps: 3_051 * 1_024 });
    }

    #[test]
    fn tiny_ratings_have_tiny_work() {
        let plan = Plan::of(&Ratings { compute: 1, memory_mib: 1, clock: 1 }, 1);
        assert_eq!(plan.chain, chain::Shape { size: 128, rounds: 119, rounds_per_checkpoint: 1 });
        assert_eq!(plan.walk, walk::Shape { walkers: 256, slices: 16, steps: 7, passes: 2, reads: 56 });
        assert_eq!(plan.clock, clock::Shape { segments: 1, steps: 1_024 });
        let none = Plan::of(&Ratings::default(), 0);
        assert_eq!(none.chain, chain::Shape { size: 128, rounds: 1, rounds_per_checkpoint: 1 });
        assert_eq!((none.walk, none.clock), (plan.walk, plan.clock));
    }

    fn rating() -> impl Strategy<Value = u64> {
        (any::<u64>(), 0..64_u32).prop_map(|(number, shift)| number >> shift)
    }

    proptest! {
        #[test]
        fn every_rating_has_a_plan_that_the_machine_executes_and_a_statement_returns(
            compute in rating(), memory_mib in rating(), clock in rating(), seconds in rating(), seed: Digest,
        ) {
            let plan = Plan::of(&Ratings { compute, memory_mib, clock }, seconds);
            prop_assert_eq!(plan.check(), Ok(()));
            prop_assert_eq!(Plan::from_statement(&plan.statement(&seed)), Ok((plan, seed)));
        }

        #[test]
        fn work_is_what_the_ratings_do_in_the_time_and_no_more(
            compute in 1..4_000_000_u64, memory_mib in 1..200_000_u64, clock in 1..100_000_u64, seconds in 1..600_u64,
        ) {
            let plan = Plan::of(&Ratings { compute, memory_mib, clock }, seconds);
            let operations = compute * seconds * 500_000_000;
            // A chain has 119 rounds at the least, or more than 256 of which less than the 256th part is cut off twice.
            prop_assert!(plan.chain.operations() <= operations);
            prop_assert!(plan.chain.operations() >= operations - operations / 50);
            let bytes = memory_mib * (7 << 17);
            prop_assert!(plan.walk.bytes() <= bytes);
            prop_assert!(plan.walk.bytes() >= bytes - bytes / 64 || plan.walk.steps < 64);
            let hashes = clock * seconds * 1_000;
            prop_assert!(plan.clock.hashes() <= hashes.max(1_024));
            prop_assert!(plan.clock.hashes() * 2 > hashes - hashes.min(1_023));
        }

        #[test]
        fn a_changed_byte_outside_the_seed_gives_a_refusal_or_another_plan(at in 0..STATEMENT_BYTES, bit in 0..8_u32) {
            let plan = Plan::of(&REFERENCE, 40);
            let mut bytes = plan.statement(&[7; 32]);
            bytes[at] ^= 1 << bit;
            let read = Plan::from_statement(&bytes);
            if let Ok((other, seed)) = read {
                prop_assert!(other != plan || seed != [7; 32]);
                prop_assert_eq!(other.statement(&seed), bytes);
            }
        }
    }

    #[test]
    fn statements_of_no_probe_are_refused_by_what_is_wrong() {
        let plan = Plan::of(&REFERENCE, 40);
        let refused = |plan: Plan| match Plan::from_statement(&plan.statement(&[0; 32])) {
            Err(StatementError::Shape(error)) => error.field,
            other => panic!("{other:?}"),
        };
        let mut other = plan.statement(&[0; 32]);
        other[0] = 1;
        assert_eq!(Plan::from_statement(&other), Err(StatementError::Format(1)));
        for at in [4, 31, USED, STATEMENT_BYTES - 1] {
            let mut padded = plan.statement(&[0; 32]);
            padded[at] = 1;
            assert_eq!(Plan::from_statement(&padded), Err(StatementError::Padding), "{at}");
        }
        let chain = |size, rounds, rounds_per_checkpoint| Plan {
            chain: chain::Shape { size, rounds, rounds_per_checkpoint },
            ..plan
        };
        assert_eq!(refused(chain(16_384, 1, 1)), "chain.size");
        assert_eq!(refused(chain(100, 1, 1)), "size");
        assert_eq!(refused(chain(128, 3, 2)), "rounds_per_checkpoint");
        let walk = |walk: walk::Shape| Plan { walk, ..plan };
        assert_eq!(refused(walk(walk::Shape { slices: 17, ..plan.walk })), "slices");
        assert_eq!(refused(walk(walk::Shape { walkers: 1 << 18, ..plan.walk })), "walkers");
        for reads in [335, 337, 336 * 3, 336 * 8_192] {
            assert_eq!(refused(walk(walk::Shape { reads, ..plan.walk })), "reads", "{reads}");
        }
        let clock = |segments, steps| Plan { clock: clock::Shape { segments, steps }, ..plan };
        assert_eq!(refused(clock(0, 1_024)), "clock.segments");
        assert_eq!(refused(clock(1, 1_025)), "clock.steps");
        assert_eq!(refused(clock(1, 0)), "clock.steps");
    }
}
