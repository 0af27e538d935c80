//! Thirty-two threads: each has its own place in the program, and those at the same place run together.
//!
//! Of the threads that can go on, those with the lowest place go first; it is one of the orders that hardware may choose.
//! Where an instruction needs other threads, those that are there wait for them.

use crate::counters::Counters;
use crate::error::FaultKind;
use crate::memory::Table;
use crate::operation::{self, Row, Slot};
use crate::program::{Carry, Compare, Comparison, Logic, NONE, Op, Program, special};
use crate::shared::Shared;

/// Instructions after which a warp lets others go on, so that a warp that waits for another by looking does not stop it.
const SLICE: u64 = 1 << 16;

/// What all warps of a block see.
pub(crate) struct Surroundings<'a> {
    pub program: &'a Program,
    pub table: &'a Table,
    pub arguments: &'a [u8],
    pub shared: Shared,
    pub counters: Counters,
    /// How often each instruction ran: by groups of threads, and by threads.
    pub profile: Vec<(u64, u64)>,
    /// Instructions that are left to the launch on this thread of the machine.
    pub left: u64,
    pub details: bool,
}

/// What an error happened to.
pub(crate) struct WarpFault {
    pub place: u32,
    pub lane: u32,
    pub kind: FaultKind,
}

/// A copy that goes on by itself until it is waited for.
pub(crate) struct Copy {
    pub lane: u32,
    /// Number of the group it was committed to; [`NONE`] before that.
    pub group: u32,
    pub to: u64,
    pub bytes: u64,
    pub data: [u8; 16],
}

pub(crate) struct Warp {
    pub number: u32,
    pub registers: Vec<Row>,
    pub predicates: Vec<u32>,
    carry: u32,
    /// Every thread's own memory, one after the other.
    pub local: Vec<u8>,
    pub places: [u32; 32],
    /// Threads that have not ended.
    pub live: u32,
    /// Threads at a barrier of the block.
    pub waiting: u32,
    /// Threads at an instruction that others of the warp must join.
    pub parked: u32,
    /// The threads that lived when parked threads were last looked at.
    looked_at: u32,
    pub copies: Vec<Copy>,
    pub groups: [u32; 32],
    mask: Row,
    mask_of: u32,
}

/// The lanes of a mask.
pub(crate) fn lanes(mask: u32) -> impl Iterator<Item = u32> {
    let mut rest = mask;
    std::iter::from_fn(move || {
        if rest == 0 {
            return None;
        }
        let lane = rest.trailing_zeros();
        rest &= rest - 1;
        Some(lane)
    })
}

fn row(mask: u32) -> Row {
    std::array::from_fn(|lane| if mask & (1 << lane) != 0 { u32::MAX } else { 0 })
}

impl Warp {
    pub fn new(number: u32, program: &Program, constants: &[(Slot, u64, bool)]) -> Warp {
        // What a register holds before it is written is not zero on hardware either.
        let mut registers = vec![[0xdead_beef; 32]; program.rows as usize];
        for (slot, value, wide) in constants {
            registers[*slot as usize] = [*value as u32; 32];
            if *wide {
                registers[*slot as usize + 1] = [(*value >> 32) as u32; 32];
            }
        }
        Warp {
            number,
            registers,
            predicates: vec![0x5555_5555; program.predicates as usize],
            carry: 0,
            local: vec![0xcd; 32 * program.local_bytes as usize],
            places: [0; 32],
            live: 0,
            waiting: 0,
            parked: 0,
            looked_at: 0,
            copies: Vec::new(),
            groups: [0; 32],
            mask: [0; 32],
            mask_of: 0,
        }
    }

