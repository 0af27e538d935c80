//! The publisher-set oracle.

pub mod oracle_publish;
pub mod oracle_set_publishers;
