//! `job_seed`: fixes the randomness of a job's race. Sent in front of the first `lease_claim`, by anyone.

use crate::{constants::CLASS_PROBE, errors::RenderError, events::JobSeeded, probe, slot_hashes, state::*};
use anchor_lang::prelude::*;

/// Accounts of `job_seed`. Anyone may send it.
#[derive(Accounts)]
pub struct JobSeed {
    /// Changed.
    #[account(mut)]
    pub job: Account<Job>,
}

/// Before: the job is open, has no seed, and a slot after its opening has a hash. After: the seed is that hash; in a probe's statement too.
/// The requester could not know it when opening, and a sender cannot choose it within the 512 slots the sysvar remembers.
pub fn job_seed(ctx: &mut Context<JobSeed>) -> Result<()> {
    let job = &mut ctx.accounts.job;
    require!(job.seeded == 0, RenderError::AlreadySeeded);
    require!(job.status == JOB_OPEN, RenderError::JobNotOpen);
    let found = slot_hashes::first_after(job.opened_slot)?.ok_or(RenderError::TooEarlyToSeed)?;
    job.seed = found.hash;
    job.seeded = 1;
    if job.class == CLASS_PROBE {
        probe::set_seed(&mut job.statement, &found.hash);
    }
    emit!(JobSeeded { job: *job.address(), seed: found.hash, slot: found.slot });
    Ok(())
}
