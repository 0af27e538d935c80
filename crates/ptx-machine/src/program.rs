//! A kernel as the machine runs it: instructions with operands resolved to places of a warp's registers.
//!
//! Functions stand before their callers, so that a warp which always continues with its lowest instruction lets threads
//! return before it goes on with those that wait for them. Nothing recurses: a function's registers and memory are part
//! of the frame of the kernel.

use crate::counters::Class;
use crate::operation::{
    Binary32, Binary64, Compare32, Compare64, Count64, Extract64, Insert32, Insert64, MultiplyAddWide, MultiplyWide,
    Shift64, Slot, Ternary32, Ternary64, Unary32, Unary64, Widen,
};

/// No predicate.
pub(crate) const NONE: u32 = u32::MAX;

/// Rows that hold what PTX calls special registers, set before a block runs.
pub(crate) mod special {
    use crate::operation::Slot;

    /// Names and rows. Those of 64 bits are not here.
    pub const NAMES: [(&str, Slot); 22] = [
        ("%tid.x", 0),
        ("%tid.y", 1),
        ("%tid.z", 2),
        ("%ntid.x", 3),
        ("%ntid.y", 4),
        ("%ntid.z", 5),
        ("%ctaid.x", 6),
        ("%ctaid.y", 7),
        ("%ctaid.z", 8),
        ("%nctaid.x", 9),
        ("%nctaid.y", 10),
        ("%nctaid.z", 11),
        ("%laneid", 12),
        ("%warpid", 13),
        ("%lanemask_eq", 14),
        ("%lanemask_lt", 15),
        ("%lanemask_le", 16),
        ("%lanemask_gt", 17),
        ("%lanemask_ge", 18),
        ("%dynamic_smem_size", 19),
        ("%smid", 20),
        ("%nsmid", 21),
    ];
    /// How many rows they take.
    pub const ROWS: Slot = 22;
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Space {
    Generic,
    Global,
    Shared,
    Local,
    Parameter,
}

/// A load or a store.
#[derive(Clone, Debug)]
pub(crate) struct Access {
    pub space: Space,
    /// Bytes of one value.
    pub width: u64,
    pub signed: bool,
    /// Whether the registers are of 64 bits.
    pub wide: bool,
    /// Whether the registers have 16 bits.
    pub half: bool,
    pub slots: Vec<Slot>,
    pub address: Address,
}

/// A register and an offset.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Address {
    pub base: Slot,
    pub wide: bool,
    pub offset: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    Add,
    AddFloat,
    AddDouble,
    MinimumSigned,
    MinimumUnsigned,
    MaximumSigned,
    MaximumUnsigned,
    And,
    Or,
    Xor,
    Exchange,
    CompareExchange,
    Increment,
    Decrement,
}