    /// Puts the warp at the start of a block.
    pub fn start(&mut self, start: u32, threads: u32, block: [u32; 3], shape: &crate::launch::Shape) {
        let first = self.number * 32;
        let lanes_here = (threads - first).min(32);
        self.live = if lanes_here == 32 { u32::MAX } else { (1 << lanes_here) - 1 };
        self.places = [start; 32];
        (self.waiting, self.parked, self.looked_at) = (0, 0, 0);
        self.copies.clear();
        self.groups = [0; 32];
        let [x, y, _] = shape.block;
        for lane in 0..32 {
            let thread = first + lane as u32;
            let values = [
                thread % x,
                thread / x % y,
                thread / x / y,
                shape.block[0],
                shape.block[1],
                shape.block[2],
                block[0],
                block[1],
                block[2],
                shape.grid[0],
                shape.grid[1],
                shape.grid[2],
                lane as u32,
                self.number,
                1 << lane,
                (1 << lane) - 1,
                u32::MAX >> (31 - lane),
                !(u32::MAX >> (31 - lane)),
                !((1 << lane) - 1),
                shape.dynamic_shared,
                0,
                1,
            ];
            for (slot, value) in (0..special::ROWS).zip(values) {
                self.registers[slot as usize][lane] = value;
            }
        }
    }

    /// Threads that can go on.
    pub fn runnable(&self) -> u32 {
        self.live & !self.waiting & !self.parked
    }

    /// Threads that wait for others of the warp.
    pub fn parked(&self) -> u32 {
        self.parked & self.live
    }

    fn mask(&mut self, lanes: u32) -> &Row {
        if self.mask_of != lanes {
            (self.mask, self.mask_of) = (row(lanes), lanes);
        }
        &self.mask
    }

    pub fn value(&self, slot: Slot, lane: u32) -> u32 {
        self.registers[slot as usize][lane as usize]
    }

    pub fn value_wide(&self, slot: Slot, lane: u32) -> u64 {
        u64::from(self.value(slot, lane)) | u64::from(self.value(slot + 1, lane)) << 32
    }

    pub fn set(&mut self, slot: Slot, lane: u32, value: u32) {
        self.registers[slot as usize][lane as usize] = value;
    }

    pub fn set_wide(&mut self, slot: Slot, lane: u32, value: u64) {
        self.set(slot, lane, value as u32);
        self.set(slot + 1, lane, (value >> 32) as u32);
    }

    pub fn set_predicate(&mut self, predicate: u32, lanes: u32, values: u32) {
        let held = &mut self.predicates[predicate as usize];
        *held = (*held & !lanes) | (values & lanes);
    }

    pub fn move_to(&mut self, lanes_moved: u32, place: u32) {
        for lane in lanes(lanes_moved) {
            self.places[lane as usize] = place;
        }
    }

    /// Runs until no thread of the warp can go on, or its slice is over.
    pub fn run(&mut self, around: &mut Surroundings<'_>) -> Result<(), WarpFault> {
        let mut slice = SLICE.min(around.left);
        around.left -= slice;
        let result = self.run_slice(around, &mut slice);
        around.left += slice;
        result
    }

    fn run_slice(&mut self, around: &mut Surroundings<'_>, slice: &mut u64) -> Result<(), WarpFault> {
        loop {
            let mut runnable = self.runnable();
            if runnable == 0 {
                // Others may have ended since: perhaps nobody is missing any more.
                if self.parked() == 0 || self.looked_at == self.live {
                    return Ok(());
                }
                self.looked_at = self.live;
                self.parked = 0;
                runnable = self.runnable();
                if runnable == 0 {
                    return Ok(());
                }
            }
            // The lowest place, who is there, and the next place where somebody is.
            let (mut place, mut active, mut next) = (u32::MAX, 0, u32::MAX);
            for lane in lanes(runnable) {
                let at = self.places[lane as usize];
                if at < place {
                    (next, place, active) = (place, at, 1 << lane);
                } else if at == place {
                    active |= 1 << lane;
                } else if at < next {
                    next = at;
                }
            }
            self.run_group(around, place, active, next, slice)?;
            if *slice == 0 {
                return Ok(());
            }
        }
    }

