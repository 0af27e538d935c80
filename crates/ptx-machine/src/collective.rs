//! What the threads of a warp, or those that are named, do together.

use crate::error::FaultKind;
use crate::matrix;
use crate::operation::{Slot, single};
use crate::program::{Change, Collective, NONE, ShuffleMode, VoteMode};
use crate::warp::{Surroundings, Warp, WarpFault, lanes};

impl Warp {
    /// Threads reach an instruction of several: it runs when all its members are there.
    pub(crate) fn meet(
        &mut self,
        around: &mut Surroundings<'_>,
        place: u32,
        arriving: u32,
        members: Slot,
        what: &Collective,
    ) -> Result<(), WarpFault> {
        let mut present = arriving;
        for lane in lanes(self.parked & self.live) {
            if self.places[lane as usize] == place {
                present |= 1 << lane;
            }
        }
        self.parked &= !present;
        let mut left = present;
        while left != 0 {
            let first = left.trailing_zeros();
            let named = self.value(members, first);
            if named & (1 << first) == 0 {
                let kind = FaultKind::Divergent("a thread is not among the members that it names".to_string());
                return Err(WarpFault { place, lane: first, kind });
            }
            let same: u32 = lanes(left).filter(|lane| self.value(members, *lane) == named).map(|lane| 1 << lane).sum();
            left &= !same;
            if same != named & self.live {
                self.parked |= same;
                continue;
            }
            if matches!(what, Collective::Matrix(_) | Collective::LoadMatrix { .. }) && same != u32::MAX {
                let kind = FaultKind::Divergent(format!("a whole warp is needed, only {same:#010x} are there"));
                return Err(WarpFault { place, lane: first, kind });
            }
            self.together(around, what, same).map_err(|(lane, kind)| WarpFault { place, lane, kind })?;
            self.move_to(same, place + 1);
        }
        Ok(())
    }

    fn together(
        &mut self,
        around: &mut Surroundings<'_>,
        what: &Collective,
        group: u32,
    ) -> Result<(), (u32, FaultKind)> {
        match what {
            Collective::Barrier => around.shared.warp_barrier(self.number),
            Collective::Shuffle { mode, result, valid, value, lane, clamp } => {
                let values = self.registers[*value as usize];
                let mut inside = 0;
                for own in lanes(group) {
                    let (from, clamp) = (self.value(*lane, own) & 31, self.value(*clamp, own));
                    let (source, is_valid) = shuffled(*mode, own, from, clamp & 31, clamp >> 8 & 31);
                    inside |= u32::from(is_valid) << own;
                    let source = if is_valid { source } else { own };
                    if group & (1 << source) == 0 {
                        let kind =
                            FaultKind::Divergent(format!("takes a value from lane {source}, which is not there"));
                        return Err((own, kind));
                    }
                    self.set(*result, own, values[source as usize]);
                }
                if *valid != NONE {
                    self.set_predicate(*valid, group, inside);
                }
            }
            Collective::Vote { mode, result, predicate, negated } => {
                let votes = self.predicates[*predicate as usize];
                let votes = if *negated { !votes } else { votes } & group;
                let answer = match mode {
                    VoteMode::All => votes == group,
                    VoteMode::Any => votes != 0,
                    VoteMode::Uniform => votes == 0 || votes == group,
                    VoteMode::Ballot => {
                        for lane in lanes(group) {
                            self.set(*result, lane, votes);
                        }
                        return Ok(());
                    }
                };
                self.set_predicate(*result, group, if answer { u32::MAX } else { 0 });
            }
            Collective::Reduce { change, result, value } => {
                let mut values = lanes(group).map(|lane| u64::from(self.value(*value, lane)));
                let first = values.next().unwrap_or(0);
                let total = values.fold(first, |total, value| changed(*change, false, total, value, 0));
                for lane in lanes(group) {
                    self.set(*result, lane, total as u32);
                }
            }
            Collective::Match { all, result, valid, value, wide } => {
                let of = |lane| if *wide { self.value_wide(*value, lane) } else { u64::from(self.value(*value, lane)) };
                let values: [u64; 32] = std::array::from_fn(|lane| of(lane as u32));
                let equal = |lane: u32| -> u32 {
                    lanes(group).filter(|other| values[*other as usize] == values[lane as usize]).map(|l| 1 << l).sum()
                };
                let masks: [u32; 32] = std::array::from_fn(|lane| equal(lane as u32));
                let uniform = masks[group.trailing_zeros() as usize] == group;
                for lane in lanes(group) {
                    let mask = if !*all {
                        masks[lane as usize]
                    } else if uniform {
                        group
                    } else {
                        0
                    };
                    self.set(*result, lane, mask);
                }
                if *valid != NONE {
                    self.set_predicate(*valid, group, if uniform { u32::MAX } else { 0 });
                }
            }
            Collective::Matrix(product) => matrix::multiply(&mut self.registers, product),
            Collective::LoadMatrix { results, transposed, address, space } => {
                self.load_matrix(around, results, *transposed, *address, *space)?;
            }
        }
        Ok(())
    }
}

/// The lane a value is taken from, and whether it lies in the segment; PTX ISA, shfl.sync.
fn shuffled(mode: ShuffleMode, own: u32, from: u32, clamp: u32, segment: u32) -> (u32, bool) {
    let greatest = (own & segment) | (clamp & !segment);
    let least = own & segment;
    match mode {
        ShuffleMode::Up => {
            let source = own as i32 - from as i32;
            (source as u32, source >= greatest as i32)
        }
        ShuffleMode::Down => (own + from, own + from <= greatest),
        ShuffleMode::Butterfly => (own ^ from, own ^ from <= greatest),
        ShuffleMode::Index => {
            let source = least | (from & !segment);
            (source, source <= greatest)
        }
    }
}

/// What an atomic change makes of a value.
pub(crate) fn changed(change: Change, wide: bool, old: u64, value: u64, replacement: u64) -> u64 {
    let signed = |value: u64| if wide { value as i64 } else { i64::from(value as u32 as i32) };
    let new = match change {
        Change::Add => old.wrapping_add(value),
        Change::AddFloat => u64::from(single(f32::from_bits(old as u32) + f32::from_bits(value as u32))),
        Change::AddDouble => (f64::from_bits(old) + f64::from_bits(value)).to_bits(),
        Change::MinimumSigned => signed(old).min(signed(value)) as u64,
        Change::MaximumSigned => signed(old).max(signed(value)) as u64,
        Change::MinimumUnsigned => old.min(value),
        Change::MaximumUnsigned => old.max(value),
        Change::And => old & value,
        Change::Or => old | value,
        Change::Xor => old ^ value,
        Change::Exchange => value,
        Change::CompareExchange => {
            if old == value {
                replacement
            } else {
                old
            }
        }
        Change::Increment => {
            if old >= value {
                0
            } else {
                old + 1
            }
        }
        Change::Decrement => {
            if old == 0 || old > value {
                value
            } else {
                old - 1
            }
        }
    };
    if wide { new } else { new & 0xffff_ffff }
}
