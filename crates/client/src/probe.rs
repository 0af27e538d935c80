//! When a node's probe is due, from the same hashes that the chain looks at.

use crate::lottery;
use market_model::probe::{check_slot, is_due};
use render_compute::{
    probe,
    state::{Network, Node},
};
use solana_address::Address;

/// The latest slot for which a probe of the node can be opened at `now_slot`, given the content of SlotHashes. Whether the node is enrolled, probed
/// already or in maintenance is the caller's to look at.
pub fn due_slot(hashes: &[u8], network: &Network, address: &Address, node: &Node, now_slot: u64) -> Option<u64> {
    let rules = network.parameters().probe_rules();
    lottery::slots(hashes)
        .filter(|(slot, _)| check_slot(*slot, node.probed_slot, now_slot, &rules).is_ok())
        .filter(|(_, hash)| is_due(probe::draw(hash, address), rules.interval_slots))
        .map(|(slot, _)| slot)
        .max()
}
