//! Randomness: hashes of slots that were still to come when a decision was made.

use crate::errors::RenderError;
use anchor_lang::{pinocchio::sysvars::get_sysvar, prelude::*};

/// Address of the SlotHashes sysvar.
pub const SLOT_HASHES: Address = anchor_lang::address!("SysvarS1otHashes111111111111111111111111111");
const HEADER: usize = 8;
const ENTRY: usize = 40;

/// Slot and hash of the first slot after `slot` that the sysvar still knows.
///
/// Entries are sorted by descending slot and skipped slots are missing. As long as fewer than 512 slots have passed,
/// the answer is the same whoever asks and whenever: nobody can choose it by choosing the moment.
pub fn first_after(slot: u64) -> Result<(u64, [u8; 32])> {
    let mut count = [0u8; HEADER];
    get_sysvar(&mut count, &SLOT_HASHES, 0)?;
    // Position of the last entry whose slot is greater than `slot`, by bisection.
    let (mut low, mut high) = (0u64, u64::from_le_bytes(count));
    while low < high {
        let middle = low.midpoint(high);
        if entry_slot(middle)? > slot {
            low = middle.saturating_add(1);
        } else {
            high = middle;
        }
    }
    let position = low.checked_sub(1).ok_or(RenderError::TooEarlyToSeed)?;
    let mut hash = [0u8; 32];
    get_sysvar(&mut hash, &SLOT_HASHES, offset(position)?.saturating_add(8))?;
    Ok((entry_slot(position)?, hash))
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
