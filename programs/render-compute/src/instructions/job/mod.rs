//! Jobs.

pub mod job_cancel;
pub mod job_close;
pub mod job_open;
pub mod job_seed;
pub mod lease_release;
