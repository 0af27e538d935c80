//! How the lanes of a warp reach memory.

use crate::collective::changed;
use crate::error::FaultKind;
use crate::memory::{self, Allocation, LOCAL_WINDOW, PARAMETER_WINDOW, SHARED_WINDOW, WINDOW};
use crate::operation::Slot;
use crate::program::{Access, Address, Atomic, CopyAsync, NONE, Op, Space};
use crate::shared::Use;
use crate::warp::{Copy, Surroundings, Warp, lanes};

type Outcome = Result<(), (u32, FaultKind)>;

/// Where an address leads, with the address in that space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Target {
    Global(u64),
    Shared(u64),
    Local(u64),
    Parameter(u64),
}

fn target(space: Space, address: u64) -> Target {
    match space {
        Space::Global => Target::Global(address),
        Space::Shared => Target::Shared(address),
        Space::Local => Target::Local(address),
        Space::Parameter => Target::Parameter(address),
        Space::Generic => match address {
            memory::BASE.. => Target::Global(address),
            _ if address.wrapping_sub(SHARED_WINDOW) < WINDOW => Target::Shared(address - SHARED_WINDOW),
            _ if address.wrapping_sub(LOCAL_WINDOW) < WINDOW => Target::Local(address - LOCAL_WINDOW),
            _ if address.wrapping_sub(PARAMETER_WINDOW) < WINDOW => Target::Parameter(address - PARAMETER_WINDOW),
            _ => Target::Global(address),
        },
    }
}

/// Bounds and alignment in memory of one thread or of one launch.
fn check(bytes: u64, space: &'static str, address: u64, wanted: u64) -> Result<usize, FaultKind> {
    if address.checked_add(wanted).is_none_or(|end| end > bytes) {
        return Err(FaultKind::OutOfBounds { space, address, bytes: wanted });
    }
    if !address.is_multiple_of(wanted) {
        return Err(FaultKind::Misaligned { space, address, bytes: wanted });
    }
    Ok(address as usize)
}

fn get(bytes: &[u8], at: usize, width: u64) -> u64 {
    let mut value = [0; 8];
    value[..width as usize].copy_from_slice(&bytes[at..at + width as usize]);
    u64::from_le_bytes(value)
}

fn put(bytes: &mut [u8], at: usize, width: u64, value: u64) {
    bytes[at..at + width as usize].copy_from_slice(&value.to_le_bytes()[..width as usize]);
}

/// The allocation of the last lane is that of the next one, mostly.
fn resolved<'t>(
    around: &Surroundings<'t>,
    last: &mut Option<&'t Allocation>,
    address: u64,
    bytes: u64,
) -> Result<&'t Allocation, FaultKind> {
    if let Some(allocation) = last
        && allocation.holds(address, bytes)
        && address.is_multiple_of(bytes)
    {
        return Ok(allocation);
    }
    let allocation = around.table.resolve(address, bytes)?;
    *last = Some(allocation);
    Ok(allocation)
}

impl Warp {
    fn address_of(&self, address: Address, lane: u32) -> u64 {
        let base =
            if address.wide { self.value_wide(address.base, lane) } else { u64::from(self.value(address.base, lane)) };
        let sum = base.wrapping_add_signed(address.offset);
        if address.wide { sum } else { sum & 0xffff_ffff }
    }

    fn thread(&self, lane: u32) -> u32 {
        self.number * 32 + lane
    }

    /// Runs an instruction of memory.
    pub(crate) fn access(&mut self, around: &mut Surroundings<'_>, op: &Op, lanes_on: u32) -> Outcome {
        match op {
            Op::Load(access) => self.load(around, access, lanes_on),
            Op::Store(access) => self.store(around, access, lanes_on),
            Op::Atomic(atomic) => self.atomic(around, atomic, lanes_on),
            Op::CopyLocal { to, from, bytes } => {
                let extent = self.local.len() / 32;
                for lane in lanes(lanes_on) {
                    let base = lane as usize * extent;
                    let from = base + *from as usize;
                    self.local.copy_within(from..from + *bytes as usize, base + *to as usize);
                }
                Ok(())
            }
            Op::CopyAsync(copy) => self.copy_async(around, copy, lanes_on),
            Op::CommitGroup => {
                for copy in &mut self.copies {
                    if copy.group == NONE && lanes_on & (1 << copy.lane) != 0 {
                        copy.group = self.groups[copy.lane as usize];
                    }
                }
                for lane in lanes(lanes_on) {
                    self.groups[lane as usize] += 1;
                }
                Ok(())
            }
            Op::WaitGroup(pending) => self.wait(around, lanes_on, Some(*pending)),
            _ => self.wait(around, lanes_on, None),
        }
    }

