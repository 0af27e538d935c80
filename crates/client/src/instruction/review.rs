//! Instructions of tiers.

use crate::address;
use render_compute::{accounts, instruction as data};
use solana_address::Address;
use solana_instruction::Instruction;

/// Reviews a node's tier by its record of a finalized epoch; `node` is the node account.
pub fn node_review(node: &Address, epoch: u64) -> Instruction {
    data::NodeReview {}.to_instruction(accounts::NodeReview {
        network: address::network(),
        epoch: address::epoch(epoch),
        node: *node,
        node_epoch: address::node_epoch(node, epoch),
    })
}