    /// Runs threads that stand at the same place until they part, wait, or meet those at `next`.
    fn run_group(
        &mut self,
        around: &mut Surroundings<'_>,
        mut place: u32,
        active: u32,
        next: u32,
        slice: &mut u64,
    ) -> Result<(), WarpFault> {
        let program = around.program;
        loop {
            if place >= next || *slice == 0 {
                self.move_to(active, place);
                return Ok(());
            }
            *slice -= 1;
            let instruction = &program.code[place as usize];
            let mut lanes_on = active;
            if instruction.guard != NONE {
                let guard = self.predicates[instruction.guard as usize];
                lanes_on &= if instruction.negated { !guard } else { guard };
                if lanes_on == 0 {
                    place += 1;
                    continue;
                }
            }
            let ran = &mut around.profile[place as usize];
            ran.0 += 1;
            ran.1 += u64::from(lanes_on.count_ones());
            match &instruction.op {
                Op::Branch(target) => {
                    if lanes_on == active {
                        place = *target;
                    } else {
                        self.move_to(lanes_on, *target);
                        self.move_to(active & !lanes_on, place + 1);
                        return Ok(());
                    }
                }
                Op::BranchIndexed(index, targets) => {
                    self.move_to(active & !lanes_on, place + 1);
                    for lane in lanes(lanes_on) {
                        let target = targets.get(self.value(*index, lane) as usize);
                        let Some(target) = target else { return Err(WarpFault { place, lane, kind: FaultKind::Jump }) };
                        self.places[lane as usize] = *target;
                    }
                    return Ok(());
                }
                Op::Call { target, returns } => {
                    for lane in lanes(lanes_on) {
                        self.set(*returns, lane, place + 1);
                    }
                    self.move_to(active & !lanes_on, place + 1);
                    self.move_to(lanes_on, *target);
                    return Ok(());
                }
                Op::Return(returns) => {
                    self.move_to(active & !lanes_on, place + 1);
                    for lane in lanes(lanes_on) {
                        self.places[lane as usize] = self.value(*returns, lane);
                    }
                    return Ok(());
                }
                Op::Exit => {
                    self.move_to(active & !lanes_on, place + 1);
                    self.live &= !lanes_on;
                    return Ok(());
                }
                Op::Trap => {
                    return Err(WarpFault { place, lane: lanes_on.trailing_zeros(), kind: FaultKind::Trap });
                }
                Op::Barrier(barrier) => {
                    self.move_to(active & !lanes_on, place + 1);
                    self.move_to(lanes_on, place);
                    if barrier.waits {
                        self.waiting |= lanes_on;
                    } else {
                        for lane in lanes(lanes_on) {
                            around.shared.arrived.push(self.value(barrier.number, lane));
                        }
                        self.move_to(lanes_on, place + 1);
                    }
                    return Ok(());
                }
                Op::Collective { members, what } => {
                    self.move_to(active & !lanes_on, place + 1);
                    self.move_to(lanes_on, place);
                    self.meet(around, place, lanes_on, *members, what)?;
                    if self.runnable() != active {
                        return Ok(());
                    }
                    place += 1;
                }
                Op::Load(_)
                | Op::Store(_)
                | Op::Atomic(_)
                | Op::CopyLocal { .. }
                | Op::CopyAsync(_)
                | Op::CommitGroup
                | Op::WaitGroup(_)
                | Op::WaitAll => {
                    self.access(around, &instruction.op, lanes_on).map_err(|(lane, kind)| WarpFault {
                        place,
                        lane,
                        kind,
                    })?;
                    place += 1;
                }
                op => {
                    self.mask(lanes_on);
                    self.compute(op, lanes_on, around.left);
                    place += 1;
                }
            }
        }
    }

