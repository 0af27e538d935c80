//! What the audit lottery of a committed lease will say, from the same hashes that the chain draws from.

use crate::{
    address,
    chain::{Chain, ChainError},
};
use market_model::audit::is_picked;
use render_compute::{
    constants::LOTTERY_DELAY_SLOTS,
    lottery,
    slot_hashes::SlotHash,
    state::{Job, Lease},
};
use solana_address::Address;

/// Slots that SlotHashes remembers.
const ENTRIES: usize = 512;
const ENTRY: usize = 40;

/// Where the lottery of a committed lease stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lottery {
    /// The slot that decides has no hash yet.
    Early,
    /// It can be drawn.
    Ready {
        /// Whether the lease will be audited.
        is_picked: bool,
    },
    /// Which hash decides cannot be proved any more: it counts as picked, and the lease can only run out.
    Lost,
}

/// Content of the SlotHashes sysvar.
///
/// # Errors
/// The chain's.
pub async fn slot_hashes(chain: &(impl Chain + ?Sized)) -> Result<Vec<u8>, ChainError> {
    Ok(chain.account(&address::SLOT_HASHES).await?.map(|account| account.data).unwrap_or_default())
}

/// What a draw would say now, given the content of SlotHashes.
pub fn look(hashes: &[u8], address: &Address, lease: &Lease, job: &Job) -> Lottery {
    let after = lease.committed_slot.saturating_add(LOTTERY_DELAY_SLOTS);
    match first_after(hashes, after) {
        None => Lottery::Early,
        Some(found) if !found.is_first => Lottery::Lost,
        Some(found) => {
            let draw = lottery::draw(&found.hash, address, &lease.commitment);
            Lottery::Ready { is_picked: is_picked(draw, u64::from(job.audit_probability_bps), job.replicas) }
        }
    }
}

/// The first slot after `slot` in the content of the SlotHashes sysvar, as the chain looks it up: a count, then slots with their
/// hashes, the latest first.
pub fn first_after(hashes: &[u8], slot: u64) -> Option<SlotHash> {
    let count = usize::try_from(u64::from_le_bytes(hashes.get(..8)?.try_into().ok()?)).ok()?;
    let entries = || hashes[8..].chunks_exact(ENTRY).take(count);
    let slot_of = |entry: &[u8]| entry.first_chunk::<8>().map(|bytes| u64::from_le_bytes(*bytes));
    let later = entries().take_while(|entry| slot_of(entry).is_some_and(|at| at > slot)).count();
    let entry = entries().nth(later.checked_sub(1)?)?;
    let found = slot_of(entry)?;
    let is_first = later < count || count < ENTRIES || slot.checked_add(1) == Some(found);
    Some(SlotHash { slot: found, hash: *entry.last_chunk::<32>()?, is_first })
}

/// Every slot in the content of the SlotHashes sysvar with its hash, the latest first.
pub fn slots(hashes: &[u8]) -> impl Iterator<Item = (u64, [u8; 32])> {
    let (head, rest) = hashes.split_at_checked(8).unwrap_or_default();
    let count = head.first_chunk::<8>().map_or(0, |bytes| u64::from_le_bytes(*bytes));
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    rest.chunks_exact(ENTRY)
        .take(count)
        .filter_map(|entry| Some((u64::from_le_bytes(*entry.first_chunk::<8>()?), *entry.last_chunk::<32>()?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hashes(slots: &[u64]) -> Vec<u8> {
        let mut bytes = (slots.len() as u64).to_le_bytes().to_vec();
        for slot in slots {
            bytes.extend(slot.to_le_bytes());
            bytes.extend([*slot as u8; 32]);
        }
        bytes
    }

    fn hash_after(content: &[u8], slot: u64) -> Option<[u8; 32]> {
        first_after(content, slot).map(|found| found.hash)
    }

    #[test]
    fn the_hash_is_that_of_the_first_slot_after_the_moment() {
        let content = hashes(&[9, 8, 6, 5]); // slot 7 was skipped
        assert_eq!(hash_after(&content, 6), Some([8; 32]));
        assert_eq!(hash_after(&content, 7), Some([8; 32]));
        assert_eq!(hash_after(&content, 4), Some([5; 32]));
    }

    #[test]
    fn there_is_no_hash_before_a_later_slot_has_one() {
        assert_eq!(hash_after(&hashes(&[9, 8]), 9), None);
        assert_eq!(hash_after(&hashes(&[]), 0), None);
        assert_eq!(hash_after(&[1, 2, 3], 0), None);
    }

    #[test]
    fn a_hash_is_proved_to_be_the_first_only_while_the_slots_before_it_are_remembered() {
        let slots: Vec<u64> = (100..100 + ENTRIES as u64).rev().collect();
        let full = hashes(&slots);
        assert!(first_after(&full, 105).unwrap().is_first);
        assert!(first_after(&full, 99).unwrap().is_first, "no slot fits in between");
        assert!(!first_after(&full, 98).unwrap().is_first);
        assert!(first_after(&hashes(&[9, 8]), 2).unwrap().is_first, "nothing has been forgotten yet");
    }
}