    fn load(&mut self, around: &mut Surroundings<'_>, access: &Access, lanes_on: u32) -> Outcome {
        let count = access.slots.len() as u64;
        let (width, total) = (access.width, access.width * access.slots.len() as u64);
        if around.details {
            self.count_details(around, access.space, access.address, total, lanes_on);
        }
        let mut last = None;
        for lane in lanes(lanes_on) {
            let fault = |kind| (lane, kind);
            let address = self.address_of(access.address, lane);
            let mut values = [0_u64; 8];
            match target(access.space, address) {
                Target::Global(address) => {
                    let allocation = resolved(around, &mut last, address, total).map_err(fault)?;
                    for index in 0..count {
                        values[index as usize] = allocation.load(address + index * width, width);
                    }
                    around.counters.global_bytes_loaded += total;
                }
                Target::Shared(address) => {
                    let thread = self.thread(lane);
                    let at = around.shared.check(address, total, Use::Read, thread).map_err(fault)?;
                    for index in 0..count {
                        values[index as usize] = get(&around.shared.bytes, at + (index * width) as usize, width);
                    }
                    around.counters.shared_bytes_loaded += total;
                }
                Target::Local(address) => {
                    let extent = self.local.len() as u64 / 32;
                    let at =
                        check(extent, "local", address, total).map_err(fault)? + (u64::from(lane) * extent) as usize;
                    for index in 0..count {
                        values[index as usize] = get(&self.local, at + (index * width) as usize, width);
                    }
                }
                Target::Parameter(address) => {
                    let bytes = around.arguments.len() as u64;
                    let at = check(bytes, "parameter", address, total).map_err(fault)?;
                    for index in 0..count {
                        values[index as usize] = get(around.arguments, at + (index * width) as usize, width);
                    }
                }
            }
            for (slot, value) in access.slots.iter().zip(values) {
                let value = if access.signed {
                    let shift = 64 - 8 * width;
                    (((value << shift) as i64) >> shift) as u64
                } else {
                    value
                };
                if access.wide {
                    self.set_wide(*slot, lane, value);
                } else {
                    self.set(*slot, lane, if access.half { value as u32 & 0xffff } else { value as u32 });
                }
            }
        }
        Ok(())
    }

    fn store(&mut self, around: &mut Surroundings<'_>, access: &Access, lanes_on: u32) -> Outcome {
        let (width, total) = (access.width, access.width * access.slots.len() as u64);
        if around.details {
            self.count_details(around, access.space, access.address, total, lanes_on);
        }
        let mut last = None;
        for lane in lanes(lanes_on) {
            let fault = |kind| (lane, kind);
            let address = self.address_of(access.address, lane);
            let value = |slot: &Slot| {
                if access.wide { self.value_wide(*slot, lane) } else { u64::from(self.value(*slot, lane)) }
            };
            let places = (0..).step_by(width as usize).zip(&access.slots);
            match target(access.space, address) {
                Target::Global(address) => {
                    let allocation = resolved(around, &mut last, address, total).map_err(fault)?;
                    for (offset, slot) in places {
                        allocation.store(address + offset, width, value(slot));
                    }
                    around.counters.global_bytes_stored += total;
                }
                Target::Shared(address) => {
                    let thread = self.thread(lane);
                    let at = around.shared.check(address, total, Use::Write, thread).map_err(fault)?;
                    for (offset, slot) in places {
                        put(&mut around.shared.bytes, at + offset as usize, width, value(slot));
                    }
                    around.counters.shared_bytes_stored += total;
                }
                Target::Local(address) => {
                    let extent = self.local.len() as u64 / 32;
                    let at =
                        check(extent, "local", address, total).map_err(fault)? + (u64::from(lane) * extent) as usize;
                    let mut values = [0; 8];
                    for (held, slot) in values.iter_mut().zip(&access.slots) {
                        *held = value(slot);
                    }
                    for (index, value) in values.into_iter().take(access.slots.len()).enumerate() {
                        put(&mut self.local, at + index * width as usize, width, value);
                    }
                }
                Target::Parameter(address) => {
                    return Err(fault(FaultKind::OutOfBounds { space: "parameter", address, bytes: total }));
                }
            }
        }
        Ok(())
    }

