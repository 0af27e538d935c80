//! A grid: its blocks one after the other on each of several threads, the warps of a block in turns.

use crate::counters::Counters;
use crate::error::{Fault, FaultKind};
use crate::memory::{Memory, Table};
use crate::operation::Slot;
use crate::program::{Barrier, BarrierResult, NONE, Op, Program};
use crate::shared::Shared;
use crate::warp::{Surroundings, Warp, WarpFault, lanes};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// How a launch is divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Blocks of the grid.
    pub grid: [u32; 3],
    /// Threads of a block.
    pub block: [u32; 3],
    /// Bytes of a block's memory beyond what the kernel declares.
    pub dynamic_shared: u32,
}

impl Shape {
    /// A line of blocks, each a line of threads.
    pub fn line(blocks: u32, threads: u32) -> Shape {
        Shape { grid: [blocks, 1, 1], block: [threads, 1, 1], dynamic_shared: 0 }
    }
}

/// How a launch is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Threads of this machine that blocks run on.
    pub workers: u32,
    /// Whether races in a block's memory are errors.
    pub races: bool,
    /// Whether reads of a block's memory that no thread of the block has written are errors too. Programs may read such
    /// bytes without using them.
    pub unwritten: bool,
    /// Whether sectors and bank conflicts are counted.
    pub details: bool,
    /// The most instructions of warps that each worker runs before the launch is taken to be endless.
    pub instructions: u64,
    /// The most bytes of memory that a block may have.
    pub shared_bytes: u32,
}

impl Default for Options {
    fn default() -> Options {
        let workers = std::thread::available_parallelism().map_or(1, |count| count.get() as u32);
        Options {
            workers,
            races: true,
            unwritten: false,
            details: false,
            instructions: 1 << 36,
            shared_bytes: 227 << 10,
        }
    }
}

/// Where an instruction was run, and how often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineCount {
    /// Line of the text.
    pub line: u32,
    /// Instructions, counted for each group of threads that ran it together.
    pub warp: u64,
    /// Instructions, counted for each thread.
    pub thread: u64,
}

pub(crate) struct Launch<'a> {
    pub program: &'a Program,
    pub constants: &'a [(Slot, u64, bool)],
    pub arguments: &'a [u8],
    pub shape: Shape,
    pub options: Options,
}

