//! Randomness: hashes of slots that were still to come when a decision was made.

use anchor_lang::{pinocchio::sysvars::get_sysvar, prelude::*};

/// Address of the SlotHashes sysvar.
pub const SLOT_HASHES: Address = anchor_lang::address!("SysvarS1otHashes111111111111111111111111111");
const HEADER: usize = 8;
const ENTRY: usize = 40;

/// Entries that the sysvar holds at most: of the latest slots, descending; skipped slots are missing.
const ENTRIES: u64 = 512;

/// A slot's hash, and what is known of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlotHash {
    /// The slot.
    pub slot: u64,
    /// Its hash.
    pub hash: [u8; 32],
    /// Whether it is proved that no earlier slot qualified. Then the answer is the same whoever asks and whenever: nobody can choose
    /// it by choosing the moment.
    pub is_first: bool,
}

/// The first slot after `slot` that the sysvar still knows; none when there was none yet.
pub fn first_after(slot: u64) -> Result<Option<SlotHash>> {
    let mut count = [0u8; HEADER];
    get_sysvar(&mut count, &SLOT_HASHES, 0)?;
    let count = u64::from_le_bytes(count);
    // Position of the last entry whose slot is greater than `slot`, by bisection.
    let (mut low, mut high) = (0u64, count);
    while low < high {
        let middle = low.midpoint(high);
        if entry_slot(middle)? > slot {
            low = middle.saturating_add(1);
        } else {
            high = middle;
        }
    }
    let Some(position) = low.checked_sub(1) else { return Ok(None) };
    let mut hash = [0u8; 32];
    get_sysvar(&mut hash, &SLOT_HASHES, offset(position)?.saturating_add(8))?;
    let found = entry_slot(position)?;
    // An older entry was too old, or nothing has been forgotten yet, or no slot fits in between.
    let is_first = low < count || count < ENTRIES || slot.checked_add(1) == Some(found);
    Ok(Some(SlotHash { slot: found, hash, is_first }))
}

/// The hash of exactly this slot; none when it was skipped, is forgotten, or has not ended.
pub fn of(slot: u64) -> Result<Option<[u8; 32]>> {
    let Some(before) = slot.checked_sub(1) else { return Ok(None) };
    Ok(first_after(before)?.filter(|found| found.slot == slot).map(|found| found.hash))
}

fn entry_slot(position: u64) -> Result<u64> {
    let mut bytes = [0u8; 8];
    get_sysvar(&mut bytes, &SLOT_HASHES, offset(position)?)?;
    Ok(u64::from_le_bytes(bytes))
}

fn offset(position: u64) -> Result<usize> {
    let position = usize::try_from(position).map_err(|_| Error::ArithmeticOverflow)?;
    position.checked_mul(ENTRY).and_then(|bytes| bytes.checked_add(HEADER)).ok_or(Error::ArithmeticOverflow)
}
