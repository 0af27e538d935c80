//! Audits.

pub mod audit_accept;
pub mod audit_claim;
pub mod audit_close;
pub mod audit_commit;
pub mod audit_draw;
pub mod audit_expire;
pub mod audit_forfeit;
pub mod audit_lapse;
pub mod audit_reveal;
