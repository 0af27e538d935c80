//! Probes.

mod measure;
mod probe_audit;
mod probe_class;
mod probe_enroll;
mod probe_expire;
mod probe_finish;
mod probe_leave;
mod probe_open;