    fn compute(&mut self, op: &Op, lanes_on: u32, clock: u64) {
        let (registers, mask) = (&mut self.registers, &self.mask);
        match op {
            Op::Unary32(unary, d, a) => unary.run(registers, mask, *d, *a),
            Op::Binary32(binary, d, a, b) => binary.run(registers, mask, *d, *a, *b),
            Op::Ternary32(ternary, d, a, b, c) => ternary.run(registers, mask, *d, *a, *b, *c),
            Op::Insert32(insert, d, [a, b, c, e]) => insert.run(registers, mask, *d, *a, *b, *c, *e),
            Op::Unary64(unary, d, a) => unary.run(registers, mask, *d, *a),
            Op::Count64(count, d, a) => count.run(registers, mask, *d, *a),
            Op::Binary64(binary, d, a, b) => binary.run(registers, mask, *d, *a, *b),
            Op::Shift64(shift, d, a, b) => shift.run(registers, mask, *d, *a, *b),
            Op::Extract64(extract, d, a, b, c) => extract.run(registers, mask, *d, *a, *b, *c),
            Op::Ternary64(ternary, d, a, b, c) => ternary.run(registers, mask, *d, *a, *b, *c),
            Op::Insert64(insert, d, [a, b, c, e]) => insert.run(registers, mask, *d, *a, *b, *c, *e),
            Op::Widen(widen, d, a) => widen.run(registers, mask, *d, *a),
            Op::MultiplyWide(multiply, d, a, b) => multiply.run(registers, mask, *d, *a, *b),
            Op::MultiplyAddWide(multiply, d, a, b, c) => multiply.run(registers, mask, *d, *a, *b, *c),
            Op::Logic3 { result, operands: [a, b, c], table } => {
                let [a, b, c] = [a, b, c].map(|slot| registers[*slot as usize]);
                let table = u32::from(*table);
                let values = std::array::from_fn(|lane| operation::logic(a[lane], b[lane], c[lane], table));
                operation::put(registers, mask, *result, &values);
            }
            Op::Pack { result, low, high } => {
                let (low, high) = (registers[*low as usize], registers[*high as usize]);
                operation::put(registers, mask, *result, &low);
                operation::put(registers, mask, *result + 1, &high);
            }
            Op::Unpack { low, high, value } => {
                let (first, second) = (registers[*value as usize], registers[*value as usize + 1]);
                operation::put(registers, mask, *low, &first);
                operation::put(registers, mask, *high, &second);
            }
            Op::PackHalves { result, low, high } => {
                let (low, high) = (registers[*low as usize], registers[*high as usize]);
                let values = std::array::from_fn(|lane| (low[lane] & 0xffff) | high[lane] << 16);
                operation::put(registers, mask, *result, &values);
            }
            Op::UnpackHalves { low, high, value } => {
                let value = registers[*value as usize];
                operation::put(registers, mask, *low, &value.map(|value| value & 0xffff));
                operation::put(registers, mask, *high, &value.map(|value| value >> 16));
            }
            Op::Select32 { result, a, b, predicate } => {
                let (a, b) = (registers[*a as usize], registers[*b as usize]);
                let chosen = row(self.predicates[*predicate as usize]);
                let values = std::array::from_fn(|lane| (a[lane] & chosen[lane]) | (b[lane] & !chosen[lane]));
                operation::put(registers, mask, *result, &values);
            }
            Op::Select64 { result, a, b, predicate } => {
                let chosen = row(self.predicates[*predicate as usize]);
                for half in 0..2 {
                    let (a, b) = (registers[(*a + half) as usize], registers[(*b + half) as usize]);
                    let values = std::array::from_fn(|lane| (a[lane] & chosen[lane]) | (b[lane] & !chosen[lane]));
                    operation::put(registers, mask, *result + half, &values);
                }
            }
            Op::Convert(conversion) => {
                for lane in lanes(lanes_on) {
                    let source = if conversion.source_wide {
                        self.value_wide(conversion.source, lane)
                    } else {
                        u64::from(self.value(conversion.source, lane))
                    };
                    let value = crate::convert::convert(conversion, source);
                    if conversion.result_wide {
                        self.set_wide(conversion.result, lane, value);
                    } else {
                        self.set(conversion.result, lane, value as u32);
                    }
                }
            }
            Op::Compare32(compare, d, a, b) => {
                let values = compare.run(registers, *a, *b);
                self.set_predicate(*d, lanes_on, values);
            }
            Op::Compare64(compare, d, a, b) => {
                let values = compare.run(registers, *a, *b);
                self.set_predicate(*d, lanes_on, values);
            }
            Op::Compare(compare) => self.compare(compare, lanes_on),
            Op::PredicateLogic { logic, result, a, b } => {
                let values = combined(*logic, self.predicates[*a as usize], self.predicates[*b as usize]);
                self.set_predicate(*result, lanes_on, values);
            }
            Op::PredicateNot { result, a } => {
                let values = !self.predicates[*a as usize];
                self.set_predicate(*result, lanes_on, values);
            }
            Op::PredicateMove { result, a } => {
                let values = self.predicates[*a as usize];
                self.set_predicate(*result, lanes_on, values);
            }
            Op::PredicateConstant { result, value } => {
                self.set_predicate(*result, lanes_on, if *value { u32::MAX } else { 0 });
            }
            Op::PredicateSelect { result, a, b, predicate } => {
                let chosen = self.predicates[*predicate as usize];
                let values = (self.predicates[*a as usize] & chosen) | (self.predicates[*b as usize] & !chosen);
                self.set_predicate(*result, lanes_on, values);
            }
            Op::Carry(carry) => self.add_with_carry(carry, lanes_on),
            Op::ActiveMask(d) => {
                operation::put(registers, mask, *d, &[lanes_on; 32]);
            }
            Op::Clock { result, wide } => {
                let ticks = u64::MAX - clock;
                if *wide {
                    operation::put_wide(registers, mask, *result, &[ticks; 32]);
                } else {
                    operation::put(registers, mask, *result, &[ticks as u32; 32]);
                }
            }
            // Everything else moves threads, memory or nothing.
            _ => {}
        }
    }

