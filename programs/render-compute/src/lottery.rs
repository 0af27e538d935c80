//! The audit lottery: which committed leases are computed a second time, decided by the hash of a slot that came after the
//! commitment. Workers call the same functions to see beforehand what a draw will say.

use crate::{constants::LOTTERY_DELAY_SLOTS, slot_hashes, slot_hashes::SlotHash, state::Lease};
use anchor_lang::prelude::*;
use market_model::race::uniform;

/// Where a committed lease's lottery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lottery {
    /// The slot that decides has not come yet.
    Early,
    /// It can be drawn from this hash, which is proved to be the first.
    Ready(SlotHash),
    /// The sysvar has forgotten which hash was the first. Drawing from another would let whoever waits choose the moment, and with it
    /// the auditors; so it is not drawn any more and counts as picked.
    Lost,
}

/// The lottery of a lease that was committed in `committed_slot`.
pub fn look(committed_slot: u64) -> Result<Lottery> {
    let after = committed_slot.checked_add(LOTTERY_DELAY_SLOTS).ok_or(Error::ArithmeticOverflow)?;
    Ok(match slot_hashes::first_after(after)? {
        None => Lottery::Early,
        Some(found) if found.is_first => Lottery::Ready(found),
        Some(_) => Lottery::Lost,
    })
}

/// Whether a lease's commitment stands without a draw that can still be made.
pub fn is_lost(lease: &Lease) -> Result<bool> {
    Ok(lease.drawn == 0 && lease.committed_slot > 0 && look(lease.committed_slot)? == Lottery::Lost)
}

/// The uniform number that decides, see `market_model::audit::is_picked`.
pub fn draw(hash: &[u8; 32], lease: &Address, commitment: &[u8; 32]) -> u64 {
    uniform(&kernels::merkle::sha256(&[b"render-compute:audit", hash, lease.as_ref(), commitment]))
}

/// Seeds the race for a picked lease's audits.
pub fn audit_seed(hash: &[u8; 32], lease: &Address) -> [u8; 32] {
    kernels::merkle::sha256(&[b"render-compute:auditors", hash, lease.as_ref()])
}
