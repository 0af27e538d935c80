//! Builders for what jobs spend in epochs and the rebates for it.

use crate::address::{self, SYSTEM_PROGRAM, TOKEN_PROGRAM};
use render_compute::{
    accounts, instruction as data,
    state::{JobEpoch, Network},
};
use solana_address::Address;
use solana_instruction::Instruction;

/// Removes a job's record of an epoch whose rebate was claimed.
pub fn job_epoch_close(record: &JobEpoch) -> Instruction {
    data::JobEpochClose {}.to_instruction(accounts::JobEpochClose {
        job_epoch: address::job_epoch(&record.job, record.epoch),
        payer: record.payer,
    })
}

/// Creates a job's record in a running epoch.
pub fn job_epoch_open(payer: &Address, job: &Address, number: u64) -> Instruction {
    data::JobEpochOpen {}.to_instruction(accounts::JobEpochOpen {
        payer: *payer,
        epoch: address::epoch(number),
        job: *job,
        job_epoch: address::job_epoch(job, number),
        system_program: SYSTEM_PROGRAM,
    })
}

/// Mints the rebate of a job's record to its requester's associated token account, which must exist. `payout`: the payout account
/// of the compute client, where the record names one.
pub fn rebate_claim(network: &Network, record: &JobEpoch, payout: Option<Address>) -> Instruction {
    data::RebateClaim {}.to_instruction(accounts::RebateClaim {
        network: address::network(),
        limiter: address::limiter(),
        epoch: address::epoch(record.epoch),
        job_epoch: address::job_epoch(&record.job, record.epoch),
        mint: network.mint,
        rebate: address::associated_token(&record.requester, &network.mint),
        client: (record.client != Address::default()).then_some(record.client),
        payout,
        token_program: TOKEN_PROGRAM,
    })
}