    fn atomic(&mut self, around: &mut Surroundings<'_>, atomic: &Atomic, lanes_on: u32) -> Outcome {
        let bytes = if atomic.wide { 8 } else { 4 };
        let mut last = None;
        for lane in lanes(lanes_on) {
            let fault = |kind| (lane, kind);
            let of = |slot| if atomic.wide { self.value_wide(slot, lane) } else { u64::from(self.value(slot, lane)) };
            let (value, replacement) = (of(atomic.value), of(atomic.replacement));
            let change = |old| changed(atomic.change, atomic.wide, old, value, replacement);
            let old = match target(atomic.space, self.address_of(atomic.address, lane)) {
                Target::Global(address) => {
                    let allocation = resolved(around, &mut last, address, bytes).map_err(fault)?;
                    around.counters.global_bytes_stored += bytes;
                    allocation.update(address, bytes, change)
                }
                Target::Shared(address) => {
                    let thread = self.thread(lane);
                    let at = around.shared.check(address, bytes, Use::Atomic, thread).map_err(fault)?;
                    let old = get(&around.shared.bytes, at, bytes);
                    put(&mut around.shared.bytes, at, bytes, change(old));
                    around.counters.shared_bytes_stored += bytes;
                    old
                }
                Target::Local(address) | Target::Parameter(address) => {
                    return Err(fault(FaultKind::OutOfBounds { space: "atomic", address, bytes }));
                }
            };
            if let Some(result) = atomic.result {
                if atomic.wide {
                    self.set_wide(result, lane, old);
                } else {
                    self.set(result, lane, old as u32);
                }
            }
        }
        Ok(())
    }

    fn copy_async(&mut self, around: &mut Surroundings<'_>, copy: &CopyAsync, lanes_on: u32) -> Outcome {
        let mut last = None;
        if around.details {
            self.count_details(around, Space::Global, copy.from, copy.bytes, lanes_on);
        }
        for lane in lanes(lanes_on) {
            let fault = |kind| (lane, kind);
            let (to, from) = (self.address_of(copy.to, lane), self.address_of(copy.from, lane));
            let read = match copy.read {
                Some(slot) => u64::from(self.value(slot, lane)).min(copy.bytes),
                None => copy.bytes,
            };
            let mut data = [0; 16];
            if read > 0 {
                if !from.is_multiple_of(copy.bytes) {
                    return Err(fault(FaultKind::Misaligned { space: "global", address: from, bytes: copy.bytes }));
                }
                let allocation = match last {
                    Some(allocation) if Allocation::holds(allocation, from, read) => allocation,
                    _ => match around.table.find(from) {
                        Some(allocation) if allocation.holds(from, read) => allocation,
                        _ => {
                            let kind = FaultKind::OutOfBounds { space: "global", address: from, bytes: read };
                            return Err(fault(kind));
                        }
                    },
                };
                last = Some(allocation);
                for index in 0..read {
                    data[index as usize] = allocation.load(from + index, 1) as u8;
                }
                around.counters.global_bytes_loaded += read;
            }
            let to = match target(if to >= SHARED_WINDOW { Space::Generic } else { Space::Shared }, to) {
                Target::Shared(to) => to,
                _ => return Err(fault(FaultKind::OutOfBounds { space: "shared", address: to, bytes: copy.bytes })),
            };
            let thread = self.thread(lane);
            let at = around.shared.check(to, copy.bytes, Use::Write, thread).map_err(fault)?;
            // Until it is waited for, nobody may count on what is there: neither on the old bytes nor on the new.
            around.shared.bytes[at..at + copy.bytes as usize].fill(0xdb);
            self.copies.push(Copy { lane, group: NONE, to, bytes: copy.bytes, data });
        }
        Ok(())
    }

