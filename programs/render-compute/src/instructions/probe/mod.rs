//! Probes.

pub mod measure_commit;
pub mod measure_reveal;
pub mod probe_enroll;
pub mod probe_expire;
pub mod probe_finish;
pub mod probe_leave;
pub mod probe_open;