impl Launch<'_> {
    /// Runs the grid; gives what was counted, and how often each instruction ran.
    pub fn run(&self, memory: &Memory) -> Result<(Counters, Vec<LineCount>), Fault> {
        self.check()?;
        let [x, y, z] = self.shape.grid.map(u64::from);
        let blocks = x * y * z;
        let table = memory.table();
        let (next, stop) = (AtomicU64::new(0), AtomicBool::new(false));
        let outcome = Mutex::new((Counters::default(), vec![(0, 0); self.program.code.len()], None));
        let worker = || {
            let (counters, profile, fault) = self.work(&table, blocks, &next, &stop);
            if let Ok(mut outcome) = outcome.lock() {
                outcome.0 += &counters;
                for (total, one) in outcome.1.iter_mut().zip(profile) {
                    total.0 += one.0;
                    total.1 += one.1;
                }
                if outcome.2.is_none() {
                    outcome.2 = fault;
                }
            }
        };
        let workers = u64::from(self.options.workers).clamp(1, blocks);
        if workers == 1 {
            worker();
        } else {
            std::thread::scope(|scope| {
                for _ in 0..workers {
                    scope.spawn(worker);
                }
            });
        }
        let (mut counters, profile, fault) = outcome.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner());
        if let Some(fault) = fault {
            return Err(fault);
        }
        let mut lines = Vec::new();
        for (instruction, (warp, thread)) in self.program.code.iter().zip(profile) {
            counters.warp_instructions[instruction.class as usize] += warp;
            counters.thread_instructions[instruction.class as usize] += thread;
            lines.push(LineCount { line: instruction.line, warp, thread });
        }
        Ok((counters, lines))
    }

    fn fault(&self, block: [u32; 3], thread: u32, line: u32, kind: FaultKind) -> Fault {
        Fault { kernel: self.program.name.clone(), line, block, thread, kind }
    }

    fn check(&self) -> Result<(), Fault> {
        let refuse = |what: String| Err(self.fault([0; 3], 0, 0, FaultKind::Launch(what)));
        let threads: u64 = self.shape.block.iter().map(|extent| u64::from(*extent)).product();
        let blocks = self.shape.grid.iter().map(|extent| u64::from(*extent)).fold(1, u64::saturating_mul);
        if threads == 0 || threads > 1024 {
            return refuse(format!("a block of {threads} threads; 1 to 1024 are possible"));
        }
        let [x, y, z] = self.shape.grid;
        if blocks == 0 || x > i32::MAX as u32 || y > 65535 || z > 65535 {
            return refuse(format!("a grid of {:?} blocks", self.shape.grid));
        }
        if self.program.maximum_threads.is_some_and(|most| threads > u64::from(most)) {
            return refuse(format!("a block of {threads} threads; the kernel was compiled for fewer"));
        }
        if self.program.required_threads.is_some_and(|exact| threads != u64::from(exact)) {
            return refuse(format!("a block of {threads} threads; the kernel was compiled for another number"));
        }
        let shared = self.program.shared_bytes + u64::from(self.shape.dynamic_shared);
        if shared > u64::from(self.options.shared_bytes) {
            return refuse(format!("{shared} bytes of a block's memory; {} are possible", self.options.shared_bytes));
        }
        if self.arguments.len() as u64 != self.program.parameter_bytes {
            let (given, taken) = (self.arguments.len(), self.program.parameter_bytes);
            return refuse(format!("{given} bytes of arguments; the kernel takes {taken}"));
        }
        Ok(())
    }

    fn work(
        &self,
        table: &Table,
        blocks: u64,
        next: &AtomicU64,
        stop: &AtomicBool,
    ) -> (Counters, Vec<(u64, u64)>, Option<Fault>) {
        let threads: u32 = self.shape.block.iter().product();
        let count = threads.div_ceil(32);
        let mut warps: Vec<Warp> = (0..count).map(|number| Warp::new(number, self.program, self.constants)).collect();
        let shared_bytes = self.program.shared_bytes as usize + self.shape.dynamic_shared as usize;
        let mut around = Surroundings {
            program: self.program,
            table,
            arguments: self.arguments,
            shared: Shared::new(shared_bytes, count as usize, &self.options),
            counters: Counters::default(),
            profile: vec![(0, 0); self.program.code.len()],
            left: self.options.instructions,
            details: self.options.details,
        };
        let [x, y, _] = self.shape.grid.map(u64::from);
        let mut fault = None;
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            if index >= blocks || stop.load(Ordering::Relaxed) {
                break;
            }
            let block = [(index % x) as u32, (index / x % y) as u32, (index / x / y) as u32];
            for warp in &mut warps {
                warp.start(self.program.start, threads, block, &self.shape);
            }
            around.shared.start();
            if let Err((thread, place, kind)) = self.block(&mut warps, &mut around, threads) {
                let line = self.program.code.get(place as usize).map_or(0, |instruction| instruction.line);
                fault = Some(self.fault(block, thread, line, kind));
                stop.store(true, Ordering::Relaxed);
                break;
            }
        }
        (around.counters, around.profile, fault)
    }

    fn block(
        &self,
        warps: &mut [Warp],
        around: &mut Surroundings<'_>,
        threads: u32,
    ) -> Result<(), (u32, u32, FaultKind)> {
        loop {
            let (mut ran, mut live) = (false, false);
            for warp in warps.iter_mut() {
                if warp.live != 0 && (warp.runnable() != 0 || warp.parked() != 0) {
                    let before = around.left;
                    let number = warp.number;
                    warp.run(around).map_err(|WarpFault { place, lane, kind }| (number * 32 + lane, place, kind))?;
                    ran |= around.left != before;
                    if around.left == 0 {
                        let lane = warp.live.trailing_zeros().min(31);
                        let place = warp.places[lane as usize];
                        return Err((number * 32 + lane, place, FaultKind::Endless(self.options.instructions)));
                    }
                }
                live |= warp.live != 0;
            }
            if !live {
                return Ok(());
            }
            if !ran {
                self.release(warps, around, threads)?;
            }
        }
    }

    /// No thread of the block can go on: opens the barriers whose threads are all there.
    fn release(
        &self,
        warps: &mut [Warp],
        around: &mut Surroundings<'_>,
        threads: u32,
    ) -> Result<(), (u32, u32, FaultKind)> {
        let mut opened = false;
        for number in 0..16 {
            // Who waits at this barrier, warp by warp.
            let mut waiting = Vec::new();
            let (mut present, mut wanted, mut first) = (0, threads, None);
            for warp in warps.iter() {
                let here: u32 = lanes(warp.waiting & warp.live)
                    .filter(|lane| {
                        self.barrier_at(warp, *lane).is_some_and(|barrier| warp.value(barrier.number, *lane) == number)
                    })
                    .map(|lane| 1 << lane)
                    .sum();
                waiting.push(here);
                present += here.count_ones();
                if here != 0 && first.is_none() {
                    let lane = here.trailing_zeros();
                    first = Some((warp.number * 32 + lane, warp.places[lane as usize]));
                    if let Some(count) = self.barrier_at(warp, lane).and_then(|barrier| barrier.count) {
                        wanted = warp.value(count, lane);
                    }
                }
            }
            let Some((thread, place)) = first else { continue };
            let arrived = around.shared.arrived.iter().filter(|arrived| **arrived == number).count() as u32;
            if present + arrived < wanted {
                continue;
            }
            for (warp, here) in warps.iter().zip(&waiting) {
                self.check_aligned(warp, *here)?;
            }
            if present + arrived > wanted {
                let what = format!("{} threads are at a barrier of {wanted}", present + arrived);
                return Err((thread, place, FaultKind::Divergent(what)));
            }
            self.answer(warps, &waiting);
            for (warp, here) in warps.iter_mut().zip(&waiting) {
                for lane in lanes(*here) {
                    warp.places[lane as usize] += 1;
                }
                warp.waiting &= !here;
            }
            around.shared.arrived.retain(|arrived| *arrived != number);
            around.shared.barrier();
            opened = true;
        }
        if opened { Ok(()) } else { Err(self.stuck(warps)) }
    }

    fn barrier_at(&self, warp: &Warp, lane: u32) -> Option<&Barrier> {
        match &self.program.code[warp.places[lane as usize] as usize].op {
            Op::Barrier(barrier) => Some(barrier),
            _ => None,
        }
    }

    /// Threads of one warp at different barriers that ask for the whole warp.
    fn check_aligned(&self, warp: &Warp, here: u32) -> Result<(), (u32, u32, FaultKind)> {
        let mut places = lanes(here).map(|lane| (lane, warp.places[lane as usize]));
        let Some((_, first)) = places.next() else { return Ok(()) };
        let other = places.find(|(_, place)| *place != first);
        let aligned = self.barrier_at(warp, here.trailing_zeros()).is_some_and(|barrier| barrier.aligned);
        match other {
            Some((lane, place)) if aligned => {
                let line = self.program.code[first as usize].line;
                let what = format!("other threads of the warp are at the barrier of line {line}");
                Err((warp.number * 32 + lane, place, FaultKind::Divergent(what)))
            }
            _ => Ok(()),
        }
    }

    /// Gives the threads at a barrier what it finds out.
    fn answer(&self, warps: &mut [Warp], waiting: &[u32]) {
        let (mut count, mut all) = (0, true);
        for (warp, here) in warps.iter().zip(waiting) {
            for lane in lanes(*here) {
                if let Some(barrier) = self.barrier_at(warp, lane)
                    && barrier.predicate != NONE
                {
                    let held = warp.predicates[barrier.predicate as usize] >> lane & 1 != 0;
                    let held = held != barrier.negated;
                    count += u32::from(held);
                    all &= held;
                }
            }
        }
        for (warp, here) in warps.iter_mut().zip(waiting) {
            for lane in lanes(*here) {
                let Some(result) = self.barrier_at(warp, lane).map(|barrier| barrier.result) else { continue };
                let truth = |truth: bool| if truth { u32::MAX } else { 0 };
                match result {
                    BarrierResult::None => {}
                    BarrierResult::Count(slot) => warp.set(slot, lane, count),
                    BarrierResult::And(predicate) => warp.set_predicate(predicate, 1 << lane, truth(all)),
                    BarrierResult::Or(predicate) => warp.set_predicate(predicate, 1 << lane, truth(count > 0)),
                }
            }
        }
    }

    /// Who waits for whom, when nothing goes on.
    fn stuck(&self, warps: &[Warp]) -> (u32, u32, FaultKind) {
        let waiting: u32 = warps.iter().map(|warp| (warp.waiting & warp.live).count_ones()).sum();
        let parked: u32 = warps.iter().map(|warp| warp.parked().count_ones()).sum();
        let live: u32 = warps.iter().map(|warp| warp.live.count_ones()).sum();
        let threads: u32 = self.shape.block.iter().product();
        let what = format!(
            "{waiting} are at barriers of the block, {parked} at instructions of their warp, {} have ended",
            threads - live
        );
        let first = warps.iter().find_map(|warp| {
            let stuck = if warp.parked() != 0 { warp.parked() } else { warp.waiting & warp.live };
            (stuck != 0).then(|| {
                let lane = stuck.trailing_zeros();
                (warp.number * 32 + lane, warp.places[lane as usize])
            })
        });
        let (thread, place) = first.unwrap_or((0, 0));
        (thread, place, FaultKind::Deadlock(what))
    }
}
