//! Epochs: the mint side.

mod epoch_claim;
mod epoch_claim_operations;
mod epoch_finalize;
mod epoch_open;
mod epoch_records;
mod epoch_sum;
mod mint_limiter;
mod rebate_claim;