/// An atomic change of memory.
#[derive(Clone, Debug)]
pub(crate) struct Atomic {
    pub space: Space,
    pub change: Change,
    pub wide: bool,
    pub result: Option<Slot>,
    pub address: Address,
    pub value: Slot,
    /// What is stored by a compare and exchange; `value` is what is expected then.
    pub replacement: Slot,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scalar {
    Unsigned(u32),
    Signed(u32),
    Single,
    Double,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rounding {
    Nearest,
    Zero,
    Down,
    Up,
}

/// A conversion that has no operation of its own.
#[derive(Clone, Debug)]
pub(crate) struct Conversion {
    pub from: Scalar,
    pub to: Scalar,
    pub rounding: Rounding,
    pub saturate: bool,
    pub source: Slot,
    pub source_wide: bool,
    pub result: Slot,
    pub result_wide: bool,
    /// Whether the result's register has 16 bits.
    pub result_half: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Logic {
    And,
    Or,
    Xor,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Comparison {
    Narrow(Compare32),
    Wide(Compare64),
}

/// A comparison with two results, or combined with a predicate.
#[derive(Clone, Debug)]
pub(crate) struct Compare {
    pub comparison: Comparison,
    pub a: Slot,
    pub b: Slot,
    pub result: u32,
    pub opposite: u32,
    pub combine: Option<(Logic, u32, bool)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BarrierResult {
    None,
    Count(Slot),
    And(u32),
    Or(u32),
}

/// A barrier of a block.
#[derive(Clone, Debug)]
pub(crate) struct Barrier {
    pub number: Slot,
    /// How many threads; all where none is given.
    pub count: Option<Slot>,
    pub waits: bool,
    /// All threads of a warp must be there at once.
    pub aligned: bool,
    pub predicate: u32,
    pub negated: bool,
    pub result: BarrierResult,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ShuffleMode {
    Up,
    Down,
    Butterfly,
    Index,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum VoteMode {
    All,
    Any,
    Uniform,
    Ballot,
}

/// What a warp, or a named part of it, does together.
#[derive(Clone, Debug)]
pub(crate) enum Collective {
    Barrier,
    Shuffle { mode: ShuffleMode, result: Slot, valid: u32, value: Slot, lane: Slot, clamp: Slot },
    Vote { mode: VoteMode, result: u32, predicate: u32, negated: bool },
    Reduce { change: Change, result: Slot, value: Slot },
    Match { all: bool, result: Slot, valid: u32, value: Slot, wide: bool },
    Matrix(Matrix),
    LoadMatrix { results: Vec<Slot>, transposed: bool, address: Address, space: Space },
}

/// A product of small matrices of bytes, D = A B + C.
#[derive(Clone, Debug)]
pub(crate) struct Matrix {
    pub a_signed: bool,
    pub b_signed: bool,
    pub saturate: bool,
    pub d: Vec<Slot>,
    pub a: Vec<Slot>,
    pub b: Vec<Slot>,
    pub c: Vec<Slot>,
}

/// A copy from global to shared memory that goes on by itself.
#[derive(Clone, Debug)]
pub(crate) struct CopyAsync {
    pub to: Address,
    pub from: Address,
    pub bytes: u64,
    /// How many bytes are read; the rest is zero.
    pub read: Option<Slot>,
}

/// An addition with carry.
#[derive(Clone, Debug)]
pub(crate) struct Carry {
    pub subtract: bool,
    pub takes: bool,
    pub leaves: bool,
    pub wide: bool,
    pub result: Slot,
    pub a: Slot,
    pub b: Slot,
}

/// What an instruction does. The first place is the result's.
#[derive(Clone, Debug)]
pub(crate) enum Op {
    Nothing,
    Unary32(Unary32, Slot, Slot),
    Binary32(Binary32, Slot, Slot, Slot),
    Ternary32(Ternary32, Slot, Slot, Slot, Slot),
    Insert32(Insert32, Slot, [Slot; 4]),
    Unary64(Unary64, Slot, Slot),
    Count64(Count64, Slot, Slot),
    Binary64(Binary64, Slot, Slot, Slot),
    Shift64(Shift64, Slot, Slot, Slot),
    Extract64(Extract64, Slot, Slot, Slot, Slot),
    Ternary64(Ternary64, Slot, Slot, Slot, Slot),
    Insert64(Insert64, Slot, [Slot; 4]),
    Widen(Widen, Slot, Slot),
    MultiplyWide(MultiplyWide, Slot, Slot, Slot),
    MultiplyAddWide(MultiplyAddWide, Slot, Slot, Slot, Slot),
    Logic3 { result: Slot, operands: [Slot; 3], table: u8 },
    Pack { result: Slot, low: Slot, high: Slot },
    Unpack { low: Slot, high: Slot, value: Slot },
    UnpackHalves { low: Slot, high: Slot, value: Slot },
    PackHalves { result: Slot, low: Slot, high: Slot },
    Convert(Box<Conversion>),
    Select32 { result: Slot, a: Slot, b: Slot, predicate: u32 },
    Select64 { result: Slot, a: Slot, b: Slot, predicate: u32 },
    Compare32(Compare32, u32, Slot, Slot),
    Compare64(Compare64, u32, Slot, Slot),
    Compare(Box<Compare>),
    PredicateLogic { logic: Logic, result: u32, a: u32, b: u32 },
    PredicateNot { result: u32, a: u32 },
    PredicateMove { result: u32, a: u32 },
    PredicateConstant { result: u32, value: bool },
    PredicateSelect { result: u32, a: u32, b: u32, predicate: u32 },
    Carry(Box<Carry>),
    Load(Box<Access>),
    Store(Box<Access>),
    Atomic(Box<Atomic>),
    CopyLocal { to: u64, from: u64, bytes: u64 },
    Branch(u32),
    BranchIndexed(Slot, Box<[u32]>),
    Call { target: u32, returns: Slot },
    Return(Slot),
    Exit,
    Trap,
    Barrier(Box<Barrier>),
    Collective { members: Slot, what: Box<Collective> },
    ActiveMask(Slot),
    Clock { result: Slot, wide: bool },
    CopyAsync(Box<CopyAsync>),
    CommitGroup,
    WaitGroup(u32),
    WaitAll,
}

#[derive(Clone, Debug)]
pub(crate) struct Instruction {
    pub op: Op,
    /// The predicate that must hold; [`NONE`] for always.
    pub guard: u32,
    pub negated: bool,
    pub line: u32,
    pub class: Class,
}

/// What a row holds before a kernel starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Constant {
    Narrow(u32),
    Wide(u64),
    /// The address of a variable of the module, by its number, and an offset.
    Address(usize, i64),
    /// An address of the block's memory whose size the launch gives; wide or narrow.
    Dynamic(i64, bool),
}

/// A kernel, ready to be run.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    pub name: String,
    pub code: Vec<Instruction>,
    pub start: u32,
    pub rows: u32,
    pub predicates: u32,
    pub constants: Vec<(Slot, Constant)>,
    /// Bytes of each thread's own memory.
    pub local_bytes: u64,
    /// Bytes of a block's memory that the text declares.
    pub shared_bytes: u64,
    /// Offset and size of each argument.
    pub parameters: Vec<(u64, u64)>,
    pub parameter_bytes: u64,
    pub maximum_threads: Option<u32>,
    pub required_threads: Option<u32>,
}