    /// Ends copies: all of them, or all but those of the last groups.
    fn wait(&mut self, around: &mut Surroundings<'_>, lanes_on: u32, pending: Option<u32>) -> Outcome {
        let mut copies = std::mem::take(&mut self.copies);
        let mut outcome = Ok(());
        copies.retain(|copy| {
            let committed = self.groups[copy.lane as usize];
            let done = match pending {
                Some(pending) => copy.group != NONE && copy.group + pending < committed,
                None => true,
            };
            if !done || lanes_on & (1 << copy.lane) == 0 || outcome.is_err() {
                return true;
            }
            match around.shared.check(copy.to, copy.bytes, Use::Write, self.thread(copy.lane)) {
                Ok(at) => {
                    let bytes = copy.bytes as usize;
                    around.shared.bytes[at..at + bytes].copy_from_slice(&copy.data[..bytes]);
                    around.counters.shared_bytes_stored += copy.bytes;
                }
                Err(kind) => outcome = Err((copy.lane, kind)),
            }
            false
        });
        self.copies = copies;
        outcome
    }

    /// `ldmatrix`: lane 8 m + r gives the address of row r of matrix m, each row being 16 bytes; register m of a lane
    /// takes halves 2 (lane mod 4) and the next of row lane / 4, or of column lane / 4 when transposed.
    pub(crate) fn load_matrix(
        &mut self,
        around: &mut Surroundings<'_>,
        results: &[Slot],
        transposed: bool,
        address: Address,
        space: Space,
    ) -> Outcome {
        let mut matrices = [[[0_u32; 8]; 8]; 4];
        if around.details {
            for matrix in 0..results.len() as u32 {
                self.count_details(around, space, address, 16, 0xff << (8 * matrix));
            }
        }
        for lane in 0..8 * results.len() as u32 {
            let fault = |kind| (lane, kind);
            let Target::Shared(row) = target(space, self.address_of(address, lane)) else {
                let address = self.address_of(address, lane);
                return Err(fault(FaultKind::OutOfBounds { space: "shared", address, bytes: 16 }));
            };
            let at = around.shared.check(row, 16, Use::Read, self.thread(lane)).map_err(fault)?;
            for (index, half) in matrices[lane as usize / 8][lane as usize % 8].iter_mut().enumerate() {
                *half = get(&around.shared.bytes, at + 2 * index, 2) as u32;
            }
        }
        around.counters.shared_bytes_loaded += 128 * results.len() as u64;
        for (slot, matrix) in results.iter().zip(matrices) {
            for lane in 0..32 {
                let (row, pair) = (lane / 4, 2 * (lane % 4));
                let (low, high) = if transposed {
                    (matrix[pair][row], matrix[pair + 1][row])
                } else {
                    (matrix[row][pair], matrix[row][pair + 1])
                };
                self.set(*slot, lane as u32, low | high << 16);
            }
        }
        Ok(())
    }

    /// Counts the 32-byte sectors of device memory, or the conflicts among banks of a block's memory, of one access.
    fn count_details(&self, around: &mut Surroundings<'_>, space: Space, address: Address, bytes: u64, lanes_on: u32) {
        let targets = lanes(lanes_on).map(|lane| target(space, self.address_of(address, lane)));
        let (mut sectors, mut shared) = (Vec::new(), Vec::new());
        for target in targets {
            match target {
                Target::Global(address) => sectors.extend((address / 32)..=((address + bytes - 1) / 32)),
                Target::Shared(address) => shared.push(address),
                Target::Local(_) | Target::Parameter(_) => {}
            }
        }
        sectors.sort_unstable();
        sectors.dedup();
        around.counters.global_sectors += sectors.len() as u64;
        // Accesses of 8 bytes are served by half warps, those of 16 by quarters; each pass gives one word of each bank.
        let group = (32 * 4 / bytes.clamp(4, 16)) as usize;
        for lanes in shared.chunks(group) {
            let mut words: Vec<u64> =
                lanes.iter().flat_map(|address| (address / 4)..=((address + bytes - 1) / 4)).collect();
            words.sort_unstable();
            words.dedup();
            let mut banks = [0_u64; 32];
            words.iter().for_each(|word| banks[(word % 32) as usize] += 1);
            around.counters.bank_conflicts += banks.into_iter().max().unwrap_or(1).saturating_sub(1);
        }
    }
}