    fn compare(&mut self, compare: &Compare, lanes_on: u32) {
        let holds = match compare.comparison {
            Comparison::Narrow(comparison) => comparison.run(&self.registers, compare.a, compare.b),
            Comparison::Wide(comparison) => comparison.run(&self.registers, compare.a, compare.b),
        };
        let (mut values, mut opposite) = (holds, !holds);
        if let Some((logic, predicate, negated)) = compare.combine {
            let with = self.predicates[predicate as usize];
            let with = if negated { !with } else { with };
            (values, opposite) = (combined(logic, holds, with), combined(logic, !holds, with));
        }
        self.set_predicate(compare.result, lanes_on, values);
        if compare.opposite != NONE {
            self.set_predicate(compare.opposite, lanes_on, opposite);
        }
    }

    fn add_with_carry(&mut self, carry: &Carry, lanes_on: u32) {
        for lane in lanes(lanes_on) {
            let taken = carry.takes && self.carry & (1 << lane) != 0;
            let (value, left) = if carry.wide {
                let (a, b) = (self.value_wide(carry.a, lane), self.value_wide(carry.b, lane));
                if carry.subtract { a.borrowing(b, taken) } else { a.carrying(b, taken) }
            } else {
                let (a, b) = (self.value(carry.a, lane), self.value(carry.b, lane));
                let (value, left) = if carry.subtract { a.borrowing(b, taken) } else { a.carrying(b, taken) };
                (u64::from(value), left)
            };
            if carry.wide {
                self.set_wide(carry.result, lane, value);
            } else {
                self.set(carry.result, lane, value as u32);
            }
            if carry.leaves {
                self.carry = (self.carry & !(1 << lane)) | u32::from(left) << lane;
            }
        }
    }
}

fn combined(logic: Logic, a: u32, b: u32) -> u32 {
    match logic {
        Logic::And => a & b,
        Logic::Or => a | b,
        Logic::Xor => a ^ b,
    }
}

/// Addition and subtraction with a carry in and out.
trait WithCarry: Sized {
    fn carrying(self, other: Self, carry: bool) -> (Self, bool);
    fn borrowing(self, other: Self, borrow: bool) -> (Self, bool);
}

macro_rules! with_carry {
    ($kind:ty) => {
        impl WithCarry for $kind {
            fn carrying(self, other: Self, carry: bool) -> (Self, bool) {
                let (sum, first) = self.overflowing_add(other);
                let (sum, second) = sum.overflowing_add(carry.into());
                (sum, first || second)
            }

            fn borrowing(self, other: Self, borrow: bool) -> (Self, bool) {
                let (difference, first) = self.overflowing_sub(other);
                let (difference, second) = difference.overflowing_sub(borrow.into());
                (difference, first || second)
            }
        }
    };
}

with_carry!(u32);
with_carry!(u64);
