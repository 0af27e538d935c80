//! Epochs: the mint side.

pub mod epoch_claim;
pub mod epoch_claim_operations;
pub mod epoch_finalize;
pub mod epoch_open;
pub mod epoch_shard_close;
pub mod epoch_shard_open;
pub mod epoch_sum;
pub mod job_epoch_close;
pub mod job_epoch_open;
pub mod node_epoch_close;
pub mod node_epoch_open;
pub mod rebate_claim;
