//! Virtual time: the clock and the hashes of past slots, always moved together.

use crate::{GENESIS, SLOT_MILLISECONDS};
use litesvm::LiteSVM;
use render_compute_client::chain::ChainClock;
use solana_clock::Clock;
use solana_hash::Hash;
use solana_slot_hashes::{MAX_ENTRIES, SlotHashes};

/// Slots of an epoch of the network (not of the market).
const SLOTS_PER_EPOCH: u64 = 432_000;

/// The chain's time.
pub struct Slots {
    seed: u64,
    slot: u64,
    /// Since [`GENESIS`].
    milliseconds: u64,
}

impl Slots {
    /// The beginning: the slot that the virtual machine starts in (its features are active by then), at [`GENESIS`].
    pub fn new(svm: &mut LiteSVM, seed: u64) -> Self {
        let slots = Self { seed, slot: svm.get_sysvar::<Clock>().slot, milliseconds: 0 };
        slots.write(svm);
        slots
    }

    pub fn clock(&self) -> ChainClock {
        let seconds = i64::try_from(self.milliseconds / 1_000).unwrap_or(i64::MAX - GENESIS);
        ChainClock { slot: self.slot, unix_timestamp: GENESIS + seconds }
    }

    pub fn pass(&mut self, svm: &mut LiteSVM, slots: u64, milliseconds: u64) {
        self.slot = self.slot.saturating_add(slots);
        self.milliseconds = self.milliseconds.saturating_add(milliseconds);
        self.write(svm);
        svm.expire_blockhash();
    }

    fn write(&self, svm: &mut LiteSVM) {
        let ChainClock { slot, unix_timestamp } = self.clock();
        let epoch = slot / SLOTS_PER_EPOCH;
        let into_epoch = i64::try_from(slot % SLOTS_PER_EPOCH * SLOT_MILLISECONDS / 1_000).unwrap_or_default();
        svm.set_sysvar(&Clock {
            slot,
            epoch_start_timestamp: unix_timestamp - into_epoch,
            epoch,
            leader_schedule_epoch: epoch + 1,
            unix_timestamp,
        });
        // As on the network, a slot's own hash is known only after it.
        let remembered = u64::try_from(MAX_ENTRIES).unwrap_or(u64::MAX);
        let hashes: Vec<_> =
            (slot.saturating_sub(remembered)..slot).rev().map(|slot| (slot, self.hash(slot))).collect();
        svm.set_sysvar(&SlotHashes::new(&hashes));
    }

    /// A slot's hash depends on nothing but the chain's seed and the slot, so that it is the same however time was moved.
    fn hash(&self, slot: u64) -> Hash {
        Hash::new_from_array(kernels::merkle::sha256(&[b"slot", &self.seed.to_le_bytes(), &slot.to_le_bytes()]))
    }
}
