//! Jobs.

mod job_cancel;
mod job_close;
mod job_open;
mod job_seed;
mod lease_release;
